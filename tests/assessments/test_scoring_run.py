"""A round as a whole: inputs and their fingerprint, skipped answers, fair scores, standings; and the open recomputation."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments import scoring
from assessments.scoring import NOT_APPLICABLE, SCALE, SCORED, UNANSWERED, Inputs, Node, Scheme, Sheets, bundle, compute
from assessments.scoring.imputation import fill_skipped

nothing = float("nan")


def scheme(dimensions=2, indicators=3, **gate):
    """Dimensions of equal weight with indicators on 1–5; the last indicator of the first carries the gate."""
    nodes = [Node("p", "root", 100)]
    for d in range(dimensions):
        nodes.append(Node(f"d{d}", "p", 100 / dimensions))
        for i in range(indicators):
            more = gate if (d, i) == (0, indicators - 1) else {}
            nodes.append(Node(f"d{d}i{i}", f"d{d}", 10 + i, "ordinal", 1, 5, **more))
    return Scheme(nodes)


def sheets(shape, products, product, assessor, values, measured=None):
    """`values` are leaves × columns on the scale; 0 is not applicable, NaN skipped."""
    values = np.asarray(values, dtype=float)
    states = np.where(np.isnan(values), UNANSWERED, np.where(values == 0, NOT_APPLICABLE, SCORED))
    amounts = np.where(states == SCORED, np.nan_to_num(values) * SCALE, 0).round().astype(np.int64)
    return Sheets(shape, np.asarray(products), np.asarray(product), np.asarray(assessor), states, amounts, measured or {})


def a_round(products=40, assessors=12, panel=4, seed=0, groups=2, excluded=(), **more):
    """A round of two schemes with a common dimension, severe and mild assessors, some answers missing."""
    rng = np.random.default_rng(seed)
    quality, severity = rng.normal(3.2, 0.7, products), rng.normal(0, 0.5, assessors)
    shapes = [scheme(2 + n, 3) for n in range(groups)]
    made = []
    for n, shape in enumerate(shapes):
        mine = np.arange(n, products, groups)
        product = np.repeat(mine, panel)
        assessor = np.concatenate([rng.choice(assessors, panel, replace=False) for _ in mine])
        noise = rng.normal(0, 0.6, (len(shape.leaves), product.size))
        values = np.clip(np.round(quality[product] - severity[assessor] + noise), 1, 5)
        missing = rng.random(values.shape)
        values[missing < 0.04] = nothing
        values[missing > 0.97] = 0
        made.append(sheets(shape, mine, product, assessor, values))
    ranked = np.ones(products, dtype=bool)
    ranked[list(excluded)] = False
    return Inputs(made, products, assessors, ranked, (50.0, 60.0, 70.0), **more)


# ------------------------------------------------------------------ the scheme
def test_a_scheme_has_scales_exactly_at_its_leaves():
    with pytest.raises(ValueError, match="leaves"):
        Scheme([Node("d", "root", 100)])
    with pytest.raises(ValueError, match="leaves"):
        Scheme([Node("d", "root", 100, "ordinal", 1, 5), Node("x", "d", 100, "ordinal", 1, 5)])


def test_a_scheme_survives_being_written_down():
    shape = scheme(gate=50.0)
    again = Scheme.from_plain(json.loads(json.dumps(shape.plain())))
    assert (again.digest, again.nodes) == (shape.digest, shape.nodes)


# ------------------------------------------------------------------ answers
@given(st.integers(2, 5), st.integers(2, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_what_an_additive_panel_skipped_is_filled_exactly(size, leaves, seed):
    rng = np.random.default_rng(seed)
    whole = 50 + rng.uniform(-10, 10, (leaves, 1)) + rng.uniform(-10, 10, (1, 2 * size))
    hidden = rng.random(whole.shape) < 0.25
    # One sheet of each panel is whole and each sheet has one answer, so that everything is told.
    hidden[:, [0, size]] = False
    hidden[0] = False
    filled = fill_skipped(np.where(hidden, nothing, whole), [0, size], hidden)
    np.testing.assert_allclose(filled, whole, atol=1e-9)


def test_a_leaf_that_nobody_rated_and_panels_without_gaps_stay_as_they_are():
    answers = np.array([[nothing, nothing, 80.0], [40.0, 60.0, 90.0]])
    skipped = np.isnan(answers)
    np.testing.assert_array_equal(fill_skipped(answers, [0, 2], skipped), answers)
    assert fill_skipped(np.empty((3, 0)), [], np.empty((3, 0), dtype=bool)).shape == (3, 0)


def test_filling_in_is_fairer_than_leaving_out_and_than_zero():
    """Hard indicators are skipped more often: leaving them out rewards, zero punishes."""
    rng = np.random.default_rng(3)
    panels, size, leaves = 400, 4, 10
    easy = np.linspace(-18, 18, leaves)[:, None]
    quality = np.repeat(rng.normal(55, 10, panels), size)
    whole = np.clip(quality + easy + rng.normal(0, 6, (1, panels * size)) + rng.normal(0, 7, (leaves, panels * size)), 0, 100)
    hidden = rng.random(whole.shape) < np.linspace(0.35, 0.05, leaves)[:, None]
    hidden[:, ::size] = False  # every indicator is rated by somebody of each panel
    given_ = np.where(hidden, nothing, whole)
    truth = whole.mean(axis=0)
    bias = {
        "filled": fill_skipped(given_, np.arange(0, panels * size, size), hidden).mean(axis=0) - truth,
        "left out": np.nanmean(given_, axis=0) - truth,
        "zero": np.nan_to_num(given_).mean(axis=0) - truth,
    }
    assert abs(bias["filled"].mean()) < 0.1 < 1 < bias["left out"].mean()
    assert bias["zero"].mean() < -5
    assert (bias["filled"] ** 2).mean() ** 0.5 < 0.6 * (bias["left out"] ** 2).mean() ** 0.5


def test_what_half_of_a_panel_calls_not_applicable_leaves_the_tree_for_all_of_it():
    shape = scheme(1, 2)
    group = sheets(shape, [0, 1], [0, 0, 0, 1, 1, 1, 1], [0, 1, 2, 0, 1, 2, 3], [[5, 5, 0, 5, 5, 0, 0], [1, 1, 1, 1, 1, 1, 1]])
    given_, filled, left_out = group.answers()
    assert left_out.tolist() == [[False, True], [False, False]]
    assert np.isnan(given_[0]).tolist() == [False, False, True, True, True, True, True]
    # The one who refused where the others rated is held to what they lead to expect.
    assert filled[0, :3].tolist() == [100, 100, 100]
    assert np.isnan(filled[0, 3:]).all()
    values, coverage = group.values()
    assert values[0, 3:].tolist() == [0] * 4
    assert coverage[0, 3] == pytest.approx(11 / 21)


def test_a_sheet_without_any_rating_says_nothing():
    shape = scheme(1, 2)
    group = sheets(shape, [0], [0, 0], [0, 1], [[4, nothing], [4, nothing]])
    values, coverage = group.values()
    assert values[0, 0] == 75
    assert (np.isnan(values[0, 1]), coverage[0, 1]) == (True, 0)


# ------------------------------------------------------------------ the fingerprint
@pytest.fixture(scope="module")
def small():
    inputs = a_round(products=24, seed=4)
    return inputs, compute(inputs)


@given(random=st.randoms())
@settings(max_examples=6, deadline=None)
def test_the_order_of_reading_changes_neither_the_fingerprint_nor_a_byte_of_the_result(small, random):
    inputs, result = small
    mixed = []
    for group in random.sample(inputs.groups, len(inputs.groups)):
        order = random.sample(range(len(group.product)), len(group.product))
        mixed.append(
            Sheets(
                group.scheme, group.products[::-1], group.product[order], group.assessor[order],
                group.states[:, order], group.amounts[:, order],
            )
        )  # fmt: skip
    again = Inputs(mixed, inputs.products, inputs.assessors, inputs.ranked, inputs.cuts)
    assert again.digest() == inputs.digest()
    anew = compute(again)
    assert bundle.figure_texts(*bundle.figures_of(anew)) == bundle.figure_texts(*bundle.figures_of(result))
    for name in ("value", "standard_error", "low"):
        assert getattr(anew.root, name).tobytes() == getattr(result.root, name).tobytes()


def test_every_input_changes_the_fingerprint():
    base = a_round(products=6, panel=2, groups=1)
    group = base.groups[0]

    def changed(name, at, value):
        block = getattr(group, name).copy()
        block[at] = value
        fields = {**{field: getattr(group, field) for field in ("product", "assessor", "states", "amounts")}, name: block}
        made = Sheets(group.scheme, group.products, fields["product"], fields["assessor"], fields["states"], fields["amounts"])
        return Inputs([made], base.products, base.assessors, base.ranked, base.cuts)

    other = Sheets(scheme(2, 3, gate=50.0), group.products, group.product, group.assessor, group.states, group.amounts)
    measured = Sheets(*[getattr(group, f) for f in ("scheme", "products", "product", "assessor", "states", "amounts")], {0: [(0, 1, 5, 9)]})
    digests = {
        base.digest(),
        changed("amounts", (0, 0), 12345).digest(),
        changed("states", (0, 0), NOT_APPLICABLE if group.states[0, 0] == SCORED else SCORED).digest(),
        changed("assessor", 0, 11).digest(),
        Inputs([other], base.products, base.assessors, base.ranked, base.cuts).digest(),
        Inputs([measured], base.products, base.assessors, base.ranked, base.cuts).digest(),
        Inputs([group], base.products, base.assessors, ~base.ranked, base.cuts).digest(),
        Inputs([group], base.products, base.assessors, base.ranked, (10.0,)).digest(),
        Inputs([group], base.products, base.assessors, base.ranked, base.cuts, 3).digest(),
    }
    assert len(digests) == 9
    assert all(len(digest) == 64 for digest in digests)


# ------------------------------------------------------------------ the run
def test_a_measured_value_counts_and_says_nothing_about_the_assessors():
    shape = Scheme(
        [
            Node("p", "root", 100),
            Node("d", "p", 60),
            Node("m", "p", 40, "ratio", measured=True),
            Node("x", "d", 50, "ordinal", 1, 5),
            Node("y", "d", 50, "inverse", 0, 4),
        ]
    )
    assert [leaf.key for leaf in shape.leaves] == ["m", "x", "y"]
    rows = {0: [(0, SCORED, 30 * SCALE, 40 * SCALE)]}
    states = np.array([[UNANSWERED] * 2, [SCORED] * 2, [SCORED] * 2])
    amounts = np.array([[0, 0], [5, 3], [0, 2]]) * SCALE
    group = Sheets(shape, np.array([0]), np.array([0, 0]), np.array([0, 1]), states, amounts, rows)
    nodes = compute(Inputs([group], 1, 2, np.ones(1, dtype=bool))).nodes
    assert (nodes["m"].value[0], nodes["m"].raters[0]) == (75, 0)
    assert np.isnan([nodes["m"].standard_error[0], nodes["m"].low[0]]).all()
    assert (nodes["d"].value[0], nodes["root"].value[0]) == (75, 75)
    assert (nodes["root"].raters[0], nodes["root"].coverage[0]) == (2, 1)


def test_a_failed_gate_shows_on_its_indicator_and_on_all_above_it():
    shape = scheme(2, 2, gate=50.0)
    for given_, failed in (([3, 3], False), ([3, 2], True), ([nothing, nothing], False)):
        values = np.full((4, 2), 5.0)
        values[1] = given_
        nodes = compute(Inputs([sheets(shape, [0], [0, 0], [0, 1], values)], 1, 2, np.ones(1, dtype=bool))).nodes
        assert [bool(nodes[key].gate_failed[0]) for key in ("d0i1", "d0", "p", "root")] == [failed] * 4
        assert not nodes["d0i0"].gate_failed[0] and not nodes["d1"].gate_failed[0]


def test_with_too_few_ratings_the_plain_mean_stands_and_says_so():
    result = compute(a_round(products=3, assessors=3, panel=3, groups=1))
    assert not result.is_fair
    assert np.isnan(result.root.adjustment).all()
    np.testing.assert_array_equal(result.root.value, result.root.raw_mean)
    assert (result.standings.rank > 0).all()
    assert np.isnan(result.standings.p_top).all() and result.standings.draws == 0
    assert np.isnan(result.readings.severity).all()
    assert result.flags == result.pairs == []


def test_a_fair_score_is_the_plain_mean_of_the_adjusted_totals():
    inputs = a_round(products=60, seed=1)
    result = compute(inputs)
    assert result.is_fair
    root, told = result.root, result.readings
    severity = np.full(inputs.assessors, nothing)
    severity[told.assessors] = told.severity
    for group in inputs.groups:
        totals = group.values()[0][0]
        for product in group.products:
            mine = group.product == product
            fair = (totals[mine] - severity[group.assessor[mine]]).mean()
            assert fair == pytest.approx(root.raw_mean[product] + root.adjustment[product], abs=1e-10)
    assert (root.low <= root.value).all() and (root.value <= root.high).all()


def test_the_common_part_is_fitted_over_all_sheets_and_own_parts_over_their_own():
    result = compute(a_round(products=60, seed=1))
    assert len(result.nodes["d0"].products) == 60
    assert len(result.nodes["d2"].products) == 30
    assert result.nodes["d0"].variances is not None


def test_standings_add_up():
    inputs = a_round(products=60, seed=2, excluded=(3, 7), top=9)
    told = compute(inputs).standings
    standing = told.rank > 0
    assert standing.sum() == 58 and not standing[[3, 7]].any()
    assert told.p_top[standing].sum() == pytest.approx(9)
    np.testing.assert_allclose(told.p_bands[standing].sum(axis=1), 1)
    assert np.isnan(told.p_top[[3, 7]]).all()
    assert (told.rank_low[standing] <= told.rank_high[standing]).all()
    assert told.group[told.rank == 1].tolist() == [1]
    assert (told.without_low[standing] <= told.without_high[standing]).all()
    values = compute(inputs).root.value
    order = np.argsort(-values[standing])
    assert (np.diff(told.rank[standing][order]) >= 0).all()


def test_a_product_left_out_still_tells_the_severity_of_its_assessors():
    whole, less = compute(a_round(products=40, seed=5)), compute(a_round(products=40, seed=5, excluded=(0,)))
    np.testing.assert_array_equal(whole.root.value, less.root.value)
    assert less.standings.rank[0] == 0


def test_parts_that_no_assessor_joins_are_ranked_apart():
    one = a_round(products=30, assessors=8, seed=6, groups=1)
    group = one.groups[0]
    twice = Sheets(
        group.scheme, np.arange(60), np.concatenate([group.product, group.product + 30]),
        np.concatenate([group.assessor, group.assessor + 8]), np.hstack([group.states] * 2), np.hstack([group.amounts] * 2),
    )  # fmt: skip
    result = compute(Inputs([twice], 60, 16, np.ones(60, dtype=bool), (50.0,), 6))
    told = result.standings
    assert [told.component[:30].tolist(), told.component[30:].tolist()] == [[1] * 30, [2] * 30]
    assert told.rank[:30].tolist() == told.rank[30:].tolist()
    assert told.p_top[:30].sum() == pytest.approx(3) == told.p_top[30:].sum()
    assert [len(part["products"]) for part in result.summary["components"]] == [30, 30]
    assert result.summary["components"][1]["assessors"] == list(range(8, 16))


@pytest.mark.filterwarnings("error")
def test_rounds_without_products_sheets_or_disagreement_are_computed_without_complaint():
    with pytest.raises(ValueError, match="without products"):
        compute(Inputs([], 0, 0, np.ones(0, dtype=bool)))
    shape = scheme(1, 2)
    unjudged = sheets(shape, [0, 1], [], [], np.empty((2, 0)))
    result = compute(Inputs([unjudged], 2, 0, np.ones(2, dtype=bool), (50.0,)))
    assert np.isnan(result.root.value).all() and not result.standings.rank.any()
    product, assessor = np.repeat(np.arange(8), 4), np.tile(np.arange(4), 8)
    for same in (1, 5):
        result = compute(Inputs([sheets(shape, range(8), product, assessor, np.full((2, 32), same))], 8, 4, np.ones(8, dtype=bool)))
        assert result.root.value.tolist() == [25.0 * (same - 1)] * 8
        assert result.standings.rank.tolist() == [1] * 8


def test_whoever_stops_the_beat_stops_the_run():
    class Enough(Exception):
        pass

    def stop(share):
        assert 0 <= share <= 1
        raise Enough

    with pytest.raises(Enough):
        compute(a_round(), stop)


# ------------------------------------------------------------------ the bundle
@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    inputs = a_round(products=30, seed=8, excluded=(2,), top=4)
    texts = {**bundle.input_texts(inputs), **bundle.figure_texts(*bundle.figures_of(compute(inputs)))}
    path = tmp_path_factory.mktemp("bundle") / "round.zip"
    bundle.pack(path, texts)
    return path, texts, inputs


def test_inputs_come_back_from_a_bundle_as_they_were(packed):
    _path, texts, inputs = packed
    assert bundle.read_inputs(texts[bundle.INPUTS], texts[bundle.RATINGS]).digest() == inputs.digest()


def _verify(path):
    done = subprocess.run(
        [sys.executable, "-m", "assessments.scoring", "verify", str(path)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_the_command_reproduces_every_figure_byte_for_byte(packed, tmp_path):
    path, texts, inputs = packed
    code, told, _errors = _verify(path)
    told = json.loads(told)
    assert (code, told["reproduced"], told["inputs_hash"]) == (0, True, inputs.digest())
    assert all(file["same"] and file["published"] == file["recomputed"] for file in told["files"].values())
    again = tmp_path / "again.zip"
    bundle.pack(again, texts)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", [bundle.SCORES, bundle.STANDINGS, bundle.RUN, bundle.RATINGS])
def test_one_changed_figure_or_rating_is_found(packed, tmp_path, name):
    _path, texts, _inputs = packed
    old, new = ("rated,4.0", "rated,3.0") if name == bundle.RATINGS else ("1", "2")
    place = texts[name].rindex(old)
    bundle.pack(tmp_path / "false.zip", {**texts, name: texts[name][:place] + new + texts[name][place + len(old) :]})
    told = bundle.verify(tmp_path / "false.zip")
    assert not told["reproduced"]
    if name == bundle.RATINGS:
        assert told["inputs_hash"] != told["inputs_hash_claimed"]
    else:
        assert not told["files"][name]["same"]


def test_what_is_no_bundle_is_refused_in_one_line(packed, tmp_path):
    _path, texts, _inputs = packed
    (tmp_path / "words.zip").write_text("no zip")
    with zipfile.ZipFile(tmp_path / "less.zip", "w") as archive:
        archive.writestr(bundle.INPUTS, texts[bundle.INPUTS])
    bundle.pack(tmp_path / "stray.zip", {**texts, bundle.RATINGS: "product,assessor,indicator,state,value\n999,1,d0i0,rated,3\n"})
    for name, word in (("words", "neither"), ("less", "missing"), ("stray", "line 2"), ("none", "No such file")):
        code, told, errors = _verify(tmp_path / f"{name}.zip")
        assert (code, told, errors.count("\n")) == (2, "", 1)
        assert word in errors
    assert scoring.ALGORITHM in texts[bundle.INPUTS]
