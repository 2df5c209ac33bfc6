"""Reading a table that somebody sent: what is in it, and what is refused."""

import datetime
import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from openpyxl import Workbook

from secretariat import sheet_reading
from secretariat.errors import RuleBroken
from tests import specimens


def sent(*rows, name="list.xlsx"):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile(name, out.getvalue())


def read(upload, most_rows=10):
    with translation.override("en"):
        return sheet_reading.read_table(upload, most_rows=most_rows)


def test_cells_come_as_texts_in_one_spelling():
    rows = read(sent(["نام", None, "علي  كريمي"], [], [15.0, 2.5, datetime.datetime(2026, 1, 25)], [True, " ", ""]))
    assert rows == [["نام", "", "علی کریمی"], [], ["15", "2.5", "2026-01-25"], ["1"]]


def test_formulas_bring_no_program_and_no_value_of_their_own():
    assert read(sent(["x", "=1+1"])) == [["x"]]


def test_too_many_rows_are_refused_and_empty_ones_below_passed_over():
    with pytest.raises(RuleBroken, match="too many rows: at most 10"):
        read(sent(*[["x"]] * 11))
    book = Workbook()
    book.active["A1"], book.active["A4000"] = "x", ""
    out = io.BytesIO()
    book.save(out)
    assert read(SimpleUploadedFile("x.xlsx", out.getvalue())) == [["x"]]
    book.active["A9000"] = "y"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(RuleBroken, match="empty rows"):
        read(SimpleUploadedFile("x.xlsx", out.getvalue()))


@pytest.mark.parametrize("upload", [lambda: specimens.upload(specimens.pdf()), lambda: SimpleUploadedFile("x.xlsx", b"name;email\n")])
def test_other_files_are_refused(upload):
    with pytest.raises(RuleBroken) as refused:
        read(upload())
    assert refused.value.field == "file"


def test_external_entities_are_refused():
    """An entity that would read a file of this machine."""
    good, out = sent(["x"]), io.BytesIO()
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(out, "w") as target:
        for part in source.infolist():
            content = source.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
                content = evil + content.replace(b"<?xml version='1.0' encoding='UTF-8'?>", b"").replace(b"<v>0</v>", b"<v>&e;</v>")
            target.writestr(part.filename, content)
    with pytest.raises(RuleBroken):
        read(SimpleUploadedFile("x.xlsx", out.getvalue()))


def test_a_file_that_grows_beyond_all_bounds_is_refused(monkeypatch):
    monkeypatch.setattr(sheet_reading, "MAX_UNPACKED", 1000)
    with pytest.raises(RuleBroken, match="holds too much"):
        read(sent(["x"]))
