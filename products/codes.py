"""The book and periodical numbers that the kinds ask for: ISBN and ISSN, with their check digits."""

import re

from secretariat import persian
from secretariat.persian import Refused


def isbn(text):
    """Give the thirteen digits of an ISBN; a ten-digit one is brought into the new form. Raises Refused."""
    code = _compact(text, "ISBN")
    if not re.fullmatch(r"[0-9]{13}|[0-9]{9}[0-9X]", code):
        raise Refused("not_an_isbn")
    if len(code) == 10:
        if sum((10 - place) * (10 if sign == "X" else int(sign)) for place, sign in enumerate(code)) % 11:
            raise Refused("wrong_check_digit")
        code = "978" + code[:9]
        return code + str(-_ean_sum(code) % 10)
    if not code.startswith(("978", "979")):
        raise Refused("not_an_isbn")
    if _ean_sum(code) % 10:
        raise Refused("wrong_check_digit")
    return code


def issn(text):
    """Give an ISSN as 1234-567X. Raises Refused."""
    code = _compact(text, "ISSN")
    if not re.fullmatch(r"[0-9]{7}[0-9X]", code):
        raise Refused("not_an_issn")
    if sum((8 - place) * (10 if sign == "X" else int(sign)) for place, sign in enumerate(code)) % 11:
        raise Refused("wrong_check_digit")
    return f"{code[:4]}-{code[4:]}"


def _ean_sum(digits):
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))


def _compact(text, label):
    code = persian.digits_to_ascii(persian.canonical(text)).upper().replace("شابک", "").replace("شاپا", "")
    return re.sub(rf"^{label}(-1[03])?:?|[\s:\-–‐‑]", "", code.strip())
