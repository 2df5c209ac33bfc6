"""Disagreements found by rule: when they are raised, kept, withdrawn, and never raised twice for the same."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assessments.models import Assignment, Entry, Measurement, Moderation, ModerationReason, Round
from assessments.selectors import disagreements as selectors
from assessments.selectors.score_inputs import round_inputs
from assessments.services import assessments, disagreements, flags, moderations, rounds, runs, set_aside
from secretariat.errors import RuleBroken
from secretariat.models import Notice
from tests import factories
from tests.assessments import disputed, scored_rounds
from tests.assessments.asked import a_flag, answered
from tests.refusal import settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return factories.officer()


def reasons(moderation):
    """The reasons that hold: {(kind, code of the indicator or flag): points}."""
    rows = moderation.reasons.filter(gone_at=None).select_related("indicator")
    return {(row.kind, row.indicator.code if row.indicator else row.flag): row.gap for row in rows}


def reopened(entry, alias, officer):
    """The sheet of assessor `alias`, opened again."""
    assignment = entry.assignments.get(alias=alias)
    assessments.reopen(assignment.pk, by=officer, why="اشتباه")
    return assignment


def resubmit(assignment, value):
    sheet = assignment.assessment
    sheet.refresh_from_db()
    user = assignment.assessor.user
    typed = {f"r-{pk}": str(value) for pk in sheet.ratings.values_list("indicator", flat=True)}
    saved = assessments.save_draft(assignment.pk, typed, by=user, version=sheet.version)
    assessments.submit(assignment.pk, by=user, version=saved.assessment.version)
    runs.score_round(assignment.entry.round_id)


# ------------------------------------------------------------------ raised
def test_a_panel_that_lies_apart_is_found_when_the_round_is_computed(officer):
    entry = disputed.judged(factories.entry(disputed.round_()), {"D1I1": 1, "D1I2": 4, "D2I1": 4, "D2I2": 4}, 4, 4)
    moderation = Moderation.objects.get()
    assert (moderation.entry, moderation.status) == (entry, "raised")
    assert reasons(moderation) == {("indicator", "D1I1"): 75.0}  # the totals are 18.75 points apart
    assert [(move.action, move.target, move.by) for move in moderation.moves.all()] == [("raise", "raised", None)]
    (notice,) = Notice.objects.filter(user=officer, kind="moderation_raised")
    assert str(entry.subject) not in notice.text_fa + notice.text_en  # one line for the round, not one a product


def test_the_totals_alone_are_reason_enough():
    moderation = disputed.dispute(2, 3, 3, gap_indicator=0)
    assert reasons(moderation) == {("total", ""): 25.0}


def test_a_panel_that_agrees_is_left_in_peace():
    disputed.judged(factories.entry(disputed.round_()), *disputed.TOGETHER)
    assert not Moderation.objects.exists()


@pytest.mark.parametrize("limits", [{"gap_total": 0, "gap_indicator": 0}, {"gap_total": 76, "gap_indicator": 76}])
def test_the_limits_are_those_of_the_round(limits):
    disputed.judged(factories.entry(disputed.round_(**limits)), *disputed.APART)
    assert not Moderation.objects.exists()


def test_finding_again_finds_nothing_new(officer):
    moderation = disputed.dispute()
    before = list(ModerationReason.objects.values_list("pk", "gone_at"))
    runs.score_round(moderation.entry.round_id, force=True)
    disagreements.find(moderation.entry.round_id)
    assert Moderation.objects.count() == 1
    assert list(ModerationReason.objects.values_list("pk", "gone_at")) == before
    assert Notice.objects.filter(user=officer, kind="moderation_raised").count() == 1


def test_it_waits_until_the_panel_has_judged():
    entry = factories.entry(disputed.round_())
    disputed.judged(entry, 1, 5)
    assert not Moderation.objects.exists()  # two of three
    pending = factories.assignment(entry, status="offered")
    disputed.judged(entry, 3)
    assert not Moderation.objects.exists()  # three, and a fourth is awaited
    Assignment.objects.filter(pk=pending.pk).update(status="withdrawn")
    disagreements.find(entry.round_id)
    assert Moderation.objects.exists()


def test_closing_the_round_looks_at_panels_that_never_became_whole(officer):
    entry = factories.entry(disputed.round_())
    disputed.judged(entry, 1, 5)
    rounds.move_round(entry.round_id, "close", by=officer, why="پایان")
    assert Moderation.objects.get().entry == entry


def test_one_assessor_alone_disagrees_with_nobody(officer):
    entry = factories.entry(disputed.round_())
    disputed.judged(entry, 1)
    rounds.move_round(entry.round_id, "close", by=officer, why="پایان")
    assert not Moderation.objects.exists()


def test_what_does_not_apply_and_what_is_measured_is_nobodys_opinion(officer):
    version = scored_rounds.measured_set()
    entry = factories.entry(disputed.round_(gap_total=0), versions=[version])
    measured = version.indicators.get(rater="secretariat")
    Measurement.objects.create(entry=entry, indicator=measured, value=80, target=80)
    low = {"D1I1": None, "D2I1": 4, "D2I2": 4, "D3I1": 4, "D3I2": 4}
    disputed.judged(entry, low, {**low, "D1I1": 1}, {**low, "D1I1": 1})
    assert not Moderation.objects.exists()
    disputed.judged(entry, {**low, "D1I1": 5})
    assert reasons(Moderation.objects.get()) == {("indicator", "D1I1"): 100.0}


def test_what_is_left_out_of_the_results_is_not_moderated(officer):
    entry = factories.entry(disputed.round_())
    rounds.exclude_entry(entry.pk, by=officer, why="پس گرفته شد")
    disputed.judged(entry, *disputed.APART)
    assert not Moderation.objects.exists()
    rounds.include_entry(entry.pk, by=officer)
    runs.score_round(entry.round_id)
    assert Moderation.objects.get().status == "raised"
    rounds.exclude_entry(entry.pk, by=officer, why="پس گرفته شد")
    runs.score_round(entry.round_id)
    assert Moderation.objects.get().status == "withdrawn"


def test_what_everybody_rates_to_be_compared_is_not_moderated():
    entry = factories.entry(disputed.round_())
    Entry.objects.filter(pk=entry.pk).update(is_calibration=True)
    disputed.judged(entry, *disputed.APART)
    assert not Moderation.objects.exists()


# ------------------------------------------------------------------ questions about assessors
def test_ratings_that_are_to_be_reviewed_are_a_disagreement(officer):
    entry = disputed.judged(factories.entry(disputed.round_()), *disputed.TOGETHER)
    flag = a_flag(entry.round, assessor=entry.assignments.first().assessor)
    disagreements.find(entry.round_id)
    assert not Moderation.objects.exists()  # a question alone proves nothing
    flag = answered(flag, officer, "review")
    assert reasons(Moderation.objects.get()) == {("flag", "halo"): None}
    answered(flag, officer, "none")
    assert Moderation.objects.get().status == "withdrawn"


def test_a_round_may_let_open_questions_count():
    entry = disputed.judged(factories.entry(disputed.round_(gap_flags=True)), *disputed.TOGETHER)
    other = disputed.judged(disputed.another_entry(entry), *disputed.TOGETHER)
    a_flag(entry.round, assessor=entry.assignments.first().assessor)
    disagreements.find(entry.round_id)
    assert [moderation.entry for moderation in Moderation.objects.all()] == [entry]
    one, two = (entry.assignments.get(alias=n).assessor for n in (1, 2))
    a_flag(entry.round, "pair", assessor=two, other=other.assignments.first().assessor)  # never on one panel
    a_flag(entry.round, "pair", assessor=one, other=two)
    disagreements.find(entry.round_id)
    assert reasons(Moderation.objects.get()) == {("flag", "halo"): None, ("flag", "pair"): None}


# ------------------------------------------------------------------ withdrawn, kept, changed
def test_a_changed_rating_that_removes_the_reason_withdraws_it(officer):
    moderation = disputed.dispute()
    resubmit(reopened(moderation.entry, 1, officer), 4)
    moderation.refresh_from_db()
    assert moderation.status == "withdrawn"
    assert [(move.action, bool(move.why), move.by) for move in moderation.moves.all()] == [
        ("raise", False, None), ("withdraw", True, None),
    ]  # fmt: skip
    assert not moderation.reasons.filter(gone_at=None).exists()
    assert moderation.reasons.count() == 5  # and what was found stays on record


def test_it_is_raised_anew_when_the_panel_lies_apart_again(officer):
    first = disputed.dispute()
    assignment = reopened(first.entry, 1, officer)
    resubmit(assignment, 4)
    resubmit(reopened(first.entry, 1, officer), 1)
    assert [row.status for row in Moderation.objects.order_by("pk")] == ["withdrawn", "raised"]


def test_a_gap_that_changes_ends_its_reason_and_begins_another(officer):
    moderation = disputed.dispute(1, 5, 5, gap_indicator=0)
    disputed.judged(moderation.entry, 3)
    assert reasons(moderation) == {("total", ""): 100.0}
    resubmit(reopened(moderation.entry, 1, officer), 2)
    assert reasons(moderation) == {("total", ""): 75.0}
    assert moderation.reasons.count() == 2


def test_what_people_have_begun_the_system_does_not_end(officer):
    moderation, _officer = disputed.discussion()
    disputed.judged(moderation.entry, 4)
    outlier = moderation.entry.assignments.get(alias=1).assessor
    set_aside.set_aside(moderation.entry.round_id, outlier.pk, by=officer, why="نامربوط")
    runs.score_round(moderation.entry.round_id)
    moderation.refresh_from_db()
    assert moderation.status == "consensus"
    assert not moderation.reasons.filter(gone_at=None).exists()


def test_higher_limits_withdraw_what_they_no_longer_reach(officer):
    moderation = disputed.dispute()
    round_ = moderation.entry.round
    rounds.edit_round(round_.pk, by=officer, version=round_.version, gap_total=90, gap_indicator=90)
    moderation.refresh_from_db()
    assert moderation.status == "withdrawn"


# ------------------------------------------------------------------ settled once
def test_what_was_settled_is_not_found_again(officer):
    moderation = disputed.dispute()
    moderations.settle(moderation.pk, "stands", disputed.WHY, by=officer)
    runs.score_round(moderation.entry.round_id, force=True)
    rounds.move_round(moderation.entry.round_id, "close", by=officer, why="پایان")
    assert Moderation.objects.count() == 1


def test_what_has_grown_since_is_found_again(officer):
    moderation = disputed.dispute(2, 4, 4)
    moderations.settle(moderation.pk, "stands", disputed.WHY, by=officer)
    disputed.judged(moderation.entry, 3)
    assert Moderation.objects.count() == 1
    disputed.judged(moderation.entry, 1)
    assert [row.status for row in Moderation.objects.order_by("pk")] == ["closed", "raised"]


def test_another_indicator_is_another_disagreement(officer):
    entry = factories.entry(disputed.round_(gap_total=0))
    same = {"D1I1": 4, "D1I2": 4, "D2I1": 4, "D2I2": 4}
    disputed.judged(entry, {**same, "D1I1": 1}, same, same)
    moderations.settle(Moderation.objects.get().pk, "stands", disputed.WHY, by=officer)
    disputed.judged(entry, {**same, "D2I2": 1})
    assert reasons(Moderation.objects.get(status="raised")).keys() == {("indicator", "D1I1"), ("indicator", "D2I2")}


def test_the_final_scores_wait_until_every_disagreement_is_settled(officer):
    moderation = disputed.dispute(status="moderation")
    with pytest.raises(rounds.NotPublishable) as refused:
        rounds.move_round(moderation.entry.round_id, "score", by=officer)
    (problem,) = refused.value.problems
    assert problem.url == f"/rounds/{moderation.entry.round_id}/moderation/"
    moderations.settle(moderation.pk, "stands", disputed.WHY, by=officer)
    rounds.move_round(moderation.entry.round_id, "score", by=officer)
    settle()
    assert Round.objects.get().status == "scored"


def test_nothing_is_found_where_the_scores_are_fixed(officer):
    moderation = disputed.dispute(status="moderation")
    moderations.settle(moderation.pk, "stands", disputed.WHY, by=officer)
    rounds.move_round(moderation.entry.round_id, "score", by=officer)
    disagreements.find(moderation.entry.round_id)
    rounds.move_round(moderation.entry.round_id, "revise", by=officer, why="دوباره")
    disagreements.find(moderation.entry.round_id)
    assert Moderation.objects.count() == 1


# ------------------------------------------------------------------ other limits, and how much it costs
def test_a_page_can_tell_what_other_limits_would_find():
    round_ = disputed.round_(gap_total=0, gap_indicator=0)
    entry = disputed.judged(factories.entry(round_), 2, 3, 3)
    disputed.judged(disputed.another_entry(entry), *disputed.APART)
    Entry.objects.filter(pk=disputed.judged(disputed.another_entry(entry), 1, 5, 5).pk).update(
        excluded_at=entry.added_at, excluded_by=factories.officer(), excluded_why="x"
    )
    told = selectors.with_other_limits(round_inputs(round_.pk))
    assert dict(told["indicator"])[25] == 2
    assert (dict(told["indicator"])[40], dict(told["indicator"])[75], dict(told["indicator"])[100]) == (1, 1, 0)
    assert (dict(told["total"])[25], dict(told["total"])[30]) == (2, 1)


def test_the_number_of_queries_does_not_grow_with_the_round():
    def queries(products):
        round_ = disputed.round_()
        first = factories.entry(round_)
        for entry in [first, *(disputed.another_entry(first) for _ in range(products - 1))]:
            for value in disputed.APART:
                factories.submitted_assessment(entry, value)
        with CaptureQueriesContext(connection) as found:
            disagreements.find(round_.pk)
        assert Moderation.objects.filter(entry__round=round_).count() == products
        return len(found)

    assert queries(2) == queries(12)


def test_only_a_person_who_may_answers_a_question_that_raises_one(officer):
    entry = disputed.judged(factories.entry(disputed.round_()), *disputed.TOGETHER)
    flag = a_flag(entry.round, assessor=entry.assignments.first().assessor)
    with pytest.raises(RuleBroken):
        flags.answer_flag(flag.pk, "review", "x", by=factories.representative())
    assert not Moderation.objects.exists()
