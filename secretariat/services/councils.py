"""Deciding in council: who was present, how they voted, and whether that adopts a resolution."""

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from secretariat import persian, rules
from secretariat.errors import RuleBroken
from secretariat.models import Attendance, Council, Resolution, Seat, Vote
from secretariat.workflow import advance


def voting_seats(meeting):
    """Seats with a vote in force on the day of the meeting."""
    day = timezone.localdate(meeting.starts_at)
    return Seat.objects.on(day).filter(council=meeting.council_id).exclude(role=Seat.Role.OBSERVER)


def count(resolution):
    """(voting seats present, voting seats in force, votes by choice) of a resolution as they stand now."""
    seats = voting_seats(resolution.meeting)
    present = Attendance.objects.filter(meeting=resolution.meeting_id, present=True, seat__in=seats).count()
    return present, seats.count(), rules.tally(resolution.votes.all())


@transaction.atomic
def adopt(resolution_id, *, by):
    """Adopt a resolution: quorum and majority are judged from what is on record, then it is numbered and frozen.

    The number is the next of its council in the Jalali year, without gaps: the council's row is locked while
    it is taken. Raises RuleBroken when there is no quorum, no majority, or the person may not.
    """
    resolution = Resolution.objects.select_related("council", "meeting").get(pk=resolution_id)
    Council.objects.select_for_update(no_key=True).get(pk=resolution.council_id)
    # Locked before counting: no vote or attendance slips in between the count and the adoption.
    resolution = Resolution.objects.select_for_update(of=("self",)).select_related("council", "meeting").get(pk=resolution_id)
    list(Attendance.objects.select_for_update().filter(meeting=resolution.meeting_id).values_list("pk"))
    present, in_force, counts = count(resolution)
    if resolution.status == rules.ResolutionStatus.DRAFT:
        refusal = rules.why_not_adoptable(present, in_force, resolution.council.quorum_percent, counts)
        if refusal:
            raise RuleBroken(refusal)
    year = persian.to_jalali(timezone.localdate()).year
    last = Resolution.objects.filter(council=resolution.council_id, year=year).aggregate(last=Max("number"))["last"] or 0
    return advance(
        Resolution.objects.all(),
        resolution_id,
        "adopt",
        by=by,
        year=year,
        number=last + 1,
        adopted_at=timezone.now(),
        seats_in_force=in_force,
        seats_present=present,
    )


@transaction.atomic
def reject(resolution_id, *, by, why=""):
    """Record that a resolution was not adopted; it keeps its words and votes but gets no number."""
    return advance(Resolution.objects.all(), resolution_id, "reject", by=by, why=why)


@transaction.atomic
def cast(resolution_id, seat_id, choice, *, by):
    """Record (or correct, while undecided) the vote of one seat. `by` keeps the council's papers.

    Raises RuleBroken when the seat was not present, has no vote, or the resolution is decided.
    """
    resolution = Resolution.objects.select_for_update(of=("self",), no_key=True).select_related("meeting").get(pk=resolution_id)
    if not rules.serves_council(by, resolution.council_id):
        raise RuleBroken(_("You may not do this."))
    if resolution.status != rules.ResolutionStatus.DRAFT:
        raise RuleBroken(_("This resolution is decided; its votes are frozen."))
    if not voting_seats(resolution.meeting).filter(pk=seat_id).exists():
        raise RuleBroken(_("This seat had no vote on the day of the meeting."))
    if not Attendance.objects.filter(meeting=resolution.meeting_id, seat=seat_id, present=True).exists():
        raise RuleBroken(_("Only those present vote: record the attendance first."))
    vote, _made = Vote.objects.update_or_create(resolution=resolution, seat_id=seat_id, defaults={"choice": choice})
    return vote
