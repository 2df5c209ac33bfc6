"""Filling the panels of a round beside what stands already, with calibration items that everybody at work in it rates.

All indices are positions; matrices are products × assessors.
"""

from dataclasses import dataclass

import numpy as np

from assessments.scoring.allocation import Infeasible, allocate


@dataclass(frozen=True)
class Wish:
    """What is asked. A product that is to be left as it is has the size 0; calibration items have no size of their own."""

    sizes: np.ndarray
    calibration: np.ndarray  # which products everybody rates
    capacity: np.ndarray  # most products of each assessor in this round, those he has counted
    floor: np.ndarray
    closed: np.ndarray  # pairs that must not be made
    affinity: np.ndarray
    existing: np.ndarray  # pairs that stay
    price: float = 1.0  # of an uneven load; see allocate
    seed: int = 0


@dataclass(frozen=True)
class Filling:
    """What came of it."""

    added: np.ndarray  # pairs, in order
    gaps: np.ndarray  # seats of each product that stay empty; of a calibration item, those who have no room for it
    reason: Infeasible | None = None  # why some do, or why a floor is not reached


def fill(wish, say=lambda share: None):
    """The pairs to be added, as a Filling: exact panels where they can be had, else as full as they can be.

    Whoever judges in the round at all rates every calibration item that no conflict keeps from him, so room for them is
    put by first. `say` hears the share of the work that is done; what it raises stops the work.
    """
    kept = np.zeros(wish.closed.shape, dtype=bool)
    kept[tuple(wish.existing.T)] = True
    owed = wish.calibration[:, None] & ~wish.closed & ~kept
    reserved = owed.sum(axis=0)
    sizes = np.where(wish.calibration, 0, wish.sizes)
    found = allocate(
        sizes,
        np.maximum(wish.capacity - reserved, 0),
        np.maximum(wish.floor - reserved, 0),
        # Panels that lack nothing are none of the solver's business.
        wish.closed | (kept.sum(axis=1) >= sizes)[:, None],
        wish.affinity,
        existing=wish.existing,
        seed=wish.seed,
        price=wish.price,
        short=True,
        say=say,
    )
    chosen = kept.copy()
    chosen[tuple(found.pairs.T)] = True
    gaps = found.gaps + _calibrate(chosen, owed, wish)
    return Filling(np.argwhere(chosen & ~kept), gaps, found.reason)


def _calibrate(chosen, owed, wish):
    """Give the calibration items to whoever judges something else and has room; gives how many had none, for each product."""
    judges = chosen[~wish.calibration].any(axis=0)
    lacking = np.zeros(len(chosen), dtype=int)
    for product in np.flatnonzero(wish.calibration):
        asked = owed[product] & judges
        free = chosen.sum(axis=0) < wish.capacity
        chosen[product] |= asked & free
        lacking[product] = np.count_nonzero(asked & ~free)
    return lacking
