"""The scores of one entry, explained."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from assessments.selectors.appeals import standing
from assessments.selectors.score_readers import ScoreReader
from assessments.selectors.scores import explain
from assessments.selectors.waivers import waivers_of


@never_cache
@require_GET
def entry_scores(request, pk):
    """Why the score is what it is: in full for officers; after publication for those whom it concerns."""
    reader = ScoreReader(request.user)
    entry = get_object_or_404(reader.entries().select_related("round", "subject__agency"), pk=pk)
    audience = reader.audience(entry)
    if audience is None:
        raise Http404
    context = {
        "entry": entry,
        "subject": entry.subject,
        "round": entry.round,
        "knows_submitter": reader.knows_submitter(entry),
        "why": explain(entry, audience=audience),
        "appeals": standing(entry, request.user),
        "waivers": waivers_of(entry) if audience == "staff" else (),
    }
    return render(request, "assessments/entry_scores.html", context)
