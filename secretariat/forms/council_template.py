"""The workbook in which councils and their seats are written down: headings, an example, and lists to choose from."""

from django.utils.translation import gettext as _

from secretariat import persian
from secretariat.calendar import digits, reads_persian, today
from secretariat.forms.council_sheet import EXAMPLE_ADDRESS, LABELS, MOST_ROWS
from secretariat.models import Council, Seat
from secretariat.spreadsheets import to_fill_in


def template():
    """The bytes of the workbook, in the reader's language."""
    choices = {
        "council": [council.name for council in Council.objects.all()],
        "kind": [str(label) for label in Council.Kind.labels],
        "parent": [council.name for council in Council.objects.all()],
        "role": [str(label) for label in Seat.Role.labels],
    }
    year = persian.to_jalali(today()).year
    example = [
        str(_("Example: Commission of books")), "Commission of books", str(Council.Kind.COMMISSION.label), "",
        str(_("Sara")), str(_("Yousefi")), EXAMPLE_ADDRESS, "09120000000", str(Seat.Role.MEMBER.label),
        digits(f"{year}/01/01"), digits(f"{year + 2}/12/29"), "",
    ]  # fmt: skip
    return to_fill_in(
        _("Councils and seats"), LABELS, example, choices, rtl=reads_persian(), rows=MOST_ROWS, lists_title=_("Lists"),
        strict=["kind", "role"], as_text=["mobile", "since", "until"], widths={"role": 16, "kind": 18, "since": 14, "until": 14, "mobile": 16},
    )  # fmt: skip
