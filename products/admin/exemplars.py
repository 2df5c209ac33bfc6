"""Exemplars in the admin: read with their trail, and moved where a reason is asked for, through the same pages and services."""

from django.contrib import admin
from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products.models import Exemplar, ExemplarConsent
from secretariat import persian
from secretariat.admin.access import ToRead, jalali
from secretariat.admin.trail import Trail
from secretariat.templatetags.portal_text import num


class ConsentInline(admin.TabularInline):
    """The agency's consents, with their ends."""

    model = ExemplarConsent
    fields = ["given", "by", "ended", "ended_by", "ended_why"]
    readonly_fields = ["given", "by", "ended", "ended_by", "ended_why"]
    extra = 0
    can_delete = False

    def has_view_permission(self, request, obj=None):
        return True

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    @admin.display(description=gettext_lazy("given at"))
    def given(self, consent):
        return jalali(consent.at)

    @admin.display(description=gettext_lazy("ended at"))
    def ended(self, consent):
        return jalali(consent.ended_at)


@admin.register(Exemplar)
class ExemplarAdmin(Trail, ToRead):
    list_display = ["product", "agency", "score_text", "status", "by_agency", "nominated", "published"]
    list_filter = ["status", "by_agency", ("product__kind", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["product__agency", "resolution"]
    search_fields = ["product__title_fa", "product__title_en"]
    fields = [
        "product", "score_text", "status", "by_agency", "nominated", "resolution", "published", "page",
        "reason_fa", "reason_en", "done_fa", "done_en", "worked_fa", "worked_en", "needs_fa", "needs_en", "begin_fa", "begin_en",
    ]  # fmt: skip
    readonly_fields = fields  # type: ignore[assignment]  # nothing here is nested
    inlines = [ConsentInline]

    def get_search_results(self, request, queryset, search_term):
        key = persian.search_key(search_term)
        if not key:
            return queryset, False
        return queryset.filter(Q(product__search_key__contains=key) | Q(product__agency__search_key__contains=key)), False

    @admin.display(description=gettext_lazy("agency"), ordering="product__agency__sort_key")
    def agency(self, exemplar):
        return exemplar.product.agency

    @admin.display(description=gettext_lazy("score"), ordering="score_value")
    def score_text(self, exemplar):
        return num(exemplar.score_value, 1)

    @admin.display(description=gettext_lazy("nominated at"), ordering="nominated_at")
    def nominated(self, exemplar):
        return jalali(exemplar.nominated_at)

    @admin.display(description=gettext_lazy("published at"), ordering="published_at")
    def published(self, exemplar):
        return jalali(exemplar.published_at)

    @admin.display(description=gettext_lazy("what may be done"))
    def page(self, exemplar):
        return format_html(
            '<a href="{}">{}</a>', reverse("exemplar_detail", args=[exemplar.pk]), _("The nomination and its trail")
        )
