"""What those invited to a meeting are told: a line on the desk, and a letter with the agenda and a calendar file."""

from datetime import timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from secretariat import calendar
from secretariat.bilingual import both
from secretariat.calendar_file import Appointment, written
from secretariat.services import notices

CALLED = gettext_lazy("You are invited: %(meeting)s, %(when)s, %(place)s.")
CHANGED = gettext_lazy("Changed: %(meeting)s is now on %(when)s, %(place)s. Please look at the agenda and answer again.")
CANCELLED = gettext_lazy("Cancelled: %(meeting)s on %(when)s. Reason: %(why)s")
DEPUTY = gettext_lazy("%(name)s cannot come and you are the deputy: %(meeting)s, %(when)s, %(place)s.")
LEFT = gettext_lazy("%(meeting)s is on %(when)s. Your term is over by then, so you are no longer invited.")
NO_PLACE = gettext_lazy("the place will be told")
AGENDA = gettext_lazy("Agenda:")


def tell_called(meeting, lines):
    """Tell those who have come on the list that the meeting is called."""
    for line in lines:
        _one(meeting, line.seat.user, "meeting_called", CALLED, once=f"meeting_called-{meeting.pk}-{meeting.sequence}")


def tell_changed(meeting):
    """Tell everybody on the list what is true of the meeting now."""
    _tell(meeting, "meeting_changed", CHANGED)


def tell_cancelled(meeting, why):
    """Tell everybody on the list that the meeting is not held."""
    _tell(meeting, "meeting_cancelled", CANCELLED, why=why, cancelled=True)


def tell_left(meeting, users):
    """Tell those whose term is over by the new day that they are no longer invited, with a file that clears their calendar."""
    for user in users:
        _one(meeting, user, "meeting_left", LEFT, once=f"meeting-left-{meeting.pk}-{meeting.sequence}", cancelled=True)


def tell_deputy(meeting, seat):
    """Tell the deputy of a seat that its holder has been excused."""
    _one(
        meeting,
        seat.deputy,
        "meeting_deputy",
        DEPUTY,
        once=f"meeting-deputy-{meeting.pk}-{meeting.sequence}",
        name=str(seat.user),
    )


def _tell(meeting, kind, text, *, why="", cancelled=False):
    lines = meeting.attendances.select_related("seat__user")
    for line in lines:
        _one(meeting, line.seat.user, kind, text, once=f"{kind}-{meeting.pk}-{meeting.sequence}", why=why, cancelled=cancelled)


def _one(meeting, user, kind, text, *, once, cancelled=False, **words):
    def said():
        return text % {
            "meeting": meeting,
            "when": calendar.long_datetime(meeting.starts_at),
            "place": meeting.place or NO_PLACE,
            **words,
        }

    agenda = both(lambda: agenda_text(meeting))
    files = []
    for language, points in zip(("fa", "en"), agenda, strict=True):
        with translation.override(language):
            files.append(calendar_file(meeting, invited=user.email or "", agenda=points, cancelled=cancelled))
    notices.tell(user, kind, *both(said), link=_page(meeting), once=once, more=("", "") if cancelled else agenda, calendar=files)


def agenda_text(meeting):
    """The agenda as a letter tells it; "" without one."""
    points = [f"{calendar.digits(place)}. {item.title}" for place, item in enumerate(meeting.agenda.all(), 1)]
    return "\n".join([str(AGENDA), *points]) if points else ""


def _page(meeting):
    return reverse("meeting_detail", args=[meeting.pk])


def calendar_file(meeting, *, invited="", agenda="", cancelled=False):
    """The meeting as a calendar file in the present reader's language."""
    when = calendar.long_datetime(meeting.starts_at)
    return written(
        Appointment(
            uid=f"meeting-{meeting.pk}@{urlsplit(settings.PUBLIC_URL).hostname or 'portal'}",
            sequence=meeting.sequence,
            starts_at=meeting.starts_at,
            ends_at=meeting.starts_at + timedelta(minutes=meeting.minutes_planned),
            made_at=timezone.now(),
            summary=str(meeting),
            description="\n\n".join(part for part in (when, agenda) if part),
            place=meeting.place,
            address=settings.PUBLIC_URL + _page(meeting),
            organizer=parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
            invited=invited,
            is_cancelled=cancelled,
        )
    )
