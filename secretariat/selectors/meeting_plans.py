"""What the plan of a new meeting begins with: as the last one was, and what is always on the agenda."""

from django.db.models import Max
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from secretariat import calendar, persian, rules
from secretariat.models import AgendaItem, Meeting
from secretariat.rules.actions import OPEN as OPEN_ACTIONS


def next_reference(council_id):
    """The number that the next meeting gets when it is called in this year: "1405/4"."""
    year = persian.to_jalali(timezone.localdate()).year
    last = Meeting.objects.filter(council=council_id, year=year).aggregate(last=Max("number"))["last"] or 0
    return f"{year}/{last + 1}"


def suggested_plan(council):
    """(time and place, agenda) for the form of a new meeting; all of it can be changed or left out."""
    held = council.meetings.exclude(status=rules.MeetingStatus.CANCELLED)
    last = held.order_by("starts_at", "pk").last()
    when = {}
    if last is not None:
        when = {"clock": calendar.in_tehran(last.starts_at).time(), "place": last.place, "minutes_planned": last.minutes_planned}
    items = []
    if last is None:
        items.append({"kind": AgendaItem.Kind.DISCUSSION, "title": _("Acquaintance and order of business")})
    if not council.minutes_by_chair:
        items += [
            {
                "kind": AgendaItem.Kind.MINUTES,
                "title": _("Approval of the minutes of meeting %(number)s") % {"number": calendar.digits(meeting.reference)},
                "minutes_of": meeting.pk,
            }
            for meeting in held.filter(status=rules.MeetingStatus.HELD, approved_at=None, approvals=None).order_by("starts_at", "pk")
        ]
    if council.actions.filter(status__in=OPEN_ACTIONS).exists():
        items.append({"kind": AgendaItem.Kind.DISCUSSION, "title": _("Report on the actions")})
    if council.grants_marks:
        items.append({"kind": AgendaItem.Kind.MARKS, "title": capfirst(str(AgendaItem.Kind.MARKS.label))})
    return when, [{"place": place, **item} for place, item in enumerate(items, 1)]
