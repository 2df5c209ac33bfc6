"""What a file really is, by its bytes and not by its name: accepted kinds, and why the others are refused.

`inspect(upload)` gives a `Checked` file to be stored, or raises RuleBroken with a sentence for the person who
sent it. Whatever could run on a reader's machine is refused; pictures are painted anew, so that nothing but
the picture (no place, no comment, no second file behind it) is kept.
"""

import contextlib
import hashlib
import io
import re
import time
import unicodedata
import warnings
import zipfile
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps, JpegImagePlugin
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from secretariat import calendar, persian
from secretariat.errors import RuleBroken

MAX_PIXELS = 40_000_000
MAX_PDF_OBJECTS = 200_000
MAX_PDF_SECONDS = 20
MAX_PARTS = 5_000
MAX_UNPACKED = 300 * 1024 * 1024
MAX_RATIO = 200  # of one part; real documents stay far below
HEAD = 4096

# What the person may send, for the help text and the `accept` attribute. Kept here, beside the checks.
EXTENSIONS = (".pdf", ".jpg", ".jpeg", ".png", ".webp", ".docx", ".xlsx", ".pptx", ".mp3", ".mp4")
PICTURES = ("image/jpeg", "image/png", "image/webp")
INLINE = (*PICTURES, "application/pdf")


@dataclass(frozen=True)
class Checked:
    """A file that may be stored: `content` is what to keep, the rest describes exactly that."""

    content: Any
    extension: str
    content_type: str
    size: int
    sha256: str


def inspect(upload, *, max_bytes=None):
    """Look into an uploaded file and give what may be stored; raises RuleBroken with the reason otherwise."""
    limit = max_bytes or settings.UPLOAD_MAX_BYTES
    size = upload.size
    if not size:
        raise RuleBroken(_("This file is empty. Choose it again, or make it anew."), field="file")
    if size > limit:
        raise RuleBroken(
            _("This file is too large: %(size)s, and at most %(limit)s can be taken.")
            % {"size": size_in_words(size), "limit": size_in_words(limit)},
            field="file",
        )
    stream = getattr(upload, "file", upload)
    stream.seek(0)
    head = stream.read(HEAD)
    checked = _look(stream, head, size, limit)
    stream.seek(0)
    return checked


def size_in_words(size):
    """Write a size as a reader reads it: ۱٫۴ مگابایت, 1.4 MB."""
    kilobytes = size / 1024
    if kilobytes < 1000:
        return _("%(n)s KB") % {"n": calendar.digits(max(1, round(kilobytes)))}
    number = round(kilobytes / 1024, 1)
    shown = persian.display_fa(number) if calendar.reads_persian() else f"{number:g}"
    return _("%(n)s MB") % {"n": shown}


def clean_name(name, extension):
    """Make a name to show and to download under: no path, nothing invisible, and the ending that the content has."""
    name = str(name or "").replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(" " if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter for letter in name)
    name = re.sub(r'[<>:"|?*%]', " ", persian.canonical(name))
    stem = name.rsplit(".", 1)[0] if "." in name.strip(".") else name
    stem = " ".join(stem.split()).strip(" .")[:150].strip(" .")
    stem = stem or _("file")
    return f"{stem}{extension}"


# --- which kind ----------------------------------------------------------------------------------


def _look(stream, head, size, limit):
    if head.startswith(b"PK\x03\x04"):
        return _as_it_is(stream, *_office(stream))
    if _is_zip(stream):
        raise _not_wanted(_("Another file is hidden behind this one, so it cannot be taken."))
    if head.startswith(b"%PDF-"):
        _check_pdf(stream, head, size)
        return _as_it_is(stream, ".pdf", "application/pdf")
    for signature, kind in ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG")):
        if head.startswith(signature):
            return _painted_anew(stream, kind, limit)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _painted_anew(stream, "WEBP", limit)
    if head[4:8] == b"ftyp":
        _check_mp4(stream, head, size)
        return _as_it_is(stream, ".mp4", "video/mp4")
    if head.startswith(b"ID3") or frame_length(head[:4]):
        _check_mp3(stream, head, size)
        return _as_it_is(stream, ".mp3", "audio/mpeg")
    raise _unknown(head)


def _unknown(head):
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n\x00").lower()
    if b"<svg" in start:
        return _not_wanted(_("SVG drawings can hold programs, so they are not taken. Save it as PNG or PDF."))
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<script")) or b"<html" in start or b"<script" in start:
        return _not_wanted(_("This is a web page, whatever its name says. Print it to PDF and send that."))
    if head.startswith((b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
        return _not_wanted(_("Packed files are not taken, for nobody can look into them here. Send the files one by one."))
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _not_wanted(_("This is an old Office file. Save it as DOCX, XLSX or PPTX, or as PDF."))
    if head.startswith((b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")):
        return _not_wanted(_("Programs are not taken."))
    if head.startswith((b"GIF8", b"BM", b"II*\x00", b"MM\x00*")):
        return _not_wanted(_("Pictures are taken as JPEG, PNG or WebP. Save it as one of these."))
    return _not_wanted(_("This kind of file is not taken. Send PDF, JPEG, PNG, WebP, DOCX, XLSX, PPTX, MP3 or MP4."))


def _not_wanted(sentence):
    return RuleBroken(sentence, field="file")


def _broken():
    return _not_wanted(_("This file is damaged or incomplete. Open it on your own device, save it again and send it."))


def _is_zip(stream):
    stream.seek(0)
    return zipfile.is_zipfile(stream)


def _as_it_is(stream, extension, content_type):
    """Keep the bytes as sent; the hash is made piece by piece, the file is never wholly in memory."""
    digest, size = hashlib.sha256(), 0
    stream.seek(0)
    while piece := stream.read(1 << 20):
        digest.update(piece)
        size += len(piece)
    stream.seek(0)
    return Checked(File(stream), extension, content_type, size, digest.hexdigest())


# --- pictures ------------------------------------------------------------------------------------

_PICTURE = {"JPEG": (".jpg", "image/jpeg"), "PNG": (".png", "image/png"), "WEBP": (".webp", "image/webp")}


def _painted_anew(stream, kind, limit):
    """Decode the picture and write it again: place and camera, hidden texts and anything behind it are gone."""
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(stream, formats=[kind]) as picture:
                _check_measure(picture)
                out = _write(picture, kind)
    except RuleBroken:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise _too_many_pixels() from None
    except Exception as error:  # Pillow raises whatever its decoders happen to raise on broken input
        raise _broken() from error
    data = out.getvalue()
    if len(data) > limit:
        raise _not_wanted(_("This picture is too large. Make it smaller and send it again."))
    extension, content_type = _PICTURE[kind]
    return Checked(ContentFile(data), extension, content_type, len(data), hashlib.sha256(data).hexdigest())


def _check_measure(picture):
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_many_pixels()
    if getattr(picture, "n_frames", 1) > 1:
        raise _not_wanted(_("Moving pictures are taken as MP4 only."))


def _too_many_pixels():
    shown = calendar.digits(MAX_PIXELS // 1_000_000)
    return _not_wanted(_("This picture has too many dots: at most %(n)s million. Make it smaller.") % {"n": shown})


def _write(picture, kind):
    profile, options = picture.info.get("icc_profile"), {"quality": 92}
    if kind == "JPEG" and picture.mode in ("RGB", "L"):
        # The tables it came with: neither better than it was nor larger.
        options = {"qtables": picture.quantization, "subsampling": max(0, JpegImagePlugin.get_sampling(picture))}
    picture = ImageOps.exif_transpose(picture)
    clear = "A" in picture.getbands() or "transparency" in picture.info
    picture = _to_srgb(picture, profile)
    picture = picture.convert("RGBA" if clear and kind != "JPEG" else "L" if picture.mode in ("L", "1") else "RGB")
    picture.info.clear()
    out = io.BytesIO()
    if kind == "PNG":
        picture.save(out, "PNG")
    else:
        picture.save(out, kind, **options)
    return out


def _to_srgb(picture, profile):
    """The embedded profile is dropped with the rest, so its colours are brought to the usual ones first."""
    if not profile or picture.mode not in ("RGB", "CMYK"):
        return picture
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
        return ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    return picture


# --- PDF -----------------------------------------------------------------------------------------

# Names that make a PDF act instead of being read.
_ACTIVE = {
    "/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/AA", "/RichMedia", "/XFA",
    "/SubmitForm", "/ImportData", "/GoToE", "/Rendition", "/Movie", "/Sound", "/EF",
}  # fmt: skip
_MARKUP = re.compile(rb"<\s*(?:!doctype|html|script|svg|body|iframe)\b", re.I)


def _check_pdf(stream, head, size):
    if _MARKUP.search(head[:1024]):
        raise _not_wanted(_("This file is a web page and a PDF at once, so it cannot be taken."))
    stream.seek(max(0, size - 2048))
    end = stream.read()
    mark = end.rfind(b"%%EOF")
    if mark < 0:
        raise _broken()
    if end[mark + 5 :].strip(b" \r\n\t\x00"):
        raise _not_wanted(_("Something else stands behind the end of this PDF. Print it to PDF again and send that."))
    stream.seek(0)
    try:
        reader = PdfReader(stream)
        encrypted = reader.is_encrypted
        active = not encrypted and _first_active(reader)
        pages = 0 if encrypted else len(reader.pages)
    except RuleBroken:
        raise
    except Exception as error:  # pypdf meets broken files with many kinds of errors, recursion among them
        raise _broken() from error
    if encrypted:
        raise _not_wanted(_("This PDF is locked with a password. Save it without one and send it again."))
    if active:
        raise _not_wanted(
            _("This PDF holds active content (%(what)s). Print it to PDF again and send that.") % {"what": active.strip("/")}
        )
    if not pages:
        raise _broken()


def _first_active(reader):
    """The first active name found in any object of the file, used or not."""
    numbers = [(generation, number) for generation, table in reader.xref.items() for number in table]
    numbers += [(0, number) for number in reader.xref_objStm]
    # A file made to be slow (each of its entries points to the wrong place, say) must not hold a web worker.
    end = time.monotonic() + MAX_PDF_SECONDS
    if found := _active_name(reader.trailer):
        return found
    for count, (generation, number) in enumerate(numbers):
        if count > MAX_PDF_OBJECTS or time.monotonic() > end:
            raise _not_wanted(_("This PDF has too many parts to be checked. Print it to PDF again and send that."))
        found = _active_name(reader.get_object(IndirectObject(number, generation, reader)))
        if found:
            return found
    return None


def _active_name(thing, depth=0):
    """Look through one object without following its references: each of those is looked at by itself."""
    if depth > 50:
        raise _broken()
    if isinstance(thing, DictionaryObject | StreamObject):
        for key in thing:
            value = thing.raw_get(key)
            if key in _ACTIVE or (key in ("/S", "/Type", "/Subtype", "/FT") and value in _ACTIVE):
                return str(key if key in _ACTIVE else value)
            if key == "/OpenAction" and not _only_opens_a_page(thing["/OpenAction"]):
                return "/OpenAction"
            if found := _active_name(value, depth + 1):
                return found
    elif isinstance(thing, ArrayObject):
        for position in range(len(thing)):
            if found := _active_name(list.__getitem__(thing, position), depth + 1):
                return found
    return None


def _only_opens_a_page(action):
    """Most office programs write “open at page 1, this wide”; that is no action."""
    action = action.get_object()
    return isinstance(action, ArrayObject) or (isinstance(action, DictionaryObject) and action.get("/S") == "/GoTo")


# --- office documents ----------------------------------------------------------------------------

_OFFICE = {
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": ".docx",
    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": ".xlsx",
    b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml": ".pptx",
    b"application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml": ".pptx",
}
_OFFICE_TYPE = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_PARTS = re.compile(
    r"(^|/)(\[content_types\]\.xml|[^/]*\.(xml|rels|vml|png|jpe?g|gif|bmp|tiff?|emf|wmf|wdp|svg|webp|odttf|fntdata|xlsx|docx|pptx)"
    r"|printersettings\d*\.bin)$"
)
_EXTERNAL = re.compile(rb"<[^>]*?TargetMode\s*=\s*[\"']External[\"'][^>]*>", re.I)


def _office(stream):
    """The ending and type of an office document; a zip of anything else, macros and bombs are refused."""
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as package:
            parts = package.infolist()
            _check_parts(parts)
            if "[Content_Types].xml" not in package.namelist():
                raise _not_wanted(_("Packed files are not taken, for nobody can look into them here. Send the files one by one."))
            extension = _office_kind(_part(package, "[Content_Types].xml"))
            for part in parts:
                if part.filename.lower().endswith(".rels"):
                    _check_links(_part(package, part.filename))
    except RuleBroken:
        raise
    except Exception as error:  # zipfile and zlib raise many kinds on broken input
        raise _broken() from error
    return extension, _OFFICE_TYPE[extension]


def _check_parts(parts):
    names = [part.filename.lower() for part in parts]
    unpacked = sum(part.file_size for part in parts)
    bomb = any(part.file_size > 1 << 20 and part.file_size > MAX_RATIO * max(1, part.compress_size) for part in parts)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or bomb:
        raise _not_wanted(_("Unpacked, this file would be far too large, so it cannot be taken."))
    if len(set(names)) < len(names) or any(name.startswith(("/", "../")) or "/../" in name or "\\" in name for name in names):
        raise _broken()
    if any(part.flag_bits & 1 for part in parts):
        raise _not_wanted(_("This file is locked with a password. Save it without one and send it again."))
    if "[content_types].xml" in names:
        for name in names:
            if "vbaproject" in name or "/activex" in name or "oleobject" in name:
                raise _macros()
            if not name.endswith("/") and not _PARTS.search(name):
                raise _not_wanted(_("This document carries another file inside. Take it out, or save the document as PDF."))


def _macros():
    return _not_wanted(_("This document holds macros or programs. Save it without them, or as PDF."))


def _part(package, name):
    with package.open(name) as part:
        text = part.read(2 * 1024 * 1024 + 1)
    # Only plain UTF-8 can be searched byte by byte; declarations have no place here.
    if len(text) > 2 * 1024 * 1024 or b"\x00" in text or b"<!DOCTYPE" in text.upper() or b"<!ENTITY" in text.upper():
        raise _broken()
    return text


def _office_kind(types):
    if b"macroenabled" in types.lower() or b"vbaproject" in types.lower():
        raise _macros()
    kinds = {extension for content_type, extension in _OFFICE.items() if content_type in types}
    # A document may hold a workbook as a part of its own package, but its main part is one.
    if len(kinds) != 1:
        raise _not_wanted(_("This kind of file is not taken. Send PDF, JPEG, PNG, WebP, DOCX, XLSX, PPTX, MP3 or MP4."))
    return kinds.pop()


def _check_links(rels):
    """A document may point to web pages, but must not fetch templates, pictures or objects when it is opened."""
    for link in _EXTERNAL.findall(rels):
        if b"/hyperlink" not in link:
            raise _not_wanted(
                _("This document fetches something from elsewhere when it is opened. Save it as PDF and send that.")
            )


# --- sound and film ------------------------------------------------------------------------------

_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"M4A ", b"MSNV", b"dash", b"f4v ")


def _check_mp4(stream, head, size):
    """Follow the chain of boxes from the first byte to the last; there must be a film in it."""
    length = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(length, 256), 4))]
    if not any(brand in _BRANDS for brand in brands):
        raise _not_wanted(_("Films are taken as MP4 only. Save it as MP4 and send it again."))
    at, seen = 0, set()
    while at < size:
        stream.seek(at)
        header = stream.read(16)
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        elif length == 0:
            length = size - at
        if length < 8 or at + length > size or len(seen) > 10_000:
            raise _broken()
        seen.add(kind)
        at += length
    if not seen >= {b"moov", b"mdat"} and not seen >= {b"moov", b"moof"}:
        raise _broken()


_RATES = {  # kbit/s by (MPEG 1?, layer)
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def frame_length(header):
    """The length of the MPEG layer III frame that begins with these four bytes, 0 when there is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer, rate, frequency = (header[1] >> 3) & 3, (header[1] >> 1) & 3, header[2] >> 4, (header[2] >> 2) & 3
    if version == 1 or layer != 1 or rate in (0, 15) or frequency == 3:
        return 0
    first = version == 3
    hertz = (44100, 48000, 32000)[frequency] // (1 if first else 2 if version == 2 else 4)
    return (144 if first else 72) * _RATES[first, 3][rate] * 1000 // hertz + ((header[2] >> 1) & 1)


def _check_mp3(stream, head, size):
    """After the tag, if there is one, at least five frames must follow one another."""
    at = 0
    if head.startswith(b"ID3"):
        at = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        stream.seek(at)
        padding = stream.read(HEAD)
        at += len(padding) - len(padding.lstrip(b"\x00"))
    for _frame in range(5):
        stream.seek(at)
        length = frame_length(stream.read(4))
        if not length or at + length > size:
            raise _broken()
        at += length
