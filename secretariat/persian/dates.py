"""Jalali dates: turning them to and from the Gregorian calendar, reading what people type, writing what they read."""

import datetime
import re
from dataclasses import dataclass

import jdatetime

from .refusal import Refused
from .text import ZWNJ, canonical, digits_to_ascii, digits_to_persian

MONTHS_FA = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
MONTHS_EN = (
    "Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar", "Mehr", "Aban", "Azar", "Dey", "Bahman",
    "Esfand",
)  # fmt: skip
# The week starts on Saturday.
WEEKDAYS_FA = ("شنبه", "یکشنبه", "دوشنبه", f"سه{ZWNJ}شنبه", "چهارشنبه", "پنجشنبه", "جمعه")
WEEKDAYS_EN = ("Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday")

FIRST_YEAR, LAST_YEAR = 1000, 1699
FIRST_GREGORIAN_YEAR = 1700  # a typed year from here on is taken for a Gregorian one

_MONTH_OF = {name: number for names in (MONTHS_FA, MONTHS_EN) for number, name in enumerate(map(str.lower, names), 1)}
_MONTH_OF |= {"امرداد": 5, "ابان": 8, "اذر": 9}

_SEPARATOR = "[/.\\-\u2010\u2011\u2012\u2013\u2212\u2044\u2215\u060d\\\\]"
_NUMERIC = re.compile(rf"([0-9]+)\s*{_SEPARATOR}\s*([0-9]+)(?:\s*{_SEPARATOR}\s*([0-9]+))?")
_TIME = re.compile(
    r"(?:(?:ساعت|at)\s*|(?<=[0-9])T)?(?<![0-9:])([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.[0-9]+)?)?(?![0-9:])"
)
_WEEKDAY = re.compile(
    rf"(?<!\w)(?:(?P<part>یک|دو|سه|چهار|چار|پنج)?[ {ZWNJ}]?(?P<day>شنبه)|(?P<friday>جمعه|آدینه)"
    rf"|(?P<english>{'|'.join(WEEKDAYS_EN)}))(?!\w)",
    re.IGNORECASE,
)
_WEEKDAY_PARTS = {None: 0, "یک": 1, "دو": 2, "سه": 3, "چهار": 4, "چار": 4, "پنج": 5}
_MONTH_NAMES = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_GAP = rf"(?:\s*{_SEPARATOR}\s*|[\s{ZWNJ}]*)"
_AFTER_MONTH = rf"(?:[ {ZWNJ}]?ماه)?(?:\s+سال)?"
_DAY_FIRST = re.compile(rf"([0-9]+)(?:\s?(?:ام|م))?{_GAP}({_MONTH_NAMES}){_AFTER_MONTH}(?:{_GAP}([0-9]+))?")
_YEAR_FIRST = re.compile(rf"([0-9]{{4,}}){_GAP}({_MONTH_NAMES}){_AFTER_MONTH}{_GAP}([0-9]+)")
_MONTH_AND_YEAR = re.compile(rf"({_MONTH_NAMES}){_AFTER_MONTH}{_GAP}([0-9]{{4}})")
_LEAD = re.compile(r"^(?:(?:در\s+)?(?:تاریخ|مورخه?|روز)\s+)+")
_ERA = re.compile(r"\s*(?:هجری\s+)?(?:شمسی|خورشیدی)$")


@dataclass(frozen=True)
class JalaliReading:
    """What was read from a typed date: the day, the time if one was typed, the weekday if one was named."""

    jalali: jdatetime.date
    time: datetime.time | None = None
    weekday: int | None = None

    @property
    def gregorian(self):
        return self.jalali.togregorian()

    @property
    def weekday_contradicts(self):
        """True when the named weekday is not the weekday of the date: one of the two was mistyped."""
        return self.weekday is not None and self.weekday != weekday_index(self.jalali)


# --- conversion ----------------------------------------------------------------------------------


def to_gregorian(year, month, day):
    """Turn a Jalali day into a `datetime.date`; a day that does not exist is refused."""
    return jalali_date(year, month, day).togregorian()


def to_jalali(day):
    """Turn a Gregorian (or already Jalali) date or datetime into a `jdatetime.date`."""
    if isinstance(day, jdatetime.datetime):
        return day.date()
    if isinstance(day, jdatetime.date):
        return day
    if isinstance(day, datetime.datetime):
        day = day.date()
    return jdatetime.date.fromgregorian(date=day)


def jalali_date(year, month, day):
    """Make a Jalali date; month 13, day 0 or 30 Esfand of a common year are refused."""
    if not 1 <= month <= 12:
        raise Refused("no_such_month", month=month)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Refused("year_out_of_range", year=year)
    last = days_in_month(year, month)
    if not 1 <= day <= last:
        raise Refused("no_such_day", day=day, month=month, year=year, last=last)
    return jdatetime.date(year, month, day)


def is_leap(year):
    """Tell whether Esfand of the Jalali year has 30 days."""
    return jdatetime.date(year, 1, 1).isleap()


def days_in_month(year, month):
    """Give 31 for the first six months, 30 for the next five, 29 or 30 for Esfand."""
    if month <= 6:
        return 31
    return 30 if month < 12 or is_leap(year) else 29


def day_exists(text):
    """Tell whether a written date is a day of the Jalali calendar."""
    try:
        parse_jalali(text)
    except Refused:
        return False
    return True


def weekday_index(day):
    """Give the weekday counted from Saturday = 0."""
    gregorian = day.togregorian() if isinstance(day, jdatetime.date) else day
    return (gregorian.weekday() + 2) % 7


def weekday_fa(day):
    """Name the weekday in Persian."""
    return WEEKDAYS_FA[weekday_index(day)]


# --- reading -------------------------------------------------------------------------------------


def parse_jalali(text):
    """Read a typed Jalali date, with or without weekday and time, in any kind of digits.

    1404/11/05 (also with - or .), 14041105, 05/11/1404, «۵ بهمن ۱۴۰۴», «یکشنبه ۵ بهمن ۱۴۰۴ - ۱۴:۵۳».
    Refused, each with its own code: two-digit years, Gregorian years, days that do not exist, missing parts.
    """
    if not isinstance(text, str):
        raise Refused("not_text")
    rest = " ".join(digits_to_ascii(canonical(text)).split())
    if not rest:
        raise Refused("empty")
    if len(rest) > 100:
        raise Refused("unreadable_date")
    time, rest = _take_time(rest)
    weekday, rest = _take_weekday(rest)
    rest = rest.translate(dict.fromkeys(map(ord, ",،"), " "))
    rest = _LEAD.sub("", " ".join(rest.split()).strip(" -–—|؛;")).strip()
    rest = _ERA.sub("", rest).lower()
    year, month, day = _take_numbers(rest)
    return JalaliReading(_checked(year, month, day), time, weekday)


def _take_time(text):
    match = _TIME.search(text)
    if not match:
        return None, text
    hour, minute, second = (int(part or 0) for part in match.groups())
    if hour > 23 or minute > 59 or second > 59 or len(match[2]) < 2:
        raise Refused("no_such_time")
    return datetime.time(hour, minute, second), f"{text[: match.start()]} {text[match.end() :]}"


def _take_weekday(text):
    match = _WEEKDAY.search(text)
    if not match:
        return None, text
    if match["english"]:
        number = WEEKDAYS_EN.index(match["english"].capitalize())
    else:
        number = 6 if match["friday"] else _WEEKDAY_PARTS[match["part"]]
    return number, f"{text[: match.start()]} {text[match.end() :]}"


def _take_numbers(text):
    """Give year, month and day as written, the year still as text so that its length can be judged."""
    if re.fullmatch("[0-9]{8}", text):
        return text[:4], int(text[4:6]), int(text[6:])
    if re.fullmatch("[0-9]{6}", text):
        raise Refused("two_digit_year")
    match = _NUMERIC.fullmatch(text)
    if match:
        return _from_numeric(*match.groups())
    match = _YEAR_FIRST.fullmatch(text)
    if match:
        return match[1], _MONTH_OF[match[2]], _small(match[3])
    match = _DAY_FIRST.fullmatch(text)
    if match:
        if not match[3]:
            raise Refused("year_missing")
        return match[3], _MONTH_OF[match[2]], _small(match[1])
    if _MONTH_AND_YEAR.fullmatch(text):
        raise Refused("day_missing")
    raise Refused("unreadable_date")


def _from_numeric(first, second, third):
    if third is None:
        raise Refused("day_missing" if len(first) == 4 or len(second) == 4 else "year_missing")
    if len(first) <= 2 and len(third) == 4:
        return third, _small(second), _small(first)
    if len(first) <= 2 and len(third) <= 2:
        raise Refused("two_digit_year")
    return first, _small(second), _small(third)


def _small(digits):
    if len(digits) > 2:
        raise Refused("unreadable_date")
    return int(digits)


def _checked(year, month, day):
    if len(year) <= 2:
        raise Refused("two_digit_year")
    if len(year) != 4:
        raise Refused("unreadable_date")
    year = int(year)
    if year >= FIRST_GREGORIAN_YEAR:
        raise Refused("gregorian_year", **_suggestion(year, month, day))
    return jalali_date(year, month, day)


def _suggestion(year, month, day):
    try:
        jalali = to_jalali(datetime.date(year, month, day))
    except ValueError:
        return {"suggestion": None}
    return {"suggestion": short(jalali)}


# --- writing -------------------------------------------------------------------------------------


def short(day):
    """Write 1404/11/05 in Latin digits."""
    jalali = to_jalali(day)
    return f"{jalali.year:04d}/{jalali.month:02d}/{jalali.day:02d}"


def iso(day):
    """Write 1404-11-05 in Latin digits."""
    return short(day).replace("/", "-")


def short_fa(day):
    """Write ۱۴۰۴/۱۱/۰۵."""
    return digits_to_persian(short(day))


def long_fa(day, weekday=False):
    """Write «۵ بهمن ۱۴۰۴», or «یکشنبه ۵ بهمن ۱۴۰۴»."""
    jalali = to_jalali(day)
    written = digits_to_persian(f"{jalali.day} {MONTHS_FA[jalali.month - 1]} {jalali.year}")
    return f"{weekday_fa(jalali)} {written}" if weekday else written


def long_en(day, weekday=False):
    """Write “5 Bahman 1404”, or “Sunday 5 Bahman 1404”."""
    jalali = to_jalali(day)
    written = f"{jalali.day} {MONTHS_EN[jalali.month - 1]} {jalali.year}"
    return f"{WEEKDAYS_EN[weekday_index(jalali)]} {written}" if weekday else written
