"""Disagreements as officers settle them: the list of a round, one more assessor, the opening of a discussion, the end."""

from functools import cached_property

from django.contrib import messages
from django.db.models import Case, Count, FloatField, Max, OuterRef, Q, Subquery, Value, When
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from assessments import rules
from assessments.forms.moderations import PointsForm, SettleForm, SummonForm
from assessments.forms.rounds import ReasonForm
from assessments.models import ModerationReason
from assessments.selectors import moderations as selectors
from assessments.selectors.disagreements import with_other_limits
from assessments.selectors.rounds import candidates
from assessments.selectors.score_inputs import round_inputs
from assessments.services import moderations as services
from assessments.views.discussions import detail_page, find_moderation, staff_only
from assessments.views.readers import results_readers
from assessments.views.rounds import form_page, round_tabs
from secretariat.calendar import day_of, digits
from secretariat.errors import RuleBroken
from secretariat.gate import once
from secretariat.lists import BulkAction, Choice, Column, ListPage, Toggle
from secretariat.typed import keys

Kind, Status = ModerationReason.Kind, rules.ModerationStatus
HELD_BY = {
    "secretariat": Q(status=Status.RAISED) | Q(status=Status.THIRD, awaited=0),
    "assessor": Q(status=Status.THIRD, awaited__gt=0),
    "panel": Q(status=Status.CONSENSUS),
}


def _written(moderation):
    return " ".join(selectors.reasons_in_words(moderation))


def _gap(kind):
    """The gap of a kind that holds, as a column."""
    rows = ModerationReason.objects.filter(moderation=OuterRef("pk"), kind=kind, gone_at=None).order_by().values("moderation")
    return Subquery(rows.annotate(widest=Max("gap")).values("widest"), output_field=FloatField())


class RoundDisagreements(ListPage):
    name = "disagreements"
    caption = gettext_lazy("Disagreements within panels")
    search = ("entry__subject__title_fa", "entry__subject__title_en")
    columns = [
        Column("title", gettext_lazy("Product"), sort="entry__subject__title_fa", value="entry.subject", link=True),
        Column("totals", gettext_lazy("Totals given"), value=lambda row: row, template="assessments/_disagreement_totals.html"),
        Column("found", gettext_lazy("What lies apart"), value=_written, template="assessments/_disagreement_found.html"),
        Column("total_gap", gettext_lazy("Totals apart"), sort="total_gap", kind="number", shown=False),
        Column("widest_gap", gettext_lazy("Widest on an indicator"), sort="widest_gap", kind="number", shown=False),
        Column("status", gettext_lazy("State"), sort="order", kind="badge"),
        Column("holder", gettext_lazy("Who holds it"), value=selectors.holder),
        Column("raised", gettext_lazy("Found on"), sort="raised_at", value="raised_at", kind="date"),
        Column("outcome", gettext_lazy("Settled with"), value="get_outcome_display", shown=False),
        Column("reason", gettext_lazy("Reason"), shown=False),
    ]  # fmt: skip
    filters = [
        Choice("status", gettext_lazy("State"), rules.ModerationStatus.choices),
        Choice(
            "held",
            gettext_lazy("Who holds it"),
            lambda request: [("secretariat", _("the secretariat")), ("assessor", _("the further assessor")), ("panel", _("the panel"))],
            apply=lambda rows, value: rows.filter(HELD_BY[value]),
        ),
        Choice(
            "kind",
            gettext_lazy("What lies apart"),
            Kind.choices,
            apply=lambda rows, value: rows.filter(
                pk__in=ModerationReason.objects.filter(kind=value, gone_at=None).values("moderation")
            ),
        ),
        Toggle("living", gettext_lazy("Not settled yet"), lambda rows: rows.filter(status__in=rules.LIVING_MODERATIONS)),
    ]
    bulk = [BulkAction("stands", gettext_lazy("Settle as they stand …"))]
    default_sort = "status"
    empty_title = gettext_lazy("No panel disagrees so far.")
    empty_text = gettext_lazy("A disagreement is found by rule once a panel has judged: by the limits that the round sets.")

    def __init__(self, request, round_):
        super().__init__(request)
        self.round = round_

    def queryset(self):
        order = Case(*(When(status=status, then=Value(n)) for n, status in enumerate(Status.values)), default=Value(9))
        return selectors.moderations_of(self.round).annotate(
            order=order, total_gap=_gap(Kind.TOTAL), widest_gap=_gap(Kind.INDICATOR)
        )

    @property
    def export_columns(self):
        return [column for column in self.shown_columns if column.key != "totals"]

    @cached_property
    def totals(self):
        """{entry id: [(alias, total), …]} of the rows of this page."""
        return selectors.totals_of([row.entry for row in self.page.rows])


@results_readers
@form_page
@once
def round_moderation(request, round_):
    """Every disagreement of the round; those that wait can be settled as they stand, several at once."""
    page, refusal = RoundDisagreements(request, round_), ""
    if request.method == "POST":
        try:
            if request.POST.get("step") == "settle":
                return _settle_chosen(request, round_)
            _action, rows = page.bulk_choice()
            return _settle_page(request, round_, list(rows.filter(status=Status.RAISED)), ReasonForm())
        except RuleBroken as broken:
            refusal = str(broken)
    counts = selectors.moderations_of(round_).order_by().values_list("status").annotate(n=Count("pk", distinct=True))
    context = {
        "round": round_,
        "tabs": round_tabs(round_, "round_moderation"),
        "refusal": refusal,
        "counts": dict(counts),
        "living": selectors.living_count(round_),
        "is_stale": round_.entries.stale().exists(),
        "limits": with_other_limits(round_inputs(round_.pk)) if request.GET.get("limits") and round_.entries.exists() else None,
    }
    response = page.respond("assessments/round_moderation.html", context)
    if refusal:
        response.status_code = 422
    return response


def _chosen(request):
    return keys(request.POST.get("chosen", "").split(","))


def _settle_page(request, round_, rows, form, *, status=200):
    if not rows:
        raise RuleBroken(_("None of them waits for a decision any more."))
    context = {"round": round_, "rows": rows, "form": form, "chosen": ",".join(str(row.pk) for row in rows)}
    return render(request, "assessments/round_moderation_settle.html", context, status=status)


def _settle_chosen(request, round_):
    chosen, form = _chosen(request), ReasonForm(request.POST)
    if form.is_valid():
        try:
            count = services.settle_as_they_stand(round_.pk, chosen, form.cleaned_data["why"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(
                request,
                ngettext("%(count)s disagreement is settled.", "%(count)s disagreements are settled.", count)
                % {"count": digits(count)},
            )
            return redirect("round_moderation", round_.pk)
    rows = list(selectors.moderations_of(round_).filter(pk__in=chosen, status=Status.RAISED))
    return _settle_page(request, round_, rows, form, status=422)


# --- one of them ---------------------------------------------------------------------------------


@staff_only
@form_page
@once
def moderation_summon(request, moderation):
    """Choose who is asked as one more assessor, the fittest first."""
    data, error = request.POST if request.method == "POST" else None, ""
    deadline = services.default_deadline(moderation.entry.round)
    form = SummonForm(data, initial={"deadline": day_of(deadline)})
    if data is not None and form.is_valid():
        try:
            services.summon(moderation.pk, form.cleaned_data["assessor"], by=request.user, deadline=form.cleaned_data["deadline"])
        except services.Assessor.DoesNotExist:
            error = _("Choose somebody.")
        except RuleBroken as broken:
            if broken.field == "deadline":
                broken.show_in(form)
            else:
                error = str(broken)
        else:
            messages.success(request, _("One more assessor is asked; he judges without seeing the others."))
            return redirect(moderation)
    elif data is not None:
        error = "".join(form.errors.get("assessor", []))
    found = candidates(moderation.entry)
    context = {
        "moderation": moderation,
        "round": moderation.entry.round,
        "entry": moderation.entry,
        "form": form,
        "free": [one for one in found if not one.refusal and one.former is None],
        "barred": [one for one in found if one.refusal or one.former is not None],
        "chosen": request.POST.get("assessor", "") if data is not None else "",
        "error": error,
    }
    return render(request, "assessments/moderation_summon.html", context, status=422 if error or form.errors else 200)


@staff_only
@form_page
@once
def moderation_discuss(request, moderation):
    """Choose what the panel is asked to discuss, and open its discussion."""
    wide = selectors.widest(moderation)
    data, error = request.POST if request.method == "POST" else None, ""
    form = PointsForm(data, indicators=[one.indicator.pk for one in wide])
    if data is not None and form.is_valid():
        try:
            services.discuss(moderation.pk, form.cleaned_data["indicators"], by=request.user)
        except RuleBroken as broken:
            error = str(broken)
        else:
            messages.success(request, _("The discussion is open; the members of the panel were told."))
            return redirect(moderation)
    elif data is not None:
        error = " ".join(form.errors.get("indicators", []))
    ticked = set(data.getlist("indicators")) if data is not None else {str(one.indicator.pk) for one in wide if one.is_asked}
    context = {
        "moderation": moderation,
        "round": moderation.entry.round,
        "entry": moderation.entry,
        "wide": [(one, str(one.indicator.pk) in ticked) for one in wide],
        "panel": selectors.counted(moderation.entry).count(),
        "error": error,
    }
    return render(request, "assessments/moderation_discuss.html", context, status=422 if error else 200)


@staff_only
@require_http_methods(["POST"])
@once
def moderation_settle(request, moderation):
    """Settle it with an outcome and a reason; the page is shown again when that cannot be."""
    form = SettleForm(request.POST)
    if form.is_valid():
        try:
            services.settle(moderation.pk, form.cleaned_data["outcome"], form.cleaned_data["why"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The disagreement is settled."))
            return redirect("round_moderation", moderation.entry.round_id)
    return detail_page(request, find_moderation(request, moderation.pk), None, status=422, settle=form)
