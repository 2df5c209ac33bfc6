"""The workbook in which officers write down assessors: headings, an example, and lists to choose from."""

import io

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from assessments.forms.roster_sheet import EXAMPLE_ADDRESS, LABELS, MOST_ROWS
from assessments.models import Affiliation, Assessor, ExpertiseField, IndicatorSet
from secretariat.calendar import reads_persian
from secretariat.models import Agency, Province
from secretariat.spreadsheets import harmless

WIDTHS = {"capacity": 16, "province": 16, "languages": 18}
KEPT_AS_TEXT = ("mobile", "national_code")  # a leading zero stays


def template():
    """The bytes of the workbook, in the reader's language."""
    book = Workbook()
    sheet, lists = book.active, book.create_sheet(str(_("Lists"))[:31])
    sheet.title = str(_("Assessors"))[:31]
    for one in (sheet, lists):
        one.sheet_view.rightToLeft = reads_persian()
        one.freeze_panes = "A2"
    _head(sheet, [str(label) for label in LABELS.values()])
    sheet.append([harmless(text) for text in _example()])
    for cell in sheet[2]:
        cell.font = Font(italic=True, color="6B7280")
    choices = _choices()
    _head(lists, [*(str(LABELS[key]) for key in choices), str(_("Kinds of ties"))])
    for place, words in enumerate([*choices.values(), [str(label) for label in Affiliation.Kind.labels]], 1):
        for number, word in enumerate(words, 2):
            lists.cell(number, place, harmless(word))
    for number, key in enumerate(LABELS, 1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = WIDTHS.get(key, 28)
        if choices.get(key):
            place = get_column_letter(list(choices).index(key) + 1)
            _offer(sheet, f"{letter}2:{letter}{MOST_ROWS + 1}", f"'{lists.title}'!${place}$2:${place}${len(choices[key]) + 1}", key)
        if key in KEPT_AS_TEXT:
            for row in range(2, 502):
                sheet.cell(row, number).number_format = "@"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _choices():
    return {
        "fields": [str(row) for row in ExpertiseField.objects.filter(is_active=True)],
        "sets": [row.title for row in IndicatorSet.objects.all()],
        "languages": [str(label) for label in Assessor.Language.labels],
        "province": [row.name for row in Province.objects.all()],
        "affiliations": [row.name for row in Agency.objects.all()],
    }


def _offer(sheet, cells, source, key):
    """A list to choose from; where several may be written, Excel must not refuse what is not in it."""
    rule = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=key == "province")
    sheet.add_data_validation(rule)
    rule.add(cells)


def _head(sheet, words):
    sheet.append([harmless(word) for word in words])
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="0D5C63")
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        sheet.column_dimensions[cell.column_letter].width = 28


def _example():
    """A row that shows how cells are written; by its address it is known and left out."""
    field_, set_ = ExpertiseField.objects.filter(is_active=True)[:2], IndicatorSet.objects.first()
    agency, province = Agency.objects.first(), Province.objects.first()
    mark = "، " if reads_persian() else ", "
    return [
        str(_("Example: Sara Yousefi")),
        EXAMPLE_ADDRESS,
        "09120000000",
        "",
        mark.join(str(row) for row in field_),
        set_.title if set_ else "",
        mark.join(str(Assessor.Language(code).label) for code in ("fa", "en")),
        province.name if province else "",
        15,
        f"{agency.name} ({Affiliation.Kind.FORMER.label})" if agency else "",
    ]
