"""The public pages of councils: which there are, what each is for, and who sits in it."""

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from secretariat import rules
from secretariat.matters import public_page_of
from secretariat.models import Council
from secretariat.selectors import bodies as selectors


@login_not_required
@require_safe
def council_list(request):
    """Every council at work, each under the one it stands under."""
    context = {"tree": selectors.council_tree(), "may_set_up": rules.is_secretary(request.user)}
    return render(request, "secretariat/council_list.html", context)


@login_not_required
@require_safe
def council_detail(request, pk):
    """One council: its mandate, how it decides, its seats and its public resolutions."""
    council = get_object_or_404(Council.objects.select_related("parent"), pk=pk)
    context = {
        "council": council,
        "children": council.children.filter(is_active=True),
        **selectors.seats_of(council),
        "voting_rules": selectors.voting_rules(council),
        "decided": [(resolution, public_page_of(resolution)) for resolution in selectors.public_resolutions(council)[:20]],
        "may_set_up": rules.is_secretary(request.user),
    }
    return render(request, "secretariat/council_detail.html", context)
