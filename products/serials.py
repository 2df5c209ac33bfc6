"""Reading the serial of a mark as people type it: any digits, with or without hyphens, check digit told apart."""

import re

from django.utils.translation import gettext as _
from stdnum import damm

from secretariat import calendar, persian
from secretariat.errors import RuleBroken

EXAMPLE = "1404-00012-9"


def written(year, number):
    """The serial of the `number`-th mark of a Jalali year, with its Damm check digit: "1404-00007-3"."""
    digits = f"{year}{number:05d}"
    return f"{digits[:4]}-{digits[4:]}-{damm.calc_check_digit(digits)}"


def read(typed):
    """The serial that somebody typed, as it is stored. Raises RuleBroken with what is wrong, field "serial"."""
    text, parts = _parts(typed)
    if not text or re.search(r"[^0-9\s\-–—_/.‐‑−]", text):
        raise RuleBroken(
            _("A serial consists of digits only, like %(example)s.") % {"example": calendar.digits(EXAMPLE)}, field="serial"
        )
    digits = "".join(parts)
    if len(digits) != 10:
        raise RuleBroken(
            _("A serial has 10 digits, like %(example)s; you wrote %(count)s.")
            % {"example": calendar.digits(EXAMPLE), "count": calendar.digits(len(digits))},
            field="serial",
        )
    if not damm.is_valid(digits):
        raise RuleBroken(
            _("The check digit does not agree: one of the digits is mistyped, or two are in each other's place."), field="serial"
        )
    return _spelt(digits)


def likely(typed):
    """The true serials that somebody may have meant: one digit changed, or two neighbours exchanged."""
    digits = "".join(_parts(typed)[1])
    if not re.fullmatch(r"[0-9]{10}", digits):
        return []
    near = {digits[:at] + digit + digits[at + 1 :] for at in range(10) for digit in "0123456789"}
    near |= {digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :] for at in range(9)}
    return sorted(_spelt(one) for one in near - {digits} if damm.is_valid(one))


def _parts(typed):
    """(the text with Latin digits, its groups of digits); a short running number gets its zeros: "1404-7-3"."""
    text = persian.digits_to_ascii(persian.canonical(str(typed)))
    parts = re.split(r"[\s\-–—_/.‐‑−]+", text.strip())
    if len(parts) == 3 and len(parts[0]) == 4 and len(parts[1]) <= 5 and len(parts[2]) == 1:
        parts[1] = parts[1].zfill(5)
    return text, parts


def _spelt(digits):
    return f"{digits[:4]}-{digits[4:9]}-{digits[9]}"
