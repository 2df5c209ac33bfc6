"""The minutes of a meeting: written while it goes on, approved once, frozen then."""

import hashlib

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from secretariat import calendar, rules
from secretariat.digests import spelled
from secretariat.errors import RuleBroken, Stale
from secretariat.models import AgendaItem, Attendance, Meeting, Resolution, Seat
from secretariat.rules import Decision, MeetingStatus, ResolutionStatus
from secretariat.selectors.meetings import quorum_spans, seats_on_day
from secretariat.services import signatures
from secretariat.services.meetings import locked

# --- writing -------------------------------------------------------------------------------------


def opening_text(meeting):
    """The beginning of the minutes as the record has it: when and where, who was there, late, excused or absent, the quorum."""
    lines = {line.seat_id: line for line in meeting.attendances.select_related("seat__user").prefetch_related("presences__user")}
    there, late, excused, absent = [], [], [], []
    for seat in seats_on_day(meeting).select_related("user").order_by("role", "user__sort_key", "pk"):
        line = lines.get(seat.pk)
        rows = list(line.presences.all()) if line else []
        name = f"{seat.user} ({seat.get_role_display()})"
        if not rows:
            (excused if line and line.answer == Attendance.Answer.EXCUSED else absent).append(name)
            continue
        if rows[0].user_id != seat.user_id:
            name = _("%(deputy)s for %(name)s") % {"deputy": rows[0].user, "name": name}
        if meeting.started_at and rows[0].arrived_at >= meeting.started_at + rules.LATE_AFTER:
            late.append(_("%(name)s from %(time)s") % {"name": name, "time": calendar.clock(rows[0].arrived_at)})
        else:
            there.append(name)
    begun = meeting.started_at or meeting.starts_at
    said = [
        _("%(meeting)s began on %(when)s, %(place)s.")
        % {"meeting": meeting, "when": calendar.long_datetime(begun), "place": meeting.place or "–"}
    ]
    for label, names in ((_("Present"), there), (_("Later"), late), (_("Excused"), excused), (_("Absent"), absent)):
        if names:
            said.append(f"{label}: {'، '.join(names) if calendar.reads_persian() else ', '.join(names)}.")
    for time, quorum in _turns(quorum_spans(meeting)):
        words = _("From %(time)s there was a quorum.") if quorum else _("From %(time)s there was no quorum.")
        said.append(words % {"time": time})
    return "\n".join(said)


def _turns(spans):
    """[(time, whether there was a quorum)] to the minute: what held for seconds, while people took their seats, is not told."""
    told = []
    for time, quorum in {calendar.clock(span.begins): span.quorum for span in spans}.items():
        if not told or told[-1][1] != quorum:
            told.append((time, quorum))
    return told


@transaction.atomic
def save_opening(meeting_id, text, *, by, version):
    """Save the text before the items. Raises Stale when somebody else saved since `version`."""
    meeting = _writable(meeting_id, by)
    if meeting.minutes_version != version:
        raise Stale(_("Somebody else has saved the minutes meanwhile."), meeting)
    meeting.minutes, meeting.minutes_version = text, version + 1
    meeting.save(update_fields=["minutes", "minutes_version"])
    return meeting


@transaction.atomic
def save_said(item_id, text, *, by, version):
    """Save what was said on one item. Raises Stale when somebody else saved since `version`."""
    _writable(AgendaItem.objects.values_list("meeting", flat=True).get(pk=item_id), by)
    item = AgendaItem.objects.select_for_update().get(pk=item_id)
    if item.version != version:
        raise Stale(_("Somebody else has saved the minutes meanwhile."), item)
    item.said, item.version = text, version + 1
    item.save(update_fields=["said", "version"])
    return item


def _writable(meeting_id, by):
    meeting = locked(meeting_id, by=by)
    if meeting.status not in rules.SETTLED_MEETINGS:
        raise RuleBroken(_("Minutes are written once the session has begun."))
    if meeting.approved_at:
        raise RuleBroken(_("The minutes are approved and frozen; only a later resolution corrects them."))
    return meeting


# --- approving ---------------------------------------------------------------------------------


def canonical(meeting):
    """Everything that is approved, as the one text that is hashed."""
    resolutions = meeting.resolutions.order_by("pk").values_list("pk", "title", "status", "year", "number")
    presences = meeting.attendances.order_by("seat").values_list(
        "seat", "answer", "presences__user", "presences__arrived_at", "presences__left_at"
    )
    told = {
        "form": 1,
        "meeting": [meeting.council_id, meeting.year, meeting.number],
        "times": [_moment(moment) for moment in (meeting.starts_at, meeting.started_at, meeting.ended_at)],
        "place": meeting.place,
        "opening": meeting.minutes,
        "items": [[item.title, item.said] for item in meeting.agenda.all()],
        "present": sorted(
            [seat, answer, user, _moment(came), _moment(left)] for seat, answer, user, came, left in presences if user
        ),
        "resolutions": [list(row) for row in resolutions],
    }
    return spelled(told)


def hash_of(meeting):
    """The hash of the minutes as they stand."""
    return hashlib.sha256(canonical(meeting).encode()).hexdigest()


def _moment(instant):
    return instant.isoformat() if instant else ""


@transaction.atomic
def approve(meeting_id, *, by, resolution=None):
    """Approve and freeze the minutes: by an adopted `resolution` of a later meeting, or by the chair where the council lets it.

    Raises RuleBroken while the meeting goes on, while a motion is undecided, or for whoever may not.
    """
    meeting = Meeting.objects.select_for_update(of=("self",), no_key=True).select_related("council").get(pk=meeting_id)
    if meeting.approved_at:
        raise RuleBroken(_("The minutes are approved already."))
    if meeting.status != MeetingStatus.HELD:
        raise RuleBroken(_("Minutes are approved after the session."))
    if meeting.resolutions.filter(status=ResolutionStatus.DRAFT).exists():
        raise RuleBroken(_("A resolution of this meeting is still undecided."))
    if resolution is None:
        if not meeting.council.minutes_by_chair:
            raise RuleBroken(_("This council approves minutes by a resolution of a later meeting."))
        if not Seat.objects.current().filter(council=meeting.council_id, user=by, role=Seat.Role.CHAIR).exists():
            raise RuleBroken(_("The minutes are approved by the chair."))
    else:
        _check(resolution, meeting)
    meeting.approved_at, meeting.approved_by, meeting.approved_with = timezone.now(), by, resolution
    meeting.minutes_sha256 = hash_of(meeting)
    meeting.sign_until = calendar.deadline(meeting.approved_at, rules.SIGN_WITHIN).due
    meeting.save(update_fields=["approved_at", "approved_by", "approved_with", "minutes_sha256", "sign_until"])
    signatures.tell_approved(meeting)
    return meeting


def may_approve(meeting, user):
    """Whether this person may approve these minutes now: the chair, where the council lets the chair do so."""
    if meeting.approved_at or meeting.status != MeetingStatus.HELD or not meeting.council.minutes_by_chair:
        return False
    return Seat.objects.current().filter(council=meeting.council_id, user=user, role=Seat.Role.CHAIR).exists()


def _check(resolution, meeting):
    """A resolution approves exactly the minutes that its agenda item names."""
    resolution = Resolution.objects.select_related("meeting", "agenda_item").get(pk=resolution.pk)
    item = resolution.agenda_item
    if resolution.status != ResolutionStatus.ADOPTED or resolution.decision != Decision.MINUTES:
        raise RuleBroken(_("Minutes are approved by an adopted resolution on them."))
    if item is None or item.minutes_of_id != meeting.pk or resolution.council_id != meeting.council_id:
        raise RuleBroken(_("This resolution is not about these minutes."))
    if resolution.meeting.starts_at <= meeting.starts_at:
        raise RuleBroken(_("Minutes are approved at a later meeting."))
