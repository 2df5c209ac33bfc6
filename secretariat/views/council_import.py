"""A table of councils and their seats: sent, looked at row by row, and confirmed in one piece."""

import functools

from django.http import Http404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from secretariat import rules, spreadsheets
from secretariat.forms.council_sheet import MOST_ROWS
from secretariat.forms.council_template import template
from secretariat.gate import once
from secretariat.models import CouncilImport
from secretariat.selectors.council_import import preview
from secretariat.services import council_import as services
from secretariat.views.sent_tables import hand_in, look_and_write


def heads_only(view):
    """Councils are set up by who heads the secretariat; to everybody else the page does not exist."""

    @functools.wraps(view)
    def guarded(request, *args, **kwargs):
        if not rules.is_secretary(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@heads_only
@require_http_methods(["GET", "HEAD", "POST"])
@once
def council_import(request):
    """Send a table; nothing is written before it was looked at."""
    return hand_in(request, "secretariat/council_import.html", model=CouncilImport, receive=services.receive, most=MOST_ROWS)


@heads_only
@require_safe
def council_import_template(request):
    """The workbook to fill in."""
    return spreadsheets.download("councils-template", template())


@heads_only
@require_http_methods(["GET", "HEAD", "POST"])
@once
def council_import_detail(request, pk):
    """What a table would change, row by row; confirmed, all of it is written, else nothing."""
    return look_and_write(
        request, pk, "secretariat/council_import_detail.html",
        model=CouncilImport, preview=preview, write=services.write, back=reverse("council_import"),
    )  # fmt: skip
