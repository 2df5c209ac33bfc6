"""Choosing accepted products for a round: the list, what each would be judged by, and the entry."""

from functools import cached_property

from django.contrib import messages
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from assessments.models import Entry, Round
from assessments.rules import EDITABLE_ROUNDS
from products.models import Product, ProductKind
from products.selectors.judging import compositions
from products.services.round_entries import MOST_AT_ONCE, add_products, too_many
from secretariat import calendar
from secretariat.errors import RuleBroken
from secretariat.gate import officers_only, once
from secretariat.lists import BulkAction, Choice, Column, DateRange, ListPage, Toggle
from secretariat.models import Agency
from secretariat.typed import keys


class Candidates(ListPage):
    """Accepted products that are not in a round yet."""

    name = "candidates"
    caption = gettext_lazy("Accepted products")
    search = ("search_key", "agency__search_key")
    default_sort = "submitted"
    empty_title = gettext_lazy("No accepted product is left to add.")
    empty_text = gettext_lazy("Products stand here once they are screened and accepted.")
    filters = [
        Choice("kind", gettext_lazy("kind"), lambda request: [(kind.pk, kind.title) for kind in ProductKind.objects.all()]),
        Choice(
            "agency",
            gettext_lazy("agency"),
            lambda request: [(agency.pk, agency.name) for agency in Agency.objects.filter(is_member=True)],
        ),
        Choice("audience", gettext_lazy("audience"), Product.Audience.choices),
        DateRange("submitted", gettext_lazy("handed in"), "submitted_at"),
        Toggle("fresh", gettext_lazy("in no other round yet"), lambda rows: rows.filter(other_rounds=0)),
    ]
    bulk = [BulkAction("preview", gettext_lazy("See by what they would be judged"))]

    def __init__(self, request, round_):
        super().__init__(request)
        self.round = round_

    def queryset(self):
        elsewhere = (
            Entry.objects.filter(subject=OuterRef("subject_id"))
            .exclude(round__status="cancelled")
            .order_by()
            .values("subject")
            .annotate(count=Count("pk"))
            .values("count")
        )
        return (
            Product.objects.visible_to(self.request.user)
            .filter(status=Product.Status.ACCEPTED)
            .filter(~Q(subject__in=Entry.objects.filter(round=self.round).values("subject")))
            .select_related("agency", "kind")
            .annotate(other_rounds=Coalesce(Subquery(elsewhere), 0))
        )

    @cached_property
    def columns(self):
        return [
            Column("title", _("title"), sort="sort_key", link=True),
            Column("agency", _("agency"), sort="agency__sort_key", value="agency.name"),
            Column("kind", _("kind"), sort="kind__sort_key", value="kind.title"),
            Column("audience", _("audience"), sort="audience", value="get_audience_display"),
            Column("submitted", _("handed in"), sort="submitted_at", value="submitted_at", kind="date"),
            Column("rounds", _("in other rounds"), sort="other_rounds", value="other_rounds", kind="number"),
        ]


@officers_only
@require_http_methods(["GET", "HEAD", "POST"])
@once
def round_add_products(request, pk):
    """Accepted products that may enter a round; chosen ones are previewed with their indicator sets, then entered."""
    round_ = get_object_or_404(Round.objects.visible_to(request.user), pk=pk)
    if round_.status not in EDITABLE_ROUNDS:
        state = round_.get_status_display()
        messages.info(request, _("Nothing can be added to this round any more: it is “%(state)s”.") % {"state": state})
        return redirect(round_)
    page = Candidates(request, round_)
    refusal = ""
    if request.method == "POST":
        try:
            if request.POST.get("step") == "add":
                return _add(request, round_)
            _action, rows = page.bulk_choice()
            return _preview(request, round_, page, rows)
        except RuleBroken as broken:
            refusal = str(broken)
    response = page.respond("products/round_add_products.html", {"round": round_, "refusal": refusal})
    if refusal:
        response.status_code = 422
    return response


def _preview(request, round_, page, rows):
    """What would be entered, grouped by what it would be judged by, and what cannot be, with the reason."""
    if page.total > MOST_AT_ONCE and rows[: MOST_AT_ONCE + 1].count() > MOST_AT_ONCE:
        raise too_many()
    products = list(rows)
    if not products:
        raise RuleBroken(_("None of the chosen products can be added any more: they were entered or withdrawn meanwhile."))
    composed = compositions(products)
    groups, problems = {}, {}
    for product in products:
        composition = composed[product.pk]
        if composition.problems:
            problems.setdefault(tuple(composition.problems), []).append(product)
        else:
            key = tuple((version.pk, weight) for version, weight in composition.parts)
            groups.setdefault(key, (composition.parts, []))[1].append(product)
    addable = [product.pk for _parts, members in groups.values() for product in members]
    context = {
        "round": round_,
        "groups": list(groups.values()),
        "problems": list(problems.items()),
        "addable": addable,
        "chosen": ",".join(map(str, addable)),
        "back": page.here,
    }
    return render(request, "products/round_add_preview.html", context)


def _add(request, round_):
    chosen = keys(request.POST.get("products", "").split(","))
    if not chosen:
        raise RuleBroken(_("Choose at least one row."))
    entries, left_out = add_products(round_.pk, chosen, by=request.user)
    for product, why in left_out:
        messages.warning(request, _("“%(title)s” was not added: %(why)s") % {"title": product.title, "why": why})
    if entries:
        sentence = ngettext("%(n)s product was added.", "%(n)s products were added.", len(entries))
        messages.success(request, sentence % {"n": calendar.digits(len(entries))})
        return redirect(round_)
    return redirect(reverse("round_add_products", args=[round_.pk]))
