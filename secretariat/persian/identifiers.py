"""Iranian identifiers: each is checked, refused with a named reason, and given in the one form that is stored."""

import re
import secrets

from stdnum import damm
from stdnum.iso7064 import mod_97_10

from .refusal import Refused
from .text import ZWNJ, digits_to_ascii, strip_invisible

# What people put between the digits of a number: spaces of every kind, half-spaces, hyphens and dashes.
_SEPARATORS = re.compile(rf"[\s{ZWNJ}\-\u2010-\u2015\u2212\ufe63\uff0d]")


def compact(value):
    """Drop the separators of a typed identifier and make its digits ASCII; a cell of a sheet may be a number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**40 else ""
    if value is None:
        raise Refused("empty")
    if not isinstance(value, str):
        raise Refused("not_text")
    text = _SEPARATORS.sub("", strip_invisible(digits_to_ascii(value)))
    if not text:
        raise Refused("empty")
    return text


def _digits(value, length):
    text = compact(value)
    if not re.fullmatch("[0-9]+", text):
        raise Refused("not_digits")
    if len(text) < length:
        raise Refused("too_short", length=length, count=len(text))
    if len(text) > length:
        raise Refused("too_long", length=length, count=len(text))
    return text


# --- people and organisations --------------------------------------------------------------------


def national_code(value):
    """Check a typed national code: ten digits, leading zeros included, no repeated digit, check digit right."""
    code = _digits(value, 10)
    if len(set(code)) == 1:
        raise Refused("repeated_digit")
    rest = sum(int(digit) * weight for digit, weight in zip(code, range(10, 1, -1), strict=False)) % 11
    if int(code[9]) != (rest if rest < 2 else 11 - rest):
        raise Refused("wrong_check_digit")
    return code


def national_code_from_sheet(value):
    """Check a national code of a spreadsheet, which may have lost one or two leading zeros."""
    text = compact(value)
    return national_code(text.zfill(10) if re.fullmatch("[0-9]{8,9}", text) else text)


_LEGAL_WEIGHTS = (29, 27, 23, 19, 17) * 2


def legal_id(value):
    """Check the eleven-digit national id of a legal person."""
    code = _digits(value, 11)
    shift = int(code[9]) + 2
    rest = sum((int(digit) + shift) * weight for digit, weight in zip(code, _LEGAL_WEIGHTS, strict=False)) % 11
    if int(code[10]) != rest % 10:
        raise Refused("wrong_check_digit")
    return code


# --- ways to reach them --------------------------------------------------------------------------


def mobile(value):
    """Give the E.164 form (+989…) of an Iranian mobile number however it was typed."""
    text = compact(value).replace("(", "").replace(")", "")
    if not re.fullmatch(r"\+?[0-9]+", text):
        raise Refused("not_digits")
    match = re.fullmatch(r"(?:(?:\+|00)?98)?0?(9[0-9]{9})", text)
    if not match:
        raise Refused("not_a_mobile")
    return "+98" + match[1]


def mobile_national(stored):
    """Write a stored mobile number as people read it: 09120000000."""
    return "0" + stored[3:] if stored.startswith("+98") else stored


def postal_code(value):
    """Give the ten digits of a postal code and a doubt about them, or None when there is none."""
    code = _digits(value, 10)
    if len(set(code)) == 1:
        return code, "repeated_digit"
    if set(code[:5]) & {"0", "2"}:
        return code, "unusual_postal_code"
    return code, None


def iban(value):
    """Give an Iranian IBAN (شبا) without gaps: IR and 24 digits, checked by modulus 97."""
    text = compact(value).upper()
    if re.fullmatch("[0-9]{24}", text):
        raise Refused("iban_without_country")
    if not re.fullmatch("IR[0-9]+", text):
        raise Refused("not_an_iban")
    if len(text) != 26:
        raise Refused("too_short" if len(text) < 26 else "too_long", length=24, count=len(text) - 2)
    # The country table of stdnum.iban has no IR, so the modulus is used directly.
    if not mod_97_10.is_valid(text[4:] + text[:4]):
        raise Refused("wrong_check_digit")
    return text


def iban_display(stored):
    """Write an IBAN in groups of four."""
    return " ".join(stored[start : start + 4] for start in range(0, len(stored), 4))


# --- tracking codes ------------------------------------------------------------------------------


def tracking_code(value):
    """Check a tracking code: two digits of the year, six random digits, one Damm digit."""
    code = _digits(value, 9)
    if not damm.is_valid(code):
        raise Refused("wrong_check_digit")
    return code


def new_tracking_code(jalali_year, random_below=secrets.randbelow):
    """Draw a tracking code for a Jalali year; the caller holds the uniqueness."""
    body = f"{jalali_year % 100:02d}{random_below(10**6):06d}"
    return body + damm.calc_check_digit(body)


def tracking_code_display(stored):
    """Write a tracking code in groups of three: 043-185-725."""
    return "-".join(stored[start : start + 3] for start in range(0, len(stored), 3))
