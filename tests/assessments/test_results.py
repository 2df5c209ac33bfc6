"""The results of a round: the ranked list and its picture, its computation, publishing what falls into parts."""

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from assessments import rules, tasks
from assessments.models import Assignment, Entry, Round, Score, ScoringRun
from assessments.selectors import results as selectors
from assessments.selectors.joining import joining_links, parts
from assessments.services import rounds as services
from assessments.services import run_desk, runs
from secretariat.errors import RuleBroken
from tests import factories
from tests.assessments import round_pages, scored_rounds
from tests.refusal import refused, sql

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def officer(client):
    user = factories.officer()
    client.force_login(user)
    return user


@pytest.fixture
def judged():
    return scored_rounds.judged_round(products=12, assessors=6, panel=4)


@pytest.fixture
def apart():
    """Two parts that no assessor joins; closed, so that only this keeps it from being published."""
    round_ = scored_rounds.judged_round(products=8, assessors=8, panel=4, parts=2)
    Round.objects.filter(pk=round_.pk).update(status="moderation")
    round_.refresh_from_db()
    return round_


def page_of(client, round_, **query):
    return client.get(reverse("round_results", args=[round_.pk]), query)


def words(response):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def ranked_pair(**fields):
    """Two entries of a fair run with a full standing of the first, and its list of results."""
    first, second = round_pages.entries(2)
    factories.run(first.round, method="fair", summary={"top": 1, "products": 2, "cuts": [70.0, 80.0, 90.0]})
    told = {"component": 1, "rank": 1, "rank_low": 1, "rank_high": 2, "group": 1, "p_top": 0.9, "p_misclassified": 0.1,
            "without_low": 80.5, "without_high": 82.0, "adjustment": 1.0, "robust": 81.0, "p_bands": [0, 0, 1, 0]}  # fmt: skip
    round_pages.score(first, 81, **{**told, **fields})
    round_pages.score(second, 60, **{**told, "rank": 2, "group": 2, "p_top": 0.1, "without_low": 59, "without_high": 61})
    return first, second


# ------------------------------------------------------------------ the list
def test_ranks_are_those_of_the_run_and_a_filter_changes_none(client, officer):
    first, second, tied, out, bare = round_pages.entries(5)
    for entry, value, rank in ((first, 90, 1), (second, 70, 2), (tied, 70, 2), (out, 95, None)):
        round_pages.score(entry, value, rank=rank, component=rank and 1, gate_failed=entry == second)
    Entry.objects.filter(pk=out.pk).update(excluded_at=timezone.now(), excluded_by=officer, excluded_why="Late")
    Entry.objects.filter(pk=tied.pk).update(inputs_version=2)
    response = page_of(client, first.round)
    places = [(row["row"].pk, row["row"].rank) for row in response.context["list"].rows]
    assert places[:3] == [(first.pk, 1), (second.pk, 2), (tied.pk, 2)] and {pk for pk, rank in places[3:] if rank is None} == {
        out.pk,
        bare.pk,
    }
    for said in ("Provisional", "Failed a gate", "Being computed", "Left out: Late", "forest-plot", "Without a rank"):
        assert said in response.content.decode(), said
    narrowed = page_of(client, first.round, note="gate").context["list"]
    assert [(row["row"].pk, row["row"].rank) for row in narrowed.rows] == [(second.pk, 2)]


def test_every_row_tells_its_interval_band_and_chances(client, officer):
    first, _second = ranked_pair(p_misclassified=0.3)
    told = words(page_of(client, first.round))
    assert "1 with 95 percent confidence 1 to 2" in told and "81.0 with 95 percent confidence 76.0 to 86.0" in told
    assert "80 to below 90 another: 30%" in told and "Among the best 1" in told and "90%" in told and "Near a band's edge" in told


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("line", {"p_top": 0.5}), ("edge", {"p_misclassified": 0.3}), ("gate", {"gate_failed": True}),
        ("sensitive", {"without_low": 79.9}), ("sensitive", {"without_high": 90.0}),
    ],
)  # fmt: skip
def test_what_is_said_beside_a_score_can_be_asked_for(client, officer, key, fields):
    first, _second = ranked_pair(**fields)
    rows = page_of(client, first.round, note=key).context["list"].rows
    assert [row["pk"] for row in rows] == [first.pk]
    label = {"line": "At the line", "edge": "Near a band", "gate": "Failed a gate", "sensitive": "Hangs on one"}[key]
    assert label in page_of(client, first.round).content.decode()


@pytest.mark.parametrize("key", ["line", "edge", "gate", "sensitive", "out", "unscored"])
def test_a_sure_score_has_nothing_beside_it(client, officer, key):
    first, _second = ranked_pair()
    assert page_of(client, first.round, note=key).context["list"].rows == []


def test_what_a_filter_finds_is_what_the_rows_say(judged):
    told = selectors.Results(judged)
    rows = list(told.entries())
    for key, says in (("line", told.is_at_the_line), ("edge", told.is_near_an_edge), ("sensitive", told.is_sensitive)):
        found = set(told.entries().filter(told.noteworthy()[key][1]).values_list("pk", flat=True))
        assert found == {row.pk for row in rows if says(row)}, key
    for place, band in enumerate(told.bands):
        found = set(told.in_band(told.entries(), place).values_list("pk", flat=True))
        assert found == {row.pk for row in rows if told.band_of(row.score) is band}


def test_those_that_cannot_be_told_apart_stand_together_under_their_heading(client, officer, judged):
    list_ = page_of(client, judged).context["list"]
    heads = [head for row in list_.rows for head in row["heads"] if head[0] == "list-head-group"]
    shared = [group for group in list_.told._told.groups.values() if group.size > 1]
    assert len(heads) == len(shared) > 0 and all("cannot be told apart" in said for _css, said in heads)
    assert sum(row["css"] == "is-alike" for row in list_.rows) == sum(group.size for group in shared)
    by_title = page_of(client, judged, sort="title").context["list"]
    assert not any(row["heads"] or row["css"] for row in by_title.rows)  # neighbours by title are none


def test_the_line_of_those_sought_stands_once(client, officer, judged):
    for sort in ("rank", "-rank"):
        rows = page_of(client, judged, sort=sort).context["list"].rows
        heads = [head for row in rows for head in row["heads"] if head[0] == "list-head-line"]
        assert len(heads) == 1


def test_a_score_that_is_not_there_is_a_dash_and_a_round_without_any_says_so(client, officer):
    entry = round_pages.entries(1)[0]
    response = page_of(client, entry.round)
    assert "Nothing was computed yet" in words(response) and "forest-plot" not in response.content.decode()


def test_exports_hold_every_column_in_the_order_of_the_page(client, officer, judged):
    Entry.objects.first().subject.__class__.objects.update(title_en="=1+1")
    response = page_of(client, judged, export="xlsx", sort="-score")
    headings, *rows = load_workbook(io.BytesIO(response.getvalue())).active.values
    scores = [row[headings.index("Fair score")] for row in rows]
    assert len(rows) == 12 and scores == sorted(scores, reverse=True) and None not in scores
    assert {"Rank, 95% from", "Plain mean", "Correction", "Chance of another band", "Without one assessor, to", "Notes"} <= set(
        headings
    )
    text = page_of(client, judged, export="csv").content.decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text)))
    assert table[0] == list(headings) and [row[1] for row in table[1:]] == [str(n) for n in range(1, 13)]
    assert not any(cell.startswith("=") for row in table for cell in row)


# ------------------------------------------------------------------ the picture
def test_the_picture_follows_the_list(client, officer, judged):
    response = page_of(client, judged)
    page = response.content.decode()
    wide = page[page.index("forest-wide") : page.index("forest-narrow")]
    assert wide.count('r="5.5"/>') == wide.count('r="4.5"/>') == 12  # fair scores, and plain means hollow
    assert re.search(r'class="forest-interval" d="(M[\d.]+ [\d.]+H[\d.]+){12}"', wide)
    assert (
        'aria-details="results-results"' in wide and "forest-bracket" in wide and "forest-rule" in wide and "forest-zone" in wide
    )
    partial = client.get(
        reverse("round_results", args=[judged.pk]),
        {"q": str(judged.entries.first().subject)},
        headers={"HX-Request": "true", "HX-Target": "results-results"},
    ).content.decode()
    assert '<div id="results-picture" hx-swap-oob="true">' in partial and "<h1" not in partial
    assert 0 < partial.count('r="5.5"/>') < page.count('r="5.5"/>')


def test_the_page_is_no_larger_than_it_may_be(client, officer):
    round_ = scored_rounds.judged_round(products=30, assessors=10, panel=3)
    assert len(page_of(client, round_).content) < 100_000


# ------------------------------------------------------------------ readers
@pytest.mark.parametrize("kind", ["user", "assessor", "representative"])
@pytest.mark.parametrize("status", ["moderation", "published"])
def test_nobody_but_officers_finds_the_list(client, judged, kind, status):
    if status == "published":
        scored_rounds.published(judged)
    person = {
        "user": factories.user,
        "assessor": lambda: Assignment.objects.first().assessor.user,
        "representative": factories.representative,
    }
    client.force_login(person[kind]())
    run = judged.run_id
    for name, args in (
        ("round_results", []), ("round_run_status", []), ("round_runs", []), ("runs_compare", []), ("run_keep", [run]),
        ("round_compute", []), ("round_cancel_run", [run]),
    ):  # fmt: skip
        address = reverse(name, args=[judged.pk, *args])
        assert client.get(address).status_code == 404 == client.post(address).status_code, name


def test_an_officer_who_still_judges_sees_no_aggregate(client, judged):
    mine = factories.assignment(judged.entries.first(), factories.assessor())
    factories.granted("officer", mine.assessor.user)
    client.force_login(mine.assessor.user)
    for name in ("round_results", "round_run_status", "round_runs", "runs_compare"):
        response = client.get(reverse(name, args=[judged.pk]))
        assert response.status_code == 403 and "still have to judge" in response.content.decode()


# ------------------------------------------------------------------ the computation
def test_the_box_says_how_scores_were_made_and_what_a_plain_mean_lacked(client, officer, judged):
    assert "Fair score." in words(page_of(client, judged))
    few = scored_rounds.judged_round(products=3, assessors=4, panel=3)
    told = words(page_of(client, few))
    assert "Plain mean of the panel." in told and "5 products with two assessments or more are needed; there are 3." in told
    assert "Quality score" in told and 'r="4.5"/>' not in page_of(client, few).content.decode()


def test_nothing_is_missing_where_the_engine_could_tell_severity(judged):
    assert selectors.what_is_missing(judged.run) == []


def test_the_box_asks_for_itself_only_while_something_moves(client, officer, judged):
    address = reverse("round_run_status", args=[judged.pk])
    still = client.get(address, {"shown": judged.run_id}).content.decode()
    assert "hx-get" not in still and "New results" not in still
    running = ScoringRun.objects.create(round=judged, phase="open", progress=40, asked_by=officer)
    busy = client.get(address, {"shown": judged.run_id}).content.decode()
    assert 'hx-trigger="every 2s"' in busy and 'value="40"' in busy and "40%" in busy and "Stop it" in busy
    assert 'role="status"' in busy
    # The words for screen readers come anew only when there is something new to say.
    assert 'role="status"' not in client.get(address, {"shown": judged.run_id, "said": "running-1"}).content.decode()
    ScoringRun.objects.filter(pk=running.pk).update(status="cancelled", finished_at=timezone.now())
    changed = Entry.objects.filter(round=judged)
    changed.update(inputs_version=9, inputs_changed_at=timezone.now() - timedelta(minutes=1))
    stopped = client.get(address, {"shown": judged.run_id}).content.decode()
    assert "hx-get" not in stopped and "was stopped" in stopped and "Compute now" in stopped
    changed.update(inputs_changed_at=timezone.now())
    stale = client.get(address, {"shown": judged.run_id}).content.decode()
    assert 'hx-trigger="every 5s"' in stale and "12 products" in stale
    runs.score_round(judged.pk)
    done = client.get(address, {"shown": judged.run_id}).content.decode()
    assert "hx-get" not in done and "New results are there." in done


def test_compute_now_makes_one_run_in_the_name_of_who_asked(
    client, officer, judged, django_capture_on_commit_callbacks, monkeypatch
):
    asked = []
    monkeypatch.setattr(tasks.compute_now, "apply_async", lambda ids, **how: asked.append(ids))
    monkeypatch.setattr(tasks.score_round, "apply_async", lambda ids, **how: None)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("round_compute", args=[judged.pk]))
    assert response.url == reverse("round_results", args=[judged.pk]) and asked == [(judged.pk, officer.pk)]
    before, count = judged.run, ScoringRun.objects.count()
    tasks.compute_now(*asked[0])
    tasks.compute_now(*asked[0])  # a second wish at the same moment finds nothing to do
    judged.refresh_from_db()
    assert ScoringRun.objects.count() == count + 1 and judged.run.asked_by == officer
    assert judged.run.inputs_hash == before.inputs_hash and judged.run.supersedes == before


def test_compute_now_is_refused_where_it_makes_no_sense(officer, judged):
    empty = factories.round_("open")
    with pytest.raises(RuleBroken, match="nothing to compute"):
        run_desk.compute_now(empty.pk, by=officer)
    running = ScoringRun.objects.create(round=judged, phase="open")
    with pytest.raises(RuleBroken, match="at this moment"):
        run_desk.compute_now(judged.pk, by=officer)
    # A run that was killed with its worker stands in nobody's way.
    ScoringRun.objects.filter(pk=running.pk).update(beat_at=timezone.now() - 2 * runs.LOST)
    run_desk.compute_now(judged.pk, by=officer)
    scored_rounds.published(judged)
    with pytest.raises(RuleBroken, match="are fixed"):
        run_desk.compute_now(judged.pk, by=officer)
    with pytest.raises(RuleBroken, match="may not"):
        run_desk.compute_now(judged.pk, by=factories.user())


def test_a_run_is_stopped_from_the_page_and_only_from_its_own_round(client, officer, judged):
    running = ScoringRun.objects.create(round=judged, phase="open")
    other = factories.round_("open")
    assert client.post(reverse("round_cancel_run", args=[other.pk, running.pk])).status_code == 404
    assert client.post(reverse("round_cancel_run", args=[judged.pk, running.pk])).status_code == 302
    running.refresh_from_db()
    assert running.status == "cancelled"
    page = client.post(reverse("round_cancel_run", args=[judged.pk, running.pk]), follow=True)
    assert "over already" in page.content.decode()


# ------------------------------------------------------------------ a round that falls into parts
def test_separate_lists_are_never_mixed_whatever_the_order(client, officer, apart):
    assert apart.run.component_count == 2
    for sort in ("rank", "-rank", "score", "-score", "title", "-p_top"):
        rows = page_of(client, apart, sort=sort).context["list"].rows
        components = [row["row"].component for row in rows]
        assert components == sorted(components) == [1] * 4 + [2] * 4, sort
        heads = [said for row in rows for css, said in row["heads"] if css == "list-head-part"]
        assert [said[:6] for said in heads] == ["List 1", "List 2"], sort
    told = words(page_of(client, apart))
    assert "No assessor joins the 2 parts of this round" in told and "2 separate lists" in told
    ranks = [row["row"].rank for row in page_of(client, apart).context["list"].rows]
    assert ranks[0] == ranks[4] == 1
    one = page_of(client, apart, part="2").context["list"].rows
    assert {row["row"].component for row in one} == {2}


def test_the_links_that_are_proposed_would_join_the_parts(apart):
    found = parts(apart)
    assert [(len(part.entries), len(part.assessors)) for part in found] == [(4, 4), (4, 4)]
    links = joining_links(apart, found)
    assert len(links) == 1 and len(links[0]) == 2
    for link in links[0]:
        assert link.home != link.target
        assert link.assessor in found[link.home - 1].assessors and link.entry in found[link.target - 1].entries
    best = links[0][0]
    Round.objects.filter(pk=apart.pk).update(status="open")
    factories.submitted_assessment(best.entry, 3, best.assessor)
    runs.inputs_changed(best.entry.pk)
    runs.score_round(apart.pk)
    apart.refresh_from_db()
    assert apart.run.is_connected


def test_nobody_is_proposed_who_must_not_or_did_not_want_to(apart):
    found = parts(apart)
    first, second = found
    agencies = {entry.subject.agency for part in found for entry in part.entries}
    for assessor in first.assessors:
        for agency in {entry.subject.agency for entry in second.entries}:
            assessor.affiliations.create(agency=agency)
    kept, *others = second.assessors
    for assessor in others:
        assessor.is_active = False
        assessor.save()
    free = first.entries[0]
    for entry in first.entries[1:]:
        factories.assignment(entry, kept, status="declined")
    links = joining_links(apart, found)
    assert [[(link.assessor, link.entry) for link in choices] for choices in links] == [[(kept, free)]] and len(agencies) == 8
    factories.assignment(free, kept, status="withdrawn")
    assert joining_links(apart, found) == []


def test_the_scores_of_a_round_that_falls_apart_are_fixed_only_on_purpose(client, officer, apart):
    address = reverse("round_move", args=[apart.pk, "score"])
    told = words(client.get(address))
    for said in (
        "fall into 2 parts",
        "Part 1",
        "4 products",
        "4 assessors",
        "What would join them",
        "Let them stand as 2 separate lists",
        "Reopen",
    ):
        assert said in told, said
    refusal = client.post(address, {})
    assert refusal.status_code == 422 and "No assessor joins" in words(refusal)
    assert Round.objects.get(pk=apart.pk).status == "moderation" and not ScoringRun.objects.filter(frozen_at__isnull=False).exists()
    assert client.post(address, {"separate_lists": "on"}).status_code == 302
    apart.refresh_from_db()
    assert (apart.status, apart.separate_lists) == ("scored", True) and apart.run.frozen_at
    assert "stand as separate lists" in words(page_of(client, apart))


def test_the_service_refuses_one_ranking_of_two_parts(officer, apart):
    with pytest.raises(services.Disconnected):
        services.move_round(apart.pk, "score", by=officer)
    services.move_round(apart.pk, "score", by=officer, separate_lists=True)


def test_a_connected_round_is_never_marked_as_separate_lists(client, officer, judged):
    Round.objects.filter(pk=judged.pk).update(status="moderation")
    page = client.get(reverse("round_move", args=[judged.pk, "score"])).content.decode()
    assert "separate_lists" not in page
    client.post(reverse("round_move", args=[judged.pk, "score"]), {"separate_lists": "on"})
    judged.refresh_from_db()
    assert (judged.status, judged.separate_lists) == ("scored", False)


def test_the_database_refuses_one_ranking_of_two_parts(apart):
    with refused("settled_on_a_frozen_run"):
        sql("UPDATE assessments_round SET status = 'published' WHERE id = %s", apart.pk)
    with refused("settled_on_a_frozen_run"):
        sql("UPDATE assessments_scoringrun SET frozen_at = now() WHERE id = %s", apart.run_id)
        sql("UPDATE assessments_round SET status = 'published' WHERE id = %s", apart.pk)
    with transaction.atomic():
        sql("UPDATE assessments_scoringrun SET frozen_at = now() WHERE id = %s", apart.run_id)
        sql("UPDATE assessments_round SET status = 'published', separate_lists = true WHERE id = %s", apart.pk)
    with refused("settled_on_a_frozen_run"):
        sql("UPDATE assessments_round SET separate_lists = false WHERE id = %s", apart.pk)


def test_those_without_whom_it_would_fall_apart_are_named_to_officers(client, officer, judged):
    assessor = Assignment.objects.filter(entry__round=judged).first().assessor
    run = judged.run
    run.summary["fragile_assessors"] = [assessor.pk]
    run.save(update_fields=["summary"])
    told = words(page_of(client, judged))
    assert "One assessor alone holds this round together." in told and str(assessor) in told
    cache.clear()
    run.summary["fragile_assessors"] = []
    run.save(update_fields=["summary"])
    assert "holds this round together" not in words(page_of(client, judged))


# ------------------------------------------------------------------ bands
@pytest.mark.parametrize(
    "cuts", ["{}", "{70,60}", "{70,70}", "{0,50}", "{50,100}", "{50,NULL}", "{10,20,30,40,50,60,70,80,90,95}"]
)
def test_the_database_refuses_bands_that_cannot_be(cuts):
    round_ = factories.round_()
    with refused("bands_rise_within_the_scale"):
        sql("UPDATE assessments_round SET cuts = %s WHERE id = %s", cuts, round_.pk)


def test_other_bands_and_another_number_sought_are_computed_anew(officer, judged):
    services.edit_round(judged.pk, by=officer, version=judged.version, cuts=[50.0], top=3)
    assert Entry.objects.stale().filter(round=judged).count() == 12
    runs.score_round(judged.pk)
    judged.refresh_from_db()
    assert judged.run.summary["cuts"] == [50] and judged.run.summary["top"] == 3
    totals = Score.objects.filter(run=judged.run, part=None, indicator=None)
    assert all(len(total.p_bands) == 2 for total in totals) and sum(total.p_top for total in totals) == pytest.approx(3)
    assert rules.MOST_CUTS == 9


# ------------------------------------------------------------------ cost
def test_the_list_costs_the_same_for_3_and_30(client, officer):
    rounds = [scored_rounds.judged_round(products=count, assessors=6, panel=3) for count in (6, 30)]
    counts = []
    for round_ in rounds:
        for query in ({}, {"sort": "-p_top"}):
            page_of(client, round_, **query)
            with CaptureQueriesContext(connection) as caught:
                assert page_of(client, round_, **query).status_code == 200
            counts.append(len(caught))
    assert max(counts) <= 12 and counts[0] == counts[2] and counts[1] == counts[3]
