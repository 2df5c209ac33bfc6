"""The assessor's sheet: filling in, autosave, review, submitting, reading; and reopening by officers."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assessments import rules
from assessments.blindness import shown_to
from assessments.evidence import evidence_for
from assessments.forms.assessments import TEXTS, ReopenForm
from assessments.models import Assessment, Assignment
from assessments.selectors import assessments as selectors
from assessments.selectors.others import may_look
from assessments.services import assessments as services
from secretariat.calendar import clock
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import once
from secretariat.refusals import TOO_LONG
from secretariat.rules import is_officer
from secretariat.typed import whole
from secretariat.workflow import open_steps

_WITH = ("entry__round", "entry__subject__agency", "assessor", "summoned_by", "assessment")


def _own(request, pk):
    return get_object_or_404(selectors.workable(request.user).select_related(*_WITH), pk=pk)


def _assessment(assignment):
    return getattr(assignment, "assessment", None)


def _elsewhere(request, assignment):
    """Where the sheet is looked for while it is not being filled in, or None when it is."""
    if assignment.status == rules.AssignmentStatus.OFFERED:
        messages.info(request, _("Accept the request first."))
        return redirect("my_assessments")
    if assignment.status == rules.AssignmentStatus.SUBMITTED:
        return redirect("assessment_detail", assignment.pk)
    return None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_form(request, pk):
    """The whole sheet on one page; the same page takes what was typed, with or without JavaScript."""
    assignment = _own(request, pk)
    if elsewhere := _elsewhere(request, assignment):
        return elsewhere
    if request.method == "POST":
        return _save(request, assignment)
    return _sheet_page(request, assignment, selectors.filled_sheet(assignment, _assessment(assignment)))


def _save(request, assignment):
    try:
        saved = services.save_draft(assignment.pk, request.POST.dict(), by=request.user, version=_version(request))
    except Stale as stale:
        return _two_windows(request, assignment, stale)
    except Assignment.DoesNotExist:
        raise Http404 from None
    except RuleBroken as refusal:
        return _as_typed(request, assignment, refusal)
    if saved.errors:
        return _with_errors(request, assignment, saved)
    if request.POST.get("then") == "review":
        return redirect("assessment_submit", assignment.pk)
    messages.success(request, _("Saved at %(time)s") % {"time": clock(timezone.now())})
    return redirect("assessment_form", assignment.pk)


def _with_errors(request, assignment, saved):
    _mark(saved.sheet, saved)
    title = _("Saved, except what is marked in red. What you wrote is kept.")
    linked = [(f"q-{row.pk}", row.title, text) for row in saved.sheet.asked for text in (row.error, row.comment_error) if text]
    linked += [(name, label, saved.errors[name]) for name, label in TEXTS.items() if name in saved.errors]
    assignment.assessment = saved.assessment
    texts = {name: saved.typed.get(name, getattr(saved.assessment, name)) for name in TEXTS}
    return _sheet_page(
        request, assignment, saved.sheet, texts=texts, text_errors=saved.errors, linked=linked, linked_title=title,
        status=HTTPStatus.BAD_REQUEST,
    )  # fmt: skip


def _two_windows(request, assignment, stale):
    """Show what was typed here; beside each answer that differs, what the other window saved. Saving again keeps this one."""
    now = stale.current
    linked = []
    for row in now.sheet.asked:
        if row.pk in now.answers:
            row.other, row.answer = row.answer, now.answers[row.pk]
            linked.append((f"q-{row.pk}", row.title, _("answered differently in another window")))
    _mark(now.sheet, now)
    assignment.assessment = now.assessment
    texts = {name: now.typed.get(name, now.texts.get(name, getattr(now.assessment, name, ""))) for name in TEXTS}
    other = {name: getattr(now.assessment, name, "") for name in TEXTS if texts[name] != getattr(now.assessment, name, "")}
    return _sheet_page(
        request, assignment, now.sheet, texts=texts, other_texts=other, linked=linked, linked_title=str(stale), status=HTTPStatus.CONFLICT
    )  # fmt: skip


def _as_typed(request, assignment, refusal):
    """The whole save was refused: the sheet as it stands, with what was typed put into it."""
    sheet = selectors.filled_sheet(assignment, _assessment(assignment))
    for row in sheet.asked:
        row.typed = request.POST.get(f"r-{row.pk}", row.answer.typed)
        row.comment_typed = request.POST.get(f"c-{row.pk}", row.answer.comment)
    texts = {name: request.POST.get(name, "") for name in TEXTS}
    return _sheet_page(
        request, assignment, sheet, texts=texts, linked=[("", "", str(refusal))], linked_title=_("Not saved"), status=HTTPStatus.CONFLICT
    )  # fmt: skip


def _mark(sheet, saved):
    for row in sheet.asked:
        row.error, row.typed = saved.errors.get(f"r-{row.pk}", ""), saved.typed.get(f"r-{row.pk}")
        row.comment_error, row.comment_typed = saved.errors.get(f"c-{row.pk}", ""), saved.typed.get(f"c-{row.pk}")


def _sheet_page(request, assignment, sheet, *, status=HTTPStatus.OK, **more):
    entry, assessment = assignment.entry, _assessment(assignment)
    reopened = ""
    if assessment is not None and assessment.version > 1 and status == HTTPStatus.OK:
        last = assignment.moves.filter(action__in=["submit", "reopen"]).order_by("at", "pk").last()
        reopened = last.why if last is not None and last.action == "reopen" else ""
    context = {
        "assignment": assignment,
        "assessment": assessment,
        "subject": entry.subject,
        "round": entry.round,
        "sheet": sheet,
        "version": assessment.version if assessment else 0,
        "texts": {name: getattr(assessment, name, "") for name in TEXTS},
        "shown": (shown := shown_to(assignment)),
        "evidence": evidence_for(entry.subject, blind=not shown.submitter),
        "readonly": not rules.takes_work(assignment),
        "late": assignment.is_past_deadline,
        # A page that came back with its errors is sent by its buttons, not by itself.
        "manual": status != HTTPStatus.OK,
        "too_long": TOO_LONG.replace("%(most)s", "{most}").replace("%(over)s", "{over}"),
        "reopened": reopened,
        **more,
    }
    return render(request, "assessments/assessment_form.html", context, status=status)


def _version(request):
    return whole(request.POST.get("version"))


@require_POST
def assessment_autosave(request, pk):
    """Keep what changed (the same fields as the form's); answers JSON and never a page."""
    try:
        saved = services.save_draft(pk, request.POST.dict(), by=request.user, version=_version(request))
    except Stale as stale:
        now = stale.current
        return JsonResponse(
            {"error": str(stale), "version": _version_of(now), "fields": selectors.fields_of(now.sheet, now.assessment)}, status=HTTPStatus.CONFLICT
        )
    except Assignment.DoesNotExist:
        raise Http404 from None
    except RuleBroken as refusal:
        return JsonResponse({"error": str(refusal)}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    stands = selectors.fields_of(saved.sheet, saved.assessment)
    return JsonResponse(
        {
            "version": saved.assessment.version,
            "saved_at": clock(saved.assessment.saved_at),
            "errors": saved.errors,
            # As it is stored, for the page to tell later whether somebody else changed it.
            "stored": {name: stands[name] for name in request.POST if name in stands},
            "done": saved.sheet.done,
            "coverage": float(saved.sheet.coverage),
        }
    )


def _version_of(saved):
    return saved.assessment.version if saved.assessment else 0


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once
def assessment_submit(request, pk):
    """Everything once more for reading, what is missing, and the button."""
    assignment = _own(request, pk)
    if elsewhere := _elsewhere(request, assignment):
        return elsewhere
    refusal, problems = "", None
    if request.method == "POST":
        try:
            services.submit(assignment.pk, by=request.user, version=_version(request))
        except services.Incomplete as incomplete:
            problems = incomplete.problems
        except Assignment.DoesNotExist:
            raise Http404 from None
        except RuleBroken as broken:
            refusal = str(broken)
        else:
            return redirect("assessment_detail", assignment.pk)
    return _review_page(request, assignment, refusal, refused=problems is not None)


def _review_page(request, assignment, refusal, refused):
    assignment.refresh_from_db()
    assessment = Assessment.objects.filter(assignment=assignment).first()
    entry = assignment.entry
    sheet = selectors.filled_sheet(assignment, assessment)
    context = {
        "assignment": assignment,
        "assessment": assessment,
        "subject": entry.subject,
        "round": entry.round,
        "sheet": sheet,
        "problems": sheet.problems(),
        "refusal": refusal,
        "refused": refused,
        "version": assessment.version if assessment else 0,
        "late": assignment.is_past_deadline,
    }
    status = HTTPStatus.BAD_REQUEST if refusal or refused else HTTPStatus.OK
    return render(request, "assessments/assessment_submit.html", context, status=status)


@never_cache
@require_GET
def assessment_detail(request, pk):
    """A sheet for reading: the assessor's own, or any for officers."""
    assessments = Assessment.objects.visible_to(request.user)
    assessment = get_object_or_404(assessments.select_related(*(f"assignment__{name}" for name in _WITH[:-1])), assignment=pk)
    assignment = assessment.assignment
    own = assignment.assessor.user_id == request.user.pk
    if own and assignment.status not in rules.ACTIVE_ASSIGNMENTS:
        raise Http404
    if own and assessment.submitted_at is None:
        return redirect("assessment_form", assignment.pk)
    context = {
        "assignment": assignment,
        "assessment": assessment,
        "subject": assignment.entry.subject,
        "round": assignment.entry.round,
        "sheet": selectors.filled_sheet(assignment, assessment),
        "shown": shown_to(assignment),
        "may_look": own and may_look(assignment),
        "is_staff_view": is_officer(request.user) and not own,
        "may_reopen": "reopen" in open_steps(assignment, request.user),
    }
    return render(request, "assessments/assessment_detail.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once
def assessment_reopen(request, pk):
    """An officer gives a submitted sheet back to its assessor, with a reason."""
    if not is_officer(request.user):
        raise Http404
    assessments = Assessment.objects.visible_to(request.user).select_related(
        "assignment__assessor__user", "assignment__entry__round", "assignment__entry__subject"
    )
    assignment = get_object_or_404(assessments, assignment=pk).assignment
    form, refusal = ReopenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            services.reopen(assignment.pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            refusal = str(broken)
        else:
            messages.success(request, _("The assessment is open again; its assessor was told."))
            return redirect("assessment_detail", assignment.pk)
    context = {
        "assignment": assignment,
        "subject": assignment.entry.subject,
        "round": assignment.entry.round,
        "has_seen": may_look(assignment),
        "form": form,
        "refusal": refusal,
    }
    status = HTTPStatus.BAD_REQUEST if refusal or form.errors else HTTPStatus.OK
    return render(request, "assessments/assessment_reopen.html", context, status=status)
