"""Quality marks in the admin: proposed, granted, suspended, restored, revoked – through the services, as from the pages."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from products.models import Product, QualityMark
from products.services import marks as services
from secretariat import calendar, persian
from secretariat.admin.access import jalali
from secretariat.admin.councils import Papers
from secretariat.errors import RuleBroken
from secretariat.models import Resolution
from secretariat.rules import ResolutionStatus, is_officer, is_secretary, served_councils
from secretariat.templatetags.portal_text import num
from secretariat.typed import whole
from secretariat.workflow import open_steps

PICKED = 20  # products a page of the picker


def _scored_products():
    """Accepted products with a score that a council may decide on."""
    scored = services.deciding_scores(Product.objects.filter(status="accepted").values("subject"))
    return Product.objects.filter(status="accepted", subject__in=scored.order_by().values("entry__subject")).select_related(
        "agency"
    )


def _with_score(product):
    score = services.deciding_score(product)
    told = num(score.value, 1) if score else "–"
    return gettext("%(product)s – %(agency)s – score %(score)s") % {"product": product, "agency": product.agency, "score": told}


class ProductPicker(AutocompleteSelect):
    """A search box for products that can be proposed; each is shown with the score it would rest on."""

    def get_url(self):
        return reverse("admin:products_qualitymark_products")


class ProductField(forms.ModelChoiceField):
    def label_from_instance(self, obj):
        return _with_score(obj)


class ProposalForm(forms.ModelForm):
    """Put a product before a council; whether that is possible the service says, beside the field it concerns."""

    product = ProductField(
        queryset=Product.objects.none(),
        label=_("Product"),
        help_text=_("Only accepted products with a score from a closed round are offered."),
    )

    class Meta:
        model = QualityMark
        fields = ["resolution", "product", "level", "below_threshold_reason"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "product" in self.fields:
            self.fields["product"].queryset = _scored_products()
        if "resolution" in self.fields:
            self.fields["resolution"].help_text = _("A draft resolution on quality marks; it names what the council decides.")

    def _post_clean(self):
        # The row is made by the service; the model's own checks would ask for what it fills in.
        pass


class StandingFilter(admin.SimpleListFilter):
    """By what is true today; an expired mark is still “in force” in its row."""

    title = _("validity")
    parameter_name = "expired"

    def lookups(self, request, model_admin):
        return [("no", _("in force today")), ("yes", _("expired"))]

    def queryset(self, request, queryset):
        if self.value() == "no":
            return queryset.in_force()
        return (
            queryset.filter(status="granted").exclude(pk__in=QualityMark.objects.in_force())
            if self.value() == "yes"
            else queryset
        )


@admin.register(QualityMark)
class QualityMarkAdmin(Papers):
    council_path = "resolution__council"
    form = ProposalForm
    list_display = ["product", "level", "score_text", "shown_serial", "standing_word", "granted", "resolution"]
    list_filter = ["status", StandingFilter, "level", ("resolution__council", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["product", "resolution__council"]
    search_fields = ["serial", "product__title_fa", "product__title_en"]
    fields = ["resolution", "product", "level", "below_threshold_reason"]
    decided_fields = [*fields, "score_text", "standing_word", "shown_serial", "granted", "published", "validity"]
    change_form_template = "admin/products/qualitymark/change_form.html"
    actions = ["grant_chosen"]
    view_on_site = False  # the public page is linked where there is one

    def council_of(self, obj):
        return obj.resolution.council_id

    def get_search_results(self, request, queryset, search_term):
        if search_term:
            serial = persian.digits_to_ascii(search_term)
            found = queryset.filter(product__search_key__contains=persian.search_key(search_term))
            return found | queryset.filter(serial__contains=serial), False
        return queryset, False

    # What a mark says is decided by its services; only a proposal is made here.
    def has_add_permission(self, request):
        return is_officer(request.user) or super().has_add_permission(request)

    def has_change_permission(self, request, obj=None):
        return obj is None and (is_secretary(request.user) or super().has_change_permission(request))

    def get_fields(self, request, obj=None):
        return self.decided_fields if obj is not None else self.fields

    def get_readonly_fields(self, request, obj=None):
        return self.decided_fields if obj is not None else []

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "product":
            # The form's own field, without the links for adding and changing a product beside it.
            kwargs["widget"] = ProductPicker(db_field, self.admin_site)
            return db_field.formfield(**kwargs)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "resolution":
            drafts = Resolution.objects.filter(status=ResolutionStatus.DRAFT, kind="grant_marks", council__grants_marks=True)
            served = served_councils(request.user)
            kwargs["queryset"] = drafts if served is None or is_officer(request.user) else drafts.filter(council__in=served)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        if "product" in form.base_fields:
            form.base_fields["product"].widget = ProductPicker(QualityMark._meta.get_field("product"), self.admin_site)
        by = request.user

        class Proposal(form):
            def clean(self):
                found = super().clean()
                if not self.errors:
                    try:
                        self.proposed = services.propose(
                            found["resolution"].pk,
                            found["product"].pk,
                            found["level"],
                            by=by,
                            reason=found.get("below_threshold_reason", ""),
                        )
                    except RuleBroken as refused:
                        refused.show_in(self)
                return found

            def save(self, commit=True):
                self.instance = self.proposed
                return self.proposed

            def save_m2m(self):
                """Nothing hangs on a mark that a form could say."""

        return form if obj is not None else Proposal

    def save_model(self, request, obj, form, change):
        """The service has written the row already, in this same transaction."""

    def get_urls(self):
        gate = self.admin_site.admin_view
        return [
            path("products/", gate(self.products_view), name="products_qualitymark_products"),
            path("<int:pk>/<slug:action>/move/", gate(self.move_view), name="products_qualitymark_move"),
            *super().get_urls(),
        ]

    def products_view(self, request):
        """What the search box asks: products by title, with their scores."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        term, page = request.GET.get("term", ""), max(1, whole(request.GET.get("page"), 1))
        found = _scored_products().filter(search_key__contains=persian.search_key(term)).order_by("sort_key", "pk")
        rows = list(found[(page - 1) * PICKED : page * PICKED + 1])
        results = [{"id": str(product.pk), "text": _with_score(product)} for product in rows[:PICKED]]
        return JsonResponse({"results": results, "pagination": {"more": len(rows) > PICKED}})

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["steps"] = open_steps(obj, request.user) if obj is not None else {}
        return super().render_change_form(request, context, add, change, form_url, obj)

    # -- moves, always after a page that asks once more

    def move_view(self, request, pk, action):
        mark = self.get_object(request, str(pk))
        if mark is None or action not in open_steps(mark, request.user):
            raise Http404
        return self._confirm(request, [mark], action)

    @admin.action(description=_("Grant…"), permissions=["view"])
    def grant_chosen(self, request, chosen):
        return self._confirm(request, chosen, "grant")

    def _confirm(self, request, chosen, action):
        chosen = list(chosen)
        step = QualityMark.MOVES[action]
        if not all(step.who(request.user, mark) for mark in chosen):
            raise PermissionDenied
        why, error = request.POST.get("why", ""), ""
        if request.POST.get("confirmed"):
            if step.needs_reason and not why.strip():
                error = gettext("Write the reason.")
            else:
                return self._move(request, chosen, action, why)
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(str(step.label)),
            "opts": self.opts,
            "chosen": chosen,
            "step": step,
            "action": action,
            "why": why,
            "error": error,
            "from_list": request.POST.get("action", ""),
        }
        return TemplateResponse(request, "admin/products/qualitymark/move.html", context, status=400 if error else 200)

    def _move(self, request, chosen, action, why):
        for mark in chosen:
            try:
                if action == "grant":
                    services.grant(mark.pk, by=request.user, publish=bool(request.POST.get("publish")))
                else:
                    getattr(services, action)(mark.pk, by=request.user, why=why)
            except RuleBroken as refused:
                messages.error(request, f"“{mark.product}”: {refused}")
            else:
                messages.success(request, gettext("“%(product)s”: done, and on record.") % {"product": mark.product})
        if len(chosen) == 1:
            return HttpResponseRedirect(reverse("admin:products_qualitymark_change", args=[chosen[0].pk]))
        return HttpResponseRedirect(reverse("admin:products_qualitymark_changelist"))

    # -- what is read only

    @admin.display(description=_("score at the decision"), ordering="score_value")
    def score_text(self, mark):
        if mark.score_low is None:
            return num(mark.score_value, 1)
        return gettext("%(score)s (95%% interval %(low)s to %(high)s)") % {
            "score": num(mark.score_value, 1),
            "low": num(mark.score_low, 1),
            "high": num(mark.score_high, 1),
        }

    @admin.display(description=_("serial"), ordering="serial")
    def shown_serial(self, mark):
        return format_html('<bdi dir="ltr">{}</bdi>', calendar.digits(mark.serial)) if mark.serial else "–"

    @admin.display(description=_("state"), ordering="status")
    def standing_word(self, mark):
        return mark.standing_text

    @admin.display(description=_("granted at"), ordering="granted_at")
    def granted(self, mark):
        return jalali(mark.granted_at)

    @admin.display(description=_("published at"))
    def published(self, mark):
        return jalali(mark.published_at)

    @admin.display(description=_("validity"))
    def validity(self, mark):
        if mark.valid_from is None:
            return "–"
        days = {"first": calendar.long_date(mark.valid_from), "last": calendar.long_date(mark.valid_until)}
        return gettext("%(first)s to %(last)s") % days
