"""Flags: planted behaviour is asked about, honest assessors are not, and little or odd data raise nothing."""

import json
import warnings
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from assessments.scoring.__main__ import main
from assessments.scoring.flags import _discoveries, assessor_flags

CASE = Path(__file__).parent.parent / "data/scoring/flags_planted_open"
STEPS = np.array([-1.8, -0.6, 0.6, 1.8])
nothing = float("nan")


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# ------------------------------------------------------------------ rounds with planted behaviour
@dataclass
class Round:
    product: np.ndarray
    assessor: np.ndarray
    answers: np.ndarray
    role: np.ndarray
    pairs: set
    sizes: dict

    def flags(self, **options):
        return assessor_flags(self.product, self.assessor, self.answers, **self.sizes, **options)


def given_marks(level, chance):
    """Answers 0–4 of a rating scale model at levels (logits) of any shape."""
    weight = np.exp(level[..., None] * np.arange(5) - np.append(0, np.cumsum(STEPS)))
    return (chance.random(level.shape)[..., None] * weight.sum(axis=-1, keepdims=True) > weight.cumsum(axis=-1)[..., :-1]).sum(
        axis=-1
    )


def planted(seed, products=400, assessors=100, indicators=12, roles=None, pairs=2, difficulty=0.5):
    """A round with panels of 3–7 in which some assessors straight-line, answer at random, halo, are severe or copy."""
    chance = np.random.default_rng(seed)
    roles = {"straightline": 4, "random": 4, "halo": 4, "severe": 3} if roles is None else roles
    product = np.repeat(np.arange(products), chance.integers(3, 8, products))
    assessor = np.concatenate([chance.permutation(assessors)[:size] for size in np.bincount(product)])
    order = chance.permutation(assessors)
    role = np.full(assessors, "honest", dtype=object)
    role[order[: sum(roles.values())]] = np.repeat(list(roles), list(roles.values()))
    severity = np.where(role == "severe", 3.5, chance.normal(0, 0.5, assessors))
    quality = chance.normal(0, 1, products)[product] + chance.normal(0, 0.6, product.size) - severity[assessor]
    profile = chance.normal(0, 0.5, (products, indicators))[product] - chance.normal(0, difficulty, indicators)
    marks = given_marks(quality[:, None] + profile, chance)
    acts = {name: role[assessor] == name for name in roles}
    if "straightline" in roles:
        marks[acts["straightline"]] = chance.integers(2, 5, (acts["straightline"].sum(), 1))
    if "random" in roles:
        marks[acts["random"]] = chance.integers(0, 5, (acts["random"].sum(), indicators))
    if "halo" in roles:
        own = marks[acts["halo"]]
        marks[acts["halo"]] = np.clip(np.round(own.mean(axis=1, keepdims=True) + chance.normal(0, 0.35, own.shape)), 0, 4)
    couples = order[sum(roles.values()) :][: 2 * pairs].reshape(-1, 2)
    for first, second in couples:
        for sheet in np.flatnonzero(assessor == first)[:8]:
            panel = np.flatnonzero((product == product[sheet]) & (np.arange(product.size) != sheet))
            copier = panel[np.argmax(assessor[panel] == second)]
            assessor[copier] = second
            slip = np.clip(marks[sheet] + chance.choice([-1, 1], indicators), 0, 4)
            marks[copier] = np.where(chance.random(indicators) < 0.15, slip, marks[sheet])
    role[couples.ravel()] = "copying"
    _pair, first = np.unique(product * assessors + assessor, return_index=True)
    sizes = {"products": products, "assessors": assessors}
    couples = {frozenset(couple.tolist()) for couple in couples}
    return Round(product[first], assessor[first], marks[first] * 25.0, role, couples, sizes)


def kinds_by_assessor(found):
    kinds = {}
    for flag in found.assessors:
        kinds.setdefault(flag.assessor, set()).add(flag.kind)
    return kinds


@pytest.mark.parametrize("seed", range(6))
def test_planted_behaviour_is_found_and_the_honest_are_left_alone(seed):
    asked = planted(seed)
    found = asked.flags()
    kinds = kinds_by_assessor(found)
    by_role = {role: [kinds.get(one, set()) for one in np.flatnonzero(asked.role == role)] for role in set(asked.role)}
    assert all("straightline" in told for told in by_role["straightline"])
    assert all(told & {"halo", "straightline"} for told in by_role["halo"])
    assert all(told & {"erratic", "low_slope"} for told in by_role["random"])
    false = sum(bool(told - {"severity"}) for told in by_role["honest"])
    assert false <= 0.04 * len(by_role["honest"])
    told = {frozenset((pair.first, pair.second)) for pair in found.pairs}
    assert asked.pairs <= told and len(told - asked.pairs) <= 1


def test_the_severe_are_found_and_of_the_honest_hardly_one_is_called_so():
    found = false = 0
    for seed in range(5):
        asked = planted(seed, roles={"severe": 3}, pairs=0)
        called = {flag.assessor for flag in asked.flags().assessors if flag.kind == "severity" and flag.figure < 0}
        severe = set(np.flatnonzero(asked.role == "severe").tolist())
        found, false = found + len(called & severe), false + len(called - severe)
    assert found >= 12 and false <= 1


def test_the_case_with_planted_behaviour_is_answered_through_the_command_line(capsys):
    assert main(["flags", str(CASE / "data.csv")]) == 0
    told = json.loads(capsys.readouterr().out)
    answer = json.loads((CASE / "expected.json").read_text(encoding="utf-8"))
    kinds, bar, named = told["assessors"], answer["bar"], set()
    for role in ("straightline", "halo", "random"):
        recall = np.mean([bool(kinds.get(one)) for one in answer["planted"][role]])
        assert recall >= bar[f"{role}_recall"] - 0.01
    for one in (*answer["planted"].values(), *answer["colluding_pairs"]):
        named |= set(one)
    assert {frozenset(pair) for pair in told["pairs"]} == {frozenset(pair) for pair in answer["colluding_pairs"]}
    false = [one for one, of in kinds.items() if one not in named and set(of) - {"severity"}]
    assert len(false) <= bar["max_false_assessor_flag_share"] * (80 - len(named))


def test_a_round_of_honest_assessors_raises_next_to_nothing():
    raised = pairs = 0
    for seed in range(100, 106):
        found = planted(seed, roles={}, pairs=0).flags()
        raised += len(kinds_by_assessor(found))
        pairs += len(found.pairs)
    assert raised <= 6 and pairs <= 2


def test_among_few_assessors_only_what_lies_far_outside_is_asked_about():
    raised = 0
    for seed in range(8):
        asked = planted(seed, products=40, assessors=12, roles={"straightline": 1, "halo": 1}, pairs=0)
        kinds = kinds_by_assessor(asked.flags())
        assert all(kinds.get(one) for one in np.flatnonzero(asked.role != "honest"))
        raised += sum(bool(kinds.get(one)) for one in np.flatnonzero(asked.role == "honest"))
    assert raised <= 2


def test_yes_and_no_beside_finer_scales_hides_no_halo_and_no_copy():
    for seed in range(6):
        asked = planted(seed, roles={"halo": 4, "random": 4})
        asked.answers[:, :4] = np.where(asked.answers[:, :4] >= 50, 100.0, 0.0)
        found = asked.flags()
        kinds = kinds_by_assessor(found)
        assert all("halo" in kinds.get(one, ()) for one in np.flatnonzero(asked.role == "halo"))
        told = {frozenset((pair.first, pair.second)) for pair in found.pairs}
        assert asked.pairs <= told and len(told - asked.pairs) <= 1
        assert sum(bool(kinds.get(one, set()) - {"severity"}) for one in np.flatnonzero(asked.role == "honest")) <= 3


def test_unanswered_items_change_little():
    asked = planted(5)
    chance = np.random.default_rng(0)
    asked.answers[chance.random(asked.answers.shape) < 0.15] = nothing
    asked.answers[::50] = nothing
    found = asked.flags()
    kinds = kinds_by_assessor(found)
    assert all(kinds.get(one) for role in ("straightline", "halo", "random") for one in np.flatnonzero(asked.role == role))
    assert asked.pairs <= {frozenset((pair.first, pair.second)) for pair in found.pairs}


def test_a_straight_liner_is_not_asked_about_halo_as_well():
    for seed in range(3):
        for kinds in kinds_by_assessor(planted(seed).flags()).values():
            assert not {"straightline", "halo"} <= kinds


def test_one_impression_for_all_indicators_is_no_copying_of_each_other():
    for seed in range(3):
        asked = planted(seed, 200, 30, roles={"halo": 4, "straightline": 4}, pairs=1, difficulty=1.5)
        assert {frozenset((pair.first, pair.second)) for pair in asked.flags().pairs} == asked.pairs


def test_those_at_the_end_of_the_scale_have_no_room_to_spread_and_are_not_asked_why():
    halo = 0
    for seed in range(4):
        asked = planted(seed, roles={"severe": 8}, pairs=0)
        kinds = kinds_by_assessor(asked.flags())
        halo += sum("halo" in kinds.get(one, ()) for one in np.flatnonzero(asked.role == "severe"))
    assert halo <= 1


def test_three_plain_sheets_of_many_are_no_straight_lining():
    asked = planted(6, roles={}, pairs=0)
    hasty = np.argmax(np.bincount(asked.assessor))
    asked.answers[np.flatnonzero(asked.assessor == hasty)[:3]] = 50.0
    assert "straightline" not in kinds_by_assessor(asked.flags()).get(hasty, ())


def test_two_who_always_judge_alone_together_are_not_taken_for_copying_what_the_products_show():
    chance = np.random.default_rng(8)
    # Assessors 0–39 judge in fixed couples, ten products each; 40–99 in panels of seven: all see the same strong profiles.
    couples = np.repeat(np.arange(40).reshape(20, 2), 10, axis=0)
    panels = np.array([40 + chance.permutation(60)[:7] for _panel in range(200)])
    product = np.concatenate([np.repeat(np.arange(200), 2), np.repeat(np.arange(200, 400), 7)])
    assessor = np.concatenate([couples.ravel(), panels.ravel()])
    answers = 50 + chance.normal(0, 15, (400, 10))[product] + chance.normal(0, 10, (product.size, 10))
    assert not assessor_flags(product, assessor, answers, products=400, assessors=100).pairs


def test_two_who_give_every_product_the_same_profile_have_none_to_copy():
    chance = np.random.default_rng(9)
    product, assessor = np.divmod(np.arange(480), 12)
    answers = 50 + chance.normal(0, 10, 40)[product][:, None] + chance.normal(0, 10, (480, 8))
    answers[assessor < 2] = answers[assessor < 2].mean(axis=1, keepdims=True) + np.array([0.1, 0.2, 0.3, 0.4] * 2)
    assert not assessor_flags(product, assessor, answers, products=40, assessors=12).pairs


# ------------------------------------------------------------------ readings
def test_honest_assessors_read_about_one():
    found = planted(1, roles={}, pairs=0).flags().readings
    for values in (found.infit, found.outfit, found.slope, found.spread_share, found.misfit_share):
        assert values.mean() == pytest.approx(1, abs=0.1)


def test_the_readings_tell_what_the_planted_do():
    asked = planted(1)
    found = asked.flags().readings
    assert found.sheets.tolist() == np.bincount(asked.assessor, minlength=100).tolist()
    assert (found.straightlined[asked.role == "straightline"] == 1).all() and (
        found.spread[asked.role == "straightline"] == 0
    ).all()
    assert found.slope[asked.role == "random"].mean() < 0.4
    assert found.spread_share[asked.role == "halo"].max() < 0.8 and found.misfit_share[asked.role == "random"].min() > 1.3


def test_an_indicator_skipped_by_one_makes_nobody_look_generous():
    chance = np.random.default_rng(2)
    product, assessor = np.divmod(np.arange(300), 10)
    answers = chance.normal(50, 10, 30)[product][:, None] + chance.normal(0, 5, (300, 6)) + 10 * np.arange(6)
    whole = assessor_flags(product, assessor, answers, products=30, assessors=10).readings
    answers[assessor == 4, 0] = nothing
    holes = assessor_flags(product, assessor, answers, products=30, assessors=10)
    assert not holes.assessors
    assert holes.readings.infit == pytest.approx(whole.infit, rel=0.3)


# ------------------------------------------------------------------ what must hold for any round
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_the_order_of_sheets_and_the_numbering_of_people_change_no_flag(seed):
    asked = planted(7, products=120, assessors=40, roles={"straightline": 2, "random": 2, "halo": 2})
    chance = np.random.default_rng(seed)
    order, name = chance.permutation(asked.product.size), chance.permutation(40)
    kind = chance.permutation(120)
    again = assessor_flags(
        kind[asked.product][order], name[asked.assessor][order], asked.answers[order][:, ::-1], products=120, assessors=40
    )
    before = asked.flags()
    assert {(flag.kind, int(name[flag.assessor])) for flag in before.assessors} == {
        (flag.kind, flag.assessor) for flag in again.assessors
    }
    assert {frozenset((int(name[pair.first]), int(name[pair.second]))) for pair in before.pairs} == {
        frozenset((pair.first, pair.second)) for pair in again.pairs
    }
    for one, other in zip(astuple(before.readings), astuple(again.readings), strict=True):
        assert other[name] == pytest.approx(one, rel=1e-4, abs=1e-4, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(
    answers=arrays.arrays(
        float,
        st.tuples(st.integers(0, 40), st.integers(0, 4)),
        elements=st.one_of(st.sampled_from([0.0, 25.0, 100.0]), st.just(nothing)),
    ),
    data=st.data(),
)
def test_little_or_odd_data_give_readings_without_a_warning_and_flag_nobody_twice(answers, data):
    sheets = len(answers)
    assessors = data.draw(st.integers(1, 8))
    pair = np.arange(sheets)
    found = assessor_flags(pair // assessors, pair % assessors, answers, products=41, assessors=assessors + 2)
    assert len({(flag.kind, flag.assessor) for flag in found.assessors}) == len(found.assessors)
    assert all(values.shape == (assessors + 2,) for values in vars(found.readings).values())
    if assessors < 5:
        assert not found.assessors and not found.pairs


@pytest.mark.parametrize("columns", [0, 1, 12])
def test_the_same_answer_everywhere_raises_nothing(columns):
    product, assessor = np.divmod(np.arange(400), 10)
    found = assessor_flags(product, assessor, np.full((400, columns), 75.0), products=40, assessors=10)
    assert not found.assessors and not found.pairs


def test_perfect_agreement_raises_nothing():
    product, assessor = np.divmod(np.arange(400), 10)
    answers = np.random.default_rng(0).integers(0, 5, (40, 8))[product] * 25.0
    found = assessor_flags(product, assessor, answers, products=40, assessors=10)
    assert not found.assessors and not found.pairs


def test_a_single_indicator_asks_about_no_profile():
    asked = planted(2)
    asked.answers = asked.answers[:, :1]
    assert {flag.kind for flag in asked.flags().assessors} <= {"low_slope", "severity"}
    assert not asked.flags().pairs


def test_whoever_has_few_sheets_is_read_but_not_judged():
    asked = planted(4)
    straight = np.flatnonzero(asked.role == "straightline")
    kept = np.ones(asked.product.size, dtype=bool)
    for one in straight:
        kept[np.flatnonzero(asked.assessor == one)[5:]] = False
    few = assessor_flags(asked.product[kept], asked.assessor[kept], asked.answers[kept], **asked.sizes)
    assert not set(straight.tolist()) & kinds_by_assessor(few).keys()
    assert (few.readings.straightlined[straight] == 1).all()


def test_discoveries_are_those_of_benjamini_and_hochberg():
    # The example of their paper (1995): four of fifteen at 5 %.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    order = np.random.default_rng(0).permutation(15)
    found = _discoveries(np.append(np.array(p)[order], nothing), 0.05)
    assert np.flatnonzero(found).tolist() == np.flatnonzero(np.append(order < 4, False)).tolist()
    assert not _discoveries(np.full(3, nothing), 0.05).any()



# ------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("product,assessor,i1\nP1,A1,x\n", "not a number"),
        ("product,i1\nP1,3\n", "assessor"),
        ("product,assessor\nP1,A1\n", "no column of values"),
        ("product,assessor,i1\nP1,A1,\n", "nothing was answered"),
        ("product,assessor,i1\nP1,A1,1\nP1,A1,2\n", "A1 has 2 sheets on product P1"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_in_one_line(text, told, tmp_path, capsys):
    path = tmp_path / "sheets.csv"
    path.write_text(text, encoding="utf-8")
    assert main(["flags", str(path)]) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1
