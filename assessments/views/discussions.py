"""One disagreement: as officers moderate it, and as the members of the panel discuss it under their numbers."""

import functools

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from assessments import rules
from assessments.blindness import shown_to
from assessments.evidence import evidence_for
from assessments.forms.moderations import AgreedForm, MessageForm, ProposalForm, SettleForm
from assessments.models import Moderation
from assessments.selectors import moderations as selectors
from assessments.selectors.readers import still_judges
from assessments.services import discussions as services
from assessments.services.moderations import default_deadline
from assessments.views.readers import wait_page
from secretariat import persian
from secretariat.calendar import day_of
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import once
from secretariat.rules import is_officer
from secretariat.workflow import open_steps


def find_moderation(request, pk):
    rows = Moderation.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("entry__round", "entry__subject__agency", "settled_by"), pk=pk)


def staff_only(view):
    """Hand the disagreement in the place of its key to officers who may moderate it."""

    @functools.wraps(view)
    @never_cache
    def guarded(request, pk, *args, **kwargs):
        if not is_officer(request.user):
            raise Http404
        moderation = find_moderation(request, pk)
        if still_judges(request.user, moderation.entry.round):
            return wait_page(request, moderation.entry.round)
        if selectors.why_not_moderated_by(request.user, moderation):
            raise Http404
        return view(request, moderation, *args, **kwargs)

    return guarded


def _readers(view):
    """Hand over the disagreement and the reader's seat: his assignment where he is a member, None for the secretariat."""

    @functools.wraps(view)
    @never_cache
    def guarded(request, pk, *args, **kwargs):
        moderation = find_moderation(request, pk)
        seat = selectors.seat_of(request.user, moderation)
        if seat is None:
            if not is_officer(request.user):
                raise Http404
            if still_judges(request.user, moderation.entry.round):
                return wait_page(request, moderation.entry.round)
        return view(request, moderation, seat, *args, **kwargs)

    return guarded


@_readers
@require_safe
def moderation_detail(request, moderation, seat):
    """What was found, what was said and agreed, and what can be done; members read only what they are asked to discuss."""
    services.seen(moderation, by=request.user)
    return detail_page(request, moderation, seat)


def detail_page(request, moderation, seat, *, status=200, **forms):
    """The page, with forms that were refused in the place of fresh ones: say, settle, or (indicator id, form) of a point."""
    points = selectors.points_of(moderation, seat)
    place, refused = forms.get("point", (None, None))
    context = {
        "moderation": moderation,
        "round": moderation.entry.round,
        "entry": moderation.entry,
        "seat": seat,
        "points": [(point, refused if point.indicator.pk == place else _point_form(moderation, point, seat)) for point in points],
        "said": selectors.messages_of(moderation, seat),
        "say": forms.get("say") or MessageForm(points=points, by_secretariat=seat is None),
        "stands": forms.get("stands"),
    }
    if seat is None:
        context |= _for_staff(request, moderation, forms.get("settle"))
    else:
        shown = shown_to(seat)
        context |= {"evidence": evidence_for(moderation.entry.subject, blind=not shown.submitter), "own_sheet": seat}
    name = "assessments/moderation_detail.html" if seat is None else "assessments/moderation_panel.html"
    return render(request, name, context, status=status)


def _point_form(moderation, point, seat):
    if not moderation.is_discussed:
        return None
    return AgreedForm.of(point) if seat is None else ProposalForm(indicator=point.indicator)


def _for_staff(request, moderation, settle):
    refusal = selectors.why_not_moderated_by(request.user, moderation)
    steps = {} if refusal else open_steps(moderation, request.user)
    outcomes = selectors.open_outcomes(moderation) if "close" in steps else []
    return {
        "reasons": selectors.reasons_in_words(moderation),
        "former_reasons": moderation.reasons.exclude(gone_at=None).select_related("indicator"),
        "totals": selectors.totals_of([moderation.entry])[moderation.entry_id],
        "steps": steps,
        "refusal": refusal,
        "settle": settle or (SettleForm(outcomes=outcomes) if outcomes else None),
        "default_deadline": persian.short(day_of(default_deadline(moderation.entry.round))),
        "fittest": selectors.fittest(moderation.entry) if "summon" in steps else None,
        "summoned": moderation.summoned.select_related("assessor__user", "entry__round").order_by("pk"),
        "preview": selectors.preview(moderation) if moderation.is_discussed else None,
        "stored": _stored(moderation),
    }


def _stored(moderation):
    """The total with the agreed values as it was computed with the round's run; None before that."""
    if moderation.outcome != rules.Outcome.AGREED or moderation.entry.is_stale:
        return None
    return moderation.entry.moderated_scores.filter(run=moderation.entry.round.run_id).first()


# --- what is added -------------------------------------------------------------------------------


@_readers
@require_POST
@once
def moderation_say(request, moderation, seat):
    """Add a message to the discussion."""
    form = MessageForm(request.POST, points=selectors.points_of(moderation, seat), by_secretariat=seat is None)
    if form.is_valid():
        try:
            services.say(moderation.pk, form.cleaned_data["text"], by=request.user, indicator_id=form.cleaned_data["about"])
        except Moderation.DoesNotExist:
            raise Http404 from None
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            return redirect(f"{moderation.get_absolute_url()}#discussion")
    return detail_page(request, moderation, seat, status=422, say=form)


def _point(moderation, seat, pk):
    found = [point for point in selectors.points_of(moderation, seat) if point.indicator.pk == pk]
    if not found:
        raise Http404
    return found[0]


@_readers
@require_POST
@once
def moderation_propose(request, moderation, seat, indicator):
    """A member writes down what he would change his value to."""
    if seat is None:
        raise Http404
    point = _point(moderation, seat, indicator)
    form = ProposalForm(request.POST, indicator=point.indicator)
    if form.is_valid():
        said = form.cleaned_data
        try:
            services.propose(moderation.pk, indicator, said["value"], said["why"], by=request.user)
        except Moderation.DoesNotExist:
            raise Http404 from None
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            return redirect(f"{moderation.get_absolute_url()}#p-{indicator}")
    return detail_page(request, moderation, seat, status=422, point=(indicator, form))


@staff_only
@require_POST
@once
def moderation_agree(request, moderation, indicator):
    """The moderator writes down what the panel agreed on for an indicator."""
    point, stands = _point(moderation, None, indicator), None
    form = AgreedForm.of(point, request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            services.agree(moderation.pk, indicator, said["value"], said["comment"], by=request.user, seen=said["seen"])
        except Moderation.DoesNotExist:
            raise Http404 from None
        except Stale as stale:
            form.add_error(None, stale.message)
            stands = indicator
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            return redirect(f"{moderation.get_absolute_url()}#p-{indicator}")
    return detail_page(request, moderation, None, status=422, point=(indicator, form), stands=stands)

