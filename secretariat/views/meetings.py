"""Meetings: which there are, planning one with its agenda, calling and cancelling it, its calendar file."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from secretariat import calendar
from secretariat.errors import RuleBroken, Stale
from secretariat.forms.meetings import ItemFormSet, MeetingForm, ReasonForm, SessionMomentForm
from secretariat.gate import once
from secretariat.lists import Choice, Column, ListPage
from secretariat.models import Meeting
from secretariat.rules import LIVE_MEETINGS, MeetingStatus, is_officer, serves_council
from secretariat.selectors import meeting_room as room
from secretariat.selectors.meeting_plans import next_reference, suggested_plan
from secretariat.selectors.meetings import plan_seen, seats_on_day
from secretariat.services import invitations_to_meetings as invitations
from secretariat.services import meetings as services
from secretariat.workflow import open_steps

form_page = require_http_methods(["GET", "HEAD", "POST"])


def find_meeting(request, pk):
    return get_object_or_404(Meeting.objects.visible_to(request.user).select_related("council", "approved_by", "approved_with"), pk=pk)


def kept_meeting(request, pk):
    """The meeting, for whoever keeps its papers; for everybody else this address does not exist."""
    meeting = find_meeting(request, pk)
    if not serves_council(request.user, meeting.council_id):
        raise Http404
    return meeting


# --- many ----------------------------------------------------------------------------------------


def _councils(request):
    return [(council.pk, council.name) for council in room.councils_seen(request.user).filter(meetings__isnull=False).distinct()]


def _years(request):
    years = (
        Meeting.objects.visible_to(request.user).exclude(year=None).order_by("-year").values_list("year", flat=True).distinct()
    )
    return [(year, calendar.digits(year)) for year in years]


class _Meetings(ListPage):
    columns = [
        Column("council", gettext_lazy("Council"), sort="council__sort_key", value="council.name", link=True),
        Column("time", gettext_lazy("Time"), sort="starts_at", value="starts_at", kind="datetime"),
        Column("number", gettext_lazy("Number"), value="reference", kind="reference"),
        Column("place", gettext_lazy("Place"), value="place"),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
    ]
    search = ("council__name_fa", "council__name_en", "place", "agenda__title")
    states: tuple = ()

    @property
    def filters(self):
        states = [(state.value, state.label) for state in self.states]
        return [
            Choice("council", gettext_lazy("Council"), _councils),
            Choice("year", gettext_lazy("Jalali year"), _years),
            Choice("status", gettext_lazy("State"), states),
        ]

    def queryset(self):
        found = Meeting.objects.visible_to(self.request.user).filter(status__in=self.states)
        return found.select_related("council").distinct()

    def row_url(self, row):
        return reverse("meeting_detail", args=[row.pk])


class ComingMeetings(_Meetings):
    name = "meetings"
    caption = gettext_lazy("Coming meetings")
    states = LIVE_MEETINGS
    default_sort = "time"
    empty_title = gettext_lazy("No meeting is planned.")
    empty_text = gettext_lazy("Once a council's secretary plans one, it stands here.")


class PastMeetings(_Meetings):
    name = "past-meetings"
    caption = gettext_lazy("Past meetings")
    states = (MeetingStatus.HELD, MeetingStatus.CANCELLED)
    default_sort = "-time"
    empty_title = gettext_lazy("No meeting was held yet.")
    empty_text = gettext_lazy("Held meetings stay here with their minutes and resolutions.")


def _listed(request, page, here):
    if not (is_officer(request.user) or room.councils_seen(request.user).exists()):
        raise Http404
    context = {
        "tabs": [
            (_("Coming"), reverse("meeting_list"), here == "coming"),
            (_("Past"), reverse("meeting_archive"), here == "past"),
        ],
        "may_plan": room.kept_councils(request.user).exists(),
    }
    return page(request).respond("secretariat/meeting_list.html", context)


@require_safe
def meeting_list(request):
    """Meetings to come or going on: a member those of the own councils, officers all."""
    return _listed(request, ComingMeetings, "coming")


@require_safe
def meeting_archive(request):
    """Meetings that were held or cancelled."""
    return _listed(request, PastMeetings, "past")


# --- planning ------------------------------------------------------------------------------------


def _earlier(council_id, meeting=None):
    """Meetings whose minutes wait for approval, and those that the agenda names already."""
    held = Meeting.objects.filter(council=council_id, status=MeetingStatus.HELD, approved_at=None)
    named = Meeting.objects.filter(approvals__meeting=meeting) if meeting else Meeting.objects.none()
    return Meeting.objects.filter(pk__in=held.values("pk")).union(named).values_list("pk", flat=True)


def _agenda_forms(request, council_id, meeting=None, suggested=()):
    earlier = Meeting.objects.filter(pk__in=list(_earlier(council_id, meeting))).select_related("council")
    initial = [
        {
            "pk": item.pk,
            "place": place,
            "kind": item.kind,
            "title": item.title,
            "presenter": item.presenter,
            "minutes_planned": item.minutes_planned,
            "minutes_of": item.minutes_of_id,
            "note": item.note,
            "is_review": hasattr(item, "review_put"),
        }
        for place, item in enumerate(meeting.agenda.select_related("review_put") if meeting else [], 1)
    ] or list(suggested)
    formset = ItemFormSet(
        request.POST if request.method == "POST" else None, prefix="item", initial=initial, form_kwargs={"earlier": earlier}
    )
    # Without a script there is always an empty line to write on; a new agenda begins with three.
    formset.extra = 1 if meeting and initial else max(1, 3 - len(initial))
    return formset


@form_page
@once
def meeting_new(request):
    """Plan a meeting of a council whose papers one keeps, with its agenda; nobody is told yet."""
    councils = list(room.kept_councils(request.user))
    chosen = request.GET.get("council", "")
    council = councils[0] if len(councils) == 1 else next((one for one in councils if str(one.pk) == chosen), None)
    if not councils or (council is None and chosen):
        raise Http404
    if council is None:
        return render(request, "secretariat/meeting_council.html", {"councils": councils})
    posted = request.POST if request.method == "POST" else None
    when, items = suggested_plan(council) if posted is None else ({}, [])
    form, agenda = MeetingForm(posted, initial=when), _agenda_forms(request, council.pk, suggested=items)
    if request.method == "POST" and all([form.is_valid(), agenda.is_valid()]):
        try:
            with transaction.atomic():
                meeting = services.plan(council.pk, by=request.user, **form.told)
                services.set_agenda(meeting.pk, agenda.items, by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The meeting is planned. Nobody has been told yet: call it when the agenda is ready."))
            return redirect("meeting_detail", meeting.pk)
    context = {"form": form, "agenda": agenda, "council": council, "next": next_reference(council.pk)}
    return render(
        request, "secretariat/meeting_new.html", context, status=422 if form.errors or agenda.total_error_count() else 200
    )


@form_page
@once
def meeting_edit(request, pk):
    """Time, place and agenda before the session; in session the agenda alone."""
    meeting = kept_meeting(request, pk)
    if meeting.status not in LIVE_MEETINGS:
        messages.info(request, _("The meeting is over: its agenda stays as it was."))
        return redirect("meeting_detail", pk)
    before = meeting.status != MeetingStatus.IN_SESSION
    posted = request.POST if request.method == "POST" else None
    form, agenda = MeetingForm.of(meeting, posted) if before else None, _agenda_forms(request, meeting.council_id, meeting)
    seen, stale = request.POST.get("seen", "") or plan_seen(meeting), None
    if posted is not None and all([form is None or form.is_valid(), agenda.is_valid()]):
        try:
            services.rewrite(pk, form.told if form else {}, agenda.items, by=request.user, seen=seen, reasons=agenda.reasons)
        except Stale as broken:
            stale, seen = broken, plan_seen(broken.current)
        except RuleBroken as broken:
            stale = broken
        else:
            messages.success(request, _("Saved."))
            return redirect("meeting_detail", pk)
    context = {
        "meeting": meeting,
        "form": form,
        "agenda": agenda,
        "seen": seen,
        "refusal": str(stale) if stale else "",
        "current": room.agenda(meeting) if isinstance(stale, Stale) else None,
        "told": meeting.status == MeetingStatus.CALLED,
    }
    refused = bool(stale) or bool(form and form.errors) or bool(agenda.total_error_count())
    return render(
        request, "secretariat/meeting_edit.html", context, status=409 if isinstance(stale, Stale) else 422 if refused else 200
    )


# --- steps ---------------------------------------------------------------------------------------

TOLD = {
    "call": gettext_lazy("The meeting is called: everybody on the list has been told."),
    "start": gettext_lazy("The session is open. Record who is there."),
    "end": gettext_lazy("The session is over. Finish the minutes."),
    "cancel": gettext_lazy("The meeting is cancelled; whoever had been invited has been told."),
}


@form_page
@once
def meeting_move(request, pk, action):
    """Call a meeting (after a look at what is sent, and to whom), open its session, end it, or cancel it with a reason."""
    meeting = kept_meeting(request, pk)
    step = Meeting.MOVES.get(action)
    if step is None:
        raise Http404
    if request.method != "POST" and action not in open_steps(meeting, request.user):
        messages.info(
            request, _("This is no longer possible: its state is now “%(state)s”.") % {"state": meeting.get_status_display()}
        )
        return redirect("meeting_detail", pk)
    form, refusal = _step_form(action, meeting, request.POST if request.method == "POST" else None), ""
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            if action == "cancel":
                services.cancel(pk, form.cleaned_data["why"], by=request.user)
            elif action == "call":
                services.call(pk, by=request.user)
            else:
                {"start": services.start, "end": services.end}[action](pk, by=request.user, at=form.moment)
        except RuleBroken as broken:
            if form is not None and broken.field in form.fields:
                broken.show_in(form)
            else:
                refusal = str(broken)
        else:
            messages.success(request, TOLD[action])
            return redirect("meeting_detail", pk)
    context = {
        "meeting": meeting,
        "action": action,
        "step": step,
        "form": form,
        "refusal": refusal,
        "items": room.agenda(meeting),
        "seats": seats_on_day(meeting).select_related("user", "deputy").order_by("user__sort_key", "pk"),
    }
    return render(request, "secretariat/meeting_move.html", context, status=422 if refusal or (form and form.errors) else 200)


def _step_form(action, meeting, posted):
    """What a step asks for: a reason, or when the session began or ended."""
    if action in ("start", "end"):
        return SessionMomentForm(posted, meeting=meeting)
    return ReasonForm(posted) if Meeting.MOVES[action].needs_reason else None


@require_safe
def meeting_calendar(request, pk):
    """The meeting as a file for one's own calendar."""
    meeting = find_meeting(request, pk)
    response = HttpResponse(
        invitations.calendar_file(
            meeting,
            invited=request.user.email or "",
            agenda=invitations.agenda_text(meeting),
            cancelled=meeting.status == MeetingStatus.CANCELLED,
        ),
        content_type="text/calendar; charset=utf-8",
    )
    response["Content-Disposition"] = content_disposition_header(True, f"meeting-{meeting.pk}.ics")
    response["Cache-Control"] = "private, no-store"
    return response
