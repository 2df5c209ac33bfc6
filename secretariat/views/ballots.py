"""Voting: a ballot is opened, members vote each for themselves or by show of hands, it is counted, or broken off."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from secretariat import matters, rules
from secretariat.errors import RuleBroken
from secretariat.forms.motions import CastingForm, HandsForm, OpenForm, ReasonForm, VoteForm
from secretariat.gate import once
from secretariat.models import Ballot, Resolution
from secretariat.rules import Choice, voting
from secretariat.selectors import ballots as standing
from secretariat.selectors import motions as selectors
from secretariat.selectors.meetings import quorum_now
from secretariat.services import ballots as services
from secretariat.views.motions import find_resolution, kept

form_page = require_http_methods(["GET", "HEAD", "POST"])


def find_ballot(request, pk):
    rows = Ballot.objects.filter(resolution__in=Resolution.objects.visible_to(request.user))
    ballot = get_object_or_404(
        rows.select_related("resolution__council", "resolution__meeting__council", "resolution__agenda_item"), pk=pk
    )
    return ballot, selectors.motion_of(ballot.resolution, request.user)


def _over(request, ballot, motion):
    """Where somebody is sent who comes to a ballot that is no longer open."""
    messages.info(request, _("Voting on this is over."))
    return redirect(motion.page)


@form_page
@once
def ballot_open(request, pk):
    """Before the vote: by which rule, whether enough people are there, who does not decide; then open it."""
    resolution = find_resolution(request, pk)
    kept(request, resolution)
    motion = selectors.motion_of(resolution, request.user)
    if resolution.status != rules.ResolutionStatus.DRAFT or motion.ballot is not None:
        return redirect(motion.page)
    rule = standing.rule_for(resolution)
    form = OpenForm(request.POST if request.method == "POST" else None, initial={"secrecy": "secret" if rule.secret else "open"})
    if request.method == "POST" and form.is_valid():
        try:
            services.open_ballot(pk, by=request.user, secret=form.cleaned_data["secrecy"] == "secret")
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The vote is open. Whoever is present and may vote sees it at once."))
            return redirect(motion.page)
    now = standing.standing_of(resolution)
    context = {
        "form": form,
        "resolution": resolution,
        "motion": motion,
        "rule": voting.rule_in_words(rule),
        "quorum": quorum_now(resolution.meeting),
        "obstacle": None if voting.has_quorum(rule, now) else voting.refusal(voting.Verdict.NO_QUORUM, now),
        "asides": selectors.recusals_of(resolution, request.user, keeps=True),
        "voters": now.voters,
        "lines": matters.lines_of(resolution),
    }
    return render(request, "secretariat/ballot_open.html", context, status=422 if form.errors else 200)


@form_page
@never_cache
@sensitive_post_parameters("choice")
@once
def ballot_vote(request, pk):
    """A member's own vote: chosen, shown once more, then cast for good.

    Whatever is chosen, requests and pages are of the same length: lengths stand in the logs of web servers.
    """
    ballot, motion = find_ballot(request, pk)
    if motion.seat is None and not selectors.own_seat(ballot.resolution.meeting, request.user):
        raise Http404
    form, chosen = VoteForm(request.POST if request.method == "POST" else None), ""
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["choice"]
        if request.POST.get("confirmed"):
            try:
                services.cast(pk, chosen, by=request.user)
            except RuleBroken as broken:
                broken.show_in(form)
                chosen = ""
            else:
                return redirect("ballot_vote", pk)  # which says so
    own = None
    if motion.has_voted and not ballot.is_secret:
        own = next(vote for vote in motion.ballot.votes.all() if vote.seat_id == motion.seat.pk)
    context = {
        "ballot": ballot,
        "motion": motion,
        "resolution": ballot.resolution,
        "form": form,
        "choices": [
            (choice, posted, choice.label, _ICONS[choice])
            for choice, (posted, _label) in zip(Choice, form.fields["choice"].choices, strict=True)
        ],
        "chosen": chosen,
        "own": own,
        "rule": voting.rule_in_words(ballot.rule),
        "lines": matters.lines_of(ballot.resolution),
    }
    return render(request, "secretariat/ballot_vote.html", context, status=422 if form.errors else 200)


_ICONS = {Choice.FOR: "check-circle", Choice.AGAINST: "x-circle", Choice.ABSTAIN: "dash-circle"}


@require_safe
def ballot_state(request, pk):
    """How many have voted, for a page that asks again and again; when the vote is over the page shows itself anew."""
    ballot, motion = find_ballot(request, pk)
    if ballot.status != Ballot.Status.OPEN:
        answer = HttpResponse()
        answer["HX-Refresh"] = "true"
        return answer
    return render(request, "secretariat/_ballot_state.html", {"ballot": ballot, "motion": motion})


@form_page
@once
def ballot_hands(request, pk):
    """A show of hands, recorded in one form; it may be corrected until the count."""
    ballot, motion = find_ballot(request, pk)
    kept(request, ballot.resolution)
    if not motion.is_open or ballot.is_secret:
        return _over(request, ballot, motion)
    form = HandsForm(request.POST if request.method == "POST" else None, lines=selectors.hands_of(motion))
    if request.method == "POST" and form.is_valid():
        try:
            services.record_hands(pk, form.choices, by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The show of hands is on record; it can be corrected until the count."))
            return redirect(motion.page)
    context = {"form": form, "ballot": ballot, "motion": motion, "resolution": ballot.resolution}
    return render(request, "secretariat/ballot_hands.html", context, status=422 if form.errors else 200)


@form_page
@once
def ballot_close(request, pk):
    """Ask once more, then count."""
    ballot, motion = find_ballot(request, pk)
    kept(request, ballot.resolution)
    if not motion.is_open:
        return _over(request, ballot, motion)
    refusal = ""
    if request.method == "POST":
        try:
            counted = services.close_ballot(pk, by=request.user)
        except RuleBroken as broken:
            refusal = str(broken)
        else:
            _tell(request, counted)
            return redirect(motion.page)
    context = {"ballot": ballot, "motion": motion, "resolution": ballot.resolution, "refusal": refusal}
    return render(request, "secretariat/ballot_close.html", context, status=422 if refusal else 200)


def _tell(request, ballot):
    if ballot.status == Ballot.Status.VOID:
        messages.error(request, str(services.SEAL_BROKEN))
    elif ballot.status == Ballot.Status.TIED:
        messages.warning(request, _("Equal votes: the chair gives the casting vote."))
    elif ballot.verdict == Ballot.Verdict.CARRIED:
        messages.success(request, _("Carried: the resolution is adopted and has its number."))
    else:
        messages.success(request, _("Not carried: it is on record that the motion was not adopted."))


@form_page
@once
def ballot_break_off(request, pk):
    """Let a vote count for nothing, with the reason; the motion can be voted on anew."""
    ballot, motion = find_ballot(request, pk)
    kept(request, ballot.resolution)
    if not (motion.is_open or motion.is_tied):
        return _over(request, ballot, motion)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.break_off(pk, form.cleaned_data["why"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The vote is broken off and counts for nothing."))
            return redirect(motion.page)
    context = {"form": form, "ballot": ballot, "motion": motion, "resolution": ballot.resolution}
    return render(request, "secretariat/ballot_break_off.html", context, status=422 if form.errors else 200)


@form_page
@once
def ballot_casting(request, pk):
    """At equal votes: the chair's word; or, from who keeps the papers, that the chair gives none."""
    ballot, motion = find_ballot(request, pk)
    is_chair = motion.seat is not None and motion.seat.role == "chair" and motion.seat.user_id == request.user.pk
    if not (is_chair or motion.keeps):
        raise Http404
    if not motion.is_tied:
        return _over(request, ballot, motion)
    posted = request.POST if request.method == "POST" else None
    form = CastingForm(posted) if is_chair else ReasonForm(posted)
    if posted is not None and form.is_valid():
        try:
            if is_chair:
                counted = services.give_casting_vote(pk, form.cleaned_data["choice"], by=request.user)
            else:
                counted = services.settle_without_casting(pk, form.cleaned_data["why"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            _tell(request, counted)
            return redirect(matters.page_of(ballot.resolution))
    context = {"form": form, "ballot": ballot, "motion": motion, "resolution": ballot.resolution, "is_chair": is_chair}
    return render(request, "secretariat/ballot_casting.html", context, status=422 if form.errors else 200)
