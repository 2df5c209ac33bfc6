"""PDF: written anew from its pages, without the fields in which programs leave names, dates, addresses and remarks.

Of the catalogue, of pages and of annotations only what is listed here is kept; from every other dictionary the keys go
that hold properties and not content. Earlier states of the file, and whatever no page leads to, are not written at all.
"""

import io

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, StreamObject, TextStringObject

from secretariat.nameless import pictures
from secretariat.nameless.errors import CannotBare

MOST_OBJECTS = 400_000

_CATALOGUE = {
    "/Type", "/Pages", "/PageMode", "/PageLayout", "/Outlines", "/OCProperties", "/Lang", "/PageLabels", "/StructTreeRoot",
    "/MarkInfo", "/Dests",
}  # fmt: skip
_PAGES = {"/Type", "/Kids", "/Count", "/Parent", "/Resources", "/MediaBox", "/CropBox", "/Rotate"}
_PAGE = {
    "/Type", "/Parent", "/Resources", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/Rotate", "/UserUnit",
    "/Contents", "/Group", "/Annots", "/StructParents", "/Tabs",
}  # fmt: skip
_STRUCTURE = {"/Type", "/K", "/ParentTree", "/ParentTreeNextKey", "/RoleMap", "/ClassMap", "/Namespaces"}
_ELEMENT = {"/Type", "/S", "/P", "/K", "/Pg", "/A", "/C", "/R", "/Lang", "/Alt", "/ActualText", "/E", "/NS"}
_ANNOTATION = {
    "/Type", "/Subtype", "/Rect", "/AP", "/AS", "/F", "/Border", "/BS", "/BE", "/C", "/IC", "/QuadPoints", "/L", "/LE",
    "/Vertices", "/InkList", "/CA", "/Q", "/MK", "/CL", "/RD", "/H", "/Dest", "/A", "/OC", "/StructParent", "/FT", "/Ff",
}  # fmt: skip
# Remarks between people, not the work.
_REMARKS = {"/Text", "/Popup", "/FileAttachment", "/Sound", "/Movie", "/Screen", "/Watermark", "/Redact"}
_ANYWHERE = {"/Metadata", "/PieceInfo", "/LastModified", "/AF", "/OPI", "/CreatorInfo", "/AA", "/PZ"}
_ACTIONS = {
    "/URI", "/GoToR", "/GoToE", "/Launch", "/SubmitForm", "/ImportData", "/JavaScript", "/Named", "/Thread", "/Rendition",
    "/Sound", "/Movie", "/Hide", "/ResetForm", "/SetOCGState", "/Trans", "/GoTo3DView", "/RichMediaExecute",
}  # fmt: skip


def bare(data):
    first = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    _clean(first.root_object)
    # Read again, so that only what the pages still lead to is written: nothing that was cut off stays in the bytes.
    return _written(PdfWriter(clone_from=PdfReader(io.BytesIO(_written(first)))))


def _written(writer):
    writer.metadata = None
    writer._ID = None  # made of the first file's name, date and author
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


# --- walking ---------------------------------------------------------------------------------------


def things(root):
    """Every dictionary and array that `root` leads to, each once, the outer ones first."""
    waiting, seen = [root], set()
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, IndirectObject):
            if thing.idnum in seen:
                continue
            seen.add(thing.idnum)
            if len(seen) > MOST_OBJECTS:
                raise CannotBare("too many parts")
            thing = thing.get_object()
        if isinstance(thing, DictionaryObject | ArrayObject):
            yield thing
            waiting.extend(inner for inner in inside(thing) if isinstance(inner, IndirectObject | DictionaryObject | ArrayObject))


def inside(thing):
    """The values of a dictionary or array, references unfollowed."""
    if isinstance(thing, DictionaryObject):
        return [thing.raw_get(key) for key in thing]
    return [list.__getitem__(thing, place) for place in range(len(thing))]


def _clean(root):
    _keep(root, _CATALOGUE | {"/Names"})
    if "/Names" in root:
        _keep(root["/Names"].get_object(), {"/Dests"})
    if "/StructTreeRoot" in root:
        _keep(root["/StructTreeRoot"].get_object(), _STRUCTURE)
    if "/OCProperties" in root:
        _clean_layers(root["/OCProperties"].get_object())
    for thing in things(root):
        if isinstance(thing, DictionaryObject):
            _clean_one(thing)


def _clean_one(thing):
    for key in _ANYWHERE & thing.keys():
        del thing[key]
    kind = thing.get("/Type")
    if kind == "/Page":
        _clean_page(thing)
    elif kind == "/Pages":
        _keep(thing, _PAGES)
    elif kind == "/OCG":
        _clean_layer(thing)
    elif "/S" in thing and "/P" in thing and kind in (None, "/StructElem"):
        _keep(thing, _ELEMENT)
    if "/A" in thing and _leads_away(thing["/A"]):
        del thing["/A"]
    if isinstance(thing, StreamObject):
        _clean_picture(thing)


def _keep(thing, keys):
    for key in thing.keys() - keys:
        del thing[key]


def _leads_away(action):
    action = action.get_object()
    return isinstance(action, DictionaryObject) and (action.get("/S") in _ACTIONS or "/Next" in action)


# --- pages and what stands on them -------------------------------------------------------------------


def _clean_page(page):
    _keep(page, _PAGE)
    notes = page["/Annots"].get_object() if "/Annots" in page else None
    if notes is None:
        return
    kept = ArrayObject()
    for place in range(len(notes)):
        raw = list.__getitem__(notes, place)
        note = raw.get_object()
        if isinstance(note, DictionaryObject) and note.get("/Subtype") not in _REMARKS:
            _keep(note, _ANNOTATION)
            kept.append(raw)
    page[NameObject("/Annots")] = kept


def _clean_layers(properties):
    _keep(properties, {"/OCGs", "/D", "/Configs"})
    for thing in things(properties):
        if isinstance(thing, DictionaryObject) and thing.get("/Type") != "/OCG" and ("/Order" in thing or "/BaseState" in thing):
            for key in {"/Name", "/Creator"} & thing.keys():
                del thing[key]


def _clean_layer(layer):
    layer[NameObject("/Name")] = TextStringObject("-")


# --- pictures within ---------------------------------------------------------------------------------


def _clean_picture(stream):
    """A photograph lies in a PDF as the camera or the program wrote it, with all that stands beside the dots."""
    names = stream.get("/Filter")
    names = list(names.get_object()) if isinstance(names, ArrayObject) else [names]
    if names[-1] == "/DCTDecode":
        _replace(stream, pictures.jpeg(_encoded(stream, names)), "/DCTDecode")
    elif names[-1] == "/JPXDecode":
        _replace(stream, _jpx(_encoded(stream, names)), "/JPXDecode")


def _encoded(stream, names):
    return stream._data if len(names) == 1 else stream.get_data()


def _replace(stream, data, name):
    parameters = stream.get("/DecodeParms")
    if isinstance(parameters, ArrayObject):
        stream[NameObject("/DecodeParms")] = list.__getitem__(parameters, len(parameters) - 1)
    stream[NameObject("/Filter")] = NameObject(name)
    stream._data = data


_JPX_BOXES = {b"jP  ", b"ftyp", b"jp2h", b"jp2c", b"rreq"}


def _jpx(data):
    """JPEG 2000: its boxes but for those of words (XML, UUID); a bare codestream has no boxes."""
    if data[:4] == b"\xff\x4f\xff\x51":
        return data
    out, at = [], 0
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        elif length == 0:
            length = len(data) - at
        if length < 8:
            raise CannotBare("a JPEG 2000 that does not add up")
        if kind in _JPX_BOXES:
            out.append(data[at : at + length])
        at += length
    return b"".join(out)
