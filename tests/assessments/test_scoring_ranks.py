"""Ranks and what may be said of them: against exact normal probabilities, against counting, and what must always hold."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import stats

from assessments.scoring import ranks
from assessments.scoring.__main__ import main

CASE = Path(__file__).parent.parent / "data/scoring/rank_prob_open"
nothing = float("nan")
few = st.sampled_from([1.0, 2.0, 2.5, 3.0, 70.0])  # so that ties are common
sets_of_draws = arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=few)


# ------------------------------------------------------------------ ranks
def test_ranks_are_shared_as_1_2_2_4_on_unrounded_scores():
    assert ranks.shared_ranks([70, 80, 70, 60]).tolist() == [2, 1, 2, 4]
    assert ranks.shared_ranks([70.0000001, 70]).tolist() == [1, 2]
    assert ranks.shared_ranks([nothing, 5, nothing, 5]).tolist() == [0, 1, 0, 1]
    assert ranks.shared_ranks([]).tolist() == ranks.shared_ranks(np.array([])).tolist() == []


@settings(deadline=None)
@given(st.lists(few | st.just(nothing), max_size=12), st.randoms())
def test_the_order_of_the_rows_changes_no_rank_and_a_rank_counts_the_better(values, chance):
    order = list(range(len(values)))
    chance.shuffle(order)
    values = np.array(values)
    found = ranks.shared_ranks(values)
    assert (ranks.shared_ranks(values[order]) == found[order]).all()
    for value, rank in zip(values, found, strict=True):
        assert rank == (0 if np.isnan(value) else 1 + (values > value).sum())


@settings(deadline=None)
@given(sets_of_draws, st.sampled_from([0.5, 0.8, 0.95]))
def test_a_rank_interval_holds_its_share_of_the_draws_and_is_no_wider_than_it_must(draws, level):
    low, high = ranks.rank_intervals(draws, level)
    each = np.array([ranks.shared_ranks(draw) for draw in draws.T]).T
    count, tail = draws.shape[1], (1 - level) / 2 * draws.shape[1]
    for row, least, most in zip(each, low, high, strict=True):
        assert ((row >= least) & (row <= most)).sum() >= level * count - 1e-9
        assert least in row and most in row
        assert (row < least).sum() <= tail + 1e-9 and (row > most).sum() <= tail + 1e-9


# ------------------------------------------------------------------ places
@settings(deadline=None)
@given(sets_of_draws, st.integers(1, 8))
def test_the_chances_of_a_place_among_the_best_k_sum_to_k(draws, k):
    found = ranks.top_probabilities(draws, k)
    assert found.sum() == pytest.approx(min(k, len(draws)), abs=1e-12)
    assert ((found >= 0) & (found <= 1)).all()
    shares = np.zeros(len(draws))
    for draw in draws.T:
        for product, value in enumerate(draw):
            better, level = (draw > value).sum(), (draw == value).sum()
            shares[product] += np.clip((k - better) / level, 0, 1)
    assert found == pytest.approx(shares / draws.shape[1], abs=1e-12)


def test_places_are_counted_alike_in_one_block_and_in_many(monkeypatch):
    draws = np.random.default_rng(1).normal(size=(30, 500)).round(1)
    whole = ranks.top_probabilities(draws, 7), *ranks.rank_intervals(draws)
    monkeypatch.setattr(ranks, "BLOCK", 30 * 7)
    for one, other in zip(whole, (ranks.top_probabilities(draws, 7), *ranks.rank_intervals(draws)), strict=True):
        assert one == pytest.approx(other, abs=1e-12)


def test_draws_that_cannot_be_used_are_refused():
    for draws in ([1.0, 2.0], np.empty((3, 0)), [[1.0, nothing]], [[np.inf, 1.0]]):
        with pytest.raises(ValueError, match="draws must be"):
            ranks.top_probabilities(draws, 1)
    with pytest.raises(ValueError, match="k must be"):
        ranks.top_probabilities([[1.0], [2.0]], 0)
    with pytest.raises(ValueError, match="level"):
        ranks.rank_intervals([[1.0], [2.0]], 1)


# ------------------------------------------------------------------ grades
@settings(deadline=None)
@given(sets_of_draws, st.lists(few, max_size=4, unique=True).map(sorted))
def test_the_chances_of_the_grades_sum_to_one_and_a_cut_belongs_to_the_upper_grade(draws, cuts):
    found = ranks.grade_probabilities(draws, cuts)
    assert found.shape == (len(draws), len(cuts) + 1)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-15)
    graded = ranks.grades(draws, cuts)
    assert (graded == [[sum(value >= cut for cut in cuts) for value in row] for row in draws]).all()
    for grade in range(len(cuts) + 1):
        assert found[:, grade] == pytest.approx((graded == grade).mean(axis=1), abs=1e-15)


def test_a_grade_is_misclassified_unless_it_is_the_published_one():
    chances = np.array([[0.1, 0.7, 0.2], [0.1, 0.7, 0.2], [0.1, 0.7, 0.2], [0.1, 0.7, 0.2]])
    found = ranks.misclassification(chances, [59.9, 60, 75, nothing], [60, 75])
    assert found[:3] == pytest.approx([0.9, 0.3, 0.8]) and np.isnan(found[3])


def test_cuts_must_ascend():
    for cuts in ([2, 1], [1, 1], [nothing], [[1]]):
        with pytest.raises(ValueError, match="cuts must ascend"):
            ranks.grade_probabilities([[1.0]], cuts)


@settings(deadline=None)
@given(st.floats(-90, 190), st.floats(0.01, 40))
def test_exact_grades_are_the_normal_law_even_far_in_its_tails(mean, deviation):
    (found,) = ranks.normal_grades([mean], [deviation], [0, 60, 75])
    law = stats.norm(mean, deviation)
    right = [law.cdf(0), law.cdf(60) - law.cdf(0), law.cdf(75) - law.cdf(60), law.sf(75)]
    assert found == pytest.approx(right, abs=1e-14) and found.sum() == pytest.approx(1, abs=1e-12)
    assert found[0] == pytest.approx(law.cdf(0), rel=1e-9) and found[3] == pytest.approx(law.sf(75), rel=1e-9)


def test_a_score_without_error_is_in_its_grade_for_certain():
    assert ranks.normal_grades([60, 59, 99], [0, 0, 0], [60, 75]).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


# ------------------------------------------------------------------ pairs and groups
@settings(deadline=None)
@given(sets_of_draws)
def test_of_a_pair_one_or_the_other_is_above(draws):
    pairs = ranks.pair_probabilities(draws)
    assert pairs + pairs.T == pytest.approx(np.ones(pairs.shape))
    assert (np.diag(pairs) == 0.5).all()
    assert pairs[0, -1] == ranks.beats(draws, 0, -1) == ((draws[0] > draws[-1]) + 0.5 * (draws[0] == draws[-1])).mean()


def test_exact_pairs_follow_the_covariance_and_agree_with_draws():
    mean, cov = np.array([2.0, 1.0, 1.0]), np.array([[4.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 2.0]])
    pairs = ranks.normal_beats(mean, cov)
    assert pairs[0, 1] == pytest.approx(stats.norm.cdf(1 / np.sqrt(4 + 3 - 2)))
    assert pairs[1, 2] == pairs[2, 1] == 0.5
    drawn = ranks.pair_probabilities(np.random.default_rng(1).multivariate_normal(mean, cov, 100_000).T)
    assert pairs == pytest.approx(drawn, abs=0.01)
    assert ranks.normal_beats([2, 1, 1], np.ones((3, 3))).tolist() == [[0.5, 1, 1], [0, 0.5, 0.5], [0, 0.5, 0.5]]


def test_a_group_lasts_until_its_leader_is_probably_better():
    """Independent scores of deviation 1: the leader beats who is d below with Φ(d/√2), 0.75 at d = 0.954."""
    chance = np.random.default_rng(1)
    values = np.array([10.0, 9.5, 9.2, 8.9, 8.4, nothing, 5.0])
    draws = np.nan_to_num(values)[:, None] + chance.normal(size=(7, 20_000))
    # 8.9 is 1.1 below 10: a new group; 8.4 stays with its leader 8.9, though 9.5 would beat it.
    assert ranks.indistinct_groups(values, draws).tolist() == [1, 1, 1, 2, 2, 0, 3]
    assert ranks.indistinct_groups(values, draws, least=0.6).tolist() == [1, 2, 2, 3, 4, 0, 5]


@settings(deadline=None)
@given(sets_of_draws, st.randoms())
def test_groups_go_down_the_list_whatever_the_order_of_the_rows(draws, chance):
    values = draws.mean(axis=1).round()
    found = ranks.indistinct_groups(values, draws)
    descending = found[np.argsort(-values, kind="stable")]
    assert descending[0] == 1 and set(np.diff(descending)) <= {0, 1}
    for value in set(values):
        assert len(set(found[values == value])) == 1
    # Rows that draw different things with one mean are told apart by nothing: leave them out here.
    if len(set(zip(values, draws.mean(axis=1), strict=True))) == len(values):
        order = list(range(len(values)))
        chance.shuffle(order)
        assert (ranks.indistinct_groups(values[order], draws[order]) == found[order]).all()


# ------------------------------------------------------------------ command line
@pytest.fixture
def rank(tmp_path, capsys):
    """Run the command on a case: (exit code, standard output, standard error)."""

    def run(case):
        path = tmp_path / "case.json"
        path.write_text(json.dumps(case))
        return main(["rank", str(path)]), *capsys.readouterr()

    return run


def test_the_reference_case(rank):
    case, right = (json.loads((CASE / name).read_text()) for name in ("input.json", "expected.json"))
    code, text, _refused = rank(case)
    told = json.loads(text)
    assert code == 0 and told["ranks"] == right["ranks_1224"]
    for name in ("top1", "topk", "misclassification"):
        assert told[name] == pytest.approx(right[name]["value"], abs=right[name]["tol"])
    assert np.array(told["grade_prob"]) == pytest.approx(np.array(right["grade_prob"]["value"]), abs=1e-12)
    assert told["pairs"][0][1] == pytest.approx(right["pair_0_over_1"]["value"], abs=1e-12)
    assert sum(told["top1"]) == 1 and sum(told["topk"]) == 3
    assert rank(case)[1] == text  # the same input: the same bytes


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_places_of_independent_scores_agree_with_the_exact_integral(products, seed):
    chance = np.random.default_rng(seed)
    mean, deviation = chance.normal(0, 1, products), chance.uniform(0.5, 2, products)
    (found,) = ranks.normal_tops(mean, np.diag(deviation**2), (1,), seed)
    grid = np.linspace(-15, 15, 4001)
    below = stats.norm.cdf((grid[:, None] - mean) / deviation)
    density = stats.norm.pdf((grid[:, None] - mean) / deviation) / deviation
    right = [np.trapezoid(density[:, i] * np.delete(below, i, axis=1).prod(axis=1), grid) for i in range(products)]
    assert found == pytest.approx(right, abs=0.006) and found.sum() == 1


GOOD = {"mean": [1, 2], "cov": [[1, 0], [0, 1]], "k": 1, "cuts": [1]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mean": []}, "no product"),
        ({"mean": [1, None]}, "mean must be finite"),
        ({"mean": [1, "x"]}, "mean must hold numbers"),
        ({"mean": [1, 2, 3]}, "cov must be 3 × 3"),
        ({"mean": 5}, "mean must be finite numbers in 1 dimension"),
        ({"cov": [[1, 0], [0]]}, "cov must hold numbers"),
        ({"cov": [[1, 0.5], [0.4, 1]]}, "not symmetric"),
        ({"cov": [[1, 1], [1, 1]]}, "not positive definite"),
        ({"cov": [[1, 2], [2, 1]]}, "not positive definite"),
        ({"cov": [[0, 0], [0, 0]]}, "not positive definite"),
        ({"cov": [[1, float("nan")], [0, 1]]}, "cov must be finite"),
        ({"k": 0}, "k must be a whole number from 1 to 2"),
        ({"k": 3}, "k must be"),
        ({"k": 1.5}, "k must be"),
        ({"k": True}, "k must be"),
        ({"cuts": [2, 1]}, "cuts must ascend"),
        ({"cuts": "no"}, "cuts must hold numbers"),
    ],
)
def test_bad_input_is_refused_in_one_line(rank, change, words):
    code, told, refused = rank(GOOD | change)
    assert code == 2 and not told
    assert words in refused and refused.count("\n") == 1


def test_every_field_is_needed_and_no_cut_is_one_grade(rank):
    for name in GOOD:
        code, _told, refused = rank({key: value for key, value in GOOD.items() if key != name})
        assert code == 2 and f"{name} is missing" in refused
    assert json.loads(rank(GOOD | {"cuts": []})[1])["grade_prob"] == [[1.0], [1.0]]
