"""Who is joined with whom: parts, fragile links and what joins the parts; against scipy, brute force and the reference case."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from assessments.scoring.__main__ import main
from assessments.scoring.graphs import connectivity, joining

CASE = Path(__file__).parent.parent / "data/scoring/connectivity_open"


@st.composite
def designs(draw):
    products, assessors = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    pair = st.tuples(st.integers(0, products - 1), st.integers(0, assessors - 1))
    edges = draw(st.lists(pair, min_size=1, max_size=20))
    return np.array(edges), products, assessors


def parts(edges, products, assessors):
    """scipy's components of the graph itself, as a label per node; -1 without a rating."""
    nodes = products + assessors
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1] + products)), shape=(nodes, nodes))
    labels = connected_components(graph.tocsr(), directed=False)[1]
    rated = np.zeros(nodes, dtype=bool)
    rated[edges[:, 0]] = rated[edges[:, 1] + products] = True
    return np.where(rated, labels, -1)


def same_partition(one, other):
    return ((one[:, None] == one) == (other[:, None] == other)).all() and ((one < 0) == (other < 0)).all()


@settings(max_examples=150, deadline=None)
@given(designs())
def test_the_parts_are_those_of_the_graph_and_come_by_size(design):
    edges, products, assessors = design
    found = connectivity(edges[:, 0], edges[:, 1], products, assessors)
    labels = np.append(found.product_labels, found.assessor_labels)
    assert same_partition(labels, parts(*design))
    assert found.count == labels.max() + 1 == len(found.sizes)
    assert found.sizes.tolist() == sorted(np.bincount(labels[labels >= 0]), reverse=True)
    assert (np.bincount(labels[labels >= 0]) == found.sizes).all()


def test_many_assessors_take_another_way_to_the_same_parts():
    """Above 4,096 assessors their graph is sorted, not tabled."""
    generator = np.random.default_rng(3)
    edges = np.stack([generator.integers(3000, size=6000), generator.integers(5000, size=6000)], axis=1)
    found = connectivity(edges[:, 0], edges[:, 1], 3000, 5000)
    one, other = np.append(found.product_labels, found.assessor_labels), parts(edges, 3000, 5000)
    assert len(set(zip(one, other, strict=True))) == len(set(one)) == len(set(other)) > 100


@settings(max_examples=150, deadline=None)
@given(designs())
def test_a_link_is_fragile_exactly_if_taking_it_away_leaves_more_parts(design):
    edges, products, assessors = design
    found = connectivity(edges[:, 0], edges[:, 1], products, assessors)
    rated = parts(*design) >= 0
    fragile, splitting = [], []
    for node in np.flatnonzero(rated):
        kept = edges[(edges[:, 0] != node) & (edges[:, 1] + products != node)]
        after = parts(kept, products, assessors)
        stranded = (rated & (after < 0)).sum() - 1
        left = len(set(after[after >= 0]))
        # Who is alone on the other side counts as a side of the graph, but nothing is left there to compare.
        if left + stranded > found.count:
            fragile.append(node)
        if left > found.count and node >= products:
            splitting.append(node - products)
    assert [*found.fragile_products, *(found.fragile_assessors + products)] == fragile
    assert found.splitting_assessors.tolist() == splitting


@settings(max_examples=150, deadline=None)
@given(designs(), st.sets(st.tuples(st.integers(0, 7), st.integers(0, 5)), max_size=30))
def test_the_proposed_assignments_join_all_parts_wherever_conflicts_allow_it(design, forbidden):
    edges, products, assessors = design
    before = connectivity(edges[:, 0], edges[:, 1], products, assessors)
    links = joining(edges[:, 0], edges[:, 1], products, assessors, forbidden=forbidden)
    for options in links:
        assert 1 <= len(options) <= 2 and len(set(options)) == len(options)
        for bridge in options:
            assert (bridge.product, bridge.assessor) not in forbidden
            assert before.product_labels[bridge.product] == bridge.to_component
            assert before.assessor_labels[bridge.assessor] == bridge.from_component != bridge.to_component
    for choice in (0, -1):  # every alternative joins as well as what it replaces
        for place in range(len(links)):
            taken = [options[choice if n == place else 0] for n, options in enumerate(links)]
            more = np.array([[bridge.product, bridge.assessor] for bridge in taken])
            after = connectivity(*np.vstack([edges, more]).T, products, assessors)
            assert after.count == before.count - len(links)
    everything = [
        (p, a)
        for p in np.flatnonzero(before.product_labels >= 0)
        for a in np.flatnonzero(before.assessor_labels >= 0)
        if (p, a) not in forbidden
    ]
    reachable = connectivity(*np.vstack([edges, np.array(everything).reshape(-1, 2)]).T, products, assessors)
    # Around the largest part: what cannot reach it is left out, even if it could join something else.
    largest = np.append(before.product_labels, before.assessor_labels) == 0
    home = np.append(reachable.product_labels, reachable.assessor_labels)
    within = home == home[largest][0]
    joined = np.append(before.product_labels, before.assessor_labels)[within]
    assert len(links) == len(set(joined)) - 1


def test_the_lightest_assessor_is_asked_first_and_another_one_stands_by():
    # Two parts: products 0–2 of assessors 0 and 1, product 3 of assessor 2, who has rated least.
    product, assessor = [0, 0, 1, 1, 2, 3], [0, 1, 0, 1, 0, 2]
    (options,) = joining(product, assessor, 4, 3)
    assert (options[0].assessor, options[0].product) == (2, 2)
    assert (options[1].assessor, options[1].product) == (1, 3)
    (options,) = joining(product, assessor, 4, 3, forbidden=lambda product, assessor: assessor != 2)
    assert [(one.assessor, one.product) for one in options] == [(2, 2), (2, 0)]
    assert joining(product, assessor, 4, 3, forbidden=lambda product, assessor: True) == []
    assert joining([0, 1], [0, 0], 2, 1) == []


def test_a_design_without_ratings_has_no_part():
    found = connectivity([], [], 3, 0)
    assert found.count == 0 and found.product_labels.tolist() == [-1, -1, -1] and not len(found.sizes)
    assert not len(found.fragile_products) and joining([], [], 3, 0) == []


# ------------------------------------------------------------------ command line
@pytest.fixture
def connect(tmp_path, capsys):
    """Run the command on a case: (exit code, standard output, standard error)."""

    def run(case):
        path = tmp_path / "case.json"
        path.write_text(case if isinstance(case, str) else json.dumps(case))
        return main(["connect", str(path)]), *capsys.readouterr()

    return run


def test_the_reference_designs(connect):
    asked, right = (json.loads((CASE / name).read_text())["designs"] for name in ("input.json", "expected.json"))
    assert len(asked) == len(right) == 5
    for design, expected in zip(asked, right, strict=True):
        told = json.loads(connect({"edges": design["edges"]})[1])
        for name in ("components", "sizes", "articulation_assessors", "articulation_products"):
            assert told[name] == expected[name], design["name"]
        assert told["splitting_assessors"] == expected["assessors_whose_removal_splits_the_remaining_ratings"]


def test_ids_are_told_as_they_stand_in_the_file(connect):
    told = json.loads(connect({"edges": [["کتاب", 7], ["کتاب", "7"], ["b", 7], [7, "7"]]})[1])
    assert told["articulation_assessors"] == [7, "7"] and told["articulation_products"] == ["کتاب"]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"edges": []}, "at least one"),
        ({}, "edges must be a list"),
        ({"edges": {"a": 1}}, "edges must be a list"),
        ({"edges": [["a", "b", "c"]]}, "is not [product, assessor]"),
        ({"edges": [["a", None]]}, "is not [product, assessor]"),
        ({"edges": [["a", 1.5]]}, "is not [product, assessor]"),
        ({"edges": [["a", ""]]}, "is not [product, assessor]"),
        ("[1, 2]", "expected one JSON object"),
        ("{", "line 1 column 2"),
    ],
)
def test_bad_input_is_refused_in_one_line(connect, case, words):
    code, told, refused = connect(case)
    assert code == 2 and not told
    assert words in refused and refused.count("\n") == 1
