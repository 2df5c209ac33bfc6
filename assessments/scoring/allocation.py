"""Who judges what: panels of given sizes within everybody's load, without conflicts, where they fit best.

First the panels of greatest affinity (matching.py), then moves that join them into one design and spread the pairs of
assessors (swaps.py). All indices are positions.
"""

from dataclasses import dataclass, replace

import numpy as np

from assessments.scoring.graphs import connectivity
from assessments.scoring.matching import best_joined_matching, best_matching, shortage
from assessments.scoring.swaps import Panels, join, spread

# Affinities are told apart by chance, by less than this part of what they differ on the mean: the solver takes far longer
# over ties, and panels drawn by chance start better mixed.
CHANCE = 1e-3
# Where no single move joins the parts, they are joined exactly if there are no more open pairs than this.
MOST_EXACT_PAIRS = 1500
MOST_NAMED = 10
MATCHED = 0.25  # of the work is done once the best panels are found


@dataclass(frozen=True)
class Allocation:
    """Panels. `pairs` are rows (product, assessor) in order; `added` says which of them were not there before."""

    pairs: np.ndarray
    added: np.ndarray
    objective: float  # the affinity of all pairs together
    max_concurrence: int  # on how many products the two assessors meet who meet most often
    components: int  # parts whose scores cannot be compared; 1 unless no way to join them was found
    loads: np.ndarray  # products of each assessor
    gaps: np.ndarray  # seats of each product that stay empty
    reason: "Infeasible | None" = None  # why some do, or why a floor is not reached


class Infeasible(Exception):
    """There are no such panels; the text says why. `side` is "products", which need, or "assessors", who must take, too much.

    `members` are the positions of those concerned, `everyone` says that it is all there are. `needed` and `available`
    count assignments beside the existing ones, if there are any (`more`); `missing` is their difference.
    """

    def __init__(self, side, members, needed, available, *, everyone=False, more=False):
        self.side, self.members, self.everyone, self.more = side, members, everyone, more
        self.needed, self.available, self.missing = needed, available, needed - available
        super().__init__(self._sentence())

    def _sentence(self):
        one = len(self.members) == 1 and not self.everyone
        who = f"all {self.side} together" if self.everyone else _named(self.side, self.members)
        if self.side == "products":
            need = f"{who} {'needs' if one else 'need'} {self._count('assessor' if one else 'assessment')}"
            others = f"only {self.available} without a conflict {'has' if self.available == 1 else 'have'} room"
            room = others if one else f"the assessors without a conflict have room for {self.available}"
            return f"{need}, but {room}: short by {self.missing}"
        must = f"{who} must take at least {self._count('product')}"
        floor = "the floor is" if one else "the floors are"
        return f"{must}, but may take only {self.available}: {floor} too high by {self.missing}"

    def _count(self, noun):
        return f"{self.needed} {'more ' if self.more else ''}{noun}{'' if self.needed == 1 else 's'}"


def allocate(
    sizes,
    capacity,
    least,
    conflicts,
    affinity=None,
    *,
    existing=(),
    seed=0,
    swaps=True,
    tolerance=0.002,
    price=0.0,
    short=False,
    say=lambda share: None,
):
    """Panels of exactly `sizes` assessors with the greatest affinity, as an Allocation; Infeasible says why there are none.

    `sizes` is one whole number or one per product; `capacity` and `least`, the bounds of the load, one or one per assessor.
    `conflicts` (True: never) and `affinity` (finite numbers; None: all alike) are products × assessors. `existing` are pairs
    (product, assessor) that stay whatever the rest says: only what is missing is added, and a panel or load that is at
    or over its bound already gets no more. With `swaps`, parts are joined for as little affinity as single moves can, and
    the pairs of assessors are spread for at most `tolerance` of it. The same arguments and `seed` give the same panels.

    The n-th product of an assessor costs n × `price` in units of what affinities of a product differ by on the mean: 0 asks
    for affinity alone, the dearer the more even the loads. With `short` what is impossible is done as far as it goes.
    `say` hears the share of the work that is done; what it raises stops the work.
    """
    task = _checked(sizes, capacity, least, conflicts, affinity, existing)
    generator = np.random.default_rng(seed)
    worth = _worth(task, generator)
    bounds = {"price": price, "had": task.kept.sum(axis=0)}
    found, reason = best_matching(worth, task.open, task.need, task.floor, task.room, **bounds), None
    if found is None:
        reason = _reason(task)
        if not short:
            raise reason
        found = best_matching(worth, task.open, task.need, task.floor, task.room, short=True, **bounds)
    say(MATCHED)
    chosen = found | task.kept
    if swaps:
        settled = task if reason is None else _settled(task, found)
        heard = lambda share: say(MATCHED + (1 - MATCHED) * share)  # noqa: E731
        chosen = _improved(settled, worth, chosen, tolerance, generator, heard, holds_loads=bool(price))
    say(1.0)
    return _told(task, chosen, reason)


@dataclass(frozen=True)
class _Task:
    """What is asked; `need`, `floor` and `room` are what is left of the bounds beside the kept pairs."""

    closed: np.ndarray
    kept: np.ndarray
    affinity: np.ndarray
    capacity: np.ndarray
    least: np.ndarray
    need: np.ndarray
    floor: np.ndarray
    room: np.ndarray

    @property
    def open(self):
        return ~self.closed & ~self.kept


def _settled(task, found):
    """The task with the gaps of `found`, and with floors no higher than what it reached."""
    load = found.sum(axis=0)
    least = np.minimum(task.least, load + task.kept.sum(axis=0))
    return replace(task, least=least, need=found.sum(axis=1), floor=np.minimum(task.floor, load))


def _checked(sizes, capacity, least, conflicts, affinity, existing):
    closed = np.asarray(conflicts)
    if closed.ndim != 2 or closed.dtype != bool:
        raise ValueError("conflicts must be products × assessors, true or false")
    products, assessors = closed.shape
    affinity = np.zeros(closed.shape) if affinity is None else np.asarray(affinity, dtype=float)
    if affinity.shape != closed.shape or not np.isfinite(affinity).all():
        raise ValueError(f"affinity must be {products} × {assessors} finite numbers")
    kept = np.zeros(closed.shape, dtype=bool)
    for product, assessor in existing:
        if not (0 <= product < products and 0 <= assessor < assessors):
            raise ValueError(f"there is no pair ({product}, {assessor})")
        kept[product, assessor] = True
    sizes = _whole(sizes, products, "sizes")
    capacity, least = _whole(capacity, assessors, "capacity"), _whole(least, assessors, "least")
    panel, load = kept.sum(axis=1), kept.sum(axis=0)
    need, floor, room = (np.maximum(bound - had, 0) for bound, had in ((sizes, panel), (least, load), (capacity, load)))
    return _Task(closed, kept, affinity, capacity, least, need, floor, room)


def _whole(bound, count, name):
    """A bound as one whole number each."""
    bound = np.asarray(bound)
    if bound.shape not in ((), (count,)) or bound.dtype.kind not in "iu" or (bound < 0).any():
        raise ValueError(f"{name} must be a whole number from 0, or {count} of them")
    return np.broadcast_to(bound, (count,)).astype(int)


def _worth(task, generator):
    """Affinities in units of what they differ on the mean within a product, and a little chance."""
    difference = np.abs(task.affinity - task.affinity.mean(axis=1, keepdims=True)).mean() if task.affinity.size else 0.0
    chance = generator.random(task.affinity.shape)
    if difference <= 1e-12 * np.abs(task.affinity).max(initial=0):
        # A hundredth: among worths this close to each other HiGHS is done soonest.
        return 0.01 * chance
    return task.affinity / difference + CHANCE * chance


def _reason(task):
    more = bool(task.kept.any())
    above = np.flatnonzero(task.floor > task.room)
    if len(above):
        return Infeasible("assessors", above[:1].tolist(), int(task.floor[above[0]]), int(task.room[above[0]]), more=more)
    # If one matching fills the panels within the loads and one the floors within the panels, one does both (Mendelsohn
    # and Dulmage 1958): so one of the two must be short.
    sides = ("products", task.need, task.room, task.open), ("assessors", task.floor, task.need, task.open.T)
    for side, want, supply, open_pairs in sides:
        short = shortage(want, supply, open_pairs)
        if short is not None:
            members, needed, available = short
            everyone = 1 < len(members) == len(want)
            return Infeasible(side, members, needed, available, everyone=everyone, more=more)
    raise RuntimeError("the solver found no panels, but there is no shortage")


def _improved(task, worth, chosen, tolerance, generator, say, *, holds_loads):
    """The panels joined, if it can be done, and spread; loads that were weighed against affinity change only to join."""
    best = float(task.affinity[chosen].sum())
    panels = _panels(_held(task, chosen) if holds_loads else task, chosen)
    join(panels)
    if panels.parts > 1 and holds_loads:
        panels = _panels(task, panels.chosen > 0)
        join(panels)
    if panels.parts > 1 and 0 < np.count_nonzero(task.open) <= MOST_EXACT_PAIRS and _may_be_joined(task):
        joined = best_joined_matching(worth, task.open, task.need, task.floor, task.room, task.kept)
        if joined is not None:
            panels = _panels(task, joined | task.kept)
    if holds_loads:
        panels = _panels(_held(task, panels.chosen > 0), panels.chosen > 0)
    lost = best - float(task.affinity[panels.chosen > 0].sum())
    return spread(panels, max(0.0, tolerance * abs(best) - lost), generator, say)


def _held(task, chosen):
    loads = chosen.sum(axis=0)
    return replace(task, least=loads, capacity=loads)


def _may_be_joined(task):
    """Whether counting alone forbids one part: seats − products + 1 assessors at most may be at work then."""
    panel, load = task.kept.sum(axis=1) + task.need, task.kept.sum(axis=0)
    most = int(panel.sum() - np.count_nonzero(panel)) + 1
    capacity = np.sort(load + task.room)[::-1]
    return np.count_nonzero(load + task.floor) <= most and capacity[:most].sum() >= panel.sum()


def _panels(task, chosen):
    return Panels(chosen, task.kept, task.closed, task.affinity, task.least, task.capacity)


def _told(task, chosen, reason):
    pairs = np.argwhere(chosen)
    met = chosen.T.astype(int) @ chosen
    np.fill_diagonal(met, 0)
    return Allocation(
        pairs,
        ~task.kept[chosen],
        float(task.affinity[chosen].sum()),
        int(met.max(initial=0)),
        connectivity(*pairs.T, *chosen.shape).count,
        chosen.sum(axis=0),
        task.need - (chosen & ~task.kept).sum(axis=1),
        reason,
    )


def _named(side, members):
    """One by number, several together; of very many, the first."""
    if len(members) == 1:
        return f"{side[:-1]} {members[0]}"
    shown = [str(member) for member in members[:MOST_NAMED]]
    more = len(members) - len(shown)
    last = f"{more} more" if more else shown.pop()
    return f"{side} {', '.join(shown)} and {last} together"
