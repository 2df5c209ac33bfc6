"""Persian text: the form that is stored, the key that is searched, the key that is sorted."""

import re
import unicodedata

PERSIAN_DIGITS = "۰۱۲۳۴۵۶۷۸۹"
ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩"
ZWNJ = "\u200c"
RIAL_SIGN = "\ufdfc"

_TO_ASCII = str.maketrans(PERSIAN_DIGITS + ARABIC_DIGITS, "0123456789" * 2)
_TO_PERSIAN = str.maketrans("0123456789" + ARABIC_DIGITS, PERSIAN_DIGITS * 2)

# Marks that only steer the drawing of a line, and characters that cannot be seen at all.
BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = BIDI_CONTROLS + "\ufeff\u00ad\u200b\u2060"
_TATWEEL = "\u0640"
_DROPPED = dict.fromkeys(map(ord, _INVISIBLE + _TATWEEL))
_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک"})
_SPACES = dict.fromkeys([0x09, 0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")

_PRESENTATION = re.compile("[\ufb50-\ufdfb\ufdfd-\ufdff\ufe70-\ufefc]")
_GAP = re.compile(f"[ {ZWNJ}]+")
_ZWNJ_AT_BREAK = re.compile(f"{ZWNJ}?([\r\n]){ZWNJ}?")


def digits_to_ascii(text):
    """Turn Persian and Arabic-Indic digits into 0-9; everything else stays as it is."""
    return text.translate(_TO_ASCII)


def digits_to_persian(text):
    """Turn 0-9 and Arabic-Indic digits into ۰-۹; everything else stays as it is."""
    return text.translate(_TO_PERSIAN)


def strip_invisible(text):
    """Drop bidi controls, BOM, soft hyphens and zero-width spaces, which arrive with pasted text."""
    return text.translate(dict.fromkeys(map(ord, _INVISIBLE)))


def _unfold(match):
    # An isolated mark decomposes to a space and the mark; the space is not part of the text.
    return unicodedata.normalize("NFKC", match[0]).lstrip(" ") or match[0]


def _compose(text):
    """NFC with one form for each letter, and the hamza joins that NFC leaves apart."""
    text = unicodedata.normalize("NFC", text).translate(_LETTERS)
    # NFC knows U+06C0 only as U+06D5 + hamza and U+0626 only as U+064A + hamza.
    return text.replace("ه\u0654", "\u06c0").replace("ی\u0654", "\u0626")


def canonical(text):
    """Give the stored form of a text: one code point per letter, nothing invisible, tidy spaces and half-spaces.

    Hamza letters, ۀ, ة, vowel marks, the rial sign, line breaks and the digits of prose are kept.
    """
    text = _PRESENTATION.sub(_unfold, text).translate(_DROPPED)
    text = unicodedata.normalize("NFC", _compose(text))
    text = _GAP.sub(lambda gap: " " if " " in gap[0] else ZWNJ, text.translate(_SPACES))
    text = _ZWNJ_AT_BREAK.sub(r"\1", text)
    return text.strip(" \r\n" + ZWNJ)


# --- searching -----------------------------------------------------------------------------------

_SEARCH_LETTERS = str.maketrans(
    {
        **dict.fromkeys("آأإٱٲٳ", "ا"),
        "ؤ": "و",
        **dict.fromkeys("ئيىےې", "ی"),
        **dict.fromkeys("كڪ", "ک"),
        **dict.fromkeys("ةۀہھەۃ", "ه"),
        "ء": None,
        "\u0674": None,
    }
)
_SEARCH_SKIPPED = ("M", "P", "Z", "C")
_ASCII_SYMBOLS = "+<=>^`|~"  # punctuation to a reader, symbols to Unicode


def search_key(text):
    """Give what two spellings of the same words have in common; an empty key matches nothing."""
    text = unicodedata.normalize("NFKD", canonical(text)).casefold()
    # Folding case can bring new marks (İ), so the text is taken apart again before they are dropped.
    text = unicodedata.normalize("NFKD", text)
    skipped = _ASCII_SYMBOLS + _TATWEEL
    text = "".join(c for c in text if unicodedata.category(c)[0] not in _SEARCH_SKIPPED and c not in skipped)
    return digits_to_ascii(text.translate(_SEARCH_LETTERS))


def search_match(query, text):
    """Tell whether a text contains what was asked for, whatever the spelling of either."""
    key = search_key(query)
    return bool(key) and key in search_key(text)


# Titles before a name, with whatever parts them from it; written as the folded letters have them.
TITLES = (
    "دکتر|مهندس|استاد|پروفسور|اقای|اقا|خانم|سرکار|جناب|حاج|شیخ|سیده?|ایت ?الله|حجت ?الاسلام( ?و ?المسلمین)?"
    "|dr|prof|professor|mr|mrs|ms|eng"
)
TITLES_BEFORE = rf"^[ .]*(({TITLES})[ .]+)+"


def name_key(text):
    """Give what two writings of one person's name have in common: the search key without the titles before it."""
    text = digits_to_ascii(canonical(text).casefold().translate(_SEARCH_LETTERS))
    text = "".join(c for c in text if c == " " or c == "." or unicodedata.category(c)[0] not in _SEARCH_SKIPPED)
    return search_key(re.sub(TITLES_BEFORE, "", text))


# --- sorting -------------------------------------------------------------------------------------
# The weights follow the CLDR collation `fa`: spaces, punctuation, symbols, digits, Persian letters, Latin letters.
# A key has three levels, as a collation has: letters, then marks and variants, then case.

_PUNCTUATION_ORDER = "_-,،;؛:!?؟.'\"«»()[]{}@*/\\&#%٪`^+<=>|~$"
ALPHABET = (
    "آ", "اٱ", "ءأٲإٳؤئ", "ب", "پ", "ت", "ث", "ج", "چ", "ح", "خ", "د", "ذ", "ر", "ز", "ژ", "س", "ش", "ص", "ض", "ط",
    "ظ", "ع", "غ", "ف", "ق", "کڪك", "گ", "ل", "م", "ن", "و", "هەہةۀھ", "یىےيې",
)  # fmt: skip
_OTHER, _DIGIT, _PERSIAN, _LATIN, _FOREIGN = 0x80, 0x90, 0xA0, 0x100, 0x200
_LEVEL_END = "\u0001"
_FIRST_VARIANT = 0x20


def _weights():
    table = {" ": (" ", 0)}
    for place, char in enumerate(_PUNCTUATION_ORDER):
        table[char] = (chr(0x21 + place), 0)
    for value in range(10):
        for variant, digits in enumerate(("0123456789", PERSIAN_DIGITS, ARABIC_DIGITS)):
            table[digits[value]] = (chr(_DIGIT + value), variant)
    for place, letters in enumerate(ALPHABET):
        for variant, letter in enumerate(letters):
            table[letter] = (chr(_PERSIAN + place), variant)
    for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz"):
        table[letter] = (chr(_LATIN + place), 0)
    return table


_WEIGHTS = _weights()


def _weight(char):
    known = _WEIGHTS.get(char)
    if known:
        return known
    if char.isspace():
        return _WEIGHTS[" "]
    # Letters of other scripts after Latin, other signs before the digits, each by code point.
    return (chr(_FOREIGN if char.isalpha() else _OTHER) + char, 0)


def _sortable(text):
    """Yield the characters that carry weight, taken apart except for the letters of the alphabet."""
    for char in canonical(text):
        if char in _WEIGHTS or char.lower() in _WEIGHTS:
            yield char
        else:
            yield from unicodedata.normalize("NFKD", char).translate(_LETTERS)


def sort_key(text):
    """Give a string whose plain code-point order is the Persian dictionary order of the text."""
    letters, variants, cases = [], [], []
    for char in _sortable(text):
        category = unicodedata.category(char)
        if category.startswith("M"):
            variants.append(chr(0x40 + ord(char)))
            continue
        if category.startswith("C") and not char.isspace():
            continue
        lower = char.lower() if len(char.lower()) == 1 else char
        weight, variant = _weight(lower)
        letters.append(weight)
        variants.append(chr(_FIRST_VARIANT + variant))
        cases.append("1" if lower != char else "0")
    return _LEVEL_END.join(["".join(letters), "".join(variants), "".join(cases).rstrip("0")])
