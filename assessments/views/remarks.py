"""What assessors wrote for the submitters, before the submitters read it: the list of a round, and one text."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from assessments.forms.remarks import RemarkForm
from assessments.models import Assessment
from assessments.selectors import remarks as selectors
from assessments.selectors.readers import still_judges
from assessments.services import remarks as services
from assessments.views.readers import results_readers, wait_page
from assessments.views.rounds import form_page, round_tabs
from secretariat.calendar import digits
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import officers_only, once
from secretariat.persian import search_key

A_PAGE = 20
HINTED = "hinted"


@results_readers
@require_http_methods(["GET", "HEAD", "POST"])
@once
def round_remarks(request, round_):
    """Every text of the round with the verdict on it; the harmless ones are released together."""
    found = selectors.round_remarks(round_)
    own = [one for one in found if one.assessment.assignment.assessor.user_id == request.user.pk]
    harmless = [one for one in selectors.clean(found) if one not in own]
    if request.method == "POST":
        try:
            count = services.release_clean(round_.pk, by=request.user, seen=request.POST.get("seen", ""))
        except RuleBroken as broken:
            messages.warning(request, broken.message)
        else:
            said = ngettext("%(count)s text was released.", "%(count)s texts were released.", count)
            messages.success(request, said % {"count": digits(count)})
        return redirect("round_remarks", round_.pk)
    counts = {state: sum(one.state == state for one in found) for state in (selectors.WAITING, "released", "withheld")}
    counts[HINTED] = sum(one.state == selectors.WAITING and bool(one.hints) for one in found)
    state = request.GET.get("state", selectors.WAITING)
    state = state if state in counts else selectors.WAITING
    shown = [one for one in found if (one.state == selectors.WAITING and one.hints if state == HINTED else one.state == state)]
    if word := search_key(request.GET.get("q", "")[:100]):
        shown = [one for one in shown if word in search_key(f"{one.entry.subject.title_fa} {one.entry.subject.title_en}")]
    context = {
        "round": round_,
        "tabs": round_tabs(round_, "round_remarks"),
        "page": Paginator(shown, A_PAGE).get_page(request.GET.get("page")),
        "state": state,
        "states": [
            (selectors.WAITING, _("Waiting"), counts[selectors.WAITING]),
            (HINTED, _("May tell who wrote it"), counts[HINTED]),
            ("released", _("Released"), counts["released"]),
            ("withheld", _("Withheld"), counts["withheld"]),
        ],
        "harmless": len(harmless),
        "seen": selectors.fingerprint(harmless),
        "q": request.GET.get("q", "")[:100],
        "total": len(found),
        "own": {one.key for one in own},
    }
    return render(request, "assessments/round_remarks.html", context)


@officers_only
@form_page
@once
def remark_check(request, pk, kind, indicator):
    """One text beside what may give its writer away; an officer releases it, mends it or withholds it."""
    assessment = get_object_or_404(
        Assessment.objects.visible_to(request.user).counted().select_related("assignment__entry__round"), pk=pk
    )
    round_ = assessment.assignment.entry.round
    if still_judges(request.user, round_):
        return wait_page(request, round_)
    remark = _remark(pk, kind, indicator)
    form = RemarkForm.of(remark, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.check_remark(pk, kind, indicator or None, by=request.user, **form.cleaned_data)
        except Stale as stale:
            # What was typed stays; the text that stands now is beside it.
            remark = _remark(pk, kind, indicator)
            form = RemarkForm({**request.POST.dict(), "seen": remark.seen})
            form.add_error(None, stale.message)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The decision is recorded."))
            return redirect("round_remarks", round_.pk)
    context = {"remark": remark, "round": round_, "form": form, "history": _history(remark)}
    return render(request, "assessments/remark_check.html", context, status=422 if form.errors else 200)


def _remark(pk, kind, indicator):
    for one in selectors.remarks_of(Assessment.objects.counted().filter(pk=pk)):
        if one.kind == kind and (one.indicator.pk if one.indicator else 0) == indicator:
            return one
    raise Http404


def _history(remark):
    """Former verdicts on this place, the newest first."""
    if remark.check is None:
        return []
    return remark.check.events.exclude(at=remark.check.at).select_related("by").order_by("-pgh_id")
