"""The variances behind fair scores: the criterion by dense algebra, its derivatives, and ratings at the edge of what they can tell."""

import numpy as np
import pytest

from assessments.scoring import statistics
from assessments.scoring.crossed import Crossed, Variances
from assessments.scoring.sensitivity import leave_one_out, robust
from tests.assessments.crossed import award, dense_fair, matrices, rated, ratings, same


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
