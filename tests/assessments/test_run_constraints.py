"""Runs and their scores, past every model and service: what the database turns down by itself."""

import pytest
from django.utils import timezone

from assessments.models import Entry, Round, Score, ScoringRun
from assessments.services import runs
from tests import factories
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged():
    """An entry of a computed round."""
    entry = factories.entry()
    for value in (3, 4, 5):
        factories.submitted_assessment(entry, value)
    runs.inputs_changed(entry.pk)
    runs.score_round(entry.round_id)
    entry.refresh_from_db()
    return entry


@pytest.fixture
def frozen(judged):
    """The frozen run of a published round."""
    return factories.published(judged.round).run


def another(entry, **fields):
    """One more done run of the entry's round."""
    more = {"status": "done", "method": "mean", "algorithm": "fair/1", "finished_at": timezone.now(), "phase": "open"}
    return ScoringRun.objects.create(round=entry.round, **{**more, **fields})


def of(run):
    return ScoringRun.objects.filter(pk=run.pk)


# ------------------------------------------------------------------ runs
@pytest.mark.parametrize("lack", [{"method": ""}, {"algorithm": ""}, {"finished_at": None}, {"method": "odd"}])
def test_a_done_run_says_how_and_when(judged, lack):
    with refused("done_run_says_how"):
        of(judged.round.run).update(**lack)


def test_progress_is_a_percentage(judged):
    with refused("run_progress_is_percent"):
        of(judged.round.run).update(progress=101)


def test_only_a_done_run_is_frozen(judged):
    running = ScoringRun.objects.create(round=judged.round, phase="moderation")
    with refused("only_a_done_run_is_frozen"):
        of(running).update(frozen_at=timezone.now())


def test_a_frozen_run_and_its_scores_stay_as_they_were_published(frozen):
    for change in ("inputs_hash = 'x'", "frozen_at = NULL", "summary = '{}'"):
        with refused("frozen_run_stays"):
            sql(f"UPDATE assessments_scoringrun SET {change} WHERE id = %s", frozen.pk)
    with refused("frozen_run_stays"):
        sql("DELETE FROM assessments_scoringrun WHERE id = %s", frozen.pk)
    with refused("scores_fit_the_sheet_on_update", saying="frozen"):
        sql("UPDATE assessments_score SET raw_mean = 1 WHERE run_id = %s", frozen.pk)
    with refused("frozen_scores_stay"):
        sql("DELETE FROM assessments_score WHERE run_id = %s AND part_id IS NOT NULL", frozen.pk)
    late = factories.entry(frozen.round)
    with refused("scores_fit_the_sheet_on_insert", saying="frozen"):
        Score.objects.bulk_create([Score(run=frozen, entry=late, value=50, raters=1, coverage=1)])


# ------------------------------------------------------------------ what a round and its entries point at
def test_a_round_points_at_a_done_run_of_its_own_and_its_entries_at_that_run(judged):
    rounds = Round.objects.filter(pk=judged.round_id)
    with refused("results_are_of_the_current_run"):
        rounds.update(run=another(judged))  # the entry still points into the former one
    with refused("results_are_of_the_current_run"):
        Entry.objects.filter(pk=judged.pk).update(result=None)
        rounds.update(run=ScoringRun.objects.create(round=judged.round, phase="open"))
    with refused("results_are_of_the_current_run"):
        Entry.objects.filter(pk=judged.pk).update(result=None)
        rounds.update(run=another(factories.entry()))


def test_the_result_of_an_entry_is_its_own_total_in_the_current_run(judged):
    entries = Entry.objects.filter(pk=judged.pk)
    node = Score.objects.filter(entry=judged, part__isnull=False).first()
    foreign = factories.score(factories.entry(), 50)
    former = Score.objects.create(run=another(judged), entry=judged, value=50, raters=1, coverage=1)
    for wrong in (node, foreign, former):
        with refused("result_is_the_total_of_the_entry"):
            entries.update(result=wrong)


def test_only_totals_stand_in_an_order(judged):
    for name in ("rank", "group", "component"):
        with refused("only_totals_are_ranked"):
            Score.objects.filter(entry=judged, part__isnull=False).update(**{name: 1})


def test_a_round_that_seeks_products_seeks_at_least_one(judged):
    with refused("round_seeks_some"):
        Round.objects.filter(pk=judged.round_id).update(top=0)


def test_a_disconnected_round_is_published_as_one_ranking_by_nobody(judged):
    of(judged.round.run).update(component_count=2, frozen_at=timezone.now())
    with refused("settled_on_a_frozen_run"):
        Round.objects.filter(pk=judged.round_id).update(status="published")
    Round.objects.filter(pk=judged.round_id).update(status="published", separate_lists=True)
    with refused("settled_on_a_frozen_run"):
        Round.objects.filter(pk=judged.round_id).update(separate_lists=False)
