"""Voting: a ballot opens, members vote once or a show of hands is recorded, it is counted, and the count decides."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import rules, sealing
from secretariat.errors import RuleBroken
from secretariat.models import Ballot, BallotMark, Meeting, Presence, Resolution, SealedTally, Seat, Vote
from secretariat.models.bodies import columns_of
from secretariat.rules import BallotStatus, Choice, MeetingStatus, ResolutionStatus, voting
from secretariat.rules.voting import Standing, Verdict
from secretariat.selectors.ballots import ballot_of, rule_for, standing_of
from secretariat.selectors.meetings import presence_at, voting_seats
from secretariat.services import recusals, resolutions
from secretariat.workflow import advance

SEAL_BROKEN = gettext_lazy("The sealed sum does not agree with those who voted: the ballot counts for nothing and is held again.")


@transaction.atomic
def open_ballot(resolution_id, *, by, secret=None, at=None):
    """Open voting on a draft, by the council's rule for it as it is now; the tied are recused first.

    `secret` says otherwise than the rule does. Raises RuleBroken without a session, without a quorum, or when a secret
    ballot would tell too much.
    """
    resolution = locked_resolution(resolution_id)
    if not rules.serves_council(by, resolution.council_id):
        raise RuleBroken(_("You may not do this."))
    if resolution.status != ResolutionStatus.DRAFT:
        raise RuleBroken(_("This resolution is decided; its votes are frozen."))
    if resolution.meeting.status != MeetingStatus.IN_SESSION:
        raise RuleBroken(_("The meeting is not in session."))
    if ballot_of(resolution) is not None:
        raise RuleBroken(_("A ballot on this resolution is open already."))
    recusals.find_ties(resolution)
    rule = rule_for(resolution)
    standing = standing_of(resolution)
    if not voting.has_quorum(rule, standing):
        raise RuleBroken(voting.refusal(Verdict.NO_QUORUM, standing))
    columns = columns_of(rule)
    if rule.secret and secret is False and standing.voters >= rules.LEAST_SECRET:
        # The rules of a council are not in the hands of its own secretary.
        raise RuleBroken(_("By its rule the council votes on this in secret."), field="secrecy")
    if secret is not None:
        columns["is_secret"] = secret
    if columns["is_secret"] and standing.voters < rules.LEAST_SECRET:
        raise RuleBroken(
            _("Fewer than three people may vote on this: the count of a secret ballot would tell who voted how. Let it be open.")
        )
    ballot = Ballot.objects.create(
        resolution=resolution, number=resolution.ballots.count() + 1, opened_by=by, opened_at=at or timezone.now(), **columns
    )
    if ballot.is_secret:
        SealedTally.objects.create(ballot=ballot, sealed=sealing.seal((0, 0, 0), ballot=ballot.pk, marks=0))
    return ballot


@transaction.atomic
def cast(ballot_id, choice, *, by):
    """Vote for the seat that `by` fills at this moment; once and for good. Gives the seat.

    Raises RuleBroken for whoever is not there, has no vote, is recused or tied, or has voted already.
    """
    ballot = _locked(ballot_id)
    if ballot.status != BallotStatus.OPEN:
        raise RuleBroken(_("Voting on this is over."))
    if choice not in Choice.values:
        raise RuleBroken(_("Choose how you vote."), field="choice")
    seat = seat_filled_by(ballot.resolution.meeting, by)
    if seat is None:
        raise RuleBroken(_("Only those present vote: ask the secretary to record your arrival."))
    if not seat.votes:
        raise RuleBroken(_("An observer has no vote."))
    if recusals.reason_of(ballot.resolution, seat) is not None:
        raise RuleBroken(_("You are recused from this and do not vote."))
    if _has_voted(ballot, seat) or _has_cast(ballot, by):
        raise RuleBroken(_("You have voted already; a vote that was cast is final."))
    if ballot.is_secret:
        _cast_sealed(ballot, seat, choice, by)
    else:
        Vote.objects.create(ballot=ballot, seat=seat, choice=choice, cast_by=by)
    return seat


def _cast_sealed(ballot, seat, choice, by):
    """Add one to the sealed sum and note that the seat has voted; nothing says which of the three was raised."""
    tally = SealedTally.objects.select_for_update().filter(ballot=ballot).first()
    marks = ballot.marks.count()
    try:
        counts = sealing.opened(tally.sealed if tally else b"", ballot=ballot.pk, marks=marks)
    except sealing.SealBroken:
        raise RuleBroken(str(SEAL_BROKEN)) from None
    raised = tuple(n + (name == choice) for name, n in zip(Choice.values, counts, strict=True))
    BallotMark.objects.create(ballot=ballot, seat=seat, cast_by=by)
    SealedTally.objects.filter(ballot=ballot).update(sealed=sealing.seal(raised, ballot=ballot.pk, marks=marks + 1))


@transaction.atomic
def record_hands(ballot_id, choices, *, by):
    """Record a show of hands, or correct it until the count: {seat pk: choice, "" for none}. All or nothing.

    What members have cast themselves stays; recording it differently is refused.
    """
    ballot = _kept(ballot_id, by)
    if ballot.status != BallotStatus.OPEN:
        raise RuleBroken(_("Voting on this is over."))
    if ballot.is_secret:
        raise RuleBroken(_("In a secret ballot members vote themselves."))
    entitled = set(voting_seats(ballot.resolution.meeting).values_list("pk", flat=True))
    recused = set(ballot.resolution.recusals.values_list("seat", flat=True))
    there = presence_at(ballot.resolution.meeting)
    stored = {vote.seat_id: vote for vote in ballot.votes.all()}
    for seat_id, choice in sorted(choices.items()):
        field, vote = f"seat-{seat_id}", stored.get(seat_id)
        if vote and not vote.by_hand:
            if choice and choice != vote.choice:
                raise RuleBroken(_("This member has voted; a vote that was cast is final."), field=field)
            continue
        if vote and choice == vote.choice:
            continue  # it stands, even of somebody who has left since
        if not choice:
            if vote:
                vote.delete()
            continue
        if choice not in Choice.values:
            raise RuleBroken(_("Choose how you vote."), field=field)
        if seat_id not in entitled:
            raise RuleBroken(_("This seat had no vote on the day of the meeting."), field=field)
        if seat_id in recused:
            raise RuleBroken(_("This seat is recused and does not vote."), field=field)
        if seat_id not in there:
            raise RuleBroken(_("Only those present vote: record the attendance first."), field=field)
        if vote is None:
            Vote.objects.create(ballot=ballot, seat_id=seat_id, choice=choice, by_hand=True, cast_by=by)
        else:
            vote.choice, vote.cast_by, vote.at = choice, by, timezone.now()
            vote.save(update_fields=["choice", "cast_by", "at"])
    return ballot


@transaction.atomic
def close_ballot(ballot_id, *, by):
    """Count a ballot and do what it says: adopt, reject, or wait for the chair at equal votes. Gives the ballot.

    Raises RuleBroken without a quorum. A secret ballot whose sum does not agree with its marks comes back broken off.
    """
    ballot = _kept(ballot_id, by)
    if ballot.status != BallotStatus.OPEN:
        raise RuleBroken(_("Voting on this is over."))
    standing = standing_of(ballot.resolution)
    if ballot.is_secret:
        marks = ballot.marks.count()
        tally = SealedTally.objects.select_for_update().filter(ballot=ballot).first()
        try:
            counts = sealing.opened(tally.sealed if tally else b"", ballot=ballot.pk, marks=marks)
            if sum(counts) != marks:
                raise sealing.SealBroken
        except sealing.SealBroken:
            return _break_off(ballot, str(SEAL_BROKEN), by=None)
        if marks < rules.LEAST_SECRET:
            raise RuleBroken(_("Fewer than three have voted: the count would tell who voted how. Wait, or break the ballot off."))
        standing = _with_votes(standing, counts)
    verdict = voting.outcome(ballot.rule, standing)
    if verdict == Verdict.NO_QUORUM:
        raise RuleBroken(
            _("%(standing)s Wait until enough people are there, or break the ballot off.")
            % {"standing": voting.refusal(verdict, standing)}
        )
    counted = {
        "closed_at": timezone.now(),
        **{name: getattr(standing, name) for name in Standing.__dataclass_fields__},
    }
    if verdict == Verdict.TIE and _chair_there(ballot) is not None:
        ballot = advance(Ballot.objects.all(), ballot.pk, "tie", by=by, **counted)
    else:
        # Equal votes and no chair who could decide: it is not carried.
        verdict = Verdict.CARRIED if verdict == Verdict.CARRIED else Verdict.LOST
        ballot = advance(Ballot.objects.all(), ballot.pk, "close", by=by, verdict=verdict.value, **counted)
        _decide(ballot, by)
    SealedTally.objects.filter(ballot=ballot).delete()
    return ballot


def _with_votes(standing, counts):
    votes_for, votes_against, votes_abstain = counts
    named = {name: getattr(standing, name) for name in Standing.__dataclass_fields__}
    return Standing(**{**named, "votes_for": votes_for, "votes_against": votes_against, "votes_abstain": votes_abstain})


@transaction.atomic
def give_casting_vote(ballot_id, choice, *, by):
    """At equal votes the chair decides, openly: "for" or "against". Gives the ballot."""
    ballot = _locked_for_decision(ballot_id)
    if ballot.status != BallotStatus.TIED:
        raise RuleBroken(_("No casting vote is asked for."))
    chair = _chair_there(ballot)
    if chair is None or chair.user_id != by.pk:
        raise RuleBroken(_("The casting vote is the chair's, who must be present and not recused."))
    if choice not in (Choice.FOR, Choice.AGAINST):
        raise RuleBroken(_("A casting vote is for or against."), field="choice")
    verdict = voting.after_casting(choice)
    ballot = advance(
        Ballot.objects.all(),
        ballot_id,
        "settle",
        by=by,
        verdict=verdict.value,
        casting_choice=choice,
        casting_by=by,
        casting_at=timezone.now(),
    )
    _decide(ballot, by)
    return ballot


@transaction.atomic
def settle_without_casting(ballot_id, why, *, by):
    """The chair gives no casting vote: the motion is not carried. With the reason, by whoever keeps the papers."""
    ballot = _kept(ballot_id, by)
    if ballot.status != BallotStatus.TIED:
        raise RuleBroken(_("No casting vote is asked for."))
    if not why.strip():
        raise RuleBroken(_("Write the reason."), field="why")
    ballot = advance(Ballot.objects.all(), ballot_id, "settle", by=by, why=why, verdict=Verdict.LOST.value)
    _decide(ballot, by)
    return ballot


@transaction.atomic
def break_off(ballot_id, why, *, by):
    """Let a ballot count for nothing, with a reason; the motion can be voted on anew."""
    ballot = _kept(ballot_id, by)
    return _break_off(ballot, why, by=by)


def _break_off(ballot, why, *, by):
    ballot = advance(Ballot.objects.all(), ballot.pk, "void", by=by, why=why)
    SealedTally.objects.filter(ballot=ballot).delete()
    return ballot


def _decide(ballot, by):
    if ballot.verdict == Verdict.CARRIED:
        resolutions.adopt(ballot, by=by)
    else:
        resolutions.record_lost(ballot, by=by)


# --- papers entered afterwards -------------------------------------------------------------------


@transaction.atomic
def record(resolution_id, presence, votes, *, by):
    """Record attendance {seat: whether} and votes {seat: choice, "recused", or "" for none} of one resolution together.

    All or nothing; until the count it can be recorded again. A meeting not begun begins at the time it was planned for.
    """
    from secretariat.services import meetings

    resolution = Resolution.objects.get(pk=resolution_id)
    meeting = meetings.locked(resolution.meeting_id, by=by)
    resolution = locked_resolution(resolution_id)
    if resolution.status != ResolutionStatus.DRAFT:
        raise RuleBroken(_("This resolution is decided; its votes are frozen."))
    if meeting.status in (MeetingStatus.PLANNED, MeetingStatus.CALLED):
        meetings.start(meeting.pk, by=by, at=min(meeting.starts_at, timezone.now()))
    ballot = ballot_of(resolution)
    choices = {seat: choice for seat, choice in votes.items() if choice != "recused"}
    recused = {seat for seat, choice in votes.items() if choice == "recused"}
    taken_back = {row.seat_id for row in resolution.recusals.exclude(source="computed")} & choices.keys()
    if ballot is not None and (taken_back or recused - _recorded(resolution)):
        # Whoever is recused is so before the vote: the hands are counted anew.
        _break_off(ballot, _("Recorded again: the recusals were corrected."), by=by)
        ballot = None
    if ballot is None:
        recusals.find_ties(resolution)
    else:
        record_hands(
            ballot.pk, {seat: "" for seat, choice in choices.items() if not choice or not presence.get(seat, True)}, by=by
        )
    meetings.attend(meeting.pk, presence, by=by)
    for seat in sorted(taken_back & _recorded(resolution)):
        recusals.take_back(resolution.pk, seat, by=by)
    for seat in sorted(recused - _recorded(resolution)):
        recusals.recuse(resolution.pk, seat, "", by=by)
    if any(choices.values()):
        ballot = ballot or open_ballot(resolution_id, by=by)
        record_hands(ballot.pk, choices, by=by)
    return ballot


def _recorded(resolution):
    return set(resolution.recusals.values_list("seat", flat=True))


# --- what is locked and who is who ---------------------------------------------------------------


def locked_resolution(resolution_id):
    """A resolution with its meeting, both locked, the meeting first."""
    meeting_id = Resolution.objects.values_list("meeting", flat=True).get(pk=resolution_id)
    meeting = Meeting.objects.select_for_update(no_key=True).get(pk=meeting_id)
    resolution = Resolution.objects.select_for_update(of=("self",), no_key=True).select_related("council").get(pk=resolution_id)
    resolution.meeting = meeting
    return resolution


def _locked(ballot_id):
    rows = Ballot.objects.select_related("resolution__meeting", "resolution__council")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=ballot_id)


def _locked_for_decision(ballot_id):
    """A ballot with its meeting and its resolution, locked in the order in which everybody locks them."""
    resolution = locked_resolution(Ballot.objects.values_list("resolution", flat=True).get(pk=ballot_id))
    ballot = _locked(ballot_id)
    ballot.resolution = resolution
    return ballot


def _kept(ballot_id, by):
    ballot = _locked_for_decision(ballot_id)
    if not rules.serves_council(by, ballot.resolution.council_id):
        raise RuleBroken(_("You may not do this."))
    return ballot


def _has_voted(ballot, seat):
    return ballot.votes.filter(seat=seat).exists() or ballot.marks.filter(seat=seat).exists()


def _has_cast(ballot, user):
    """Whether this person has voted, for whichever seat: who changes chairs has one vote all the same."""
    return ballot.votes.filter(cast_by=user, by_hand=False).exists() or ballot.marks.filter(cast_by=user).exists()


def seat_filled_by(meeting, user):
    """The seat that `user` fills at a meeting at this moment, or None."""
    row = Presence.objects.filter(attendance__meeting=meeting, user=user, left_at=None).select_related("attendance__seat").first()
    return row.attendance.seat if row else None


def _chair_there(ballot):
    """The chair's seat where its holder sits there, not recused; else None. A deputy has no casting vote."""
    meeting = ballot.resolution.meeting
    seat = voting_seats(meeting).filter(role=Seat.Role.CHAIR).first()
    if seat is None or presence_at(meeting).get(seat.pk) != seat.user_id:
        return None
    return None if ballot.resolution.recusals.filter(seat=seat).exists() else seat
