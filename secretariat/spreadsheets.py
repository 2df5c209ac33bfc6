"""Tables out to Excel and CSV: right-to-left where the reader is, harmless to open, written row by row."""

import csv
import io
import re

from django.http import HttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_CELL = 32_000  # Excel refuses more than 32,767 characters
_COMMANDING = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9۰-۹][0-9۰-۹\s.,٬٫/:-]*")


def harmless(value):
    """Text that a spreadsheet can't take for a formula, even after it has been saved as CSV and opened again."""
    if not isinstance(value, str):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_CELL]
    if text.startswith(_COMMANDING) and not _PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def workbook(title, headings, rows, *, rtl):
    """The bytes of a workbook with one sheet: a frozen heading, then the rows as they come."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\\/*?:\[\]]", " ", str(title))[:31] or "1")
    sheet.sheet_view.rightToLeft = rtl
    sheet.freeze_panes = "A2"
    for number, heading in enumerate(headings):
        letter = chr(ord("A") + number) if number < 26 else "A" + chr(ord("A") + number - 26)
        sheet.column_dimensions[letter].width = max(14, min(46, len(str(heading)) + 6))
    sheet.append([_heading(sheet, str(heading)) for heading in headings])
    for row in rows:
        sheet.append([harmless(value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _heading(sheet, text):
    cell = WriteOnlyCell(sheet, value=harmless(text))
    _dress(cell)
    return cell


def _dress(cell):
    cell.font = Font(bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", fgColor="0D5C63")
    cell.alignment = Alignment(vertical="center", wrap_text=True)


def to_fill_in(title, labels, example, choices, *, rtl, rows, lists_title, strict=(), as_text=(), widths=None):
    """The bytes of a workbook that people fill in: headings, one row that shows how it is meant, lists to choose from.

    `labels` are the headings by column key, `choices` the words for some of them, offered in the first `rows` rows;
    under any other key, which is then the heading, they are only there to be looked up. Columns in `strict` take nothing else; those `as_text` keep their zeros.
    """
    book = Workbook()
    sheet, lists = book.active, book.create_sheet(str(lists_title)[:31])
    sheet.title = str(title)[:31]
    for one in (sheet, lists):
        one.sheet_view.rightToLeft = rtl
        one.freeze_panes = "A2"
    _headings(sheet, [str(label) for label in labels.values()])
    sheet.append([harmless(text) for text in example])
    for cell in sheet[2]:
        cell.font = Font(italic=True, color="6B7280")
    _headings(lists, [str(labels[key]) if key in labels else str(key) for key in choices])
    for place, words in enumerate(choices.values(), 1):
        for number, word in enumerate(words, 2):
            lists.cell(number, place, harmless(word))
    for number, key in enumerate(labels, 1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = (widths or {}).get(key, 28)
        if choices.get(key):
            column = get_column_letter(list(choices).index(key) + 1)
            source = f"'{lists.title}'!${column}$2:${column}${len(choices[key]) + 1}"
            rule = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=key in strict)
            sheet.add_data_validation(rule)
            rule.add(f"{letter}2:{letter}{rows + 1}")
        if key in as_text:
            for row in range(2, 502):
                sheet.cell(row, number).number_format = "@"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _headings(sheet, words):
    sheet.append([harmless(word) for word in words])
    for cell in sheet[1]:
        _dress(cell)
        sheet.column_dimensions[cell.column_letter].width = 28


def download(name, content):
    """The response that saves a workbook under a name."""
    response = HttpResponse(content, content_type=CONTENT_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def csv_download(name, headings, rows):
    """The response that saves a table as comma-separated values; the mark at its head lets Excel read UTF-8."""
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    writer = csv.writer(response)
    for row in (headings, *rows):
        writer.writerow(["" if value is None else harmless(value if isinstance(value, int | float) else str(value)) for value in row])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
