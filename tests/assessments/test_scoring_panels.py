"""Allocating panels: what must hold for any panels, against all panels there are in small cases, and the reference cases."""

import itertools
import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring.__main__ import main
from assessments.scoring.allocation import Infeasible, allocate
from assessments.scoring.graphs import connectivity
from assessments.scoring.matching import best_joined_matching, shortage
from assessments.scoring.swaps import Panels, join

CASE = Path(__file__).parent.parent / "data/scoring/assignment_open"


@st.composite
def tasks(draw):
    """Small tasks, many of them impossible: (sizes, capacity, least, conflicts, affinity, existing pairs)."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = products, assessors = chance.integers(1, 5, 2)
    capacity = chance.integers(1, 5, assessors)
    return (
        chance.integers(0, 4, products),
        capacity,
        chance.integers(0, 3, assessors) * draw(st.integers(0, 1)),
        chance.random(shape) < draw(st.sampled_from([0, 0.2, 0.4])),
        chance.integers(0, 6, shape).astype(float),
        np.argwhere(chance.random(shape) < draw(st.sampled_from([0, 0, 0.15]))),
    )


def all_panels(sizes, capacity, least, conflicts, _affinity=None, existing=()):
    """Every way there is, by trying all: boolean matrices."""
    kept = np.zeros(conflicts.shape, dtype=bool)
    for pair in existing:
        kept[tuple(pair)] = True
    choices = []
    for product, size in enumerate(sizes):
        free = np.flatnonzero(~conflicts[product] & ~kept[product])
        choices.append(list(itertools.combinations(free, max(0, size - kept[product].sum()))))
    bound = np.maximum(capacity, kept.sum(axis=0))
    for panels in itertools.product(*choices):
        chosen = kept.copy()
        for product, panel in enumerate(panels):
            chosen[product, list(panel)] = True
        load = chosen.sum(axis=0)
        if (load <= bound).all() and (load >= least).all():
            yield chosen


def parts(chosen):
    return connectivity(*np.nonzero(chosen), *chosen.shape).count


def as_matrix(found, shape):
    chosen = np.zeros(shape, dtype=bool)
    chosen[tuple(found.pairs.T)] = True
    assert chosen.sum() == len(found.pairs)
    return chosen


def concurrences(chosen):
    return (chosen.T.astype(int) @ chosen)[np.triu_indices(chosen.shape[1], 1)]


@settings(max_examples=60, deadline=None)
@given(tasks())
def test_small_tasks_get_the_best_panels_in_one_part_if_there_are_any_and_else_a_true_reason(task):
    sizes, capacity, least, conflicts, affinity, existing = task
    possible = list(all_panels(*task))
    try:
        plain, found = (allocate(*task[:5], existing=existing, swaps=swaps) for swaps in (False, True))
    except Infeasible as reason:
        assert not possible
        assert reason.missing == reason.needed - reason.available > 0
        # The reason alone makes it impossible: those products without any floor, or those floors with no panel to fill.
        kept = np.zeros(conflicts.shape, dtype=bool)
        kept[tuple(existing.T)] = True
        open_pairs, need = ~conflicts & ~kept, np.clip(sizes - kept.sum(axis=1), 0, None)
        room, floor = (np.clip(bound - kept.sum(axis=0), 0, None) for bound in (capacity, least))
        members = reason.members
        if reason.side == "products":
            assert need[members].sum() == reason.needed
            alone = all_panels(need[members], room, 0 * room, ~open_pairs[members])
        else:
            assert floor[members].sum() == reason.needed
            own_limit = len(members) == 1 and floor[members[0]] > room[members[0]]
            alone = () if own_limit else all_panels(floor[members], need, 0 * need, ~open_pairs.T[members])
        assert not list(alone)
        return
    best = max(affinity[chosen].sum() for chosen in possible)
    assert plain.objective == pytest.approx(best)
    chosen = as_matrix(found, conflicts.shape)
    assert any((chosen == one).all() for one in possible)
    assert found.components == parts(chosen) == min(max(1, parts(chosen)), min(map(parts, possible)))
    assert found.objective == pytest.approx(affinity[chosen].sum())
    assert found.loads.tolist() == chosen.sum(axis=0).tolist()
    assert found.max_concurrence == max([0, *concurrences(chosen)])
    kept = {tuple(pair) for pair in existing.tolist()}
    assert {tuple(pair) for pair in found.pairs[~found.added].tolist()} == kept


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_panels_of_a_round_keep_every_bound_and_nearly_all_affinity(seed):
    chance = np.random.default_rng(seed)
    shape = products, assessors = chance.integers(15, 30), chance.integers(9, 14)
    sizes = chance.integers(2, 5, products)
    conflicts = chance.random(shape) < 0.15
    affinity = np.where(chance.random(shape) < 0.4, 1.0, 0.2) + 0.05 * chance.random(shape)
    least, capacity = sizes.sum() // assessors - 1, sizes.sum() // assessors + 2
    plain = allocate(sizes, capacity, least, conflicts, affinity, swaps=False)
    existing = plain.pairs[chance.random(len(plain.pairs)) < 0.2]
    for found, kept in (
        (allocate(sizes, capacity, least, conflicts, affinity), []),
        (allocate(sizes, capacity, least, conflicts, affinity, existing=existing), existing),
    ):
        chosen = as_matrix(found, shape)
        assert (chosen.sum(axis=1) == sizes).all() and not (chosen & conflicts).any()
        assert least <= found.loads.min() and found.loads.max() <= capacity
        assert found.components == 1
        assert all(chosen[tuple(pair)] for pair in kept) and (~found.added).sum() == len(kept)
        assert found.objective >= 0.995 * plain.objective
        assert (np.lexsort(found.pairs.T[::-1]) == np.arange(len(found.pairs))).all()
    whole = as_matrix(allocate(sizes, capacity, least, conflicts, affinity), shape)
    assert (concurrences(whole) ** 2).sum() <= (concurrences(as_matrix(plain, shape)) ** 2).sum()


def test_the_same_arguments_and_seed_give_the_same_panels():
    conflicts = np.eye(20, 9, dtype=bool)
    one, same, other = (allocate(3, 8, 5, conflicts, seed=seed).pairs.tolist() for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize(
    ("products", "assessors", "size", "load"),
    [(7, 7, 3, 3), (13, 13, 4, 4), (21, 21, 5, 5), (12, 9, 3, 4), (26, 13, 3, 6), (35, 15, 3, 7)],
)
def test_where_a_balanced_design_exists_every_two_assessors_meet_exactly_once(products, assessors, size, load):
    found = allocate(size, load, load, np.zeros((products, assessors), dtype=bool))
    assert set(concurrences(as_matrix(found, (products, assessors)))) == {1}
    assert (found.max_concurrence, found.components) == (1, 1)


def test_fields_that_know_only_their_own_assessors_are_joined_for_little():
    field = np.arange(24) % 3
    affinity = (field[:, None] == np.arange(9) % 3).astype(float)
    conflicts = (affinity == 0) & (np.random.default_rng(1).random(affinity.shape) < 0.3)
    parted, found = (allocate(3, 12, 5, conflicts, affinity, swaps=swaps) for swaps in (False, True))
    assert parted.components == 3 and found.components == 1
    assert parted.objective - found.objective <= 4


def test_a_design_that_no_single_move_joins_is_joined_by_cuts():
    """Panels of two, two products each: only a ring of all is in one part."""
    ring = np.zeros((9, 9), dtype=bool)
    ring[np.arange(9), np.arange(9)] = ring[np.arange(9), (np.arange(9) + 1) % 9] = True
    worth, two, none = np.zeros((9, 9)), np.full(9, 2), np.zeros((9, 9), dtype=bool)
    squares = np.kron(np.eye(3, dtype=bool), ~np.eye(3, dtype=bool))
    everything = ring | squares
    joined = best_joined_matching(worth, everything, two, two, two, none)
    assert parts(squares) == 3 and parts(joined) == 1 and not (joined & ~everything).any()
    assert (joined.sum(axis=0) == 2).all() and (joined.sum(axis=1) == 2).all()
    assert best_joined_matching(worth, squares, two, two, two, none) is None
    assert allocate(2, 2, 2, ~everything).components == 1
    # And where nothing joins them, they are told as they are.
    assert allocate(2, 2, 2, ~squares).components == 3


def test_what_a_move_is_said_to_cost_is_what_it_costs():
    chance = np.random.default_rng(4)
    chosen = chance.random((12, 8)).argsort(axis=1) < 4
    closed = ~chosen & (chance.random(chosen.shape) < 0.1)
    affinity = chance.random(chosen.shape)
    panels = Panels(chosen, np.zeros_like(chosen), closed, affinity, np.full(8, 2), np.full(8, 9))
    made = 0
    for seat in chance.integers(len(panels.product), size=60):
        rise, gain = panels.moves(seat)
        move = int(chance.choice(np.flatnonzero(np.isfinite(rise))))
        before, load, had = panels.cost, panels.load.copy(), affinity[panels.chosen > 0].sum()
        if not panels.make(seat, move):
            rise[move] = gain[move] = 0
        now = panels.chosen > 0
        assert panels.cost - before == rise[move] and (panels.met[0, 1:] == (now.T.astype(int) @ now)[0, 1:]).all()
        assert affinity[now].sum() - had == pytest.approx(gain[move])
        assert (now.sum(axis=0) == panels.load).all() and (now.sum(axis=1) == 4).all() and not (now & closed).any()
        assert (panels.load.sum() == load.sum()) and panels.parts == parts(now)
        assert (panels.meetings == panels.chosen @ panels.met).all()
        made += 1
    assert made == 60 and panels.cost >= panels.least_cost


def test_joining_moves_touch_nothing_that_is_kept():
    two = np.kron(np.eye(2, dtype=bool), np.ones((3, 3), dtype=bool))
    free = Panels(two, np.zeros_like(two), np.zeros_like(two), np.zeros(two.shape), np.zeros(6), np.full(6, 3))
    kept = Panels(two, two, np.zeros_like(two), np.zeros(two.shape), np.zeros(6), np.full(6, 3))
    for panels in (free, kept):
        assert panels.parts == 2
        join(panels)
    assert (free.parts, kept.parts) == (1, 2) and ((kept.chosen > 0) == two).all()


# ------------------------------------------------------------------ top-ups
def test_a_top_up_adds_only_what_is_missing_and_breaks_nothing_that_stands():
    conflicts = np.zeros((3, 5), dtype=bool)
    conflicts[0, 0] = True
    # Product 0 keeps an assessor with a conflict (somebody decided that), product 1 has one too many, assessor 1 is over his load.
    existing = [(0, 0), (1, 0), (1, 1), (1, 2), (2, 1)]
    found = allocate(2, 1, 0, conflicts, existing=existing)
    assert found.pairs[~found.added].tolist() == [list(pair) for pair in existing]
    assert found.pairs[found.added, 0].tolist() == [0, 2] and set(found.pairs[found.added, 1]) == {3, 4}


def test_a_top_up_says_what_is_missing_beside_what_stands():
    with pytest.raises(Infeasible) as reason:
        allocate(3, 1, 0, np.zeros((1, 2), dtype=bool), existing=[(0, 0)])
    assert str(reason.value) == "product 0 needs 2 more assessors, but only 1 without a conflict has room: short by 1"


def test_nothing_to_do_is_done():
    found = allocate([0, 0], 3, 0, np.ones((2, 3), dtype=bool))
    assert found.pairs.shape == (0, 2) and (found.components, found.max_concurrence, found.objective) == (0, 0, 0)
    found = allocate(1, 3, 0, np.ones((2, 1), dtype=bool), existing=[(0, 0), (1, 0)])
    assert found.pairs.tolist() == [[0, 0], [1, 0]] and not found.added.any() and found.components == 1


# ------------------------------------------------------------------ reasons
@pytest.mark.parametrize(
    ("arguments", "conflicts", "reason"),
    [
        ((3, 9, 0), [(0, 0), (0, 1), (0, 2)], "product 0 needs 3 assessors, but only 2 without a conflict have room: short by 1"),
        (
            (3, 2, 0),
            [],
            "all products together need 12 assessments, but the assessors without a conflict have room for 10: short by 2",
        ),
        (
            (2, [1, 1, 5, 5, 5], 0),
            [(p, a) for p in (1, 3) for a in (2, 3, 4)],
            "products 1 and 3 together need 4 assessments, but the assessors without a conflict have room for 2: short by 2",
        ),
        (
            (2, 4, [0, 0, 3, 0, 0]),
            [(0, 2), (1, 2)],
            "assessor 2 must take at least 3 products, but may take only 2: the floor is too high by 1",
        ),
        (
            (2, 4, 2),
            [],
            "all assessors together must take at least 10 products, but may take only 8: the floors are too high by 2",
        ),
        (
            (1, 1, [0, 2, 0, 0, 0]),
            [],
            "assessor 1 must take at least 2 products, but may take only 1: the floor is too high by 1",
        ),
        (
            ([1, 1, 3, 3], 4, [2, 2, 0, 0, 0]),
            [(p, a) for p in (2, 3) for a in (0, 1)],
            "assessors 0 and 1 together must take at least 4 products, but may take only 2: the floors are too high by 2",
        ),
    ],
)
def test_the_reason_names_who_is_short_and_by_how_much(arguments, conflicts, reason):
    closed = np.zeros((4, 5), dtype=bool)
    for pair in conflicts:
        closed[pair] = True
    with pytest.raises(Infeasible) as found:
        allocate(*arguments, closed)
    assert str(found.value) == reason


def test_of_very_many_only_the_first_are_named():
    open_pairs = np.zeros((40, 60), dtype=bool)
    open_pairs[:15, :14] = open_pairs[15:, 14:] = True
    with pytest.raises(Infeasible, match=r"products 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 5 more together need 15 .* short by 1"):
        allocate(1, 1, 0, ~open_pairs)


def test_a_shortage_is_told_of_a_set_none_of_whose_members_could_be_left_out():
    chance, sets = np.random.default_rng(7), [list(s) for n in range(1, 7) for s in itertools.combinations(range(6), n)]
    told = set()
    for _ in range(400):
        open_pairs = chance.random((6, 7)) < 0.5
        want, supply = chance.integers(0, 3, 6), chance.integers(0, 6, 7)
        if chance.random() < 0.5:  # three that want two each among two others with room for two and three
            open_pairs[:3], open_pairs[:3, :2], want[:3], supply[:2] = False, True, 2, (2, 3)
        lacking = {tuple(s): want[s].sum() - np.minimum(supply, open_pairs[s].sum(axis=0)).sum() for s in sets}
        short = shortage(want, supply, open_pairs)
        assert (short is None) == (max(lacking.values()) <= 0)
        if short is None:
            continue
        members, needed, available = short
        assert needed - available == lacking[tuple(members)] > 0
        if len(members) == np.count_nonzero(want):
            continue
        told.add(len(members))
        for member in members:
            assert lacking.get(tuple(one for one in members if one != member), 0) <= 0
    assert told >= {1, 2, 3}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sizes": -1}, "sizes must be"),
        ({"sizes": [1, 2, 3]}, "sizes must be a whole number from 0, or 2 of them"),
        ({"capacity": 1.5}, "capacity must be"),
        ({"least": [1]}, "least must be"),
        ({"conflicts": [[0, 1, 0], [0, 0, 0]]}, "conflicts must be"),
        ({"conflicts": np.zeros(3, dtype=bool)}, "conflicts must be"),
        ({"affinity": np.zeros((3, 2))}, "affinity must be 2 × 3"),
        ({"affinity": np.full((2, 3), np.nan)}, "affinity must be"),
        ({"existing": [(2, 0)]}, r"no pair \(2, 0\)"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(change, words):
    good = {"sizes": 1, "capacity": 1, "least": 0, "conflicts": np.zeros((2, 3), dtype=bool)}
    with pytest.raises(ValueError, match=words):
        allocate(**(good | change))


def test_panels_for_a_large_round_are_ready_soon():
    chance = np.random.default_rng(0)
    conflicts, field = chance.random((400, 100)) < 0.05, chance.integers(0, 6, 400)
    affinity = (chance.random((100, 6)) < 0.4)[:, field].T + 0.01 * chance.random((400, 100))
    started = time.process_time()
    found = allocate(5, 22, 18, conflicts, affinity)
    assert time.process_time() - started < 30  # 2.2 s of processor time on an idle machine
    assert found.components == 1 and found.max_concurrence <= 5
    assert found.loads.min() >= 18 and found.loads.max() <= 22


# ------------------------------------------------------------------ command line
@pytest.fixture
def assign(tmp_path, capsys):
    """Run the command on a case: (exit code, standard output, standard error)."""

    def run(case):
        path = tmp_path / "case.json"
        path.write_text(json.dumps(case))
        return main(["assign", str(path)]), *capsys.readouterr()

    return run


def test_the_reference_cases(assign):
    asked, right = (json.loads((CASE / name).read_text()) for name in ("input.json", "expected.json"))
    case = asked["instance"]
    told = json.loads(assign(case)[1])
    assert told["objective"] == pytest.approx(right["optimum"]["value"], rel=0.002)
    product, assessor = np.array(told["pairs"]).T
    assert (np.bincount(product) == case["k"]).all() and len(product) == case["k"] * case["P"]
    load = np.bincount(assessor, minlength=case["A"])
    assert case["lo"] <= load.min() and load.max() <= case["cap"]
    assert not set(map(tuple, told["pairs"])) & set(map(tuple, case["conflicts"]))
    assert sum(case["affinity"][p][a] for p, a in told["pairs"]) == told["objective"] and told["components"] == 1
    told = json.loads(assign(asked["infeasible"])[1])
    assert told == {"infeasible": "product 0 needs 3 assessors, but only 2 without a conflict have room: short by 1"}
    told = json.loads(assign(asked["bibd"])[1])
    assert told["max_concurrence"] == right["bibd"]["max_concurrence"] and told["components"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"P": 0}, "P must be"),
        ({"A": "3"}, "A must be"),
        ({"k": None}, "k must be"),
        ({"k": [1, True]}, "k must be"),
        ({"cap": 1.5}, "cap must be"),
        ({"lo": [0]}, "least must be"),
        ({"conflicts": [[0, 9]]}, "within 2 × 3"),
        ({"conflicts": [[0]]}, "is not [product, assessor]"),
        ({"conflicts": 5}, "not iterable"),
        ({"affinity": [[1, 2], [1]]}, "affinity must hold numbers"),
        ({"affinity": [[1, 2]]}, "affinity must be 2 × 3"),
    ],
)
def test_bad_input_is_refused_in_one_line(assign, change, words):
    code, told, refused = assign({"P": 2, "A": 3, "k": 1, "cap": 1} | change)
    assert code == 2 and not told
    assert words in refused and refused.count("\n") == 1


def test_sizes_and_loads_may_differ_and_the_rest_may_be_left_out(assign):
    told = json.loads(assign({"P": 2, "A": 3, "k": [1, 2], "cap": [1, 1, 1]})[1])
    assert np.bincount([product for product, _assessor in told["pairs"]]).tolist() == [1, 2]
    assert told["components"] == 2 and told["objective"] == 0
    code, _told, refused = assign({"P": 2, "A": 3, "k": 1})
    assert code == 2 and "cap is missing" in refused
