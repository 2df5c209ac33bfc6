"""Copies without their maker: no byte of a name is left, and the work itself is all there."""

import io
import zipfile
from xml.etree import ElementTree

import openpyxl
import pypdfium2
import pytest
from PIL import Image, ImageChops
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from secretariat import uploads
from secretariat.nameless import CannotBare, bare, words
from tests import named_files, specimens

LATIN, PERSIAN = "Zargandeh-Press", "انتشارات زرگنده"


def stands_in(name, data):
    """Whether a name can be read in a file, in any of the ways in which programs write letters."""
    said = named_files.everything(data)
    return any(name.encode(coding) in said for coding in ("utf-8", "utf-16-le", "utf-16-be"))


def drawn(data):
    """The first page of a PDF as a reader sees it."""
    with pypdfium2.PdfDocument(data) as document:
        return document[0].render(scale=2).to_pil().convert("RGB")


@pytest.mark.parametrize("extension", named_files.ALL)
def test_no_name_is_left(extension):
    for name in (LATIN, PERSIAN):
        named = named_files.ALL[extension](name)
        assert stands_in(name, named), "the specimen itself must name somebody"
        copy = bare(named, extension)
        assert not stands_in(name, copy)
        assert bare(named, extension) == copy, "the same bytes in, the same bytes out"
        assert uploads.inspect(specimens.upload(copy, f"a{extension}")).extension == extension


@pytest.mark.parametrize(("make", "strip"), [(named_files.gif, "gif"), (named_files.tiff, "tiff")])
def test_pictures_that_only_documents_hold(make, strip):
    from secretariat.nameless import pictures

    named = make(LATIN)
    copy = getattr(pictures, strip)(named)
    assert LATIN.encode() in named and LATIN.encode() not in copy
    assert same_dots(named, copy)


def same_dots(one, other):
    with Image.open(io.BytesIO(one)) as first, Image.open(io.BytesIO(other)) as second:
        return first.size == second.size and ImageChops.difference(first.convert("RGB"), second.convert("RGB")).getbbox() is None


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
def test_a_picture_is_the_same_to_the_eye(extension):
    named = named_files.ALL[extension](LATIN)
    assert same_dots(named, bare(named, extension))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_pictures_of_every_sort_stay_whole(kind):
    for mode in ("RGB", "L", "CMYK") if kind == "JPEG" else ("RGB", "L", "RGBA", "P") if kind == "PNG" else ("RGB", "RGBA"):
        options = (
            [{}, {"progressive": True}, {"optimize": True}]
            if kind == "JPEG"
            else [{}, {"lossless": True}]
            if kind == "WEBP"
            else [{}]
        )
        for option in options:
            out = io.BytesIO()
            Image.effect_noise((70, 50), 90).convert("RGB").convert(mode).save(out, kind, **option)
            assert same_dots(out.getvalue(), bare(out.getvalue(), f".{kind.lower()}")), (kind, mode, option)


def test_a_pdf_looks_the_same_and_says_the_same():
    named = named_files.pdf(LATIN, "کتاب کودک و باغ")
    copy = bare(named, ".pdf")
    before, after = drawn(named).crop((0, 0, 600, 300)), drawn(copy).crop((0, 0, 600, 300))
    assert ImageChops.difference(before, after).getbbox() is None
    assert words.found(words.text_of(copy, ".pdf"), ["کتاب کودک"])


def test_a_pdf_keeps_its_outline_and_its_inner_links():
    def with_outline(writer):
        writer.add_blank_page(200, 200)
        writer.add_outline_item(title="فصل یکم", page_number=1)

    copy = PdfReader(io.BytesIO(bare(specimens.pdf(with_outline), ".pdf")))
    assert [item.title for item in copy.outline] == ["فصل یکم"] and copy.get_destination_page_number(copy.outline[0]) == 1
    assert len(copy.pages) == 2 and copy.metadata is None and "/ID" not in copy.trailer


def test_a_resource_may_be_called_as_a_property_is():
    """Fonts and pictures of a page bear any name, /T and /M too: those are not an annotation's author and date."""

    def odd(writer):
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        writer.pages[0][NameObject("/Resources")] = DictionaryObject(
            {
                NameObject("/Font"): DictionaryObject(
                    {NameObject("/T"): font, NameObject("/M"): font, NameObject("/Contents"): font}
                )
            }
        )

    page = PdfReader(io.BytesIO(bare(specimens.pdf(odd), ".pdf"))).pages[0]
    assert set(page["/Resources"]["/Font"]) == {"/T", "/M", "/Contents"}


def test_a_filled_in_field_is_still_seen():
    def field(writer):
        note = named_files._note("/Widget", TextStringObject(LATIN))
        writer.pages[0][NameObject("/Annots")] = named_files.ArrayObject([writer._add_object(note)])

    copy = PdfReader(io.BytesIO(bare(specimens.pdf(field), ".pdf")))
    (note,) = copy.pages[0]["/Annots"]
    assert note.get_object()["/Subtype"] == "/Widget" and "/T" not in note.get_object()


def test_a_document_is_well_formed_and_says_the_same():
    copy = bare(named_files.docx(LATIN, "متن اثر"), ".docx")
    with zipfile.ZipFile(io.BytesIO(copy)) as package:
        parts = {name: package.read(name).decode() for name in package.namelist() if name.endswith((".xml", ".rels"))}
        assert {part.date_time for part in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    for name, text in parts.items():
        ElementTree.fromstring(text)
        assert LATIN not in text, name
    said = parts["word/document.xml"]
    assert "متن اثر" in said and "w:commentReference" in said and 'Target="about:blank"' in parts["word/_rels/document.xml.rels"]
    assert 'w:date="2000-01-01T00:00:00Z"' in said and "<w:zoom" in parts["word/settings.xml"]
    assert "w:comment " in parts["word/comments.xml"] and "CommentText" in parts["word/comments.xml"]


def test_a_workbook_still_opens():
    book = openpyxl.load_workbook(io.BytesIO(bare(named_files.xlsx(LATIN, "متن خانه"), ".xlsx")))
    assert [row[0].value for row in book.active.rows] == ["متن خانه", 7]
    assert LATIN not in repr(book.properties)


def test_a_document_within_a_document():
    inner = named_files.xlsx(LATIN)
    outer = named_files.packed({"[Content_Types].xml": "<Types/>", "word/embeddings/book.xlsx": inner}, LATIN)
    assert not stands_in(LATIN, bare(outer, ".docx"))
    for _again in range(5):
        outer = named_files.packed({"word/embeddings/book.xlsx": outer}, LATIN)
    with pytest.raises(CannotBare):
        bare(outer, ".docx")


def test_printers_are_left_out_with_what_leads_to_them():
    members = {
        "[Content_Types].xml": '<Types><Override PartName="/xl/printerSettings/printerSettings1.bin" ContentType="a"/><Default Extension="xml" ContentType="b"/></Types>',
        "xl/worksheets/sheet1.xml": '<worksheet xmlns:r="urn:r"><pageSetup paperSize="9" r:id="rId1"/></worksheet>',
        "xl/worksheets/_rels/sheet1.xml.rels": '<Relationships><Relationship Id="rId1" Type="urn:printerSettings" Target="../printerSettings/printerSettings1.bin"/></Relationships>',
        "xl/printerSettings/printerSettings1.bin": LATIN.encode("utf-16-le"),
    }
    copy = bare(named_files.packed(members, LATIN), ".xlsx")
    with zipfile.ZipFile(io.BytesIO(copy)) as package:
        assert "xl/printerSettings/printerSettings1.bin" not in package.namelist()
        assert b"rId1" not in package.read("xl/worksheets/_rels/sheet1.xml.rels") + package.read("xl/worksheets/sheet1.xml")
        assert b"printer" not in package.read("[Content_Types].xml").lower()


def test_a_table_keeps_the_names_that_its_formulas_need():
    part = '<table xmlns="urn:t" id="1" name="Table1" displayName="Table1" ref="A1:B2"/>'
    copy = bare(named_files.packed({"[Content_Types].xml": "<Types/>", "xl/tables/table1.xml": part}, LATIN), ".xlsx")
    with zipfile.ZipFile(io.BytesIO(copy)) as package:
        assert b'displayName="Table1"' in package.read("xl/tables/table1.xml")


def test_sound_is_its_frames_and_nothing_else():
    assert bare(named_files.mp3(LATIN), ".mp3") == specimens.mp3(tag=False)
    assert bare(named_files.mp3("\xff\xfb\x90\x00" * 3), ".mp3") == specimens.mp3(tag=False)  # a name that looks like a frame


def test_a_film_keeps_its_length_and_its_samples_where_they_were():
    named = named_files.mp4(LATIN)
    copy = bare(named, ".mp4")
    assert len(copy) == len(named) and copy.index(b"\x42" * 200) == named.index(b"\x42" * 200)
    assert b"\x11" * 8 not in copy, "when it was made is not told either"


@pytest.mark.parametrize(
    ("data", "extension"),
    [
        (b"%PDF-1.4 broken", ".pdf"),
        (b"no picture", ".jpg"),
        (b"\x89PNG\r\n\x1a\nno end", ".png"),
        (b"plain", ".txt"),
        (b"ID3\x03\x00\x00\x00\x00\x00\x00no sound", ".mp3"),
        (named_files.packed({"word/document.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a/>'}, "x"), ".docx"),
        (named_files.packed({"word/document.xml": b"<a>\xff</a>"}, "x"), ".docx"),
        (named_files.packed({"word/comments.xml": "<a><![CDATA[x]]></a>"}, "x"), ".docx"),
        (named_files.packed({"word/strange.bin": b"x"}, "x"), ".docx"),
        (named_files.mp4("x")[:-3], ".mp4"),
    ],
)
def test_what_cannot_be_followed_gets_no_copy(data, extension):
    with pytest.raises(CannotBare):
        bare(data, extension)


# --- looking for names -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "extension"), [(named_files.text_pdf, ".pdf"), (lambda text: named_files.docx("x", text), ".docx"),
                            (lambda text: named_files.xlsx("x", text), ".xlsx"), (lambda text: named_files.pptx("x", text), ".pptx")]
)  # fmt: skip
def test_names_are_found_in_the_text(make, extension):
    text = words.text_of(make("این اثر را انتشارات زرگنده در شهر ما چاپ کرد, see www.zargandeh-press.ir"), extension)
    hits = [word for word, _page in words.found(text, [PERSIAN, "zargandeh-press.ir", "کانون پرورش", "gandeh"])]
    assert hits == [PERSIAN, "zargandeh-press.ir"]


def test_the_page_is_told():
    both = PdfWriter()
    for text in ("برگ نخست", "برگ دوم: " + PERSIAN):
        both.append(io.BytesIO(named_files.text_pdf(text)))
    out = io.BytesIO()
    both.write(out)
    text = words.text_of(out.getvalue(), ".pdf")
    assert words.found(text, [PERSIAN]) == [(PERSIAN, 2)] and text.is_whole


def test_what_could_not_be_read_is_said():
    assert not words.text_of(specimens.pdf(), ".pdf").is_whole  # a page without letters may be a scan
    assert not words.text_of(specimens.picture(), ".png").is_whole
    assert not words.text_of(named_files.docx("x"), ".docx").is_whole  # it holds a picture
    assert words.text_of(named_files.xlsx("x"), ".xlsx").is_whole


def test_very_short_names_are_not_looked_for():
    assert words.found(words.Text([(None, "the art of it")]), ["of", "ع", ""]) == []
