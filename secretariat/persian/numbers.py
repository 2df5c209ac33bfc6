"""Numbers as people type and read them in Persian, and the two units of money."""

import re
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from .refusal import Refused
from .text import digits_to_ascii, digits_to_persian, strip_invisible

_MINUS_FA = "\u200e\u2212"  # CLDR puts the left-to-right mark before the minus so that it stays at the left
_PERCENT_FA = "٪"
_GROUP_FA, _DECIMAL_FA = "٬", "٫"

_MAX_DIGITS = 60  # far past any sum or score; keeps hostile input short

_MINUS_SIGNS = str.maketrans(dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d", "-"))
_GROUP_SIGNS = ",،٬'\u2019 \u00a0\u202f\u2009"
_NUMBER = re.compile(
    rf"""(?P<sign>[-+]?)
    (?P<whole>[0-9]+|[0-9]{{1,3}}(?:(?P<group>[{_GROUP_SIGNS}])[0-9]{{3}})(?:(?P=group)[0-9]{{3}})*|(?=[.٫]))
    (?:[.٫](?P<fraction>[0-9]+))?""",
    re.VERBOSE,
)


def parse_number(text):
    """Read a typed number exactly: an int, or a Decimal when it has a fraction.

    All kinds of digits, ٬ and comma between thousands, ٫ or a full stop before the fraction, one percent sign.
    A solidus is refused: in a score it may mean «three and a half» or «three out of five».
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float | Decimal):
        raise Refused("not_a_number")
    if not isinstance(text, str):
        text = _plain(text)
    typed = digits_to_ascii(strip_invisible(text)).translate(_MINUS_SIGNS).strip()
    if not typed:
        raise Refused("empty")
    typed = _without_percent(typed)
    if "/" in typed and re.fullmatch(r"[-+]?[0-9]+\s*/\s*[0-9]+", typed):
        raise Refused("solidus")
    match = _NUMBER.fullmatch(typed)
    if not match:
        raise Refused("not_a_number")
    whole = re.sub(rf"[{_GROUP_SIGNS}]", "", match["whole"]) or "0"
    if len(whole) > _MAX_DIGITS or len(match["fraction"] or "") > _MAX_DIGITS:
        raise Refused("number_too_long")
    sign = "-" if match["sign"] == "-" else ""
    if match["fraction"]:
        return Decimal(f"{sign}{whole}.{match['fraction']}")
    return int(Decimal(sign + whole))


def _without_percent(typed):
    for sign in "%٪":
        if typed.endswith(sign):
            return typed[:-1].rstrip()
        if typed.startswith(sign):
            return typed[1:].lstrip()
    return typed


def _exact(value):
    """Give the number as a finite Decimal, reading a float by its shortest text."""
    if isinstance(value, bool):
        raise Refused("not_a_number")
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, TypeError, ValueError):
        raise Refused("not_a_number") from None
    if not number.is_finite():
        raise Refused("not_a_number")
    if abs(number.adjusted()) > _MAX_DIGITS or len(number.as_tuple().digits) > _MAX_DIGITS:
        raise Refused("number_too_long")
    return number


def _plain(value):
    return f"{_exact(value):f}"


def grouped(value, places=None, max_places=3):
    """Write a number in Latin digits with commas: exactly `places` decimals, or at most `max_places`."""
    number = _exact(value)
    kept = max_places if places is None else places
    if -number.as_tuple().exponent > kept:
        number = number.quantize(Decimal(1).scaleb(-kept), ROUND_HALF_UP, Context(prec=4 * _MAX_DIGITS))
    written = f"{number:,f}" if places is None else f"{number:,.{places}f}"
    if places is None and "." in written:
        written = written.rstrip("0").rstrip(".")
    return written[1:] if written.startswith("-") and not written.strip("-0.,") else written


def display_fa(value, places=None, max_places=3):
    """Write a number for a Persian reader: ۱٬۲۳۴٫۵."""
    written = grouped(value, places, max_places)
    written = digits_to_persian(written).translate({ord(","): _GROUP_FA, ord("."): _DECIMAL_FA})
    return _MINUS_FA + written[1:] if written.startswith("-") else written


def percent_fa(value, places=None, max_places=3):
    """Write a percentage for a Persian reader, the sign after the number: ۱۲٪."""
    return display_fa(value, places, max_places) + _PERCENT_FA


# --- words ---------------------------------------------------------------------------------------

_ONES = (
    "", "یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه", "ده", "یازده", "دوازده", "سیزده", "چهارده",
    "پانزده", "شانزده", "هفده", "هجده", "نوزده",
)  # fmt: skip
_TENS = ("", "", "بیست", "سی", "چهل", "پنجاه", "شصت", "هفتاد", "هشتاد", "نود")
_HUNDREDS = ("", "یکصد", "دویست", "سیصد", "چهارصد", "پانصد", "ششصد", "هفتصد", "هشتصد", "نهصد")
_SCALES = ("", "هزار", "میلیون", "میلیارد", "تریلیون", "کوادریلیون", "کوینتیلیون")
_FRACTIONS = ("", "دهم", "صدم", "هزارم", "ده‌هزارم", "صدهزارم", "میلیونیم")
_AND = " و "


def words_fa(value):
    """Write a number in words for certificates: «یک هزار و دویست و سی و چهار», 110 as «یکصد و ده»."""
    number = _exact(value)
    negative, number = number < 0, abs(number)
    written = f"{number:f}"
    whole_digits, _, fraction_digits = written.partition(".")
    fraction_digits = fraction_digits.rstrip("0")
    if len(whole_digits.lstrip("0")) > 3 * len(_SCALES) or len(fraction_digits) >= len(_FRACTIONS):
        raise Refused("number_too_long")
    whole = int(whole_digits)
    parts = [_whole_words(whole)] if whole or not fraction_digits else []
    if fraction_digits:
        parts.append(f"{_whole_words(int(fraction_digits))} {_FRACTIONS[len(fraction_digits)]}")
    return ("منفی " if negative else "") + _AND.join(parts)


def _whole_words(number):
    if number == 0:
        return "صفر"
    groups = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            groups.insert(0, f"{_below_thousand(group)} {scale}".strip())
    return _AND.join(groups)


def _below_thousand(number):
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    parts = (_HUNDREDS[hundreds], _ONES[rest]) if rest < 20 else (_HUNDREDS[hundreds], _TENS[tens], _ONES[ones])
    return _AND.join(part for part in parts if part)


# --- money ---------------------------------------------------------------------------------------

RIAL_PER_TOMAN = 10


def rial_to_toman(rial):
    """Turn whole rial into toman: an int, or a Decimal when the last digit is not zero."""
    toman, rest = divmod(_whole(rial), RIAL_PER_TOMAN)
    return toman if not rest else Decimal(_whole(rial)) / RIAL_PER_TOMAN


def toman_to_rial(toman):
    """Turn toman into whole rial; a part of a rial is refused."""
    return _whole(_exact(toman) * RIAL_PER_TOMAN)


def _whole(value):
    number = parse_number(value) if isinstance(value, str) else _exact(value)
    if number != int(number):
        raise Refused("part_of_a_rial")
    return int(number)
