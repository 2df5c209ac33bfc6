"""How far one can rely on the results of a round: for officers, after publication for members of councils without names."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from assessments.models import Round
from assessments.selectors import reliability as selectors
from assessments.selectors.readers import STAFF, reader_of, still_judges
from assessments.views.readers import wait_page
from assessments.views.rounds import round_tabs


@require_safe
def round_reliability(request, pk):
    round_ = get_object_or_404(Round.objects.visible_to(request.user).select_related("run"), pk=pk)
    audience = reader_of(request.user, round_)
    if audience is None:
        raise Http404
    if still_judges(request.user, round_):
        return wait_page(request, round_)
    report = selectors.report(round_, audience)
    context = {
        "round": round_,
        "tabs": round_tabs(round_, "round_reliability") if audience == STAFF else [],
        "report": report,
        "links": selectors.links(round_) if report else None,
        "is_stale": round_.entries.stale().exists(),
    }
    if report and report.panels:
        context["nearly_sure"] = selectors.nearly_sure(report)
    if report:
        context["alpha_words"] = selectors.words_on_alpha(report.run)
        context["groups_words"] = selectors.words_on_groups(report.groups, report.ranked)
    return render(request, "assessments/round_reliability.html", context)
