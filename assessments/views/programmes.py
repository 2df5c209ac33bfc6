"""Programmes: list, begin, write, attach evidence, move, read; and entering accepted ones into a round."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assessments.blindness import judged_blind
from assessments.forms.programmes import AcceptForm, ChooseForm, ProgrammeForm, StartForm
from assessments.forms.rounds import ReasonForm
from assessments.models import Programme, ProgrammeCopy, ProgrammeFile, Round
from assessments.programme_evidence import neutral_name
from assessments.rules import EDITABLE_ROUNDS
from assessments.rules import programmes as rules
from assessments.selectors import programmes as selectors
from assessments.services import programmes as services
from secretariat.calendar import clock, digits, short_date
from secretariat.errors import RuleBroken, Stale, refusals_told
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage
from secretariat.models import Agency
from secretariat.private_files import answer
from secretariat.rules import is_officer, represented_agencies
from secretariat.typed import whole
from secretariat.uploads import EXTENSIONS
from secretariat.workflow import open_steps

form_page = require_http_methods(["GET", "HEAD", "POST"])


def find_programme(request, pk):
    rows = Programme.objects.visible_to(request.user).select_related("agency", "subject", "indicator_set", "created_by")
    return get_object_or_404(rows, pk=pk)


def _version(request):
    return whole(request.POST.get("version"))


class ProgrammeList(ListPage):
    name = "programmes"
    caption = gettext_lazy("Programmes")
    columns = [
        Column("title", gettext_lazy("Title"), sort="sort_key", value=str, link=True),
        Column("agency", gettext_lazy("Agency"), sort="agency__sort_key", value="agency.name"),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("starts", gettext_lazy("Begins on"), sort="starts_on", value="starts_on", kind="date"),
        Column("changed", gettext_lazy("Last change"), sort="changed_at", value="changed_at", kind="date"),
    ]
    filters = [Choice("status", gettext_lazy("State"), Programme.Status.choices)]
    search = ("search_key", "agency__search_key")
    default_sort = "-changed"
    empty_title = gettext_lazy("There is no programme yet.")
    empty_text = gettext_lazy("A programme with its aims and its report can be judged by a panel like a product.")

    def queryset(self):
        return Programme.objects.visible_to(self.request.user).select_related("agency")


def _takes_part(user):
    return is_officer(user) or bool(represented_agencies(user))


@require_safe
def programme_list(request):
    if not _takes_part(request.user):
        raise Http404
    return ProgrammeList(request).respond("assessments/programme_list.html")


@form_page
@once
def programme_new(request):
    """Begin one: an agency its own proposal, an officer one that the secretariat writes."""
    if not _takes_part(request.user):
        raise Http404
    staff = is_officer(request.user)
    agencies = Agency.objects.filter(is_member=True)
    if not staff:
        agencies = agencies.filter(pk__in=represented_agencies(request.user))
    form = StartForm(request.POST if request.method == "POST" else None, agencies=agencies, or_secretariat=staff)
    if not staff and len(agencies) == 1:
        form.fields["agency"].initial = agencies[0]
    if request.method == "POST" and form.is_valid():
        try:
            agency = form.cleaned_data["agency"] or services.secretariat_agency()
            made = services.start(agency, by=request.user, by_agency=not staff)
            return redirect("programme_edit", made.pk)
        except RuleBroken as broken:
            broken.show_in(form)
    return render(request, "assessments/programme_new.html", {"form": form}, status=422 if form.errors else 200)


# --- write ---------------------------------------------------------------------------------------


def _mine(request, pk):
    """The programme, for whoever writes it; to everybody else the form does not exist."""
    programme = find_programme(request, pk)
    if not rules.writes(request.user, programme):
        raise Http404
    return programme


@form_page
@once
def programme_edit(request, pk):
    """The words of a programme; a chosen file is taken with them."""
    programme = _mine(request, pk)
    if refusal := rules.why_not_editable(programme):
        messages.info(request, refusal)
        return redirect(programme)
    form = ProgrammeForm.of(programme, request.POST or None, request.FILES or None)
    stands, version = [], programme.version
    if request.method == "POST" and form.is_valid():
        try:
            services.save(pk, by=request.user, version=_version(request), **form.words)
        except Stale as stale:
            form.add_error(None, stale.message)
            stands, version = _differences(form, stale.current), stale.current.version
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            return _saved(request, programme)
    context = {
        "programme": programme,
        "form": form,
        "version": version,
        "stands": stands,
        "files": selectors.file_rows(programme, removable=True),
        "accept": ",".join(EXTENSIONS),
        "missing": programme.missing() if request.method != "POST" else [],
    }
    return render(request, "assessments/programme_edit.html", context, status=422 if form.errors else 200)


def _differences(form, current):
    """(label, what stands) of every field that somebody else's saving left otherwise than it was typed here."""
    return [
        (form[name].label, _shown(getattr(current, name)))
        for name, value in form.words.items()
        if value != getattr(current, name)
    ]


def _shown(value):
    return "–" if value in (None, "") else value if isinstance(value, str) else short_date(value)


def _saved(request, programme):
    refused = []
    for upload in request.FILES.getlist("file"):
        try:
            file = services.attach(programme.pk, upload, by=request.user)
        except RuleBroken as refusal:
            refused.append(f"{upload.name}: {refusal}")
        else:
            messages.success(request, _("“%(name)s” was added.") % {"name": file.name})
    if refused:
        messages.error(request, " ".join(refused))
        return redirect("programme_edit", programme.pk)
    messages.success(request, _("Saved."))
    return redirect(programme) if request.POST.get("then") == "read" else redirect("programme_edit", programme.pk)


@require_POST
def programme_autosave(request, pk):
    """Keep what is being typed; answers JSON for the page's script."""
    programme = _mine(request, pk)
    typed = {name: request.POST[name] for name in ProgrammeForm.WORDS if name in request.POST}
    try:
        services.keep_typed(programme.pk, typed, by=request.user, version=_version(request))
    except Stale as stale:
        told = {"message": str(stale), "url": reverse("programme_edit", args=[pk]), "compare": _("Compare the two")}
        return JsonResponse(told, status=HTTPStatus.CONFLICT)
    except RuleBroken as refusal:
        return JsonResponse({"message": str(refusal), "errors": {}}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"version": programme.version, "saved_at": clock(timezone.now())})


@require_POST
@once
def programme_file_remove(request, pk):
    """Take a file out."""
    file = get_object_or_404(ProgrammeFile.objects.filter(programme__in=Programme.objects.visible_to(request.user)), pk=pk)
    _mine(request, file.programme_id)
    with refusals_told(request):
        services.detach(file.pk, by=request.user)
        messages.success(request, _("“%(name)s” was removed.") % {"name": file.name})
    return redirect(reverse("programme_edit", args=[file.programme_id]) + "#files")


@require_safe
def programme_file(request, pk):
    """Give a file to whom it concerns; whoever judges blind gets the copy without its maker's name."""
    file = get_object_or_404(ProgrammeFile.objects.visible_to(request.user).select_related("programme", "nameless"), pk=pk)
    sees_all = Programme.objects.visible_to(request.user).filter(pk=file.programme_id).exists()
    if sees_all or not judged_blind(request.user).filter(entry__subject=file.programme.subject_id).exists():
        return answer(request, file, file.name)
    copy = getattr(file, "nameless", None)
    if copy is None or copy.status != ProgrammeCopy.Status.READY:
        raise Http404
    return answer(request, copy, neutral_name(file))


# --- read and move -------------------------------------------------------------------------------


@require_safe
def programme_detail(request, pk):
    """Everything of a programme, where it stands, and what came of its rounds."""
    programme = find_programme(request, pk)
    staff, writes = is_officer(request.user), rules.writes(request.user, programme)
    context = {
        "programme": programme,
        "files": selectors.file_rows(programme),
        "places": selectors.places(programme, request.user),
        "told": selectors.told_of(programme, request.user),
        "may_edit": writes and rules.why_not_editable(programme) is None,
        "missing": programme.missing() if writes and programme.status in ("draft", "returned") else [],
        "steps": _steps(programme, request.user),
        "finds": selectors.names_told(programme) if staff and programme.status in ("proposed", "accepted", "draft") else [],
        "is_staff_view": staff,
        "returned": programme.moves.filter(action="return").last() if programme.status == "returned" else None,
    }
    return render(request, "assessments/programme_detail.html", context)


def _steps(programme, user):
    """The buttons, the way forward first."""
    found = open_steps(programme, user)
    order = ("propose", "accept", "adopt", "return", "withdraw")
    return [
        (action, found[action].label, reverse("programme_move", args=[programme.pk, action]))
        for action in order
        if action in found
    ]


@form_page
@once
def programme_move(request, pk, action):
    """Confirm a step of a programme, with its reason or its indicator set where one is needed."""
    programme = find_programme(request, pk)
    step = programme.MOVES.get(action)
    if step is None or not step.who(request.user, programme):
        raise Http404
    if request.method != "POST" and action not in open_steps(programme, request.user):
        return redirect(programme)
    posted = request.POST if request.method == "POST" else None
    if action in ("accept", "adopt"):
        form = AcceptForm(posted, usual=services.USUAL_SET)
    else:
        form = ReasonForm(posted, required=step.needs_reason)
    if request.method == "POST" and form.is_valid():
        try:
            moved = _act(action, pk, form.cleaned_data, request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Done: the programme is now “%(state)s”.") % {"state": moved.get_status_display()})
            visible = Programme.objects.visible_to(request.user).filter(pk=pk).exists()
            return redirect(moved) if visible else redirect("programme_list")
    asks = step.needs_reason or action in ("accept", "adopt")
    finds = selectors.names_told(programme) if action in ("accept", "adopt") else []
    context = {"programme": programme, "action": action, "step": step, "form": form, "asks": asks, "finds": finds}
    return render(request, "assessments/programme_move.html", context, status=422 if form.errors else 200)


def _act(action, pk, said, user):
    if action == "propose":
        return services.propose(pk, by=user)
    if action == "return":
        return services.give_back(pk, by=user, why=said["why"])
    if action == "withdraw":
        return services.withdraw(pk, by=user, why=said["why"])
    return services.accept(pk, by=user, set_id=said["indicator_set"].pk)


@require_safe
def programme_history(request, pk):
    """Every saving of a programme's words, with what changed."""
    programme = find_programme(request, pk)
    context = {
        "programme": programme,
        "edits": selectors.history(programme),
        "is_staff_view": is_officer(request.user),
    }
    return render(request, "assessments/programme_history.html", context)


# --- into a round --------------------------------------------------------------------------------


@officers_only
@form_page
@once
def round_add_programmes(request, pk):
    """Accepted programmes that may enter a round, each judged by the set that was chosen for it."""
    round_ = get_object_or_404(Round.objects.visible_to(request.user), pk=pk)
    if round_.status not in EDITABLE_ROUNDS:
        state = round_.get_status_display()
        messages.info(request, _("Nothing can be added to this round any more: it is “%(state)s”.") % {"state": state})
        return redirect(round_)
    programmes = selectors.candidates(round_, request.user)
    form = ChooseForm(request.POST if request.method == "POST" else None, programmes=programmes)
    if request.method == "POST" and form.is_valid():
        chosen = [programme.pk for programme in form.cleaned_data["programmes"]]
        try:
            entries, left_out = services.add_programmes(pk, chosen, by=request.user)
        except RuleBroken as broken:
            form.add_error(None, broken.message)
        else:
            for programme, why in left_out:
                messages.warning(request, _("“%(title)s” was not added: %(why)s") % {"title": programme, "why": why})
            if entries:
                sentence = ngettext("%(n)s programme was added.", "%(n)s programmes were added.", len(entries))
                messages.success(request, sentence % {"n": digits(len(entries))})
            return redirect(round_)
    context = {"round": round_, "form": form, "is_empty": not programmes}
    return render(request, "assessments/round_add_programmes.html", context, status=422 if form.errors else 200)
