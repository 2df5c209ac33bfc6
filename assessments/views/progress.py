"""A round in time: what each assessor did when, the pace, and when everything will be in."""

from django.core.paginator import Paginator
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from assessments.models import Extension
from assessments.selectors.progress import Progress
from assessments.views.rounds import find_round, round_tabs
from secretariat.gate import officers_only

A_PAGE = 40


@officers_only
@require_safe
def round_progress(request, pk):
    """The Gantt chart of a round with its table, and the forecast."""
    round_ = find_round(request, pk)
    progress = Progress(round_)
    page = Paginator(progress.lines, A_PAGE).get_page(request.GET.get("page"))
    requests = Extension.objects.open().filter(assignment__entry__round=round_, assignment__status__in=["offered", "accepted"])
    context = {
        "round": round_,
        "tabs": round_tabs(round_, "round_progress"),
        "progress": progress,
        "page": page,
        "requests": requests.select_related("assignment__assessor__user", "assignment__entry__subject") if round_.is_open else [],
        "remind_url": reverse("round_remind", args=[pk]),
        "more_time_url": reverse("round_more_time", args=[pk]),
    }
    return render(request, "assessments/round_progress.html", context)
