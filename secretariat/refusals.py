"""What is said of a date, a number, a code or a text that cannot be taken: the sentence, in the reader's language and digits."""

import jdatetime
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from secretariat import persian

EXAMPLE_DATE = "1404/11/05"
EXAMPLE_TIME = "14:30"
LONGEST_TEXT = 20_000  # letters of any text that is typed, where nothing narrower is asked
TOO_LONG = _("At most %(most)s letters fit here; this is %(over)s more. It is saved once it is shorter.")

REFUSALS = {
    "not_text": _("Enter a text."),
    "empty": _("This field is required."),
    # numbers
    "not_a_number": _("This is not a number. Write it like %(example_number)s."),
    "number_too_long": _("This number is too long."),
    "solidus": _("Write the fraction with ٫ or a full stop, not with a slash."),
    "not_whole": _("Enter a whole number."),
    # identifiers
    "not_digits": _("Use digits only."),
    "too_short": _("%(length)s digits are needed; you wrote %(count)s."),
    "too_long": _("%(length)s digits are needed; you wrote %(count)s."),
    "repeated_digit": _("All the digits are the same."),
    "wrong_check_digit": _("The check digit does not agree: one of the digits is mistyped."),
    "not_a_mobile": _("This is not an Iranian mobile number. Write it like %(example_mobile)s."),
    "iban_without_country": _("Write IR before the 24 digits."),
    "not_an_iban": _("An Iranian IBAN is IR and 24 digits."),
    "unusual_postal_code": _("The first five digits of a postal code seldom hold 0 or 2; check it once more."),
    # dates
    "two_digit_year": _("Write the year with four digits, as in %(example_date)s."),
    "gregorian_year": _("This year is Gregorian. Write the Jalali date, as in %(example_date)s."),
    "gregorian_date": _("This date is Gregorian. In the Jalali calendar it is %(suggestion)s."),
    "no_such_month": _("There is no month %(month)s: months are 1 to 12."),
    "no_such_day": _("There is no day %(day)s in this month: %(month_name)s %(year)s has %(last)s days."),
    "no_such_time": _("There is no such time of day."),
    "year_out_of_range": _("The year %(year)s is too far from today."),
    "year_missing": _("The year is missing. Write the date like %(example_date)s."),
    "day_missing": _("The day is missing. Write the date like %(example_date)s."),
    "unreadable_date": _("This could not be read as a date. Write it like %(example_date)s or %(example_long)s."),
    "weekday_contradicts": _("%(date)s is a %(weekday)s. Correct the date or the weekday."),
    "too_early": _("The date must not be before %(limit)s."),
    "too_late": _("The date must not be after %(limit)s."),
}


def in_persian():
    return (get_language() or "fa").startswith("fa")


def digits(value):
    """Write digits as the reader reads them."""
    return persian.digits_to_persian(str(value)) if in_persian() else str(value)


def long_day(day):
    return persian.long_fa(day) if in_persian() else persian.long_en(day)


def why_too_long(text, most=LONGEST_TEXT):
    """The sentence on a text of more letters than fit, "" on any other: nothing that was typed is cut off unseen."""
    write = persian.display_fa if in_persian() else persian.grouped
    return TOO_LONG % {"most": write(most), "over": write(len(text) - most)} if len(text) > most else ""


def refusal(code, messages=REFUSALS, **params):
    """Make the ValidationError of a refusal, its numbers written in the reader's digits."""
    if code == "gregorian_year" and params.get("suggestion"):
        code = "gregorian_date"
    params = {name: digits(value) for name, value in params.items()}
    if code == "no_such_day":
        names = persian.MONTHS_FA if in_persian() else persian.MONTHS_EN
        params["month_name"] = names[int(persian.digits_to_ascii(params["month"])) - 1]
    params.update(
        example_date=digits(EXAMPLE_DATE),
        example_long=long_day(jdatetime.date(1404, 11, 5)),
        example_number=persian.display_fa(12345.5) if in_persian() else "12,345.5",
        example_mobile=digits("09120000000"),
    )
    return ValidationError(messages.get(code) or REFUSALS[code], code=code, params=params)
