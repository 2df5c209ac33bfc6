"""Stored scores: right, in place, idempotent, in constant queries; and the check that finds what is wrong."""

import io
from datetime import timedelta

import numpy as np
import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from scipy import stats

from assessments import scoring, tasks
from assessments.models import Assessment, Entry, Indicator, Measurement, Rating, Score
from assessments.services import scores
from tests import factories

pytestmark = pytest.mark.django_db


def _changed(entry):
    Entry.objects.filter(pk=entry.pk).update(inputs_version=1, inputs_changed_at=timezone.now())


def _root(entry):
    return Score.objects.get(entry=entry, part=None, indicator=None)


def _at(entry, code):
    return Score.objects.get(entry=entry, indicator__code=code)


@pytest.fixture
def judged():
    """An entry judged by three: 5, 4, 3 everywhere, which is 100, 75, 50."""
    entry = factories.entry()
    for value in (5, 4, 3):
        factories.submitted_assessment(entry, value)
    _changed(entry)
    return entry


def test_every_node_gets_its_score(judged):
    scores.store_scores(judged.pk)
    error = stats.sem([100, 75, 50])
    low, high = stats.t.interval(0.95, 2, loc=75, scale=error)
    rows = Score.objects.filter(entry=judged)
    assert rows.count() == 1 + 1 + 2 + 4
    for row in rows:
        assert row.value == pytest.approx(75)
        assert row.standard_error == pytest.approx(error)
        assert (row.low, row.high) == (pytest.approx(max(0, low)), pytest.approx(min(100, high)))
        assert (row.raters, row.coverage, row.method) == (3, 1, scoring.METHOD)
    assert rows.values("inputs_hash").distinct().count() == 1
    judged.refresh_from_db()
    assert not judged.is_stale
    assert judged.scored_at is not None


def test_parts_and_dimensions_are_weighed_and_na_leaves_no_zero():
    common = factories.published_set(layer="common", allow_na=True)
    kind = factories.published_set()
    entry = factories.entry(versions=[kind, common])  # 70 and 30
    names = {f"D{d}I{i}": 5 for d in (1, 2) for i in (1, 2)}
    factories.submitted_assessment(entry, {**names, "D1I1": 1})
    _changed(entry)
    scores.store_scores(entry.pk)
    by_part = {row.part.version_id: row for row in Score.objects.filter(entry=entry, indicator=None).exclude(part=None)}
    assert by_part[kind.pk].value == pytest.approx(75)
    assert _root(entry).value == pytest.approx(75)
    assert (_root(entry).low, _root(entry).standard_error, _root(entry).raters) == (None, None, 1)

    second = factories.entry(versions=[factories.published_set(allow_na=True)])
    factories.submitted_assessment(second, {"D1I1": None, "D1I2": 5, "D2I1": None, "D2I2": None})
    _changed(second)
    scores.store_scores(second.pk)
    assert (_root(second).value, _root(second).coverage) == (100, 0.25)
    dimension = _at(second, "D2")
    assert (dimension.value, dimension.raters, dimension.coverage) == (None, 0, 0)


def test_only_submitted_assessments_count(judged):
    draft = Assessment.objects.create(assignment=factories.assignment(judged))
    Rating.objects.bulk_create(
        Rating(assessment=draft, indicator=leaf, state="scored", value=1)
        for leaf in Indicator.objects.filter(scale__isnull=False)
    )
    scores.store_scores(judged.pk)
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
    scores.store_scores(entry.pk)
    assert (_root(entry).value, _root(entry).coverage) == (75, 0.5)
    before = _root(entry).inputs_hash

    measured = Measurement.objects.create(entry=entry, indicator=Indicator.objects.get(code="M"), value=30, target=40)
    scores.inputs_changed(entry.pk)
    scores.store_scores(entry.pk)
    assert _at(entry, "M").value == 75
    assert (_at(entry, "M").raters, _at(entry, "M").low) == (0, None)
    assert (_root(entry).value, _root(entry).coverage, _root(entry).raters) == (75, 1, 2)
    assert _root(entry).inputs_hash != before

    measured.target = 60
    measured.save()
    scores.inputs_changed(entry.pk)
    scores.store_scores(entry.pk)
    assert _root(entry).value == pytest.approx(62.5)
    assert list(scores.differences()) == []


def test_rescoring_keeps_the_rows_that_marks_rest_on(judged):
    scores.store_scores(judged.pk)
    before = set(Score.objects.values_list("pk", flat=True))
    factories.submitted_assessment(judged, 1)
    scores.inputs_changed(judged.pk)
    scores.store_scores(judged.pk)
    assert set(Score.objects.values_list("pk", flat=True)) == before
    assert (_root(judged).value, _root(judged).raters) == (pytest.approx(56.25), 4)


def test_without_a_counted_assessment_the_rows_stay_and_say_nothing(judged):
    from assessments.models import Assignment

    scores.store_scores(judged.pk)
    root = _root(judged).pk
    Assessment.objects.update(submitted_at=None)
    Assignment.objects.update(status="accepted")
    scores.inputs_changed(judged.pk)
    scores.store_scores(judged.pk)
    row = _root(judged)
    assert (row.pk, row.value, row.raters, row.coverage) == (root, None, 0, 0)
    assert list(scores.differences()) == []


def test_scoring_is_idempotent_and_writes_nothing_the_second_time(judged):
    tasks.score_entry(judged.pk)
    first = list(Score.objects.order_by("pk").extra(select={"moved": "xmin::text"}).values())
    tasks.score_entry(judged.pk)
    assert scores.rescore_round(judged.round_id) == 1
    assert list(Score.objects.order_by("pk").extra(select={"moved": "xmin::text"}).values()) == first


def test_a_round_in_one_go_equals_its_entries_one_by_one():
    version, round_ = factories.published_set(4, 5, allow_na=True), factories.round_(status="open")
    sheet = factories.sheet(round_, version)
    rng = np.random.default_rng(5)
    codes = [f"D{d}I{i}" for d in range(1, 5) for i in range(1, 6)]
    for n in range(6):
        entry = Entry.objects.create(round=round_, subject=factories.subject(), sheet=sheet)
        for _ in range(n):
            draw = rng.integers(0, 6, len(codes)).tolist()
            factories.submitted_assessment(entry, {c: v or None for c, v in zip(codes, draw, strict=True)})
        _changed(entry)
    names = ("entry", "part", "indicator", "value", "standard_error", "low", "high", "raters", "coverage", "inputs_hash")
    for entry in Entry.objects.all():
        scores.store_scores(entry.pk)
    one_by_one = list(Score.objects.order_by("pk").values_list(*names))
    Score.objects.all().delete()
    assert scores.rescore_round(round_.pk) == 6
    assert sorted(Score.objects.values_list(*names), key=str) == sorted(one_by_one, key=str)
    assert list(scores.differences(round_.pk)) == []


def _queries(django_assert_max_num_queries, entry):
    with django_assert_max_num_queries(100) as seen:
        scores.store_scores(entry.pk)
    return len(seen)


def test_the_number_of_queries_does_not_grow_with_the_panel(judged, django_assert_max_num_queries):
    few = _queries(django_assert_max_num_queries, judged)
    for value in (1, 2, 3, 4, 5):
        factories.submitted_assessment(judged, value)
    scores.inputs_changed(judged.pk)
    assert _queries(django_assert_max_num_queries, judged) == few <= 11


def test_a_change_of_inputs_is_on_record_and_queued_after_the_commit(judged, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as waiting:
        scores.inputs_changed(judged.pk)
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
        ({"method": "other/1"}, "method is other/1"),
        ({"inputs_hash": "0" * 64}, "inputs_hash"),
    ],
)
def test_verify_finds_every_changed_number(judged, harm, words):
    scores.store_scores(judged.pk)
    Score.objects.filter(pk=_root(judged).pk).update(**harm)
    told = _verify(round=judged.round_id)
    assert words in told
    assert "1 differences" in told
    assert "equals" in _verify(round=judged.round_id + 1)


def test_verify_finds_missing_rows_stale_entries_and_changed_ratings(judged):
    scores.store_scores(judged.pk)
    _at(judged, "D1").delete()
    assert "the score is missing" in _verify()
    scores.rescore_round()
    Entry.objects.update(inputs_version=9)
    assert "stale" in _verify()
    scores.rescore_round()
    with pgtrigger.ignore("assessments.Rating:ratings_fit_on_update"):
        Rating.objects.filter(pk=Rating.objects.earliest("pk").pk).update(value=1)
    assert "value is" in _verify()


def test_verify_finds_assessments_never_scored():
    entry = factories.entry()
    factories.submitted_assessment(entry)
    assert f"entry {entry.pk}: its scores are stale" in _verify()
    scores.rescore_round()
    assert "equals" in _verify()
