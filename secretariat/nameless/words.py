"""The text of a file, so that names can be looked for in it; and whether all of it could be read."""

import io
import re
import time
import zipfile
from dataclasses import dataclass, field
from html import unescape

from pypdf import PdfReader
from pypdf.generic import DictionaryObject, TextStringObject

from secretariat import persian
from secretariat.nameless.office import text_of_part
from secretariat.nameless.pdf import inside, things

MOST_PAGES = 600
MOST_SECONDS = 60
LEAST_KEY = 4  # letters and digits; shorter words are found everywhere


@dataclass
class Text:
    """What could be read: (page number or None, text); `is_whole` is False where something may have been missed."""

    pages: list = field(default_factory=list)
    is_whole: bool = True


def text_of(data, extension):
    """The text of a file of any accepted kind; pictures, sound and film have none that could be read here."""
    if extension == ".pdf":
        return _pdf(data)
    if extension in (".docx", ".xlsx", ".pptx"):
        return _office(data)
    return Text(is_whole=False)


def found(text, words):
    """[(word, page number or None)] for each of `words` that stands in the text, at its first place."""
    sought = {}
    for word in words:
        if len(key := persian.search_key(word)) >= LEAST_KEY:
            sought.setdefault(key, (word, _in_latin(key) if key.isascii() else _in_persian(word, key)))
    hits = []
    for page, said in text.pages:
        folded, plain = persian.search_key(said), said.casefold()
        for key, (word, stands_in) in list(sought.items()):
            if stands_in(folded, plain):
                hits.append((word, page))
                del sought[key]
    return hits


def _in_persian(word, key):
    """Spaces tell nothing there; and a PDF may hold Persian as it is seen: letters backwards, or words in backward order."""
    spellings = {key, key[::-1], persian.search_key(" ".join(reversed(word.split())))}
    return lambda folded, plain: any(spelling in folded for spelling in spellings)


def _in_latin(key):
    """As a word by itself, however its parts are joined: “iran pl” and “www.iran-pl.ir”, not “Iran plans”."""
    pattern = re.compile(r"(?<![a-z0-9])" + r"[\W_]*".join(map(re.escape, key)) + r"(?![a-z0-9])")
    return lambda folded, plain: bool(pattern.search(plain))


def _pdf(data):
    reader, read, end = PdfReader(io.BytesIO(data)), Text(), time.monotonic() + MOST_SECONDS
    for number, page in enumerate(reader.pages, 1):
        if number > MOST_PAGES or time.monotonic() > end:
            read.is_whole = False
            break
        said = page.extract_text() or ""
        # A page without letters is a picture of one.
        if not persian.search_key(said):
            read.is_whole = False
        read.pages.append((number, said))
    read.pages.append((None, "\n".join(_strings(reader.root_object))))
    return read


def _strings(root):
    """Words beside the pages: headings of the outline, descriptions of pictures, what is written into fields."""
    for thing in things(root):
        for value in inside(thing):
            if isinstance(value, TextStringObject) and len(value) >= LEAST_KEY:
                yield str(value)
        if isinstance(thing, DictionaryObject) and thing.get("/Subtype") == "/Form" and "/BBox" in thing:
            yield _drawn_text(thing)


def _drawn_text(form):
    """The text of a drawing (a stamp, a filled-in field), as far as its strings are written in letters."""
    try:
        return " ".join(piece.decode("latin-1") for piece in re.findall(rb"\(((?:[^()\\]|\\.)*)\)", form.get_data()))
    except Exception:  # a drawing that cannot be unpacked shows nothing either
        return ""


_SHOWN = re.compile(r"<[^>]*?\b(?:descr|title|alt|w:instr)\s*=\s*\"([^\"]*)\"[^>]*>")
_TAGS = re.compile(r"<[^>]*>")
# Where a word ends: paragraphs, cells, breaks; runs within a paragraph belong together.
_ENDS = re.compile(r"</(?:w:p|a:p|si|c|v|w:tc)>|<(?:w:br|w:tab|w:cr)\b[^>]*>")


def _office(data):
    read = Text()
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for part in package.infolist():
            name = part.filename.lower()
            if name.endswith((".xml", ".rels")):
                markup = text_of_part(package.read(part))
                shown = _TAGS.sub("", _ENDS.sub("\n", markup))
                read.pages.append((None, unescape("\n".join([shown, *_SHOWN.findall(markup)]))))
            elif name.endswith(
                (".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".emf", ".wmf", ".bmp", ".svg", ".webp", ".wdp")
            ):
                read.is_whole = False  # a picture may show a name
    return read
