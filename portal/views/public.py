"""What everybody may read of the secretariat itself, and the search."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.selectors import public
from portal.selectors.search import SHORTEST, found
from products.models import Exemplar, QualityMark
from secretariat import persian
from secretariat.models import Agency
from secretariat.public_pages import same_until
from secretariat.services.letters import absolute

LONGEST_SEARCH = 100


def _home_state(request):
    shown = [exemplar.pk for exemplar in public.newest_exemplars()]
    return [public.figures(), [(mark.pk, mark.status) for mark in public.newest_marks()], shown]


@login_not_required
@require_safe
@same_until(_home_state)
def home(request):
    return render(
        request,
        "portal/home.html",
        {
            "figures": public.figures(),
            "marks": public.newest_marks(),
            "exemplars": public.newest_exemplars(),
            "sets": public.published_sets(),
            "history": public.history(),
        },
    )


@login_not_required
@require_safe
def about(request):
    return render(
        request,
        "portal/about.html",
        {"history": public.history(), "councils": public.councils(), "contact": settings.DEFAULT_FROM_EMAIL},
    )


@login_not_required
@require_safe
def search(request):
    words = request.GET.get("q", "")[:LONGEST_SEARCH]
    too_short = bool(words) and len(persian.search_key(words)) < SHORTEST
    return render(request, "portal/search.html", {"words": words, "groups": found(request.user, words), "too_short": too_short})


@login_not_required
@require_safe
def robots(request):
    lines = ["User-agent: *", "Disallow: /admin/", "Disallow: /search/", f"Sitemap: {absolute(reverse('sitemap'))}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")


@login_not_required
@require_safe
def sitemap(request):
    """The public pages, for search engines."""
    pages = [reverse(name) for name in ("home", "about", "set_list", "mark_list", "exemplar_list", "mark_verify_form", "agency_list", "api_docs")]
    pages += [version.get_absolute_url() for version in public.published_sets()]
    pages += [agency.get_absolute_url() for agency in Agency.objects.filter(is_member=True)]
    pages += [reverse("round_public", args=[pk]) for pk in public.published_rounds()]
    pages += [mark.get_absolute_url() for mark in QualityMark.objects.in_force()[:5000]]
    pages += [reverse("exemplar_public", args=[pk]) for pk in Exemplar.objects.shown().values_list("pk", flat=True)[:5000]]
    return render(request, "portal/sitemap.xml", {"pages": [absolute(page) for page in pages]}, content_type="application/xml")
