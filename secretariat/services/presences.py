"""Correcting the record of who was there: a wrong time, or an arrival that never was, until the minutes are approved."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from secretariat import rules
from secretariat.errors import RuleBroken
from secretariat.models import BallotMark, Presence, Vote
from secretariat.rules import MeetingStatus
from secretariat.services.meetings import locked


@transaction.atomic
def correct(presence_id, arrived_at, left_at, *, by):
    """Let somebody have been there from `arrived_at` until `left_at` (None: still there).

    Raises RuleBroken for times that cannot be: before the session, not yet, over another stay, or away from the own vote.
    """
    row, meeting = _open(presence_id, by)
    now, end = timezone.now(), meeting.ended_at
    if arrived_at < meeting.started_at:
        raise RuleBroken(_("The session had not begun by then."), field="arrived")
    if arrived_at > now or (end and arrived_at > end):
        raise RuleBroken(_("This moment has not come yet.") if not end else _("The session was over by then."), field="arrived")
    if left_at is None and meeting.status == MeetingStatus.HELD:
        raise RuleBroken(_("The session is over: say when this person left."), field="left")
    if left_at is not None and left_at < arrived_at:
        raise RuleBroken(_("Who leaves had arrived before."), field="left")
    if left_at is not None and left_at > (end or now):
        raise RuleBroken(_("This moment has not come yet.") if not end else _("The session was over by then."), field="left")
    voted = votes_of(row)
    if any(moment < arrived_at or (left_at and moment > left_at) for moment in voted):
        raise RuleBroken(_("This person voted then and was there."), field="arrived" if min(voted) < arrived_at else "left")
    others = Presence.objects.filter(attendance__meeting=meeting, user=row.user).exclude(pk=row.pk)
    others = others | Presence.objects.filter(attendance=row.attendance_id).exclude(pk=row.pk)
    if any(other.arrived_at < (left_at or now) and (other.left_at is None or other.left_at > arrived_at) for other in others):
        raise RuleBroken(_("This lies over another stay of the same seat or person."), field="arrived")
    row.arrived_at, row.left_at = arrived_at, left_at
    row.save(update_fields=["arrived_at", "left_at"])
    return row


@transaction.atomic
def strike(presence_id, *, by):
    """Take an arrival off the record that never was. Raises RuleBroken where a vote rests on it."""
    row, _meeting = _open(presence_id, by)
    if votes_of(row):
        raise RuleBroken(_("This person voted then and was there."))
    row.delete()


def votes_of(row):
    """When the seat voted during this stay, in ballots that count."""
    found = []
    for model in (Vote, BallotMark):
        cast = model.objects.filter(
            seat=row.attendance.seat_id, ballot__resolution__meeting=row.attendance.meeting_id, at__gte=row.arrived_at
        )
        cast = cast.exclude(ballot__status=rules.BallotStatus.VOID)
        found += (cast.filter(at__lte=row.left_at) if row.left_at else cast).values_list("at", flat=True)
    return found


def _open(presence_id, by):
    """A stay and its meeting, locked, whose record may still be corrected."""
    meeting = locked(Presence.objects.values_list("attendance__meeting", flat=True).get(pk=presence_id), by=by)
    if meeting.status not in rules.SETTLED_MEETINGS or meeting.approved_at:
        raise RuleBroken(_("The minutes are approved and frozen; only a later resolution corrects them."))
    return Presence.objects.select_for_update(of=("self",)).select_related("attendance__seat").get(pk=presence_id), meeting
