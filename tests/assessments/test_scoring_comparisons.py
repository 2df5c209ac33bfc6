"""Weights from pairwise comparisons: known matrices, the invariants of the method, and what the command refuses."""

import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring import comparisons
from assessments.scoring.comparisons import completed, joined, matrix_of, most_inconsistent, principal, ratio, reading, separated

CASE = Path(__file__).parents[1] / "data/scoring/ahp_house_cities_group"
INPUT = json.loads((CASE / "input.json").read_text())
EXPECTED = json.loads((CASE / "expected.json").read_text())

modest = settings(max_examples=40, deadline=None)


def named(pairs):
    """The names and the matrix of {"a|b": ratio}."""
    names = sorted({name for pair in pairs for name in pair.split("|")})
    place = {name: n for n, name in enumerate(names)}
    judgements = {tuple(place[name] for name in pair.split("|")): value for pair, value in pairs.items()}
    return names, matrix_of(len(names), judgements)


def ahp(tmp_path, content):
    path = tmp_path / "in.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    command = [sys.executable, "-m", "assessments.scoring", "ahp", str(path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=CASE.parents[3])


@st.composite
def judged(draw, least=3, most=7, gaps=False):
    """A matrix of answers on the scale 1/9 … 9; with gaps, each item is at least compared with the next."""
    size = draw(st.integers(least, most))
    judgements = {}
    for left, right in combinations(range(size), 2):
        if not gaps or right == left + 1 or draw(st.booleans()):
            judgements[left, right] = ratio(draw(st.integers(-8, 8)))
    return matrix_of(size, judgements)


# --- known answers -------------------------------------------------------------------------------


def test_the_house_of_saaty_has_its_published_weights_and_ratio(tmp_path):
    out = json.loads(ahp(tmp_path, {"matrices": [INPUT["house"]]}).stdout)
    assert out["weights"] == pytest.approx(EXPECTED["house"]["published_weights_3dp"], abs=6e-4)
    assert out["lambda_max"] == pytest.approx(EXPECTED["house"]["lambda_max"]["value"], abs=1e-9)
    assert out["CR"] == pytest.approx(EXPECTED["house"]["CR"]["value"], abs=1e-9)


def test_the_best_city_has_its_published_weights():
    criteria, matrix = named(INPUT["cities"]["criteria"])
    importance = dict(zip(criteria, reading(matrix).weights, strict=True))
    total = dict.fromkeys(EXPECTED["cities"]["published_3dp"], 0.0)
    for criterion, weight in importance.items():
        names, matrix = named(INPUT["cities"][criterion])
        for name, share in zip(names, reading(matrix).weights, strict=True):
            total[name] += weight * share
    assert total == pytest.approx(EXPECTED["cities"]["published_3dp"], abs=6e-4)


def test_a_group_is_joined_by_the_geometric_mean_of_its_judgements(tmp_path):
    out = json.loads(ahp(tmp_path, {"matrices": INPUT["group"]}).stdout)
    group = EXPECTED["group"]
    assert np.array(out["completed"]) == pytest.approx(np.array(group["aij_matrix"]), rel=1e-12)
    assert out["weights"] == pytest.approx(group["eigen_weights"]["value"], abs=1e-12)
    assert out["row_geometric_mean_weights"] == pytest.approx(group["row_geometric_mean_weights"]["value"], abs=1e-12)
    assert out["lambda_max"] == pytest.approx(group["lambda_max"]["value"], abs=1e-11)
    assert out["CR"] == pytest.approx(group["CR"]["value"], abs=1e-11)
    for one, expected in zip(out["individual"], group["individual"], strict=True):
        assert one["weights"] == pytest.approx(expected["weights"], abs=1e-12)
        assert one["CR"] == pytest.approx(expected["CR"], abs=1e-11)


def test_a_gap_is_filled_where_lambda_max_is_least(tmp_path):
    expected = EXPECTED["incomplete"]
    names, matrix = named(INPUT["incomplete"])
    cells = [[None if np.isnan(cell) else cell for cell in row] for row in matrix.tolist()]
    out = json.loads(ahp(tmp_path, {"matrices": [cells]}).stdout)
    assert dict(zip(names, out["weights"], strict=True)) == pytest.approx(expected["weights_4dp"], abs=1e-4)
    assert out["completed"][2][3] == pytest.approx(expected["filled_c_d"]["value"], abs=1e-6)


# --- invariants ----------------------------------------------------------------------------------


@modest
@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=15))
def test_a_matrix_without_contradiction_gives_its_weights_back_and_ratio_zero(parts):
    weights = np.array(parts) / sum(parts)
    found = reading(weights[:, None] / weights[None, :])
    assert found.weights == pytest.approx(weights, rel=1e-12)
    assert (found.lambda_max, found.consistency_ratio) == (len(parts), 0.0)
    assert most_inconsistent(found.completed, found.weights) == []


@modest
@given(judged())
def test_the_weights_are_the_eigenvector_to_twelve_digits(matrix):
    found = reading(matrix)
    assert matrix @ found.weights == pytest.approx(found.lambda_max * found.weights, rel=1e-12)
    assert found.weights.sum() == pytest.approx(1, abs=1e-15)
    assert (found.weights > 0).all()
    assert found.lambda_max >= len(matrix)


@modest
@given(judged(gaps=True), st.randoms(use_true_random=False))
def test_the_order_of_the_items_changes_nothing(matrix, random):
    order = list(range(len(matrix)))
    random.shuffle(order)
    straight, shuffled = reading(matrix), reading(matrix[np.ix_(order, order)])
    assert shuffled.weights == pytest.approx(straight.weights[order], rel=1e-9)
    assert shuffled.lambda_max == pytest.approx(straight.lambda_max, rel=1e-12)


@modest
@given(judged())
def test_turning_every_judgement_round_turns_the_row_means_round(matrix):
    turned = 1 / reading(1 / matrix).row_means
    assert reading(matrix).row_means == pytest.approx(turned / turned.sum(), rel=1e-9)


@modest
@given(judged(least=4, gaps=True), st.integers(0, 2**32 - 1))
def test_no_other_filling_of_the_gaps_has_a_smaller_lambda_max(matrix, seed):
    best = completed(matrix)
    gaps = np.argwhere(np.triu(np.isnan(matrix)))
    random = np.random.default_rng(seed)
    for _attempt in range(10):
        other = best.copy()
        for left, right in gaps:
            other[left, right] *= np.exp(random.normal(0, random.choice([0.01, 1.0])))
            other[right, left] = 1 / other[left, right]
        assert principal(other)[1] >= principal(best)[1] - 1e-12


@modest
@given(judged(least=4, gaps=True))
def test_at_the_least_lambda_max_it_is_level_in_every_gap(matrix):
    best = completed(matrix)
    right_vector, left_vector = principal(best)[0], principal(best.T)[0]
    for i, j in np.argwhere(np.triu(np.isnan(matrix))):
        rising = left_vector[i] * best[i, j] * right_vector[j]
        falling = left_vector[j] * best[j, i] * right_vector[i]
        assert rising == pytest.approx(falling, rel=1e-9)


@modest
@given(judged(least=2))
def test_as_few_comparisons_as_connect_the_items_are_carried_through_exactly(matrix):
    chain = matrix_of(len(matrix), {(n, n + 1): matrix[n, n + 1] for n in range(len(matrix) - 1)})
    found = reading(chain)
    assert found.consistency_ratio == pytest.approx(0, abs=1e-9)
    for n in range(len(matrix) - 1):
        assert found.weights[n] / found.weights[n + 1] == pytest.approx(matrix[n, n + 1], rel=1e-6)


def test_a_judgement_that_some_left_out_is_the_mean_of_those_who_gave_it():
    first = matrix_of(3, {(0, 1): 2, (1, 2): 4})
    second = matrix_of(3, {(0, 1): 8})
    group = joined([first, second])
    assert group[0, 1] == pytest.approx(4, rel=1e-15)
    assert group[2, 1] == pytest.approx(1 / 4, rel=1e-15)
    assert np.isnan(group[0, 2])


def test_an_expert_more_of_the_same_opinion_changes_nothing():
    _names, matrix = named(INPUT["incomplete"])
    assert reading(joined([matrix, matrix, matrix])).weights == pytest.approx(reading(matrix).weights, rel=1e-12)


def test_the_judgement_that_was_turned_round_is_named_first_with_the_value_that_fits():
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    matrix = weights[:, None] / weights[None, :]
    matrix[0, 3], matrix[3, 0] = 1 / 4, 4
    found = reading(matrix)
    first, *others = most_inconsistent(matrix, found.weights)
    assert (first.left, first.right, first.value) == (0, 3, 0.25)
    assert first.fitting == pytest.approx(found.weights[0] / found.weights[3])
    assert len(others) == 2
    assert most_inconsistent(matrix, found.weights, count=1) == [first]


def test_steps_of_the_scale_and_ratios_belong_to_each_other():
    assert [ratio(step) for step in (-8, -1, 0, 1, 8)] == [1 / 9, 1 / 2, 1, 2, 9]
    for step in range(-8, 9):
        assert comparisons.nearest_step(ratio(step)) == step
        assert ratio(step) * ratio(-step) == pytest.approx(1, rel=1e-15)
    assert comparisons.nearest_step(40.0) == 8


def test_disagreement_is_the_weight_that_experts_would_move():
    assert comparisons.disagreement([0.5, 0.5], [[0.5, 0.5], [0.5, 0.5]]) == 0
    assert comparisons.disagreement([0.5, 0.5], [[0.7, 0.3], [0.3, 0.7]]) == pytest.approx(0.2)


def test_the_random_index_of_three_is_the_mean_of_all_its_matrices():
    index = [
        (principal(matrix_of(3, {(0, 1): ratio(a), (0, 2): ratio(b), (1, 2): ratio(c)}))[1] - 3) / 2
        for a in range(-8, 9)
        for b in range(-8, 9)
        for c in range(-8, 9)
    ]
    assert np.mean(index) == pytest.approx(EXPECTED["RI_exact_n3"]["value"], abs=1e-9)
    assert comparisons.RANDOM_INDICES[2] == pytest.approx(np.mean(index), abs=0.005)


# --- refusals ------------------------------------------------------------------------------------


def test_items_that_no_comparison_connects_are_named():
    matrix = matrix_of(4, {(0, 1): 3, (2, 3): 2})
    assert separated(matrix) == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match=r"1, 2 \| 3, 4$"):
        reading(matrix)


def test_experts_may_each_judge_a_part_if_together_they_connect_it(tmp_path):
    first = [[1, 2, None], [None, 1, None], [None, None, 1]]
    second = [[1, None, None], [None, 1, 3], [None, "1/3", 1]]
    out = json.loads(ahp(tmp_path, {"matrices": [first, second]}).stdout)
    assert out["weights"] == pytest.approx([0.6, 0.3, 0.1])
    assert out["individual"][0] == {"weights": None, "lambda_max": None, "CR": None, "separated": [[0, 1], [2]]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"matrices": []}, "expected a list of matrices"),
        ({}, "expected a list of matrices"),
        ({"matrices": [[[1, 2], [0.5]]]}, "matrix 1: a matrix of comparisons has as many rows as columns"),
        ({"matrices": [[]]}, "matrix 1: a matrix of comparisons has as many rows as columns"),
        ({"matrices": [[[1, 2], [0.5, 1]], [[1]]]}, "the matrices compare different numbers of items"),
        ({"matrices": [[[1, 2], [2, 1]]]}, "matrix 1: row 1, column 2: 2 is not the reciprocal of its opposite"),
        ({"matrices": [[[1, -2], ["-1/2", 1]]]}, "matrix 1: row 1, column 2: -2 is not a positive number"),
        ({"matrices": [[[1, 0], [None, 1]]]}, "matrix 1: row 1, column 2: 0 is not a positive number"),
        ({"matrices": [[[1, 1e300], [None, 1]]]}, "matrix 1: row 1, column 2: 1e+300 is beyond any comparison"),
        ({"matrices": [[[2, 1], [1, 1]]]}, "matrix 1: row 1, column 1: 2 stands on the diagonal"),
        ({"matrices": [[[1, "many"], [1, 1]]]}, "matrix 1: 'many' is not a number"),
        ({"matrices": [[[1, "1/0"], [1, 1]]]}, "matrix 1: '1/0' is not a number"),
        ('{"matrices": [[[1, NaN], [1, 1]]]}', "matrix 1: nan is not a number"),
        ('{"matrices": [[[1, 1e999], [1, 1]]]}', "matrix 1: inf is not a number"),
        ({"matrices": [[[1, True], [1, 1]]]}, "matrix 1: True is neither a number nor null"),
        ({"matrices": [[[1, None], [None, 1]]]}, "no comparison connects these groups of items: 1 | 2"),
        ({"matrices": [[[1] * 16] * 16]}, "matrix 1: 16 items: consistency is published for at most 15"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(tmp_path, content, sentence):
    done = ahp(tmp_path, content)
    assert done.returncode == 2
    assert done.stdout == ""
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_judgement_given_one_way_is_completed_by_its_reciprocal(tmp_path):
    out = json.loads(ahp(tmp_path, {"matrices": [[[1, 3], [None, 1]]]}).stdout)
    assert np.array(out["completed"]) == pytest.approx(np.array([[1, 3], [1 / 3, 1]]), rel=1e-15)
    assert out["weights"] == pytest.approx([0.75, 0.25], rel=1e-12)
    assert out["CR"] == 0


def test_the_widest_judgements_are_still_completed():
    widest = comparisons.FURTHEST_RATIO
    found = reading(matrix_of(15, {(n, n + 1): widest for n in range(14)}))
    assert np.isfinite(found.completed).all()
    assert found.weights[0] == pytest.approx(1, abs=1e-8)
