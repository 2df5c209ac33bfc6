"""The room of one meeting: agenda and papers before, who is there and what is talked about now, what was decided after."""

import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from secretariat import calendar
from secretariat.errors import RuleBroken, refusals_told
from secretariat.forms.meetings import AnswerForm, PaperForm, StayForm
from secretariat.gate import once
from secretariat.models import AgendaItem, AgendaPaper, Meeting, Presence
from secretariat.private_files import answer as give_file
from secretariat.rules import SETTLED_MEETINGS, MeetingStatus, serves_council
from secretariat.selectors import meeting_room as room
from secretariat.services import agenda_papers, meetings, presences
from secretariat.typed import whole
from secretariat.uploads import EXTENSIONS
from secretariat.views.meetings import find_meeting, kept_meeting
from secretariat.workflow import open_steps


def page_of(request, meeting, *, answer=None, paper=None, paper_item=None):
    """What the room shows to this reader; `answer` and `paper` are forms that came back with errors."""
    user = request.user
    keeper = serves_council(user, meeting.council_id)
    table = room.places(meeting)
    items = room.agenda(meeting, keeper=keeper)
    mine = room.place_of(user, table)
    live = meeting.status == MeetingStatus.IN_SESSION
    ballots = room.open_ballots(meeting) if live else []
    for item in items:
        item.paper_form = paper if paper_item == item.pk else PaperForm(auto_id=f"paper-{item.pk}-%s")
    may_answer = meeting.status == MeetingStatus.CALLED and mine is not None and mine.line is not None and mine.may_answer(user)
    if may_answer and answer is None:
        # Why a holder cannot come is told to who keeps the papers, not to the deputy.
        own = (mine.line.answered_by_id or mine.seat.user_id) == user.pk
        why = "" if mine.line.deputy_comes else mine.line.why
        answer = AnswerForm(initial={"answer": mine.line.answer, "why": why} if own else None)
    return {
        "meeting": meeting,
        "keeper": keeper,
        "steps": open_steps(meeting, user),
        "may_edit": keeper and meeting.status in (MeetingStatus.PLANNED, MeetingStatus.CALLED, MeetingStatus.IN_SESSION),
        "table": table,
        "mine": mine,
        "seat": mine.seat if mine else None,
        "deputises": mine is not None and mine.seat.user_id != user.pk,
        "answer": answer if may_answer else None,
        "items": items,
        "loose": room.loose_motions(meeting),
        "quorum": room.quorum(meeting, table) if live else None,
        "under_discussion": next((item for item in items if item.is_now), None),
        "ballots": ballots,
        "asked": {ballot.pk for ballot in room.votes_asked(user)} if ballots else set(),
        "seen": room.seen(meeting, table, items, ballots),
        "live": live,
        "has_begun": meeting.status in SETTLED_MEETINGS,
        "spans": room.spans(meeting) if meeting.status in SETTLED_MEETINGS else [],
        "accept": ",".join(EXTENSIONS),
        "may_sign": meeting.approved_at is not None and mine is not None and _was_there(user, table) and not mine.signature,
        "moves": meeting.moves.select_related("by"),
    }


def _was_there(user, table):
    return any(stay.user_id == user.pk for place in table for stay in place.stays)


@require_safe
def meeting_detail(request, pk):
    """Before the session the agenda and who comes; in it who is there; after it what came of it."""
    return render(request, "secretariat/meeting_detail.html", page_of(request, find_meeting(request, pk)))


@require_safe
def meeting_now(request, pk):
    """The part of the room that changes while it goes on; nothing (204) as long as nothing has."""
    meeting = find_meeting(request, pk)
    context = page_of(request, meeting)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    response = render(request, "secretariat/parts/meeting_now.html", context)
    if request.GET.get("seen"):
        # The agenda beside it shows motions and votes: it is fetched anew too.
        response["HX-Trigger"] = "room-changed"
    return response


@require_POST
@once
def meeting_answer(request, pk):
    """Say whether one is coming."""
    meeting, form = find_meeting(request, pk), AnswerForm(request.POST)
    if form.is_valid():
        try:
            meetings.answer(pk, form.cleaned_data["answer"], by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Thank you, your answer has been noted."))
            return redirect("meeting_detail", pk)
    return render(request, "secretariat/meeting_detail.html", page_of(request, meeting, answer=form), status=422)


@require_POST
@once
def meeting_presence(request, pk):
    """Somebody comes ("arrive", "deputy") or goes ("leave"), as the secretary sees it now; or all are there ("all")."""
    meeting = kept_meeting(request, pk)
    what, number = [*request.POST.get("do", "").split("-"), ""][:2]
    seat = whole(number, 0)
    with refusals_told(request):
        _record(meeting, what, seat, request.user)
    if request.headers.get("HX-Request"):
        return redirect("meeting_now", pk)
    return redirect(reverse("meeting_detail", args=[pk]) + "#now")


def _record(meeting, what, seat, user):
    if what == "all":
        return meetings.attend_all(meeting.pk, by=user)
    if what == "arrive":
        return meetings.arrive(meeting.pk, seat, by=user)
    if what == "deputy":
        place = next((one for one in room.places(meeting) if one.seat.pk == seat), None)
        if place is None or place.seat.deputy is None:
            raise RuleBroken(_("This seat has no deputy."))
        return meetings.arrive(meeting.pk, seat, by=user, user=place.seat.deputy)
    if what == "leave":
        return meetings.leave(meeting.pk, seat, by=user)
    raise RuleBroken(_("Choose what you record."))


@require_http_methods(["GET", "HEAD", "POST"])
@once
def presence_correct(request, pk):
    """A wrong time of coming or going, or an arrival that never was."""
    stays = Presence.objects.filter(attendance__meeting__in=Meeting.objects.visible_to(request.user))
    stay = get_object_or_404(stays.select_related("user", "attendance__seat__user"), pk=pk)
    meeting = kept_meeting(request, stay.attendance.meeting_id)
    if meeting.approved_at:
        messages.info(request, _("The minutes are approved and frozen; only a later resolution corrects them."))
        return redirect("meeting_detail", meeting.pk)
    clock = {"arrived": _minute(stay.arrived_at), "left": _minute(stay.left_at)}
    posted = request.POST if request.method == "POST" else None
    strikes = posted is not None and posted.get("do") == "strike"
    form = StayForm(clock if strikes else posted, initial=clock)
    if posted is not None and (strikes or form.is_valid()):
        try:
            if strikes:
                presences.strike(pk, by=request.user)
            else:
                arrived, left = _moments(meeting, stay, form.cleaned_data)
                presences.correct(pk, arrived, left, by=request.user)
        except RuleBroken as broken:
            form.is_valid()
            broken.show_in(form)
        else:
            messages.success(request, _("The record is corrected."))
            return redirect(reverse("meeting_detail", args=[meeting.pk]) + "#now")
    context = {"meeting": meeting, "stay": stay, "form": form}
    return render(request, "secretariat/presence_correct.html", context, status=422 if posted is not None else 200)


def _minute(instant):
    return calendar.in_tehran(instant).time().replace(second=0, microsecond=0) if instant else None


def _moments(meeting, stay, typed):
    """The two times of day as instants. A minute that was not changed keeps its seconds; the first one is not before the session."""
    day = calendar.in_tehran(meeting.started_at).date()

    def instant(clock, was):
        if clock is None:
            return None
        if was and _minute(was) == clock:
            return was
        found = datetime.datetime.combine(day, clock, calendar.TEHRAN)
        # A session that goes past midnight.
        return found + datetime.timedelta(days=1) if found < meeting.started_at - datetime.timedelta(hours=6) else found

    arrived, left = instant(typed["arrived"], stay.arrived_at), instant(typed["left"], stay.left_at)
    if _minute(arrived) == _minute(meeting.started_at):
        arrived = max(arrived, meeting.started_at)
    last = max(presences.votes_of(stay), default=None)
    if left and last and _minute(left) == _minute(last):
        left = max(left, last)
    return arrived, left


@require_POST
@once
def item_begin(request, pk):
    """Take up an item of the agenda; the one under discussion ends."""
    item = get_object_or_404(AgendaItem.objects.filter(meeting__in=Meeting.objects.visible_to(request.user)), pk=pk)
    meeting = kept_meeting(request, item.meeting_id)
    with refusals_told(request):
        meetings.begin_item(pk, by=request.user)
    return redirect(reverse("meeting_detail", args=[meeting.pk]) + f"#item-{pk}")


# --- papers --------------------------------------------------------------------------------------


@require_POST
@once
def paper_add(request, pk):
    """Hand out a paper with an item of the agenda."""
    item = get_object_or_404(AgendaItem.objects.filter(meeting__in=Meeting.objects.visible_to(request.user)), pk=pk)
    meeting = kept_meeting(request, item.meeting_id)
    form = PaperForm(request.POST, request.FILES, auto_id=f"paper-{item.pk}-%s")
    if form.is_valid():
        try:
            paper = agenda_papers.attach(pk, form.cleaned_data["file"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("“%(name)s” was added.") % {"name": paper.name})
            return redirect(reverse("meeting_detail", args=[meeting.pk]) + f"#item-{pk}")
    context = page_of(request, meeting, paper=form, paper_item=item.pk)
    return render(request, "secretariat/meeting_detail.html", context, status=422)


@require_POST
@once
def paper_remove(request, pk):
    """Take a paper off the agenda."""
    paper = get_object_or_404(AgendaPaper.objects.visible_to(request.user).select_related("item"), pk=pk)
    kept_meeting(request, paper.item.meeting_id)
    with refusals_told(request):
        agenda_papers.take_back(pk, by=request.user)
        messages.success(request, _("“%(name)s” was removed.") % {"name": paper.name})
    return redirect(reverse("meeting_detail", args=[paper.item.meeting_id]) + f"#item-{paper.item_id}")


@require_safe
def paper_file(request, pk):
    """Give a paper to those who may read the meeting's papers."""
    paper = get_object_or_404(AgendaPaper.objects.visible_to(request.user), pk=pk)
    return give_file(request, paper, paper.name)
