"""Real files of every kind that carry a name in each place where programs leave one."""

import io
import re
import struct
import zipfile
import zlib

import openpyxl
import typst
from openpyxl.comments import Comment
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NullObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from secretariat.typesetting import FONTS
from tests import specimens

_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">{name}</dc:creator></x:xmpmeta>'
)


# --- pictures --------------------------------------------------------------------------------------


def jpeg(name):
    exif = Image.Exif()
    exif[0x013B], exif[0x8298] = name, name  # artist, copyright
    data = specimens.picture("JPEG", exif=exif, comment=name.encode())
    xmp = b"http://ns.adobe.com/xap/1.0/\x00" + _XMP.format(name=name).encode()
    iptc = (
        b"Photoshop 3.0\x008BIM\x04\x04\x00\x00"
        + struct.pack(">I", len(name.encode()) + 5)
        + b"\x1c\x02\x50"
        + struct.pack(">H", len(name.encode()))
        + name.encode()
    )
    parts = b"".join(
        marker + struct.pack(">H", len(body) + 2) + body for marker, body in ((b"\xff\xe1", xmp), (b"\xff\xed", iptc))
    )
    return data[:2] + parts + data[2:] + name.encode()


def png(name):
    words = PngInfo()
    words.add_itxt("Author", name)
    words.add_itxt("XML:com.adobe.xmp", _XMP.format(name=name))
    words.add_text("Copyright", name, zip=True)
    return specimens.picture("PNG", pnginfo=words, exif=_exif(name)) + name.encode()


def webp(name):
    return specimens.picture("WEBP", exif=_exif(name), xmp=_XMP.format(name=name).encode())


def gif(name):
    return specimens.picture("GIF", comment=name.encode(), mode="L")


def tiff(name):
    return specimens.picture("TIFF", tiffinfo={315: name, 33432: name})


def _exif(name):
    exif = Image.Exif()
    exif[0x013B] = name
    return exif


# --- PDF -------------------------------------------------------------------------------------------


def text_pdf(text):
    """A PDF that says `text`, set by a real typesetter."""
    source = f'#set page(width: 12cm, height: 8cm)\n#set text(font: "Vazirmatn", size: 14pt, lang: "fa")\n{text}'
    return typst.compile(source.encode(), font_paths=[str(FONTS)], ignore_system_fonts=True)


def pdf(name, text="نمونهٔ کار"):
    """A page that says `text`, with `name` in every corner of the file that is no page."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(text_pdf(text))))
    words = TextStringObject(name)
    writer.add_metadata({"/Author": name, "/Title": name, "/Creator": name, "/Producer": name, "/Company": name})
    xmp = DecodedStreamObject()
    xmp.set_data(_XMP.format(name=name).encode())
    xmp.update({NameObject("/Type"): NameObject("/Metadata"), NameObject("/Subtype"): NameObject("/XML")})
    writer.root_object[NameObject("/Metadata")] = writer._add_object(xmp)
    writer.root_object[NameObject("/URI")] = DictionaryObject({NameObject("/Base"): words})
    page = writer.pages[0]
    page[NameObject("/PieceInfo")] = DictionaryObject({NameObject("/Adobe"): DictionaryObject({NameObject("/Private"): words})})
    page[NameObject("/Metadata")] = writer._add_object(xmp.clone(writer, force_duplicate=True))
    page[NameObject("/Annots")] = ArrayObject(
        [writer._add_object(_note(kind, words)) for kind in ("/Text", "/Highlight", "/Link")]
    )
    field = DictionaryObject(
        {
            NameObject("/FT"): NameObject("/Sig"),
            NameObject("/T"): words,
            NameObject("/V"): DictionaryObject({NameObject("/Name"): words}),
        }
    )
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject(
        {NameObject("/Fields"): ArrayObject([writer._add_object(field)])}
    )
    page[NameObject("/Contents")] = writer._add_object(_with_photo(writer, page, name))
    layer = writer._add_object(DictionaryObject({NameObject("/Type"): NameObject("/OCG"), NameObject("/Name"): words}))
    writer.root_object[NameObject("/OCProperties")] = DictionaryObject(
        {NameObject("/OCGs"): ArrayObject([layer]), NameObject("/D"): DictionaryObject({NameObject("/Name"): words, NameObject("/BaseState"): NameObject("/ON")})}
    )  # fmt: skip
    out = io.BytesIO()
    writer.write(out)
    return _saved_again(out.getvalue())


def _note(kind, words):
    note = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject(kind),
            NameObject("/Rect"): ArrayObject([FloatObject(n) for n in (10, 10, 60, 30)]),
            NameObject("/T"): words,
            NameObject("/Contents"): words,
        }
    )
    if kind == "/Link":
        note[NameObject("/A")] = DictionaryObject({NameObject("/S"): NameObject("/URI"), NameObject("/URI"): words})
    return note


def _with_photo(writer, page, name):
    """The page's content with a photograph, as it came from the camera."""
    photo = StreamObject()
    photo._data = jpeg(name)
    photo.update(
        {
            NameObject("/Type"): NameObject("/XObject"), NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Width"): NumberObject(60), NameObject("/Height"): NumberObject(40),
            NameObject("/ColorSpace"): NameObject("/DeviceRGB"), NameObject("/BitsPerComponent"): NumberObject(8),
            NameObject("/Filter"): NameObject("/DCTDecode"),
        }
    )  # fmt: skip
    resources = page["/Resources"].get_object()
    resources[NameObject("/XObject")] = DictionaryObject({NameObject("/Photo"): writer._add_object(photo)})
    content = DecodedStreamObject()
    content.set_data(page.get_contents().get_data() + b"\nq 60 0 0 40 100 20 cm /Photo Do Q\n")
    return content


def _saved_again(data):
    """The same file saved once more behind its first state, which goes on naming somebody in bytes that no reader shows."""
    writer = PdfWriter(io.BytesIO(data), incremental=True)
    writer.pages[0][NameObject("/Rotate")] = NumberObject(0)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


# --- office ----------------------------------------------------------------------------------------

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_RELS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def docx(name, text="متن اثر"):
    """A document with comments, tracked changes, properties and a picture, each naming somebody; `text` is what it says."""
    types = (
        '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="jpeg" ContentType="image/jpeg"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
        '<Override PartName="/word/comments.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.comments+xml"/></Types>'
    )
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?><!-- {name} --><w:document {_W}><w:body>'
        f'<w:p><w:ins w:id="1" w:author="{name}" w:date="2024-03-05T10:00:00Z"><w:r><w:t>{text}</w:t></w:r></w:ins>'
        f"<w:del w:id='2' w:author='{name}' w:date='2024-03-05T10:00:00Z'><w:r><w:delText>کهنه</w:delText></w:r></w:del>"
        f'<w:commentRangeStart w:id="0"/><w:r><w:commentReference w:id="0"/></w:r></w:p>'
        f'<w:p><w:hyperlink r:id="rId3"><w:r><w:t>پیوند</w:t></w:r></w:hyperlink><w:pict><v:imagedata xmlns:v="urn:v" xmlns:o="urn:o" r:id="rId2" o:title="{name}"/></w:pict></w:p>'
        "</w:body></w:document>"
    )
    comment = (
        f'<?xml version="1.0" encoding="UTF-8"?><w:comments {_W}><w:comment w:id="0" w:author="{name}" w:initials="{name}" w:date="2024-03-05T10:00:00Z">'
        f'<w:p><w:pPr><w:pStyle w:val="CommentText"/></w:pPr><w:r><w:t>{name} says</w:t></w:r></w:p></w:comment></w:comments>'
    )
    members = {
        "[Content_Types].xml": types,
        "_rels/.rels": f'<?xml version="1.0"?><Relationships {_RELS}><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": document,
        "word/comments.xml": comment,
        "word/people.xml": f'<w15:people xmlns:w15="urn:w15"><w15:person w15:author="{name}"><w15:presenceInfo w15:providerId="AD" w15:userId="{name}"/></w15:person></w15:people>',
        "word/settings.xml": f'<w:settings {_W}><w:docVars><w:docVar w:name="o" w:val="{name}"/></w:docVars><w:zoom w:percent="100"/></w:settings>',
        "word/_rels/document.xml.rels": f'<?xml version="1.0"?><Relationships {_RELS}><Relationship Id="rId1" Type="{_OFFICE}/comments" Target="comments.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/image" Target="media/image1.jpeg"/>'
        f'<Relationship Id="rId3" Type="{_OFFICE}/hyperlink" Target="https://{name}.example.org/" TargetMode="External"/></Relationships>',
        "word/media/image1.jpeg": jpeg(name),
        "docProps/core.xml": f'<cp:coreProperties xmlns:cp="urn:cp" xmlns:dc="urn:dc"><dc:creator>{name}</dc:creator><cp:lastModifiedBy>{name}</cp:lastModifiedBy></cp:coreProperties>',
        "docProps/app.xml": f"<Properties><Company>{name}</Company><Manager>{name}</Manager></Properties>",
        "docProps/custom.xml": f'<Properties><property name="Owner"><vt:lpwstr xmlns:vt="urn:vt">{name}</vt:lpwstr></property></Properties>',
        "customXml/item1.xml": f"<owner>{name}</owner>",
    }  # fmt: skip
    return packed(members, name)


def packed(members, name):
    """A package whose own remark and every entry's remark name somebody too."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for place, body in members.items():
            entry = zipfile.ZipInfo(place)
            entry.comment, entry.compress_type = name.encode()[:100], zipfile.ZIP_DEFLATED
            package.writestr(entry, body)
    return out.getvalue()


def xlsx(name, text="متن خانه"):
    """A workbook by a real program, with properties, a remark and the path where it lay."""
    book = openpyxl.Workbook()
    book.properties.creator = book.properties.lastModifiedBy = book.properties.company = name
    sheet = book.active
    sheet["A1"], sheet["A2"] = text, 7
    sheet["A1"].comment = Comment(f"{name}: یادداشت", name)
    sheet["A2"].hyperlink = f"https://{name}.example.org/"
    out = io.BytesIO()
    book.save(out)
    return with_part(
        out.getvalue(),
        "xl/workbook.xml",
        lambda text: text.replace("<bookViews>", f'<absPath url="C:\\Users\\{name}\\"/><bookViews>'),
    )


def pptx(name, text="متن اسلاید"):
    members = {
        "[Content_Types].xml": '<Types><Override PartName="/ppt/presentation.xml" ContentType="application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"/></Types>',
        "_rels/.rels": f"<Relationships {_RELS}/>",
        "ppt/presentation.xml": "<p:presentation xmlns:p='urn:p'/>",
        "ppt/slides/slide1.xml": f'<p:sld xmlns:p="urn:p" xmlns:a="urn:a"><p:pic><p:nvPicPr><p:cNvPr id="4" name="{name}.png" descr="C:\\{name}\\logo.png"/></p:nvPicPr></p:pic><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sld>',
        "ppt/commentAuthors.xml": f'<p:cmAuthorLst xmlns:p="urn:p"><p:cmAuthor id="1" name="{name}" initials="{name}" lastIdx="1" clrIdx="0"/></p:cmAuthorLst>',
        "ppt/comments/comment1.xml": f'<p:cmLst xmlns:p="urn:p"><p:cm authorId="1" dt="2024-03-05T10:00:00.000" idx="1"><p:text>{name}</p:text></p:cm></p:cmLst>',
        "ppt/media/image1.png": png(name),
        "docProps/core.xml": f"<coreProperties><creator>{name}</creator></coreProperties>",
    }  # fmt: skip
    return packed(members, name)


def with_part(data, place, change):
    """A package with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as package, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
        for part in package.namelist():
            body = package.read(part)
            copy.writestr(part, change(body.decode()) if part == place else body)
    return out.getvalue()


# --- sound and film --------------------------------------------------------------------------------


def mp3(name):
    words = b"\x03" + name.encode()
    frame = b"TPE1" + struct.pack(">I", len(words)) + b"\x00\x00" + words
    tag = b"ID3\x03\x00\x00" + bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0)) + frame
    last = b"TAG" + name.encode()[:60].ljust(125, b"\x00")
    return tag + specimens.mp3(tag=False) + b"APETAGEX" + name.encode() + last


def _box(kind, *inner):
    body = b"".join(inner)
    return struct.pack(">I", 8 + len(body)) + kind + body


def mp4(name):
    words = name.encode()
    handler = _box(b"hdlr", bytes(8), b"vide", bytes(12), words + b"\x00")
    entry = _box(b"avc1", bytes(42), words[:31].ljust(32, b"\x00"), bytes(4))
    samples = _box(
        b"stbl", _box(b"stsd", bytes(4), struct.pack(">I", 1), entry), _box(b"stco", bytes(4), struct.pack(">II", 1, 900))
    )
    source = _box(b"dinf", _box(b"dref", bytes(4), struct.pack(">I", 1), _box(b"url ", bytes(4), words)))
    media = _box(
        b"mdia",
        _box(b"mdhd", bytes(4), b"\x11" * 8, bytes(12)),
        handler,
        _box(b"minf", _box(b"vmhd", bytes(12)), source, samples),
    )
    track = _box(b"trak", _box(b"tkhd", bytes(4), b"\x11" * 8, bytes(72)), media, _box(b"udta", words))
    tags = _box(b"udta", _box(b"meta", bytes(4), _box(b"ilst", _box(b"\xa9ART", words))))
    moov = _box(b"moov", _box(b"mvhd", bytes(4), b"\x11" * 8, bytes(88)), track, tags)
    return (
        _box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2mp41") + moov + _box(b"uuid", bytes(16), words) + _box(b"mdat", b"\x42" * 200)
    )


ALL = {
    ".pdf": pdf, ".jpg": jpeg, ".png": png, ".webp": webp, ".docx": docx, ".xlsx": xlsx, ".pptx": pptx, ".mp3": mp3, ".mp4": mp4,
}  # fmt: skip


# --- reading ---------------------------------------------------------------------------------------


def everything(data):
    """All bytes of a file in the clear: as they are, unpacked, and the strings of PDF in letters; names are looked for here."""
    said = [data, data.decode("utf-16-le", "ignore").encode(), data.decode("utf-16-be", "ignore").encode()]
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            said.append(package.comment)
            for part in package.infolist():
                said += [part.filename.encode(), part.comment, part.extra, everything(package.read(part))]
    elif data[:5] == b"%PDF-":
        said += _pdf_words(PdfReader(io.BytesIO(data)))
    elif data[:8] == b"\x89PNG\r\n\x1a\n":
        said += _inflated(data)
    return b"\n".join(said)


def _said(thing):
    """A thing of a PDF in letters; the number of its reader in this process's memory is none of it."""
    return re.sub(r"(IndirectObject\(\d+, \d+), \d+\)", r"\1)", repr(thing)).encode()


def _pdf_words(reader):
    yield _said(reader.trailer)
    for number in range(1, reader.trailer["/Size"]):
        try:
            thing = reader.get_object(number)
        except Exception:  # a number that nobody uses
            continue
        if thing is None or isinstance(thing, NullObject):
            continue
        yield _said(thing)
        if isinstance(thing, StreamObject):
            yield thing.get_data() if thing.get("/Filter") != "/DCTDecode" else thing._data
    for page in reader.pages:
        yield (page.extract_text() or "").encode()


def _inflated(data):
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind in (b"zTXt", b"iTXt", b"iCCP"):
            for begin in range(min(len(body), 100)):
                try:
                    yield zlib.decompress(body[begin:])
                except zlib.error:
                    continue
        at += 12 + length
