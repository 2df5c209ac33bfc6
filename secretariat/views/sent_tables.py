"""The two pages of every table that is sent: handing the file in, and looking at its rows before they are written."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext

from secretariat.calendar import digits
from secretariat.errors import RuleBroken
from secretariat.sent_tables import STATES, WORDS, ImportForm, shown


def hand_in(request, template, *, model, receive, most):
    """Send a table; nothing is written before it was looked at. `receive(upload, by=)` gives the kept table."""
    sent = request.method == "POST"
    form = ImportForm(request.POST if sent else None, request.FILES if sent else None)
    if sent and form.is_valid():
        try:
            made = receive(form.cleaned_data["file"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            return redirect(made)
    context = {"form": form, "most": most, "earlier": model.objects.select_related("sent_by", "written_by")[:10]}
    return render(request, template, context, status=422 if form.errors else 200)


def look_and_write(request, pk, template, *, model, preview, write, back):
    """What a table would change, row by row; confirmed, all of it is written, else nothing. `back`: where another is sent."""
    kept = get_object_or_404(model.objects.select_related("sent_by", "written_by"), pk=pk)
    error = ""
    if request.method == "POST":
        try:
            kept = write(pk, by=request.user, seen=request.POST.get("seen", ""))
        except RuleBroken as broken:
            error = str(broken)
        else:
            count = kept.counts["new"] + kept.counts["changed"]
            done = ngettext("%(count)s row was written.", "%(count)s rows were written.", count) % {"count": digits(count)}
            messages.success(request, done)
            return redirect(kept)
    counts = [(WORDS[state], kept.counts[state]) for state in STATES if kept.counts.get(state)]
    context = {"kept": kept, "error": error, "back": back, "counts": counts}
    if not kept.written_at and kept.content:
        context |= shown(request, *preview(kept.content))
    return render(request, template, context, status=422 if error else 200)
