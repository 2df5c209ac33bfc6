"""What is added to an action: progress notes with autosave, evidence; and the report to the next meeting."""

from datetime import datetime, time
from http import HTTPStatus

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from secretariat import calendar
from secretariat.errors import RuleBroken, Stale, refusals_told
from secretariat.fields import JalaliDateFormField
from secretariat.forms.actions import EvidenceForm, NoteForm
from secretariat.gate import once
from secretariat.models import ActionFile, Council
from secretariat.private_files import answer
from secretariat.rules import actions as rules
from secretariat.rules import councils_of, is_officer
from secretariat.selectors import actions as selectors
from secretariat.services import actions as services
from secretariat.typed import whole
from secretariat.views.actions import find_action, page_of


def _written(request, pk):
    """The action, for whoever writes on it; for everybody else this address does not exist."""
    item = find_action(request, pk)
    if not rules.writes(request.user, item):
        raise Http404
    return item


@require_POST
@once
def action_note(request, pk):
    """Add a note on how far it is."""
    item, form = _written(request, pk), NoteForm(request.POST)
    if form.is_valid():
        percent = form.cleaned_data["percent"]
        try:
            said = {"text": form.cleaned_data["text"], "percent": None if percent is None else int(percent)}
            services.note(item.pk, by=request.user, **said)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The note was added."))
            return redirect(reverse("action_detail", args=[item.pk]) + "#notes")
    return render(request, "secretariat/action_detail.html", page_of(request, item, note=form), status=422)


@require_POST
def action_note_keep(request, pk):
    """Keep a note while it is written; answers JSON for the page's script."""
    item = _written(request, pk)
    version = whole(request.POST.get("version", ""))
    typed = {"text": request.POST.get("text", ""), "percent": request.POST.get("percent", "")}
    try:
        draft = services.keep_note(item.pk, by=request.user, version=version, **typed)
    except Stale as stale:
        return JsonResponse({"message": str(stale), "url": item.get_absolute_url()}, status=HTTPStatus.CONFLICT)
    except RuleBroken as broken:
        return JsonResponse({"message": str(broken), "errors": {}}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"version": draft.version, "saved_at": calendar.clock(timezone.now())})


@require_POST
@once
def action_file_add(request, pk):
    """Add evidence."""
    item, form = _written(request, pk), EvidenceForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            file = services.attach(item.pk, form.cleaned_data["file"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("“%(name)s” was added.") % {"name": file.name})
            return redirect(reverse("action_detail", args=[item.pk]) + "#files")
    return render(request, "secretariat/action_detail.html", page_of(request, item, evidence=form), status=422)


@require_POST
@once
def action_file_remove(request, pk):
    """Take evidence out."""
    file = get_object_or_404(ActionFile.objects.visible_to(request.user), pk=pk)
    _written(request, file.item_id)
    with refusals_told(request):
        services.detach(file.pk, by=request.user)
        messages.success(request, _("“%(name)s” was removed.") % {"name": file.name})
    return redirect(reverse("action_detail", args=[file.item_id]) + "#files")


@require_safe
def action_file(request, pk):
    """Give a piece of evidence to whom the action concerns."""
    file = get_object_or_404(ActionFile.objects.visible_to(request.user), pk=pk)
    return answer(request, file, file.name)


@require_safe
def action_report(request, pk):
    """What became of a council's actions since its last meeting, or since a chosen day, on paper."""
    council = get_object_or_404(Council, pk=pk)
    if not _reads_all(request.user, council):
        raise Http404
    since = _chosen_day(request) or selectors.since_last_meeting(council, timezone.now())
    context = {"report": selectors.report(council, since), "council": council, "today": calendar.today()}
    return render(request, "secretariat/action_report.html", context)


def _reads_all(user, council):
    """Members of the council, their deputies, who keeps its papers, and officers."""
    return is_officer(user) or council.pk in councils_of(user)


def _chosen_day(request):
    """The first moment of the day in the address, in any of the ways a day is written; None without one."""
    try:
        day = JalaliDateFormField(required=False).clean(request.GET.get("since", ""))
    except ValidationError:
        return None
    return day and datetime.combine(calendar.day_of(day), time(), calendar.TEHRAN)
