"""Rounds as officers run them: list, make, edit, move, measure, read the results."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from assessments import rules
from assessments.forms.rounds import ExtendForm, MeasuredLine, ReasonForm, RoundForm, SeparateListsForm, listed
from assessments.models import Round
from assessments.selectors import joining
from assessments.selectors import rounds as selectors
from assessments.selectors.flags import open_questions
from assessments.selectors.phases import picture
from assessments.services import measurements
from assessments.services import rounds as services
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage, Toggle
from secretariat.templatetags.portal_parts import address
from secretariat.typed import whole
from secretariat.workflow import open_steps

form_page = require_http_methods(["GET", "HEAD", "POST"])
# The buttons of a round, in this order; "open" and "publish" ask no reason.
TONES = {"cancel": "danger"}


def find_round(request, pk):
    return get_object_or_404(Round.objects.visible_to(request.user), pk=pk)


class RoundList(ListPage):
    name = "rounds"
    caption = gettext_lazy("Rounds")
    columns = [
        Column("title", gettext_lazy("Round"), sort="title_fa", link=True),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("deadline", gettext_lazy("Deadline"), sort="deadline", kind="date"),
        Column("entries", gettext_lazy("Products"), sort="entry_count", value="entry_count", kind="number"),
        Column("active", gettext_lazy("Assignments"), sort="active_count", value="active_count", kind="number"),
        Column("submitted", gettext_lazy("Submitted"), sort="submitted_count", value="submitted_count", kind="number"),
        Column("created", gettext_lazy("Made on"), sort="created_at", value="created_at", kind="date", shown=False),
    ]
    filters = [Choice("status", gettext_lazy("State"), Round.Status.choices)]
    search = ("title_fa", "title_en")
    default_sort = "-created"
    empty_title = gettext_lazy("There is no round yet.")
    empty_text = gettext_lazy("A round gathers products that are judged together until one deadline.")

    def queryset(self):
        return selectors.rounds_with_counts(self.request.user)


@officers_only
@require_safe
def round_list(request):
    return RoundList(request).respond("assessments/round_list.html")


@officers_only
@form_page
@once
def round_new(request):
    form = RoundForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_round(by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The round is made. Now add products to it."))
            return redirect(made)
    return render(request, "assessments/round_new.html", {"form": form}, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def round_edit(request, pk):
    round_ = find_round(request, pk)
    names = services.WRITABLE.get(round_.status, ())
    if not names:
        messages.warning(
            request, _("This round can no longer be edited: it is “%(state)s”.") % {"state": round_.get_status_display()}
        )
        return redirect(round_)
    form, stands, version = RoundForm.of(round_, request.POST or None, names), [], round_.version
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_round(pk, by=request.user, version=whole(request.POST.get("version"), 0), **form.cleaned_data)
        except Stale as stale:
            form.add_error(None, stale.message)
            stands, version = _differences(form, stale.current), stale.current.version
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Saved."))
            return redirect(round_)
    context = {"round": round_, "form": form, "current": stands, "version": version}
    return render(request, "assessments/round_edit.html", context, status=422 if form.errors else 200)


def _differences(form, current):
    """(label, what stands) of every field that somebody else's saving left otherwise than it was typed here."""
    return [
        (form[name].label, _shown(getattr(current, name)))
        for name, typed in form.cleaned_data.items()
        if typed != getattr(current, name)
    ]


def _shown(value):
    return listed(value) if isinstance(value, list) else "" if value is None else value


@officers_only
@require_safe
def round_detail(request, pk):
    round_ = find_round(request, pk)
    entries = selectors.entries_with_progress(round_.entries.all())
    rows = RoundEntries(request, round_)
    totals = selectors.progress_totals(entries.filter(excluded_at=None))
    context = {
        "round": round_,
        "tabs": round_tabs(round_, "round_detail"),
        "totals": totals,
        "warnings": selectors.panel_warnings(round_) if round_.status in rules.EDITABLE_ROUNDS else [],
        "picture": picture(round_),
        "questions": open_questions(round_),
        "steps": _steps(round_, request.user),
        "can_edit": round_.status in services.WRITABLE,
        "takes_entries": round_.status in rules.EDITABLE_ROUNDS,
        "add_url": address("round_add_products", round_.pk),
    }
    return rows.respond("assessments/round_detail.html", context)


def _steps(round_, user):
    return [
        {
            "label": step.label,
            "url": reverse("round_move", args=[round_.pk, action]),
            "tone": TONES.get(action, ""),
            "action": action,
        }
        for action, step in open_steps(round_, user).items()
    ]


def round_tabs(round_, here):
    """The pages of one round."""
    names = [
        ("round_detail", _("Progress")),
        ("round_panels", _("Panels")),
        ("round_measurements", _("Measurements")),
        ("round_moderation", _("Moderation")),
        ("round_results", _("Results")),
        ("round_assessors", _("Assessors")),
        ("round_questions", _("Questions")),
        ("round_remarks", _("Words for the submitters")),
        ("round_reliability", _("Reliability")),
        ("round_whatif", _("What if")),
        ("round_progress", _("In time")),
        ("round_reminders", _("Reminders")),
    ]
    if round_.status not in rules.EDITABLE_ROUNDS:
        names = [name for name in names if name[0] != "round_panels"]
    if round_.is_public:
        names.append(("round_bundle", _("Open data")))
    disputed, asked = selectors.what_waits(round_)
    counts = {"round_moderation": disputed, "round_questions": asked}
    return [(label, reverse(name, args=[round_.pk]), name == here, counts.get(name)) for name, label in names]


class RoundEntries(ListPage):
    name = "entries"
    caption = gettext_lazy("Products of the round")
    columns = [
        Column("title", gettext_lazy("Product"), sort="subject__title_fa", value="subject", link=True),
        Column("agency", gettext_lazy("Agency"), sort="subject__agency__sort_key", value="subject.agency"),
        Column("submitted", gettext_lazy("Submitted"), sort="submitted_count", value="submitted_count", kind="number"),
        Column("accepted", gettext_lazy("At work"), sort="accepted_count", value="accepted_count", kind="number"),
        Column("offered", gettext_lazy("To answer"), sort="offered_count", value="offered_count", kind="number"),
        Column("declined", gettext_lazy("Declined"), sort="declined_count", value="declined_count", kind="number"),
        Column("missing", gettext_lazy("Missing"), sort="missing", template="assessments/_round_missing.html"),
    ]
    filters = [
        Toggle("short", gettext_lazy("Panel not complete"), lambda entries: entries.filter(missing__gt=0, excluded_at=None)),
        Toggle("excluded", gettext_lazy("Left out of the results"), lambda entries: entries.exclude(excluded_at=None)),
    ]
    search = ("subject__title_fa", "subject__title_en", "subject__agency__search_key")
    default_sort = "title"
    empty_title = gettext_lazy("No product is in this list.")

    def __init__(self, request, round_):
        super().__init__(request)
        self.round = round_

    def queryset(self):
        return selectors.entries_with_progress(self.round.entries.all())

    def row_url(self, row):
        return reverse("entry_detail", args=[row.pk])


@officers_only
@form_page
@once
def round_move(request, pk, action):
    """Confirm a step of a round, with its reason where one is needed."""
    round_ = find_round(request, pk)
    step = open_steps(round_, request.user).get(action)
    if step is None and request.method != "POST":
        messages.warning(
            request, _("This is no longer possible: the round is “%(state)s”.") % {"state": round_.get_status_display()}
        )
        return redirect(round_)
    if action not in round_.MOVES or not round_.MOVES[action].sources:
        return redirect(round_)
    step = round_.MOVES[action]
    apart = action == "score" and round_.run is not None and not round_.run.is_connected
    data = request.POST if request.method == "POST" else None
    form = SeparateListsForm(data, lists=round_.run.component_count) if apart else ReasonForm(data, required=step.needs_reason)
    problems = []
    if request.method == "POST" and form.is_valid():
        try:
            services.move_round(pk, action, by=request.user, **form.cleaned_data)
        except services.Disconnected as refused:
            form.add_error("separate_lists" if apart else None, refused.message)
        except services.NotPublishable as refused:
            problems = refused.problems
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(
                request, _("Done: the round is now “%(state)s”.") % {"state": step.target and Round.Status(step.target).label}
            )
            return redirect(round_)
    warnings = selectors.panel_warnings(round_) if action == "open" else []
    if action == "score" and not problems:
        problems = selectors.why_not_publishable(round_)
    context = {"round": round_, "action": action, "step": step, "form": form, "warnings": warnings, "problems": problems}
    if action == "score":
        context["questions"] = open_questions(round_)
    if apart:
        context["parts"] = joining.parts(round_)
        context["links"] = joining.joining_links(round_, context["parts"])
    return render(
        request,
        "assessments/round_move.html",
        context,
        status=422 if form.errors or (problems and request.method == "POST") else 200,
    )


@officers_only
@form_page
@once
def round_extend(request, pk):
    round_ = find_round(request, pk)
    if not round_.is_open:
        messages.warning(request, _("Only the deadline of an open round is extended."))
        return redirect(round_)
    form = ExtendForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.extend_deadline(pk, form.cleaned_data["deadline"], by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The deadline is extended; those still at work were told."))
            return redirect(round_)
    return render(request, "assessments/round_extend.html", {"round": round_, "form": form}, status=422 if form.errors else 200)


# --- measurements --------------------------------------------------------------------------------


@officers_only
@form_page
@once
def round_measurements(request, pk):
    """The grid of what the secretariat measures, some products a page; saved whole or not at all."""
    round_ = find_round(request, pk)
    measured = round_.entries.filter(sheet__parts__version__indicators__rater="secretariat").distinct()
    page = Paginator(measured.select_related("subject").order_by("pk"), 20).get_page(request.GET.get("page"))
    rows = selectors.measurement_rows(page.object_list)
    can_write = round_.status in rules.LIVE_ROUNDS
    lines = [MeasuredLine(row, request.POST if request.method == "POST" and can_write else None) for row in rows]
    if request.method == "POST" and can_write:
        for line in lines:
            if line.is_changed and (values := line.read()) is not None:
                try:
                    measurements.set_measurement(line.entry.pk, line.indicator.pk, by=request.user, **values)
                except RuleBroken as broken:
                    line.refuse(broken)
        if not any(line.errors for line in lines):
            messages.success(request, _("Saved; the scores are computed anew where something changed."))
            return redirect(request.get_full_path())
    groups = {}
    for line in lines:
        groups.setdefault(line.entry, []).append(line)
    wrong = any(line.errors for line in lines)
    context = {
        "round": round_,
        "tabs": round_tabs(round_, "round_measurements"),
        "page": page,
        "groups": list(groups.items()),
        "can_write": can_write,
        "problems": [
            _("%(product)s, %(indicator)s: %(error)s")
            % {"product": line.entry.subject, "indicator": line.indicator.title, "error": error}
            for line in lines
            for error in line.errors.values()
        ],
    }
    return render(request, "assessments/round_measurements.html", context, status=422 if wrong else 200)
