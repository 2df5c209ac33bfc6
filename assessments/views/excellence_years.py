"""Years of self-assessment as officers run them: list, open, follow, remind, extend, draw, close."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from assessments.forms.excellence import YearForm
from assessments.forms.rounds import ExtendForm, ReasonForm
from assessments.models import ExcellenceYear
from assessments.rules import excellence as rules
from assessments.selectors import excellence as selectors
from assessments.selectors import excellence_results as results
from assessments.services import excellence_years as services
from secretariat.calendar import digits
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import officers_only, once
from secretariat.lists import BulkAction, Choice, Column, ListPage, Toggle
from secretariat.models import Agency
from secretariat.typed import whole
from secretariat.workflow import open_steps

form_page = require_http_methods(["GET", "HEAD", "POST"])


def find_year(request, pk):
    years = ExcellenceYear.objects.visible_to(request.user).select_related("framework__set", "created_by")
    return get_object_or_404(years, pk=pk)


class YearList(ListPage):
    name = "self-assessment-years"
    caption = gettext_lazy("Years of self-assessment")
    columns = [
        Column("year", gettext_lazy("Year"), sort="year", value=str, link=True),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("framework", gettext_lazy("Framework"), value="framework"),
        Column("deadline", gettext_lazy("Deadline"), sort="deadline", kind="date"),
        Column("submitted", gettext_lazy("Submitted"), sort="submitted_count", value="submitted_count", kind="number"),
        Column("drawn", gettext_lazy("Drawn for the check"), sort="drawn_count", value="drawn_count", kind="number"),
    ]
    filters = [Choice("status", gettext_lazy("State"), ExcellenceYear.Status.choices)]
    default_sort = "-year"
    empty_title = gettext_lazy("No year of self-assessment was opened yet.")
    empty_text = gettext_lazy("Open one: every member agency is asked to judge itself by the framework.")

    def queryset(self):
        return selectors.years_with_counts(self.request.user)


@officers_only
@require_safe
def excellence_list(request):
    return YearList(request).respond("assessments/excellence_list.html")


@officers_only
@form_page
@once
def excellence_new(request):
    form = YearForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.open_year(by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The year is open; the agencies were told."))
            return redirect(made)
    return render(request, "assessments/excellence_new.html", {"form": form}, status=422 if form.errors else 200)


class AgenciesOfYear(ListPage):
    """Every agency with how far it is."""

    name = "self-assessment"
    caption = gettext_lazy("Agencies")
    search = ("search_key",)
    default_sort = "state"
    empty_title = gettext_lazy("There is no member agency.")
    filters = [
        Choice(
            "state",
            gettext_lazy("State"),
            [("none", gettext_lazy("not begun")), ("late", gettext_lazy("not submitted")), *rules.SelfStatus.choices],
            apply=lambda rows, value: _of_state(rows, value),
        ),
        Choice("kind", gettext_lazy("Kind"), Agency.Kind.choices),
        Toggle("drawn", gettext_lazy("Only the sample"), lambda rows: rows.filter(drawn=True)),
    ]
    columns = [
        Column("name", gettext_lazy("Agency"), sort="sort_key", link=True),
        Column("kind", gettext_lazy("Kind"), sort="kind", value="get_kind_display", shown=False),
        Column(
            "state",
            gettext_lazy("State"),
            sort="self_status",
            value=lambda row: _state_words(row),
            template="assessments/_excellence_state.html",
        ),
        Column("answered", gettext_lazy("Answered"), sort="answered", value="answered", kind="number"),
        Column("submitted", gettext_lazy("Submitted on"), sort="submitted_at", value="submitted_at", kind="date"),
        Column("own", gettext_lazy("Own score"), sort="own_score", value="own_score", kind="number", places=1),
        Column("check", gettext_lazy("Score of the check"), sort="check_score", value="check_score", kind="number", places=1),
        Column(
            "difference",
            gettext_lazy("Difference"),
            sort="difference",
            value="difference",
            template="assessments/_excellence_points.html",
        ),
    ]

    def __init__(self, request, year):
        super().__init__(request)
        self.year = year
        if year.is_open:
            self.bulk = [
                BulkAction(
                    "remind", gettext_lazy("Remind"), confirm=gettext_lazy("Remind those of them that have not submitted?")
                )
            ]

    def queryset(self):
        return selectors.agencies_of_year(self.year)

    def row_url(self, row):
        return reverse("self_assessment", args=[row.self_pk]) if row.self_pk else row.get_absolute_url()

    @property
    def is_late(self):
        """What is not submitted now is late."""
        return self.year.is_past_deadline or not self.year.is_open


def _state_words(row):
    return rules.SelfStatus(row.self_status).label if row.self_status else _("not begun")


def _of_state(rows, value):
    if value == "none":
        return rows.filter(self_pk=None)
    if value == "late":
        return rows.filter(submitted_at=None, is_member=True)
    return rows.filter(self_status=value)


@officers_only
@form_page
@once
def excellence_year(request, pk):
    """Who has begun, submitted, is late or checked; reminders go from here."""
    year = find_year(request, pk)
    page, refusal = AgenciesOfYear(request, year), ""
    if request.method == "POST":
        try:
            _action, rows = page.bulk_choice()
            told = services.remind(pk, Agency.objects.filter(pk__in=rows.values("pk")), by=request.user)
        except RuleBroken as broken:
            refusal = str(broken)
        else:
            sentence = ngettext("%(n)s agency was reminded.", "%(n)s agencies were reminded.", told)
            messages.success(request, sentence % {"n": digits(told)})
            return redirect(year)
    lie, agencies = results.distribution_of(year)
    context = {
        "year": year,
        "standing": selectors.standing_of(year),
        "criteria": selectors.count_criteria(year.framework_id),
        "steps": _steps(year, request.user),
        "strata": selectors.strata(year) if year.seed else [],
        "total": lie.get(None),
        "agencies": agencies,
        "least": rules.LEAST_TO_COMPARE,
        "checks": results.check_summary(year),
        "refusal": refusal,
    }
    response = page.respond("assessments/excellence_year.html", context)
    if refusal:
        response.status_code = 422
    return response


def _steps(year, user):
    """The buttons of a year, the way forward first."""
    found = open_steps(year, user)
    return [
        {
            "action": action,
            "label": found[action].label,
            "url": reverse("excellence_draw", args=[year.pk])
            if action == "draw"
            else reverse("excellence_move", args=[year.pk, action]),
        }
        for action in ("draw", "close", "cancel")
        if action in found
    ]


@officers_only
@form_page
@once
def excellence_edit(request, pk):
    year, stands = find_year(request, pk), []
    if not year.is_open:
        messages.warning(request, _("This is possible only while the agencies answer."))
        return redirect(year)
    version = year.version
    form = YearForm(request.POST or None, opened=year)
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_year(pk, by=request.user, version=whole(request.POST.get("version"), 0), **form.cleaned_data)
        except Stale as stale:
            form.add_error(None, stale.message)
            version = stale.current.version
            stands = [
                (form[name].label, getattr(stale.current, name))
                for name, value in form.cleaned_data.items()
                if value != getattr(stale.current, name)
            ]
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Saved."))
            return redirect(year)
    context = {"year": year, "form": form, "version": version, "current": stands}
    return render(request, "assessments/excellence_edit.html", context, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def excellence_extend(request, pk):
    year = find_year(request, pk)
    if not year.is_open:
        messages.warning(request, _("This is possible only while the agencies answer."))
        return redirect(year)
    form = ExtendForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.extend(pk, form.cleaned_data["deadline"], by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The deadline is extended; the agencies that have not submitted were told."))
            return redirect(year)
    return render(request, "assessments/excellence_extend.html", {"year": year, "form": form}, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def excellence_draw(request, pk):
    """What the draw will do, and the button; the seed is made as it is pressed."""
    year = find_year(request, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None, required=False)
    if request.method == "POST" and form.is_valid():
        try:
            services.draw_sample(pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The sample is drawn. Appoint a checker for each of it."))
            return redirect(f"{reverse('excellence_year', args=[pk])}?drawn=1")
    elif request.method != "POST" and "draw" not in open_steps(year, request.user):
        return redirect(year)
    context = {
        "year": year,
        "form": form,
        "standing": selectors.standing_of(year),
        "missing": selectors.not_submitted(year) if year.is_open else [],
    }
    return render(request, "assessments/excellence_draw.html", context, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def excellence_move(request, pk, action):
    """Confirm the end of a year, with the reason where one is needed."""
    year = find_year(request, pk)
    step = year.MOVES.get(action)
    if step is None or not step.sources or action == "draw":
        return redirect(year)
    form = ReasonForm(request.POST if request.method == "POST" else None, required=step.needs_reason)
    if request.method == "POST" and form.is_valid():
        try:
            moved = services.move_year(pk, action, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Done: the year is now “%(state)s”.") % {"state": moved.get_status_display()})
            return redirect(moved)
    elif request.method != "POST" and action not in open_steps(year, request.user):
        return redirect(year)
    context = {"year": year, "action": action, "step": step, "form": form}
    return render(request, "assessments/excellence_move.html", context, status=422 if form.errors else 200)
