"""Deciding in council: who was present, how they voted, and whether that adopts a resolution."""

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from secretariat import persian, rules
from secretariat.errors import RuleBroken
from secretariat.models import Attendance, Council, Meeting, Resolution, Seat, Vote
from secretariat.workflow import advance


def seats_on_day(meeting):
    """Seats of the council in force on the day of the meeting, observers too."""
    return Seat.objects.on(meeting.day).filter(council=meeting.council_id)


def voting_seats(meeting):
    """Seats with a vote in force on the day of the meeting."""
    return seats_on_day(meeting).exclude(role=Seat.Role.OBSERVER)


def count(resolution):
    """(voting seats present, voting seats in force, votes by choice) of a resolution as they stand now."""
    seats = voting_seats(resolution.meeting)
    present = Attendance.objects.filter(meeting=resolution.meeting_id, present=True, seat__in=seats).count()
    return present, seats.count(), rules.tally(resolution.votes.filter(seat__in=seats))


def standing_in_words(resolution):
    """Quorum and votes of a resolution as they stand now, in sentences."""
    return rules.standing_in_words(*_standing(resolution))


def why_not_adoptable(resolution):
    """The sentence that stands against adoption now, or None."""
    return rules.why_not_adoptable(*_standing(resolution))


def _standing(resolution):
    present, in_force, counts = count(resolution)
    return present, in_force, resolution.council.quorum_percent, counts


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
    Meeting.objects.select_for_update(no_key=True).get(pk=resolution.meeting_id)
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


def reject(resolution_id, *, by, why=""):
    """Record that a resolution was not adopted; it keeps its words and votes but gets no number."""
    return advance(Resolution.objects.all(), resolution_id, "reject", by=by, why=why)


@transaction.atomic
def fill_attendance(meeting_id, *, by):
    """List every seat in force on the day that is not on the list yet, as present; gives how many were added."""
    meeting = _meeting_of(meeting_id, by)
    listed = meeting.attendances.values("seat")
    missing = seats_on_day(meeting).exclude(pk__in=listed)
    return len(Attendance.objects.bulk_create([Attendance(meeting=meeting, seat=seat) for seat in missing]))


@transaction.atomic
def attend(meeting_id, presence, *, by):
    """Record who was present: {seat id: whether}. Seats not named keep what is on record.

    Raises RuleBroken for a seat that was not in force, or when somebody who has voted is called absent.
    """
    meeting = _meeting_of(meeting_id, by)
    if strangers := set(presence) - set(seats_on_day(meeting).values_list("pk", flat=True)):
        raise RuleBroken(
            _("A seat that was not in force on the day of the meeting cannot attend it."), field=f"seat-{min(strangers)}"
        )
    voted = set(Vote.objects.filter(resolution__meeting=meeting).values_list("seat", flat=True))
    for seat in Seat.objects.filter(
        pk__in=[pk for pk, present in presence.items() if not present and pk in voted]
    ).select_related("user")[:1]:
        raise RuleBroken(
            _("%(name)s has voted at this meeting and cannot be recorded as absent; take the vote back first.")
            % {"name": seat.user},
            field=f"seat-{seat.pk}",
        )
    Attendance.objects.bulk_create(
        [Attendance(meeting=meeting, seat_id=pk, present=present) for pk, present in sorted(presence.items())],
        update_conflicts=True,
        unique_fields=["meeting", "seat"],
        update_fields=["present"],
    )


def _meeting_of(meeting_id, by):
    meeting = Meeting.objects.select_for_update(no_key=True).get(pk=meeting_id)
    if not rules.serves_council(by, meeting.council_id):
        raise RuleBroken(_("You may not do this."))
    return meeting


@transaction.atomic
def cast(resolution_id, seat_id, choice, *, by):
    """Record (or correct, while undecided) the vote of one seat. `by` keeps the council's papers.

    Raises RuleBroken when the seat was not present, has no vote, or the resolution is decided.
    """
    resolution = _undecided(resolution_id, by)
    if not voting_seats(resolution.meeting).filter(pk=seat_id).exists():
        raise RuleBroken(_("This seat had no vote on the day of the meeting."), field=f"seat-{seat_id}")
    if not Attendance.objects.filter(meeting=resolution.meeting_id, seat=seat_id, present=True).exists():
        raise RuleBroken(_("Only those present vote: record the attendance first."), field=f"seat-{seat_id}")
    vote, _made = Vote.objects.update_or_create(resolution=resolution, seat_id=seat_id, defaults={"choice": choice})
    return vote


@transaction.atomic
def take_back(resolution_id, seat_id, *, by):
    """Remove a vote that was recorded by mistake, while the resolution is undecided."""
    resolution = _undecided(resolution_id, by)
    resolution.votes.filter(seat=seat_id).delete()


@transaction.atomic
def record(resolution_id, presence, votes, *, by):
    """Record attendance {seat id: whether} and votes {seat id: choice, "" for none} of one resolution together.

    All or nothing. Votes that are taken back go first, so that a voter can be corrected to absent in one step.
    """
    resolution = _undecided(resolution_id, by)
    for seat_id, choice in sorted(votes.items()):
        if not choice:
            take_back(resolution_id, seat_id, by=by)
    attend(resolution.meeting_id, presence, by=by)
    for seat_id, choice in sorted(votes.items()):
        if choice:
            cast(resolution_id, seat_id, choice, by=by)
    return resolution


def _undecided(resolution_id, by):
    resolution = (
        Resolution.objects.select_for_update(of=("self",), no_key=True).select_related("meeting", "council").get(pk=resolution_id)
    )
    if not rules.serves_council(by, resolution.council_id):
        raise RuleBroken(_("You may not do this."))
    if resolution.status != rules.ResolutionStatus.DRAFT:
        raise RuleBroken(_("This resolution is decided; its votes are frozen."))
    return resolution
