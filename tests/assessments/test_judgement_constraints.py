"""What the database itself refuses of assessments, ratings and scores, however the row is written."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assessments.models import Assessment, Assignment, Indicator, IndicatorSet, Rating, Score, SetVersion
from assessments.services import assessments as services
from assessments.services import runs
from secretariat.errors import RuleBroken
from tests import factories
from tests.refusal import refused, settle, sql

pytestmark = pytest.mark.django_db


@pytest.fixture
def assessment():
    """A draft without a word in it."""
    return Assessment.objects.create(assignment=factories.assignment())


def rate(assessment, code="D1I1", **fields):
    node = Indicator.objects.get(version__sheet_parts__sheet=assessment.assignment.entry.sheet, code=code)
    Rating.objects.bulk_create([Rating(assessment=assessment, indicator=node, **{"state": "scored", "value": 3, **fields})])


# --- ratings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields", [{"value": None}, {"state": "blank"}, {"state": "na"}, {"state": "xx"}, {"state": "xx", "value": None}]
)
def test_a_rating_has_a_value_exactly_when_it_is_scored(assessment, fields):
    with refused("rated_exactly_when_it_has_a_value"):
        rate(assessment, **fields)


@pytest.mark.parametrize("fields", [{"value": 6}, {"value": 0}, {"value": "2.5"}, {"state": "na", "value": None}, {"code": "D1"}])
def test_a_new_rating_fits_its_indicator(assessment, fields):
    with refused("ratings_fit_on_insert", saying="fit its indicator"):
        rate(assessment, **fields)


def test_a_changed_rating_fits_its_indicator(assessment):
    rate(assessment)
    elsewhere = factories.published_set().indicators.filter(scale__isnull=False).first()
    with refused("ratings_fit_on_insert", saying="fit its indicator"):
        Rating.objects.bulk_create([Rating(assessment=assessment, indicator=elsewhere, state="scored", value=3)])
    for wrong in ({"value": 9}, {"indicator": elsewhere}, {"state": "na", "value": None}):
        with refused("ratings_fit_on_update", saying="fit its indicator"):
            Rating.objects.update(**wrong)


def test_one_rating_an_indicator(assessment):
    rate(assessment)
    with refused("one_rating_an_indicator"):
        rate(assessment, value=4)


def test_what_the_secretariat_measures_no_assessor_rates():
    set_ = IndicatorSet.objects.create(code="measured", title_fa="س", title_en="M", layer="kind")
    version = SetVersion.objects.create(set=set_, number=1)
    leaf = Indicator.objects.create(
        version=version, code="M", title_fa="ب", weight=100, scale=factories.scale(), rater="secretariat"
    )
    version.status, version.published_at = "published", timezone.now()
    version.save()
    assignment = factories.assignment(factories.entry(versions=[version]))
    with refused("ratings_fit_on_insert"):
        rate(Assessment.objects.create(assignment=assignment), code="M")
    with pytest.raises(RuleBroken):
        services.save_draft(assignment.pk, {f"r-{leaf.pk}": "3"}, by=assignment.assessor.user, version=1)


# --- submission ----------------------------------------------------------------------------------


def test_a_submitted_assessment_is_frozen():
    assessment = factories.submitted_assessment(factories.entry(), 4)
    draft = Assessment.objects.create(assignment=factories.assignment(assessment.assignment.entry))
    for change in ({"value": 5}, {"comment": "x"}, {"assessment": draft}):
        with refused("ratings_fit_on_update", saying="frozen"):
            Rating.objects.update(**change)
    with refused("submitted_ratings_stay"):
        Rating.objects.all().delete()
    for change in ({"strengths": "x"}, {"submitted_at": timezone.now() + timedelta(days=1)}):
        with refused("submitted_assessment_is_frozen"):
            Assessment.objects.filter(pk=assessment.pk).update(**change)
    with refused("submitted_assessment_is_frozen"):
        sql("DELETE FROM assessments_assessment WHERE submitted_at IS NOT NULL")
    with refused("ratings_fit_on_insert", saying="frozen"):
        rate(assessment, code="D1")


def test_an_assignment_is_submitted_exactly_when_its_assessment_is(assessment):
    with refused("submitted_together_with_its_assessment"):
        Assignment.objects.update(status="submitted")
    with refused("submitted_together_with_its_assignment"):
        Assessment.objects.update(submitted_at=timezone.now())
    Assessment.objects.update(submitted_at=timezone.now())
    Assignment.objects.update(status="submitted")
    settle()
    with refused("submitted_together_with_its_assessment"):
        Assignment.objects.update(status="accepted")
    with refused("submitted_together_with_its_assignment"):
        Assessment.objects.update(submitted_at=None)
    Assignment.objects.update(status="withdrawn")  # a conflict came to light: it stays on record and counts no more
    settle()
    assert not Assessment.objects.counted().exists()
    assert Assessment.objects.get(pk=assessment.pk).submitted_at is not None


# --- scores --------------------------------------------------------------------------------------


@pytest.fixture
def judged():
    """An entry with its scores, as three assessors who did not agree left it."""
    entry = factories.entry()
    for value in (3, 4, 5):
        factories.submitted_assessment(entry, value)
    runs.inputs_changed(entry.pk)
    runs.score_round(entry.round_id)
    return entry


def total_of(entry):
    return Score.objects.filter(entry=entry, part=None, indicator=None)


def node_of(entry):
    return Score.objects.filter(entry=entry, indicator__code="D1I1")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        # Without its interval the number itself is all that is wrong.
        ({"value": 100.1, "low": None, "high": None}, "score_within_0_100"),
        ({"value": -1, "low": None, "high": None}, "score_within_0_100"),
        ({"low": 80}, "interval_holds_the_score"),
        ({"high": 74}, "interval_holds_the_score"),
        ({"low": -1}, "interval_holds_the_score"),
        ({"high": 100.1}, "interval_holds_the_score"),
        ({"high": None}, "interval_holds_the_score"),
        ({"low": None}, "interval_holds_the_score"),
        ({"value": None}, "interval_holds_the_score"),
        ({"coverage": 1.01}, "coverage_is_a_share"),
        ({"coverage": -0.01}, "coverage_is_a_share"),
    ],
)
def test_scores_stay_within_their_bounds(judged, change, rule):
    assert total_of(judged).get().value == 75
    with refused(rule):
        total_of(judged).update(**change)


def test_a_score_belongs_to_a_node_of_its_sheet(judged):
    with refused("score_node_known"):
        node_of(judged).update(part=None)
    strange = factories.entry()
    for wrong in ({"indicator": strange.sheet.parts.get().version.indicators.first()}, {"part": strange.sheet.parts.get()}):
        with refused("scores_fit_the_sheet_on_update"):
            node_of(judged).update(**wrong)
        row = {**node_of(judged).values().get(), "id": None}
        row.update({f"{field}_id": other.pk for field, other in wrong.items()})
        with refused("scores_fit_the_sheet_on_insert"):
            Score.objects.bulk_create([Score(**row)])


@pytest.mark.parametrize("scores_of", [total_of, node_of])
def test_a_node_has_one_score(judged, scores_of):
    twin = Score(**{**scores_of(judged).values().get(), "id": None})
    with refused("one_score_a_node"):
        Score.objects.bulk_create([twin])
