"""What filling a round's panels rests on: who may judge what, with how much room and how well, as matrices. Constant queries."""

from dataclasses import dataclass, field

import numpy as np
from django.db.models import Q

from assessments import rules
from assessments.models import Assessor, Assignment, SetAside
from assessments.scoring.filling import Wish
from assessments.selectors.affinity import affinity
from assessments.selectors.rounds import assessors_with_load, barred_from, insiders

CHOSEN_BY = ("sets", "fields", "provinces")


@dataclass
class PanelInputs:
    """A round as the filling takes it: rows are `entries`, columns `assessors`. Pairs that stand are `existing`."""

    entries: list
    assessors: list  # active ones, and whoever stands in a panel
    taking_part: np.ndarray  # who may be given more
    conflicted: np.ndarray
    answered: np.ndarray  # pairs that stand, or stood until somebody declined or was taken off
    affinity: np.ndarray
    existing: np.ndarray  # pairs of positions
    room: np.ndarray  # how many more products each takes today
    row: dict = field(default_factory=dict)  # by the entry's key
    column: dict = field(default_factory=dict)  # by the assessor's key

    def wish(self, *, sizes, floor=None, ceiling=None, kept=(), barred=(), price=1.0, seed=0):
        """The task for scoring.filling; `kept` and `barred` are (entry key, assessor key) pairs of a draft."""
        kept = [self.position(pair) for pair in kept if self.knows(pair)]
        existing = np.array([*map(tuple, self.existing.tolist()), *kept], dtype=int).reshape(-1, 2)
        existing = np.unique(existing, axis=0)
        had, there = self._loads(self.existing), self._loads(existing)
        capacity = np.maximum(had + self.room, there)
        if ceiling is not None:
            capacity = np.maximum(np.minimum(capacity, ceiling), there)
        closed = self.conflicted | self.answered | ~self.taking_part
        for pair in barred:
            if self.knows(pair):
                closed[self.position(pair)] = True
        return Wish(
            sizes=np.asarray(sizes),
            calibration=np.array([entry.is_calibration for entry in self.entries], dtype=bool),
            capacity=capacity,
            floor=np.where(self.taking_part, np.minimum(floor or 0, capacity), 0),
            closed=closed,
            affinity=self.affinity,
            existing=existing,
            price=price,
            seed=seed,
        )

    def knows(self, pair):
        return pair[0] in self.row and pair[1] in self.column

    def position(self, pair):
        return self.row[pair[0]], self.column[pair[1]]

    def keys(self, pairs):
        """(entry key, assessor key) of pairs of positions."""
        return [(self.entries[row].pk, self.assessors[column].pk) for row, column in np.asarray(pairs).tolist()]

    def _loads(self, pairs):
        return np.bincount(np.asarray(pairs, dtype=int).reshape(-1, 2)[:, 1], minlength=len(self.assessors))


def panel_inputs(round_, taking_part=None, *, only=None, lost=()):
    """The PanelInputs of a round.

    `taking_part` narrows who may be given more (see PanelDraft). With `only`, entry keys, no other panel is added to:
    nothing is read of who might judge it. `lost` are assignment keys taken for ended.
    """
    entries = list(round_.entries.judged().select_related("subject").order_by("pk"))
    rows = list(Assignment.objects.filter(entry__round=round_).values_list("pk", "entry", "assessor", "status"))
    lost = set(lost)
    active = [(entry, assessor) for pk, entry, assessor, status in rows if status in rules.ACTIVE_ASSIGNMENTS and pk not in lost]
    seated = {assessor for _entry, assessor in active}
    roster = Assessor.objects.filter(Q(is_active=True, user__is_active=True) | Q(pk__in=seated))
    assessors = list(assessors_with_load(roster).order_by("pk"))
    row = {entry.pk: place for place, entry in enumerate(entries)}
    column = {assessor.pk: place for place, assessor in enumerate(assessors)}
    aside = set(SetAside.objects.filter(round=round_, ended_at=None).values_list("assessor", flat=True))
    # What somebody set aside has judged counts for no panel.
    standing = [(row[e], column[a]) for e, a in active if e in row and a not in aside]
    asked = [entry for entry in entries if only is None or entry.pk in only]
    return PanelInputs(
        entries,
        assessors,
        _taking_part(assessors, aside, taking_part or {}),
        _conflicted(asked, assessors, row, column),
        _answered(rows, row, column),
        _affinities(asked, assessors, row, len(entries)),
        np.array(standing, dtype=int).reshape(-1, 2),
        np.array([max(0, one.allowed - one.load) for one in assessors], dtype=int),
        row,
        column,
    )


def _taking_part(assessors, aside, chosen):
    """Active, not of the secretariat, not set aside; narrowed by what is `chosen`."""
    inside = insiders(assessors)
    keys = {one.pk for one in assessors}
    for name, path in zip(CHOSEN_BY, ("expertise", "expertise_fields", "province"), strict=True):
        if chosen.get(name):
            fitting = Assessor.objects.filter(pk__in=keys, **{f"{path}__in": chosen[name]})
            keys = set(fitting.values_list("pk", flat=True))
    keys |= set(chosen.get("in", ()))
    keys -= set(chosen.get("out", ()))
    return np.array(
        [
            one.pk in keys and one.is_active and one.user.is_active and one.user_id not in inside and one.pk not in aside
            for one in assessors
        ],
        dtype=bool,
    )


def _conflicted(asked, assessors, row, column):
    """Of panels that nobody asks about everything is closed."""
    closed = np.ones((len(row), len(column)), dtype=bool)
    closed[[row[entry.pk] for entry in asked]] = False
    for entry, assessor in barred_from(asked, assessors):
        closed[row[entry], column[assessor]] = True
    return closed


def _answered(rows, row, column):
    found = np.zeros((len(row), len(column)), dtype=bool)
    for _pk, entry, assessor, _status in rows:
        if entry in row and assessor in column:
            found[row[entry], column[assessor]] = True
    return found


def _affinities(asked, assessors, row, products):
    found = np.zeros((products, len(assessors)))
    found[[row[entry.pk] for entry in asked]] = affinity(asked, assessors)
    return found
