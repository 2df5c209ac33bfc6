"""The papers of a product before a council, one click from its board: read one after the other, and back to the vote."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from products.selectors import council_evidence as selectors
from secretariat import rules
from secretariat.models import AgendaItem, Meeting, Resolution


@never_cache
@require_safe
def decision_evidence(request, pk, product):
    """The papers of one product of a resolution, for those who decide on it now."""
    resolutions = Resolution.objects.visible_to(request.user).filter(kind=Resolution.Kind.GRANT_MARKS)
    resolution = get_object_or_404(resolutions.select_related("council", "meeting__council"), pk=pk)
    places = selectors.opened_on(resolution, request.user)
    papers = _papers(request, product, places, meeting=resolution.meeting, resolution=resolution)
    context = {
        "papers": papers,
        "resolution": resolution,
        "meeting": resolution.meeting,
        "back": reverse("decision_board", args=[pk]),
        "turns": [place and reverse("decision_evidence", args=[pk, place.product.pk]) for place in (papers.before, papers.after)],
    }
    return render(request, "products/decision_evidence.html", context)


@never_cache
@require_safe
def marks_evidence(request, pk, product):
    """The same before anything is proposed, for whoever draws up what the council decides on a round's products."""
    items = AgendaItem.objects.filter(meeting__in=Meeting.objects.visible_to(request.user), kind=AgendaItem.Kind.MARKS)
    item = get_object_or_404(items.select_related("meeting__council"), pk=pk)
    meeting = item.meeting
    if not rules.serves_council(request.user, meeting.council_id) or meeting.status not in rules.LIVE_MEETINGS:
        raise Http404
    papers = _papers(request, product, selectors.offered_beside(product, item, request.user), meeting=meeting)
    context = {
        "papers": papers,
        "item": item,
        "meeting": meeting,
        "back": f"{reverse('marks_from_round', args=[pk])}?round={papers.entry.round_id}",
        "turns": [place and reverse("marks_evidence", args=[pk, place.product.pk]) for place in (papers.before, papers.after)],
    }
    return render(request, "products/marks_evidence.html", context)


def _papers(request, product, places, **at):
    if product not in [place.product.pk for place in places]:
        raise Http404
    return selectors.papers_of(product, places, request.user, **at)
