"""The external check: officers appoint, take off, give back and confirm; a checker reads, gives levels, hands in."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assessments.forms.assessments import Answer
from assessments.forms.excellence import CheckerForm
from assessments.forms.rounds import ReasonForm
from assessments.models import Assessor, ExcellenceCheck
from assessments.rules import excellence as rules
from assessments.selectors import excellence as selectors
from assessments.selectors import excellence_results as results
from assessments.services import excellence_checks as services
from assessments.views.self_assessments import find_own
from secretariat.calendar import clock
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import officers_only, once
from secretariat.typed import whole
from secretariat.workflow import open_steps

form_page = require_http_methods(["GET", "HEAD", "POST"])
_WITH = ("self_assessment__year__framework__set", "self_assessment__agency", "assessor__user")


def _version(request):
    return whole(request.POST.get("version"))


# --- officers ------------------------------------------------------------------------------------


@officers_only
@form_page
@once
def checker_appoint(request, pk):
    """Choose who checks; those who are tied to the agency are not offered."""
    own = find_own(request, pk)
    if own.status != own.Status.CHECKING or own.checks.active().exists():
        return redirect(own)
    candidates = selectors.checker_candidates(own)
    form = CheckerForm(request.POST if request.method == "POST" else None, candidates=candidates)
    if request.method == "POST" and form.is_valid():
        try:
            services.appoint(pk, form.cleaned_data["assessor"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The checker is appointed and was told."))
            return redirect(own)
    context = {"own": own, "year": own.year, "form": form, "candidates": candidates}
    return render(request, "assessments/checker_appoint.html", context, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def self_assessment_confirm(request, pk, action):
    """Confirm what was checked, the difference in sight; or let what was drawn stand without a check."""
    own = find_own(request, pk)
    if action not in ("confirm", "release"):
        raise Http404
    step = own.MOVES[action]
    form = ReasonForm(request.POST if request.method == "POST" else None, required=step.needs_reason)
    if request.method == "POST" and form.is_valid():
        try:
            if action == "confirm":
                services.confirm(pk, by=request.user)
            else:
                services.release(pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Confirmed. The agency was told."))
            return redirect(own)
    elif request.method != "POST" and action not in open_steps(own, request.user):
        return redirect(own)
    result = results.result_of(own, tell_check=True) if action == "confirm" and not own.is_draft else None
    context = {"own": own, "action": action, "step": step, "form": form, "result": result}
    return render(request, "assessments/self_assessment_confirm.html", context, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def check_withdraw(request, pk):
    """Take a checker off, with the reason."""
    return _with_a_reason(request, pk, services.withdraw, _("Take the checker off"), _("The checker was taken off."))


@officers_only
@form_page
@once
def check_return(request, pk):
    """Give a check that was handed in back to its checker, with the reason."""
    return _with_a_reason(request, pk, services.give_back, _("Give the check back"), _("The check is with its checker again."))


def _with_a_reason(request, pk, act, title, done):
    check = get_object_or_404(ExcellenceCheck.objects.visible_to(request.user).select_related(*_WITH), pk=pk)
    own = check.self_assessment
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            act(pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, done)
            return redirect(own)
    context = {"own": own, "check": check, "form": form, "title": title}
    return render(request, "assessments/check_end.html", context, status=422 if form.errors else 200)


# --- the checker ---------------------------------------------------------------------------------


@require_safe
def check_list(request):
    """The checks of an assessor: to do and done."""
    if not Assessor.objects.filter(user=request.user).exists():
        raise Http404
    checks = list(selectors.my_checks(request.user))
    return render(request, "assessments/check_list.html", {"checks": checks})


def _own(request, pk):
    """The checker's own check; to everybody else the page does not exist."""
    checks = ExcellenceCheck.objects.active().filter(assessor__user=request.user)
    return get_object_or_404(checks.select_related(*_WITH), pk=pk)


@never_cache
@form_page
@once
def check_form(request, pk):
    """The agency's answers and evidence, and beside each the checker's own level with his reason."""
    check = _own(request, pk)
    if request.method == "POST":
        return _save(request, check)
    return _form_page(request, check)


def _save(request, check):
    try:
        saved = services.save_check(check.pk, request.POST.dict(), by=request.user, version=_version(request))
    except Stale as stale:
        return _two_windows(request, check, stale)
    except RuleBroken as refusal:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if refusal.field else HTTPStatus.CONFLICT
        return _form_page(request, check, typed=request.POST, refusal=refusal, status=status)
    if saved.errors:
        return _form_page(request, saved.check, errors=saved, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if request.POST.get("then") == "review":
        return redirect("check_submit", check.pk)
    messages.success(request, _("Saved at %(time)s") % {"time": clock(timezone.now())})
    return redirect("check_form", check.pk)


def _two_windows(request, check, stale):
    """What was typed here stands in the form, beside it what the other window saved; saving again keeps this one."""
    check.version = stale.current.check.version
    return _form_page(
        request, check, typed=request.POST, saved=stale.current.answers, refusal=stale, status=HTTPStatus.CONFLICT
    )


def _form_page(request, check, *, errors=None, typed=None, saved=None, refusal=None, status=HTTPStatus.OK):
    own = check.self_assessment
    sheet = selectors.with_check(selectors.sheet_of(own), check)
    for criterion in sheet.criteria:
        row = criterion.row
        row.answer = criterion.check
        if errors is not None:
            row.error, row.typed = errors.errors.get(row.pk, ""), errors.typed.get(row.pk)
        if typed is not None:
            row.typed = typed.get(f"r-{row.pk}", row.answer.typed)
            criterion.check = Answer(row.answer.state, row.answer.value, typed.get(f"c-{row.pk}", row.answer.comment))
            criterion.too_long = refusal.field == f"c-{row.pk}"
            there = (saved or {}).get(row.pk, Answer())
            if saved is not None and (there.typed, there.comment) != (row.typed, criterion.check.comment):
                row.other = there
    context = {
        "check": check,
        "own": own,
        "year": own.year,
        "sheet": sheet,
        "done": sum(one.check.state != "blank" for one in sheet.criteria),
        "readonly": rules.why_not_checkable(check),
        "refusal": str(refusal or ""),
        "wrong": [one for one in sheet.criteria if one.row.error],
    }
    return render(request, "assessments/check_form.html", context, status=status)


@require_POST
def check_autosave(request, pk):
    """Keep what was typed so far; answers JSON for the page's script."""
    _own(request, pk)
    try:
        saved = services.save_check(pk, request.POST.dict(), by=request.user, version=_version(request))
    except Stale as stale:
        told = {"message": str(stale), "url": reverse("check_form", args=[pk]), "compare": _("Compare the two")}
        return JsonResponse(told, status=HTTPStatus.CONFLICT)
    except RuleBroken as refusal:
        return JsonResponse({"message": str(refusal), "errors": {}}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if saved.errors:
        named = {f"r-{pk}": [sentence] for pk, sentence in saved.errors.items()}
        return JsonResponse({"errors": named}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"version": saved.check.version, "saved_at": clock(timezone.now())})


@never_cache
@form_page
@once
def check_submit(request, pk):
    """Both sides once more for reading, what is missing, and the button."""
    check = _own(request, pk)
    refusal = ""
    if request.method == "POST":
        try:
            services.submit_check(pk, by=request.user, version=_version(request))
        except services.Unfinished:
            refusal = _("It cannot be handed in yet: see what is still missing.")
        except RuleBroken as broken:
            refusal = str(broken)
        else:
            messages.success(request, _("Thank you. The check was handed in."))
            return redirect("check_form", pk)
        check = _own(request, pk)
    if rules.why_not_checkable(check):
        return redirect("check_form", pk)
    sheet = selectors.with_check(selectors.sheet_of(check.self_assessment), check)
    context = {
        "check": check,
        "own": check.self_assessment,
        "year": check.self_assessment.year,
        "sheet": sheet,
        "problems": selectors.check_problems(sheet),
        "refusal": refusal,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refusal else HTTPStatus.OK
    return render(request, "assessments/check_submit.html", context, status=status)


@never_cache
@form_page
@once
def check_decline(request, pk):
    """The checker cannot do it, and says why."""
    check = _own(request, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.decline(pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Thank you for telling us. Somebody else will be asked."))
            return redirect("check_list")
    elif request.method != "POST" and rules.why_not_checkable(check):
        return redirect("check_form", pk)
    return render(request, "assessments/check_decline.html", {"check": check, "own": check.self_assessment, "form": form},
                  status=422 if form.errors else 200)  # fmt: skip
