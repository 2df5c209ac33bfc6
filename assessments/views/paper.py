"""The sheet away from the portal: printed, or as a workbook that is filled in without a connection and sent back."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from assessments.forms.paper import PaperForm
from assessments.models import Assignment
from assessments.paper import reading, writing
from assessments.selectors import assessments as selectors
from assessments.services import assessments as services
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import once
from secretariat.spreadsheets import download
from secretariat.templatetags.portal_text import num
from secretariat.typed import whole

_WITH = ("entry__round", "entry__subject", "assessor__user", "assessment")


def _seat(request, pk):
    """(assignment, whether an officer types for its assessor); the page is there while the sheet is being filled in."""
    for found, on_behalf in ((selectors.workable, False), (selectors.on_behalf, True)):
        assignment = found(request.user).select_related(*_WITH).filter(pk=pk, status=Assignment.Status.ACCEPTED).first()
        if assignment is not None:
            return assignment, on_behalf
    raise Http404


def _filled(assignment):
    assessment = getattr(assignment, "assessment", None)
    return assessment, selectors.filled_sheet(assignment, assessment)


@never_cache
@require_safe
def assessment_paper(request, pk):
    """The empty sheet on A4, to be printed and filled in by hand."""
    assignment, _on_behalf = _seat(request, pk)
    sheet = selectors.sheet(assignment.entry.sheet_id)
    entry = assignment.entry
    return render(
        request, "assessments/assessment_paper.html",
        {"assignment": assignment, "subject": entry.subject, "round": entry.round, "sheet": sheet},
    )  # fmt: skip


@never_cache
@require_safe
def assessment_paper_file(request, pk):
    """The sheet as a workbook, with what stands in the draft."""
    assignment, _on_behalf = _seat(request, pk)
    assessment, sheet = _filled(assignment)
    return download(f"sheet-{assignment.pk}", writing.workbook(assignment, assessment, sheet))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once
def assessment_paper_upload(request, pk):
    """Take a filled-in workbook, show what it would change, and save what was chosen of it."""
    assignment, on_behalf = _seat(request, pk)
    form = PaperForm()
    if request.method == "POST" and "take_over" in request.POST:
        return _take_over(request, assignment, on_behalf)
    if request.method == "POST":
        form = PaperForm(request.POST, request.FILES)
        if form.is_valid():
            assessment, sheet = _filled(assignment)
            try:
                filled = reading.opened(form.cleaned_data["file"], assignment, sheet)
            except RuleBroken as refusal:
                refusal.show_in(form)
            else:
                changes, wrong = reading.compared(filled.values, filled.base, sheet, assessment, filled.cells)
                told = {"changes": changes, "wrong": reading.not_read(filled, sheet) + wrong,
                        "behind": filled.version != _version_of(assessment)}  # fmt: skip
                return _page(request, assignment, on_behalf, form=PaperForm(), read=True, **told)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return _page(request, assignment, on_behalf, form=form, status=status)


def _take_over(request, assignment, on_behalf):
    chosen = [name for name in request.POST.getlist("take") if name in request.POST]
    values = {name: request.POST[name] for name in chosen}
    if not chosen:
        return _again(request, assignment, on_behalf, _("Nothing was chosen. Tick what is to be taken over."))
    save = services.type_in if on_behalf else services.save_draft
    try:
        saved = save(assignment.pk, values, by=request.user, version=_posted_version(request))
    except Stale:
        return _again(
            request, assignment, on_behalf, _("The sheet was saved from elsewhere meanwhile. Look at the differences again.")
        )
    except Assignment.DoesNotExist:
        raise Http404 from None
    except RuleBroken as refusal:
        return _again(request, assignment, on_behalf, str(refusal))
    taken = len(chosen) - len(saved.errors)
    messages.success(
        request,
        ngettext("One answer was taken over from the file.", "%(n)s answers were taken over from the file.", taken)
        % {"n": num(taken)},
    )
    return redirect("entry_detail", assignment.entry_id) if on_behalf else redirect("assessment_form", assignment.pk)


def _again(request, assignment, on_behalf, refusal):
    """The differences once more, from what the page sent; what stood when it was shown is their common ground."""
    assignment = get_object_or_404(Assignment.objects.select_related(*_WITH), pk=assignment.pk)
    assessment, sheet = _filled(assignment)
    known = set(selectors.fields_of(sheet, assessment))
    values = {name: request.POST[name] for name in request.POST if name in known}
    base = {name: request.POST.get(f"was-{name}", "") for name in values}
    cells = {name: request.POST.get(f"cell-{name}", "")[:8] for name in values}
    changes, wrong = reading.compared(values, base, sheet, assessment, cells)
    return _page(
        request, assignment, on_behalf, form=PaperForm(), read=True, changes=changes, wrong=wrong, refusal=refusal,
        status=HTTPStatus.CONFLICT,
    )  # fmt: skip


def _page(request, assignment, on_behalf, *, status=HTTPStatus.OK, **more):
    entry, assessment = assignment.entry, getattr(assignment, "assessment", None)
    context = {
        "assignment": assignment,
        "subject": entry.subject,
        "round": entry.round,
        "on_behalf": on_behalf,
        "version": _version_of(assessment),
        "most_bytes": reading.MOST_BYTES,
        **more,
    }
    return render(request, "assessments/assessment_paper_upload.html", context, status=status)


def _version_of(assessment):
    return assessment.version if assessment else 0


def _posted_version(request):
    return whole(request.POST.get("version"))
