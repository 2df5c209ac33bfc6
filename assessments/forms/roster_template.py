"""The workbook in which officers write down assessors: headings, an example, and lists to choose from."""

from django.utils.translation import gettext as _

from assessments.forms.roster_sheet import EXAMPLE_ADDRESS, LABELS, MOST_ROWS
from assessments.models import Affiliation, Assessor, ExpertiseField, IndicatorSet
from secretariat.calendar import reads_persian
from secretariat.models import Agency, Province
from secretariat.spreadsheets import to_fill_in


def template():
    """The bytes of the workbook, in the reader's language."""
    return to_fill_in(
        _("Assessors"), LABELS, _example(), _choices(), rtl=reads_persian(), rows=MOST_ROWS, lists_title=_("Lists"),
        # Where several may be written, Excel must not refuse what is not in its list.
        strict=["province"], as_text=["mobile", "national_code"], widths={"capacity": 16, "province": 16, "languages": 18},
    )  # fmt: skip


def _choices():
    return {
        "fields": [str(row) for row in ExpertiseField.objects.filter(is_active=True)],
        "sets": [row.title for row in IndicatorSet.objects.all()],
        "languages": [str(label) for label in Assessor.Language.labels],
        "province": [row.name for row in Province.objects.all()],
        "affiliations": [row.name for row in Agency.objects.all()],
        _("Kinds of ties"): [str(label) for label in Affiliation.Kind.labels],
    }


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
