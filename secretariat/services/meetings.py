"""Meetings from plan to end: agenda, call and answers, who came and left; those invited are told of every change."""

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from secretariat import persian, rules
from secretariat.background import after_commit
from secretariat.errors import RuleBroken, Stale
from secretariat.models import AgendaItem, Attendance, Ballot, Council, Meeting, Presence, User
from secretariat.rules import MeetingStatus
from secretariat.selectors.meetings import plan_seen, seats_on_day
from secretariat.services import agreement_reviews
from secretariat.services import invitations_to_meetings as invitations
from secretariat.workflow import advance

ITEM_FIELDS = ("kind", "title", "note", "presenter", "minutes_planned", "minutes_of_id")


# --- planning and calling ------------------------------------------------------------------------


@transaction.atomic
def plan(council_id, starts_at, *, by, place="", minutes_planned=120):
    """Note down a meeting that is to be called later; nobody is told."""
    if not rules.serves_council(by, council_id):
        raise RuleBroken(_("You may not do this."))
    after_commit("secretariat.tasks.put_reviews")
    return Meeting.objects.create(
        council_id=council_id, starts_at=starts_at, place=place.strip(), minutes_planned=minutes_planned
    )


@transaction.atomic
def call(meeting_id, *, by):
    """Call a meeting: it gets its number, every seat in force is invited and told, with agenda and calendar file."""
    meeting = locked(meeting_id, by=by)
    if meeting.status == MeetingStatus.PLANNED and not seats_on_day(meeting).exists():
        raise RuleBroken(_("No seat of the council is in force on that day."))
    meeting = advance(Meeting.objects.all(), meeting_id, "call", by=by, **_number(meeting))
    invitations.tell_called(meeting, _invite(meeting))
    return meeting


@transaction.atomic
def revise(meeting_id, *, by, **changes):
    """Change time, place or planned length before the session; after the call everybody invited is told again.

    `changes` may hold starts_at, place, minutes_planned.
    """
    meeting = locked(meeting_id, by=by)
    if _revise(meeting, changes):
        _tell_change(meeting)
    return meeting


def _revise(meeting, changes):
    """Change what is another than before; says whether those invited must be told."""
    if meeting.status not in (MeetingStatus.PLANNED, MeetingStatus.CALLED):
        raise RuleBroken(_("The meeting has begun or is over: time and place stay as they were."))
    changed = [
        name for name in ("starts_at", "place", "minutes_planned") if name in changes and changes[name] != getattr(meeting, name)
    ]
    if not changed:
        return False
    for name in changed:
        setattr(meeting, name, changes[name])
    if meeting.attendances.filter(presences__isnull=False).exclude(seat__in=seats_on_day(meeting)).exists():
        raise RuleBroken(_("Somebody on the attendance list held no seat on that day: correct the list first."), field="starts_at")
    left = _uninvite(meeting)
    meeting.save(update_fields=changed)
    if meeting.status != MeetingStatus.CALLED:
        return False
    invitations.tell_left(meeting, left)
    _invite(meeting)
    if "starts_at" in changed:
        # Who said yes to another time has not said yes to this one.
        meeting.attendances.exclude(answer="").update(answer="", why="", answered_at=None, answered_by=None)
    return True


@transaction.atomic
def set_agenda(meeting_id, rows, *, by, reasons=None):
    """Let the agenda be `rows`, in this order: dicts with "pk" (None for a new item) and any of ITEM_FIELDS.

    Items that are not named are taken off; {item pk: why} are the `reasons`, asked for a yearly review. Raises RuleBroken
    where papers or resolutions hang on one of those.
    """
    meeting = locked(meeting_id, by=by)
    if _set_agenda(meeting, rows, reasons or {}, by):
        _tell_change(meeting)
    return meeting


def _set_agenda(meeting, rows, reasons, by):
    """Put the agenda in place; says whether those invited must be told."""
    if meeting.status not in rules.LIVE_MEETINGS:
        raise RuleBroken(_("The meeting is over: its agenda stays as it was."))
    items = {item.pk: item for item in meeting.agenda.select_related("review_put")}
    before = [(item.kind, item.title) for item in items.values()]
    kept = {row["pk"] for row in rows if row.get("pk")}
    if kept - items.keys():
        raise RuleBroken(_("This item is no longer on the agenda."))
    for item in [item for pk, item in items.items() if pk not in kept]:
        check_free(item)
        if hasattr(item, "review_put"):
            agreement_reviews.take_off(item, reasons.get(item.pk, ""), by=by)
        item.delete()
    for position, row in enumerate(rows, 1):
        item = items[row["pk"]] if row.get("pk") else AgendaItem(meeting=meeting)
        item.position = position
        for name in ITEM_FIELDS:
            if name in row:
                setattr(item, name, row[name])
        item.save()
    return meeting.status == MeetingStatus.CALLED and before != [(row.kind, row.title) for row in meeting.agenda.all()]


@transaction.atomic
def rewrite(meeting_id, changes, rows, *, by, seen, reasons=None):
    """Time, place and agenda in one go, and at most one letter about it. Raises Stale when they changed since they were `seen`."""
    meeting = locked(meeting_id, by=by)
    if plan_seen(meeting) != seen:
        raise Stale(_("Somebody else has changed this meeting meanwhile. Below is what you wrote; look at what stands now."), meeting)
    moved = bool(changes) and _revise(meeting, changes)
    if _set_agenda(meeting, rows, reasons or {}, by) or moved:
        _tell_change(meeting)
    return meeting


def check_free(item):
    """Refuse to let an agenda item go on which something hangs."""
    if item.resolutions.exists() or item.papers.exists() or item.said:
        raise RuleBroken(_("“%(item)s” has papers, minutes or a resolution and stays on the agenda.") % {"item": item.title})


@transaction.atomic
def agenda_changed(meeting_id, *, by):
    """After the call, tell those invited that the agenda is another one now."""
    meeting = locked(meeting_id, by=by)
    if meeting.status == MeetingStatus.CALLED:
        _tell_change(meeting)


@transaction.atomic
def cancel(meeting_id, why, *, by):
    """Cancel a meeting before it begins, with a reason; everybody invited is told."""
    locked(meeting_id, by=by)
    called = Meeting.objects.get(pk=meeting_id).status == MeetingStatus.CALLED
    meeting = advance(Meeting.objects.all(), meeting_id, "cancel", by=by, why=why)
    if called:
        meeting.sequence += 1
        meeting.save(update_fields=["sequence"])
        invitations.tell_cancelled(meeting, why.strip())
    return meeting


@transaction.atomic
def answer(meeting_id, reply, *, by, why=""):
    """Say whether one is coming ("coming" or "excused", then with a reason). The holder of the seat, or the deputy, answers."""
    meeting = Meeting.objects.select_for_update(no_key=True).get(pk=meeting_id)
    if meeting.status != MeetingStatus.CALLED:
        raise RuleBroken(_("Only a meeting that is called and has not begun takes answers."))
    lines = Attendance.objects.filter(meeting=meeting).select_related("seat__user", "seat__deputy")
    line = lines.filter(seat__user=by).first() or lines.filter(seat__deputy=by).first()
    if line is None:
        raise RuleBroken(_("You are not on the list of this meeting."))
    if reply not in (Attendance.Answer.COMING, Attendance.Answer.EXCUSED):
        raise RuleBroken(_("Say whether you are coming."), field="answer")
    if reply == Attendance.Answer.EXCUSED and not why.strip():
        raise RuleBroken(_("Write the reason."), field="why")
    stands_in = by != line.seat.user
    if stands_in and line.answer == Attendance.Answer.COMING and line.answered_by_id == line.seat.user_id:
        raise RuleBroken(_("%(name)s is coming; no deputy is needed.") % {"name": line.seat.user})
    was, line.answer = line.answer, reply
    if reply == Attendance.Answer.EXCUSED:
        line.why = why.strip()
    elif not stands_in:
        line.why = ""  # why its holder cannot come stays on record while the deputy comes
    line.answered_at, line.answered_by = timezone.now(), by
    line.save(update_fields=["answer", "why", "answered_at", "answered_by"])
    if reply == Attendance.Answer.EXCUSED != was and line.seat.deputy and by == line.seat.user:
        invitations.tell_deputy(meeting, line.seat)
    return line


def _number(meeting):
    """The next number of the council in the meeting's Jalali year; its own where it has one."""
    if meeting.number is not None:
        return {}
    Council.objects.select_for_update(no_key=True).get(pk=meeting.council_id)
    year = persian.to_jalali(meeting.day).year
    last = Meeting.objects.filter(council=meeting.council_id, year=year).aggregate(last=Max("number"))["last"] or 0
    return {"year": year, "number": last + 1}


def _invite(meeting):
    """List every seat in force that is not on the list yet; gives the new lines."""
    missing = seats_on_day(meeting).exclude(pk__in=meeting.attendances.values("seat")).select_related("user")
    return Attendance.objects.bulk_create([Attendance(meeting=meeting, seat=seat) for seat in missing])


def _uninvite(meeting):
    """Take off the list whose term is over by the day of the meeting; gives who that was."""
    leaving = meeting.attendances.exclude(seat__in=seats_on_day(meeting))
    left = list(User.objects.filter(pk__in=leaving.values("seat__user")))
    leaving.delete()
    return left


@transaction.atomic
def follow_seats(council_ids):
    """Bring the lists of called meetings in line with the seats of their days: whoever has come or gone is told."""
    called = Meeting.objects.filter(council__in=council_ids, status=MeetingStatus.CALLED).order_by("pk")
    for meeting in called.select_for_update(of=("self",), no_key=True).select_related("council"):
        invitations.tell_left(meeting, _uninvite(meeting))
        invitations.tell_called(meeting, _invite(meeting))


def _tell_change(meeting):
    meeting.sequence += 1
    meeting.save(update_fields=["sequence"])
    invitations.tell_changed(meeting)


def locked(meeting_id, *, by):
    """The meeting, locked for whoever keeps its papers. Raises RuleBroken for anybody else."""
    meeting = Meeting.objects.select_for_update(of=("self",), no_key=True).select_related("council").get(pk=meeting_id)
    if not rules.serves_council(by, meeting.council_id):
        raise RuleBroken(_("You may not do this."))
    return meeting


# --- the session ---------------------------------------------------------------------------------


@transaction.atomic
def start(meeting_id, *, by, at=None):
    """Open the session, now or at a past moment (papers entered afterwards); an uncalled meeting gets its number."""
    meeting = locked(meeting_id, by=by)
    at = _past(at)
    moved = {}
    if timezone.localdate(at) < meeting.day:
        # Held before the day it was called for: whoever holds a seat on that day sits there. One that begins later keeps
        # its day: it went past midnight, or its papers are entered afterwards.
        moved["starts_at"] = meeting.starts_at = at
    meeting = advance(Meeting.objects.all(), meeting_id, "start", by=by, started_at=at, **moved, **_number(meeting))
    if moved:
        meeting.attendances.exclude(seat__in=seats_on_day(meeting)).delete()
    _invite(meeting)
    return meeting


@transaction.atomic
def end(meeting_id, *, by, at=None):
    """End the session: whoever is still there leaves with it. Raises RuleBroken while a ballot is open."""
    meeting = locked(meeting_id, by=by)
    at = _past(at)
    if Ballot.objects.filter(resolution__meeting=meeting, status__in=["open", "tied"]).exists():
        raise RuleBroken(_("A ballot is still open: close it or break it off first."))
    if meeting.started_at and at < meeting.started_at:
        raise RuleBroken(_("A meeting ends after it begins."), field="at")
    for row in Presence.objects.select_for_update().filter(attendance__meeting=meeting, left_at=None):
        row.left_at = max(at, row.arrived_at, _last_vote(row) or at)
        row.save(update_fields=["left_at"])
    AgendaItem.objects.filter(meeting=meeting, began_at__isnull=False, ended_at=None).update(ended_at=timezone.now())
    return advance(Meeting.objects.all(), meeting_id, "end", by=by, ended_at=at)


@transaction.atomic
def begin_item(item_id, *, by):
    """Take up an agenda item; the one under discussion ends."""
    item = AgendaItem.objects.get(pk=item_id)
    meeting = _in_session(item.meeting_id, by)
    now = timezone.now()
    meeting.agenda.filter(began_at__isnull=False, ended_at=None).exclude(pk=item_id).update(ended_at=now)
    item.refresh_from_db()
    item.began_at, item.ended_at = item.began_at or now, None
    item.save(update_fields=["began_at", "ended_at"])
    return item


@transaction.atomic
def arrive(meeting_id, seat_id, *, by, user=None, at=None):
    """Record that a seat is filled from now on (or from a past moment) by its holder, or by `user`: the deputy."""
    meeting = _in_session(meeting_id, by)
    line = _line(meeting, seat_id)
    who = user or line.seat.user
    at = _past(at)
    if who.pk not in (line.seat.user_id, line.seat.deputy_id):
        raise RuleBroken(_("A seat is filled by its holder or by the deputy."), field=f"seat-{seat_id}")
    rows = Presence.objects.filter(attendance__meeting=meeting)
    if rows.filter(attendance=line, left_at=None).exists():
        raise RuleBroken(_("This seat is filled already."), field=f"seat-{seat_id}")
    if rows.filter(attendance=line, left_at__gt=at).exists():
        raise RuleBroken(_("This seat was filled at that time already."), field=f"seat-{seat_id}")
    if rows.filter(user=who, left_at=None).exclude(attendance=line).exists():
        raise RuleBroken(_("%(name)s fills another seat at this meeting.") % {"name": who}, field=f"seat-{seat_id}")
    return Presence.objects.create(attendance=line, user=who, arrived_at=at)


@transaction.atomic
def leave(meeting_id, seat_id, *, by, at=None):
    """Record that whoever fills a seat has left, now or at a past moment after the last vote."""
    meeting = _in_session(meeting_id, by)
    row = Presence.objects.filter(attendance__meeting=meeting, attendance__seat=seat_id, left_at=None).first()
    if row is None:
        raise RuleBroken(_("This seat is not filled now."), field=f"seat-{seat_id}")
    at = _past(at)
    last = _last_vote(row)
    if at < row.arrived_at or (last and at < last):
        raise RuleBroken(_("Nobody leaves before arriving or before the own vote."), field=f"seat-{seat_id}")
    row.left_at = at
    row.save(update_fields=["left_at"])
    return row


@transaction.atomic
def attend(meeting_id, presence, *, by):
    """Record who was there from the beginning and who never was: {seat pk: whether}. Seats not named keep what is on record.

    Raises RuleBroken for a seat that was not in force, or when somebody who has voted is called absent.
    """
    meeting = _in_session(meeting_id, by)
    if strangers := set(presence) - set(seats_on_day(meeting).values_list("pk", flat=True)):
        raise RuleBroken(
            _("A seat that was not in force on the day of the meeting cannot attend it."), field=f"seat-{min(strangers)}"
        )
    there = set(Presence.objects.filter(attendance__meeting=meeting).values_list("attendance__seat", flat=True))
    for seat_id, present in sorted(presence.items()):
        if present and seat_id not in there:
            arrive(meeting_id, seat_id, by=by, at=meeting.started_at)
        if not present and seat_id in there:
            _was_never_there(meeting, seat_id)


@transaction.atomic
def attend_all(meeting_id, *, by):
    """Record every seat in force as there from the beginning; gives how many were added. A meeting not begun begins."""
    meeting = locked(meeting_id, by=by)
    if meeting.status in (MeetingStatus.PLANNED, MeetingStatus.CALLED):
        meeting = start(meeting_id, by=by, at=min(meeting.starts_at, timezone.now()))
    listed = Presence.objects.filter(attendance__meeting=meeting).values("attendance__seat")
    missing = list(seats_on_day(meeting).exclude(pk__in=listed).values_list("pk", flat=True))
    attend(meeting_id, dict.fromkeys(missing, True), by=by)
    return len(missing)


def _was_never_there(meeting, seat_id):
    rows = Presence.objects.filter(attendance__meeting=meeting, attendance__seat=seat_id).select_related("attendance__seat__user")
    for row in rows:
        if _last_vote(row):
            raise RuleBroken(
                _("%(name)s has voted at this meeting and cannot be recorded as absent; take the vote back first.")
                % {"name": row.attendance.seat.user},
                field=f"seat-{seat_id}",
            )
    rows.delete()


def _last_vote(row):
    """When the seat of a presence last voted at its meeting, as far as the vote counts; None when it has not."""
    ballots = Ballot.objects.filter(resolution__meeting=row.attendance.meeting_id).exclude(status="void")
    seat = row.attendance.seat_id
    found = [
        ballots.filter(votes__seat=seat).aggregate(last=Max("votes__at"))["last"],
        ballots.filter(marks__seat=seat).aggregate(last=Max("marks__at"))["last"],
    ]
    return max((moment for moment in found if moment and moment >= row.arrived_at), default=None)


def _line(meeting, seat_id):
    """The line of a seat on the list; made where the seat is in force and was not listed."""
    if not seats_on_day(meeting).filter(pk=seat_id).exists():
        raise RuleBroken(_("A seat that was not in force on the day of the meeting cannot attend it."), field=f"seat-{seat_id}")
    line, _made = Attendance.objects.get_or_create(meeting=meeting, seat_id=seat_id)
    return line


def _in_session(meeting_id, by):
    meeting = locked(meeting_id, by=by)
    if meeting.status != MeetingStatus.IN_SESSION:
        raise RuleBroken(_("The meeting is not in session."))
    return meeting


def _past(moment):
    now = timezone.now()
    if moment is None:
        return now
    if moment > now:
        raise RuleBroken(_("This moment has not come yet."), field="at")
    return moment
