"""A table out of an Excel file that somebody sent: its first sheet as texts, within bounds, whatever else the file holds."""

import datetime
import zipfile

from django.utils.translation import gettext as _
from openpyxl import load_workbook

from secretariat import calendar, persian, uploads
from secretariat.errors import RuleBroken

MAX_BYTES = 4 * 1024 * 1024
MAX_UNPACKED = 40 * 1024 * 1024
MAX_COLUMNS = 60
EMPTY_ROWS = 5_000  # formatted but empty ones at the end of a sheet are passed over, up to so many
LONGEST_CELL = 4_000


def read_table(upload, *, most_rows):
    """The rows of the first sheet as lists of texts, empty cells and rows at their ends left out.

    Dates come as ISO days, whole numbers without a fraction, formulas as the value that Excel last showed. Raises
    RuleBroken (field "file") for anything but a workbook within the bounds.
    """
    checked = uploads.inspect(upload, max_bytes=MAX_BYTES)
    if checked.extension != ".xlsx":
        raise _refused(_("Send an Excel file (XLSX), best the template of this page."))
    stream = checked.content.file
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > MAX_UNPACKED:
            raise _refused(_("This file holds too much. Send only the table, without pictures and other sheets."))
        stream.seek(0)
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        try:
            return _rows(book.worksheets[0], most_rows)
        finally:
            book.close()
    except RuleBroken:
        raise
    except Exception as error:  # openpyxl meets broken files with many kinds of errors
        raise _refused(_("This file is damaged or incomplete. Open it on your own device, save it again and send it.")) from error


def _rows(sheet, most_rows):
    rows, empty = [], 0
    for cells in sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True):
        row = [_text(value) for value in cells]
        while row and not row[-1]:
            row.pop()
        if not row:
            empty += 1
            if empty > EMPTY_ROWS:
                raise _refused(_("The sheet has thousands of empty rows. Delete the rows below the table and send it again."))
            continue
        rows += [[] for _gap in range(empty)]
        rows.append(row)
        empty = 0
        if len(rows) > most_rows:
            most = calendar.digits(most_rows)
            raise _refused(_("The sheet has too many rows: at most %(n)s at once. Send it in parts.") % {"n": most})
    return rows


def _text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, datetime.datetime):
        value = value.date().isoformat()
    return persian.canonical(str(value))[:LONGEST_CELL]


def _refused(sentence):
    return RuleBroken(sentence, field="file")
