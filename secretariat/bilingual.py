"""Text kept in two columns, shown in the reader's language."""

import datetime

from django.utils.translation import get_language, override

from secretariat import calendar


class Bilingual:
    """`title = Bilingual("title")` reads `title_en` for English readers where it is filled, else `title_fa`."""

    def __init__(self, stem):
        self.stem = stem

    def __get__(self, obj, owner=None):
        if obj is None:
            return self
        return in_language(getattr(obj, f"{self.stem}_fa"), getattr(obj, f"{self.stem}_en"))


def in_language(fa, en):
    """The one of two texts that the present reader reads, never an empty one if the other is filled."""
    if (get_language() or "fa").startswith("fa"):
        return fa or en
    return en or fa


def both(text, **values):
    """A lazy text in both languages, (Persian, English), for what is written once and read by either.

    `values` fill its %(placeholders)s, each written in its language: objects by their name, whole numbers by their
    digits, days as dates. A callable (for plurals, say) is called once in each language.
    """
    return tuple(_written(text, values, language) for language in ("fa", "en"))


def _written(text, values, language):
    with override(language):
        words = str(text() if callable(text) else text)
        return words % {name: _value(value) for name, value in values.items()} if values else words


def _value(value):
    if isinstance(value, datetime.date):
        return calendar.long_date(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return calendar.digits(value)
    return str(value)
