"""How far a panel lies apart, and totals with agreed values: what must hold for any round, and cases reckoned by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring import NOT_APPLICABLE, SCALE, SCORED, Node, Scheme, compute
from assessments.scoring import disagreement as told
from tests.assessments.test_scoring_run import a_round, nothing, scheme, sheets

two = scheme(dimensions=2, indicators=1)  # two indicators that weigh the same


def one_panel(*columns, shape=two, measured=None):
    """The sheets of one product; each of `columns` is what an assessor said."""
    values = np.array(columns, dtype=float).T
    return sheets(shape, [0], [0] * len(columns), range(len(columns)), values, measured)


def reasons(group, of_total=20, of_leaf=40):
    return told.found(told.gaps(group), of_total, of_leaf)


# ------------------------------------------------------------------ gaps
def test_the_gap_is_between_the_highest_and_the_lowest():
    found = told.gaps(one_panel([1, 4], [3, 4], [2, 5]))
    assert found.leaves[:, 0].tolist() == [50, 25]
    assert found.totals.tolist() == [25]  # 37.5, 62.5, 62.5


def test_limits_are_reached_exactly():
    group = one_panel([1, 3], [3, 3])
    assert reasons(group, of_total=25, of_leaf=50) == {0: [(None, 25.0), (0, 50.0)]}
    assert reasons(group, of_total=25.001, of_leaf=50.001) == {}


def test_a_limit_of_nought_asks_for_nothing():
    group = one_panel([1, 1], [5, 5])
    assert reasons(group, 0, 0) == {}
    assert reasons(group, 0, 40) == {0: [(0, 100.0), (1, 100.0)]}
    assert reasons(group, 20, 0) == {0: [(None, 100.0)]}


@pytest.mark.parametrize("missing", [0, nothing])
def test_what_was_not_rated_is_no_value(missing):
    found = told.gaps(one_panel([1, 4], [missing, 4], [2, 4]))
    assert found.leaves[:, 0].tolist() == [25, 0]
    found = told.gaps(one_panel([1, 4], [missing, 4], [missing, 4]))
    assert math.isnan(found.leaves[0, 0])
    assert found.leaves[1, 0] == 0


def test_one_assessor_disagrees_with_nobody():
    found = told.gaps(one_panel([1, 5]))
    assert np.isnan(found.leaves).all()
    assert np.isnan(found.totals).all()
    assert reasons(one_panel([1, 5]), 1, 1) == {}


def test_an_empty_group_has_no_gaps():
    group = sheets(two, [0, 1], [], [], np.empty((2, 0)))
    assert told.gaps(group).leaves.shape == (2, 0)
    assert told.weighed(group).shape == (2, 0)
    assert reasons(group) == {}


def test_what_is_measured_is_nobodys_opinion():
    shape = Scheme([Node("m", "root", 50, "ratio", 0, None, measured=True), Node("j", "root", 50, "ordinal", 1, 5)])
    group = one_panel([nothing, 2], [nothing, 4], shape=shape, measured={0: [(0, SCORED, 30 * SCALE, 60 * SCALE)]})
    found = told.gaps(group)
    assert math.isnan(found.leaves[0, 0])
    assert (found.leaves[1, 0], found.totals[0]) == (50, 25)


def test_the_weight_of_an_indicator_says_what_its_gap_means_for_the_total():
    shape = Scheme([Node("a", "root", 80, "ordinal", 1, 5), Node("b", "root", 20, "ordinal", 1, 5)])
    group = one_panel([1, 1], [5, 5], shape=shape)
    assert told.weighed(group)[:, 0].tolist() == pytest.approx([80, 20])


def _by_product(inputs, of_total, of_leaf):
    return {
        (number, product): {(row, round(gap, 9)) for row, gap in found}
        for number, group in enumerate(inputs.groups)
        for product, found in reasons(group, of_total, of_leaf).items()
    }


@given(st.integers(0, 2**32 - 1), st.sampled_from([5, 20, 35]), st.sampled_from([25, 40, 75]))
@settings(max_examples=30, deadline=None)
def test_who_says_what_changes_nothing(seed, of_total, of_leaf):
    """Whichever assessor is which, and in whatever order the sheets come, the same products are found for the same reasons."""
    inputs = a_round(products=12, assessors=6, panel=3, seed=seed % 1000, groups=2)
    rng = np.random.default_rng(seed)
    before, names = _by_product(inputs, of_total, of_leaf), rng.permutation(6)
    for group in inputs.groups:
        order = rng.permutation(len(group.product))
        group.product, group.assessor = group.product[order], names[group.assessor[order]]
        group.states, group.amounts = group.states[:, order], group.amounts[:, order]
        group.__post_init__()
    assert _by_product(inputs, of_total, of_leaf) == before


@given(st.integers(0, 500))
@settings(max_examples=30, deadline=None)
def test_every_gap_is_what_a_slow_reading_finds(seed):
    inputs = a_round(products=10, assessors=6, panel=3, seed=seed, groups=1)
    (group,) = inputs.groups
    found, (given_values, _filled, _out) = told.gaps(group), group.answers()
    totals = group.values()[0][0]
    for place, product in enumerate(found.products.tolist()):
        mine = group.product == product
        assert found.totals[place] == pytest.approx(np.ptp(totals[mine]))
        for row in range(len(group.scheme.leaves)):
            rated = given_values[row, mine]
            rated = rated[~np.isnan(rated)]
            gap = found.leaves[row, place]
            assert math.isnan(gap) if len(rated) < 2 else gap == pytest.approx(np.ptp(rated))


@given(st.integers(0, 500), st.integers(0, 100), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_a_higher_limit_finds_no_more(seed, one, other):
    (group,) = a_round(products=10, assessors=6, panel=3, seed=seed, groups=1).groups
    low, high = sorted((max(1, one), max(1, other)))
    assert reasons(group, high, high).keys() <= reasons(group, low, low).keys()


# ------------------------------------------------------------------ agreed values
def agreed_total(group, product, values):
    return told.agreed_totals(group, {product: values})[product]


@given(st.integers(0, 500))
@settings(max_examples=30, deadline=None)
def test_with_nothing_agreed_the_total_is_the_panels_mean(seed):
    inputs = a_round(products=10, assessors=6, panel=3, seed=seed)
    mean = compute(inputs, statements=False).root.raw_mean
    for group in inputs.groups:
        for product in group.products.tolist():
            made = agreed_total(group, product, {})
            assert made.mean == pytest.approx(mean[product], abs=1e-9)
            assert made.value == pytest.approx(made.mean, abs=1e-12)


@given(st.integers(0, 500), st.integers(0, 5), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_an_agreed_value_moves_the_total_its_own_way_only(seed, row, value):
    (group,) = a_round(products=6, assessors=6, panel=3, seed=seed, groups=1).groups
    product = int(group.products[0])
    columns = group.product == product
    _given, filled, _out = group.answers()
    mean = np.nanmean(filled[row, columns]) if not np.isnan(filled[row, columns]).all() else nothing
    made = agreed_total(group, product, {row: (SCORED, value * SCALE)})
    if not math.isnan(mean):
        assert np.sign(round(made.value - made.mean, 9)) == np.sign(round((value - 1) * 25 - mean, 9))
    assert 0 <= made.value <= 100


def test_agreed_values_enter_by_the_weights_of_the_tree():
    group = one_panel([1, 4], [5, 4], [1, 5])  # means 33⅓ and 83⅓
    made = agreed_total(group, 0, {0: (SCORED, 3 * SCALE)})
    assert made.mean == pytest.approx(58 + 1 / 3)
    assert made.value == pytest.approx((50 + 83 + 1 / 3) / 2)


def test_a_product_that_nobody_judged_has_no_agreed_total():
    group = sheets(two, [0, 1], [1, 1], [0, 1], np.array([[1, 4], [5, 4]], dtype=float).T)
    assert told.agreed_totals(group, {0: {0: (SCORED, SCALE)}}) == {}
    assert told.agreed_totals(group, {}) == {}


def test_what_is_agreed_not_to_apply_leaves_the_tree():
    made = agreed_total(one_panel([1, 4], [5, 4]), 0, {0: (NOT_APPLICABLE, 0)})
    assert made.value == 75
    everything = agreed_total(one_panel([1, 4]), 0, {0: (NOT_APPLICABLE, 0), 1: (NOT_APPLICABLE, 0)})
    assert math.isnan(everything.value)


def test_the_digest_is_of_everything_the_total_follows_from_and_of_nothing_else():
    group, agreed = one_panel([1, 4], [5, 4]), {0: (SCORED, 3 * SCALE)}
    same = agreed_total(group, 0, agreed).digest
    assert agreed_total(one_panel([1, 4], [5, 4]), 0, agreed).digest == same
    assert agreed_total(one_panel([5, 4], [1, 4]), 0, agreed).digest == same
    assert agreed_total(one_panel([1, 4], [5, 5]), 0, agreed).digest != same
    assert agreed_total(group, 0, {0: (SCORED, 4 * SCALE)}).digest != same
    assert agreed_total(group, 0, {1: (SCORED, 3 * SCALE)}).digest != same
    wider = sheets(two, [0, 1], [0, 0, 1, 1], [0, 1, 0, 1], np.array([[1, 4], [5, 4], [1, 1], [2, 2]], dtype=float).T)
    assert agreed_total(wider, 0, agreed).digest == same
