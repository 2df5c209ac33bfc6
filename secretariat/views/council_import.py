"""A table of councils and their seats: sent, looked at row by row, and confirmed in one piece."""

import functools

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from secretariat import rules, spreadsheets
from secretariat.calendar import digits
from secretariat.errors import RuleBroken
from secretariat.forms.council_sheet import MOST_ROWS
from secretariat.forms.council_template import template
from secretariat.gate import once
from secretariat.models import CouncilImport
from secretariat.selectors.council_import import preview
from secretariat.sent_tables import STATES, WORDS, ImportForm, shown
from secretariat.services import council_import as services


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
    sent = request.method == "POST"
    form = ImportForm(request.POST if sent else None, request.FILES if sent else None)
    if sent and form.is_valid():
        try:
            made = services.receive(form.cleaned_data["file"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            return redirect(made)
    context = {"form": form, "most": MOST_ROWS, "earlier": CouncilImport.objects.select_related("sent_by", "written_by")[:10]}
    return render(request, "secretariat/council_import.html", context, status=422 if form.errors else 200)


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
    kept = get_object_or_404(CouncilImport.objects.select_related("sent_by", "written_by"), pk=pk)
    error = ""
    if request.method == "POST":
        try:
            kept = services.write(pk, by=request.user, seen=request.POST.get("seen", ""))
        except RuleBroken as broken:
            error = str(broken)
        else:
            count = kept.counts["new"] + kept.counts["changed"]
            done = ngettext("%(count)s row was written.", "%(count)s rows were written.", count) % {"count": digits(count)}
            messages.success(request, done)
            return redirect(kept)
    context = {
        "kept": kept, "error": error, "back": reverse("council_import"),
        "counts": [(WORDS[state], kept.counts[state]) for state in STATES if kept.counts.get(state)],
    }  # fmt: skip
    if not kept.written_at and kept.content:
        context |= shown(request, *preview(kept.content))
    return render(request, "secretariat/council_import_detail.html", context, status=422 if error else 200)
