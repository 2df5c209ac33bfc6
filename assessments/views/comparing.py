"""An expert's own pages of a weight study: what there is to compare, the pairs of a group, finishing, the result."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assessments import rules
from assessments.forms.comparisons import pairs, read_steps, words_of
from assessments.models import StudyExpert
from assessments.selectors import comparisons as selectors
from assessments.services import comparisons as services
from secretariat.calendar import clock
from secretariat.errors import RuleBroken, Stale, refusals_told
from secretariat.gate import once
from secretariat.typed import whole


def _own(request, pk):
    """This person's part in the study; to everybody else the page does not exist."""
    experts = StudyExpert.objects.select_related("study__version__set", "user")
    return get_object_or_404(experts, study=pk, user=request.user)


def _may_answer(expert):
    return rules.why_not_comparable(expert.study) is None and not expert.finished_at and not expert.excluded_at


# --- the whole -----------------------------------------------------------------------------------


@never_cache
@require_safe
def study_compare(request, pk):
    """What there is to compare and how far it is; afterwards what came of it, for reading."""
    return _overview(request, _own(request, pk))


def _overview(request, expert, *, refusal="", faults=()):
    study = expert.study
    groups = selectors.groups_of(study)
    own = selectors.answers_of(expert, groups)
    together = None
    if study.status in (rules.StudyStatus.CLOSED, rules.StudyStatus.ADOPTED):
        together = selectors.standing(study).joined
    context = {
        "expert": expert,
        "study": study,
        "set": study.version.set,
        "may_answer": _may_answer(expert),
        "may_resume": bool(expert.finished_at) and rules.why_not_comparable(study) is None and not expert.excluded_at,
        "groups": [_told(answers, joined) for answers, joined in zip(own, together or [None] * len(own), strict=True)],
        "done": sum(answers.done for answers in own),
        "pairs": sum(answers.pairs for answers in own),
        "is_ready": all(answers.is_connected for answers in own),
        "refusal": refusal,
        "faults": faults,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refusal or faults else HTTPStatus.OK
    return render(request, "assessments/study_compare.html", context, status=status)


def _told(answers, joined):
    """A group with the expert's own answers in words, his weights, and those of all together."""
    own = dict(answers.weighed) if answers.reading is not None else {}
    together = joined.rows if joined is not None and joined.reading is not None else None
    rows = [
        {"item": item, "own": own.get(item), "together": together and together[n]["joined"]}
        for n, item in enumerate(answers.items)
    ]
    said = [
        (answers.items[left], answers.items[right], words_of(answers.items[left], answers.items[right], step))
        for (left, right), step in sorted(answers.steps.items())
    ]
    return {"answers": answers, "group": answers.group, "rows": rows, "joined": joined, "said": said}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once
def study_finish(request, pk):
    """Finish: from now on the answers count."""
    expert = _own(request, pk)
    if request.method != "POST":
        return redirect("study_compare", pk)
    try:
        services.finish(pk, by=request.user)
    except services.NotConnected as refused:
        return _overview(request, expert, faults=refused.faults)
    except RuleBroken as broken:
        return _overview(request, expert, refusal=str(broken))
    messages.success(request, _("Thank you. Your answers count from now on."))
    return redirect("study_compare", pk)


@require_POST
@once
def study_resume(request, pk):
    """Take finished answers up again."""
    _own(request, pk)
    with refusals_told(request):
        services.resume(pk, by=request.user)
        messages.success(request, _("You may change your answers; they count again once you finish."))
    return redirect("study_compare", pk)


# --- the pairs of one group ----------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once
def study_pairs(request, pk, group):
    """The pairs of one group; the same page takes the answers, with or without JavaScript."""
    expert = _own(request, pk)
    groups = selectors.groups_of(expert.study)
    at = _place(groups, group)
    if not _may_answer(expert):
        return redirect("study_compare", pk)
    if request.method == "POST":
        return _save(request, expert, groups, at)
    return _pairs_page(request, expert, groups, at)


def _place(groups, pk):
    at = next((n for n, one in enumerate(groups) if one.pk == pk), None)
    if at is None:
        raise Http404
    return at


def _save(request, expert, groups, at):
    pk, steps = expert.study_id, None
    try:
        steps = read_steps(request.POST)
        services.answer(pk, groups[at].pk, steps, by=request.user, version=_version(request))
    except Stale as stale:
        expert.version = stale.current.version
        return _pairs_page(request, expert, groups, at, typed=steps, stale=True, status=HTTPStatus.CONFLICT)
    except RuleBroken as broken:
        return _pairs_page(request, expert, groups, at, typed=steps, refusal=str(broken), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if request.POST.get("then") == "next" and at + 1 < len(groups):
        return redirect("study_pairs", pk, groups[at + 1].pk)
    if request.POST.get("then") == "stay":
        messages.success(request, _("Saved."))
        return redirect("study_pairs", pk, groups[at].pk)
    return redirect("study_compare", pk)


def _version(request):
    return whole(request.POST.get("version"))


def _pairs_page(request, expert, groups, at, *, typed=None, stale=False, refusal="", status=HTTPStatus.OK):
    answers = selectors.answers_of(expert, groups)[at]
    context = {
        "expert": expert,
        "study": expert.study,
        "set": expert.study.version.set,
        "group": groups[at],
        "answers": answers,
        "pairs": pairs(answers, typed),
        "doubts": _doubts(answers),
        "next": groups[at + 1] if at + 1 < len(groups) else None,
        "stale": stale,
        "refusal": refusal,
    }
    return render(request, "assessments/study_pairs.html", context, status=status)


def _doubts(answers):
    """The judgements to look at again, in words: what was said, and what would fit."""
    return [
        {
            "left": doubt.left,
            "right": doubt.right,
            "said": words_of(doubt.left, doubt.right, doubt.step),
            "fitting": words_of(doubt.left, doubt.right, doubt.fitting),
        }
        for doubt in answers.doubts
    ]


@require_POST
def study_autosave(request, pk, group):
    """Keep the answers of a group; gives the parts of the page that tell how they stand."""
    expert = _own(request, pk)
    groups = selectors.groups_of(expert.study)
    at = _place(groups, group)
    try:
        saved = services.answer(pk, group, read_steps(request.POST), by=request.user, version=_version(request))
    except Stale as stale:
        url = reverse("study_pairs", args=[pk, group])
        return JsonResponse({"message": str(stale), "url": url}, status=HTTPStatus.CONFLICT)
    except RuleBroken as broken:
        return JsonResponse({"message": str(broken)}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    answers = selectors.answers_of(saved, groups)[at]
    context = {"answers": answers, "doubts": _doubts(answers)}
    parts = {name: render_to_string(f"assessments/_study_{name}.html", context, request) for name in ("bar", "doubts")}
    return JsonResponse({"version": saved.version, "saved_at": clock(timezone.now()), "parts": parts})
