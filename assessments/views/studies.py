"""Weight studies as officers run them: list, open, invite, follow, leave out, adopt."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assessments import rules
from assessments.forms.comparisons import InviteForm, StudyForm
from assessments.forms.rounds import ExtendForm, ReasonForm
from assessments.models import StudyExpert, WeightStudy
from assessments.scoring.comparisons import ACCEPTABLE_RATIO
from assessments.scoring.weights import percentages
from assessments.selectors import comparisons as selectors
from assessments.services import comparisons as services
from assessments.views.sets import find_version
from secretariat.errors import RuleBroken, refusals_told
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage
from secretariat.workflow import open_steps

form_page = require_http_methods(["GET", "HEAD", "POST"])


def find_study(pk):
    return get_object_or_404(WeightStudy.objects.select_related("version__set", "adopted_into__set", "created_by"), pk=pk)


class StudyList(ListPage):
    name = "studies"
    caption = gettext_lazy("Weight studies")
    columns = [
        Column("set", gettext_lazy("Indicator set"), sort="version__set__sort_key", value="version", link=True),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("deadline", gettext_lazy("Deadline"), sort="deadline", kind="date"),
        Column("experts", gettext_lazy("Experts"), sort="expert_count", value="expert_count", kind="number"),
        Column("finished", gettext_lazy("Finished"), sort="finished_count", value="finished_count", kind="number"),
        Column("created", gettext_lazy("Opened on"), sort="created_at", value="created_at", kind="date"),
    ]
    filters = [Choice("status", gettext_lazy("State"), WeightStudy.Status.choices)]
    search = ("version__set__title_fa", "version__set__title_en")
    default_sort = "-created"
    empty_title = gettext_lazy("There is no weight study yet.")
    empty_text = gettext_lazy(
        "Open one from the page of an indicator set: experts compare its rows in pairs, and weights follow."
    )

    def queryset(self):
        return selectors.studies_with_counts(self.request.user)


@officers_only
@require_safe
def study_list(request):
    return StudyList(request).respond("assessments/study_list.html")


@officers_only
@form_page
@once
def study_new(request, code, number):
    version = find_version(request.user, code, number)
    if running := selectors.running_study(version):
        messages.info(request, _("The weights of this version are being compared already."))
        return redirect(running)
    places = selectors.places(version)
    form = StudyForm(request.POST or None, places=places, set_id=version.set_id)
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("groups", "experts", "deadline", "note")}
        try:
            study = services.open_study(version.pk, by=request.user, **given)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The study is open; the experts were told."))
            return redirect(study)
    context = {"version": version, "set": version.set, "form": form, "places": places}
    return render(request, "assessments/study_new.html", context, status=422 if form.errors else 200)


@officers_only
@require_safe
def study_detail(request, pk):
    """How far each expert is and how consistent, and what all say together."""
    study = find_study(pk)
    standing = selectors.standing(study)
    context = {
        "study": study,
        "set": study.version.set,
        "standing": standing,
        "steps": _steps(study, request.user),
        "is_running": study.status in rules.RUNNING_STUDIES,
        "limit": ACCEPTABLE_RATIO,
    }
    return render(request, "assessments/study_detail.html", context)


def _steps(study, user):
    """The buttons of a study: what may be done now, the way forward first."""
    found = open_steps(study, user)
    order = [action for action in ("adopt", "close", "reopen", "cancel") if action in found]
    return [
        {
            "action": action,
            "label": found[action].label,
            "url": reverse("study_adopt", args=[study.pk])
            if action == "adopt"
            else reverse("study_move", args=[study.pk, action]),
        }
        for action in order
    ]


@officers_only
@form_page
@once
def study_invite(request, pk):
    study = find_study(pk)
    if not study.is_open:
        messages.warning(request, _("This is possible only while the experts compare."))
        return redirect(study)
    asked = study.experts.values_list("user", flat=True)
    form = InviteForm(request.POST or None, set_id=study.version.set_id, asked=asked)
    if request.method == "POST" and form.is_valid():
        try:
            services.invite(pk, by=request.user, experts=form.cleaned_data["experts"])
        except RuleBroken as broken:
            form.add_error("roster", broken.message)
        else:
            messages.success(request, _("The experts were asked."))
            return redirect(study)
    return render(request, "assessments/study_invite.html", {"study": study, "form": form}, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def study_extend(request, pk):
    study = find_study(pk)
    if not study.is_open:
        messages.warning(request, _("This is possible only while the experts compare."))
        return redirect(study)
    form = ExtendForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.extend(pk, form.cleaned_data["deadline"], by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The deadline is extended; those still at work were told."))
            return redirect(study)
    return render(request, "assessments/study_extend.html", {"study": study, "form": form}, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def study_move(request, pk, action):
    """Confirm a step of a study, with its reason where one is needed."""
    study = find_study(pk)
    step = study.MOVES.get(action)
    if step is None or not step.sources or action == "adopt":
        return redirect(study)
    form = ReasonForm(request.POST if request.method == "POST" else None, required=step.needs_reason)
    if request.method == "POST" and form.is_valid():
        try:
            moved = services.move_study(pk, action, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Done: the study is now “%(state)s”.") % {"state": moved.get_status_display()})
            return redirect(study)
    elif request.method != "POST" and action not in open_steps(study, request.user):
        return redirect(study)
    unfinished = selectors.standing(study).unfinished if action == "close" else []
    context = {"study": study, "action": action, "step": step, "form": form, "unfinished": unfinished}
    return render(request, "assessments/study_move.html", context, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def study_adopt(request, pk):
    """The last look at the joined weights, what they replace and what they rest on; then they go into a draft."""
    study, refusal = find_study(pk), ""
    if request.method == "POST":
        try:
            draft = services.adopt(pk, by=request.user)
        except RuleBroken as broken:
            refusal = str(broken)
        else:
            messages.success(request, _("The weights stand in the draft of version %(number)s.") % {"number": draft.number})
            return redirect("set_edit", draft.set.code, draft.number)
    elif "adopt" not in open_steps(study, request.user):
        return redirect(study)
    standing = selectors.standing(study)
    groups = [(joined, _after(joined)) for joined in standing.joined if joined.reading is not None]
    context = {
        "study": study,
        "standing": standing,
        "groups": groups,
        "draft": selectors.draft_of(study.version.set_id),
        "contradictory": [joined for joined in standing.joined if joined.is_contradictory],
        "refusal": refusal,
    }
    return render(request, "assessments/study_adopt.html", context, status=422 if refusal else 200)


def _after(joined):
    """(item, the weight that would stand) of a group."""
    return list(zip(joined.items, percentages(joined.reading.weights), strict=True))


@officers_only
@form_page
@once
def study_exclude(request, pk, expert):
    """Leave an expert's answers out of the joined weights, with the reason."""
    study = find_study(pk)
    left_out = get_object_or_404(StudyExpert.objects.select_related("user"), study=study, pk=expert)
    if request.method != "POST" and (left_out.excluded_at or study.status not in rules.RUNNING_STUDIES):
        return redirect(study)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.exclude(left_out.pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("These answers are left out; both results are shown."))
            return redirect(study)
    context = {"study": study, "expert": left_out, "form": form}
    return render(request, "assessments/study_exclude.html", context, status=422 if form.errors else 200)


@officers_only
@require_POST
@once
def study_include(request, pk, expert):
    study = find_study(pk)
    left_out = get_object_or_404(StudyExpert, study=study, pk=expert)
    with refusals_told(request):
        services.include(left_out.pk, by=request.user)
        messages.success(request, _("These answers count again."))
    return redirect(study)
