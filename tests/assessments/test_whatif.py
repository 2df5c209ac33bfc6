"""What if: changed copies of a round's inputs, what two results differ in, and the page that stores nothing."""

import csv
import io
from dataclasses import replace
from decimal import Decimal

import numpy as np
import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assessments.models import Entry, Indicator, SetVersion
from assessments.scoring import ROOT, Inputs, Node, Sheets, compute, whatif
from assessments.selectors.score_inputs import round_inputs
from assessments.services import runs
from tests import factories
from tests.assessments.test_scoring_run import a_round

seeds = st.integers(0, 2**32 - 1)


def said(result):
    """Every number of a result as bytes."""
    arrays = [getattr(node, name) for node in result.nodes.values() for name in vars(node) if name not in ("key", "variances")]
    arrays += [value for part in (result.standings, result.readings) for value in vars(part).values()]
    return result.digest, b"".join(np.asarray(array).tobytes() for array in arrays), repr(result.summary)


def roots(inputs):
    return whatif.totals(inputs).root.value


# ------------------------------------------------------------------ changed inputs
def test_a_change_that_changes_nothing_gives_the_same_bytes():
    inputs = a_round(products=20, assessors=8)
    own = {(group.scheme.digest, node.key): node.weight for group in inputs.groups for node in group.scheme.nodes}
    same = whatif.without_products(whatif.without_assessors(whatif.reweighted(inputs, own), []), [])
    same = whatif.other_top(whatif.other_bands(same, inputs.cuts), inputs.top)
    assert said(compute(same)) == said(compute(inputs))


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_reweighting_by_the_weights_that_stand_changes_nothing(seed):
    inputs, rng = a_round(products=8, assessors=5, seed=seed), np.random.default_rng(seed)
    nodes = [node for group in inputs.groups for node in group.scheme.nodes]
    some = {nodes[n].key: nodes[n].weight for n in rng.choice(len(nodes), 4, replace=False)}
    # A key means the same weight in both schemes here, or it is told for one of them.
    weights = {key: weight for key, weight in some.items() if {node.weight for node in nodes if node.key == key} == {weight}}
    assert whatif.reweighted(inputs, weights).digest() == inputs.digest()


@given(st.lists(st.integers(0, 200).map(lambda n: n / 2), min_size=1, max_size=3), seeds)
@settings(max_examples=25, deadline=None)
def test_siblings_weigh_100_and_those_unnamed_keep_their_proportions(wanted, seed):
    inputs = a_round(products=6, assessors=4, seed=seed % 7, groups=1)
    keys = ["d0i0", "d0i1", "d0i2"]
    named = dict(zip(keys, wanted, strict=False))
    if not any(named.values()) and len(named) == 3:
        with pytest.raises(ValueError, match="weigh nothing"):
            whatif.reweighted(inputs, named)
        return
    scheme = whatif.reweighted(inputs, named).groups[0].scheme
    found = dict(scheme.tree.children("d0"))
    assert sum(Decimal(repr(weight)) for weight in found.values()) == 100
    others = [key for key in keys if key not in named]
    if others and sum(named.values()) < 100:
        assert all(found[key] == pytest.approx(weight) for key, weight in named.items())
        shares = [found[key] / (10 + int(key[-1])) for key in others]
        assert shares == pytest.approx([shares[0]] * len(shares), rel=1e-6)
    assert dict(scheme.tree.children("p")) == dict(inputs.groups[0].scheme.tree.children("p"))


def test_a_weight_may_be_told_for_one_scheme_alone():
    inputs = a_round(products=10, assessors=5)
    first, second = (group.scheme for group in inputs.groups)
    changed = whatif.reweighted(inputs, {(first.digest, "d0"): 80})
    assert {group.scheme.digest for group in changed.groups} & {first.digest, second.digest} == {second.digest}
    with pytest.raises(ValueError, match="no node is called"):
        whatif.reweighted(inputs, {"nowhere": 5})
    with pytest.raises(ValueError, match="no weight"):
        whatif.reweighted(inputs, {"d0": -1})


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_leaving_out_follows_the_assessor_whatever_the_order_and_the_numbers(seed):
    inputs, rng = a_round(products=15, assessors=6, seed=seed % 5), np.random.default_rng(seed)
    order = rng.permutation(6)
    turned = []
    for group in inputs.groups:
        columns = rng.permutation(len(group.product))
        turned.append(
            Sheets(group.scheme, group.products, group.product[columns], order[group.assessor[columns]],
                   group.states[:, columns], group.amounts[:, columns])
        )  # fmt: skip
    left_out = roots(whatif.without_assessors(replace(inputs, groups=turned), [order[2]]))
    np.testing.assert_allclose(left_out, roots(whatif.without_assessors(inputs, [2])), atol=1e-9)


def test_leaving_assessors_out_is_having_never_asked_them():
    inputs = a_round(products=20, assessors=8)
    without = whatif.without_assessors(inputs, [1, 5])
    assert without.ratings < inputs.ratings
    assert not {1, 5} & {n for group in without.groups for n in group.assessor.tolist()}
    assert without.products == inputs.products
    everybody = whatif.without_assessors(inputs, range(8))
    assert np.isnan(roots(everybody)).all()


def test_products_left_out_say_nothing_of_their_assessors_either():
    inputs = a_round(products=20, assessors=8)
    without = whatif.totals(whatif.without_products(inputs, [0, 7]))
    assert without.standings.rank[[0, 7]].tolist() == [0, 0]
    assert 0 not in without.root.products
    merely_unranked = whatif.totals(replace(inputs, ranked=without.standings.rank > 0))
    assert not np.allclose(without.root.value, np.delete(merely_unranked.root.value, [0, 7]))


def test_bands_and_the_number_sought_must_make_sense():
    inputs = a_round(products=5, assessors=4)
    for cuts in ((80, 70), (0, 50), (50, 50), (20, 100)):
        with pytest.raises(ValueError, match="rising"):
            whatif.other_bands(inputs, cuts)
    with pytest.raises(ValueError, match="at least one"):
        whatif.other_top(inputs, 0)


# ------------------------------------------------------------------ another version of a set
def versioned(scale=("ordinal", 1, 5)):
    """One group under the part "s:1" with indicators a and b; the answers to b come after those to a."""
    shape = [Node("s:1", ROOT, 100.0), Node("s:1/a", "s:1", 60.0, *scale), Node("s:1/b", "s:1", 40.0, "ordinal", 1, 5)]
    rng = np.random.default_rng(4)
    amounts = rng.integers(1, 6, (2, 24)) * 10_000
    group = Sheets(whatif.Scheme(shape), np.arange(8), np.repeat(np.arange(8), 3), np.tile(np.arange(3), 8),
                   np.ones((2, 24), dtype=int), amounts)  # fmt: skip
    return Inputs([group], 8, 3, np.ones(8, dtype=bool)), shape


def test_the_same_version_changes_nothing():
    inputs, shape = versioned()
    changed, carried = whatif.on_other_version(inputs, "s:1", shape)
    assert changed.digest() == inputs.digest()
    assert (carried.answered, carried.only_before, carried.only_after, carried.other_scale) == (["a", "b"], [], [], [])


def test_answers_follow_their_code_and_what_is_new_has_none():
    inputs, _shape = versioned()
    fresh = [Node("s:2", ROOT, 5.0), Node("s:2/c", "s:2", 50.0, "ordinal", 1, 5), Node("s:2/b", "s:2", 20.0, "ordinal", 1, 5),
             Node("s:2/a", "s:2", 30.0, "number", 0, 100)]  # fmt: skip
    changed, carried = whatif.on_other_version(inputs, "s:1", fresh)
    assert (carried.answered, carried.only_before, carried.only_after, carried.other_scale) == (["b"], [], ["c"], ["a"])
    group = changed.groups[0]
    assert dict(group.scheme.tree.children(ROOT)) == {"s:2": 100.0}
    # Only b is answered, so it is the whole total.
    values, coverage = group.values()
    np.testing.assert_allclose(values[0], (inputs.groups[0].amounts[1] / 10_000 - 1) * 25)
    np.testing.assert_allclose(coverage[0], 0.2)
    _gone, carried = whatif.on_other_version(inputs, "s:1", fresh[:3])
    assert carried.only_before == ["a"]
    with pytest.raises(ValueError, match="no node"):
        whatif.on_other_version(inputs, "t:1", fresh)


def test_measured_values_follow_their_code_too():
    shape = [Node("s:1", ROOT, 100.0), Node("s:1/a", "s:1", 50.0, "ordinal", 1, 5),
             Node("s:1/m", "s:1", 50.0, "ratio", 0, None, None, True)]  # fmt: skip
    group = Sheets(whatif.Scheme(shape), np.arange(1), np.zeros(2, dtype=int), np.arange(2), np.array([[1, 1], [3, 3]]),
                   np.array([[50_000, 30_000], [0, 0]]), {0: [(1, 1, 50_000, 100_000)]})  # fmt: skip
    inputs = Inputs([group], 1, 2, np.ones(1, dtype=bool))
    fresh = [Node("s:2", ROOT, 100.0), replace(shape[2], key="s:2/m", parent="s:2", weight=25.0),
             replace(shape[1], key="s:2/a", parent="s:2", weight=75.0)]  # fmt: skip
    changed, _carried = whatif.on_other_version(inputs, "s:1", fresh)
    np.testing.assert_allclose(changed.groups[0].values()[0][0], [0.75 * 100 + 0.25 * 50, 0.75 * 50 + 0.25 * 50])


# ------------------------------------------------------------------ results
def test_totals_are_those_of_the_whole_computation():
    inputs = a_round(products=30, assessors=9, excluded=[3])
    alone, whole = whatif.totals(inputs), compute(inputs, statements=False)
    for name in ("products", "value", "low", "high", "raw_mean", "adjustment", "raters", "coverage"):
        np.testing.assert_array_equal(getattr(alone.root, name), getattr(whole.root, name))
    assert (alone.standings.rank == whole.standings.rank).all()
    assert len(alone.nodes) == 2 < len(whole.nodes)


def test_the_plain_mean_ranks_by_the_plain_mean():
    inputs = a_round(products=30, assessors=9)
    fair = whatif.totals(inputs)
    plain = whatif.plain_mean(inputs, fair)
    assert fair.is_fair and not plain.is_fair
    np.testing.assert_array_equal(plain.root.value, fair.root.raw_mean)
    assert (np.diff(plain.root.value[np.argsort(plain.standings.rank)]) <= 0).all()
    assert (plain.standings.rank != fair.standings.rank).any()


def test_the_range_of_influences_is_the_range_that_is_stored():
    inputs = a_round(products=25, assessors=7)
    whole = compute(inputs)
    told = whatif.influences(inputs, whole)
    assert [one.assessor for one in told] == list(range(7))
    exact = whole.root.raw_mean + whole.root.adjustment
    stored = np.maximum(whole.standings.without_high - exact, exact - whole.standings.without_low)
    assert max(abs(one.largest) for one in told) == pytest.approx(stored.max(), abs=1e-8)
    most = max(told, key=lambda one: abs(one.largest))
    assert stored[most.product] == pytest.approx(abs(most.largest), abs=1e-8)
    assert sum(one.sheets for one in told) == whole.summary["sheets"]


def test_an_assessor_alone_on_a_product_leaves_it_unjudged():
    inputs = a_round(products=12, assessors=5)
    group = inputs.groups[0]
    alone = int(group.product[0])
    others = np.flatnonzero((group.product == alone) & (group.assessor != group.assessor[0]))
    columns = np.setdiff1d(np.arange(len(group.product)), others)
    inputs.groups[0] = whatif._kept(group, columns)
    told = whatif.influences(inputs, whatif.totals(inputs))
    assert [one.unjudged for one in told if one.assessor == group.assessor[0]] == [1]


def test_too_few_ratings_are_compared_by_their_plain_means():
    inputs = whatif.without_products(versioned()[0], range(3, 8))
    whole = whatif.totals(inputs)
    assert not whole.is_fair
    for one in whatif.influences(inputs, whole):
        right = roots(whatif.without_assessors(inputs, [one.assessor])) - whole.root.value
        assert one.largest == pytest.approx(right[one.product], abs=1e-9)
        assert abs(one.largest) == pytest.approx(np.abs(right).max(), abs=1e-9)


def test_leaving_out_a_link_parts_the_round_and_each_part_has_its_share_of_places():
    shape = [Node("s", ROOT, 100.0), Node("s/a", "s", 100.0, "number", 0, 100)]
    product = np.repeat(np.arange(20), 3)
    # Two circles of assessors; the seventh alone judges in both.
    assessor = np.concatenate([[n // 10 * 3 + k for k in range(3)] for n in range(20)])
    assessor[[0, 30]] = 6
    amounts = np.random.default_rng(1).integers(0, 100, (1, 60)) * 10_000
    group = Sheets(whatif.Scheme(shape), np.arange(20), product, assessor, np.ones((1, 60), dtype=int), amounts)
    inputs = Inputs([group], 20, 7, np.ones(20, dtype=bool), (), 4)
    before, after = whatif.totals(inputs), whatif.totals(whatif.without_assessors(inputs, [6]))
    assert (before.standings.component.max(), after.standings.component.max()) == (1, 2)
    told = whatif.compared(before, after)
    assert told.top_before.sum() == told.top_after.sum() == 4
    assert [told.top_after[after.standings.component == part].sum() for part in (1, 2)] == [2, 2]
    assert set(before.summary["fragile_assessors"]) == {6}


# ------------------------------------------------------------------ differences
@given(seeds, st.integers(2, 40))
@settings(max_examples=30, deadline=None)
def test_agreement_is_kendalls_tau_over_the_pairs_that_can_be_compared(seed, count):
    rng = np.random.default_rng(seed)
    before, after = rng.integers(0, 12, count).astype(float), rng.integers(0, 12, count).astype(float)
    one = np.ones(count, dtype=int)
    tau, turned = whatif.agreement(before, after, one, one)
    right = stats.kendalltau(before, after).statistic
    assert tau == pytest.approx(right, abs=1e-12) or (np.isnan(tau) and np.isnan(right))
    pairs = [(i, j) for i in range(count) for j in range(i)]
    assert turned == pytest.approx(np.mean([(before[i] - before[j]) * (after[i] - after[j]) < 0 for i, j in pairs]))


def test_products_of_parts_that_are_not_joined_are_not_compared():
    before, after = np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 4, 3])
    tau, turned = whatif.agreement(before, after, np.array([1, 1, 2, 2]), np.array([1, 1, 2, 2]))
    assert (tau, turned) == (0.0, 0.5)
    tau, turned = whatif.agreement(before, after, np.array([1, 1, 1, 1]), np.array([1, 2, 3, 4]))
    assert np.isnan(tau) and turned == 0.0


def test_a_comparison_says_who_rises_who_enters_and_who_vanishes():
    inputs = replace(a_round(products=30, assessors=9), top=5, cuts=(40.0, 60.0))
    before = whatif.totals(inputs)
    same = whatif.compared(before, before)
    assert (same.tau, same.reversed_share, same.largest) == (1.0, 0.0, 0.0)
    assert not same.places.any() and not same.enters.any() and not same.leaves.any() and not same.other_band.any()
    assert same.top_before.sum() == 5
    after = whatif.totals(whatif.reweighted(whatif.without_products(inputs, [int(before.standings.rank.argmax())]), {"d0": 95}))
    told = whatif.compared(before, after)
    assert np.flatnonzero(told.vanishes).tolist() == [before.standings.rank.argmax()]
    assert told.enters.sum() == told.leaves.sum()
    assert 0 < told.reversed_share < 0.5 and told.tau < 1
    both = (told.rank_before > 0) & (told.rank_after > 0)
    np.testing.assert_array_equal(told.places[both], (told.rank_before - told.rank_after)[both])
    assert told.band_before[np.nanargmax(told.score_before)] == 0
    found = np.abs(told.delta)
    assert told.largest == pytest.approx(np.nanmax(found))


# ------------------------------------------------------------------ the page
@pytest.fixture
def judged(db):
    """Eight products on a common set and their own, four of five assessors each: severe and mild ones."""
    round_ = factories.round_("open")
    common, own = factories.published_set(layer="common"), factories.published_set(layer="kind")
    sheet = factories.sheet(round_, own, common)
    panel = [factories.assessor(last_name=f"داور{n}") for n in range(5)]
    rng = np.random.default_rng(2)
    for n in range(8):
        entry = Entry.objects.create(round=round_, subject=factories.subject(title_fa=f"اثر {n}"), sheet=sheet)
        for k, person in enumerate(panel):
            if k != n % 5:
                values = {
                    f"D{d}I{i}": int(np.clip(1 + n // 2 + k // 2 + rng.integers(-1, 2), 1, 5)) for d in (1, 2) for i in (1, 2)
                }
                factories.submitted_assessment(entry, values, assessor_=person)
    Entry.objects.filter(round=round_).update(inputs_version=1)
    runs.score_round(round_.pk)
    round_.refresh_from_db()
    round_.panel, round_.own, round_.common = panel, own, common
    return round_


@pytest.fixture
def officer(client, in_english, db):
    user = factories.officer()
    client.force_login(user)
    client.user = user
    return client


def page(round_, query=""):
    return reverse("round_whatif", args=[round_.pk]) + (f"?{query}" if query else "")


def everything_stored():
    """A fingerprint of every row of every table."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t')
            found[table] = cursor.fetchone()
    return found


def test_no_row_of_the_database_changes(officer, judged):
    before = everything_stored()
    assert before["assessments_score"][0] > 8
    top = Indicator.objects.filter(version=judged.own, parent=None).values_list("pk", flat=True)
    for query in (
        "", f"out={judged.panel[0].pk}", "mean=1", "cuts=20,50", "top=2", f"node-{top[0]}=90&node-{top[1]}=10",
        f"node-{top[0]}=90", f"out={judged.panel[0].pk}&export=csv", "mean=1&export=xlsx", "mean=1&order=change&page=2",
        f"node-{top[0]}=90&do=spread:version-{judged.own.pk}", "out=1&out=x&top=-3", f"out={'9' * 5000}&version-{judged.own.pk}={'9' * 5000}",
    ):  # fmt: skip
        assert officer.get(page(judged, query)).status_code in (200, 302, 422)
        assert officer.post(page(judged, query)).status_code == 405
    assert everything_stored() == before


def test_the_start_tells_each_assessors_influence(officer, judged):
    answer = officer.get(page(judged))
    assert len(answer.context["influences"]) == 5
    html = answer.content.decode()
    assert "nothing is stored" in html and "Each assessor left out in turn" in html
    assert all(str(person.user) in html for person in judged.panel)


def test_the_figures_are_those_of_the_engine(officer, judged):
    answer = officer.get(page(judged, f"out={judged.panel[1].pk}"))
    rows = answer.context["told"].rows
    stored = {entry.pk: entry.result for entry in Entry.objects.filter(round=judged).select_related("result")}
    assert {row.entry.pk: (row.before, row.rank_before) for row in rows} == {
        pk: (pytest.approx(result.value), result.rank) for pk, result in stored.items()
    }
    after = {row.entry.pk: row.after for row in rows}
    read = round_inputs(judged.pk)
    out = read.assessors.tolist().index(judged.panel[1].pk)
    right = compute(whatif.without_assessors(read.inputs, [out]), statements=False).root.value
    assert [after[pk] for pk in read.entries.tolist()] == pytest.approx(right.tolist())
    assert [row.rank_after for row in rows] == sorted(row.rank_after for row in rows)


def test_weights_and_parts_are_changed_and_the_address_says_only_what_differs(officer, judged):
    part = f"part-{judged.entries.first().sheet_id}"
    typed = {f"{part}-1": "۴۰", f"{part}-2": "60", "cuts": "۷۰، ۸۰، ۹۰", "top": "", "out": ""}
    answer = officer.get(page(judged), typed)
    assert answer.status_code == 302
    assert answer.url == page(judged, f"{part}-1=40&{part}-2=60")
    told = officer.get(answer.url).context["told"]
    weights = {key: weight for group in told.inputs.groups for key, weight in group.scheme.tree.children(ROOT)}
    assert sorted(weights.values()) == [40.0, 60.0]
    assert officer.get(page(judged), {f"{part}-1": "70", "mean": ""}).url == page(judged)


def test_weights_that_do_not_sum_to_100_are_told_and_spread(officer, judged):
    first, second = Indicator.objects.filter(version=judged.own, parent=None).order_by("position")
    typed = {f"node-{first.pk}": "30", f"node-{second.pk}": "0"}
    answer = officer.get(page(judged), typed)
    assert answer.status_code == 422
    assert "The weights must sum to 100." in answer.content.decode()
    assert answer.context.get("told") is None
    spread = officer.get(page(judged), {**typed, "do": f"spread:version-{judged.own.pk}"})
    assert spread.url == page(judged, f"node-{first.pk}=30&node-{second.pk}=70")
    assert officer.get(page(judged), {f"node-{first.pk}": "much"}).status_code == 422
    assert officer.get(page(judged), {"cuts": "90, 80"}).status_code == 422
    everybody = "&".join(f"out={person.pk}" for person in judged.panel)
    assert "Somebody must be left." in officer.get(page(judged, everybody)).content.decode()


def test_another_version_of_a_set_can_be_tried(officer, judged):
    other = SetVersion.objects.create(set=judged.own.set, number=2, based_on=judged.own)
    scale = Indicator.objects.filter(version=judged.own, scale__isnull=False).first().scale
    dimension = Indicator.objects.create(version=other, code="D1", title_fa="بُعد", title_en="Dimension", position=1, weight=100)
    for position, (code, weight) in enumerate((("D1I1", 50), ("NEW", 50)), 1):
        Indicator.objects.create(version=other, parent=dimension, code=code, title_fa="نو", title_en=f"New {code}",
                                 position=position, weight=weight, scale=scale)  # fmt: skip
    assert officer.get(page(judged), {f"version-{judged.own.pk}": "2"}).url == page(judged)  # a draft is no version yet
    SetVersion.objects.filter(pk=judged.own.pk).update(status="retired")
    other.status, other.published_at = "published", judged.own.published_at
    other.save()
    answer = officer.get(page(judged, f"version-{judged.own.pk}=2"))
    html = answer.content.decode()
    assert "nobody was asked about New NEW" in html
    assert "does not ask about D1I2, D2I1, D2I2 any more" in html
    assert answer.context["told"].comparison.largest > 0


def test_both_exports_hold_every_row(officer, judged):
    query = f"out={judged.panel[1].pk}"
    rows = officer.get(page(judged, query)).context["told"].rows
    text = officer.get(page(judged, f"{query}&export=csv")).content.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert len(lines) == 9 and float(lines[1][3]) == rows[0].after
    book = openpyxl.load_workbook(io.BytesIO(officer.get(page(judged, f"{query}&export=xlsx")).content))
    assert [row[3] for row in book.active.iter_rows(min_row=2, values_only=True)] == pytest.approx([row.after for row in rows])


def test_a_fragile_assessor_and_a_lost_product_are_said(officer, judged):
    lone = Entry.objects.create(round=judged, subject=factories.subject(), sheet=judged.entries.first().sheet)
    factories.submitted_assessment(lone, 3, assessor_=judged.panel[0])
    html = officer.get(page(judged)).content.decode()
    assert "1 product judged by nobody else" in html
    html = officer.get(page(judged, f"out={judged.panel[0].pk}")).content.decode()
    assert "1 product has no score any more" in html


def test_whoever_still_judges_in_the_round_and_strangers_see_nothing(officer, judged):
    factories.assignment(judged.entries.first(), factories.assessor(user=officer.user), status="offered")
    answer = officer.get(page(judged, "mean=1"))
    assert answer.status_code == 403 and "told" not in answer.context
    for user in (judged.panel[0].user, factories.representative(), factories.user()):
        stranger = Client()
        stranger.force_login(user)
        assert stranger.get(page(judged)).status_code == 404


def test_a_round_without_a_run_and_one_too_large_say_so(officer, judged, monkeypatch):
    assert "Nothing is computed yet" in officer.get(page(factories.round_("open"))).content.decode()
    monkeypatch.setattr("assessments.selectors.whatif.MOST_RATINGS", 10)
    assert "too large" in officer.get(page(judged, "mean=1")).content.decode()


def test_queries_do_not_grow_with_the_round(officer, judged):
    def asked(query):
        officer.get(page(judged, query))
        with CaptureQueriesContext(connection) as queries:
            assert officer.get(page(judged, query)).status_code == 200
        return len(queries)

    before = [asked(""), asked("mean=1")]
    for n in range(3):
        entry = Entry.objects.create(round=judged, subject=factories.subject(), sheet=judged.entries.first().sheet)
        for person in (judged.panel[n], judged.panel[4], factories.assessor()):
            factories.submitted_assessment(entry, 2 + n, assessor_=person)
    assert [asked(""), asked("mean=1")] == before
