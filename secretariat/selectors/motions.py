"""Motions as the meeting room shows them: how each stands, who is to vote, and what this reader may do about it."""

from dataclasses import dataclass, field
from typing import Any

from secretariat import matters, rules
from secretariat.models import DecisionRule, Recusal, Resolution, Seat
from secretariat.rules import BallotStatus, Decision, ResolutionStatus, voting
from secretariat.rules.voting import VotingRule
from secretariat.selectors.meetings import presence_at, seat_of, voting_seats


@dataclass
class Motion:
    """A resolution at a meeting with its present ballot, as one reader sees it."""

    resolution: Resolution
    ballot: Any  # the one that counts; None while nobody votes on it
    voters: list  # seats that may vote in it now, or have voted
    voted: set  # primary keys of those that have
    seat: Any  # the one that the reader fills at this moment
    keeps: bool
    recused: dict = field(default_factory=dict)  # {seat pk: Recusal} on record

    @property
    def page(self):
        return matters.page_of(self.resolution)

    @property
    def is_draft(self):
        return self.resolution.status == ResolutionStatus.DRAFT

    @property
    def is_open(self):
        return self.ballot is not None and self.ballot.status == BallotStatus.OPEN

    @property
    def is_tied(self):
        return self.ballot is not None and self.ballot.status == BallotStatus.TIED

    @property
    def has_voted(self):
        return self.seat is not None and self.seat.pk in self.voted

    @property
    def is_recused(self):
        return self.seat is not None and self.seat.pk in self.recused

    @property
    def may_vote(self):
        return self.is_open and self.seat is not None and not self.has_voted and not self.is_recused

    @property
    def may_open(self):
        return (
            self.keeps
            and self.is_draft
            and self.ballot is None
            and self.resolution.meeting.status == rules.MeetingStatus.IN_SESSION
        )

    @property
    def may_edit(self):
        return self.keeps and self.is_draft and self.ballot is None and self.resolution.meeting.status in rules.LIVE_MEETINGS

    @property
    def waiting(self):
        """Seats that may vote and have not."""
        return [seat for seat in self.voters if seat.pk not in self.voted]

    @property
    def verdict(self):
        """What a counted ballot came to; None before. Nobody is told earlier, open votes neither."""
        if self.ballot is None or self.ballot.standing is None:
            return None
        return voting.Verdict(self.ballot.verdict) if self.ballot.verdict else voting.Verdict.TIE

    @property
    def result(self):
        """Quorum and votes of a counted ballot in words."""
        return voting.in_words(self.verdict, self.ballot.standing) if self.verdict else ()


def motions_of(meeting, user):
    """{agenda item pk (None: without one): [Motion]} of a meeting; a constant number of queries."""
    found = {}
    for motion in _motions(meeting, meeting.resolutions.order_by("pk"), user):
        found.setdefault(motion.resolution.agenda_item_id, []).append(motion)
    return found


def motion_of(resolution, user):
    """One resolution as `user` sees it."""
    return _motions(resolution.meeting, Resolution.objects.filter(pk=resolution.pk), user)[0]


def _motions(meeting, resolutions, user):
    rows = list(
        resolutions.select_related("council").prefetch_related(
            "ballots__votes__seat__user", "ballots__marks", "recusals__seat__user"
        )
    )
    if not rows:
        return []
    seats = {seat.pk: seat for seat in voting_seats(meeting).select_related("user").order_by("role", "user__sort_key", "pk")}
    there = presence_at(meeting) if meeting.status == rules.MeetingStatus.IN_SESSION else {}
    own = next((seat for pk, seat in seats.items() if there.get(pk) == user.pk), None)
    keeps = rules.serves_council(user, meeting.council_id)
    return [_motion(one, meeting, seats, there, own, keeps) for one in rows]


def _motion(resolution, meeting, seats, there, own, keeps):
    resolution.meeting = meeting
    ballot = next((one for one in resolution.ballots.all() if one.status != BallotStatus.VOID), None)
    voted = {row.seat_id for row in [*ballot.votes.all(), *ballot.marks.all()]} if ballot else set()
    recused = {row.seat_id: row for row in resolution.recusals.all()}
    voters = [seat for pk, seat in seats.items() if (pk in there or pk in voted) and pk not in recused]
    return Motion(resolution, ballot, voters, voted, own, keeps, recused)


# --- one motion ----------------------------------------------------------------------------------


@dataclass
class Aside:
    """A seat that does not decide on a motion, and why."""

    seat: Seat
    reason: str
    source: str
    removable: bool


def recusals_of(resolution, user, *, keeps):
    """Who does not decide: on record, and before the vote those whom the portal finds tied."""
    rows = list(resolution.recusals.select_related("seat__user", "seat__deputy"))
    undecided = resolution.status == ResolutionStatus.DRAFT and not resolution.ballots.exclude(status=BallotStatus.VOID).exists()
    asides = []
    tied = {}
    if undecided:
        seats = list(voting_seats(resolution.meeting).select_related("user"))
        tied = matters.ties_of(resolution, seats)
        recorded = {row.seat_id for row in rows if row.source != Recusal.Source.COMPUTED}
        found = Recusal.Source.COMPUTED.label
        asides = [Aside(seat, tied[seat.pk], found, False) for seat in seats if seat.pk in tied and seat.pk not in recorded]
    for row in rows:
        if undecided and row.source == Recusal.Source.COMPUTED:
            continue  # found anew just above, as far as it is still true
        own = row.source == Recusal.Source.DECLARED and user.pk in (row.seat.user_id, row.seat.deputy_id)
        removable = undecided and row.source != Recusal.Source.COMPUTED and (keeps or own)
        asides.append(Aside(row.seat, row.reason, row.get_source_display(), removable))
    return asides


def own_seat(meeting, user):
    """The voting seat for which `user` speaks at a meeting; None for others."""
    seat = seat_of(meeting, user)
    return seat if seat is not None and seat.votes else None


def council_rules(council_id):
    """{kind of decision: VotingRule} of a council; kinds without a row follow the general one."""
    rows = {row.decision: row.rule for row in DecisionRule.objects.filter(council=council_id)}
    general = rows.get(Decision.GENERAL, VotingRule())
    return {kind: rows.get(kind, general) for kind in Decision}


def earlier_resolutions(council_id):
    """What a motion of this council may supersede."""
    return Resolution.objects.filter(council=council_id, status=ResolutionStatus.ADOPTED).order_by("-adopted_at", "-pk")


@dataclass
class Hand:
    """A seat whose hand can be counted, with what is on record."""

    seat: Seat
    choice: str
    by_itself: bool  # cast by the member: it stays

    @property
    def field(self):
        return f"seat-{self.seat.pk}"


def hands_of(motion):
    """Everybody whose hand can be counted in an open ballot."""
    votes = {vote.seat_id: vote for vote in motion.ballot.votes.all()}
    found = []
    for seat in motion.voters:
        vote = votes.get(seat.pk)
        found.append(Hand(seat, vote.choice if vote else "", bool(vote and not vote.by_hand)))
    return found
