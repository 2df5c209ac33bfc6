"""More time for single assessments: assessors ask for it, officers give it, grant or refuse."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import rules
from assessments.forms.timetable import AnswerTimeForm, MoreTimeForm
from assessments.models import Assignment, Extension
from assessments.selectors.assessments import workable
from assessments.services import deadlines as services
from assessments.views.rounds import find_round, form_page
from secretariat.calendar import day_of, digits, long_date
from secretariat.errors import RuleBroken
from secretariat.gate import officers_only, once
from secretariat.typed import keys

Decision = Extension.Decision


@form_page
@once
def assignment_more_time(request, pk):
    """The assessor asks for more time, with the reason."""
    own = workable(request.user).select_related("entry__round", "entry__subject", "assessor__user")
    assignment = get_object_or_404(own.exclude(entry__round__status=rules.RoundStatus.DRAFT), pk=pk)
    form = MoreTimeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.ask_time(pk, form.cleaned_data["until"], by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The secretariat was asked; its answer will come as a notice. Until then your deadline stays."))
            return redirect("my_assessments")
    context = {
        "assignment": assignment,
        "form": form,
        "refusal": rules.why_no_more_time(assignment),
        "requests": assignment.extensions.select_related("decided_by").order_by("-pk"),
        "is_waiting": assignment.extensions.open().exists(),
    }
    return render(request, "assessments/assignment_more_time.html", context, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def extension_answer(request, pk):
    """An officer answers a request for more time."""
    rows = Extension.objects.visible_to(request.user).select_related(
        "assignment__entry__round", "assignment__entry__subject", "assignment__assessor__user", "asked_by", "decided_by"
    )
    extension = get_object_or_404(rows, pk=pk)
    wanted = extension.asked_until and day_of(extension.asked_until)
    form = AnswerTimeForm(request.POST or None, initial={"until": wanted})
    if request.method == "POST" and form.is_valid():
        decision = Decision.REFUSED if request.POST.get("decision") == "refuse" else Decision.GRANTED
        try:
            services.answer_request(pk, decision, by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            told = _("More time was given; the assessor was told.") if decision == Decision.GRANTED else _("The request was refused; the assessor was told.")
            messages.success(request, told)
            return redirect("entry_detail", extension.assignment.entry_id)
    context = {
        "extension": extension,
        "assignment": extension.assignment,
        "form": form,
        "refusal": rules.why_no_more_time(extension.assignment),
        "others": extension.assignment.extensions.exclude(pk=pk).select_related("decided_by"),
    }
    return render(request, "assessments/extension_answer.html", context, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def round_more_time(request, pk):
    """An officer gives several assignments of a round more time at once."""
    round_ = find_round(request, pk)
    if not round_.is_open:
        messages.warning(request, _("More time is given only while the round is open."))
        return redirect(round_)
    waiting = (
        Assignment.objects.filter(entry__round=round_)
        .pending()
        .with_due()
        .select_related("entry__subject", "entry__round", "assessor__user")
        .order_by("due", "assessor__user__sort_key", "entry__subject__title_fa", "pk")
    )
    chosen = _chosen(request)
    form = MoreTimeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if not chosen:
                raise RuleBroken(_("Choose at least one assignment."))
            moved = services.give_time(
                pk, chosen, form.cleaned_data["until"], by=request.user, why=form.cleaned_data["why"]
            )
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(
                request,
                ngettext(
                    "%(count)s assignment has time until %(day)s now; its assessor was told.",
                    "%(count)s assignments have time until %(day)s now; their assessors were told.",
                    len(moved),
                )
                % {"count": digits(len(moved)), "day": long_date(form.cleaned_data["until"])},
            )
            return redirect(round_)
    rows = list(waiting)
    if request.method != "POST" and request.GET.get("assessor", "").isdecimal():
        chosen = {row.pk for row in rows if str(row.assessor_id) == request.GET["assessor"]}
    context = {"round": round_, "form": form, "rows": [(row, row.pk in chosen) for row in rows]}
    return render(request, "assessments/round_more_time.html", context, status=422 if form.errors else 200)


def _chosen(request):
    given = request.POST if request.method == "POST" else request.GET
    return set(keys(given.getlist("assignment")))
