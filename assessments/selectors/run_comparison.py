"""The computations of a round that are kept, and what two of them differ in."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.db.models import Case, Count, F, FilteredRelation, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Abs
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from assessments.forms.rounds import listed
from assessments.models import Entry, Score, ScoringRun
from assessments.scoring import whatif
from assessments.selectors.standing import sought
from assessments.selectors.whatif import Row
from assessments.selectors.whatif_verdict import changes
from secretariat.templatetags.portal_text import num

# What may happen to a round between two computations, in words; steps of the round itself have their own.
HAPPENED = {
    "exclude": gettext_lazy("left out of the results"),
    "include": gettext_lazy("taken back into the results"),
    "set_aside": pgettext_lazy("of an assessor", "ratings set aside"),
    "take_back": pgettext_lazy("of an assessor", "ratings counted again"),
}


def runs_of(round_):
    """All runs of a round that are still there, each with `later`: when the one that took its place began."""
    later = ScoringRun.objects.filter(supersedes=OuterRef("pk"), status=ScoringRun.Status.DONE).order_by("pk")
    runs = ScoringRun.objects.filter(round=round_).select_related("asked_by")
    return runs.annotate(later=Subquery(later.values("started_at")[:1]))


def comparable(round_, most=60):
    """The finished runs of a round, the newest first."""
    return list(ScoringRun.objects.filter(round=round_, status=ScoringRun.Status.DONE).order_by("-pk")[:most])


@dataclass
class Difference:
    """One thing in which the inputs of two runs differ."""

    label: str
    before: str
    after: str


class Compared:
    """Two runs of one round, the earlier one first."""

    def __init__(self, round_, one, other):
        self.round = round_
        self.before, self.after = sorted((one, other), key=lambda run: run.pk)
        self._sought = {run.pk: self._places(run) for run in (self.before, self.after)}

    @staticmethod
    def _places(run):
        """{part: how many of it are sought}."""
        ranked = Score.objects.filter(run=run, part=None, indicator=None, rank__isnull=False)
        sizes = ranked.values_list("component").annotate(Count("pk")).order_by()
        return {part: sought(run, size) for part, size in sizes}

    # -- the products

    def entries(self):
        """The entries that stand in either run, with both figures: `first_…` and `second_…`, `change` and its `size`."""
        entries = Entry.objects.filter(round=self.round).select_related("subject__agency")
        for name, run in (("first", self.before), ("second", self.after)):
            total = Q(scores__run=run, scores__part=None, scores__indicator=None)
            entries = entries.annotate(**{f"{name}_total": FilteredRelation("scores", condition=total)})
            ranked = Q(**{f"{name}_total__rank__isnull": False})
            entries = entries.annotate(
                **{
                    f"{name}_score": Case(When(ranked, then=F(f"{name}_total__value"))),
                    f"{name}_rank": F(f"{name}_total__rank"),
                    f"{name}_part": F(f"{name}_total__component"),
                }
            )
        entries = entries.filter(Q(first_rank__isnull=False) | Q(second_rank__isnull=False))
        change = F("second_score") - F("first_score")
        return entries.annotate(change=change, size=Abs(change), moved=Abs(F("second_rank") - F("first_rank")))

    def row(self, entry):
        """An entry of `entries` as a Row."""
        bands = [self._band(run, score) for run, score in ((self.before, entry.first_score), (self.after, entry.second_score))]
        was = self._is_sought(self.before, entry.first_part, entry.first_rank)
        now = self._is_sought(self.after, entry.second_part, entry.second_rank)
        ranks = entry.first_rank, entry.second_rank
        return Row(entry, entry.first_score, entry.second_score, *ranks, *bands, now and not was, was and not now)

    @staticmethod
    def _band(run, score):
        cuts = run.summary.get("cuts", [])
        return None if score is None else len(cuts) - bisect_right(cuts, score)

    def _is_sought(self, run, part, rank):
        return rank is not None and rank <= self._sought[run.pk].get(part, 0)

    def other_band(self):
        """A condition of `entries`: in another band, counted from the uppermost."""
        before, after = (_band_case(name, run) for name, run in (("first", self.before), ("second", self.after)))
        return Q(first_score__isnull=False, second_score__isnull=False) & ~Q(Exact(before, after))

    def other_side(self):
        """A condition of `entries`: comes in among those sought, or leaves."""
        was, now = (self._sought_condition(name, run) for name, run in (("first", self.before), ("second", self.after)))
        return (was & ~now) | (now & ~was)

    def _sought_condition(self, name, run):
        within = Q(pk__in=[])
        for part, places in self._sought[run.pk].items():
            within |= Q(**{f"{name}_part": part, f"{name}_rank__lte": places, f"{name}_rank__isnull": False})
        return within

    # -- the whole

    @cached_property
    def rows(self):
        """Every product as a Row, in the order of the later ranks."""
        rows = [self.row(entry) for entry in self.entries()]
        return sorted(rows, key=lambda row: (row.rank_after is None, row.rank_after, row.rank_before or 0, row.entry.pk))

    @property
    def tops(self):
        return tuple(run.summary.get("top", 0) for run in (self.before, self.after))

    @cached_property
    def comparison(self):
        """Kendall's τ and the share of pairs that turned round, as scoring.whatif tells them."""
        rows = self.rows
        scores = [
            np.array([np.nan if v is None else v for v in values], dtype=float) for values in _columns(rows, "before", "after")
        ]
        parts = [
            np.array([part or 0 for part in values], dtype=int)
            for values in zip(*((row.entry.first_part, row.entry.second_part) for row in rows), strict=True)
        ] or [np.empty(0, dtype=int)] * 2
        return Agreement(*whatif.agreement(*scores, *parts))

    @property
    def sentences(self):
        """What changed, in plain sentences, the most important first."""
        return changes(self)

    @property
    def is_same(self):
        """Nothing that is decided by would be otherwise."""
        return not any(row.enters or row.leaves or row.other_band or row.places is None for row in self.rows)

    @property
    def largest(self):
        return max((abs(row.delta) for row in self.rows if row.delta is not None), default=0.0)

    # -- the inputs

    @property
    def same_inputs(self):
        return self.before.inputs_hash == self.after.inputs_hash

    @property
    def differences(self):
        """What the two were computed from and how, where it differs."""
        lines = [
            Difference(label, words(self.before.summary), words(self.after.summary))
            for label, words in (
                (_("Products in the ranking"), _figure("products")),
                (_("Assessors"), _figure("assessors")),
                (_("Sheets"), _figure("sheets")),
                (_("Ratings"), _figure("ratings")),
                (_("Products sought"), _figure("top")),
                (_("Bands begin at"), lambda summary: listed(summary.get("cuts", []))),
            )
        ] + [
            Difference(_("Method"), self.before.get_method_display(), self.after.get_method_display()),
            Difference(_("Version of the method"), self.before.algorithm, self.after.algorithm),
            Difference(_("Parts that cannot be compared"), num(self.before.component_count), num(self.after.component_count)),
        ]
        return [line for line in lines if line.before != line.after]

    @property
    def happened(self):
        """(move, words) of what was done to the round between the two, the oldest first."""
        moves = self.round.moves.filter(at__gt=self.before.started_at, at__lte=self.after.started_at)
        steps = self.round.MOVES
        return [
            (move, HAPPENED.get(move.action) or (steps[move.action].label if move.action in steps else move.action))
            for move in moves.select_related("by").order_by("at", "pk")
            if move.action in HAPPENED or move.action in steps
        ]


@dataclass(frozen=True)
class Agreement:
    """How far two orders agree; see scoring.whatif.agreement."""

    tau: float
    reversed_share: float


def _figure(name):
    return lambda summary: num(summary.get(name) or 0)


def _columns(rows, *names):
    return ([getattr(row, name) for row in rows] for name in names)


def _band_case(name, run):
    """The band of a score in SQL, 0 for the uppermost."""
    cuts = run.summary.get("cuts", [])
    reached = [When(**{f"{name}_score__gte": cut}, then=Value(place)) for place, cut in enumerate(reversed(cuts))]
    return Case(*reached, default=Value(len(cuts)), output_field=IntegerField())
