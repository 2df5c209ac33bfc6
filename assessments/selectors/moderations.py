"""A disagreement as it is read: by officers with its grounds, by the members of a panel only what they are asked to discuss."""

from dataclasses import dataclass, field

import numpy as np
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import rules
from assessments.forms.assessments import Answer
from assessments.models import (
    Assignment,
    Indicator,
    ModeratedRating,
    Moderation,
    ModerationMember,
    ModerationReason,
    Proposal,
    Rating,
    Round,
    SetAside,
)
from assessments.scoring import disagreement
from assessments.selectors.assessments import spoken, workable
from assessments.selectors.readers import still_judges
from assessments.selectors.rounds import candidates
from assessments.selectors.score_inputs import entries_inputs, panel_inputs
from secretariat.calendar import digits
from secretariat.templatetags.portal_text import num

Status, Outcome, Kind = rules.ModerationStatus, rules.Outcome, ModerationReason.Kind
# How many indicators are proposed for discussion where only the totals lie apart.
MOST_PROPOSED = 5
MOST_TITLES = 3  # of indicators, named in one cell of the list


# --- who may -------------------------------------------------------------------------------------


def why_not_moderated_by(user, moderation):
    """A sentence saying why this officer must leave the disagreement to a colleague, or None."""
    if still_judges(user, moderation.entry.round):
        return _("You still have to judge in this round yourself.")
    if moderation.entry.assignments.active().filter(assessor__user=user).exists():
        return _("Nobody moderates a panel that he sits on: ask a colleague.")
    return None


def seat_of(user, moderation):
    """The assignment under whose number `user` takes part in the discussion, or None."""
    seats = workable(user).filter(
        status=rules.AssignmentStatus.SUBMITTED, memberships__moderation=moderation, entry=moderation.entry_id
    )
    return seats.select_related("entry__round").first()


def asked_to_discuss(user):
    """The discussions that run and ask for the opinion of `user`, the oldest first."""
    mine = ModerationMember.objects.of(user).filter(assignment__in=workable(user))
    running = Moderation.objects.filter(pk__in=mine.values("moderation"), status=Status.CONSENSUS)
    spoke = Exists(Proposal.objects.filter(moderation=OuterRef("pk"), by=user))
    return running.select_related("entry__subject", "entry__round").annotate(has_proposed=spoke).order_by("pk")


# --- what can be done ----------------------------------------------------------------------------


def counted(entry):
    """The assignments whose assessments enter the scores of an entry."""
    aside = SetAside.objects.filter(round=entry.round_id, ended_at=None).values("assessor")
    return entry.assignments.filter(status=rules.AssignmentStatus.SUBMITTED).exclude(assessor__in=aside).order_by("alias")


def fittest(entry):
    """The candidate who is asked first about one more assessment: nobody who was ever asked about it. None: there is none."""
    return next((one for one in candidates(entry) if one.refusal is None and one.former is None), None)


def askable(entry):
    """{id: Indicator} of what a panel can discuss, in the order of the sheet."""
    rows = Indicator.objects.filter(version__sheet_parts__sheet=entry.sheet_id, scale__isnull=False, rater=Indicator.Rater.EXPERT)
    return {row.pk: row for row in rows.select_related("scale").order_by("version__sheet_parts__position", "position", "pk")}


@dataclass
class Wide:
    """An indicator that could be discussed, with how far the panel lies apart on it."""

    indicator: Indicator
    gap: float
    weighed: float  # what that means for the total, points
    is_asked: bool  # by rule: beyond the limit, or among those that make the totals differ most


def widest(moderation):
    """The indicators on which the panel differs at all, the widest first; those that the rule asks for are marked."""
    group, layout, _assessors = panel_inputs(moderation.entry)
    gaps, weighed = disagreement.gaps(group).leaves, disagreement.weighed(group)
    if not gaps.shape[1]:
        return []
    rows = {pk: (float(gaps[row, 0]), float(weighed[row, 0])) for pk, row in layout.leaf_rows.items()}
    by_rule = set(moderation.reasons.filter(kind=Kind.INDICATOR, gone_at=None).values_list("indicator", flat=True))
    if not by_rule:
        by_rule = set(sorted((pk for pk in rows if rows[pk][1] > 0), key=lambda pk: (-rows[pk][1], pk))[:MOST_PROPOSED])
    found = [
        Wide(indicator, *rows[pk], pk in by_rule) for pk, indicator in askable(moderation.entry).items() if rows[pk][0] > 0
    ]
    return sorted(found, key=lambda one: (-one.gap, -one.weighed, one.indicator.pk))


def why_not_settled_with(moderation, outcome):
    """A sentence saying why a living disagreement cannot be settled so, or None."""
    if outcome == Outcome.AGREED:
        if moderation.status != Status.CONSENSUS:
            return _("A panel agrees only in a discussion.")
        open_points = moderation.points.exclude(indicator__in=moderation.ratings.values("indicator")).select_related("indicator")
        if missing := [str(point.indicator.title) for point in open_points]:
            return _("Write the agreed value of each indicator first: %(titles)s.") % {"titles": "، ".join(missing)}
    if outcome == Outcome.THIRD and not has_further_judgement(moderation):
        return _("One more assessor has not submitted an assessment.")
    return None


def has_further_judgement(moderation):
    return (
        moderation.status == Status.THIRD and moderation.summoned.filter(status=rules.AssignmentStatus.SUBMITTED).exists()
    )


def open_outcomes(moderation):
    """With what it could be settled now: (value, words) pairs."""
    return [choice for choice in Outcome.choices if why_not_settled_with(moderation, choice[0]) is None]


# --- the list ------------------------------------------------------------------------------------


def moderations_of(round_):
    """The disagreements of a round, with the gaps that hold and what is awaited of the further assessor."""
    status = rules.AssignmentStatus

    def summoned(*statuses):
        return Count("summoned", filter=Q(summoned__status__in=statuses), distinct=True)

    return (
        Moderation.objects.filter(entry__round=round_)
        .select_related("entry__subject", "entry__round", "settled_by")
        .prefetch_related("reasons__indicator")
        .annotate(
            awaited=summoned(*rules.PENDING_ASSIGNMENTS),
            judged=summoned(status.SUBMITTED),
            said=Count("messages", distinct=True),
        )
    )


def holder(moderation):
    """Who holds it now, in words; "" where nobody does."""
    if moderation.status == Status.RAISED:
        return _("the secretariat")
    if moderation.status == Status.THIRD:
        return _("the further assessor") if moderation.awaited else _("the secretariat")
    return _("the panel and the secretariat") if moderation.status == Status.CONSENSUS else ""


def totals_of(entries):
    """{entry id: [(alias, total), …]} of the counted assessors' totals, by alias; in a constant number of queries."""
    entries = list(entries)
    if not entries:
        return {}
    groups, _layouts, assessors = entries_inputs(entries)
    alias = dict(_alias_pairs(Assignment.objects.filter(entry__in=entries)))
    found = {entry.pk: [] for entry in entries}
    for group in groups:
        totals = group.values()[0][0]
        for column, total in enumerate(totals.tolist()):
            entry, assessor = entries[group.product[column]].pk, int(assessors[group.assessor[column]])
            if not np.isnan(total):
                found[entry].append((alias[entry, assessor], total))
    return {entry: sorted(pairs) for entry, pairs in found.items()}


def _alias_pairs(assignments):
    return (((entry, assessor), alias) for entry, assessor, alias in assignments.values_list("entry", "assessor", "alias"))


def shown_points(gap):
    """Whole points as they are, others with one decimal."""
    return num(round(gap)) if abs(gap - round(gap)) < 0.05 else num(gap, 1)


def reasons_in_words(moderation):
    """What was found, one sentence a reason: those that hold, or, once it is over, those that held at the end."""
    rows = [row for row in moderation.reasons.all() if row.gone_at is None]
    total = next((row for row in rows if row.kind == Kind.TOTAL), None)
    of_indicators = sorted((row for row in rows if row.kind == Kind.INDICATOR), key=lambda row: -row.gap)
    words = []
    if total:
        words.append(_("The totals lie %(points)s points apart.") % {"points": shown_points(total.gap)})
    words += [
        _("“%(title)s”: %(points)s points apart.") % {"title": row.indicator.title, "points": shown_points(row.gap)}
        for row in of_indicators[:MOST_TITLES]
    ]
    if (rest := len(of_indicators) - MOST_TITLES) > 0:
        words.append(
            ngettext("And on %(count)s more indicator.", "And on %(count)s more indicators.", rest) % {"count": digits(rest)}
        )
    words += [_("A question: %(question)s.") % {"question": row.get_flag_display()} for row in rows if row.kind == Kind.FLAG]
    return words or [_("Nothing reaches the limits of the round any more.")]


def living_count(round_):
    """How many disagreements keep the scores of a round from being fixed."""
    return Moderation.objects.holding(round_).count()


def rounds_with_disagreements(user):
    """Rounds in which disagreements wait for the secretariat, each with their number as `disputed`."""
    ranked = {"entries__excluded_at": None, "entries__is_calibration": False}
    waiting = Q(entries__moderations__status__in=rules.LIVING_MODERATIONS, **ranked)
    rounds = Round.objects.visible_to(user).filter(status__in=rules.MODERATED_ROUNDS)
    counted = rounds.annotate(disputed=Count("entries__moderations", filter=waiting, distinct=True)).filter(disputed__gt=0)
    return counted.order_by("-created_at", "-pk")  # said again: grouped rows are given in no order


# --- one of them ---------------------------------------------------------------------------------


@dataclass
class Value:
    """A value on an indicator in words and on 0–100."""

    said: tuple  # (number or None, word)
    share: float | None

    @property
    def shown(self):
        """The share as it is printed."""
        return "–" if self.share is None else shown_points(self.share)

    @classmethod
    def of(cls, indicator, state, value, comment=""):
        answer = Answer(state, value, comment)
        return cls(spoken(answer, indicator.scale), None if value is None else float(indicator.scale.share(value)))


@dataclass
class Seat:
    """What one assessor said on one indicator, under his number."""

    alias: int
    is_own: bool
    value: Value
    comment: str = ""
    proposal: Value | None = None
    why: str = ""  # of the proposal

    @property
    def label(self):
        return assessor_words(self.alias, self.is_own)


def assessor_words(alias, is_own=False):
    words = _("Assessor %(n)s") % {"n": digits(alias)}
    return _("%(assessor)s (you)") % {"assessor": words} if is_own else words


@dataclass
class Point:
    """One indicator in question."""

    indicator: Indicator
    seats: list = field(default_factory=list)
    agreed: ModeratedRating | None = None  # the last word
    agreed_value: Value | None = None
    earlier: list = field(default_factory=list)  # (ModeratedRating, Value) before it, the newest first

    @property
    def rated(self):
        return [seat.value.share for seat in self.seats if seat.value.share is not None]

    @property
    def gap(self):
        """How far the values lie apart, in words; "" where fewer than two were rated."""
        return shown_points(max(self.rated) - min(self.rated)) if len(self.rated) > 1 else ""

    @property
    def mean(self):
        return sum(self.rated) / len(self.rated) if self.rated else None

    @property
    def dots(self):
        """For the picture: (label, where on 0–100, what it is)."""
        drawn = [(digits(seat.alias), seat.value.share, "own" if seat.is_own else "given") for seat in self.seats]
        if self.agreed_value is not None:
            drawn.append(("", self.agreed_value.share, "agreed"))
        return [dot for dot in drawn if dot[1] is not None]


def ratings_on(entry, indicator):
    """The values that the counted assessors of an entry gave on one indicator, by number; None where there is none."""
    rows = Rating.objects.filter(assessment__assignment__in=counted(entry), indicator=indicator)
    return list(rows.order_by("assessment__assignment__alias").values_list("value", flat=True))


def points_of(moderation, own=None):
    """The indicators in question with what the panel said on them: what it was asked to discuss, before that what was found."""
    asked = list(moderation.points.values_list("indicator", flat=True))
    if not asked and own is None:
        reasons = moderation.reasons.filter(kind=Kind.INDICATOR)
        asked = list((reasons.filter(gone_at=None) if moderation.is_living else reasons).values_list("indicator", flat=True))
    found = {pk: Point(row) for pk, row in askable(moderation.entry).items() if pk in set(asked)}
    panel = dict(counted(moderation.entry).values_list("pk", "alias"))
    proposals = {}
    for row in Proposal.objects.filter(moderation=moderation, assignment__in=panel).order_by("pk"):
        proposals[row.assignment_id, row.indicator_id] = row
    said = Rating.objects.filter(assessment__assignment__in=panel, assessment__submitted_at__isnull=False, indicator__in=found)
    for seat, indicator, *answer in said.order_by("assessment__assignment__alias").values_list(
        "assessment__assignment", "indicator", "state", "value", "comment"
    ):
        found[indicator].seats.append(_seat(found[indicator].indicator, seat, panel, own, answer, proposals))
    for rating in moderation.ratings.select_related("by").order_by("pk"):
        point = found[rating.indicator_id]
        if point.agreed is not None:
            point.earlier.insert(0, (point.agreed, point.agreed_value))
        point.agreed, point.agreed_value = rating, Value.of(point.indicator, rating.state, rating.value)
    return list(found.values())


def _seat(indicator, assignment, panel, own, answer, proposals):
    made = Seat(
        panel[assignment], own is not None and assignment == own.pk, Value.of(indicator, *answer[:2]), comment=answer[2]
    )
    if proposal := proposals.get((assignment, indicator.pk)):
        made.proposal, made.why = Value.of(indicator, proposal.state, proposal.value), proposal.why
    return made


@dataclass
class Said:
    """One message of a discussion; nothing in it names anybody."""

    speaker: str
    is_own: bool
    is_secretariat: bool
    text: str
    at: object
    about: str = ""


def messages_of(moderation, own=None):
    """What was said, in order, under numbers; the secretariat is called so whoever spoke for it."""
    said = []
    for row in moderation.messages.select_related("assignment", "indicator").order_by("pk"):
        is_own = own is not None and row.assignment_id == own.pk
        speaker = _("Secretariat") if row.assignment_id is None else assessor_words(row.assignment.alias, is_own)
        said.append(
            Said(speaker, is_own, row.assignment_id is None, row.text, row.at, row.indicator.title if row.indicator else "")
        )
    return said


@dataclass
class Preview:
    """What agreed values would make of the panel's mean."""

    mean: float
    value: float | None

    @property
    def change(self):
        return None if self.value is None else self.value - self.mean


def preview(moderation):
    """The total as it would be with what has been written down so far, or None: it is not stored before it is agreed."""
    last = {row.indicator_id: row for row in moderation.ratings.order_by("number")}
    if not last:
        return None
    group, layout, _assessors = panel_inputs(moderation.entry)
    states = {"scored": disagreement.SCORED, "na": disagreement.NOT_APPLICABLE}
    agreed = {
        layout.leaf_rows[pk]: (states[row.state], 0 if row.value is None else int(row.value * disagreement.SCALE))
        for pk, row in last.items()
    }
    made = disagreement.agreed_totals(group, {0: agreed}).get(0)
    return made and Preview(made.mean, None if np.isnan(made.value) else made.value)


