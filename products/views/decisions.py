"""The council's pages: what is before it, the board of a resolution, proposals, record of attendance and votes, grant."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from assessments.models import Round
from assessments.rules import SETTLED_ROUNDS
from products.forms.marks import PlaceForm, ProposalForm, WhyForm
from products.models import QualityMark
from products.selectors import council_evidence
from products.selectors import marks as selectors
from products.selectors.renewals import standings
from products.services import marks
from secretariat import calendar
from secretariat.errors import RuleBroken, refusals_told
from secretariat.gate import once
from secretariat.models import Resolution, Seat
from secretariat.rules import ResolutionStatus, is_officer
from secretariat.services import ballots
from secretariat.typed import whole
from secretariat.views.motions import voting_part
from secretariat.workflow import open_steps


def _resolution(request, pk):
    resolutions = Resolution.objects.visible_to(request.user).filter(kind=Resolution.Kind.GRANT_MARKS)
    return get_object_or_404(resolutions.select_related("council", "meeting__council", "agenda_item"), pk=pk)


def asked_round(request):
    """(settled rounds, the newest first; the one that the address asks for, the newest without it)."""
    rounds = Round.objects.filter(status__in=SETTLED_ROUNDS).order_by("-deadline", "-pk")
    asked = whole(request.GET.get("round"), None)
    return rounds, rounds.first() if asked is None else get_object_or_404(rounds, pk=asked)


def _all_valid(forms):
    # Every form is asked, so that every mistake is shown at once.
    return all([form.is_valid() for form in list(forms)])  # noqa: C419


@require_safe
def decision_board(request, pk):
    """All that a council needs to decide: the products with scores, intervals, thresholds, gates, ties; quorum and votes."""
    resolution = _resolution(request, pk)
    rows = selectors.board(resolution)
    user, draft = request.user, resolution.status == ResolutionStatus.DRAFT
    waiting = [row for row in rows if row.mark.status == "proposed"]
    voting = voting_part(request, resolution)
    motion, keeps = voting["motion"], selectors.may_decide(user, resolution)
    withheld = list(resolution.withheld.select_related("product__agency", "product__kind"))
    opened = {place.product.pk for place in council_evidence.opened_on(resolution, user)}
    aside = [] if opened else council_evidence.why_aside(resolution, user)
    return render(
        request,
        "products/decision_board.html",
        {
            "resolution": resolution,
            "rows": rows,
            "plot": [
                {
                    "label": row.mark.product.title,
                    "value": row.mark.score_value,
                    "low": row.mark.score_low,
                    "high": row.mark.score_high,
                    "n": row.mark.score.raters,
                }
                for row in rows
            ],
            **voting,
            "withheld": withheld,
            "opened": opened,
            "aside": aside,
            "closed": "" if opened or aside else council_evidence.when_open(resolution, user),
            "untold": resolution.status == ResolutionStatus.ADOPTED and keeps and any(row.told_at is None for row in withheld),
            "may_propose": draft and motion.ballot is None and (is_officer(user) or keeps),
            "may_record": draft and keeps and not motion.is_tied,
            "may_grant": resolution.status == ResolutionStatus.ADOPTED and waiting and selectors.may_grant(user, resolution),
            "admin_url": reverse("admin:secretariat_resolution_change", args=[resolution.pk]) if keeps else "",
        },
    )


@once
@require_http_methods(["GET", "HEAD", "POST"])
def mark_propose(request, pk):
    """Put products of a settled round before the council, each at the level its score reaches unless said otherwise."""
    resolution = _resolution(request, pk)
    if not (is_officer(request.user) or selectors.may_decide(request.user, resolution)):
        raise Http404
    rounds, round_ = asked_round(request)
    found = selectors.candidates(resolution, round_) if round_ else []
    posted = request.POST if request.method == "POST" else None
    rows = [
        (
            one,
            ProposalForm(
                posted, prefix=f"p{one.product.pk}", initial={"level": one.level or "" if one.is_ready and not one.living else ""}
            ),
        )
        for one in found
    ]
    refusal = ""
    if posted is not None and _all_valid(form for _one, form in rows):
        try:
            count = _propose_all(resolution, rows, request.user)
        except RuleBroken as refused:
            refusal = str(refused)
        else:
            if count:
                messages.success(
                    request,
                    ngettext("%(n)s product was proposed.", "%(n)s products were proposed.", count)
                    % {"n": calendar.digits(count)},
                )
                return redirect("decision_board", pk)
            refusal = _("Choose a level for at least one product.")
    return render(
        request,
        "products/mark_propose.html",
        {"resolution": resolution, "rounds": rounds[:50], "round": round_, "rows": rows, "refusal": refusal},
        status=200 if posted is None else 400,
    )


@transaction.atomic
def _propose_all(resolution, rows, user):
    count = 0
    for one, form in rows:
        level = form.cleaned_data["level"]
        if not level:
            continue
        try:
            marks.propose(resolution.pk, one.product.pk, level, by=user, reason=form.cleaned_data["reason"])
        except RuleBroken as refused:
            form.add_error("reason" if refused.field == "below_threshold_reason" else "level", refused.message)
            raise RuleBroken(f"“{one.product}”: {refused}") from refused
        count += 1
    return count


@once
@require_http_methods(["GET", "HEAD", "POST"])
def resolution_record(request, pk):
    """Attendance and votes of one resolution on one page; who is tied to a product is marked recused beforehand."""
    resolution = _resolution(request, pk)
    if not selectors.may_decide(request.user, resolution):
        raise Http404
    posted = request.POST if request.method == "POST" else None
    rows = []
    for place in selectors.table(resolution):
        initial = {"present": place.present, "choice": place.choice or ("recused" if place.ties and place.seat.votes else "")}
        rows.append((place, PlaceForm(posted, prefix=f"seat-{place.seat.pk}", initial=initial)))
    refusal = ""
    if posted is not None and _all_valid(form for _place, form in rows):
        try:
            _record(resolution, rows, request.user)
        except RuleBroken as refused:
            refusal = str(refused)
            for place, form in rows:
                if refused.field == f"seat-{place.seat.pk}":
                    form.add_error("choice", refused.message)
        else:
            messages.success(request, _("Attendance and votes were recorded."))
            return redirect("decision_board", pk)
    return render(
        request,
        "products/resolution_record.html",
        {
            "resolution": resolution,
            "rows": rows,
            "refusal": refusal,
            "observer": Seat.Role.OBSERVER,
            "any_ties": any(place.ties for place, _form in rows),
        },
        status=200 if posted is None else 400,
    )


def _record(resolution, rows, user):
    presence = {place.seat.pk: form.cleaned_data["present"] for place, form in rows}
    votes = {}
    for place, form in rows:
        choice = form.cleaned_data["choice"] if place.seat.votes else ""
        # A suggested recusal of somebody who did not come is no vote.
        if choice == "recused" and not presence[place.seat.pk]:
            choice = ""
        if place.seat.votes:
            votes[place.seat.pk] = choice
    ballots.record(resolution.pk, presence, votes, by=user)


@once
@require_http_methods(["GET", "HEAD", "POST"])
def mark_grant(request, pk):
    """Grant all that an adopted resolution decided, after one confirmation; all or none."""
    resolution = _resolution(request, pk)
    if not selectors.may_grant(request.user, resolution) or resolution.status != ResolutionStatus.ADOPTED:
        raise Http404
    rows = [row for row in selectors.board(resolution) if row.mark.status == "proposed"]
    refusal = ""
    if request.method == "POST":
        try:
            granted = marks.grant_all(pk, by=request.user, publish=bool(request.POST.get("publish")))
        except RuleBroken as refused:
            refusal = str(refused)
        else:
            count = len(granted)
            messages.success(
                request,
                ngettext("%(n)s mark was granted.", "%(n)s marks were granted.", count) % {"n": calendar.digits(count)},
            )
            return redirect("decision_board", pk)
    return render(
        request,
        "products/mark_grant.html",
        {"resolution": resolution, "rows": rows, "refusal": refusal, "blocked": any(row.obstacles for row in rows)},
        status=400 if refusal else 200,
    )


MOVES = {"drop": marks.drop, "suspend": marks.suspend, "restore": marks.restore, "revoke": marks.revoke}


@once
@require_http_methods(["GET", "HEAD", "POST"])
def mark_move(request, pk, action):
    """Take a proposal back, suspend, restore or revoke a mark: with a reason, after a confirmation."""
    mark = get_object_or_404(selectors.whole_marks().visible_to(request.user), pk=pk)
    if action not in MOVES or action not in open_steps(mark, request.user):
        raise Http404
    form = WhyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            MOVES[action](pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as refused:
            form.add_error(refused.field, refused.message)
        else:
            messages.success(request, _("Done. The change is on record."))
            return redirect("mark_detail", pk)
    context = {"mark": mark, "action": action, "step": mark.MOVES[action], "form": form}
    return render(request, "products/mark_move.html", context, status=400 if form.is_bound else 200)


@once
@require_http_methods(["GET", "HEAD", "POST"])
def mark_detail(request, pk):
    """A mark for those who keep it: its decision, its trail, and what may be done; a silent one can be published here."""
    mark = get_object_or_404(selectors.whole_marks().visible_to(request.user), pk=pk)
    keeps = selectors.may_grant(request.user, mark.resolution)
    if not (
        keeps or is_officer(request.user) or Resolution.objects.visible_to(request.user).filter(pk=mark.resolution_id).exists()
    ):
        raise Http404
    may_publish = keeps and mark.status == QualityMark.Status.GRANTED and not mark.published_at
    if request.method == "POST":
        if not may_publish:
            raise Http404
        with refusals_told(request):
            marks.publish(pk, by=request.user)
            messages.success(request, _("The mark is public now, and the agency was told."))
        return redirect("mark_detail", pk)
    steps = {action: step for action, step in open_steps(mark, request.user).items() if action in MOVES}
    context = {"mark": mark, "steps": steps, "may_publish": may_publish, "moves": mark.moves.select_related("by")}
    context["renewal"] = standings([mark], request.user).get(mark.pk)
    aside = council_evidence.why_aside(mark.resolution, request.user)
    return render(
        request, "products/mark_detail.html", {**context, "why": None if aside else selectors.evidence_for(mark, request.user)}
    )
