"""A table of assessors: sent, looked at row by row, and confirmed in one piece."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from assessments.forms.roster_sheet import MOST_ROWS
from assessments.forms.roster_template import template
from assessments.models import RosterImport
from assessments.selectors.roster_import import preview
from assessments.services import roster_import as services
from assessments.views.rounds import form_page
from secretariat import spreadsheets
from secretariat.calendar import digits
from secretariat.errors import RuleBroken
from secretariat.gate import officers_only, once
from secretariat.sent_tables import STATES, WORDS, ImportForm, shown


@officers_only
@form_page
@once
def roster_import(request):
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
    context = {"form": form, "most": MOST_ROWS, "earlier": RosterImport.objects.select_related("sent_by", "written_by")[:10]}
    return render(request, "assessments/roster_import.html", context, status=422 if form.errors else 200)


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
    kept = get_object_or_404(RosterImport.objects.select_related("sent_by", "written_by"), pk=pk)
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
    context = {"kept": kept, "error": error, "back": reverse("roster_import"), "counts": [(WORDS[state], kept.counts[state]) for state in STATES if kept.counts.get(state)]}
    if not kept.written_at and kept.content:
        context |= shown(request, *preview(kept.content))
    return render(request, "assessments/roster_import_detail.html", context, status=422 if error else 200)
