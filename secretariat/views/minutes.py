"""The minutes: read, written while the meeting goes on, approved, signed, printed."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from secretariat import calendar, minutes_pdf, persian
from secretariat.errors import RuleBroken, Stale
from secretariat.forms.meetings import MinutesForm
from secretariat.gate import once
from secretariat.models import AgendaItem
from secretariat.rules import SETTLED_MEETINGS, serves_council
from secretariat.selectors import meeting_room as room
from secretariat.selectors import minutes as selectors
from secretariat.services import minutes as services
from secretariat.services import signatures
from secretariat.views.meetings import find_meeting, kept_meeting

form_page = require_http_methods(["GET", "HEAD", "POST"])
OPENING = "opening"


def _begun(request, pk):
    """A meeting of which there are minutes."""
    meeting = find_meeting(request, pk)
    if meeting.status not in SETTLED_MEETINGS:
        raise Http404
    return meeting


@require_safe
def minutes_detail(request, pk):
    """The minutes as they stand, and what may be done with them: nothing is changed here once they are approved."""
    return render(request, "secretariat/minutes_detail.html", _read(request, _begun(request, pk)))


def _read(request, meeting, refusal=""):
    sheet = selectors.sheet(meeting)
    mine = list(meeting.attendances.filter(presences__user=request.user).select_related("signature").distinct())
    return {
        "meeting": meeting,
        "sheet": sheet,
        "refusal": refusal,
        "reservation": request.POST.get("reservation", ""),
        "may_reserve": signatures.may_reserve(meeting),
        "keeper": serves_council(request.user, meeting.council_id),
        "may_sign": sheet.is_approved and bool(mine) and not any(hasattr(line, "signature") for line in mine),
        "may_approve": services.may_approve(meeting, request.user),
    }


# --- writing -------------------------------------------------------------------------------------


@form_page
@once
def minutes_edit(request, pk):
    """The opening and each item, saved one by one while they are written; what went stale stands beside what was typed."""
    meeting = kept_meeting(request, pk)
    if meeting.status not in SETTLED_MEETINGS:
        raise Http404
    if meeting.approved_at:
        messages.info(request, _("The minutes are approved and frozen; only a later resolution corrects them."))
        return redirect("minutes_detail", pk)
    bad, beside, status = None, None, 200
    if request.method == "POST" and request.POST.get("part") == "record":
        services.save_opening(pk, services.opening_text(meeting), by=request.user, version=meeting.minutes_version)
        messages.success(request, _("The opening was written anew from the record."))
        return redirect("minutes_edit", pk)
    if request.method == "POST":
        bad = MinutesForm(request.POST)
        if bad.is_valid():
            try:
                _save(meeting, bad.cleaned_data, request.user)
            except Stale as stale:
                beside, status = (_words(stale.current), bad.cleaned_data["text"]), HTTPStatus.CONFLICT
                bad.add_error(None, stale.message)
                bad.data = bad.data.copy()
                bad.data["version"] = _version(stale.current)
            except RuleBroken as broken:
                broken.show_in(bad)
            else:
                messages.success(request, _("Saved."))
                return redirect("minutes_edit", pk)
        status = status if status != 200 else 422
    context = {"meeting": meeting, "parts": _parts(meeting, bad, beside), "bad": bad}
    return render(request, "secretariat/minutes_edit.html", context, status=status)


@require_POST
def minutes_keep(request, pk):
    """Save one part while it is written; answers JSON for the page's script."""
    meeting, form = kept_meeting(request, pk), MinutesForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        saved = _save(meeting, form.cleaned_data, request.user)
    except Stale as stale:
        told = {"message": str(stale), "compare": _("Compare the two texts")}
        return JsonResponse(told, status=HTTPStatus.CONFLICT)
    except RuleBroken as broken:
        return JsonResponse({"message": str(broken), "errors": {}}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"version": _version(saved), "saved_at": calendar.clock(timezone.now())})


def _save(meeting, typed, user):
    part, text, version = typed["part"], typed["text"], typed["version"]
    if part == OPENING:
        return services.save_opening(meeting.pk, text, by=user, version=version)
    item = next((item for item in meeting.agenda.all() if f"item-{item.pk}" == part), None)
    if item is None:
        raise RuleBroken(_("This item is no longer on the agenda."))
    return services.save_said(item.pk, text, by=user, version=version)


def _version(saved):
    return saved.version if isinstance(saved, AgendaItem) else saved.minutes_version


def _words(saved):
    return saved.said if isinstance(saved, AgendaItem) else saved.minutes


def _parts(meeting, bad, beside):
    """(title, form, both texts where they differ, item) of the opening and of each item; `bad` is the one that came back."""
    fresh = not meeting.minutes and meeting.minutes_version == 0
    first = services.opening_text(meeting) if fresh else meeting.minutes
    rows = [(_("Opening"), OPENING, first, meeting.minutes_version, None)]
    rows += [(item.title, f"item-{item.pk}", item.said, item.version, item) for item in room.agenda(meeting)]
    found = []
    for title, part, text, version, item in rows:
        came_back = bad is not None and bad.data.get("part") == part
        initial = {"part": part, "text": text, "version": version}
        form = bad if came_back else MinutesForm(initial=initial, auto_id=f"{part}-%s")
        if came_back:
            form.auto_id = f"{part}-%s"
        form.fields["text"].label = title
        found.append({"title": title, "form": form, "beside": beside if came_back else None, "item": item, "version": version})
    return found


# --- approving and signing -----------------------------------------------------------------------


@form_page
@once
def minutes_approve(request, pk):
    """The chair approves and freezes the minutes, where the council lets the chair do so."""
    meeting = _begun(request, pk)
    if not services.may_approve(meeting, request.user):
        raise Http404
    refusal = ""
    if request.method == "POST":
        try:
            services.approve(pk, by=request.user)
        except RuleBroken as broken:
            refusal = str(broken)
        else:
            messages.success(request, _("The minutes are approved and frozen. Those who were there can sign them now."))
            return redirect("minutes_detail", pk)
    context = {"meeting": meeting, "sheet": selectors.sheet(meeting), "refusal": refusal}
    return render(request, "secretariat/minutes_approve.html", context, status=422 if refusal else 200)


@require_POST
@once
def minutes_sign(request, pk):
    """Sign the approved minutes as they were read."""
    meeting = _begun(request, pk)
    try:
        signatures.sign(
            pk, by=request.user, sha256=request.POST.get("sha256", ""), reservation=persian.canonical(request.POST.get("reservation", ""))
        )
    except RuleBroken as broken:
        return render(request, "secretariat/minutes_detail.html", _read(request, meeting, refusal=str(broken)), status=422)
    messages.success(request, _("You have signed the minutes."))
    return redirect("minutes_detail", meeting.pk)


# --- on paper ------------------------------------------------------------------------------------


@require_safe
def minutes_print(request, pk):
    """The minutes on letterhead, for the printer of a browser."""
    meeting = _begun(request, pk)
    return render(request, "secretariat/minutes_print.html", {"meeting": meeting, "sheet": selectors.sheet(meeting)})


@require_safe
def minutes_paper(request, pk):
    """The minutes on letterhead as a PDF, in the reader's language."""
    meeting = _begun(request, pk)
    language = "en" if (translation.get_language() or "fa").startswith("en") else "fa"
    response = HttpResponse(minutes_pdf.written(meeting, language), content_type="application/pdf")
    name = f"minutes-{meeting.reference.replace('/', '-') or meeting.pk}.pdf"
    response["Content-Disposition"] = content_disposition_header("download" in request.GET, name)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
