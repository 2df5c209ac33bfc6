"""Small real files of every kind, made when a test asks for them."""

import io
import struct
import zipfile
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, TextStringObject


def upload(content, name="file.pdf", content_type="application/pdf"):
    return SimpleUploadedFile(name, content, content_type)


def pdf(change=None, text="page"):
    """A PDF of one page; `change(writer)` may add something to it."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Title": text})
    if change:
        change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def pdf_that_opens_a_page():
    def at_full_width(writer):
        page = writer.pages[0].indirect_reference
        writer.root_object[NameObject("/OpenAction")] = ArrayObject([page, NameObject("/FitH"), FloatObject(200)])

    return pdf(at_full_width)


def pdf_with_action(kind):
    def add(writer):
        action = DictionaryObject({NameObject("/S"): NameObject(kind), NameObject("/F"): TextStringObject("calc.exe")})
        writer.root_object[NameObject("/OpenAction")] = writer._add_object(action)

    return pdf(add)


def pdf_with_script():
    def add(writer):
        action = DictionaryObject(
            {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
        )
        writer.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/JavaScript"): writer._add_object(action)})

    return pdf(add)


def pdf_with_attachment():
    return pdf(lambda writer: writer.add_attachment("inner.exe", b"MZ" + bytes(100)))


def pdf_with_password():
    return pdf(lambda writer: writer.encrypt("secret"))


def picture(kind="PNG", size=(60, 40), mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size, "teal" if mode != "L" else 90).save(out, kind, **options)
    return out.getvalue()


def picture_with_place():
    """A JPEG that says where it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    return picture("JPEG", exif=exif)


def png_bomb(width=60_000, height=60_000):
    """A PNG of a few hundred bytes that claims billions of dots."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


_MAIN = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
    "docm": "application/vnd.ms-word.document.macroEnabled.main+xml",
}


def office(kind="docx", **parts):
    """An office package; `parts` are further members, "__" standing for "/" and "_dot_" for "."."""
    members = {
        "[Content_Types].xml": f'<?xml version="1.0"?><Types><Override PartName="/main.xml" ContentType="{_MAIN[kind]}"/></Types>',
        "_rels/.rels": '<?xml version="1.0"?><Relationships/>',
        "main.xml": "<document/>",
    }
    members |= {name.replace("__", "/").replace("_dot_", "."): body for name, body in parts.items()}
    return packed(members)


def packed(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, body in members.items():
            package.writestr(name, body)
    return out.getvalue()


def mp4(body=200):
    def box(kind, body):
        return struct.pack(">I", 8 + len(body)) + kind + body

    return box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2mp41") + box(b"moov", bytes(40)) + box(b"mdat", bytes(body))


def mp3(tag=True):
    frame = b"\xff\xfb\x90\x00" + bytes(413)  # MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes
    return (b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) if tag else b"") + frame * 6
