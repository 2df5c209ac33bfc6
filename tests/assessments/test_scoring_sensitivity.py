"""How far fair scores hang on single assessors: one left out, and the robust score that listens less to who gives anything."""

import numpy as np
from hypothesis import given, settings

from assessments.scoring.crossed import Crossed
from assessments.scoring.sensitivity import leave_one_out, robust
from tests.assessments.crossed import USUAL, award, designs, same, variances


@settings(max_examples=60, deadline=None)
@given(designs(), variances())
def test_leaving_one_out_is_scoring_without_him(design, found):
    product, assessor, y, products, assessors = design
    low, high = np.full(products, np.nan), np.full(products, np.nan)
    for one in np.unique(assessor):
        kept = assessor != one
        if kept.any():
            value = Crossed(product[kept], assessor[kept], y[kept], products, assessors).fair(found).value
            low, high = np.fmin(low, value), np.fmax(high, value)
    told = leave_one_out(Crossed(*design), found)
    assert same(told[0], low, 1e-7)
    assert same(told[1], high, 1e-7)


def test_where_assessors_err_alike_the_robust_score_is_the_fair_one():
    product, assessor, y = award(9)
    design = Crossed(product, assessor, y)
    found = design.fit()
    value, weights = robust(product, assessor, y, 300, 30, found)
    assert np.abs(weights - 1).max() < 0.35
    assert np.abs(value - design.fair(found).value).max() < 0.2 * design.fair(found).standard_error.mean()


def test_the_robust_score_listens_less_to_who_gives_anything():
    generator = np.random.default_rng(10)
    product, assessor, y = award(10, of_product=12, residual=5)
    straight = assessor < 3
    y = np.where(straight, 70 + generator.normal(0, 3, y.size), y)
    design = Crossed(product, assessor, y)
    found = design.fit()
    value, weights = robust(product, assessor, y, 300, 30, found)
    assert weights[:3].max() < 0.7 * weights[3:].min()
    # Scores move to what the scores of the others alone are.
    others = ~straight
    without = Crossed(product[others], assessor[others], y[others], 300, 30).fair(found).value
    fair, told = design.fair(found).value, ~np.isnan(without)
    assert np.abs(value - without)[told].mean() < 0.75 * np.abs(fair - without)[told].mean()


@settings(max_examples=30, deadline=None)
@given(designs())
def test_the_robust_score_is_defined_wherever_the_fair_one_is(design):
    value, weights = robust(*design, USUAL)
    assert np.array_equal(np.isnan(value), np.isnan(Crossed(*design).fair(USUAL).value))
    assert (weights > 0).all()
    assert len(weights) == design[4]
