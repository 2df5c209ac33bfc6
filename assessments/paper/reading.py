"""Reads a workbook that was filled in: whether it is ours, what every cell says, and what that would change."""

import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from openpyxl import load_workbook

from assessments import paper
from assessments.forms.assessments import NOT_APPLICABLE, TEXTS, Answer, plain, read
from assessments.selectors.assessments import fields_of, spoken
from secretariat import persian, uploads
from secretariat.errors import RuleBroken
from secretariat.templatetags.portal_text import num

MOST_BYTES = 1024 * 1024
MOST_UNPACKED = 20 * 1024 * 1024
MOST_ROWS = 2000
_PLACES = {column: number for number, column in enumerate(paper.COLUMNS)}


@dataclass
class Filled:
    """What a file says: fields by name as text, the cell of each, what stood when it was made, and what cannot be read."""

    version: int
    base: dict  # field name → what stood
    values: dict = field(default_factory=dict)  # field name → what the file says
    cells: dict = field(default_factory=dict)  # field name → "F14"
    errors: dict = field(default_factory=dict)  # field name → sentence
    typed: dict = field(default_factory=dict)  # field name → what stands in the cell that cannot be read


@dataclass
class Line:
    """One field that would change, or cannot be read."""

    name: str
    cell: str
    row: Any  # of the sheet; None for a text
    label: str
    now: str
    says: str
    said: str = ""  # as the field carries it
    stood: str = ""  # what stands now, as the field carries it
    both: bool = False  # changed in the portal too since the file was made
    error: str = ""

    @property
    def is_answer(self):
        """Whether it is an answer to an indicator; else somebody's own words."""
        return self.name.startswith("r-")


# ------------------------------------------------------------------ the file
def opened(upload, assignment, sheet):
    """Read an uploaded workbook; raises RuleBroken with the reason when it is not the sheet of this assignment."""
    book = _loaded(upload)
    try:
        filled = _unsealed(book, assignment, sheet)
        _read_page(book.worksheets[0], filled, {row.key: row for row in sheet.asked})
    except RuleBroken:
        raise
    except Exception as error:  # a page is read as it comes, and openpyxl meets broken ones with many kinds of errors
        raise _broken() from error
    finally:
        book.close()
    missing = set(filled.base) - set(filled.cells)
    if missing:
        raise _refused(_("Rows of the sheet are missing in this file. Take the file anew and copy your answers into it."))
    return filled


def _refused(sentence):
    return RuleBroken(sentence, field="file")


def _broken():
    return _refused(_("This file cannot be read. Open it in your spreadsheet program, save it as XLSX and send it again."))


def _not_ours():
    return _refused(
        _(
            "This is not a sheet as it was taken from the portal, or something hidden in it was changed. Take the file anew and copy your answers into it."
        )
    )


def _loaded(upload):
    head = upload.read(4)
    upload.seek(0)
    if head and head != b"PK\x03\x04":
        raise _refused(_("Send the sheet as an Excel workbook (XLSX)."))
    checked = uploads.inspect(upload, max_bytes=MOST_BYTES)
    if checked.extension != ".xlsx":
        raise _refused(_("Send the sheet as an Excel workbook (XLSX)."))
    try:
        with zipfile.ZipFile(checked.content.file) as package:
            unpacked = sum(part.file_size for part in package.infolist())
        if unpacked > MOST_UNPACKED:
            raise _refused(_("Unpacked, this file would be far too large for a sheet, so it is not opened."))
        checked.content.seek(0)
        # Row by row and with its formulas: nothing is computed, and nothing larger than a row is held.
        return load_workbook(checked.content.file, read_only=True, keep_links=False)
    except RuleBroken:
        raise
    except Exception as error:  # what openpyxl and the parser below it raise on broken input is not one kind
        raise _broken() from error


def _unsealed(book, assignment, sheet):
    if paper.SEALED_PAGE not in book.sheetnames:
        raise _not_ours()
    rows = book[paper.SEALED_PAGE].iter_rows(max_row=MOST_ROWS, max_col=1, values_only=True)
    facts = paper.unsealed([str(text) for (text,) in rows if text is not None])
    if facts is None:
        raise _not_ours()
    assignment_id, version, base = facts
    if assignment_id != assignment.pk:
        raise _refused(_("This file was made for another assessment. Take the file of this one and fill that in."))
    if set(base) != set(fields_of(sheet, None)):
        raise _refused(_("The indicators have changed since this file was made, so it is out of date. Take the file anew."))
    return Filled(version, base)


def _read_page(page, filled, rows):
    for place, cells in enumerate(page.iter_rows(max_row=MOST_ROWS, max_col=len(paper.COLUMNS)), 1):
        key = str(cells[_PLACES[paper.KEY]].value or "").strip()
        if key in rows:
            _take(filled, f"r-{key}", paper.ANSWER, place, cells, rows[key])
            _take(filled, f"c-{key}", paper.COMMENT, place, cells)
        elif key in TEXTS:
            _take(filled, key, paper.TEXT, place, cells)


def _take(filled, name, column, place, cells, row=None):
    if name in filled.cells:
        raise _refused(_("The same row stands twice in this file: %(cell)s.") % {"cell": f"{column}{place}"})
    filled.cells[name] = f"{column}{place}"
    cell = cells[_PLACES[column]]
    try:
        text = _text(cell)
        filled.values[name] = text if row is None else _meant(text, row)
    except RuleBroken as refusal:
        filled.errors[name], filled.typed[name] = str(refusal), str(cell.value)


def _text(cell):
    """What a cell says, as it would have been typed into the page."""
    value = cell.value
    if value is None:
        return ""
    kind = getattr(cell, "data_type", "")
    if kind == "f":
        raise RuleBroken(_("A formula stands here: write the value itself."))
    if kind == "e":
        raise RuleBroken(_("The spreadsheet shows an error here: write the value itself."))
    if isinstance(value, date | datetime | time | timedelta):
        raise RuleBroken(_("The spreadsheet has made a date of this: write it again as text or as a number."))
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return plain(Decimal(repr(value)))
    return str(value)


def _meant(text, row):
    """The answer that a word means, in either language: “not applicable”, “yes”, the name of a level; else as it is."""
    said = persian.canonical(text).casefold()
    for language in ("fa", "en"):
        with translation.override(language):
            if said in (NOT_APPLICABLE, _("not applicable").casefold()):
                return NOT_APPLICABLE
            for level in row.scale.levels:
                word = (level.word or (row.scale.kind == "boolean" and (_("yes") if level.value else _("no"))) or "").casefold()
                if word and said in (word, f"{plain(level.value)} {word}"):
                    return plain(level.value)
    return said


# ------------------------------------------------------------------ what it would change
def compared(values, base, sheet, assessment, cells=None):
    """Lines of what `values` (fields by name) would change in the draft, and lines of what in them cannot be read.

    What the file left as it stood when it was made changes nothing, whatever the draft says by now.
    """
    cells, now = cells or {}, fields_of(sheet, assessment)
    reading = read(values, sheet.leaves, {})
    changes, unreadable = [], []
    for name, row, label in _fields(sheet):
        if name not in values:
            continue
        line = Line(
            name, cells.get(name, ""), row, label, _spoken(name, now[name], row), _spoken(name, values[name], row), values[name]
        )
        if name in reading.errors:
            line.error = reading.errors[name]
            unreadable.append(line)
            continue
        said = _stored(reading, name, row)
        if said not in (now[name], base.get(name)):
            line.says, line.said, line.stood = _spoken(name, said, row), said, now[name]
            line.both = base.get(name) != now[name]
            changes.append(line)
    return changes, unreadable


def not_read(filled, sheet):
    """Lines of the cells that could not be read at all."""
    return [
        Line(name, filled.cells[name], row, label, "", filled.typed[name], error=filled.errors[name])
        for name, row, label in _fields(sheet)
        if name in filled.errors
    ]


def _fields(sheet):
    """Every field of a sheet in reading order: (name, row, label)."""
    for row in sheet.asked:
        yield f"r-{row.key}", row, row.title
        yield f"c-{row.key}", row, _("Comment on “%(indicator)s”") % {"indicator": row.title}
    for name, label in TEXTS.items():
        yield name, None, str(label)


def _stored(reading, name, row):
    if row is None:
        return reading.texts[name]
    answer = reading.answers.get(row.pk, Answer())
    return answer.typed if name.startswith("r-") else answer.comment


def _spoken(name, text, row):
    """A field's text in words."""
    if not name.startswith("r-") or text == "":
        return text
    values = read({name: text}, {row.pk: row.node.indicator}, {}).answers
    if row.pk not in values:
        return text
    number, word = spoken(values[row.pk], row.scale)
    return " ".join(part for part in (num(number), word) if part)
