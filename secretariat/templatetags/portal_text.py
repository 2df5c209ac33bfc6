"""Filters that write numbers, dates and codes as the reader of the page reads them."""

import datetime
from decimal import Decimal

import jdatetime
from django import template
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from secretariat import calendar, persian

register = template.Library()


def _is_moment(value):
    return isinstance(value, datetime.date | jdatetime.date)


@register.filter
def num(value, places=None):
    """Write a number with its separators: ۱٬۲۳۴٫۵ or 1,234.5; `num:1` keeps exactly one decimal."""
    if value is None or value == "":
        return ""
    try:
        number = persian.parse_number(value) if isinstance(value, str) else value
        places = None if places is None or places == "" else int(places)
        return persian.display_fa(number, places) if calendar.reads_persian() else persian.grouped(number, places)
    except persian.Refused:
        return digits(value)


@register.filter
def percent(value, places=None):
    """Write a percentage with its sign after the number: ۱۲٪ or 12%."""
    if not isinstance(value, str | int | float | Decimal) or value == "":
        return ""
    return f"{num(value, places)}{'٪' if calendar.reads_persian() else '%'}"


@register.filter
def digits(value):
    """Write only the digits anew, without separators: for years, codes and labels."""
    return "" if value is None else calendar.digits(value)


@register.filter
def jdate(value):
    """Write a day: «۵ بهمن ۱۴۰۴», “25 January 2026 (5 Bahman 1404)”."""
    return calendar.long_date(value) if _is_moment(value) else ""


@register.filter("jdatetime")
def jalali_datetime(value):
    """Write an instant: «یکشنبه ۵ بهمن ۱۴۰۴ - ۱۴:۵۳»; a day without a clock is written with its weekday."""
    if isinstance(value, datetime.datetime):
        return calendar.long_datetime(value)
    return calendar.long_date(value, weekday=True) if _is_moment(value) else ""


register.filter("clock", calendar.clock)


@register.filter
def jshort(value):
    """Write a day shortly: ۱۴۰۴/۱۱/۰۵, 2026-01-25."""
    return calendar.short_date(value) if _is_moment(value) else ""


@register.filter
def ltr(value):
    """Isolate a code, phone number or address, so that a right-to-left line does not turn it round."""
    return "" if value is None or value == "" else format_html('<bdi dir="ltr">{}</bdi>', value)


_STEPS = (
    (60, 60, lambda n: ngettext("%(n)s minute ago", "%(n)s minutes ago", n)),
    (3600, 24, lambda n: ngettext("%(n)s hour ago", "%(n)s hours ago", n)),
)


@register.filter
def jsince(value, now=None):
    """Tell how long ago something was: «۳ روز پیش», “3 days ago”; what is yet to come is written as a date."""
    if not _is_moment(value):
        return ""
    if isinstance(value, datetime.datetime):
        now = now or datetime.datetime.now(calendar.TEHRAN)
        seconds = (calendar.in_tehran(now) - calendar.in_tehran(value)).total_seconds()
        if -60 < seconds < 60:
            return _("just now")
        if seconds < 0:
            return calendar.long_datetime(value)
        for size, most, words in _STEPS:
            if seconds < size * most:
                count = int(seconds // size)
                return words(count) % {"n": calendar.digits(count)}
    days = ((calendar.day_of(now) if now else calendar.today()) - calendar.day_of(value)).days
    return _days_ago(days) if days >= 0 else calendar.long_date(value)


def _days_ago(days):
    if days == 0:
        return _("today")
    if days < 30:
        return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": calendar.digits(days)}
    if days < 365:
        months = days // 30
        return ngettext("%(n)s month ago", "%(n)s months ago", months) % {"n": calendar.digits(months)}
    years = days // 365
    return ngettext("%(n)s year ago", "%(n)s years ago", years) % {"n": calendar.digits(years)}


@register.filter
def days_left(value, today=None):
    """Tell how many calendar days are left until a day: «۳ روز مانده», “3 days left”, and how late it is after it."""
    if not _is_moment(value):
        return ""
    days = (calendar.day_of(value) - (calendar.day_of(today) if today else calendar.today())).days
    if days == 0:
        return _("today")
    if days > 0:
        return ngettext("%(n)s day left", "%(n)s days left", days) % {"n": calendar.digits(days)}
    return ngettext("%(n)s day late", "%(n)s days late", -days) % {"n": calendar.digits(-days)}
