"""Makers of reminders' tests: a deadline on a Saturday to come, days and hours before it, and people at work until then."""

from datetime import datetime, timedelta

from assessments.models import Assignment, Reminder
from secretariat import calendar
from tests import factories
from tests.assessments import round_pages

# The deadline of these tests is at the end of a Saturday to come; everybody is asked two weeks earlier.
DUE = calendar.today() + timedelta(days=400)
DUE += timedelta(days=(5 - DUE.weekday()) % 7)
SATURDAY = DUE - timedelta(days=14)


def on(day, hour=9):
    return datetime(day.year, day.month, day.day, hour, tzinfo=calendar.TEHRAN)


def working(days, start=DUE):
    return calendar.deadline(start, days).due


def english(**fields):
    return factories.assessor(user=factories.user(language="en", **fields))


def at_work(assessor=None, status="accepted", round_=None, **fields):
    """An assignment asked for on Saturday, of a round due two weeks later."""
    round_ = round_ or factories.round_("open", deadline=calendar.last_moment(DUE), **fields)
    row = factories.assignment(round_pages.entries(1, round_)[0], assessor or english(), status=status)
    Assignment.objects.filter(pk=row.pk).update(offered_at=on(SATURDAY))
    return Assignment.objects.get(pk=row.pk)


def sent(**fields):
    return list(Reminder.objects.filter(**fields).order_by("pk").values_list("kind", "days"))


def bulk(row, **fields):
    said = {"assessor": row.assessor, "round": row.entry.round, "kind": "before", "days": 3, "for_day": DUE, "subject": "x", "text": "x", "language": "fa"}
    return Reminder.objects.bulk_create([Reminder(**{**said, **fields})])
