"""A published round in the open: its page for everybody, the data to compute it again, and their release."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_safe

from assessments.models import Round, RoundBundle, SetVersion
from assessments.rules import PUBLIC_ROUNDS
from assessments.selectors.openness import LEAST_PICTURED, open_round
from assessments.selectors.rounds import disconnected_sentence
from assessments.services.bundles import ask_bundle
from assessments.views.rounds import find_round, form_page, round_tabs
from secretariat.errors import refusals_told
from secretariat.gate import officers_only, once
from secretariat.public_pages import same_until

PUBLISHED = Round.objects.filter(status__in=PUBLIC_ROUNDS).select_related("run")


def _state(request, pk):
    rows = list(PUBLISHED.filter(pk=pk).values_list("run", "run__bundle__sha256", "title_fa", "title_en", "is_demo"))
    sets = SetVersion.objects.filter(sheet_parts__sheet__round=pk).order_by("pk").distinct()
    return [rows, list(sets.values_list("pk", "set__title_fa", "set__title_en"))] if rows else None


@login_not_required
@require_safe
@same_until(_state)
def round_public(request, pk):
    """How the scores of a published round were computed, how far they can be relied on, and the data to check them."""
    round_ = get_object_or_404(PUBLISHED.all(), pk=pk)
    told = open_round(round_)
    context = {
        "round": round_,
        "told": told,
        "run": told.run,
        "bundle": told.bundle,
        "least_pictured": LEAST_PICTURED,
        "disconnected": "" if told.run.is_connected else disconnected_sentence(told.run),
    }
    return render(request, "assessments/round_public.html", context)


def _released(pk):
    return RoundBundle.objects.filter(run__round=pk, run__current_of__status__in=PUBLIC_ROUNDS, released_at__isnull=False)


def _fingerprint(request, pk):
    sha256 = _released(pk).values_list("sha256", flat=True).first()
    return sha256 and f'"{sha256}"'


@login_not_required
@require_safe
@condition(etag_func=_fingerprint)
def round_bundle_file(request, pk):
    """The released data: the same bytes for ever, so anybody may keep them."""
    bundle = get_object_or_404(_released(pk).select_related("run"), run__round=pk)
    response = FileResponse(bundle.file.open("rb"), as_attachment=True, filename=bundle.name, content_type="application/zip")
    response["Content-Length"] = bundle.size
    response["Cache-Control"] = "public, max-age=86400"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@officers_only
@form_page
@once
def round_bundle(request, pk):
    """Where an officer releases the data of a published round and follows how far the making is."""
    round_ = find_round(request, pk)
    if not round_.is_public:
        messages.warning(request, _("Data are released once the results are published."))
        return redirect(round_)
    if request.method == "POST":
        with refusals_told(request):
            ask_bundle(pk, by=request.user)
        return redirect("round_bundle", pk)
    bundle = RoundBundle.objects.filter(run=round_.run_id).select_related("run", "asked_by").first()
    context = {
        "round": round_,
        "run": round_.run,
        "bundle": bundle,
        "tabs": round_tabs(round_, "round_bundle"),
        "is_small": (round_.run.summary.get("products") or 0) < LEAST_PICTURED,
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "assessments/_bundle_state.html" if part else "assessments/round_bundle.html", context)
