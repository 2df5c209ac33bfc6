"""Waivers: asked for by one officer, granted by another, ended by either, always on record."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assessments.forms.rounds import ReasonForm
from assessments.forms.ties import WaiverForm
from assessments.models import Assignment, ConflictWaiver, Subject
from assessments.selectors.conflicts import ties, waivable_subjects
from assessments.services import waivers as services
from assessments.views.roster import find_assessor
from assessments.views.rounds import form_page
from secretariat.errors import RuleBroken
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage
from secretariat.workflow import open_steps


class WaiverList(ListPage):
    name = "waivers"
    caption = gettext_lazy("Waivers")
    columns = [
        Column("assessor", gettext_lazy("Assessor"), sort="assessor__user__sort_key", value="assessor.user", link=True),
        Column("subject", gettext_lazy("Product"), sort="subject__title_fa"),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("asked_by", gettext_lazy("Asked by"), sort="asked_by__sort_key"),
        Column("asked", gettext_lazy("Asked on"), sort="asked_at", value="asked_at", kind="date"),
        Column("granted_by", gettext_lazy("Granted by"), sort="granted_by__sort_key"),
        Column("ended", gettext_lazy("Ended on"), sort="ended_at", value="ended_at", kind="date", shown=False),
    ]
    filters = [Choice("status", gettext_lazy("State"), ConflictWaiver.Status.choices)]
    search = ("assessor__user__search_key", "subject__title_fa", "subject__title_en")
    default_sort = "-asked"
    empty_title = gettext_lazy("No waiver was asked for.")
    empty_text = gettext_lazy("A waiver lets an assessor judge one product in spite of a tie; two officers must want it.")

    def queryset(self):
        return ConflictWaiver.objects.select_related("assessor__user", "subject", "asked_by", "granted_by")


@officers_only
@require_safe
def waiver_list(request):
    return WaiverList(request).respond("assessments/waiver_list.html")


@officers_only
@form_page
@once
def waiver_new(request, pk):
    """Ask that an assessor may judge a product in spite of what ties him to it."""
    assessor = find_assessor(pk)
    subjects = Subject.objects.filter(pk__in=[subject.pk for subject in waivable_subjects(assessor)]).order_by("title_fa", "pk")
    form = WaiverForm(request.POST or None, subjects=subjects, initial={"subject": request.GET.get("subject")})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.ask(pk, form.cleaned_data["subject"].pk, form.cleaned_data["reason"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The waiver is asked for. Another officer decides on it."))
            return redirect(made)
    context = {"assessor": assessor, "form": form, "has_subjects": subjects.exists()}
    return render(request, "assessments/waiver_new.html", context, status=422 if form.errors else 200)


def _find(pk):
    return get_object_or_404(
        ConflictWaiver.objects.select_related("assessor__user", "subject__agency", "asked_by", "granted_by", "ended_by"), pk=pk
    )


@officers_only
@require_safe
def waiver_detail(request, pk):
    waiver = _find(pk)
    work = Assignment.objects.filter(assessor=waiver.assessor, entry__subject=waiver.subject).select_related("entry__round")
    context = {
        "waiver": waiver,
        "whys": ties([waiver.subject], [waiver.assessor]).get((waiver.subject_id, waiver.assessor_id), ()),
        "assignments": work.order_by("-pk"),
        "steps": [(step.label, reverse("waiver_move", args=[pk, action]), action) for action, step in _steps(waiver, request.user)],
    }
    return render(request, "assessments/waiver_detail.html", context)


def _steps(waiver, user):
    return open_steps(waiver, user).items()


@officers_only
@form_page
@once
def waiver_move(request, pk, action):
    """Grant a waiver, refuse it or end it."""
    waiver = _find(pk)
    step = ConflictWaiver.MOVES.get(action)
    if step is None:
        raise Http404
    form = ReasonForm(request.POST if request.method == "POST" else None, required=step.needs_reason)
    if request.method == "POST" and form.is_valid():
        try:
            if action == "grant":
                services.grant(pk, by=request.user)
            else:
                {"refuse": services.refuse, "end": services.end}[action](pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The decision is recorded."))
            return redirect(waiver)
    context = {"waiver": waiver, "form": form, "step": step, "action": action}
    return render(request, "assessments/waiver_move.html", context, status=422 if form.errors else 200)
