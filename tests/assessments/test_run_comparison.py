"""The computations of a round that are kept, and two of them side by side."""

import csv
import io
import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from scipy import stats

from assessments.models import Score, ScoringRun
from assessments.selectors.run_comparison import Compared
from assessments.services import rounds as services
from assessments.services import run_desk, runs, set_aside
from secretariat.errors import RuleBroken
from tests import factories
from tests.assessments import scored_rounds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def officer(client):
    user = factories.officer()
    client.force_login(user)
    return user


@pytest.fixture
def judged():
    return scored_rounds.judged_round(products=12, assessors=6, panel=4)


def words(response):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def changed(round_):
    """The round computed anew after three more called its first product the worst; gives (before, after)."""
    before = round_.run
    entry = round_.entries.order_by("pk").first()
    for _ in range(3):
        factories.submitted_assessment(entry, 1)
    runs.inputs_changed(entry.pk)
    runs.score_round(round_.pk)
    round_.refresh_from_db()
    return before, round_.run


def totals(run):
    return dict(Score.objects.filter(run=run, part=None, indicator=None).values_list("entry", "value"))


def compare(client, round_, one, other, **query):
    return client.get(reverse("runs_compare", args=[round_.pk]), {"run": one.pk, "with": other.pk, **query})


# ------------------------------------------------------------------ what is told
def test_the_figures_are_those_of_the_two_runs(officer, judged):
    before, after = changed(judged)
    told = Compared(judged, after, before)  # in whatever order they are given
    assert (told.before, told.after) == (before, after)
    first, second = totals(before), totals(after)
    assert {row.entry.pk: (row.before, row.after) for row in told.rows} == {pk: (first[pk], second[pk]) for pk in first}
    assert told.largest == pytest.approx(max(abs(second[pk] - first[pk]) for pk in first))
    order = list(first)
    tau = stats.kendalltau([first[pk] for pk in order], [second[pk] for pk in order]).statistic
    assert told.comparison.tau == pytest.approx(tau)


def test_conditions_in_the_database_agree_with_the_rows(officer, judged):
    before, _after = changed(judged)
    services.edit_round(judged.pk, by=officer, version=judged.version, top=4, cuts=[40.0, 60.0])
    runs.score_round(judged.pk)
    judged.refresh_from_db()
    told = Compared(judged, before, judged.run)
    rows = {row.entry.pk: row for row in told.rows}
    for condition, says in (
        (told.other_band(), lambda row: row.other_band),
        (told.other_side(), lambda row: row.enters or row.leaves),
    ):
        found = set(told.entries().filter(condition).values_list("pk", flat=True))
        assert found == {pk for pk, row in rows.items() if says(row)} and found


def test_a_product_that_stands_in_one_run_only_is_told(client, officer, judged):
    before = judged.run
    out = judged.entries.first()
    services.exclude_entry(out.pk, by=officer, why="Too late")
    runs.score_round(judged.pk)
    judged.refresh_from_db()
    told = Compared(judged, before, judged.run)
    row = next(row for row in told.rows if row.entry == out)
    assert (row.after, row.rank_after, row.places) == (None, None, None) and row.before is not None and not told.is_same
    page = words(compare(client, judged, before, judged.run))
    assert "no rank any more" in page and "left out of the results" in page and "Too late" in page


def test_what_happened_between_them_is_said_with_its_reason(client, officer, judged):
    before, assessor = judged.run, judged.run.readings.first().assessor
    set_aside.set_aside(judged.pk, assessor.pk, by=officer, why="Copied from a colleague")
    runs.score_round(judged.pk)
    judged.refresh_from_db()
    page = words(compare(client, judged, before, judged.run))
    assert "ratings set aside" in page and "Copied from a colleague" in page and f"before {assessor} was set aside" in page
    labels = {line.label for line in Compared(judged, before, judged.run).differences}
    assert {"Assessors", "Sheets", "Ratings"} <= labels and "Method" not in labels


def test_the_same_inputs_twice_differ_in_nothing(client, officer, judged):
    before = judged.run
    runs.score_round(judged.pk, force=True)
    judged.refresh_from_db()
    told = Compared(judged, before, judged.run)
    assert (
        told.same_inputs
        and told.is_same
        and told.largest == 0
        and told.differences == []
        and told.comparison.tau == pytest.approx(1)
    )
    page = words(compare(client, judged, before, judged.run))
    assert (
        "The outcome is the same" in page and "every figure must be the same" in page and "No score changes noticeably." in page
    )


# ------------------------------------------------------------------ the pages
def test_the_largest_change_stands_first_and_everything_is_exported(client, officer, judged):
    before, after = changed(judged)
    response = compare(client, judged, before, after)
    rows = [row["row"] for row in response.context["list"].rows]
    assert [abs(row.change) for row in rows] == sorted((abs(row.change) for row in rows), reverse=True)
    assert rows[0].pk == judged.entries.order_by("pk").first().pk
    wide = response.content.decode().partition("forest-wide")[2].partition("forest-narrow")[0]
    assert wide.count('r="4.5"/>') == wide.count('r="5.5"/>') == 12
    table = list(csv.reader(io.StringIO(compare(client, judged, before, after, export="csv").content.decode("utf-8-sig"))))
    assert len(table) == 13 and table[0][:4] == ["Product", "Score before", "Score after", "Change"]
    assert float(table[1][2]) == pytest.approx(rows[0].second_score)


def test_without_a_choice_the_page_asks_and_a_foreign_run_is_refused(client, officer, judged):
    address = reverse("runs_compare", args=[judged.pk])
    assert "nothing to compare yet" in words(client.get(address))
    changed(judged)
    assert client.get(address).status_code == 200
    assert client.get(address, {"run": judged.run.supersedes_id}).status_code == 200  # with the current one
    foreign = scored_rounds.judged_round(products=3, assessors=4, panel=3).run
    same = {"run": judged.run_id, "with": judged.run_id}
    for query in ({"run": foreign.pk}, {"run": "x"}, {"run": judged.run_id, "with": foreign.pk}, same):
        response = client.get(address, query)
        assert response.status_code == 422 and "told" not in response.context


def test_a_round_that_was_never_computed_has_no_runs_to_compare(client, officer):
    round_ = factories.round_("open")
    assert client.get(reverse("runs_compare", args=[round_.pk]), {"run": 1}).status_code == 422
    assert "Nothing was computed yet" in words(client.get(reverse("round_runs", args=[round_.pk])))


def test_the_list_of_runs_says_which_counts_and_what_took_whose_place(client, officer, judged):
    before, after = changed(judged)
    rows = client.get(reverse("round_runs", args=[judged.pk])).context["list"].rows
    assert [row["pk"] for row in rows] == [after.pk, before.pk]
    assert rows[1]["row"].later == after.started_at and rows[0]["row"].later is None
    assert ["current" in str(row["cells"][-1]["html"]) for row in rows] == [True, False]
    assert [len(row["actions"]) for row in rows] == [1, 2]


def test_a_run_with_a_note_outlives_those_without(client, officer, judged):
    kept = judged.run
    address = reverse("run_keep", args=[judged.pk, kept.pk])
    assert client.post(address, {"why": "ي before the meeting"}).url == reverse("round_runs", args=[judged.pk])
    for _ in range(runs.KEPT_PROVISIONAL + 3):
        runs.score_round(judged.pk, force=True)
    kept.refresh_from_db()
    assert kept.kept_because == "ی before the meeting"
    assert ScoringRun.objects.filter(round=judged).count() == runs.KEPT_PROVISIONAL + 2
    assert "ی before the meeting" in client.get(address).content.decode()
    client.post(address, {"why": ""})
    runs.score_round(judged.pk, force=True)
    assert not ScoringRun.objects.filter(pk=kept.pk).exists()


def test_what_cannot_be_kept_is_refused_in_words(client, officer, judged):
    failed = ScoringRun.objects.create(round=judged, phase="open", status="failed")
    address = reverse("run_keep", args=[judged.pk, failed.pk])
    response = client.post(address, {"why": "note"})
    assert response.status_code == 422 and 'value="note"' in response.content.decode()
    scored_rounds.published(judged)
    with pytest.raises(RuleBroken, match="for ever"):
        run_desk.keep(judged.run_id, by=officer, why="note")
    other = factories.round_("open")
    assert client.get(reverse("run_keep", args=[other.pk, failed.pk])).status_code == 404


def test_the_comparison_costs_the_same_for_6_and_30(client, officer):
    counts = []
    for products in (6, 30):
        round_ = scored_rounds.judged_round(products=products, assessors=6, panel=3)
        before, after = changed(round_)
        compare(client, round_, before, after)
        with CaptureQueriesContext(connection) as caught:
            assert compare(client, round_, before, after).status_code == 200
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 18
