"""Agreement and generalizability: against published answers, against the definitions, and for what must always hold."""

import json
import math
import subprocess
import sys
import warnings
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from assessments.scoring import agreement, studies
from assessments.scoring.__main__ import main
from assessments.scoring.agreement import METRICS, alpha, icc, icc_incomplete
from assessments.scoring.studies import reliability, separation, study

CASES = Path(__file__).parent.parent / "data/scoring"
nothing = float("nan")


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def run(command, path, capsys):
    assert main([command, str(path)]) == 0
    return json.loads(capsys.readouterr().out)


def refused(command, path, text, capsys):
    path.write_text(text, encoding="utf-8")
    assert main([command, str(path)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "Error" not in told
    return told


def expected(case):
    return json.loads((CASES / case / "expected.json").read_text(encoding="utf-8"))


# ------------------------------------------------------------------ alpha
def alpha_by_definition(units, metric):
    """1 − D_o/D_e over all ordered pairs, one by one (Krippendorff 2011)."""
    units = [[value for value in unit if not math.isnan(value)] for unit in units]
    units = [unit for unit in units if len(unit) > 1]
    values = sorted(value for unit in units for value in unit)
    count = {value: values.count(value) for value in values}

    def apart(one, other):
        if metric == "nominal":
            return float(one != other)
        if metric == "interval":
            return (one - other) ** 2
        if metric == "ratio":
            return ((one - other) / (one + other)) ** 2 if one + other else 0.0
        least, most = min(one, other), max(one, other)
        return (sum(times for value, times in count.items() if least <= value <= most) - (count[one] + count[other]) / 2) ** 2

    observed = sum(sum(apart(*pair) for pair in permutations(unit, 2)) / (len(unit) - 1) for unit in units) / len(values)
    by_chance = sum(apart(*pair) for pair in permutations(values, 2)) / (len(values) * (len(values) - 1))
    return 1 - observed / by_chance


def pairs_of(table):
    table = np.asarray(table, dtype=float)
    unit, assessor = np.nonzero(~np.isnan(table))
    return unit, table[unit, assessor]


marks = st.one_of(st.integers(0, 5).map(float), st.just(nothing))
tables = arrays.arrays(float, st.tuples(st.integers(2, 7), st.integers(2, 5)), elements=marks)


def can_disagree(table):
    paired = table[(~np.isnan(table)).sum(axis=1) > 1]
    return np.unique(paired[~np.isnan(paired)]).size > 1


def test_the_data_of_krippendorff_give_his_four_alphas_through_the_command_line():
    path = CASES / "alpha_krippendorff_c/data.csv"
    done = subprocess.run(
        [sys.executable, "-m", "assessments.scoring", "alpha", str(path)], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    for metric, answer in expected("alpha_krippendorff_c")["alpha"].items():
        assert found[metric] == pytest.approx(answer["value"], abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=60, deadline=None)
@given(table=tables.filter(can_disagree))
def test_alpha_is_what_its_definition_gives(metric, table):
    assert alpha(*pairs_of(table), metric) == pytest.approx(alpha_by_definition(table, metric), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(table=tables.filter(can_disagree), data=st.data())
def test_the_order_of_ratings_and_the_names_of_units_change_no_alpha(table, data):
    unit, value = pairs_of(table)
    order = np.array(data.draw(st.permutations(range(unit.size))))
    names = np.array(data.draw(st.permutations(range(len(table)))))
    for metric in METRICS:
        assert alpha(names[unit][order], value[order], metric) == pytest.approx(alpha(unit, value, metric), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(table=tables.filter(can_disagree), factor=st.sampled_from([-3.0, 0.01, 25.0]), shift=st.sampled_from([-1e4, 0.5, 100.0]))
def test_another_unit_and_zero_change_no_interval_alpha_and_no_order_the_ordinal_one(table, factor, shift):
    unit, value = pairs_of(table)
    for metric in ("interval", "ordinal", "nominal"):
        assert alpha(unit, factor * value + shift, metric) == pytest.approx(alpha(unit, value, metric), abs=1e-8)
    assert alpha(unit, value**3, "ordinal") == pytest.approx(alpha(unit, value, "ordinal"), abs=1e-9)
    assert alpha(unit, abs(factor) * value, "ratio") == pytest.approx(alpha(unit, value, "ratio"), abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_perfect_agreement_is_one_and_a_disagreement_costs(metric):
    unit, value = np.repeat(np.arange(30), 3), np.repeat(np.arange(30) * 0.1 + 0.1, 3)
    assert alpha(unit, value, metric) == 1.0
    value[4] += 0.7
    assert alpha(unit, value, metric) < 1.0


@pytest.mark.parametrize("metric", METRICS)
def test_where_nothing_could_be_disagreed_about_there_is_no_alpha(metric):
    for unit, value in (
        ([], []),
        ([0], [1.0]),
        ([0, 1, 2], [1.0, 2.0, 3.0]),
        ([0, 0, 1, 1], [0.1] * 4),
        ([0, 0], [nothing, 2.0]),
    ):
        assert math.isnan(alpha(unit, value, metric))


def test_a_unit_with_one_value_counts_for_nothing():
    unit, value = [0, 0, 1, 1, 2], [1.0, 2.0, 3.0, 3.0, 90.0]
    for metric in METRICS:
        assert alpha(unit, value, metric, units=9) == alpha(unit[:4], value[:4], metric)


def test_ratios_of_negative_values_have_no_alpha_and_of_two_zeros_no_difference():
    assert math.isnan(alpha([0, 0, 1, 1], [-1.0, 1.0, 2.0, 2.0], "ratio"))
    assert alpha([0, 0, 1, 1], [0.0, 0.0, 2.0, 2.0], "ratio") == 1.0


def test_a_table_of_ratios_too_large_for_memory_is_worked_off_in_blocks(monkeypatch):
    chance = np.random.default_rng(1)
    unit, value = np.repeat(np.arange(120), 3), chance.integers(0, 70, 360).astype(float)
    whole = alpha(unit, value, "ratio")
    monkeypatch.setattr(agreement, "_BLOCK", 200)
    assert alpha(unit, value, "ratio") == pytest.approx(whole, abs=1e-12)


def test_alpha_refuses_what_it_cannot_read():
    with pytest.raises(ValueError, match="metric"):
        alpha([0, 0], [1, 2], "circular")
    with pytest.raises(ValueError, match="length"):
        alpha([0, 0], [1], "interval")
    with pytest.raises(ValueError, match="finite"):
        alpha([0, 0], [1, math.inf], "interval")


# ------------------------------------------------------------------ intraclass correlations
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)
complete = arrays.arrays(float, st.tuples(st.integers(2, 8), st.integers(2, 5)), elements=st.integers(0, 20).map(float))


def test_the_table_of_shrout_and_fleiss_gives_their_six_correlations_and_the_limits_of_psych(capsys):
    found = run("icc", CASES / "icc_shrout_fleiss_1979/data.csv", capsys)
    for name, answer in expected("icc_shrout_fleiss_1979")["icc"].items():
        assert found[name]["value"] == pytest.approx(answer["value"], abs=1e-9)
        assert (found[name]["lo"], found[name]["hi"]) == pytest.approx((answer["lo"], answer["hi"]), abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(table=complete)
def test_every_correlation_lies_within_its_limits_and_the_mean_of_judges_is_worth_more_than_one(table):
    found, (n, k) = icc(table), table.shape
    for name in ("ICC1", "ICC2", "ICC3"):
        one, many = found[name], found[f"{name}k"]
        for coefficient in (one, many):
            assert math.isnan(coefficient.value) or coefficient.value <= 1
            if name != "ICC2" or one.value > 0:
                known = [x for x in (coefficient.lo, coefficient.value, coefficient.hi) if not math.isnan(x)]
                assert known == pytest.approx(sorted(known), abs=1e-9)
        if one.value > 0:
            assert many.value >= one.value - 1e-12
            assert many.value == pytest.approx(k * one.value / (1 + (k - 1) * one.value), abs=1e-9)
    # Severity that is more than chance costs agreement, and consistency nothing.
    centred = table - table.mean(axis=1, keepdims=True)
    judged = n * (centred.mean(axis=0) ** 2).sum() / (k - 1)
    error = ((centred - centred.mean(axis=0)) ** 2).sum() / ((n - 1) * (k - 1))
    if judged >= error and found["ICC1"].value > 0:
        assert found["ICC1"].value <= found["ICC2"].value + 1e-9 <= found["ICC3"].value + 2e-9


@settings(max_examples=40, deadline=None)
@given(table=complete, factor=st.sampled_from([0.1, 7.0]), shift=st.sampled_from([-50.0, 1000.0]), data=st.data())
def test_unit_zero_and_order_change_no_correlation_and_severity_no_consistency(table, factor, shift, data):
    rows, columns = (np.array(data.draw(st.permutations(range(size)))) for size in table.shape)
    before, after = icc(table), icc(factor * table[rows][:, columns] + shift)
    for name, coefficient in before.items():
        assert after[name].value == pytest.approx(coefficient.value, abs=1e-7, nan_ok=True)
    severe = table + np.arange(table.shape[1]) * 5
    assert icc(severe)["ICC3"].value == pytest.approx(before["ICC3"].value, abs=1e-7, nan_ok=True)


def test_a_mean_of_judges_has_no_correlation_where_only_rounding_is_left_to_divide_by():
    table = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    for one in (table, table - 50, 0.1 * table - 50, 7 * table + 1000):
        assert math.isnan(icc(one)["ICC2k"].value)


def test_perfect_agreement_is_one_with_limits_of_one():
    for coefficient in icc(np.repeat([[0.1], [0.2], [0.7]], 4, axis=1)).values():
        assert (coefficient.value, coefficient.lo, coefficient.hi) == pytest.approx((1, 1, 1), abs=1e-12)


def test_perfect_consistency_with_severity_is_one_for_fixed_judges_only():
    found = icc(np.array([[0.1], [0.2], [0.7]]) + np.array([[0.0, 0.3, 0.6]]))
    assert (found["ICC3"].value, found["ICC3"].lo, found["ICC3k"].hi) == (1, 1, 1)
    assert found["ICC2"].value < 0.8 and found["ICC2"].lo < found["ICC2"].value < found["ICC2"].hi


def test_without_any_variance_there_are_no_correlations():
    for table in (np.full((4, 3), 0.1), np.tile([[0.1, 0.2, 0.7]], (4, 1))):
        assert math.isnan(icc(table)["ICC3"].value) and math.isnan(icc(table)["ICC1k"].value)


def test_the_complete_forms_refuse_an_empty_cell_and_a_single_judge(tmp_path, capsys):
    hole = SHROUT_FLEISS.copy()
    hole[2, 2] = nothing
    with pytest.raises(ValueError, match="empty"):
        icc(hole)
    with pytest.raises(ValueError, match="two judges"):
        icc(SHROUT_FLEISS[:, :1])
    assert "empty" in refused("icc", tmp_path / "t.csv", "target,a,b\n1,2,\n2,3,4\n", capsys)


def test_the_disconnected_table_of_irrna_gives_its_one_way_figures_and_two_parts(capsys):
    found = run("icc-incomplete", CASES / "icc_incomplete_disconnected/data.csv", capsys)
    answer = expected("icc_incomplete_disconnected")
    assert found["components"] == answer["components"]
    assert found["ICC1"] == pytest.approx(answer["one_way"]["ICC1"]["value"], abs=1e-9)
    assert found["ICCk"] == pytest.approx(answer["one_way"]["ICCk"]["value"], abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(table=complete)
def test_with_no_cell_empty_the_incomplete_form_is_the_first_one_of_shrout_and_fleiss(table):
    found, whole = icc_incomplete(table), icc(table)
    assert found.single == pytest.approx(whole["ICC1"].value, abs=1e-9, nan_ok=True)
    assert found.average == pytest.approx(whole["ICC1k"].value, abs=1e-9, nan_ok=True)
    assert (found.components, found.mean_ratings) == (1, pytest.approx(table.shape[1]))


def test_a_target_with_one_rating_counts_between_targets_and_one_without_any_for_nothing():
    table = np.array([[1, 2, nothing], [4, 6, 5], [9, nothing, nothing]])
    # Between: 2·(1.5−4.5)² + 3·(5−4.5)² + (9−4.5)² = 39 over 2; within: 0.5 + 2 over 3; k₀ = (6 − 14/6)/2.
    between, within, size = 39 / 2, 2.5 / 3, (6 - 14 / 6) / 2
    found = icc_incomplete(np.vstack([table, np.full((1, 3), nothing)]))
    assert found.single == pytest.approx((between - within) / (between + (size - 1) * within))
    assert found.average == pytest.approx((between - within) / between)
    assert (found.components, found.mean_ratings) == (1, pytest.approx(size))


def test_where_nobody_is_rated_twice_there_is_no_correlation_and_every_pair_is_a_part():
    found = icc_incomplete(np.where(np.eye(4), 3.0, nothing))
    assert math.isnan(found.single) and math.isnan(found.average) and found.components == 4
    with pytest.raises(ValueError, match="two rated targets"):
        icc_incomplete([[1, 2], [nothing, nothing]])


# ------------------------------------------------------------------ a crossed study
def crossed(shape, seed=0, residual=1.0):
    chance = np.random.default_rng(seed)
    cube = residual * chance.normal(0, 1, shape) + 50
    for axis, size in enumerate(shape):
        cube += chance.normal(0, 2 + axis, size).reshape([-1 if other == axis else 1 for other in range(3)])
    positions = np.array(list(product(*map(range, shape)))).T
    return positions, cube.ravel()


def test_the_study_of_the_reference_gives_the_components_and_coefficients_of_r(capsys):
    found = run("gstudy", CASES / "gstudy_pri_open/data.csv", capsys)
    answer = expected("gstudy_pri_open")
    assert set(found["components"]) == set(answer["ems"])
    for name, component in answer["ems"].items():
        assert found["components"][name] == pytest.approx(component["value"], abs=1e-9)
    for name, key in (
        ("G_relative", "G_relative_indicators_random"),
        ("Phi_absolute", "Phi_absolute_indicators_random"),
        ("G_relative_indicators_fixed", "G_relative_indicators_fixed"),
        ("sem_relative", "sem_relative"),
        ("sem_absolute", "sem_absolute"),
    ):
        assert found[name] == pytest.approx(answer[key]["value"], abs=1e-9)


def test_the_order_of_rows_and_a_shift_of_one_assessor_change_what_they_should():
    positions, y = crossed((6, 4, 3))
    before = study(*positions, y)
    order = np.random.default_rng(1).permutation(y.size)
    shuffled = study(*positions[:, order], y[order])
    severe = study(*positions, y - 9.0 * (positions[1] == 2))
    for name, value in before.components.items():
        assert shuffled.components[name] == pytest.approx(value, abs=1e-9)
        assert name == "assessor" or severe.components[name] == pytest.approx(value, abs=1e-9)
    assert severe.relative == pytest.approx(before.relative) and severe.absolute < before.absolute


def test_purely_additive_ratings_leave_no_interaction_and_perfect_coefficients_for_ranking():
    positions, y = crossed((5, 4, 3), residual=0.0)
    found = study(*positions, y)
    for name, value in found.components.items():
        assert name in studies.FACETS or value == pytest.approx(0, abs=1e-9)
    assert found.relative == pytest.approx(1) and found.relative_fixed == pytest.approx(1) and found.absolute < 1


def test_a_negative_component_is_shown_as_it_is_and_counted_as_nothing():
    positions, y = crossed((3, 2, 2), seed=5)
    y = 50 + 3 * np.where(positions.sum(axis=0) % 2, 1.0, -1.0) + 0 * y
    found = study(*positions, y)
    assert min(found.components.values()) < 0
    held = found.components["residual"] / 4 + max(found.components["product_assessor"], 0) / 2
    held += max(found.components["product_indicator"], 0) / 2
    assert found.sem_relative**2 == pytest.approx(held)
    assert all(0 <= x <= 1 for x in (found.relative, found.absolute, found.relative_fixed))


def test_constant_ratings_have_no_coefficients():
    positions, y = crossed((3, 3, 3))
    found = study(*positions, np.full(y.size, 0.1))
    assert found.sem_absolute == pytest.approx(0, abs=1e-12)
    assert math.isnan(found.relative)


def test_a_missing_a_repeated_and_a_lonely_cell_are_refused_by_name(tmp_path, capsys):
    rows = [f"{p},{a},{i},{p + a * i}" for p, a, i in product(range(2), range(2), range(2))]
    head = "product,assessor,indicator,y"
    assert "missing" in refused("gstudy", tmp_path / "t.csv", "\n".join([head, *rows[:-1]]), capsys)
    assert "2 times" in refused("gstudy", tmp_path / "t.csv", "\n".join([head, *rows, rows[3]]), capsys)
    swapped = refused("gstudy", tmp_path / "t.csv", "\n".join([head, *rows[:-1], rows[3]]), capsys)
    assert "product 1, assessor 2, indicator 2" in swapped
    assert "two indicators" in refused("gstudy", tmp_path / "t.csv", "\n".join([head, *rows[::2]]), capsys)


# ------------------------------------------------------------------ a round
def test_the_reliability_of_a_round_is_that_of_its_harmonic_panel():
    found = reliability(90.0, 30.0, 60.0, [2, 3, 6, 0])
    assert found.panel == pytest.approx(3)
    assert (found.relative, found.absolute) == (pytest.approx(90 / 110), pytest.approx(90 / 120))
    assert (found.sem_relative, found.sem_absolute) == (pytest.approx(math.sqrt(20)), pytest.approx(math.sqrt(30)))


def test_for_a_complete_table_the_reliability_of_a_round_is_shrout_and_fleiss():
    found = icc(SHROUT_FLEISS)
    n, k = SHROUT_FLEISS.shape
    between, judged, error = 11.24166667, 32.48611111, 1.019444444
    told = reliability((between - error) / k, (judged - error) / n, error, [k] * n)
    assert (told.relative, told.absolute) == (
        pytest.approx(found["ICC3k"].value, abs=1e-7),
        pytest.approx(found["ICC2k"].value, abs=1e-7),
    )


def test_a_round_without_panels_or_variance_has_no_reliability():
    assert math.isnan(reliability(1.0, 1.0, 1.0, []).relative)
    assert math.isnan(reliability(0.0, 0.0, 0.0, [3]).absolute)


def test_separation_of_shrunken_severities_is_the_true_spread_over_the_error_of_the_plain_ones():
    chance = np.random.default_rng(3)
    truth, error = chance.normal(0, 6, 40_000), 3.0
    plain = truth + chance.normal(0, error, truth.size)
    share = 36 / (36 + 9)
    found = separation(share * plain, np.full(truth.size, math.sqrt(share) * error))
    assert found.index == pytest.approx(6 / 3, rel=0.02)
    assert found.reliability == pytest.approx(share, rel=0.02)
    assert found.strata == pytest.approx((4 * found.index + 1) / 3)


def test_assessors_alike_are_not_separated_and_of_one_nothing_is_said():
    assert separation([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]).index == 0
    assert separation([1.0, -1.0], [0.0, 0.0]).index == math.inf
    assert math.isnan(separation([0.0, 0.0], [0.0, 0.0]).index)
    assert math.isnan(separation([2.0, nothing], [1.0, 1.0]).reliability)


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("alpha", "unit,a,b\n1,2,x\n"),
        ("alpha", "unit\n1\n"),
        ("alpha", ""),
        ("icc", "target,a,b\n1,2,3\n"),
        ("icc-incomplete", "a,b\n1,2\n,\n"),
        ("gstudy", "product,assessor,y\na,b,1\n"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(command, text, tmp_path, capsys):
    assert refused(command, tmp_path / "t.csv", text, capsys)
