"""The list of products: an agency's own, every agency's for officers."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from products.models import Product, ProductKind
from secretariat.lists import Choice, Column, DateRange, ListPage, RowAction
from secretariat.models import Agency
from secretariat.rules import is_officer, represented_agencies


def _kinds(request):
    return [(kind.pk, kind.title) for kind in ProductKind.objects.all()]


def _agencies(request):
    return [(agency.pk, agency.name) for agency in Agency.objects.managed_by(request.user)]


class ProductList(ListPage):
    """What may be seen of the products by this reader."""

    name = "products"
    caption = _("Products")
    search = ("search_key", "agency__search_key")
    default_sort = "-changed"
    empty_title = _("No products yet")

    title_column = Column("title", _("Title"), sort="sort_key", value=str, link=True)
    agency_column = Column("agency", _("Agency"), sort="agency__sort_key", value="agency.name")
    other_columns = [
        Column("kind", _("Kind"), sort="kind__sort_key", value="kind.title"),
        Column("status", _("State"), sort="status", kind="badge"),
        Column("audience", _("Audience"), value="get_audience_display", shown=False),
        Column("submitted", _("Handed in"), sort="submitted_at", value="submitted_at", kind="date"),
        Column("changed", _("Last change"), sort="changed_at", value="changed_at", kind="datetime"),
        Column("number", _("Number"), sort="pk", value="pk", kind="code", shown=False),
    ]
    common_filters = [
        Choice("status", _("State"), Product.Status.choices),
        Choice("kind", _("Kind"), _kinds),
        DateRange("submitted", _("Handed in"), "submitted_at"),
    ]

    def __init__(self, request):
        super().__init__(request)
        self.own = represented_agencies(request.user)
        several = is_officer(request.user) or len(self.own) > 1
        self.columns = [self.title_column, *([self.agency_column] if several else []), *self.other_columns]
        agency_filter = [Choice("agency", _("Agency"), _agencies)] if several else []
        self.filters = [*self.common_filters[:2], *agency_filter, *self.common_filters[2:]]
        if self.own:
            self.empty_text = _("Begin one: a draft is kept from the first word.")
            self.empty_action = (_("New product"), reverse("product_new"))

    def queryset(self):
        """Products with their agency and kind, without the heavy columns."""
        return Product.objects.visible_to(self.request.user).select_related("agency", "kind").defer("draft", "details", "summary")

    def row_actions(self, row):
        """The step that waits for this reader."""
        if row.agency_id not in self.own or not row.is_editable:
            return []
        label = _("Correct it") if row.status == Product.Status.RETURNED else _("Go on")
        return [RowAction(label, reverse("product_edit", args=[row.pk]), "pencil")]


@require_GET
def product_list(request):
    """The products of one's own agency; for officers those of all agencies."""
    page = ProductList(request)
    return page.respond("products/product_list.html", {"may_begin": bool(page.own)})
