"""The calendar of the institution: Tehran time, dates as people read them, working days and their explanation."""

import datetime
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import jdatetime
from django.conf import settings
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from secretariat import persian

TEHRAN = ZoneInfo("Asia/Tehran")
FRIDAY = 4  # as datetime.date.weekday() counts
DEFAULT_WEEKEND = frozenset({FRIDAY})
LONGEST_TERM = 5000  # working days; a longer one is a mistake, not a deadline


# --- instants and days ---------------------------------------------------------------------------


def in_tehran(instant):
    """Give an instant as Tehran's clock shows it; a naive one is taken to be that already."""
    return instant.replace(tzinfo=TEHRAN) if instant.tzinfo is None else instant.astimezone(TEHRAN)


def day_of(moment):
    """Give the Gregorian date on which a moment falls in Tehran; dates of either calendar are days already."""
    if isinstance(moment, jdatetime.datetime):
        return moment.date().togregorian()
    if isinstance(moment, jdatetime.date):
        return moment.togregorian()
    if isinstance(moment, datetime.datetime):
        return in_tehran(moment).date()
    return moment


def today():
    """Give today's Gregorian date in Tehran."""
    return datetime.datetime.now(TEHRAN).date()


def last_moment(day):
    """Give the end of a day in Tehran: whoever works on the last day is not late."""
    return datetime.datetime.combine(day_of(day), datetime.time(23, 59, 59), TEHRAN)


def morning(day):
    """Give the hour in Tehran at which a day's work begins: what happens by date happens then, not at midnight."""
    return datetime.datetime.combine(day_of(day), datetime.time(8), TEHRAN)


def reads_persian():
    """Tell whether the present reader reads Persian."""
    return (get_language() or "fa").startswith("fa")


def digits(value):
    """Write the digits of a value as the present reader reads them."""
    return persian.digits_to_persian(str(value)) if reads_persian() else str(value)


# --- writing -------------------------------------------------------------------------------------


def clock(instant):
    """Write the time of day of an instant in Tehran: «۱۴:۵۳»; nothing for None."""
    return digits(f"{in_tehran(instant):%H:%M}") if instant else ""


def long_date(moment, weekday=False):
    """Write «۵ بهمن ۱۴۰۴»; in English “25 January 2026 (5 Bahman 1404)”."""
    day = day_of(moment)
    if reads_persian():
        return persian.long_fa(day, weekday)
    return f"{_gregorian(day, weekday)} ({persian.long_en(day)})"


def long_datetime(instant):
    """Write «یکشنبه ۵ بهمن ۱۴۰۴ - ۱۴:۵۳»; in English “Sunday 25 January 2026, 14:53 (5 Bahman 1404)”."""
    day = day_of(instant)
    if reads_persian():
        return f"{persian.long_fa(day, weekday=True)} - {clock(instant)}"
    return f"{_gregorian(day, weekday=True)}, {clock(instant)} ({persian.long_en(day)})"


def short_date(moment):
    """Write ۱۴۰۴/۱۱/۰۵; in English 2026-01-25."""
    day = day_of(moment)
    return persian.short_fa(day) if reads_persian() else day.isoformat()


def day_and_month(moment):
    """Write «۵ بهمن»; in English “25 January”."""
    day = day_of(moment)
    return persian.long_fa(day).rpartition(" ")[0] if reads_persian() else _gregorian(day).rpartition(" ")[0]


_GREGORIAN_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _gregorian(day, weekday=False):
    written = f"{day.day} {_GREGORIAN_MONTHS[day.month - 1]} {day.year}"
    return f"{persian.WEEKDAYS_EN[persian.weekday_index(day)]} {written}" if weekday else written


def days_to_mark(first, last, most):
    """Days between two others, ends included, by which a time axis is read: at most `most`, equally far apart or beginnings of months."""
    first, last = day_of(first), day_of(last)
    span = (last - first).days
    for step in (1, 2, 3, 5, 7, 10, 14):
        if span // step < most:
            return [first + datetime.timedelta(days=gap) for gap in range(0, span + 1, step)]
    days = [first + datetime.timedelta(days=gap) for gap in range(span + 1)]
    months = [day for day in days if persian.to_jalali(day).day == 1]
    return months[:: max(1, -(-len(months) // most))]


# --- working days: pure functions of the holidays and the weekend ----------------------------------


def is_working_day(day, holidays=(), weekend=DEFAULT_WEEKEND):
    """Tell whether people work on a day."""
    day = day_of(day)
    return day.weekday() not in weekend and day not in _days(holidays)


def add_working_days(start, count, holidays=(), weekend=DEFAULT_WEEKEND):
    """Give the day that is `count` working days after start (before it, when negative); start itself is not counted."""
    return explain(start, count, holidays, weekend).due


def working_days_between(first, last, holidays=(), weekend=DEFAULT_WEEKEND):
    """Count the working days after `first` up to and with `last`; negative when `last` comes first."""
    first, last = day_of(first), day_of(last)
    if last < first:
        return -working_days_between(last, first, holidays, weekend)
    holidays = _days(holidays)
    days = (first + datetime.timedelta(days=step) for step in range(1, (last - first).days + 1))
    return sum(is_working_day(day, holidays, weekend) for day in days)


@dataclass(frozen=True)
class SkippedDay:
    """A day that a deadline did not count: `reason` is "weekend" or "holiday", `title` the name of the holiday."""

    date: datetime.date
    reason: str
    title: str = ""

    def __str__(self):
        name = self.title or (_("weekend") if self.reason == "weekend" else _("holiday"))
        return _("%(date)s – %(reason)s") % {"date": long_date(self.date, weekday=True), "reason": name}


@dataclass(frozen=True)
class Deadline:
    """A day reached by counting working days, with the days that were passed over."""

    start: datetime.date
    count: int
    due: datetime.date
    skipped: tuple[SkippedDay, ...]

    def __str__(self):
        """Tell in the reader's language how the day was reached."""
        count = abs(self.count)
        counted = ngettext("%(count)s working day", "%(count)s working days", count) % {"count": digits(count)}
        words = {"counted": counted, "start": long_date(self.start, weekday=True), "due": long_date(self.due, weekday=True)}
        if self.count < 0:
            sentence = _("%(counted)s before %(start)s is %(due)s.") % words
        else:
            sentence = _("%(counted)s after %(start)s is %(due)s.") % words
        if not self.skipped:
            return sentence
        separator = "، " if reads_persian() else ", "
        skipped = _("Not counted: %(days)s.") % {"days": separator.join(map(str, self.skipped))}
        return f"{sentence} {skipped}"


def explain(start, count, holidays=(), weekend=DEFAULT_WEEKEND):
    """Count working days from start and give the Deadline; `holidays` is a set of dates, or maps dates to titles."""
    if abs(count) > LONGEST_TERM:
        raise ValueError(f"a term of {count} working days")
    weekend = frozenset(weekend)
    if weekend >= frozenset(range(7)):
        raise ValueError("a week without working days")
    start, titles = day_of(start), _days(holidays)
    step = datetime.timedelta(days=1 if count > 0 else -1)
    day, left, skipped = start, abs(count), []
    while left:
        day += step
        if day in titles:
            skipped.append(SkippedDay(day, "holiday", titles[day]))
        elif day.weekday() in weekend:
            skipped.append(SkippedDay(day, "weekend"))
        else:
            left -= 1
    return Deadline(start, count, day, tuple(skipped))


def _days(holidays):
    """Give Gregorian dates mapped to titles, from a mapping or a plain collection of dates of either calendar."""
    titles = holidays if isinstance(holidays, dict) else dict.fromkeys(holidays, "")
    return {day_of(day): title for day, title in titles.items()}


def remaining_text(due, on=None, holidays=(), weekend=DEFAULT_WEEKEND):
    """Tell how many working days are left until a deadline, that it is today, or how long ago it passed."""
    due, on = day_of(due), day_of(on) if on else today()
    if due == on:
        return _("The deadline is today")
    count = working_days_between(on, due, holidays, weekend)
    if due > on:
        if not count:
            return _("No working day is left")
        return ngettext("%(count)s working day left", "%(count)s working days left", count) % {"count": digits(count)}
    if not count:
        return _("The deadline has passed")
    return ngettext("%(count)s working day late", "%(count)s working days late", -count) % {"count": digits(-count)}


# --- the same with the holiday table and the setting -----------------------------------------------


def working_weekend():
    """Give the weekdays on which nobody works, from the settings."""
    return frozenset(settings.WORKING_WEEKEND)


_table = ContextVar("the holiday table as read in this request", default=None)


@contextmanager
def one_reading():
    """Within it the holiday table is read at most once: a page with fifty deadlines asks the database one time."""
    token = _table.set([])
    try:
        yield
    finally:
        _table.reset(token)


def holidays_between(first, last):
    """Give the holidays of a stretch of days, both ends included, as Gregorian date → title in the reader's language."""
    # The model sits above this module, which its own fields import.
    from django.apps import apps

    first, last, kept = day_of(first), day_of(last), _table.get()
    rows = apps.get_model("secretariat", "Holiday").objects.all()
    if kept is None:
        rows = rows.filter(date__range=(first, last))
    else:
        if not kept:
            kept.append([(day_of(row.date), row) for row in rows])
        rows = [row for day, row in kept[0] if first <= day <= last]
    return {day_of(row.date): row.title for row in rows}


def deadline(start, count):
    """Count working days from start by the holiday table and give the Deadline that can explain itself."""
    start, weekend = day_of(start), working_weekend()
    forward = count >= 0
    reach = 2 * abs(count) + 30
    while True:
        end = start + datetime.timedelta(days=reach if forward else -reach)
        found = explain(start, count, holidays_between(min(start, end), max(start, end)), weekend)
        if found.due <= end if forward else found.due >= end:
            return found
        # More free days than were looked up: look further.
        reach = 2 * abs((found.due - start).days)


def remaining(due, on=None):
    """Tell what is left of a deadline in working days, by the holiday table."""
    due, on = day_of(due), day_of(on) if on else today()
    return remaining_text(due, on, holidays_between(min(due, on), max(due, on)), working_weekend())
