"""What is taken and what is refused, by the bytes of the file and whatever its name says."""

import hashlib
import io

import pytest
from PIL import Image

from secretariat import uploads
from secretariat.errors import RuleBroken
from tests import specimens

TAKEN = {
    ".pdf": specimens.pdf,
    ".png": specimens.picture,
    ".jpg": lambda: specimens.picture("JPEG"),
    ".webp": lambda: specimens.picture("WEBP"),
    ".docx": specimens.office,
    ".xlsx": lambda: specimens.office("xlsx"),
    ".pptx": lambda: specimens.office("pptx"),
    ".mp4": specimens.mp4,
    ".mp3": specimens.mp3,
}


def look(content, name="file.bin"):
    return uploads.inspect(specimens.upload(content, name, "application/octet-stream"))


@pytest.mark.parametrize("extension", TAKEN)
def test_taken_whatever_the_name_says(extension):
    content = TAKEN[extension]()
    checked = look(content, "whatever.exe")
    kept = checked.content.read()
    assert checked.extension == extension
    assert checked.size == len(kept)
    assert checked.sha256 == hashlib.sha256(kept).hexdigest()


def test_mp3_without_a_tag_is_taken():
    assert look(specimens.mp3(tag=False)).content_type == "audio/mpeg"


def test_pdf_that_opens_at_a_page_is_taken():
    assert look(specimens.pdf_that_opens_a_page()).content_type == "application/pdf"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>alert(1)</script></html>"
EICAR_LIKE = b"MZ\x90\x00" + bytes(200)

REFUSED = {
    "svg as png": (SVG, "picture.png"),
    "svg after an xml line": (b'<?xml version="1.0"?>\n' + SVG, "picture.png"),
    "html as pdf": (HTML, "report.pdf"),
    "html as jpeg": (b"\xef\xbb\xbf  " + HTML, "photo.jpg"),
    "zip as pdf": (specimens.packed({"a.txt": "a"}), "report.pdf"),
    "zip as png": (specimens.packed({"run.exe": EICAR_LIKE}), "photo.png"),
    "zip as docx": (specimens.packed({"word/document.xml": "<a/>"}), "letter.docx"),
    "program": (EICAR_LIKE, "cv.pdf"),
    "plain text": ("متن ساده".encode(), "notes.txt"),
    "rar": (b"Rar!\x1a\x07\x00" + bytes(50), "all.pdf"),
    "old word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "letter.doc"),
    "gif": (b"GIF89a" + bytes(50), "a.gif"),
    "pdf and web page at once": (b"%PDF-1.4\n<html><script>alert(1)</script></html>\n%%EOF", "a.pdf"),
    "pdf with a zip behind": (specimens.pdf() + specimens.packed({"a.html": "x"}), "a.pdf"),
    "pdf with something behind": (specimens.pdf() + b"<script>alert(1)</script>" * 3, "a.pdf"),
    "pdf cut off": (specimens.pdf()[:200], "a.pdf"),
    "pdf with a script": (specimens.pdf_with_script(), "a.pdf"),
    "pdf that launches": (specimens.pdf_with_action("/Launch"), "a.pdf"),
    "pdf that opens an address by itself": (specimens.pdf_with_action("/URI"), "a.pdf"),
    "pdf with a file inside": (specimens.pdf_with_attachment(), "a.pdf"),
    "pdf with a password": (specimens.pdf_with_password(), "a.pdf"),
    "picture with a zip behind": (specimens.picture() + specimens.packed({"a.html": "x"}), "a.png"),
    "picture cut off": (specimens.picture("JPEG", (600, 600))[:300], "a.jpg"),
    "picture only by its first bytes": (b"\x89PNG\r\n\x1a\n" + HTML, "a.png"),
    "picture bomb": (specimens.png_bomb(), "a.png"),
    "large picture bomb": (specimens.png_bomb(8_000, 8_000), "a.png"),
    "macros": (specimens.office("docm"), "a.docx"),
    "hidden macros": (specimens.office(word__vbaProject_dot_bin=b"x"), "a.docx"),
    "embedded object": (specimens.office(word__embeddings__oleObject1_dot_bin=b"x"), "a.docx"),
    "program in a document": (specimens.office(word__media__a_dot_exe=EICAR_LIKE), "a.docx"),
    "zip bomb": (specimens.office(word__media__a_dot_png=bytes(30_000_000)), "a.docx"),
    "remote template": (
        specimens.office(
            word___rels__settings_dot_xml_dot_rels='<Relationships><Relationship Id="r" Type="http://x/attachedTemplate"'
            ' Target="https://evil.example/t.dotm" TargetMode="External"/></Relationships>'
        ),
        "a.docx",
    ),
    "entities": (specimens.office(word___rels__a_dot_rels="<!DOCTYPE a [<!ENTITY x 'y'>]><a/>"), "a.docx"),
    "path out of the package": (specimens.packed({"../../etc/cron.xml": "x", "[Content_Types].xml": "x"}), "a.docx"),
    "film cut off": (specimens.mp4()[:-50], "a.mp4"),
    "film of another kind": (b"\x00\x00\x00\x14ftypheic\x00\x00\x00\x00mif1" + bytes(100), "a.mp4"),
    "sound only by its tag": (b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) + HTML * 20, "a.mp3"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_whatever_the_name_says(what):
    content, name = REFUSED[what]
    with pytest.raises(RuleBroken) as refusal:
        look(content, name)
    assert len(str(refusal.value)) > 15
    assert refusal.value.field == "file"


def test_each_disguise_is_called_by_its_name(in_english):
    from django.utils import translation

    with translation.override("en"):
        for content, word in (
            (SVG, "SVG"),
            (HTML, "web page"),
            (specimens.packed({"a": "a"}), "Packed"),
            (specimens.pdf_with_script(), "active content"),
            (specimens.png_bomb(), "dots"),
        ):
            with pytest.raises(RuleBroken, match=word):
                look(content)


def test_empty_and_too_large():
    with pytest.raises(RuleBroken):
        look(b"")
    content = specimens.pdf()
    assert uploads.inspect(specimens.upload(content), max_bytes=len(content)).size == len(content)
    with pytest.raises(RuleBroken):
        uploads.inspect(specimens.upload(content), max_bytes=len(content) - 1)


def test_a_picture_keeps_nothing_but_the_picture():
    checked = look(specimens.picture_with_place() + b"tail that is no part of it")
    kept = checked.content.read()
    assert b"SecretCamera" not in kept and b"tail" not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert picture.size == (60, 40) and not picture.getexif()


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1", "LA", "I;16", "CMYK"])
def test_pictures_of_every_mode(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    out = io.BytesIO()
    Image.new(mode, (20, 10)).save(out, kind)
    with Image.open(look(out.getvalue()).content) as picture:
        assert picture.size == (20, 10)
        assert ("A" in picture.getbands()) == (mode in ("RGBA", "LA"))


def test_the_same_picture_gives_the_same_bytes():
    content = specimens.picture("JPEG")
    assert look(content).sha256 == look(content).sha256


def test_a_photograph_does_not_grow():
    noise = Image.effect_noise((800, 600), 60).convert("RGB")
    for quality in (40, 75, 97):
        out = io.BytesIO()
        noise.save(out, "JPEG", quality=quality)
        assert look(out.getvalue()).size <= len(out.getvalue()) * 1.05


def test_a_slow_pdf_is_given_up(monkeypatch):
    monkeypatch.setattr(uploads, "MAX_PDF_SECONDS", -1)
    with pytest.raises(RuleBroken):
        look(specimens.pdf())
    monkeypatch.setattr(uploads, "MAX_PDF_SECONDS", 20)
    monkeypatch.setattr(uploads, "MAX_PDF_OBJECTS", 1)
    with pytest.raises(RuleBroken):
        look(specimens.pdf())


def test_a_moving_picture_is_refused():
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    with pytest.raises(RuleBroken):
        look(out.getvalue())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("گزارش نهايي.docx", "گزارش نهایی.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\کتاب.PDF", "کتاب.pdf"),
        ("report.pdf.exe", "report.pdf.pdf"),
        ('a"b<c>\r\nSet-Cookie: x.pdf', "a b c Set-Cookie x.pdf"),
        ("\u202egpj.exe", "gpj.pdf"),
        ("۱۴۰۴.pdf", "۱۴۰۴.pdf"),
        ("🎬 فیلم.pdf", "🎬 فیلم.pdf"),
        ("x" * 400 + ".pdf", "x" * 150 + ".pdf"),
    ],
)
def test_names_are_cleaned(given, kept):
    assert uploads.clean_name(given, ".pdf") == kept


@pytest.mark.parametrize("given", ["", None, "...", "/", "\x00\x01.pdf"])
def test_a_name_of_nothing_becomes_a_word(given):
    name = uploads.clean_name(given, ".pdf")
    assert name.endswith(".pdf") and len(name) > 4


def test_sizes_are_written_as_they_are_read():
    from django.utils import translation

    with translation.override("fa"):
        assert uploads.size_in_words(1_500_000) == "۱٫۴ مگابایت"
    with translation.override("en"):
        assert uploads.size_in_words(1_500_000) == "1.4 MB"
        assert uploads.size_in_words(10) == "1 KB"
