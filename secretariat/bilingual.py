"""Text kept in two columns, shown in the reader's language."""

from django.utils.translation import get_language


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
