"""One panel of a draft changed by hand: place, take off, lock, exchange; and who takes part in the round at all."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from assessments import rules
from assessments.models import Assessor
from assessments.selectors import panel_candidates as selectors
from assessments.selectors.panel_reasons import gap_words
from assessments.selectors.panels import preview
from assessments.services import panel_seats as services
from assessments.views.panels import draft_page
from assessments.views.rounds import form_page, round_tabs
from secretariat.errors import RuleBroken
from secretariat.gate import once
from secretariat.persian import search_key
from secretariat.typed import whole

MOST_SHOWN = 30  # of those who may be placed, and of those who cannot


ACTIONS = {
    "add": lambda *where, by: services.add(*where, by=by),
    "drop": lambda *where, by: services.drop(*where, by=by),
    "allow": lambda *where, by: services.allow(*where, by=by),
    "lock": lambda *where, by: services.set_lock(*where, True, by=by),
    "unlock": lambda *where, by: services.set_lock(*where, False, by=by),
}


@draft_page
@form_page
@once
def round_panel(request, round_, draft, entry):
    """The panel of one product: who sits in it, who else could, and why the others cannot."""
    if draft is None:
        return redirect("round_panels", round_.pk)
    entry = get_object_or_404(round_.entries.select_related("subject__agency", "round"), pk=entry)
    error = ""
    if request.method == "POST":
        act = ACTIONS.get(request.POST.get("action"))
        assessor = get_object_or_404(Assessor, pk=whole(request.POST.get("assessor")))
        if act is None:
            error = _("Choose what to do.")
        else:
            try:
                act(draft.pk, entry.pk, assessor.pk, by=request.user)
            except RuleBroken as broken:
                error = broken.message
            else:
                return redirect("round_panel", round_.pk, entry.pk)
    told, word = preview(draft), request.GET.get("q", "")[:100]
    panel = selectors.panel_of(told, entry, search_key(word))
    gap = told.gap(entry) if entry.pk in told.inputs.row else None
    context = {
        "round": round_,
        "draft": draft,
        "entry": entry,
        "panel": panel,
        "q": word,
        "most": MOST_SHOWN,
        "most_slice": f":{MOST_SHOWN}",
        "gap": gap,
        "gap_words": gap and gap_words(gap),
        "error": error,
        "is_ready": draft.status == draft.Status.READY,
        "sources": rules.SeatSource,
        "tabs": round_tabs(round_, "round_panels"),
    }
    return render(request, "assessments/round_panel.html", context, status=422 if error else 200)


@draft_page
@form_page
@once
def round_panel_swap(request, round_, draft, entry, assessor):
    """With whom of another panel an assessor could change places."""
    if draft is None:
        return redirect("round_panels", round_.pk)
    entry = get_object_or_404(round_.entries.select_related("subject__agency", "round"), pk=entry)
    person = get_object_or_404(Assessor.objects.select_related("user"), pk=assessor)
    error = ""
    if request.method == "POST":
        other = [whole(part) for part in request.POST.get("with", "").split(":")]
        if len(other) != 2:
            error = _("Choose with whom.")
        else:
            get_object_or_404(round_.entries, pk=other[0])
            get_object_or_404(Assessor, pk=other[1])
            try:
                services.swap(draft.pk, (entry.pk, person.pk), tuple(other), by=request.user)
            except RuleBroken as broken:
                error = broken.message
            else:
                messages.success(request, _("The two have changed places; both places are locked."))
                return redirect("round_panel", round_.pk, entry.pk)
    context = {
        "round": round_,
        "draft": draft,
        "entry": entry,
        "person": person,
        "partners": selectors.partners(preview(draft), entry, person),
        "error": error,
        "tabs": round_tabs(round_, "round_panels"),
    }
    return render(request, "assessments/round_panel_swap.html", context, status=422 if error else 200)


@draft_page
@require_POST
@once
def round_panel_choose(request, round_, draft, assessor, word):
    """Let an assessor take part in the round, or leave him out."""
    person = get_object_or_404(Assessor.objects.select_related("user"), pk=assessor)
    if draft is None:
        return redirect("round_panels", round_.pk)
    try:
        services.choose(draft.pk, person.pk, word == "in", by=request.user)
    except RuleBroken as broken:
        messages.warning(request, broken.message)
    else:
        words = (
            _("%(name)s takes part from the next filling on.")
            if word == "in"
            else _("%(name)s is given nothing more from the next filling on.")
        )
        messages.success(request, words % {"name": person})
    return redirect("round_panel_loads", round_.pk)
