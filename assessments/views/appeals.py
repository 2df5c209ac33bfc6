"""Appeals against scores: an agency writes and files one, officers take it up or not and decide after the review."""

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from assessments.forms.appeals import AdmitForm, DecideForm, EvidenceForm, read_appeal
from assessments.forms.rounds import ReasonForm
from assessments.models import Appeal, AppealFile, Entry, Round
from assessments.rules.appeals import ANSWER_DAYS
from assessments.selectors import appeals as selectors
from assessments.services import appeals as services
from assessments.views.rounds import form_page
from secretariat import calendar, uploads
from secretariat.errors import RuleBroken, Stale, refusals_told
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage
from secretariat.private_files import answer
from secretariat.rules import is_officer, represents
from secretariat.typed import whole
from secretariat.workflow import open_steps

_WITH = ("entry__subject__agency", "entry__round__run", "entry__result", "review__round", "review__result", "created_by")


class AppealList(ListPage):
    name = "appeals"
    caption = gettext_lazy("Appeals")
    columns = [
        Column("title", gettext_lazy("Product"), sort="entry__subject__title_fa", value="entry.subject", link=True),
        Column("agency", gettext_lazy("Agency"), sort="entry__subject__agency__sort_key", value="entry.subject.agency"),
        Column("round", gettext_lazy("Round"), sort="entry__round__title_fa", value="entry.round"),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("filed", gettext_lazy("Filed on"), sort="filed_at", value="filed_at", kind="date"),
        Column("first", gettext_lazy("First score"), value=lambda row: row.entry.result and row.entry.result.value, kind="number"),
        Column("review", gettext_lazy("Score of the review"), value=lambda row: _review_value(row), kind="number"),
    ]
    filters = [
        Choice("status", gettext_lazy("State"), Appeal.Status.choices),
        Choice("round", gettext_lazy("Round"), lambda request: _rounds(request), lookup="entry__round"),
    ]
    search = ("entry__subject__title_fa", "entry__subject__title_en", "entry__subject__agency__search_key")
    default_sort = "-filed"
    empty_title = gettext_lazy("No appeal is in this list.")

    def queryset(self):
        return Appeal.objects.visible_to(self.request.user).select_related(*_WITH)


def _rounds(request):
    return [(row.pk, str(row)) for row in Round.objects.filter(entries__appeals__isnull=False).distinct().order_by("-pk")[:100]]


def _review_value(appeal):
    """The score of the review, once it is fixed."""
    return appeal.review.result.value if appeal.review and appeal.review.round.is_settled and appeal.review.result else None


def _find(request, pk):
    return get_object_or_404(Appeal.objects.visible_to(request.user).select_related(*_WITH), pk=pk)


def _own(request, pk):
    """An appeal of the reader's own agency."""
    appeal = _find(request, pk)
    if not represents(request.user, appeal.entry.subject.agency_id):
        raise Http404
    return appeal


@require_safe
def appeal_list(request):
    """Officers see every appeal that was filed, an agency its own."""
    if not (is_officer(request.user) or any(grant.role == "representative" for grant in request.user.grants)):
        raise Http404
    return AppealList(request).respond("assessments/appeal_list.html")


@require_POST
@once
def appeal_new(request, pk):
    """Begin an appeal against the score of an entry, or go on with the one that was begun."""
    mine = Entry.objects.visible_to(request.user).select_related("subject")
    entry = get_object_or_404(mine, pk=pk)
    if not represents(request.user, entry.subject.agency_id):
        raise Http404
    with refusals_told(request):
        appeal = services.start_appeal(pk, by=request.user)
        return redirect("appeal_edit" if appeal.is_draft else "appeal_detail", appeal.pk)
    return redirect("entry_scores", pk)


@form_page
@once
def appeal_edit(request, pk):
    """Write an appeal: against which indicators, why, with what files."""
    appeal = _own(request, pk)
    if not appeal.is_draft:
        return redirect(appeal)
    statement, reasons = appeal.statement, {ground.indicator_id: ground.reason for ground in appeal.grounds.all()}
    errors, stands, version = {}, None, appeal.version
    if request.method == "POST":
        statement, reasons, errors = read_appeal(request.POST, services.MOST_WORDS)
        if not errors:
            try:
                services.save_draft(pk, by=request.user, version=_version(request), statement=statement, reasons=reasons)
            except Stale as stale:
                stands, version = stale.current, stale.current.version
                errors[""] = stale.message
            except RuleBroken as broken:
                errors[""] = broken.message
            else:
                if request.POST.get("then") == "review":
                    return redirect("appeal_file", pk)
                messages.success(request, _("Saved."))
                return redirect("appeal_edit", pk)
    rows = selectors.contestable(appeal.entry, reasons)
    for row in rows:
        row.error = errors.get(f"reason-{row.indicator.pk}", "")
    context = {
        "appeal": appeal,
        "rows": rows,
        "statement": statement,
        "errors": errors,
        "stands": stands,
        "standing_grounds": stands.grounds.select_related("indicator") if stands else [],
        "version": version,
        "files": _file_rows(appeal, removable=True),
        "file_form": EvidenceForm(),
        "accept": ",".join(uploads.EXTENSIONS),
    }
    return render(request, "assessments/appeal_edit.html", context, status=422 if errors else 200)


def _version(request):
    return whole(request.POST.get("version"), 0)


@require_POST
def appeal_autosave(request, pk):
    """Keep what was written so far; answers JSON for the page's script."""
    _own(request, pk)
    statement, reasons, errors = read_appeal(request.POST, services.MOST_WORDS)
    if errors:
        return JsonResponse({"errors": {name: [str(sentence)] for name, sentence in errors.items()}}, status=422)
    try:
        saved = services.save_draft(pk, by=request.user, version=_version(request), statement=statement, reasons=reasons)
    except Stale as stale:
        told = {"message": str(stale), "url": reverse("appeal_edit", args=[pk]), "compare": _("Compare the two")}
        return JsonResponse(told, status=409)
    except RuleBroken as broken:
        return JsonResponse({"message": broken.message, "errors": {}}, status=422)
    return JsonResponse({"version": saved.version, "saved_at": calendar.clock(saved.saved_at)})


@form_page
@once
def appeal_file(request, pk):
    """Everything as it will be handed in, and the button."""
    appeal = _own(request, pk)
    if not appeal.is_draft:
        return redirect(appeal)
    refusal = ""
    if request.method == "POST":
        try:
            services.file_appeal(pk, by=request.user, version=_version(request))
        except RuleBroken as broken:
            refusal = broken.message
        else:
            messages.success(request, _("The appeal was filed. The secretariat answers within %(days)s working days.") % {
                "days": calendar.digits(ANSWER_DAYS)
            })  # fmt: skip
            return redirect("appeal_detail", pk)
    step = appeal.MOVES["file"]
    context = {"appeal": appeal, "grounds": _grounds(appeal), "files": _file_rows(appeal), "refusal": refusal or step.refuse(appeal) or ""}
    return render(request, "assessments/appeal_file.html", context, status=422 if refusal else 200)


@require_safe
def appeal_detail(request, pk):
    """An appeal with its grounds and files, where it stands, both scores once there are two, and what comes next."""
    appeal = _find(request, pk)
    if appeal.is_draft:
        return redirect("appeal_edit", pk)
    answer_by = None
    if appeal.status == Appeal.Status.FILED:
        answer_by = calendar.deadline(calendar.day_of(appeal.filed_at), ANSWER_DAYS)
    steps = open_steps(appeal, request.user)
    context = {
        "appeal": appeal,
        "grounds": _grounds(appeal),
        "files": _file_rows(appeal),
        "steps": steps,
        "answer_by": answer_by,
        "reason": appeal.moves.exclude(why="").order_by("-pk").first(),
        "is_officer": is_officer(request.user),
        "review_value": appeal.review_value if appeal.is_decided else _review_value(appeal) if is_officer(request.user) else None,
        "review_is_read": appeal.review is not None and appeal.review.round.is_public,
    }
    return render(request, "assessments/appeal_detail.html", context)


def _grounds(appeal):
    rows = {row.indicator.pk: row for row in selectors.contestable(appeal.entry, {})}
    return [(rows[ground.indicator_id], ground.reason) for ground in appeal.grounds.all()]


@require_POST
@once
def appeal_withdraw(request, pk):
    _own(request, pk)
    with refusals_told(request):
        appeal = services.withdraw_appeal(pk, by=request.user)
        messages.success(request, _("The appeal was withdrawn."))
        return redirect("entry_scores", appeal.entry_id)
    return redirect("appeal_detail", pk)


# --- files ---------------------------------------------------------------------------------------


@require_POST
@once
def appeal_file_upload(request, pk):
    _own(request, pk)
    chosen = request.FILES.getlist("file")
    if not chosen:
        messages.error(request, _("Choose a file first."))
    for upload in chosen:
        try:
            file = services.attach(pk, upload, by=request.user)
        except RuleBroken as refusal:
            messages.error(request, f"{upload.name}: {refusal}")
        else:
            messages.success(request, _("“%(name)s” was added.") % {"name": file.name})
    return redirect(reverse("appeal_edit", args=[pk]) + "#files")


@require_POST
@once
def appeal_file_remove(request, pk):
    file = _find_file(request, pk)
    _own(request, file.appeal_id)
    with refusals_told(request):
        services.detach(pk, by=request.user)
        messages.success(request, _("“%(name)s” was removed.") % {"name": file.name})
    return redirect(reverse("appeal_edit", args=[file.appeal_id]) + "#files")


@require_safe
def appeal_evidence(request, pk):
    """Give a file of an appeal to whom it concerns."""
    file = _find_file(request, pk)
    return answer(request, file, file.name)


def _find_file(request, pk):
    return get_object_or_404(AppealFile.objects.filter(appeal__in=Appeal.objects.visible_to(request.user), removed_at=None), pk=pk)


def _file_rows(appeal, *, removable=False):
    return [
        {
            "name": file.name,
            "size": file.size,
            "content_type": file.content_type,
            "url": reverse("appeal_evidence", args=[file.pk]),
            "remove_url": reverse("appeal_file_remove", args=[file.pk]) if removable else "",
        }
        for file in appeal.files.filter(removed_at=None)
    ]


# --- the secretariat's answers -------------------------------------------------------------------


@officers_only
@form_page
@once
def appeal_refuse(request, pk):
    appeal = _find(request, pk)
    return _answer(request, appeal, "refuse", ReasonForm(request.POST or None), lambda form: services.refuse_appeal(
        pk, by=request.user, why=form.cleaned_data["why"]
    ))  # fmt: skip


@officers_only
@form_page
@once
def appeal_admit(request, pk):
    appeal = _find(request, pk)
    form = AdmitForm(request.POST or None, reviews=selectors.possible_reviews(appeal.entry))
    return _answer(request, appeal, "admit", form, lambda form: services.admit_appeal(
        pk, by=request.user, round_id=form.cleaned_data["round"], deadline=form.cleaned_data["deadline"]
    ))  # fmt: skip


@officers_only
@form_page
@once
def appeal_decide(request, pk):
    """Say which score stands, with both before one's eyes."""
    appeal = _find(request, pk)
    return _answer(request, appeal, "change", DecideForm(request.POST or None), lambda form: services.decide_appeal(
        pk, form.cleaned_data["decision"], by=request.user, why=form.cleaned_data["why"]
    ))  # fmt: skip


def _answer(request, appeal, action, form, act):
    """One answer of an officer: the form with what it is about, and the act when it is sent."""
    if request.method == "POST" and form.is_valid():
        try:
            act(form)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The answer is recorded and the agency was told."))
            return redirect("appeal_detail", appeal.pk)
    elif request.method != "POST" and action not in open_steps(appeal, request.user):
        messages.warning(request, _("This is no longer possible: its state is now “%(state)s”.") % {"state": appeal.get_status_display()})
        return redirect("appeal_detail", appeal.pk)
    context = {
        "appeal": appeal,
        "action": action,
        "step": appeal.MOVES[action],
        "form": form,
        "review_value": _review_value(appeal),
        "grounds": _grounds(appeal),
    }
    return render(request, "assessments/appeal_answer.html", context, status=422 if form.errors else 200)
