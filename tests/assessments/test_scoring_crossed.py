"""Fair scores and their draws: dense algebra on small designs, the rules that hold for any design, and known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring.crossed import Crossed, Variances
from assessments.scoring.sensitivity import leave_one_out, robust
from bench._simulation import METHODS, compared
from tests.assessments.crossed import USUAL, award, dense_fair, designs, matrices, rated, ratings, same, variances

# ------------------------------------------------------------------ fair scores


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
