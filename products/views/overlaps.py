"""The officers' pages of likely overlaps: the list, and two products side by side with the decision."""

from functools import cached_property

from django.contrib import messages
from django.db.models import Case, F, FloatField, Q, When
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from products.forms.screening import OverlapForm
from products.models import Overlap, Product
from products.rules import GONE
from products.selectors import overlaps as selectors
from products.services import overlaps as services
from secretariat import calendar
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, DateRange, ListPage
from secretariat.models import Agency


class OverlapList(ListPage):
    """Likely overlaps, the open ones first, likeliest first."""

    name = "overlaps"
    caption = gettext_lazy("Likely overlaps")
    search = ("product__search_key", "other__search_key")
    default_sort = "-decision"
    empty_title = gettext_lazy("No likely overlap was found.")
    empty_text = gettext_lazy("Whenever a product is handed in, it is compared with those of the other agencies.")
    filters = [
        Choice("decision", gettext_lazy("decision"), Overlap.Decision.choices),
        Choice(
            "agency",
            gettext_lazy("agency"),
            lambda request: [(agency.pk, agency.name) for agency in Agency.objects.filter(products__isnull=False).distinct()],
            apply=lambda rows, value: rows.filter(Q(product__agency=value) | Q(other__agency=value)),
        ),
        DateRange("found", gettext_lazy("found"), "found_at"),
    ]

    def queryset(self):
        nothing = Q(decision=Overlap.Decision.OPEN) & (Q(product__status__in=GONE) | Q(other__status__in=GONE))
        still_open = When(decision=Overlap.Decision.OPEN, then=F("similarity") + 1)
        return (
            Overlap.objects.visible_to(self.request.user)
            .exclude(nothing)
            .select_related("product__agency", "product__kind", "other__agency", "other__kind")
            .annotate(urgency=Case(still_open, default=F("similarity"), output_field=FloatField()))
        )

    @cached_property
    def columns(self):
        return [
            Column("product", _("product"), sort="product__sort_key", value="product.title", link=True),
            Column("agency", _("agency"), sort="product__agency__sort_key", value="product.agency.name"),
            Column("other", _("may overlap with"), sort="other__sort_key", value="other.title"),
            Column("other_agency", _("of the agency"), sort="other__agency__sort_key", value="other.agency.name"),
            Column("kind", _("kind"), sort="product__kind__sort_key", value="product.kind.title", shown=False),
            Column("likeness", _("likeness"), sort="similarity", value=selectors.percent, kind="percent"),
            Column("decision", _("decision"), sort="urgency", value="decision", template="products/overlap_cell.html"),
            Column("found", _("found"), sort="found_at", value="found_at", kind="date"),
        ]


@officers_only
@require_safe
def overlap_list(request):
    """Likely overlaps between the products of two agencies, those not decided first."""
    return OverlapList(request).respond("products/overlap_list.html")


@officers_only
@require_http_methods(["GET", "HEAD", "POST"])
@once
def overlap_detail(request, pk):
    """Two products side by side; what was decided on them and why, or the form to decide."""
    overlaps = Overlap.objects.visible_to(request.user).select_related(
        "product__agency", "product__kind", "other__agency", "other__kind", "decided_by"
    )
    overlap = get_object_or_404(overlaps, pk=pk)
    typed = request.POST if request.method == "POST" else None
    form = OverlapForm(typed, initial={"seen": overlap.decision})
    stale = False
    if typed is not None and form.is_valid():
        said = form.cleaned_data
        try:
            services.decide(overlap.pk, said["decision"], said["reason"], by=request.user, seen=said["seen"])
            messages.success(request, _("The decision was recorded; the agency is told."))
            return redirect(_back(request) or reverse("overlap_list"))
        except Stale as late:
            stale = True
            still = _("What you wrote is still here: send it again to replace that decision.")
            form.add_error(None, f"{late} {still}")
            # The next sending knows what it replaces.
            form.data = {**form.data.dict(), "seen": late.current.decision}
            overlap = late.current
        except RuleBroken as broken:
            broken.show_in(form)
    page = {
        "overlap": overlap,
        "pair": selectors.pair(overlap),
        "periods": (selectors.period(overlap.product), selectors.period(overlap.other)),
        "earlier": selectors.earlier_decisions(overlap),
        "form": form,
        "back": _back(request),
    }
    return render(request, "products/overlap_detail.html", page, status=409 if stale else 422 if form.errors else 200)


def _back(request):
    """The page of this portal that the reader came from, when it was named."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()}) else ""


@officers_only
@require_POST
@once
def overlap_recheck(request, pk):
    """Compare a product anew with those of the other agencies."""
    product = get_object_or_404(Product.objects.visible_to(request.user), pk=pk)
    found = services.find(product.pk)
    likely = [overlap for overlap in found if overlap.decision == Overlap.Decision.OPEN]
    if likely:
        sentence = ngettext("%(n)s overlap is to be decided.", "%(n)s overlaps are to be decided.", len(likely))
        messages.info(request, sentence % {"n": calendar.digits(len(likely))})
    else:
        messages.success(request, _("Compared anew: no overlap is left to decide."))
    return redirect(_back(request) or product)
