"""The arithmetic: scales, trees, panels; against exact answers and against what must hold for any sheet."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assessments.scoring.panel import panel_mean
from assessments.scoring.scales import normalise
from assessments.scoring.tree import Tree

CASE = Path(__file__).parent.parent / "data/scoring/tree_na_open"
nothing = float("nan")


# ------------------------------------------------------------------ scales
@pytest.mark.parametrize(
    ("kind", "value", "least", "most", "target", "expected"),
    [
        ("ordinal", 1, 1, 5, None, 0),
        ("ordinal", 3, 1, 5, None, 50),
        ("ordinal", 5, 1, 5, None, 100),
        ("ordinal", 75, 0, 100, None, 75),
        ("number", 12.5, 0, 50, None, 25),
        ("inverse", 0, 0, 4, None, 100),
        ("inverse", 1, 0, 4, None, 75),
        ("inverse", 4, 0, 4, None, 0),
        ("boolean", 1, 0, 1, None, 100),
        ("boolean", 0, 0, 1, None, 0),
        ("ratio", 30, 0, None, 40, 75),
        ("ratio", 90, 0, None, 40, 100),
        ("ratio_inverse", 0, 0, None, 40, 100),
        ("ratio_inverse", 80, 0, None, 40, 50),
    ],
)
def test_each_kind_of_scale_has_its_formula(kind, value, least, most, target, expected):
    assert normalise(kind, [value], least, most, target)[0] == expected


def test_no_answer_stays_no_answer_and_a_ratio_without_target_says_nothing():
    for kind in ("ordinal", "number", "inverse", "boolean", "ratio"):
        assert math.isnan(normalise(kind, [nothing], 0, 4, 10)[0])
    assert np.isnan(normalise("ratio", [3, 3], 0, None, [nothing, 0])).all()
    assert np.isnan(normalise("ratio", [3])).all()


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="unknown kind"):
        normalise("stars", [1], 0, 5)


# ------------------------------------------------------------------ trees
def test_the_reference_case_with_exact_answers():
    told = _run("tree", CASE / "input.json")
    assert told.returncode == 0, told.stderr
    got, expected = json.loads(told.stdout)["results"], json.loads((CASE / "expected.json").read_text())
    assert len(got) == len(expected["results"]) == 25
    for mine, right in zip(got, expected["results"], strict=True):
        assert mine["nodes"].keys() == right["nodes"].keys()
        for name, node in right["nodes"].items():
            assert mine["nodes"][name]["value"] == pytest.approx(node["value"], abs=expected["tol"])
            assert mine["nodes"][name]["coverage"] == pytest.approx(node["coverage"], abs=expected["tol"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fare", "x.csv"], "unknown command fare"),
        (["tree"], "usage:"),
        (["tree", "no-such-file.json"], "No such file"),
        (["tree", str(CASE / "README.md")], "README.md"),
    ],
)
def test_bad_input_on_the_command_line_is_one_line_and_2(arguments, words):
    told = _run(*arguments)
    assert (told.returncode, told.stdout) == (2, "")
    assert words in told.stderr
    assert told.stderr.count("\n") == 1


def _run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "assessments.scoring", *map(str, arguments)],
        capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "edges",
    [
        [("a", "root", 1), ("a", "root", 2)],
        [("a", "b", 1), ("b", "a", 1)],
        [("a", "root", -1)],
        [("a", "root", nothing)],
        [("root", "a", 1)],
    ],
)
def test_what_is_no_tree_is_refused(edges):
    with pytest.raises(ValueError):
        Tree(edges)


@st.composite
def trees(draw):
    """A tree of up to three levels: edges and the names of its leaves."""
    edges = []
    weight = st.integers(1, 100)

    def grow(name, depth):
        for n in range(draw(st.integers(1, 4))):
            child = f"{name}.{n}"
            edges.append((child, name, draw(weight)))
            if depth < 2 and draw(st.booleans()):
                grow(child, depth + 1)

    grow("root", 0)
    return Tree(edges), edges


answer = st.one_of(st.just(nothing), st.integers(0, 100).map(float), st.floats(0, 100))


@st.composite
def answered(draw):
    tree, edges = draw(trees())
    count = draw(st.integers(1, 6))
    answers = draw(
        st.lists(st.lists(answer, min_size=count, max_size=count), min_size=len(tree.leaves), max_size=len(tree.leaves))
    )
    return tree, edges, np.array(answers)


def _root(tree, answers):
    values, coverage = tree.values(answers)
    return values[0], coverage[0]


@given(answered())
def test_a_root_lies_between_its_answered_leaves(case):
    tree, _edges, answers = case
    root, _ = _root(tree, answers)
    for column, value in enumerate(root):
        given_ = answers[:, column][~np.isnan(answers[:, column])]
        if given_.size:
            assert given_.min() <= value <= given_.max()
        else:
            assert np.isnan(value)


@given(trees(), st.sampled_from([0.0, 100.0, 37.3, 1 / 3]))
def test_the_same_answer_everywhere_is_the_score(case, value):
    tree, _ = case
    values, coverage = tree.values(np.full((len(tree.leaves), 2), value))
    assert (values == value).all()
    assert coverage == pytest.approx(1)


@given(trees())
def test_nothing_applicable_is_nothing_and_never_zero(case):
    tree, _ = case
    values, coverage = tree.values(np.full((len(tree.leaves), 3), nothing))
    assert np.isnan(values).all()
    assert (coverage == 0).all()


@given(answered(), st.randoms())
def test_the_order_of_sheets_and_of_nodes_changes_nothing(case, random):
    tree, edges, answers = case
    root, coverage = _root(tree, answers)
    columns = random.sample(range(answers.shape[1]), answers.shape[1])
    mixed_root, _ = _root(tree, answers[:, columns])
    np.testing.assert_array_equal(mixed_root, root[columns])

    mixed = Tree(random.sample(edges, len(edges)))
    moved = answers[[tree.leaf_index[leaf] for leaf in mixed.leaves]]
    again, covered = _root(mixed, moved)
    np.testing.assert_allclose(again, root, rtol=0, atol=1e-9)
    np.testing.assert_allclose(covered, coverage, rtol=0, atol=1e-12)


@given(answered(), st.floats(0.01, 100))
def test_scaling_all_weights_changes_nothing(case, factor):
    tree, edges, answers = case
    scaled = Tree([(key, parent, weight * factor) for key, parent, weight in edges])
    np.testing.assert_allclose(scaled.values(answers), tree.values(answers), rtol=0, atol=1e-9)


@given(answered())
def test_coverage_is_the_nominal_share_that_was_answered(case):
    tree, _edges, answers = case
    nominal = tree.shares(np.zeros_like(answers))
    _, coverage = _root(tree, answers)
    np.testing.assert_allclose(coverage, (nominal * ~np.isnan(answers)).sum(axis=0), rtol=0, atol=1e-12)


@given(answered())
def test_shares_of_the_leaves_sum_to_one_and_explain_the_root(case):
    tree, _edges, answers = case
    root, _ = _root(tree, answers)
    shares = tree.shares(answers)
    some = ~np.isnan(root)
    np.testing.assert_allclose(shares.sum(axis=0), some.astype(float), atol=1e-12)
    np.testing.assert_allclose(np.nansum(shares * answers, axis=0)[some], root[some], rtol=0, atol=1e-9)
    assert (shares[np.isnan(answers)] == 0).all()


def test_the_weight_of_what_does_not_apply_goes_to_its_siblings_only():
    tree = Tree([("a", "root", 60), ("b", "root", 40), ("a1", "a", 50), ("a2", "a", 50), ("b1", "b", 100)])
    values, coverage = tree.values(np.array([[100.0], [nothing], [0.0]]))
    assert tree.leaves == ["a1", "a2", "b1"]
    assert dict(zip(tree.keys, values[:, 0], strict=True))["a"] == 100
    assert values[0, 0] == pytest.approx(60)
    assert coverage[0, 0] == pytest.approx(0.7)
    assert tree.shares(np.array([[100.0], [nothing], [0.0]]))[:, 0] == pytest.approx([0.6, 0, 0.4])


# ------------------------------------------------------------------ panels
def test_the_interval_is_students():
    values = np.array([[60.0, 70.0, 80.0, 74.0, 66.0]])
    got = panel_mean(values, [0])
    low, high = stats.t.interval(0.95, 4, loc=values.mean(), scale=stats.sem(values[0]))
    assert (got.value[0, 0], got.raters[0, 0]) == (70, 5)
    assert got.standard_error[0, 0] == pytest.approx(stats.sem(values[0]))
    assert (got.low[0, 0], got.high[0, 0]) == (pytest.approx(low), pytest.approx(high))


def test_one_assessor_gives_no_interval_and_an_interval_is_cut_at_the_ends():
    got = panel_mean(np.array([[50.0, 95.0, 5.0, 99.0, 98.0, nothing]]), [0, 1, 3, 5])
    assert got.raters.tolist() == [[1, 2, 2, 0]]
    assert np.isnan([got.standard_error[0, 0], got.low[0, 0], got.high[0, 0]]).all()
    assert (got.low[0, 1], got.high[0, 1]) == (0, 100)
    assert got.high[0, 2] == 100
    assert np.isnan([got.value[0, 3], got.low[0, 3]]).all()


@given(st.floats(0, 100), st.integers(2, 9))
def test_assessors_who_agree_wholly_leave_no_error(value, size):
    got = panel_mean(np.full((1, size), value), [0])
    assert (got.value[0, 0], got.standard_error[0, 0], got.low[0, 0], got.high[0, 0]) == (value, 0, value, value)


@given(st.lists(st.lists(st.floats(0, 100), min_size=1, max_size=7), min_size=1, max_size=6), st.randoms())
def test_panels_do_not_know_each_other_nor_the_order_of_their_members(panels, random):
    starts = np.cumsum([0, *map(len, panels)])[:-1]
    together = panel_mean(np.array([[value for panel in panels for value in panel]]), starts)
    for n, panel in enumerate(panels):
        alone = panel_mean(np.array([panel]), [0])
        for name in ("value", "standard_error", "low", "high", "raters"):
            # Bit by bit: a round computed in one go equals its entries computed one by one.
            np.testing.assert_array_equal(getattr(together, name)[:, n], getattr(alone, name)[:, 0])
        mixed = panel_mean(np.array([random.sample(panel, len(panel))]), [0])
        assert mixed.value[0, 0] == pytest.approx(alone.value[0, 0], abs=1e-9)
