"""Who does not decide on a resolution: found by ties, declared by the member, or recorded by who keeps the papers."""

from django.db import transaction
from django.utils.translation import gettext as _

from secretariat import matters, rules
from secretariat.errors import RuleBroken
from secretariat.models import Recusal, Resolution
from secretariat.selectors.ballots import ballot_of
from secretariat.selectors.meetings import seat_of, voting_seats

Source = Recusal.Source


def find_ties(resolution):
    """Write down who is tied to what is decided, and strike those who no longer are; before a ballot opens."""
    seats = list(voting_seats(resolution.meeting).select_related("user"))
    tied = matters.ties_of(resolution, seats)
    resolution.recusals.filter(source=Source.COMPUTED).exclude(seat__in=tied).delete()
    recorded = set(resolution.recusals.values_list("seat", flat=True))
    for seat, reason in tied.items():
        if seat not in recorded:
            Recusal.objects.create(resolution=resolution, seat_id=seat, source=Source.COMPUTED, reason=reason[:500])


def reason_of(resolution, seat):
    """Why a seat does not decide on a resolution, on record or by a tie that came up since; None when it may."""
    row = resolution.recusals.filter(seat=seat).first()
    return row.reason if row else matters.ties_of(resolution, [seat]).get(seat.pk)


@transaction.atomic
def declare(resolution_id, reason, *, by):
    """A member steps aside from a resolution, with the reason, at the latest before the own vote."""
    resolution, ballot = _locked(resolution_id)
    seat = seat_of(resolution.meeting, by)
    if seat is None:
        raise RuleBroken(_("You hold no seat in this council on the day of the meeting."))
    if not seat.votes:
        raise RuleBroken(_("An observer has no vote."))
    if not reason.strip():
        raise RuleBroken(_("Write the reason."), field="reason")
    return _add(resolution, ballot, seat, Source.DECLARED, reason, by)


@transaction.atomic
def recuse(resolution_id, seat_id, reason, *, by):
    """The chair or the secretary puts a recusal on record."""
    resolution, ballot = _locked(resolution_id)
    if not rules.serves_council(by, resolution.council_id):
        raise RuleBroken(_("You may not do this."))
    seat = voting_seats(resolution.meeting).filter(pk=seat_id).first()
    if seat is None:
        raise RuleBroken(_("This seat had no vote on the day of the meeting."), field=f"seat-{seat_id}")
    return _add(resolution, ballot, seat, Source.CHAIR, reason, by)


@transaction.atomic
def take_back(resolution_id, seat_id, *, by):
    """Take a recusal back before the ballot opens: the member the own one, who keeps the papers any but those found by ties."""
    resolution, ballot = _locked(resolution_id)
    row = Recusal.objects.filter(resolution=resolution, seat=seat_id).select_related("seat").first()
    if row is None:
        raise RuleBroken(_("This seat is not recused."))
    own = row.source == Source.DECLARED and by.pk in (row.seat.user_id, row.seat.deputy_id)
    if row.source == Source.COMPUTED or not (own or rules.serves_council(by, resolution.council_id)):
        raise RuleBroken(_("You may not do this."))
    if ballot is not None:
        raise RuleBroken(_("Voting has begun: recusals stay."))
    row.delete()


def _add(resolution, ballot, seat, source, reason, by):
    if ballot is not None and (
        ballot.status != rules.BallotStatus.OPEN
        or ballot.votes.filter(seat=seat).exists()
        or ballot.marks.filter(seat=seat).exists()
    ):
        raise RuleBroken(_("This seat has voted; a recusal comes before the vote."), field=f"seat-{seat.pk}")
    if resolution.recusals.filter(seat=seat).exists():
        raise RuleBroken(_("This seat is recused already."), field=f"seat-{seat.pk}")
    return Recusal.objects.create(resolution=resolution, seat=seat, source=source, reason=reason.strip()[:500], by=by)


def _locked(resolution_id):
    """(the resolution, its ballot), both locked."""
    rows = Resolution.objects.select_related("meeting", "council")
    resolution = rows.select_for_update(of=("self",), no_key=True).get(pk=resolution_id)
    if resolution.status != rules.ResolutionStatus.DRAFT:
        raise RuleBroken(_("This resolution is decided; its votes are frozen."))
    list(resolution.ballots.select_for_update(no_key=True).values_list("pk"))
    return resolution, ballot_of(resolution)
