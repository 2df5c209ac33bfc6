"""A table of assessors: sent, looked at row by row, and confirmed in one piece."""

from django.urls import reverse
from django.views.decorators.http import require_safe

from assessments.forms.roster_sheet import MOST_ROWS
from assessments.forms.roster_template import template
from assessments.models import RosterImport
from assessments.selectors.roster_import import preview
from assessments.services import roster_import as services
from assessments.views.rounds import form_page
from secretariat import spreadsheets
from secretariat.gate import officers_only, once
from secretariat.views.sent_tables import hand_in, look_and_write


@officers_only
@form_page
@once
def roster_import(request):
    """Send a table; nothing is written before it was looked at."""
    return hand_in(request, "assessments/roster_import.html", model=RosterImport, receive=services.receive, most=MOST_ROWS)


@officers_only
@require_safe
def roster_template(request):
    """The workbook to fill in."""
    return spreadsheets.download("assessors-template", template())


@officers_only
@form_page
@once
def roster_import_detail(request, pk):
    """What a table would change, row by row; confirmed, all of it is written, else nothing."""
    return look_and_write(
        request, pk, "assessments/roster_import_detail.html",
        model=RosterImport, preview=preview, write=services.write, back=reverse("roster_import"),
    )  # fmt: skip
