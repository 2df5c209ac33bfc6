"""Filling panels: even loads at a price, as far as it goes where not all goes, and calibration items for everybody at work."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring.allocation import Infeasible, allocate
from assessments.scoring.filling import Wish, fill
from assessments.scoring.matching import shortage


def pairs_as_matrix(pairs, shape):
    chosen = np.zeros(shape, dtype=bool)
    chosen[tuple(np.asarray(pairs, dtype=int).reshape(-1, 2).T)] = True
    return chosen


@st.composite
def wishes(draw):
    """Small rounds, many of them not to be filled wholly, some with panels that stand and calibration items."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = products, assessors = chance.integers(1, 12, 2)
    closed = chance.random(shape) < draw(st.sampled_from([0, 0.2, 0.5]))
    # A conflict may have come up after the pair was made: then it still stands.
    existing = np.argwhere(chance.random(shape) < draw(st.sampled_from([0, 0, 0.15])))
    had = np.bincount(existing[:, 1], minlength=assessors)
    return Wish(
        sizes=np.where(chance.random(products) < 0.9, chance.integers(1, 5, products), 0),
        calibration=chance.random(products) < draw(st.sampled_from([0, 0, 0.2])),
        capacity=had + chance.integers(0, 8, assessors),
        floor=chance.integers(0, 3, assessors) * draw(st.integers(0, 1)),
        closed=closed,
        affinity=chance.integers(0, 4, shape).astype(float),
        existing=existing,
        price=draw(st.sampled_from([0, 0.5, 1, 10])),
        seed=draw(st.integers(0, 9)),
    )


@settings(max_examples=80, deadline=None)
@given(wishes())
def test_what_is_added_keeps_every_rule_and_what_is_lacking_is_told(wish):
    found = fill(wish)
    shape = wish.closed.shape
    kept, added = pairs_as_matrix(wish.existing, shape), pairs_as_matrix(found.added, shape)
    chosen = kept | added
    assert not (added & (wish.closed | kept)).any()
    assert (chosen.sum(axis=0) <= wish.capacity).all()
    ordinary = ~wish.calibration
    lacking = np.maximum(wish.sizes - chosen.sum(axis=1), 0)
    assert found.gaps[ordinary].tolist() == lacking[ordinary].tolist()
    # Nothing is given to who needs nothing.
    assert (chosen.sum(axis=1)[ordinary] <= np.maximum(wish.sizes, kept.sum(axis=1))[ordinary]).all()
    if lacking[ordinary].any():
        assert found.reason is not None and found.reason.missing > 0
    judges = chosen[ordinary].any(axis=0)
    for product in np.flatnonzero(wish.calibration):
        assert not (added[product] & ~judges).any()
        owing = judges & ~chosen[product] & ~wish.closed[product]
        assert found.gaps[product] == owing.sum()
        assert (chosen.sum(axis=0)[owing] >= wish.capacity[owing]).all()


@settings(max_examples=60, deadline=None)
@given(wishes())
def test_no_seat_stays_empty_that_could_be_filled(wish):
    if wish.calibration.any():
        return
    kept = pairs_as_matrix(wish.existing, wish.closed.shape)
    need, room = np.maximum(wish.sizes - kept.sum(axis=1), 0), wish.capacity - kept.sum(axis=0)
    gaps = fill(wish).gaps
    assert shortage(need - gaps, room, ~wish.closed & ~kept) is None
    fuller = need - gaps
    for product in np.flatnonzero(gaps):
        fuller[product] += 1
        assert shortage(fuller, room, ~wish.closed & ~kept) is not None
        fuller[product] -= 1


def test_the_same_seed_fills_alike():
    chance = np.random.default_rng(1)
    closed = chance.random((30, 12)) < 0.1
    wish = Wish(np.full(30, 3), np.zeros(30, bool), np.full(12, 10), np.zeros(12, int), closed, chance.random((30, 12)),
                np.empty((0, 2), int), seed=7)  # fmt: skip
    assert fill(wish).added.tolist() == fill(wish).added.tolist()


def test_the_dearer_an_uneven_load_the_more_even_the_loads():
    chance = np.random.default_rng(2)
    conflicts = chance.random((60, 15)) < 0.1
    # Some assessors fit everywhere, others nowhere.
    affinity = np.tile(np.linspace(0, 1, 15), (60, 1)) + 0.01 * chance.random((60, 15))
    spread = {}
    for price in (0, 1, 10):
        found = allocate(3, 30, 0, conflicts, affinity, price=price)
        assert found.gaps.sum() == 0 and found.reason is None and found.components == 1
        spread[price] = int(np.ptp(found.loads))
    assert spread[0] > spread[1] >= spread[10] and spread[10] <= 1


def test_seats_stay_empty_evenly():
    found = allocate(3, 2, 0, np.zeros((9, 9), bool), None, short=True)
    assert found.gaps.tolist() == [1] * 9
    assert isinstance(found.reason, Infeasible) and found.reason.missing == 9
    with pytest.raises(Infeasible):
        allocate(3, 2, 0, np.zeros((9, 9), bool))


def test_floors_that_cannot_be_reached_are_reached_as_far_as_it_goes():
    found = allocate(2, 9, 5, np.zeros((6, 3), bool), None, short=True)
    assert found.gaps.sum() == 0 and found.loads.tolist() == [4, 4, 4]
    assert found.reason.side == "assessors" and found.reason.missing == 3


def test_who_listens_hears_how_far_it_is_and_may_stop_it():
    heard, chance = [], np.random.default_rng(3)
    conflicts, affinity = chance.random((60, 20)) < 0.1, chance.random((60, 20))
    allocate(3, 12, 0, conflicts, affinity, say=heard.append)
    assert heard == sorted(heard) and len(heard) > 2 and heard[0] > 0 and heard[-1] == 1

    def enough(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        allocate(3, 12, 0, conflicts, affinity, say=enough)
