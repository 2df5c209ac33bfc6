"""Who judges what: officers ask, follow and take back; assessors answer."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assessments import rules
from assessments.blindness import shown_to
from assessments.forms.rounds import AnswerForm, ReasonForm
from assessments.models import Assessor, Assignment, Entry, SheetPart
from assessments.selectors import rounds as selectors
from assessments.selectors.assessments import on_behalf
from assessments.selectors.moderations import asked_to_discuss
from assessments.selectors.progress import my_pace
from assessments.selectors.waivers import waivers_of
from assessments.services import rounds as services
from assessments.views.replacements import MOST_REASSIGNED, reassign_page
from assessments.views.rounds import find_round, form_page, round_tabs
from secretariat import calendar
from secretariat.errors import RuleBroken, refusals_told
from secretariat.gate import officers_only, once
from secretariat.lists import BulkAction, Choice, Column, ListPage, RowAction, Toggle
from secretariat.persian import canonical, search_key
from secretariat.templatetags.portal_parts import address
from secretariat.typed import keys
from secretariat.workflow import open_steps

BULK_PAGE = 30
A_PAGE = 25  # of what an assessor has behind him


def find_entry(request, pk):
    entries = selectors.entries_with_progress(Entry.objects.visible_to(request.user))
    return get_object_or_404(selectors.with_root_scores(entries, request.user), pk=pk)


# --- one entry -----------------------------------------------------------------------------------


@officers_only
@require_safe
def entry_detail(request, pk):
    entry = find_entry(request, pk)
    assignments = list(
        entry.assignments.select_related("assessor__user", "entry__round", "assessment", "summoned_by")
        .prefetch_related("moves__by", "extensions__decided_by")
        .order_by("alias")
    )
    parts = SheetPart.objects.filter(sheet=entry.sheet_id).select_related("version__set")
    on_paper = set(on_behalf(request.user).filter(entry=entry).values_list("pk", flat=True))
    context = {
        "entry": entry,
        "round": entry.round,
        "parts": parts,
        "lines": [{"assignment": row, "links": _assignment_links(row, request.user, row.pk in on_paper)} for row in assignments],
        "can_assign": entry.round.status in rules.EDITABLE_ROUNDS,
        "can_remove": entry.round.status in rules.EDITABLE_ROUNDS and not assignments,
        "can_exclude": entry.round.status in rules.LIVE_ROUNDS,
        "coverage": None if entry.coverage is None else round(entry.coverage * 100),
        "why_url": address("entry_scores", entry.pk),
        "waivers": waivers_of(entry),
        "makers": entry.subject.makers.all(),
    }
    return render(request, "assessments/entry_detail.html", context)


def _assignment_links(assignment, user, on_paper):
    """What an officer may do with an assignment: (label, address, icon); the pages of assessments are there once they are."""
    steps, links = open_steps(assignment, user), []
    if assignment.status == Assignment.Status.SUBMITTED and (url := address("assessment_detail", assignment.pk)):
        links.append((_("Read"), url, "eye"))
    if "reopen" in steps and (url := address("assessment_reopen", assignment.pk)):
        links.append((steps["reopen"].label, url, "arrow-counterclockwise"))
    if rules.why_no_more_time(assignment) is None:
        links.append((_("More time"), more_time_url(assignment), "calendar-plus"))
    links += [(_("Request for more time"), reverse("extension_answer", args=[row.pk]), "hourglass-split")
              for row in assignment.extensions.all() if not row.decision]  # fmt: skip
    if on_paper and rules.takes_work(assignment) and assignment.status == Assignment.Status.ACCEPTED:
        links.append((_("Type in a paper sheet"), reverse("assessment_paper_upload", args=[assignment.pk]), "file-earmark-spreadsheet"))
    if "withdraw" in steps:
        links.append((steps["withdraw"].label, reverse("assignment_withdraw", args=[assignment.pk]), "dash-circle"))
    return links


@officers_only
@require_POST
@once
def entry_remove(request, pk):
    entry = find_entry(request, pk)
    with refusals_told(request):
        round_ = services.remove_entry(pk, by=request.user)
        messages.success(request, _("“%(title)s” is no longer in the round.") % {"title": entry.subject})
        return redirect(round_)
    return redirect("entry_detail", pk)


@officers_only
@form_page
@once
def entry_exclude(request, pk):
    """Leave an entry out of the results, with the reason."""
    entry = find_entry(request, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.exclude_entry(pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("“%(title)s” is left out of the results.") % {"title": entry.subject})
            return redirect("entry_detail", pk)
    return render(request, "assessments/entry_exclude.html", {"entry": entry, "form": form}, status=422 if form.errors else 200)


@officers_only
@require_POST
@once
def entry_include(request, pk):
    find_entry(request, pk)
    with refusals_told(request):
        services.include_entry(pk, by=request.user)
        messages.success(request, _("The product is in the results again."))
    return redirect("entry_detail", pk)


# --- asking --------------------------------------------------------------------------------------


@officers_only
@form_page
@once
def round_assign(request, pk):
    """Choose the assessors of one entry."""
    entry = find_entry(request, pk)
    error = ""
    if request.method == "POST":
        wanted = keys(request.POST.getlist("assessor"))
        error = _assign(request, entry.round_id, [(entry.pk, assessor) for assessor in wanted])
        if not error:
            return redirect("entry_detail", pk)
    candidates = selectors.candidates(entry)
    chosen = set(request.POST.getlist("assessor"))
    context = {
        "entry": entry,
        "round": entry.round,
        "free": [(candidate, str(candidate.assessor.pk) in chosen) for candidate in candidates if not candidate.refusal],
        "barred": [candidate for candidate in candidates if candidate.refusal],
        "error": error,
    }
    return render(request, "assessments/round_assign.html", context, status=422 if error else 200)


def _assign(request, round_id, pairs):
    """Ask for all pairs that may be asked; returns a sentence when nothing came of it, else leaves messages."""
    if not pairs:
        return _("Choose at least one assessor.")
    try:
        made, refused = services.assign_many(round_id, pairs, by=request.user)
    except RuleBroken as broken:
        return str(broken)
    lines = [f"{assessor} – {entry.subject}: {sentence}" for entry, assessor, sentence in refused]
    if not made:
        return " ".join(lines) or _("Nobody could be asked.")
    messages.success(
        request,
        ngettext("%(count)s assignment was made.", "%(count)s assignments were made.", len(made))
        % {"count": calendar.digits(len(made))},
    )
    for line in lines[:10]:
        messages.warning(request, line)
    return ""


@officers_only
@form_page
@once
def round_assign_bulk(request, pk):
    """Several products and several assessors at once: choose, look at what would come of it, confirm."""
    round_ = find_round(request, pk)
    if round_.status not in rules.EDITABLE_ROUNDS:
        messages.warning(request, _("Assessors are appointed only while the round is in preparation or open."))
        return redirect(round_)
    entries = selectors.entries_with_progress(round_.entries.ranked()).order_by("-missing", "pk")
    if title := canonical(request.GET.get("q", "")):
        entries = entries.filter(Q(subject__title_fa__icontains=title) | Q(subject__title_en__icontains=title))
    page = Paginator(entries, BULK_PAGE).get_page(request.GET.get("page"))
    typed, plan, error = _bulk_choice(request), [], ""
    if request.method == "POST":
        pairs = [(entry, assessor) for assessor in typed["assessor"] for entry in typed["entry"]]
        if request.POST.get("step") == "confirm":
            error = _assign(request, round_.pk, pairs)
            if not error:
                return redirect(round_)
        elif not pairs:
            error = _("Choose at least one product and one assessor.")
        plan = selectors.plan(round_, pairs)
    roster = (
        selectors.assessors_with_load(Assessor.objects.active()).prefetch_related("expertise").order_by("load", "user__sort_key", "pk")
    )
    if word := search_key(request.GET.get("assessor_q", "")):
        roster = roster.filter(user__search_key__contains=word)
    context = {
        "round": round_,
        "tabs": round_tabs(round_, "round_panels"),
        "page": page,
        "assessors": roster[:60],
        "typed": typed,
        "plan": plan,
        "accepted": sum(1 for line in plan if not line.refusal),
        "refused": sum(1 for line in plan if line.refusal),
        "error": error,
        "q": request.GET.get("q", ""),
        "assessor_q": request.GET.get("assessor_q", ""),
    }
    return render(request, "assessments/round_assign_bulk.html", context, status=422 if error else 200)


def _bulk_choice(request):
    """Primary keys that were chosen on the page of bulk assignment."""
    return {name: keys(request.POST.getlist(name))[:200] for name in ("entry", "assessor")}


# --- following -----------------------------------------------------------------------------------


def _late(assignments):
    return assignments.pending().filter(due__lt=timezone.now())


class AssignmentList(ListPage):
    name = "assignments"
    caption = gettext_lazy("Assignments")
    columns = [
        Column("title", gettext_lazy("Product"), sort="entry__subject__title_fa", value="entry.subject", link=True),
        Column("assessor", gettext_lazy("Assessor"), sort="assessor__user__sort_key", value="assessor.user"),
        Column("round", gettext_lazy("Round"), sort="entry__round__title_fa", value="entry.round"),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("offered", gettext_lazy("Asked on"), sort="offered_at", value="offered_at", kind="date"),
        Column("deadline", gettext_lazy("Deadline"), sort="due", kind="date"),
    ]
    filters = [
        Choice("round", gettext_lazy("Round"), lambda request: find_rounds(request), lookup="entry__round"),
        Choice("status", gettext_lazy("State"), Assignment.Status.choices),
        Choice("assessor", gettext_lazy("Assessor"), lambda request: find_assessors(), lookup="assessor"),
        Toggle("late", gettext_lazy("Late"), _late),
    ]
    search = ("entry__subject__title_fa", "entry__subject__title_en", "assessor__user__search_key")
    default_sort = "-offered"
    bulk = [BulkAction("reassign", gettext_lazy("Take back and replace…"))]
    empty_title = gettext_lazy("No assignment is in this list.")

    def queryset(self):
        rows = Assignment.objects.visible_to(self.request.user).with_due()
        return rows.select_related("entry__subject", "entry__round", "assessor__user")

    def row_url(self, row):
        return reverse("entry_detail", args=[row.entry_id])

    def row_actions(self, row):
        if row.status not in rules.PENDING_ASSIGNMENTS:
            return []
        more = [RowAction(_("More time"), more_time_url(row), "calendar-plus")] if row.entry.round.is_open else []
        return [*more, RowAction(_("Take back"), reverse("assignment_withdraw", args=[row.pk]), "dash-circle")]


def more_time_url(assignment):
    """Where an officer gives this assignment more time."""
    return f"{reverse('round_more_time', args=[assignment.entry.round_id])}?assignment={assignment.pk}"


def find_rounds(request):
    return [(row.pk, str(row)) for row in selectors.Round.objects.visible_to(request.user).order_by("-pk")[:100]]


def find_assessors():
    return [(row.pk, str(row)) for row in Assessor.objects.select_related("user").order_by("user__sort_key", "pk")[:500]]


@officers_only
@form_page
def assignment_list(request):
    page = AssignmentList(request)
    if request.method != "POST":
        return page.respond("assessments/assignment_list.html")
    try:
        _action, rows = page.bulk_choice()
    except RuleBroken as broken:
        messages.warning(request, broken.message)
        return redirect(page.here)
    return reassign_page(request, list(rows.values_list("pk", flat=True)[:MOST_REASSIGNED]))


@officers_only
@form_page
@once
def assignment_withdraw(request, pk):
    rows = Assignment.objects.visible_to(request.user).select_related("entry__subject", "entry__round", "assessor__user")
    assignment = get_object_or_404(rows, pk=pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.withdraw(pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The assignment was taken back and the assessor was told."))
            return redirect("entry_detail", assignment.entry_id)
    return render(
        request,
        "assessments/assignment_withdraw.html",
        {"assignment": assignment, "form": form},
        status=422 if form.errors else 200,
    )


# --- the assessor's side -------------------------------------------------------------------------


@require_safe
def my_assessments(request):
    """What waits for this assessor; deadlines counted by one reading of the holidays."""
    assessor = get_object_or_404(Assessor, user=request.user)
    work = selectors.my_work(request.user)
    _word_deadlines(work.to_answer + work.to_do)
    discussions = list(asked_to_discuss(request.user))
    finished = Paginator(work.done, A_PAGE).get_page(request.GET.get("page"))
    past = list(work.past[:A_PAGE])
    for row in (*work.to_answer, *work.to_do, *finished, *past):
        row.shown = shown_to(row)
    context = {
        "assessor": assessor,
        "work": work,
        "pace": my_pace(assessor, len(work.to_do)),
        "discussions": discussions,
        "finished": finished,
        "past": past,
        "past_count": work.past.count(),
    }
    return render(request, "assessments/my_assessments.html", context)


def _word_deadlines(assignments):
    if not assignments:
        return
    today, weekend = calendar.today(), calendar.working_weekend()
    days = [calendar.day_of(row.deadline) for row in assignments]
    holidays = calendar.holidays_between(min(today, *days), max(today, *days))
    for row, day in zip(assignments, days, strict=True):
        row.left = calendar.remaining_text(day, today, holidays, weekend)
        working = calendar.working_days_between(today, day, holidays, weekend)
        row.tone = "danger" if row.is_past_deadline or working <= 1 else "warning" if working <= 3 else "neutral"


@require_http_methods(["GET", "HEAD", "POST"])
@once
def assignment_answer(request, pk):
    """Accept or decline; the declaration on conflicts comes before anything of the product can be opened."""
    mine = Assignment.objects.filter(assessor__user=request.user).exclude(entry__round__status=rules.RoundStatus.DRAFT)
    with_all = ("entry__subject__agency", "entry__round", "assessor__user", "summoned_by")
    assignment = get_object_or_404(mine.select_related(*with_all), pk=pk)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        decision, why = said["decision"], said["why"] if said["decision"] == "decline" else ""
        conflict = decision == "decline" and said["declaration"] == "conflict"
        try:
            services.answer(pk, decision, by=request.user, why=why, conflict=conflict, kind=said["kind"] if conflict else "")
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            if decision == "accept":
                messages.success(request, _("Thank you. The product and its assessment form are open to you now."))
                return redirect("assessment_form", pk)
            messages.success(request, _("Your answer is recorded. Thank you for telling us."))
            return redirect("my_assessments")
    steps = open_steps(assignment, request.user)
    context = {
        "assignment": assignment,
        "round": assignment.entry.round,
        "subject": assignment.entry.subject,
        "parts": SheetPart.objects.filter(sheet=assignment.entry.sheet_id).select_related("version__set"),
        "form": form,
        "shown": shown_to(assignment),
        "may_accept": "accept" in steps,
        "may_decline": "decline" in steps,
        "affiliations": assignment.assessor.affiliations.binding().select_related("agency"),
        "relations": assignment.assessor.relations.binding(),
    }
    return render(request, "assessments/assignment_answer.html", context, status=422 if form.errors else 200)
