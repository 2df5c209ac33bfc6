"""Writes an assignment's sheet as a workbook: guidance beside every answer, lists to choose from, everything else locked."""

import io

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.worksheet.datavalidation import DataValidation

from assessments import paper
from assessments.forms.assessments import COMMENT_MOST, TEXT_MOST, TEXTS
from assessments.models import Rating
from assessments.selectors.assessments import Row, fields_of
from assessments.templatetags.indicator_text import gate_words
from secretariat import calendar
from secretariat.templatetags.portal_text import digits, jalali_datetime, num, percent

WIDTHS = dict(zip(paper.COLUMNS, (6, 7, 32, 9, 48, 18, 46), strict=True))
LETTERS_A_LINE = 44  # of the widest columns; rows are as high as their text
LONGEST_CELL = 32_000
_TEAL = "0D5C63"
_LOCKED, _HEADING, _PART = (PatternFill("solid", fgColor=colour) for colour in ("F6F3EC", _TEAL, "E3EFEE"))
_EDGE = Border(*(Side(style="thin", color="B9B2A3"),) * 4)
_TEXT = Alignment(vertical="top", wrap_text=True)
_MIDDLE = Alignment(horizontal="center", vertical="center", wrap_text=True)


def workbook(assignment, assessment, sheet):
    """The bytes of the workbook, with what stands in the draft. It names neither the maker nor the assessor."""
    book = Workbook()
    book.properties.creator = "portal"
    page = _Page(book.active)
    page.head(assignment)
    for part in sheet.parts:
        if len(sheet.parts) > 1:
            page.band(f"{part.version.set.title} – {percent(part.weight)}", _PART)
        for section in part.sections:
            page.band(f"{digits(section.node.number)}. {section.node.title} – {percent(section.node.effective)}", _PART)
            for item in section.items:
                if not isinstance(item, Row):
                    page.band(f"{digits(item.number)}. {item.title}")
                elif item.measured:
                    page.measured(item)
                else:
                    page.question(item)
    page.texts(assessment)
    _seal(book, assignment, assessment, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class _Page:
    """The page that is filled in, written from the top down."""

    def __init__(self, page):
        self.page, self.place = page, 0
        page.title = _("Sheet")
        page.sheet_view.rightToLeft = calendar.reads_persian()
        page.sheet_view.showGridLines = False
        for column, width in WIDTHS.items():
            page.column_dimensions[column].width = width
        page.column_dimensions[paper.KEY].hidden = True
        page.protection.sheet = True
        page.protection.formatColumns = page.protection.formatRows = False  # may be made wider
        page.page_setup.orientation, page.page_setup.paperSize = "landscape", page.PAPERSIZE_A4
        page.sheet_properties.pageSetUpPr.fitToPage = True
        page.page_setup.fitToHeight = 0

    def head(self, assignment):
        entry = assignment.entry
        self.band(entry.subject.title, font=Font(bold=True, size=15, color=_TEAL), height=30)
        self.band(f"{entry.round.title} – {_('Deadline')}: {jalali_datetime(assignment.deadline)}", font=Font())
        how = _(
            "Fill in the white cells: an answer from the list, and a comment where you have one. Save the file as XLSX and send it"
            " on the page that it was taken from; there you see what changes before anything is saved."
        )
        self.band(how, font=Font(color="555555"), height=34)
        headings = (_("No."), _("Indicator"), _("Weight"), _("How to rate this"), _("Your answer"), _("Comment"))
        self.row(dict(zip(paper.COLUMNS[1:], headings, strict=True)))
        for column in paper.COLUMNS[1:]:
            cell = self.cell(column)
            cell.font, cell.fill, cell.alignment = Font(bold=True, color="FFFFFF"), _HEADING, _MIDDLE
        self.page.freeze_panes = f"{paper.TITLE}{self.place + 1}"

    def band(self, text, fill=None, *, font=None, height=22):
        """A line over the whole width."""
        self.place += 1
        self.page.merge_cells(f"{paper.NUMBER}{self.place}:{paper.COMMENT}{self.place}")
        cell = self.cell(paper.NUMBER)
        _put(cell, text)
        cell.font, cell.alignment = (
            font or Font(bold=True, color=_TEAL if fill else "333333"),
            Alignment(vertical="center", wrap_text=True),
        )
        if fill:
            cell.fill = fill
        self.page.row_dimensions[self.place].height = height

    def cell(self, column):
        return self.page[f"{column}{self.place}"]

    def row(self, values, white=()):
        """A line of cells by column; only the white ones may be filled in."""
        self.place += 1
        lines = 1
        for column, value in values.items():
            cell = self.cell(column)
            _put(cell, value)
            cell.alignment, cell.border = _TEXT, _EDGE
            if column in white:
                cell.protection = Protection(locked=False)
            elif column != paper.KEY:
                cell.fill = _LOCKED
            if isinstance(value, str):
                lines = max(
                    lines, sum(1 + len(line) * LETTERS_A_LINE // WIDTHS[column] // LETTERS_A_LINE for line in value.split("\n"))
                )
        self.page.row_dimensions[self.place].height = min(400, 12 + 16 * lines)

    def question(self, row):
        self.row(
            {
                paper.KEY: row.key,
                paper.NUMBER: digits(row.number),
                paper.TITLE: row.title,
                paper.WEIGHT: percent(row.share, 1),
                paper.HOW: how_to_rate(row),
                paper.ANSWER: _as_cell(row.answer, row.scale),
                paper.COMMENT: row.answer.comment,
            },
            white=(paper.ANSWER, paper.COMMENT),
        )
        self.cell(paper.ANSWER).alignment = _MIDDLE
        self.check(
            paper.ANSWER, _answers(row, self.cell(paper.ANSWER).coordinate), _("This is not among the answers to this indicator.")
        )
        self.check(paper.COMMENT, _length(COMMENT_MOST), _("At most %(most)s letters fit here.") % {"most": num(COMMENT_MOST)})

    def measured(self, row):
        said = " ".join(filter(None, [num(row.said[0]), row.said[1]])) if row.measurement else _("not yet")
        self.row(
            {
                paper.NUMBER: digits(row.number),
                paper.TITLE: row.title,
                paper.WEIGHT: percent(row.share, 1),
                paper.HOW: _("Measured once by the secretariat"),
                paper.ANSWER: said,
                paper.COMMENT: row.answer.comment,
            }
        )

    def texts(self, assessment):
        self.band(_("In words"), _PART)
        for name, label in TEXTS.items():
            self.row({paper.KEY: name, paper.NUMBER: str(label), paper.TEXT: getattr(assessment, name, "")}, white=(paper.TEXT,))
            self.page.merge_cells(f"{paper.NUMBER}{self.place}:{paper.WEIGHT}{self.place}")
            self.page.merge_cells(f"{paper.TEXT}{self.place}:{paper.COMMENT}{self.place}")
            self.page.row_dimensions[self.place].height = 90
            self.check(paper.TEXT, _length(TEXT_MOST), _("At most %(most)s letters fit here.") % {"most": num(TEXT_MOST)})

    def check(self, column, check, sentence):
        """What the spreadsheet itself objects to. It only warns: Persian digits are right too, and the portal decides."""
        check.errorStyle, check.error = "warning", sentence
        check.allow_blank = check.showErrorMessage = True
        check.add(self.cell(column))
        self.page.add_data_validation(check)


def _put(cell, value):
    """Write a value; text is never taken for a formula."""
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_CELL]
        cell.data_type, cell.quotePrefix = "s", value.startswith(("=", "+", "-", "@"))
    else:
        cell.value = value


def how_to_rate(row):
    """Guidance, what each level is called, and what the mark requires, one under the other."""
    lines = [row.guidance]
    lines += [" ".join(filter(None, [num(choice.number), choice.word])) for choice in row.choices]
    if not row.choices and row.scale.maximum is not None:
        lines.append(_("from %(low)s to %(high)s") % {"low": num(row.scale.minimum), "high": num(row.scale.maximum)})
    if row.gate_least is not None:
        lines.append(f"{_('Without it no mark is granted, whatever the score:')} {gate_words(row.node)}")
    return "\n".join(line for line in lines if line)


def _as_cell(answer, scale):
    """An answer as its cell holds it: a number where a number is chosen, else the word from the list."""
    if answer.state == Rating.State.NOT_APPLICABLE:
        return _("not applicable")
    if answer.value is None:
        return None
    if scale.kind == "boolean":
        return _word(answer.value, scale)
    return int(answer.value) if answer.value == int(answer.value) else float(answer.value)


def _word(value, scale):
    return next((level.word for level in scale.levels if level.value == value), "") or (_("yes") if value else _("no"))


def _answers(row, place):
    words = [_("not applicable")] if row.allow_na else []
    if row.choices:
        values = [choice.word if choice.number is None else choice.value for choice in row.choices]
        return DataValidation(type="list", formula1=f'"{",".join([*values, *words])}"')
    bounds = [f"{place}>={row.scale.minimum}"]
    if row.scale.maximum is not None:
        bounds.append(f"{place}<={row.scale.maximum}")
    tests = [f"AND(ISNUMBER({place}),{','.join(bounds)})", *(f'{place}="{word}"' for word in words)]
    return DataValidation(type="custom", formula1=f"OR({','.join(tests)})")


def _length(most):
    return DataValidation(type="textLength", operator="lessThanOrEqual", formula1=str(most))


def _seal(book, assignment, assessment, sheet):
    page = book.create_sheet(paper.SEALED_PAGE)
    page.sheet_state = "veryHidden"
    page.protection.sheet = True
    *facts, packed = paper.sealed(assignment.pk, assessment.version if assessment else 0, fields_of(sheet, assessment))
    pieces = [packed[start : start + LONGEST_CELL] for start in range(0, len(packed), LONGEST_CELL)]
    for place, text in enumerate([*facts, *pieces], 1):
        _put(page.cell(place, 1), text)
