"""Motions: what is put before a council, read, reworded, withdrawn; and who steps aside from deciding on it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from secretariat import matters, rules
from secretariat.errors import RuleBroken, Stale, refusals_told
from secretariat.forms.motions import MotionForm, ReasonForm, RecusalForm, plain_decision
from secretariat.gate import once
from secretariat.models import ActionItem, AgendaItem, Meeting, Resolution
from secretariat.rules import voting
from secretariat.selectors import ballots as standing
from secretariat.selectors import motions as selectors
from secretariat.selectors.meetings import voting_seats
from secretariat.services import motions as services
from secretariat.services import recusals, resolutions

form_page = require_http_methods(["GET", "HEAD", "POST"])


def find_resolution(request, pk):
    rows = Resolution.objects.visible_to(request.user).select_related("council", "meeting__council", "agenda_item", "supersedes")
    return get_object_or_404(rows, pk=pk)


def kept(request, resolution):
    """Only for whoever keeps the council's papers; to others the page does not exist."""
    if not rules.serves_council(request.user, resolution.council_id):
        raise Http404


@require_safe
def resolution_detail(request, pk):
    """A motion or what became of it: its words, who decides, the votes and how they were counted."""
    resolution = find_resolution(request, pk)
    page = matters.page_of(resolution)
    if page != request.path:
        return redirect(page)
    return render(request, "secretariat/resolution_detail.html", {"resolution": resolution, **voting_part(request, resolution)})


def voting_part(request, resolution):
    """What the part of a page on voting shows of a resolution, wherever it stands."""
    motion = selectors.motion_of(resolution, request.user)
    ballot, undecided = motion.ballot, resolution.status == rules.ResolutionStatus.DRAFT
    seat = selectors.own_seat(resolution.meeting, request.user)
    asides = selectors.recusals_of(resolution, request.user, keeps=motion.keeps)
    may_step_aside = (
        undecided and seat is not None and seat.pk not in {one.seat.pk for one in asides} and seat.pk not in motion.voted
    )
    rule = ballot.rule if ballot else standing.rule_for(resolution)
    return {
        "motion": motion,
        "rule": voting.rule_in_words(rule),
        "is_secret": ballot.is_secret if ballot else rule.secret,
        "asides": asides,
        "may_step_aside": may_step_aside and not motion.is_tied,
        "arithmetic": voting.arithmetic(ballot.rule, ballot.standing) if motion.verdict else [],
        "open_votes": sorted(ballot.votes.all(), key=lambda vote: (vote.seat.user.sort_key, vote.pk))
        if motion.verdict and not ballot.is_secret
        else [],
        "broken_off": [(one, one.moves.filter(action="void").last()) for one in resolution.ballots.filter(status="void")],
        "moves": resolution.moves.select_related("by"),
        "actions": ActionItem.objects.visible_to(request.user).filter(resolution=resolution).select_related("owner").order_by("due_on", "pk"),
        "may_give_actions": motion.keeps and resolution.status == rules.ResolutionStatus.ADOPTED,
        "superseded_by": resolution.superseded_by.filter(status=rules.ResolutionStatus.ADOPTED).first(),
        "is_chair": motion.seat is not None and motion.seat.role == "chair" and motion.seat.user_id == request.user.pk,
    }


@form_page
@once
def resolution_new(request, pk):
    """Put a motion on an agenda item."""
    items = AgendaItem.objects.filter(meeting__in=Meeting.objects.visible_to(request.user)).select_related("meeting__council")
    item = get_object_or_404(items, pk=pk)
    meeting = item.meeting
    if not rules.serves_council(request.user, meeting.council_id) or meeting.status not in rules.LIVE_MEETINGS:
        raise Http404
    if matters.start_of(item):
        return redirect(matters.start_of(item))
    form = _form(request, meeting.council_id, {"title": item.title, "decision": plain_decision(item)})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.put(item.pk, by=request.user, **form.words)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The motion stands before the council."))
            return redirect("resolution_detail", made.pk)
    context = {"form": form, "item": item, "meeting": meeting}
    return render(request, "secretariat/resolution_new.html", context, status=422 if form.errors else 200)


def _form(request, council_id, initial):
    posted = request.POST if request.method == "POST" else None
    return MotionForm(
        posted,
        initial=initial,
        council_rules=selectors.council_rules(council_id),
        earlier=selectors.earlier_resolutions(council_id),
    )


@form_page
@once
def resolution_edit(request, pk):
    """Change the words of a motion that nobody votes on yet; what somebody else wrote meanwhile stands beside."""
    resolution = find_resolution(request, pk)
    kept(request, resolution)
    motion = selectors.motion_of(resolution, request.user)
    if not motion.may_edit:
        messages.info(request, _("Voting has begun: the words stay as they are."))
        return redirect(motion.page)
    initial = {name: getattr(resolution, name) for name in services.WORDS} | {"seen": services.seen(resolution)}
    form, beside = _form(request, resolution.council_id, initial), []
    if resolution.kind != Resolution.Kind.GENERAL:
        del form.fields["decision"]  # what it decides says by which rules it is voted on
    if request.method == "POST" and form.is_valid():
        try:
            services.reword(
                pk, by=request.user, seen_as=form.cleaned_data["seen"], **{"decision": resolution.decision, **form.words}
            )
        except Stale as stale:
            beside = _beside(form, stale.current)
            form.add_error(None, stale.message)
            form.data = form.data.copy()
            form.data["seen"] = services.seen(stale.current)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Saved."))
            return redirect(motion.page)
    context = {"form": form, "resolution": resolution, "motion": motion, "beside": beside}
    status = 409 if beside else 422 if form.errors else 200
    return render(request, "secretariat/resolution_edit.html", context, status=status)


def _beside(form, current):
    """What now stands beside what was typed, where they differ: [(label, stands, typed)]."""
    pairs = [(form[name].label, getattr(current, name), value) for name, value in form.words.items()]
    return [(label, stands or "–", typed or "–") for label, stands, typed in pairs if (stands or "") != (typed or "")]


def _asked_why(request, resolution, template, form, act, done, **more):
    """A page that asks for a reason and then does it."""
    motion = selectors.motion_of(resolution, request.user)
    if request.method == "POST" and form.is_valid():
        try:
            act(form)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, done)
            return redirect(motion.page)
    context = {"form": form, "resolution": resolution, "motion": motion, **more}
    return render(request, template, context, status=422 if form.errors else 200)


@form_page
@once
def resolution_withdraw(request, pk):
    """Take a motion from the table without a vote; it stays on record as not adopted."""
    resolution = find_resolution(request, pk)
    kept(request, resolution)
    form = ReasonForm(request.POST if request.method == "POST" else None)

    def act(form):
        resolutions.withdraw(pk, by=request.user, why=form.cleaned_data["why"])

    return _asked_why(request, resolution, "secretariat/resolution_withdraw.html", form, act, _("The motion is withdrawn."))


# --- who does not decide -------------------------------------------------------------------------


@form_page
@once
def recusal_declare(request, pk):
    """A member steps aside from a motion, with the reason."""
    resolution = find_resolution(request, pk)
    if selectors.own_seat(resolution.meeting, request.user) is None:
        raise Http404
    form = ReasonForm(request.POST if request.method == "POST" else None)

    def act(form):
        recusals.declare(pk, form.cleaned_data["why"], by=request.user)

    return _asked_why(
        request, resolution, "secretariat/recusal_declare.html", form, act, _("It is on record that you do not decide on this.")
    )


@form_page
@once
def recusal_record(request, pk):
    """The chair or the secretary puts on record that a member does not decide."""
    resolution = find_resolution(request, pk)
    kept(request, resolution)
    taken = {one.seat.pk for one in selectors.recusals_of(resolution, request.user, keeps=True)}
    seats = voting_seats(resolution.meeting).exclude(pk__in=taken).select_related("user").order_by("role", "user__sort_key", "pk")
    form = RecusalForm(request.POST if request.method == "POST" else None, seats=seats)

    def act(form):
        recusals.recuse(pk, form.cleaned_data["seat"].pk, form.cleaned_data["why"], by=request.user)

    return _asked_why(request, resolution, "secretariat/recusal_record.html", form, act, _("The recusal is on record."))


@require_POST
@once
def recusal_take_back(request, pk, seat):
    """Take a recusal back before the vote: the member the own one, who keeps the papers any that was recorded."""
    resolution = find_resolution(request, pk)
    asides = selectors.recusals_of(resolution, request.user, keeps=rules.serves_council(request.user, resolution.council_id))
    if not any(one.seat.pk == seat and one.removable for one in asides):
        raise Http404
    with refusals_told(request):
        recusals.take_back(pk, seat, by=request.user)
        messages.success(request, _("The recusal was taken back."))
    return redirect(matters.page_of(resolution))
