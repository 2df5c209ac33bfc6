"""Runs of a round: right, all at once, idempotent, in constant queries; and the check that finds what is wrong."""

import io
from datetime import timedelta

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from scipy import stats

from assessments import tasks
from assessments.models import Assessment, Entry, Indicator, Measurement, Rating, Score, ScoringRun
from assessments.services import runs
from secretariat.errors import RuleBroken
from tests import factories
from tests.refusal import refused

pytestmark = pytest.mark.django_db


def _changed(entry):
    Entry.objects.filter(pk=entry.pk).update(inputs_version=1, inputs_changed_at=timezone.now())


def _root(entry):
    entry.refresh_from_db()
    return entry.result


def _at(entry, code):
    return Score.objects.get(run=_root(entry).run_id, entry=entry, indicator__code=code)


def entry_hash(entry):
    return _root(entry).run.inputs_hash


@pytest.fixture
def judged():
    """An entry judged by three: 5, 4, 3 everywhere, which is 100, 75, 50."""
    entry = factories.entry()
    for value in (5, 4, 3):
        factories.submitted_assessment(entry, value)
    _changed(entry)
    return entry


def test_every_node_gets_its_score(judged):
    runs.score_round(judged.round_id)
    error = stats.sem([100, 75, 50])
    low, high = stats.t.interval(0.95, 2, loc=75, scale=error)
    rows = Score.objects.filter(entry=judged)
    assert rows.count() == 1 + 1 + 2 + 4
    for row in rows:
        assert row.value == pytest.approx(75)
        assert row.standard_error == pytest.approx(error)
        assert (row.low, row.high) == (pytest.approx(max(0, low)), pytest.approx(min(100, high)))
        assert (row.raters, row.coverage, row.raw_mean, row.adjustment) == (3, 1, row.value, None)
    assert rows.filter(part=None).get().rank == 1
    judged.refresh_from_db()
    assert (judged.result, judged.is_stale) == (rows.get(part=None), False)
    run = judged.round.run
    assert (run.status, run.method, run.is_fair, run.component_count, run.progress) == ("done", "mean", False, 1, 100)
    assert (len(run.inputs_hash), run.supersedes) == (64, None)
    assert judged.scored_at is not None


def test_parts_and_dimensions_are_weighed_and_na_leaves_no_zero():
    common = factories.published_set(layer="common", allow_na=True)
    kind = factories.published_set()
    entry = factories.entry(versions=[kind, common])  # 70 and 30
    names = {f"D{d}I{i}": 5 for d in (1, 2) for i in (1, 2)}
    factories.submitted_assessment(entry, {**names, "D1I1": 1})
    _changed(entry)
    runs.score_round(entry.round_id)
    by_part = {row.part.version_id: row for row in Score.objects.filter(entry=entry, indicator=None).exclude(part=None)}
    assert by_part[kind.pk].value == pytest.approx(75)
    assert _root(entry).value == pytest.approx(75)
    assert (_root(entry).low, _root(entry).standard_error, _root(entry).raters) == (None, None, 1)

    second = factories.entry(versions=[factories.published_set(allow_na=True)])
    factories.submitted_assessment(second, {"D1I1": None, "D1I2": 5, "D2I1": None, "D2I2": None})
    _changed(second)
    runs.score_round(second.round_id)
    assert (_root(second).value, _root(second).coverage) == (100, 0.25)
    dimension = _at(second, "D2")
    assert (dimension.value, dimension.raters, dimension.coverage) == (None, 0, 0)


def test_only_submitted_assessments_count(judged):
    draft = Assessment.objects.create(assignment=factories.assignment(judged))
    Rating.objects.bulk_create(
        Rating(assessment=draft, indicator=leaf, state="scored", value=1)
        for leaf in Indicator.objects.filter(scale__isnull=False)
    )
    runs.score_round(judged.round_id)
    assert _root(judged).raters == 3


def test_measurements_enter_for_the_whole_panel_and_ratios_need_their_target():
    from assessments.models import IndicatorSet, SetVersion

    set_ = IndicatorSet.objects.create(code="measured", title_fa="س", title_en="M", layer="kind")
    version = SetVersion.objects.create(set=set_, number=1)
    Indicator.objects.create(version=version, code="E", title_fa="ا", weight=50, scale=factories.scale())
    Indicator.objects.create(
        version=version, code="M", title_fa="ب", weight=50, scale=factories.scale("ratio"), rater="secretariat"
    )
    version.status, version.published_at = "published", timezone.now()
    version.save()
    entry = factories.entry(versions=[version])
    for value in (5, 3):
        factories.submitted_assessment(entry, value)
    _changed(entry)
    runs.score_round(entry.round_id)
    assert (_root(entry).value, _root(entry).coverage) == (75, 0.5)
    before = entry_hash(entry)

    measured = Measurement.objects.create(entry=entry, indicator=Indicator.objects.get(code="M"), value=30, target=40)
    runs.inputs_changed(entry.pk)
    runs.score_round(entry.round_id)
    assert _at(entry, "M").value == 75
    assert (_at(entry, "M").raters, _at(entry, "M").low) == (0, None)
    assert (_root(entry).value, _root(entry).coverage, _root(entry).raters) == (75, 1, 2)
    assert entry_hash(entry) != before

    measured.target = 60
    measured.save()
    runs.inputs_changed(entry.pk)
    runs.score_round(entry.round_id)
    assert _root(entry).value == pytest.approx(62.5)
    assert list(runs.differences()) == []


def test_a_new_run_becomes_current_and_the_former_one_stays_for_comparison(judged):
    first = runs.score_round(judged.round_id)
    before = list(first.scores.order_by("pk").values())
    factories.submitted_assessment(judged, 1)
    runs.inputs_changed(judged.pk)
    second = runs.score_round(judged.round_id)
    assert (second.supersedes_id, _root(judged).run_id) == (first.pk, second.pk)
    assert (_root(judged).value, _root(judged).raters) == (pytest.approx(56.25), 4)
    assert list(first.scores.order_by("pk").values()) == before


def test_of_provisional_runs_only_the_last_are_kept_and_those_that_something_rests_on(judged):
    kept = runs.score_round(judged.round_id)
    ScoringRun.objects.filter(pk=kept.pk).update(kept_because="a comparison")
    for _ in range(runs.KEPT_PROVISIONAL + 3):
        runs.inputs_changed(judged.pk)
        last = runs.score_round(judged.round_id)
    numbers = list(ScoringRun.objects.order_by("pk").values_list("pk", flat=True))
    assert (numbers[0], numbers[-1], len(numbers)) == (kept.pk, last.pk, runs.KEPT_PROVISIONAL + 2)


def test_runs_of_a_closed_round_all_stay(judged):
    judged.round.__class__.objects.filter(pk=judged.round_id).update(status="moderation")
    for _ in range(runs.KEPT_PROVISIONAL + 3):
        runs.score_round(judged.round_id, force=True)
    assert ScoringRun.objects.count() == runs.KEPT_PROVISIONAL + 3


def test_without_a_counted_assessment_the_rows_say_nothing(judged):
    from assessments.models import Assignment

    runs.score_round(judged.round_id)
    Assessment.objects.update(submitted_at=None)
    Assignment.objects.update(status="accepted")
    runs.inputs_changed(judged.pk)
    runs.score_round(judged.round_id)
    row = _root(judged)
    assert (row.value, row.raters, row.coverage, row.rank) == (None, 0, 0, None)
    assert list(runs.differences()) == []


def test_scoring_does_nothing_where_nothing_changed(judged):
    tasks.score_round(judged.round_id)
    first = list(Score.objects.order_by("pk").values())
    tasks.score_round(judged.round_id)
    assert list(Score.objects.order_by("pk").values()) == first
    assert ScoringRun.objects.count() == 1
    assert runs.rescore_round(judged.round_id) == 1
    assert ScoringRun.objects.values("inputs_hash").distinct().count() == 1
    figures = [name for name in first[0] if name not in ("id", "run_id")]
    assert list(Score.objects.filter(run__current_of__isnull=False).order_by("pk").values(*figures)) == [
        {name: row[name] for name in figures} for row in first
    ]


def test_what_changes_while_a_run_is_at_work_stays_stale(judged, monkeypatch):
    real = runs.scoring.compute

    def slow(inputs, beat):
        runs.inputs_changed(judged.pk)
        return real(inputs, beat)

    monkeypatch.setattr(runs.scoring, "compute", slow)
    assert runs.score_round(judged.round_id).status == "done"
    judged.refresh_from_db()
    assert (judged.inputs_version, judged.scored_version, judged.is_stale) == (2, 1, True)


def test_of_two_runs_at_once_the_one_that_read_earlier_does_not_overwrite_the_later(judged, monkeypatch):
    real = runs.scoring.compute

    def slow(inputs, beat):
        monkeypatch.setattr(runs.scoring, "compute", real)
        factories.submitted_assessment(judged, 1)
        runs.inputs_changed(judged.pk)
        ScoringRun.objects.update(beat_at=timezone.now() - timedelta(hours=1))  # taken for lost
        assert runs.score_round(judged.round_id).status == "done"
        ScoringRun.objects.filter(status="failed").update(status="running")  # and yet alive
        return real(inputs, beat)

    monkeypatch.setattr(runs.scoring, "compute", slow)
    assert runs.score_round(judged.round_id) is None
    assert _root(judged).raters == 4
    assert list(ScoringRun.objects.values_list("status", flat=True)) == ["done"]  # the one that came too late has nothing to say
    assert list(runs.differences()) == []


def test_while_one_run_is_alive_no_other_begins_and_a_lost_one_is_replaced(judged):
    alive = ScoringRun.objects.create(round=judged.round, phase="open")
    assert runs.score_round(judged.round_id) is None
    ScoringRun.objects.filter(pk=alive.pk).update(beat_at=timezone.now() - timedelta(minutes=5))
    assert runs.score_round(judged.round_id).status == "done"
    alive.refresh_from_db()
    assert alive.status == "failed"


def test_an_officer_cancels_a_run_at_work(judged, monkeypatch):
    real, officer = runs.scoring.compute, factories.officer()

    def watched(inputs, beat):
        runs.cancel_run(ScoringRun.objects.get().pk, by=officer)
        beat.last -= timedelta(minutes=1)
        return real(inputs, beat)

    monkeypatch.setattr(runs.scoring, "compute", watched)
    assert runs.score_round(judged.round_id) is None
    run = ScoringRun.objects.get()
    assert (run.status, Score.objects.count()) == ("cancelled", 0)
    assert _root(judged) is None
    with refused("one_running_run_a_round"):
        ScoringRun.objects.bulk_create([ScoringRun(round=judged.round, phase="open") for _ in range(2)])
    with pytest.raises(RuleBroken):
        runs.cancel_run(run.pk, by=officer)


def test_what_an_officer_stopped_begins_again_only_with_the_next_change(judged):
    stopped = ScoringRun.objects.create(round=judged.round, phase="open")
    runs.cancel_run(stopped.pk, by=factories.officer())
    Entry.objects.filter(pk=judged.pk).update(inputs_changed_at=timezone.now() - timedelta(minutes=5))
    tasks.sweep_scores()
    assert _root(judged) is None
    runs.inputs_changed(judged.pk)
    ScoringRun.objects.update(finished_at=timezone.now() - timedelta(minutes=5))
    Entry.objects.filter(pk=judged.pk).update(inputs_changed_at=timezone.now() - timedelta(minutes=1))
    tasks.sweep_scores()
    assert _root(judged).raters == 3


def test_a_run_that_fails_says_so_and_the_round_stays_stale(judged, monkeypatch):
    def broken(inputs, beat):
        raise ZeroDivisionError

    monkeypatch.setattr(runs.scoring, "compute", broken)
    with pytest.raises(ZeroDivisionError):
        runs.score_round(judged.round_id)
    assert ScoringRun.objects.get().status == "failed"
    assert Entry.objects.stale().count() == 1


def test_a_published_round_is_computed_no_more(judged):
    run = runs.score_round(judged.round_id)
    factories.published(judged.round)
    assert runs.score_round(judged.round_id, force=True) is None
    assert runs.rescore_round() == 0
    assert judged.round.run_id == run.pk


def _queries(django_assert_max_num_queries, entry):
    with django_assert_max_num_queries(100) as seen:
        runs.score_round(entry.round_id)
    return len(seen)


def test_the_number_of_queries_does_not_grow_with_the_panel(judged, django_assert_max_num_queries):
    few = _queries(django_assert_max_num_queries, judged)
    for value in (1, 2, 3, 4, 5):
        factories.submitted_assessment(judged, value)
    runs.inputs_changed(judged.pk)
    assert _queries(django_assert_max_num_queries, judged) == few <= 36


def test_a_change_of_inputs_is_on_record_and_queued_after_the_commit(judged, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as waiting:
        runs.inputs_changed(judged.pk)
        judged.refresh_from_db()
        assert (judged.inputs_version, judged.is_stale) == (2, True)
    assert len(waiting) == 1


def test_the_sweeper_finds_what_a_lost_broker_forgot(judged):
    fresh = factories.entry()
    _changed(fresh)
    Entry.objects.filter(pk=judged.pk).update(inputs_changed_at=timezone.now() - timedelta(minutes=5))
    tasks.sweep_scores()
    judged.refresh_from_db()
    fresh.refresh_from_db()
    assert (judged.is_stale, fresh.is_stale) == (False, True)  # the fresh one's own message is still on its way


# ------------------------------------------------------------------ verify_scores
def _verify(**options):
    out = io.StringIO()
    try:
        call_command("verify_scores", stdout=out, **options)
    except CommandError as error:
        return out.getvalue() + str(error)
    return out.getvalue()


def test_the_commands_score_and_find_nothing_wrong(judged):
    out = io.StringIO()
    call_command("rescore", round=judged.round_id, stdout=out)
    assert "1 entries scored" in out.getvalue()
    assert "equals" in _verify()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ({"value": 74.9}, "value is 74.9"),
        ({"standard_error": 1.0}, "standard_error"),
        ({"low": 20.0}, "low is 20.0"),
        ({"high": 99.0}, "high is 99.0"),
        ({"raters": 2}, "raters is 2"),
        ({"coverage": 0.5}, "coverage is 0.5"),
        ({"gate_failed": True}, "gate_failed"),
        ({"raw_mean": 70.0}, "raw_mean is 70.0"),
        ({"rank": 2}, "rank is 2"),
    ],
)
def test_verify_finds_every_changed_number(judged, harm, words):
    runs.score_round(judged.round_id)
    Score.objects.filter(pk=_root(judged).pk).update(**harm)
    told = _verify(round=judged.round_id)
    assert words in told
    assert "1 differences" in told
    assert "equals" in _verify(round=judged.round_id + 1)


def test_verify_finds_missing_rows_stale_entries_and_changed_ratings(judged):
    runs.score_round(judged.round_id)
    _at(judged, "D1").delete()
    assert "the score is missing" in _verify()
    ScoringRun.objects.update(inputs_hash="0" * 64)
    assert "inputs_hash" in _verify()
    runs.rescore_round()
    Entry.objects.update(inputs_version=9)
    assert "stale" in _verify()
    runs.rescore_round()
    with pgtrigger.ignore("assessments.Rating:ratings_fit_on_update"):
        Rating.objects.filter(pk=Rating.objects.earliest("pk").pk).update(value=1)
    assert "value is" in _verify()


def test_verify_finds_assessments_never_scored():
    entry = factories.entry()
    factories.submitted_assessment(entry)
    assert f"round {entry.round_id}: it was never computed" in _verify()
    runs.rescore_round()
    assert "equals" in _verify()
