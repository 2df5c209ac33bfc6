"""Words in a text that may tell who wrote it: names, places of work, addresses, telephone numbers."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from secretariat.persian import digits_to_ascii, search_key

# Words of three letters and more; shorter ones are in every text.
LEAST_LETTERS = 3
_WORD = re.compile(r"[^\W\d_]+(?:\u200c[^\W\d_]+)*")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_TELEPHONE = re.compile(r"(?<!\d)(?:\+98|0098|0)\d{9,10}(?!\d)")
# How people speak of their own work: whoever knows the field knows whose it is.
_OWN = re.compile(
    r"(?:کتاب|مقاله|پژوهش|پایان[\u200c ]?نامه|دانشگاه|مؤسسه|موسسه|انتشارات|شرکت|دانشکده|گروه)[\u200c ]?(?:ام|مان|ی? ما|ی? من|‌ی? اینجانب)(?!\w)"
    r"|\b(?:my|our) (?:book|article|paper|institute|university|publisher|company|students?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Hint:
    """A place in a text, `start` to `end`, and what it may give away."""

    start: int
    end: int
    why: str


def identity_hints(text, names):
    """The Hints in a text, in order and without overlap; `names` are {name of a person or place: what it is}.

    A name is found by any of its words with three letters or more, however it is spelt (ی/ي, half-space, case).
    """
    wanted = {}
    for name, what in names.items():
        for word in _WORD.findall(name):
            key = search_key(word)
            if len(key) >= LEAST_LETTERS and key not in COMMON:
                wanted.setdefault(key, what)
    found = [Hint(m.start(), m.end(), _("an address")) for m in (*_MAIL.finditer(text), *_LINK.finditer(text))]
    found += [Hint(m.start(), m.end(), _("a telephone number")) for m in _TELEPHONE.finditer(digits_to_ascii(text))]
    found += [Hint(m.start(), m.end(), _("speaks of the writer's own work")) for m in _OWN.finditer(text)]
    found += [Hint(m.start(), m.end(), wanted[key]) for m in _WORD.finditer(text) if (key := search_key(m[0])) in wanted]
    kept, end = [], 0
    for hint in sorted(found, key=lambda hint: (hint.start, -hint.end)):
        if hint.start >= end:
            kept.append(hint)
            end = hint.end
    return kept


# Words of institutions' names that every review uses.
COMMON = frozenset(
    search_key(word)
    for word in ["سازمان", "وزارت", "مؤسسه", "موسسه", "دانشگاه", "کتاب", "کتابخانه", "فرهنگ", "فرهنگی", "هنر", "هنری", "اسلامی", "ایران", "جمهوری", "مرکز", "کانون", "بنیاد", "شورای", "شورا", "ستاد", "امور", "عمومی", "انقلاب", "ملی", "کشور", "علوم", "تبلیغات", "ارتباطات", "آموزش", "پژوهش", "پژوهشگاه", "پرورش", "فکری", "کودکان", "نوجوانان", "جوانان", "ارشاد", "the", "and", "for", "organization", "organisation", "ministry", "institute", "university", "culture", "cultural", "art", "arts", "islamic", "iran", "national", "public", "book", "books", "library", "libraries", "centre", "center", "foundation", "council"]
)
