"""The others' assessments of the same thing, for an assessor who has given his own."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assessments.selectors.assessments import workable
from assessments.selectors.others import may_look, others_of


@never_cache
@require_safe
def assessment_others(request, pk):
    """What the round shows of the others and of the score; where it shows nothing (yet), there is no such page."""
    mine = workable(request.user).select_related("entry__round", "entry__subject__agency", "assessor__user", "assessment")
    assignment = get_object_or_404(mine, pk=pk)
    if not may_look(assignment):
        raise Http404
    told = others_of(assignment)
    context = {"assignment": assignment, "subject": assignment.entry.subject, "round": assignment.entry.round, "told": told}
    return render(request, "assessments/assessment_others.html", context)
