"""An agency's own pages: its years, its answers criterion by criterion with their evidence, submitting, the result."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assessments.forms.excellence import EvidenceForm
from assessments.forms.rounds import ReasonForm
from assessments.models import ExcellenceCheck, ExcellenceYear, SelfAssessment, SelfFile
from assessments.rules import excellence as rules
from assessments.selectors import excellence as selectors
from assessments.selectors import excellence_results as results
from assessments.services import self_assessments as services
from secretariat.calendar import clock
from secretariat.errors import RuleBroken, Stale, refusals_told
from secretariat.gate import officers_only, once
from secretariat.models import Agency
from secretariat.private_files import answer
from secretariat.rules import is_officer, represented_agencies, represents
from secretariat.typed import whole
from secretariat.uploads import EXTENSIONS
from secretariat.workflow import open_steps

form_page = require_http_methods(["GET", "HEAD", "POST"])


def find_own(request, pk):
    rows = SelfAssessment.objects.visible_to(request.user).select_related("year__framework__set", "agency", "submitted_by")
    return get_object_or_404(rows, pk=pk)


def _version(request):
    return whole(request.POST.get("version"))


# --- the agency's years --------------------------------------------------------------------------


@require_safe
def self_assessment_list(request):
    """Every year of the agencies that this person represents: what is to be done, what came of it."""
    mine = represented_agencies(request.user)
    if not mine:
        if is_officer(request.user):
            return redirect("excellence_list")
        raise Http404
    rows = list(
        SelfAssessment.objects.visible_to(request.user)
        .filter(agency__in=mine)
        .select_related("year", "agency")
        .order_by("-year__year", "agency__sort_key", "pk")
    )
    began = {(row.year_id, row.agency_id) for row in rows}
    agencies = list(Agency.objects.filter(pk__in=mine))
    years = ExcellenceYear.objects.visible_to(request.user).filter(status=rules.YearStatus.OPEN)
    to_begin = [(year, agency) for year in years for agency in agencies if agency.is_member and (year.pk, agency.pk) not in began]
    totals = results.own_totals([row.pk for row in rows])
    context = {
        "to_begin": to_begin,
        "rows": [(row, totals.get(row.pk)) for row in rows],
        "several": len(agencies) > 1,
    }
    return render(request, "assessments/self_assessment_list.html", context)


@require_POST
@once
def self_assessment_start(request, pk, agency):
    """Begin; or go on, if somebody of the agency has begun."""
    if not represents(request.user, agency):
        raise Http404
    year = get_object_or_404(ExcellenceYear.objects.visible_to(request.user), pk=pk)
    with refusals_told(request):
        return redirect(services.start(year.pk, agency, by=request.user))
    return redirect("self_assessment_list")


@never_cache
@require_safe
def self_assessment(request, pk):
    """The criteria and how far they are; once submitted, everything for reading, with what comes next."""
    own = find_own(request, pk)
    mine = represents(request.user, own.agency_id)
    is_staff = is_officer(request.user)
    sheet = selectors.sheet_of(own)
    check = None
    if own.in_sample and (is_staff or own.status == own.Status.CONFIRMED):
        check = own.checks.active().select_related("assessor__user").first()
    told = check is not None and (own.status == own.Status.CONFIRMED or own.status == own.Status.CHECKED)
    if told:
        selectors.with_check(sheet, check)
    returned = own.moves.filter(action__in=["submit", "return"]).order_by("at", "pk").last() if own.is_draft else None
    context = {
        "own": own,
        "year": own.year,
        "sheet": sheet,
        "mine": mine,
        "is_staff_view": is_staff and not mine,
        "may_answer": mine and rules.why_not_answerable(own) is None,
        "is_hidden": own.is_draft and not mine,
        "check": check,
        "check_is_told": told,
        "returned": returned.why if returned is not None and returned.action == "return" else "",
        "steps": _steps(own, request.user, check),
        "moves": _trail(own, is_staff),
    }
    return render(request, "assessments/self_assessment.html", context)


def _steps(own, user, check):
    """The officers' buttons."""
    if not is_officer(user):
        return []
    found = open_steps(own, user)
    steps = []
    if own.status == own.Status.CHECKING and check is None:
        steps.append((_("Appoint a checker"), reverse("checker_appoint", args=[own.pk])))
    if check is not None and own.status == own.Status.CHECKING:
        steps.append((_("Take the checker off"), reverse("check_withdraw", args=[check.pk])))
    for action in ("confirm", "recheck", "release", "return"):
        if action in found:
            url = reverse("check_return", args=[check.pk]) if action == "recheck" else _step_url(own, action)
            steps.append((found[action].label, url))
    return steps


def _step_url(own, action):
    if action == "return":
        return reverse("self_assessment_return", args=[own.pk])
    return reverse("self_assessment_confirm", args=[own.pk, action])


def _trail(own, is_staff):
    """The moves that this reader may know of: agencies never read who checks."""
    moves = own.moves.select_related("by")
    if is_staff:
        return list(moves)
    hidden = ["appoint", "withdraw", "decline", "check", "recheck"]
    return list(moves.exclude(action__in=hidden))


# --- one criterion -------------------------------------------------------------------------------


def _criterion(request, pk, indicator):
    """(SelfAssessment, SelfSheet, Criterion) for somebody of the agency."""
    own = find_own(request, pk)
    if not represents(request.user, own.agency_id):
        raise Http404
    sheet = selectors.sheet_of(own)
    if indicator not in sheet.by_pk:
        raise Http404
    return own, sheet, sheet.by_pk[indicator]


@never_cache
@form_page
@once
def self_answer(request, pk, indicator):
    """One criterion: its level, what is done, links and files. The answer and a chosen file are taken together."""
    own, sheet, criterion = _criterion(request, pk, indicator)
    if refusal := rules.why_not_answerable(own):
        messages.info(request, refusal)
        return redirect(own)
    if request.method == "POST":
        return _save(request, own, sheet, criterion)
    return _answer_page(request, own, sheet, criterion)


def _save(request, own, sheet, criterion):
    try:
        saved = services.save_answer(own.pk, criterion.pk, request.POST.dict(), by=request.user, version=_version(request))
    except Stale as stale:
        return _two_windows(request, own, sheet, criterion, stale)
    except RuleBroken as refusal:
        return _as_typed(request, own, sheet, criterion, refusal)
    if saved.error:
        criterion.told, criterion.version, criterion.row.answer = saved.told, saved.answer.version, saved.told.level
        criterion.row.error, criterion.row.typed = saved.error, saved.typed
        return _answer_page(request, own, sheet, criterion, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if refused := _attach(request, own, criterion):
        messages.error(request, refused)
        return redirect("self_answer", own.pk, criterion.pk)
    _before, after = sheet.neighbours(criterion.pk)
    then = request.POST.get("then", "stay")
    if then == "next" and after is not None:
        return redirect("self_answer", own.pk, after.pk)
    if then in ("next", "overview"):
        return redirect(own)
    messages.success(request, _("Saved."))
    return redirect("self_answer", own.pk, criterion.pk)


def _attach(request, own, criterion):
    """Take the files that came with the answer; gives a sentence on those that were refused."""
    refused = []
    for upload in request.FILES.getlist("file"):
        try:
            file = services.attach(own.pk, criterion.pk, upload, by=request.user)
        except RuleBroken as refusal:
            refused.append(f"{upload.name}: {refusal}")
        else:
            messages.success(request, _("“%(name)s” was added.") % {"name": file.name})
    return " ".join(refused)


def _two_windows(request, own, sheet, criterion, stale):
    """What was typed here; beside it what the other window saved. Saving again keeps what stands here."""
    criterion.other, criterion.version = stale.current.told, stale.current.answer.version if stale.current.answer else 0
    return _as_typed(request, own, sheet, criterion, stale, status=HTTPStatus.CONFLICT)


def _as_typed(request, own, sheet, criterion, refusal, status=HTTPStatus.UNPROCESSABLE_ENTITY):
    criterion.row.typed = request.POST.get("level", "")
    told = criterion.told
    criterion.told = type(told)(told.level, request.POST.get("done", told.done), request.POST.get("links", told.links))
    return _answer_page(request, own, sheet, criterion, refusal=refusal, status=status)


def _answer_page(request, own, sheet, criterion, *, refusal=None, status=HTTPStatus.OK):
    before, after = sheet.neighbours(criterion.pk)
    context = {
        "own": own,
        "year": own.year,
        "sheet": sheet,
        "criterion": criterion,
        "before": before,
        "after": after,
        "section": next(node for node, criteria in sheet.sections if criterion in criteria),
        "form": EvidenceForm(),
        "accept": ",".join(EXTENSIONS),
        "refusal": str(refusal or ""),
        "wrong": refusal and refusal.field,
        "problems": criterion.problems() if criterion.is_begun and status == HTTPStatus.OK else [],
    }
    return render(request, "assessments/self_answer.html", context, status=status)


@require_POST
def self_answer_autosave(request, pk, indicator):
    """Keep what was typed so far; answers JSON for the page's script."""
    own, _sheet, criterion = _criterion(request, pk, indicator)
    try:
        saved = services.save_answer(own.pk, criterion.pk, request.POST.dict(), by=request.user, version=_version(request))
    except Stale as stale:
        told = {"message": str(stale), "url": reverse("self_answer", args=[pk, indicator]), "compare": _("Compare the two")}
        return JsonResponse(told, status=HTTPStatus.CONFLICT)
    except RuleBroken as refusal:
        return JsonResponse({"message": str(refusal), "errors": {}}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if saved.error:
        return JsonResponse({"errors": {"level": [saved.error]}}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"version": saved.answer.version, "saved_at": clock(saved.answer.changed_at or timezone.now())})


# --- files ---------------------------------------------------------------------------------------


@require_safe
def self_file(request, pk):
    """Give a file to whom it concerns."""
    file = get_object_or_404(SelfFile.objects.visible_to(request.user), pk=pk)
    return answer(request, file, file.name)


@require_POST
@once
def self_file_remove(request, pk):
    """Take a file out of the draft."""
    own = SelfAssessment.objects.filter(agency__in=represented_agencies(request.user))
    file = get_object_or_404(SelfFile.objects.filter(self_assessment__in=own), pk=pk)
    with refusals_told(request):
        services.detach(file.pk, by=request.user)
        messages.success(request, _("“%(name)s” was removed.") % {"name": file.name})
        return redirect(reverse("self_answer", args=[file.self_assessment_id, file.indicator_id]) + "#files")
    return redirect("self_assessment", file.self_assessment_id)


# --- submit, give back, result -------------------------------------------------------------------


@never_cache
@form_page
@once
def self_assessment_submit(request, pk):
    """Everything once more for reading, what is missing, and the button."""
    own = find_own(request, pk)
    if not represents(request.user, own.agency_id):
        raise Http404
    refusal = ""
    if request.method == "POST":
        try:
            services.submit(pk, by=request.user, version=_version(request))
        except services.Incomplete:
            refusal = _("It cannot be submitted yet: see what is still missing.")
        except RuleBroken as broken:
            refusal = str(broken)
        else:
            messages.success(request, _("The self-assessment was submitted. The secretariat has been told."))
            return redirect(own)
        own.refresh_from_db()
    if not own.is_draft:
        return redirect(own)
    sheet = selectors.sheet_of(own)
    context = {
        "own": own,
        "year": own.year,
        "sheet": sheet,
        "problems": sheet.problems(),
        "obstacle": rules.why_not_submittable(own),
        "refusal": refusal,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refusal else HTTPStatus.OK
    return render(request, "assessments/self_assessment_submit.html", context, status=status)


@officers_only
@form_page
@once
def self_assessment_return(request, pk):
    """Give a submitted self-assessment back to its agency, with a reason."""
    own = find_own(request, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.give_back(pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The agency can change it again; it was told."))
            return redirect(own)
    elif request.method != "POST" and "return" not in open_steps(own, request.user):
        return redirect(own)
    return render(
        request, "assessments/self_assessment_return.html", {"own": own, "form": form}, status=422 if form.errors else 200
    )


@never_cache
@require_safe
def self_assessment_result(request, pk):
    """The scores: by dimension and criterion, against the check, the years before and the median of all agencies."""
    own = find_own(request, pk)
    if own.is_draft:
        return redirect(own)
    told = own.status == own.Status.CONFIRMED or (is_officer(request.user) and own.status == own.Status.CHECKED)
    result = results.result_of(own, tell_check=told)
    context = {
        "own": own,
        "year": own.year,
        "result": result,
        "least": rules.LEAST_TO_COMPARE,
        "waits_for_the_end": own.year.status == rules.YearStatus.OPEN,
        "is_being_checked": own.status in rules.LIVE_CHECKS,
        "checked": ExcellenceCheck.objects.active().filter(self_assessment=own, submitted_at__isnull=False).exists() and told,
    }
    return render(request, "assessments/self_assessment_result.html", context)
