"""Nominations of exemplars at work: who may be nominated, writing, the agency's consent, where each stands."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from products import rules
from products.forms.exemplars import ConsentForm, NominationForm
from products.forms.marks import WhyForm
from products.models import Exemplar, Product, ProductKind
from products.selectors import exemplars as selectors
from products.services import exemplars as services
from secretariat.digests import digest
from secretariat.errors import RuleBroken, Stale, refusals_told
from secretariat.gate import once
from secretariat.lists import Choice, Column, ListPage, Toggle
from secretariat.models import Agency
from secretariat.rules import is_officer, represented_agencies, served_councils
from secretariat.typed import whole
from secretariat.workflow import open_steps

form_page = require_http_methods(["GET", "HEAD", "POST"])


def _nominates(user):
    return is_officer(user) or bool(represented_agencies(user))


def find_exemplar(request, pk):
    found = Exemplar.objects.visible_to(request.user)
    return get_object_or_404(
        found.select_related("product__agency", "product__kind", "score__entry__round", "resolution__council"), pk=pk
    )


def _kinds(request):
    return [(kind.pk, kind.title) for kind in ProductKind.objects.all()]


def _agencies(request):
    nominated = Exemplar.objects.visible_to(request.user).values("product__agency")
    return [(agency.pk, agency.name) for agency in Agency.objects.filter(pk__in=nominated)]


# --- lists ---------------------------------------------------------------------------------------


class NominationList(ListPage):
    name = "nominations"
    caption = gettext_lazy("Nominations of exemplars")
    columns = [
        Column("product", gettext_lazy("Product"), sort="product__sort_key", value="product.title", link=True),
        Column("agency", gettext_lazy("Agency"), sort="product__agency__sort_key", value="product.agency.name"),
        Column("kind", gettext_lazy("Kind"), sort="product__kind__sort_key", value="product.kind.title", shown=False),
        Column("score", gettext_lazy("Score"), sort="score_value", value="score_value", kind="number", places=1),
        Column(
            "by",
            gettext_lazy("Nominated by"),
            sort="by_agency",
            value=lambda row: _("the agency") if row.by_agency else _("the secretariat"),
        ),
        Column("since", gettext_lazy("Nominated on"), sort="nominated_at", value="nominated_at", kind="date"),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("waits", gettext_lazy("Waits on"), value=lambda row: selectors.standing_of(row).holder),
    ]
    filters = [
        Choice("status", gettext_lazy("State"), rules.ExemplarStatus.choices),
        Choice("kind", gettext_lazy("Kind"), _kinds, lookup="product__kind"),
        Choice("agency", gettext_lazy("Agency"), _agencies, lookup="product__agency"),
        Toggle("open", gettext_lazy("Not ended"), lambda rows: rows.filter(status__in=rules.LIVING_EXEMPLARS)),
    ]
    search = ("product__search_key", "product__agency__search_key")
    default_sort = "-since"
    empty_title = gettext_lazy("Nothing is nominated yet.")
    empty_text = gettext_lazy("A product whose score is public can be held up to others with what they can learn of it.")

    def queryset(self):
        return Exemplar.objects.visible_to(self.request.user).select_related("product__agency", "product__kind")


@require_safe
def exemplar_nominations(request):
    """Where each nomination stands and on whom it waits: officers all, an agency its own, a council's secretary what is ready."""
    user = request.user
    served = served_councils(user)
    if not (_nominates(user) or served is None or served):
        raise Http404
    return NominationList(request).respond("products/exemplar_nominations.html", {"may_nominate": _nominates(user)})


class CandidateList(ListPage):
    name = "candidates"
    caption = gettext_lazy("Products that can be nominated")
    columns = [
        Column("product", gettext_lazy("Product"), sort="sort_key", value="title", link=True),
        Column("agency", gettext_lazy("Agency"), sort="agency__sort_key", value="agency.name"),
        Column("kind", gettext_lazy("Kind"), sort="kind__sort_key", value="kind.title"),
    ]
    filters = [Choice("kind", gettext_lazy("Kind"), _kinds, lookup="kind")]
    search = ("search_key", "agency__search_key")
    default_sort = "product"
    exports = False
    empty_title = gettext_lazy("No product can be nominated now.")
    empty_text = gettext_lazy("It needs a published score, and must not be nominated already.")

    def queryset(self):
        return selectors.may_be_nominated(Product.objects.visible_to(self.request.user)).select_related("agency", "kind")

    def row_url(self, row):
        return reverse("exemplar_new", args=[row.pk])


@require_safe
def exemplar_candidates(request):
    """The products with a public score that somebody may nominate: officers any, an agency its own."""
    if not _nominates(request.user):
        raise Http404
    return CandidateList(request).respond("products/exemplar_candidates.html")


# --- writing -------------------------------------------------------------------------------------


@form_page
@once
def exemplar_new(request, pk):
    """Begin the nomination of one product, after being told what it leads to."""
    product = get_object_or_404(Product.objects.visible_to(request.user).select_related("agency", "kind"), pk=pk)
    refusal = selectors.why_not(product) or ""
    if request.method == "POST":
        try:
            made = services.nominate(pk, by=request.user)
        except RuleBroken as broken:
            refusal = str(broken)
        else:
            return redirect("exemplar_edit", made.pk)
    context = {
        "product": product,
        "refusal": refusal,
        "standing": Exemplar.objects.visible_to(request.user).filter(product=product, status__in=rules.LIVING_EXEMPLARS).first(),
        "score": selectors.public_score(product),
        "own": not is_officer(request.user),
    }
    return render(request, "products/exemplar_new.html", context, status=422 if request.method == "POST" else 200)


@form_page
@once
def exemplar_edit(request, pk):
    """The words of a nomination, in what it is an exemplar, and the evidence."""
    exemplar = find_exemplar(request, pk)
    if not rules.writes_exemplar(request.user, exemplar):
        raise Http404
    if not exemplar.is_editable:
        messages.info(
            request, _("This can no longer be edited: its state is now “%(state)s”.") % {"state": exemplar.get_status_display()}
        )
        return redirect(exemplar)
    form = NominationForm.of(exemplar, request.POST if request.method == "POST" else None)
    beside, version = [], exemplar.version
    if request.method == "POST" and form.is_valid():
        try:
            services.save(pk, by=request.user, version=whole(request.POST.get("version")), **form.content)
        except Stale as stale:
            form.add_error(None, stale.message)
            beside, version = _beside(form, stale.current), stale.current.version
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Saved."))
            return redirect("exemplar_edit" if request.POST.get("then") == "stay" else "exemplar_detail", pk)
    context = {"exemplar": exemplar, "form": form, "version": version, "beside": beside, "missing": exemplar.missing()}
    return render(request, "products/exemplar_edit.html", context, status=409 if beside else 422 if form.errors else 200)


def _beside(form, current):
    """(label, what stands) of each text that somebody else has written otherwise."""
    said = form.content["words"]
    return [(form[name].label, getattr(current, name)) for name, value in said.items() if getattr(current, name) != value]


# --- reading -------------------------------------------------------------------------------------


def page_parts(exemplar, *, agreed_only):
    """What the body of an exemplar's page shows, the same in the preview, before the council and in public."""
    return {
        "exemplar": exemplar,
        "product": exemplar.product,
        "points": selectors.points_of(exemplar),
        "lessons": selectors.lessons(exemplar),
        "evidence": selectors.evidence_of(exemplar, agreed_only=agreed_only),
    }


@require_safe
def exemplar_detail(request, pk):
    """A nomination for whom it concerns: what would be published, where it stands, what may be done, and its trail."""
    exemplar = find_exemplar(request, pk)
    own = (
        is_officer(request.user)
        or rules.writes_exemplar(request.user, exemplar)
        or exemplar.product.agency_id in represented_agencies(request.user)
    )
    steps = open_steps(exemplar, request.user)
    context = {
        **page_parts(exemplar, agreed_only=not own),
        "steps": steps,
        "reasoned": [(name, steps[name]) for name in services.ACTIONS if name in steps and name not in ("fail",)],
        "may_take_back": any(name in steps for name in services.TAKING_BACK.values()) and exemplar.consent is not None,
        "may_edit": exemplar.is_editable and rules.writes_exemplar(request.user, exemplar),
        "standing": selectors.standing_of(exemplar, request.user),
        "missing": exemplar.missing() if exemplar.is_editable else [],
        "consents": list(exemplar.consents.select_related("by", "ended_by")),
        "moves": exemplar.moves.select_related("by"),
        "own": own,
        "mark": selectors.living_mark(exemplar.product),
    }
    return render(request, "products/exemplar_detail.html", context)


# --- steps ---------------------------------------------------------------------------------------


@require_POST
@once
def exemplar_ask(request, pk):
    """Ask the agency for its consent to what is written."""
    exemplar = find_exemplar(request, pk)
    if not is_officer(request.user):
        raise Http404
    with refusals_told(request):
        services.ask(pk, by=request.user)
        messages.success(request, _("The agency was asked."))
    return redirect(exemplar)


@form_page
@once
def exemplar_consent(request, pk):
    """The agency reads exactly what would be published, says of each file whether it may be, and consents."""
    exemplar = find_exemplar(request, pk)
    if "consent" not in open_steps(exemplar, request.user):
        if exemplar.product.agency_id not in represented_agencies(request.user):
            raise Http404
        messages.info(request, rules.EXEMPLAR_MOVES["consent"].refuse(exemplar) or _("Your consent is not asked now."))
        return redirect(exemplar)
    evidence = selectors.evidence_of(exemplar, agreed_only=False)
    seen = digest(selectors.words_of(exemplar))
    form = ConsentForm(request.POST if request.method == "POST" else None, evidence=evidence, initial={"seen": seen})
    if request.method == "POST" and form.is_valid():
        try:
            services.consent(pk, by=request.user, answers=form.answers, seen=form.cleaned_data["seen"])
        except Stale as stale:
            form.add_error(None, stale.message)
            form.data = form.data.copy()
            form.data["seen"] = seen
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Your consent is on record. The secretariat puts it before a council."))
            return redirect(exemplar)
    context = {
        **page_parts(exemplar, agreed_only=False),
        "form": form,
        "preview": True,
        "mark": selectors.living_mark(exemplar.product),
    }
    return render(request, "products/exemplar_consent.html", context, status=422 if form.errors else 200)


@form_page
@once
def exemplar_move(request, pk, action):
    """A step that asks for a reason: declining, sending back, ending, taking the consent back, taking off."""
    exemplar = find_exemplar(request, pk)
    steps = open_steps(exemplar, request.user)
    name = services.TAKING_BACK.get(exemplar.status, "") if action == "take-back" else action
    if name not in steps or (action != "take-back" and action not in services.ACTIONS):
        raise Http404
    form = WhyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        take = services.take_back if action == "take-back" else services.ACTIONS[action]
        try:
            take(pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Done. The change is on record."))
            return redirect(exemplar)
    context = {"exemplar": exemplar, "step": steps[name], "action": name, "form": form}
    return render(request, "products/exemplar_move.html", context, status=422 if form.errors else 200)
