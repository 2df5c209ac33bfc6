"""Fair scores: against lme4's answers, dense algebra on small designs, the rules that hold for any design, and known truth."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring import statistics
from assessments.scoring.__main__ import main
from assessments.scoring.crossed import Crossed, Variances
from assessments.scoring.sensitivity import leave_one_out, robust
from bench._simulation import METHODS, compared

CASES = Path(__file__).parent.parent / "data/scoring"
USUAL = Variances(product=30.0, assessor=20.0, residual=50.0, intercept=60.0, criterion=0.0)


def ratings(seed, products, assessors, number, *, of_product=6.0, of_assessor=5.0, residual=7.0):
    """Ratings of random pairs (some of them twice), as product, assessor, y."""
    generator = np.random.default_rng(seed)
    product, assessor = generator.integers(products, size=number), generator.integers(assessors, size=number)
    return product, assessor, rated(generator, product, assessor, of_product, of_assessor, residual)


def rated(generator, product, assessor, of_product=6.0, of_assessor=5.0, residual=7.0):
    quality, severity = generator.normal(0, 1, product.max() + 1), generator.normal(0, 1, assessor.max() + 1)
    return 60 + of_product * quality[product] + of_assessor * severity[assessor] + residual * generator.normal(size=product.size)


def award(seed, products=300, assessors=30, **spreads):
    """Panels of three to seven, joined into one part."""
    generator = np.random.default_rng(seed)
    sizes = generator.integers(3, min(8, assessors + 1), products)
    assessor = np.concatenate([generator.choice(assessors, size, replace=False) for size in sizes])
    product = np.repeat(np.arange(products), sizes)
    return product, assessor, rated(generator, product, assessor, **spreads)


@st.composite
def designs(draw):
    """Small designs of any shape: unrated products, idle assessors, pairs that come twice, several parts."""
    products, assessors = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    number = draw(st.integers(1, 40))
    product, assessor, y = ratings(draw(st.integers(0, 10**6)), products, assessors, number)
    return product, assessor, y, products, assessors


@st.composite
def variances(draw):
    part = st.one_of(st.just(0.0), st.floats(0.01, 100))
    return Variances(draw(part), draw(part), draw(st.floats(0.1, 100)), 60.0, 0.0)


def same(one, other, tolerance=1e-8):
    return np.allclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)


def matrices(product, assessor, products, assessors, found):
    """The incidences and the covariance of the ratings for products fixed."""
    of_product, of_assessor = np.eye(products)[product], np.eye(assessors)[assessor]
    return of_product, of_assessor, found.residual * np.eye(product.size) + found.assessor * of_assessor @ of_assessor.T


# ------------------------------------------------------------------ variances
def deviance(product, assessor, y, found):
    """The REML criterion by dense algebra."""
    of_product, _of_assessor, covariance = matrices(product, assessor, product.max() + 1, assessor.max() + 1, found)
    covariance = covariance + found.product * of_product @ of_product.T
    weighed = np.linalg.inv(covariance)
    ones = np.ones((y.size, 1))
    information = ones.T @ weighed @ ones
    away = y - (ones.T @ weighed @ y / information[0, 0])
    numbers = (y.size - 1) * np.log(2 * np.pi), np.linalg.slogdet(covariance)[1], np.linalg.slogdet(information)[1]
    return sum(numbers) + away @ weighed @ away


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("products", "assessors"), [(14, 7), (7, 14)])
def test_the_criterion_is_the_dense_one_and_nothing_near_is_better(seed, products, assessors):
    product, assessor, y = ratings(seed, products, assessors, 70, of_product=(6, 1)[seed % 2], of_assessor=(5, 1)[seed // 3])
    found = Crossed(product, assessor, y).fit()
    assert found.criterion == pytest.approx(deviance(product, assessor, y, found), abs=1e-9)
    step = 0.01 * (found.product + found.assessor + found.residual)
    for part in ("product", "assessor", "residual"):
        for way in (step, -step):
            moved = Variances(**{**vars(found), part: max(getattr(found, part) + way, 0.0)})
            assert deviance(product, assessor, y, moved) >= found.criterion - 1e-9


@pytest.mark.parametrize("ratios", [(0.3, 0.7), (2.0, 0.02), (30.0, 5.0)])
def test_the_derivatives_are_those_of_the_criterion(ratios):
    criterion = Crossed(*ratings(3, 12, 8, 60))._criterion
    gradient, hessian = criterion.at(*ratios).derivatives
    for place in range(2):
        step = np.zeros(2)
        step[place] = 1e-5 * ratios[place]
        above, below = (criterion.at(*(np.array(ratios) + way)) for way in (step, -step))
        assert (above.value - below.value) / (2 * step[place]) == pytest.approx(gradient[place], rel=1e-5)
        change = (above.derivatives[0] - below.derivatives[0]) / (2 * step[place])
        assert np.allclose(change, hessian[place], rtol=1e-6)


def test_the_two_factors_may_change_places():
    product, assessor, y = ratings(5, 20, 8, 120)
    one, other = Crossed(product, assessor, y).fit(), Crossed(assessor, product, y).fit()
    assert same([one.product, one.assessor, one.criterion], [other.assessor, other.product, other.criterion], 1e-10)


@pytest.mark.parametrize("name", ["MOST_SIZES", "MOST_PAIRED"])
def test_the_sums_are_the_same_whichever_way_they_are_made(name, monkeypatch):
    product, assessor, y = award(1, 60, 12)
    grouped = Crossed(product, assessor, y)
    found, fair = grouped.fit(), grouped.fair(grouped.fit())
    monkeypatch.setattr(statistics, name, 0)
    design = Crossed(product, assessor, y)
    assert same(list(vars(design.fit()).values()), list(vars(found).values()))
    assert same(design.fair(found).standard_error, fair.standard_error, 1e-11)


def test_panels_of_forty_sizes_are_scored():
    generator = np.random.default_rng(4)
    product = np.repeat(np.arange(45), np.arange(1, 46))
    assessor = generator.integers(20, size=product.size)
    y = rated(generator, product, assessor)
    design = Crossed(product, assessor, y)
    found = design.fit()
    assert len(np.unique(design.sizes)) > statistics.MOST_SIZES
    assert found.criterion == pytest.approx(deviance(product, assessor, y, found), abs=1e-8)
    assert same(design.fair(found).value, dense_fair(product, assessor, y, 45, 20, found)[0])


def test_the_true_variances_are_found():
    """Each within three standard errors of an estimate from so many levels (√(2/levels))."""
    found = Crossed(*award(2, 4000, 400, of_product=6, of_assessor=5, residual=8)).fit()
    assert found.product == pytest.approx(36, rel=3 * np.sqrt(2 / 4000))
    assert found.assessor == pytest.approx(25, rel=3 * np.sqrt(2 / 400))
    assert found.residual == pytest.approx(64, rel=3 * np.sqrt(2 / 15000))
    assert found.intercept == pytest.approx(60, abs=3 * 5 / np.sqrt(400))


def test_without_severity_its_variance_is_exactly_zero_and_the_means_stand():
    product, assessor = np.repeat(np.arange(40), 4), np.tile(np.arange(8), 20)
    generator = np.random.default_rng(0)
    y = 60 + generator.normal(0, 5, 40)[product] + generator.normal(size=160)
    y -= (np.bincount(assessor, y) / np.bincount(assessor))[assessor]  # nobody is milder than another
    design = Crossed(product, assessor, y)
    found = design.fit()
    assert found.assessor == 0.0
    fair = design.fair(found)
    assert same(fair.value, np.bincount(product, y) / 4)
    assert same(fair.standard_error, np.sqrt(found.residual / 4))
    assert not fair.severity.any()
    assert not fair.severity_error.any()


def test_equal_products_have_variance_zero():
    product, assessor, y = award(3, 50, 10, of_product=0.0)
    y -= (np.bincount(product, y) / np.bincount(product))[product]
    design = Crossed(product, assessor, y)
    found = design.fit()
    assert found.product == 0.0
    assert np.ptp(design.posterior(found).mean) == 0.0


def test_ratings_that_are_all_the_same_have_no_variance():
    for constant in (0.0, 0.1, 1e9 / 3):
        design = Crossed([0, 0, 1, 1, 2], [0, 1, 1, 0, 2], np.full(5, constant))
        found = design.fit()
        assert (found.product, found.assessor, found.residual) == (0.0, 0.0, 0.0)
        assert found.intercept == pytest.approx(constant)
        assert same(design.fair(found).value, constant)
        assert not design.fair(found).standard_error.any()
        assert same(design.posterior(found).draws(3, np.random.default_rng(0)), constant)
        assert same(leave_one_out(design, found)[0], constant)
        assert same(robust([0, 1], [0, 1], [constant] * 2, 2, 2, found)[0], constant)


def test_full_agreement_leaves_no_residual():
    product, assessor = np.repeat(np.arange(12), 3), np.tile(np.arange(6), 6)
    quality = np.arange(12) * 3.0
    design = Crossed(product, assessor, quality[product])
    found = design.fit()
    assert found.residual == found.assessor == 0.0
    assert found.product == pytest.approx(quality.var(ddof=1), rel=1e-4)
    assert same(design.fair(found).value, quality)
    assert np.abs(design.posterior(found).mean - quality).max() < 1e-4


def test_severity_and_quality_alone_explain_ratings_without_residual():
    product, assessor, _y = award(0, 40, 8)
    quality, severity = np.random.default_rng(1).normal(0, 6, 40), np.random.default_rng(2).normal(0, 3, 8)
    design = Crossed(product, assessor, quality[product] + severity[assessor])
    found = design.fit()
    assert found.residual == 0.0
    assert [found.product, found.assessor] == pytest.approx([quality.var(ddof=1), severity.var(ddof=1)], rel=0.01)
    fair = design.fair(found)
    assert np.ptp(fair.value - quality) < 1e-4
    assert same(fair.standard_error, np.sqrt(found.assessor / 8), 1e-4)
    assert np.isfinite(np.concatenate(leave_one_out(design, found))).all()


def test_what_the_ratings_cannot_tell_apart_has_variance_zero():
    generator = np.random.default_rng(0)
    y = generator.normal(60, 5, 12)
    alone = Crossed(np.repeat(np.arange(4), 3), np.zeros(12, dtype=int), y)  # one assessor
    assert alone.fit().assessor == 0.0
    assert same(alone.fair(alone.fit()).value, y.reshape(4, 3).mean(axis=1))
    single = Crossed(np.zeros(12, dtype=int), np.repeat(np.arange(4), 3), y)  # one product
    assert single.fit().product == 0.0
    once = Crossed(np.arange(12), np.tile(np.arange(3), 4), y)  # one rating a product
    assert once.fit().product == 0.0
    one = Crossed([0], [0], [70.0])
    assert one.fit() == Variances(0.0, 0.0, 0.0, 70.0, -np.inf)
    assert one.fair(one.fit()).value.tolist() == [70.0]


def test_a_large_offset_costs_no_digits():
    product, assessor, y = award(6, 80, 12)
    near, far = Crossed(product, assessor, y).fit(), Crossed(product, assessor, y + 2.0**26).fit()
    assert same([near.product, near.assessor, near.residual], [far.product, far.assessor, far.residual], 1e-6)


def test_what_is_no_design_is_refused():
    for product, assessor, y in ([], [], []), ([0, 1], [0], [1, 2]), ([0], [-1], [1]), ([0.0], [0], [1]), ([0], [0], [np.nan]):
        with pytest.raises(ValueError):
            Crossed(np.array(product), np.array(assessor), y)
    with pytest.raises(ValueError, match="position"):
        Crossed([3], [0], [1.0], products=3)


def test_few_ratings_are_not_enough_to_estimate():
    product, assessor, y = award(0, 10, 5)
    assert Crossed(product, assessor, y).is_estimable
    few = product < 4
    assert not Crossed(product[few], assessor[few], y[few]).is_estimable  # four products
    two = assessor < 2
    assert not Crossed(product[two], assessor[two], y[two]).is_estimable  # two assessors
    # Nine degrees of freedom are too few, ten are enough: 5 × 4 complete leaves 12.
    product, assessor = np.repeat(np.arange(5), 4), np.tile(np.arange(4), 5)
    for missing, enough in (2, True), (3, False):
        kept = np.arange(20) >= missing
        assert Crossed(product[kept], assessor[kept], np.arange(20.0)[kept]).is_estimable == enough
    # One pair rated over and over joins nothing.
    again = Crossed(np.repeat(np.arange(6), 6), np.repeat(np.arange(6), 6), np.arange(36.0))
    assert not again.is_estimable
    assert again.components()[0] == 6


# ------------------------------------------------------------------ fair scores
def dense_fair(product, assessor, y, products, assessors, found):
    """Value, standard error, severity and its error by dense algebra; NaN without ratings."""
    of_product, of_assessor, covariance = matrices(product, assessor, products, assessors, found)
    rated = np.unique(product)
    weighed, x = np.linalg.inv(covariance), of_product[:, rated]
    spread = np.linalg.inv(x.T @ weighed @ x)
    value, error = np.full(products, np.nan), np.full(products, np.nan)
    value[rated], error[rated] = spread @ x.T @ weighed @ y, np.sqrt(np.diag(spread))
    left = weighed - weighed @ x @ spread @ x.T @ weighed
    severity = found.assessor * of_assessor.T @ left @ y
    known = found.assessor * np.eye(assessors) - found.assessor**2 * of_assessor.T @ left @ of_assessor
    return value, error, severity, np.sqrt(np.maximum(np.diag(known), 0))


@settings(max_examples=80, deadline=None)
@given(designs(), variances())
def test_fair_scores_are_generalised_least_squares(design, found):
    product, assessor, y, products, _assessors = design
    fair = Crossed(*design).fair(found)
    for told, expected in zip(vars(fair).values(), dense_fair(*design, found), strict=True):
        assert same(told, expected, 1e-6)
    # What is shown of each panel adds up to the score.
    corrected = np.bincount(product, y - fair.severity[assessor], products)
    rated = np.bincount(product, minlength=products) > 0
    assert np.abs(corrected[rated] / np.bincount(product, minlength=products)[rated] - fair.value[rated]).max() < 1e-12


@settings(max_examples=40, deadline=None)
@given(designs(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_names_change_nothing(design, random):
    product, assessor, y, products, assessors = design
    rows, renamed, recalled = list(range(y.size)), list(range(products)), list(range(assessors))
    for order in (rows, renamed, recalled):
        random.shuffle(order)
    renamed, recalled = np.array(renamed), np.array(recalled)
    one, other = (
        Crossed(*design).fair(USUAL),
        Crossed(renamed[product[rows]], recalled[assessor[rows]], y[rows], products, assessors).fair(USUAL),
    )
    assert same(one.value, other.value[renamed], 1e-10)
    assert same(one.standard_error, other.standard_error[renamed], 1e-10)
    assert same(one.severity, other.severity[recalled], 1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([-3.0, 0.01, 2.0, 50.0]), st.floats(-1000, 1000))
def test_another_scale_of_the_ratings_is_only_another_scale_of_the_scores(seed, times, plus):
    product, assessor, y = award(seed, 20, 6)
    one, other = Crossed(product, assessor, y), Crossed(product, assessor, times * y + plus)
    before, after = one.fair(one.fit()), other.fair(other.fit())
    assert np.abs(after.value - times * before.value - plus).max() < 1e-6 * abs(times) + 1e-9
    assert same(after.standard_error, abs(times) * before.standard_error, 1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(2, 8), st.floats(-30, 30))
def test_where_all_judge_all_differences_are_those_of_the_means(seed, products, assessors, milder):
    product, assessor = np.repeat(np.arange(products), assessors), np.tile(np.arange(assessors), products)
    y = rated(np.random.default_rng(seed), product, assessor)
    design = Crossed(product, assessor, y)
    value = design.fair(design.fit()).value
    assert np.ptp(value - y.reshape(products, assessors).mean(axis=1)) < 1e-9
    moved = Crossed(product, assessor, y + milder * (assessor == 0))
    assert np.ptp(moved.fair(moved.fit()).value - value) < 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_a_constant_added_to_one_assessor_moves_fair_scores_at_most_a_fifth_of_the_means(seed):
    product, assessor, y = award(seed)
    design = Crossed(product, assessor, y)
    assert design.components()[0] == 1
    added = 5.0 * (assessor == 7)
    moved = Crossed(product, assessor, y + added)
    change = moved.fair(moved.fit()).value - design.fair(design.fit()).value
    of_means = np.bincount(product, added) / design.sizes
    # What all move by together changes nobody's place.
    assert np.abs(change - np.median(change)).max() <= 0.2 * of_means.max()


@settings(max_examples=40, deadline=None)
@given(designs())
def test_assessors_who_cannot_differ_give_plain_means(design):
    product, _assessor, y, products, _assessors = design
    number = np.bincount(product, minlength=products)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, error = np.bincount(product, y, products) / number, np.sqrt(USUAL.residual / np.where(number, number, np.nan))
    for severity in (0.0, 1e-12):
        fair = Crossed(*design).fair(Variances(30.0, severity, USUAL.residual, 60.0, 0.0))
        assert same(fair.value, mean, 1e-9)
        assert same(fair.standard_error, error, 1e-9)


@settings(max_examples=40, deadline=None)
@given(designs())
def test_assessors_of_any_severity_give_two_way_least_squares(design):
    product, assessor, y, products, assessors = design
    fair = Crossed(*design).fair(Variances(30.0, 1e9, 1.0, 60.0, 0.0))
    both = np.hstack([np.eye(products)[product], np.eye(assessors)[assessor]])
    least = np.linalg.lstsq(both, y, rcond=None)[0][:products]
    _count, parts, _of_assessors = Crossed(*design).components()
    for part in np.unique(parts[parts >= 0]):
        assert np.ptp((fair.value - least)[parts == part]) < 1e-4


@settings(max_examples=60, deadline=None)
@given(designs(), variances(), st.data())
def test_one_more_rating_never_raises_a_standard_error(design, found, data):
    product, assessor, y, products, assessors = design
    more = data.draw(st.integers(0, products - 1)), data.draw(st.integers(0, assessors - 1))
    richer = Crossed(np.append(product, more[0]), np.append(assessor, more[1]), np.append(y, 50.0), products, assessors)
    before, after = Crossed(*design).fair(found).standard_error, richer.fair(found).standard_error
    known = ~np.isnan(before)
    assert (after[known] <= before[known] * (1 + 1e-9)).all()


@settings(max_examples=40, deadline=None)
@given(designs(), designs())
def test_a_part_of_its_own_leaves_the_others_alone(one, other):
    products, assessors = one[3] + other[3], one[4] + other[4]
    joined = [np.append(a, b) for a, b in zip(one[:3], (other[0] + one[3], other[1] + one[4], other[2] + 500), strict=True)]
    alone, together = Crossed(*one).fair(USUAL), Crossed(*joined, products, assessors).fair(USUAL)
    assert same(together.value[: one[3]], alone.value, 1e-8)
    assert same(together.standard_error[: one[3]], alone.standard_error, 1e-8)


@settings(max_examples=20, deadline=None)
@given(designs())
def test_the_same_ratings_give_the_same_bytes(design):
    def everything():
        model = Crossed(*design)
        found = model.fit()
        draws = model.posterior(found).draws(5, np.random.default_rng(1))
        parts = [*vars(model.fair(found)).values(), draws, *leave_one_out(model, found), *robust(*design, found)]
        return repr(found), [part.tobytes() for part in parts]

    assert everything() == everything()


# ------------------------------------------------------------------ draws
def exact_posterior(product, assessor, y, products, found):
    """Mean and covariance of μ + product by dense algebra."""
    of_product, _of_assessor, covariance = matrices(product, assessor, products, assessor.max() + 1, found)
    covariance = covariance + found.product * of_product @ of_product.T
    weighed, ones = np.linalg.inv(covariance), np.ones((y.size, 1))
    spread = np.linalg.inv(ones.T @ weighed @ ones)
    mean = (spread @ ones.T @ weighed @ y)[0]
    pulled = found.product * of_product.T @ weighed
    # μ + p − its predictor: the part that is the mean's, and the rest.
    of_mean = np.ones((products, 1)) - pulled @ ones
    rest = found.product * np.eye(products) - found.product * pulled @ of_product
    return mean + pulled @ (y - mean), of_mean @ spread @ of_mean.T + rest


@pytest.mark.parametrize(("products", "assessors"), [(6, 4), (4, 7)])
def test_draws_have_the_exact_mean_and_covariance(products, assessors):
    product, assessor, y = ratings(8, products, assessors, 25)
    mean, covariance = exact_posterior(product, assessor, y, products, USUAL)
    posterior = Crossed(product, assessor, y, products, assessors).posterior(USUAL)
    assert same(posterior.mean, mean)
    count = 40_000
    draws = posterior.draws(count, np.random.default_rng(5))
    assert draws.shape == (products, count)
    scale = np.sqrt(np.diag(covariance))
    # Five standard errors of a mean and of a covariance of normal draws.
    assert (np.abs(draws.mean(axis=1) - mean) < 5 * scale / np.sqrt(count)).all()
    assert (np.abs(np.cov(draws) - covariance) < 5 * np.outer(scale, scale) * np.sqrt(2 / count)).all()


def test_products_without_ratings_have_no_score_and_no_draws():
    design = Crossed([0, 0, 2, 2], [0, 1, 0, 1], [50.0, 60.0, 70.0, 75.0], products=4, assessors=3)
    fair, posterior = design.fair(USUAL), design.posterior(USUAL)
    for told in (fair.value, fair.standard_error, posterior.mean, posterior.draws(1, np.random.default_rng(0))[:, 0]):
        assert np.isnan(told).tolist() == [False, True, False, True]
    assert fair.severity[2] == 0
    assert fair.severity_error[2] == pytest.approx(np.sqrt(USUAL.assessor))
    assert design.sizes.tolist() == [2, 0, 2, 0]
    assert design.loads.tolist() == [2, 2, 0]
    count, products, assessors = design.components()
    assert (count, products.tolist(), assessors.tolist()) == (1, [0, -1, 0, -1], [0, 0, -1])


# ------------------------------------------------------------------ sensitivity
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


# ------------------------------------------------------------------ command line
@pytest.mark.parametrize("case", ["crossed_penicillin", "crossed_sparse_truth", "crossed_insteval"])
def test_the_command_agrees_with_lme4(case, capsys):
    expected = json.loads((CASES / case / "expected.json").read_text())
    assert main(["fair", str(CASES / case / "data.csv")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["reml_criterion"] == pytest.approx(expected["reml_criterion"]["value"], abs=1e-3)
    assert told["intercept"] == pytest.approx(expected["intercept"]["value"], abs=1e-4)
    assert told["components"] == 1
    for part in ("var_product", "var_assessor", "var_residual"):
        assert told[part] == pytest.approx(expected[part]["value"], rel=2e-5), part
    scores = expected["fair_score"]
    names = list(scores["values"])
    values = np.array([told["fair_score"][name]["value"] for name in names])
    assert np.abs(values - [scores["values"][name] for name in names]).max() < 1e-4 * values.std()
    assert np.allclose([told["fair_score"][name]["se"] for name in names], [scores["se"][name] for name in names], rtol=1e-4)
    severity, predicted = expected["severity"]["values"], expected["blup_product"]
    found = [told["severity"][name]["value"] for name in severity]
    assert np.abs(np.array(found) - list(severity.values())).max() < 1e-4 * values.std()
    found = [told["blup"][name] - told["intercept"] for name in predicted]
    assert np.abs(np.array(found) - list(predicted.values())).max() < 1e-4 * values.std()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("product,assessor,y\n", "nothing below"),
        ("product,assessor\na,b\n", "column y"),
        ("product,assessor,y\na,b,good\n", "'good' is not a number"),
        ("product,assessor,y\na,b,inf\n", "finite"),
        ("product,assessor,y\na,,3\n", "assessor is empty"),
        ("product,assessor,y\na,b\n", "line 2"),
    ],
)
def test_bad_input_is_refused_in_one_line(text, said, tmp_path, capsys):
    path = tmp_path / "data.csv"
    path.write_text(text)
    assert main(["fair", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_two_ratings_are_answered_too(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("product,assessor,y\nب,1,50\nالف,1,60\n")
    done = subprocess.run(
        [sys.executable, "-m", "assessments.scoring", "fair", path],
        capture_output=True,
        text=True,
        cwd=CASES.parent.parent.parent,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {name: score["value"] for name, score in told["fair_score"].items()} == {"ب": 50.0, "الف": 60.0}
    assert done.stderr == ""


# ------------------------------------------------------------------ known truth
def test_in_simulated_awards_fair_scores_come_nearest_to_the_truth_and_know_how_near():
    seeds = range(3)
    told = {situation: compared(situation, seeds) for situation in ("random panels", "category silos")}
    fair, *others = METHODS
    for other in others:
        assert told["random panels"][fair]["tau"] > told["random panels"][other]["tau"], other
        assert told["random panels"][fair]["rmse"] < told["random panels"][other]["rmse"], other
    assert told["category silos"][fair]["tau"] > told["category silos"]["z-score of each assessor"]["tau"] + 0.05
    assert 0.92 < np.mean([each[fair]["coverage"] for each in told.values()]) < 0.97
