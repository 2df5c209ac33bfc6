"""The computations of a round that are kept: their list, keeping one for comparison, and two side by side."""

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assessments.forms.runs import KeepForm
from assessments.models import ScoringRun
from assessments.selectors import run_comparison as selectors
from assessments.services import run_desk
from assessments.views.readers import results_readers
from assessments.views.rounds import form_page, round_tabs
from secretariat.errors import RuleBroken
from secretariat.gate import once
from secretariat.list_parts import short_moment
from secretariat.lists import Choice, Column, ListPage, RowAction, Toggle
from secretariat.templatetags.portal_text import num

DONE = ScoringRun.Status.DONE
# Shorter than the model's own words.
METHODS = {"fair": gettext_lazy("Fair score"), "mean": gettext_lazy("Plain mean")}


class RunList(ListPage):
    name = "runs"
    caption = gettext_lazy("Computations of the round")
    columns = [
        Column("started", gettext_lazy("Begun"), sort="started_at", value="started_at", kind="datetime"),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("phase", gettext_lazy("The round was then"), sort="phase", value="get_phase_display"),
        Column("method", gettext_lazy("Method"), sort="method", value=lambda run: METHODS.get(run.method)),
        Column("products", gettext_lazy("Products"), value=lambda run: run.summary.get("products"), kind="number"),
        Column("ratings", gettext_lazy("Ratings"), value=lambda run: run.summary.get("ratings"), kind="number", shown=False),
        Column("parts", gettext_lazy("Parts"), sort="component_count", value="component_count", kind="number", shown=False),
        Column("asked", gettext_lazy("Asked for by"), sort="asked_by__sort_key", value=lambda run: _asker(run)),
        Column("later", gettext_lazy("Replaced"), sort="later", kind="datetime"),
        Column("hash", gettext_lazy("Inputs"), value=lambda run: run.inputs_hash[:10] or None, kind="code"),
        Column("notes", gettext_lazy("Notes"), value=lambda run: run.kept_because, template="assessments/_run_notes.html"),
    ]
    filters = [Choice("status", gettext_lazy("State"), ScoringRun.Status.choices)]
    default_sort = "-started"
    empty_title = gettext_lazy("Nothing was computed yet.")

    def __init__(self, request, round_):
        super().__init__(request)
        self.round = round_

    def queryset(self):
        return selectors.runs_of(self.round)

    def row_actions(self, row):
        actions = []
        if row.status == DONE and row.pk != self.round.run_id:
            compare = reverse("runs_compare", args=[self.round.pk])
            actions.append(RowAction(_("Compare"), f"{compare}?run={row.pk}", "arrow-left-right"))
        if row.status == DONE and row.frozen_at is None:
            keep = reverse("run_keep", args=[self.round.pk, row.pk])
            actions.append(RowAction(_("Note") if row.kept_because else _("Keep"), keep, "bookmark"))
        return actions


def _asker(run):
    return run.asked_by.display_name if run.asked_by else _("by itself")


@results_readers
@require_safe
def round_runs(request, round_):
    context = {"round": round_, "tabs": round_tabs(round_, "round_results"), "form": choice_form(round_)}
    return RunList(request, round_).respond("assessments/round_runs.html", context)


@results_readers
@form_page
@once
def run_keep(request, round_, run):
    """Keep a run with a note on why, or let it go."""
    run = get_object_or_404(ScoringRun.objects.filter(round=round_), pk=run)
    form = KeepForm(request.POST if request.method == "POST" else None, initial={"why": run.kept_because})
    if request.method == "POST" and form.is_valid():
        try:
            run_desk.keep(run.pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Saved."))
            return redirect("round_runs", round_.pk)
    context = {"round": round_, "run": run, "form": form}
    return render(request, "assessments/run_keep.html", context, status=422 if form.errors else 200)


# --- two side by side ----------------------------------------------------------------------------


def choice_form(round_, data=None):
    """Two runs to choose; they are sorted by time whichever comes first."""
    runs = selectors.comparable(round_)
    choices = [(str(run.pk), _name(run, round_)) for run in runs]
    fields = {
        "run": forms.ChoiceField(label=_("One computation"), choices=choices, required=False),
        "with": forms.ChoiceField(label=_("The other"), choices=choices, required=False),
    }
    initial = {"run": str(runs[1].pk), "with": str(runs[0].pk)} if len(runs) > 1 else {}
    form = type("ChoiceForm", (forms.Form,), fields)(data, initial=initial, auto_id="choice-%s")
    form.runs = {str(run.pk): run for run in runs}
    return form


def _name(run, round_):
    words = f"{short_moment(run.started_at)} – {run.get_phase_display()}"
    if run.pk == round_.run_id:
        words += " – " + _("current")
    return f"{words} – {run.kept_because}" if run.kept_because else words


class RunDifferences(ListPage):
    name = "differences"
    caption = gettext_lazy("Products in two computations")
    search = ("subject__title_fa", "subject__title_en", "subject__agency__search_key")
    default_sort = "-change"
    exports_csv = True
    empty_title = gettext_lazy("No product is in this list.")

    def __init__(self, request, compared):
        super().__init__(request)
        self.compared = compared
        self.filters = [
            Toggle("other_band", _("In another band"), lambda entries: entries.filter(compared.other_band())),
            Toggle("other_side", _("Comes in or leaves those sought"), lambda entries: entries.filter(compared.other_side())),
            Toggle("moved", _("In another rank"), lambda entries: entries.filter(~Q(moved=0))),
        ]
        self.columns = [
            Column("title", _("Product"), sort="subject__title_fa", value="subject", link=True),
            Column("before", _("Score before"), sort="first_score", value="first_score", kind="number", places=1),
            Column("after", _("Score after"), sort="second_score", value="second_score", kind="number", places=1),
            Column("change", _("Change"), sort="size", kind="number", template="assessments/_result_points.html"),
            Column("rank_before", _("Rank before"), sort="first_rank", value="first_rank", kind="number"),
            Column("rank_after", _("Rank after"), sort="second_rank", value="second_rank", kind="number"),
            Column(
                "places",
                _("Places"),
                sort="moved",
                value=lambda row: self.row_of(row).places,
                template="assessments/_run_step.html",
            ),
            Column("notes", _("Notes"), value=self._notes, template="assessments/_run_difference.html"),
            Column("agency", _("Agency"), sort="subject__agency__sort_key", value="subject.agency", shown=False),
        ]

    def queryset(self):
        return self.compared.entries()

    def row_url(self, row):
        return reverse("entry_detail", args=[row.pk])

    @property
    def export_columns(self):
        return self.columns

    def row_of(self, entry):
        return self.compared.row(entry)

    def notes(self, entry):
        """(words, tone, icon) of what decides."""
        row, found = self.row_of(entry), []
        if row.enters:
            found.append((_("comes in among the best"), "success", "plus-circle"))
        if row.leaves:
            found.append((_("no longer among the best"), "warning", "dash-circle"))
        if row.other_band:
            found.append((_("in another band"), "info", "layers"))
        return found

    def _notes(self, entry):
        return " · ".join(words for words, _tone, _icon in self.notes(entry))

    def drawn(self):
        return [self.row_of(entry) for entry in self.page.rows]


@results_readers
@require_safe
def runs_compare(request, round_):
    """Two runs that are chosen in the address; `with` is the current one unless it is said."""
    data = request.GET.copy()
    data.setdefault("with", str(round_.run_id or ""))
    form = choice_form(round_, data if "run" in data else None)
    context = {"round": round_, "tabs": round_tabs(round_, "round_results"), "form": form}
    chosen = []
    if form.is_bound and form.is_valid():
        chosen = [form.runs[key] for key in map(form.cleaned_data.get, ("run", "with")) if key]
        if len(chosen) == 2 and chosen[0] == chosen[1]:
            form.add_error(None, _("Choose two different computations."))
    if form.errors or len(chosen) < 2:
        return render(request, "assessments/runs_compare.html", context, status=422 if form.errors else 200)
    compared = selectors.Compared(round_, *chosen)
    context |= {"told": compared, "tau": _tau(compared)}
    return RunDifferences(request, compared).respond("assessments/runs_compare.html", context)


def _tau(compared):
    tau = compared.comparison.tau
    return num(tau, 3) if tau == tau else ""
