"""Office documents: the package written anew, properties and remarks emptied, names of authors blanked.

Nothing is taken apart that programs expect to find: a part stays where it was, only its words that are not the
document's own go. Tracked changes stay, by nobody; links lead nowhere; pictures are treated as pictures by themselves.
"""

import io
import re
import zipfile

from secretariat.nameless import pictures
from secretariat.nameless.errors import CannotBare

DEEPEST = 3  # a workbook within a slide within a document
_THEN = (1980, 1, 1, 0, 0, 0)
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OPC = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
_EXTENDED = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
_CUSTOM = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
_LABELS = "http://schemas.microsoft.com/office/2020/mipLabelMetadata"

# Whole parts in place of which an empty one stands: (name, what it says then).
_EMPTIED = [
    (re.compile(r"(^|/)docprops/core[^/]*\.xml$"), f'<cp:coreProperties xmlns:cp="{_OPC}"/>'),
    (re.compile(r"(^|/)docprops/app[^/]*\.xml$"), f'<Properties xmlns="{_EXTENDED}"/>'),
    (re.compile(r"(^|/)docprops/custom[^/]*\.xml$"), f'<Properties xmlns="{_CUSTOM}"/>'),
    (re.compile(r"(^|/)docprops/[^/]*\.xml$"), "<none/>"),
    (re.compile(r"(^|/)docmetadata/[^/]*\.xml$"), f'<clbl:labelList xmlns:clbl="{_LABELS}"/>'),
    (re.compile(r"(^|/)customxml/item\d*\.xml$"), "<none/>"),
]
# Remarks and who made them: the structure stays, every word of it goes.
_REMARKS = re.compile(
    r"(^|/)(comments[^/]*\.xml|comments/[^/]*\.xml|threadedcomments?/[^/]*\.xml|persons?/[^/]*\.xml|people\.xml"
    r"|comment?authors\.xml|authors\.xml|revisions/[^/]*\.xml|changesinfos?/[^/]*\.xml|tags/[^/]*\.xml)$"
)
_PRINTERS = re.compile(r"printersettings", re.I)
_PICTURES = {
    ".png": pictures.png, ".jpg": pictures.jpeg, ".jpeg": pictures.jpeg, ".gif": pictures.gif, ".webp": pictures.webp,
    ".tif": pictures.tiff, ".tiff": pictures.tiff, ".emf": pictures.emf,
}  # fmt: skip
# Dots or outlines and no place for words.
_AS_THEY_ARE = {".bmp", ".odttf", ".fntdata", ".wdp", ".wmf"}
_OFFICE = {".docx", ".xlsx", ".pptx"}
_MARKUP = {".xml", ".rels", ".vml", ".svg"}


def bare(data, depth=0):
    if depth > DEEPEST:
        raise CannotBare("documents within documents within documents")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as package, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
        for part in package.infolist():
            if part.is_dir() or _PRINTERS.search(part.filename):
                continue
            entry = zipfile.ZipInfo(part.filename, _THEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            copy.writestr(entry, _part(part.filename, package.read(part), depth))
    return out.getvalue()


def _part(name, data, depth):
    lower = name.lower()
    ending = "." + lower.rsplit(".", 1)[-1]
    if ending in _OFFICE:
        return bare(data, depth + 1)
    if ending in _PICTURES:
        return _PICTURES[ending](data)
    if ending in _AS_THEY_ARE:
        return data
    if ending in _MARKUP:
        return _markup(lower, text_of_part(data)).encode()
    raise CannotBare(f"a part of an unknown kind: {ending}")


def text_of_part(data):
    """The text of an XML part, by the encoding that it begins with."""
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    if "\x00" in text or any(word in text for word in ("<!DOCTYPE", "<!doctype", "<!ENTITY", "<![CDATA[")):
        raise CannotBare("an XML part with declarations")
    return text


# --- markup ----------------------------------------------------------------------------------------

_QUOTED = r"""(?:"[^"]*"|'[^']*')"""
_REST = rf"""(?:[^<>"']|{_QUOTED})*"""  # of a tag
_HEAD = re.compile(r"^\s*<\?xml[^>]*\?>\s*")
_ASIDE = re.compile(r"<!--.*?-->|<\?.*?\?>", re.S)
_TAG = re.compile(rf"<{_REST}>")
_PRINTER_LINES = re.compile(rf"<(?:Relationship|Override)\b{_REST}>")
_EXTERNAL = re.compile(r"""TargetMode\s*=\s*["']External["']""", re.I)
_TARGET = re.compile(rf"(\sTarget\s*=\s*){_QUOTED}")
_PAGE_SETUP = re.compile(rf"(<(?:\w+:)?pageSetup\b{_REST}?)\s\w+:id\s*=\s*{_QUOTED}")
_DAY = re.compile(r"""["']\d{4}-\d\d-\d\dT""")


def _attributes(*names):
    return re.compile(rf"((?:\s|:)(?:{'|'.join(names)})\s*=\s*)({_QUOTED})")


# Attributes that name somebody, whatever their prefix; in the parts of remarks also some that elsewhere name a style.
_NAMED = _attributes("author", "initials", "userName", "lastModifiedBy", "refreshedBy")
_NAMED_THERE = _attributes("name", "displayName", "userId", "providerId", "date", "dT", "dt", "created", "authorId")
_DATED = re.compile(rf"(\sw:date\s*=\s*)({_QUOTED})")
# How a picture was called before it was put in.
_PICTURE = re.compile(r"<\w+:(?:cNvPr|docPr)\b")
_CALLED = re.compile(rf"(\sname\s*=\s*|\so:title\s*=\s*)({_QUOTED})")
_DESCRIBED = re.compile(r"""(\sdescr\s*=\s*)("[^"]*(?:\\|/|\.\w{3,4})[^"]*"|'[^']*(?:\\|/|\.\w{3,4})[^']*')""")
# Elements that tell where the file lay, whom it was mailed to, who looked at it.
_PLACES = (
    "absPath", "docVars", "mailMerge", "attachedTemplate", "printerSettings", "fileSharing", "schemaRefs", "customWorkbookViews",
    "customSheetViews",
)  # fmt: skip
_DRAWN = ("metadata", "title", "desc")


def _element(name):
    return re.compile(rf"<((?:\w+:)?){name}\b{_REST}?(?:/>|>.*?</\1{name}\s*>)", re.S)


_ELEMENTS = {name: _element(name) for name in (*_PLACES, *_DRAWN)}


def _markup(name, text):
    for pattern, empty in _EMPTIED:
        if pattern.search(name):
            return _DECLARATION + empty
    text = _ASIDE.sub("", _HEAD.sub("", text))
    if name.endswith((".rels", "[content_types].xml")):
        return _DECLARATION + _PRINTER_LINES.sub(_line, text)
    is_remark = bool(_REMARKS.search(name))
    if is_remark:
        text = "".join(_TAG.findall(text))
    text = _TAG.sub(lambda tag: _tag(tag[0], is_remark), text)
    for element in (*_PLACES, *(_DRAWN if name.endswith(".svg") else ())):
        if element in text:
            text = _ELEMENTS[element].sub("", text)
    return _DECLARATION + _PAGE_SETUP.sub(r"\1", text)


def _tag(tag, is_remark):
    if "=" not in tag:
        return tag
    tag = _DATED.sub(_unsaid, _NAMED.sub(_unsaid, tag))
    if is_remark:
        tag = _NAMED_THERE.sub(_unsaid, tag)
    if "o:title" in tag or _PICTURE.match(tag):
        tag = _DESCRIBED.sub(_unsaid, _CALLED.sub(_unsaid, tag))
    return tag


def _unsaid(found):
    """A day stays a day and a number a number, else the document would not open; everything else becomes a dash."""
    if _DAY.match(found[2]):
        return found[1] + '"2000-01-01T00:00:00Z"'
    return found[0] if found[2][1:-1].isdecimal() else found[1] + '"-"'


def _line(found):
    """A line of a part's relations or of the package's contents."""
    if _PRINTERS.search(found[0]):
        return ""
    return _TARGET.sub(r'\1"about:blank"', found[0]) if _EXTERNAL.search(found[0]) else found[0]
