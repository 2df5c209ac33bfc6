"""Weight studies as services: who may, what is refused, and that what is adopted is what the engine says."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.utils import timezone

from assessments.models import Comparison, SetVersion, StudyExpert, WeightStudy
from assessments.scoring import comparisons as engine
from assessments.selectors import comparisons as selectors
from assessments.services import comparisons, sets
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from tests import factories
from tests.assessments import weighing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def draft():
    return weighing.draft()


def closed(officer, draft, *answers):
    study = weighing.study(draft, experts=len(answers), officer=officer)
    weighing.finished(study, *answers)
    return comparisons.move_study(study.pk, "close", by=officer)


def weights_of(version, parent=None):
    return list(version.indicators.filter(parent=parent).order_by("position").values_list("weight", flat=True))


# --- opening and inviting ------------------------------------------------------------------------


def test_a_study_copies_the_rows_it_asks_about_and_tells_the_experts(draft, officer):
    expert = factories.user()
    study = weighing.study(draft, groups=("", "D2"), experts=[expert], officer=officer)
    groups = selectors.groups_of(study)
    assert [(group.code, [item.code for item in group.rows]) for group in groups] == [
        ("", ["D1", "D2", "D3"]), ("D2", ["D2I1", "D2I2", "D2I3"]),
    ]  # fmt: skip
    assert Notice.objects.get(user=expert).link == f"/studies/{study.pk}/compare/"


def test_only_officers_open_invite_close_adopt_and_leave_out(draft, officer):
    study = weighing.study(draft)
    expert, later = weighing.experts(study)[0], timezone.now() + timedelta(days=30)
    for act in (
        lambda by: comparisons.open_study(draft.pk, by=by, groups=[""], experts=[by], deadline=later),
        lambda by: comparisons.invite(study.pk, by=by, experts=[factories.user()]),
        lambda by: comparisons.extend(study.pk, later, by=by, why="more time"),
        lambda by: comparisons.move_study(study.pk, "close", by=by),
        lambda by: comparisons.exclude(expert.pk, by=by, why="because"),
        lambda by: comparisons.include(expert.pk, by=by),
        lambda by: comparisons.adopt(study.pk, by=by),
    ):
        with pytest.raises(RuleBroken, match="You may not do this"):
            act(expert.user)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"groups": []}, "Choose what the experts compare"),
        ({"groups": ["", "nowhere"]}, "Choose what the experts compare"),
        ({"experts": []}, "at least one expert"),
        ({"deadline": timezone.now() - timedelta(days=1)}, "later than now"),
    ],
)
def test_a_study_that_asks_nothing_of_nobody_is_refused(draft, officer, change, sentence):
    given = {"groups": [""], "experts": [factories.user()], "deadline": timezone.now() + timedelta(days=9), **change}
    with pytest.raises(RuleBroken, match=sentence):
        comparisons.open_study(draft.pk, by=officer, **given)
    assert not WeightStudy.objects.exists()


def test_a_version_has_one_running_study_and_is_not_discarded_under_it(draft, officer):
    study = weighing.study(draft)
    with pytest.raises(RuleBroken, match="already"):
        weighing.study(draft)
    with pytest.raises(RuleBroken, match="that study first"):
        sets.discard(draft.pk, edition=None, by=officer)
    comparisons.move_study(study.pk, "cancel", by=officer, why="not needed")
    weighing.study(draft)


def test_a_discarded_draft_takes_its_settled_studies_along(draft, officer):
    study = closed(officer, draft, [1, 2, 1])
    comparisons.adopt(study.pk, by=officer)
    other = weighing.study(draft)
    weighing.answer(weighing.experts(other)[0], [1, 1, 1])
    comparisons.move_study(other.pk, "cancel", by=officer, why="no more")
    sets.discard(draft.pk, edition=None, by=officer)
    assert not WeightStudy.objects.exists() and not Comparison.objects.exists()


def test_the_same_person_is_asked_once_and_the_others_are_told_of_more_time(draft, officer):
    study = weighing.study(draft, experts=1)
    first, later = weighing.experts(study)[0].user, timezone.now() + timedelta(days=30)
    with pytest.raises(RuleBroken, match="at least one expert"):
        comparisons.invite(study.pk, by=officer, experts=[first])
    comparisons.invite(study.pk, by=officer, experts=[first, factories.user(last_name="Fresh")])
    assert study.experts.count() == 2 and "Fresh" in study.moves.get(action="invite").why
    with pytest.raises(RuleBroken, match="later than the present"):
        comparisons.extend(study.pk, timezone.now() + timedelta(days=1), by=officer, why="x")
    with pytest.raises(RuleBroken, match="reason"):
        comparisons.extend(study.pk, later, by=officer, why=" ")
    comparisons.extend(study.pk, later, by=officer, why="Nowruz")
    assert Notice.objects.filter(user=first, kind="study_extended", text_en__contains="Nowruz").exists()


# --- comparing -----------------------------------------------------------------------------------


def test_answers_are_kept_changed_and_taken_back(draft):
    expert = weighing.experts(weighing.study(draft))[0]
    weighing.answer(expert, [8, -8, None])
    weighing.answer(expert, [0, None, None])
    assert list(expert.comparisons.values_list("step", flat=True)) == [0]


def test_only_the_invited_answer_and_only_pairs_of_the_group(draft):
    study = weighing.study(draft, groups=("", "D1"))
    first, second = selectors.groups_of(study)
    expert = weighing.experts(study)[0]
    with pytest.raises(StudyExpert.DoesNotExist):
        comparisons.answer(study.pk, first.pk, {}, by=factories.officer(), version=0)
    for left, right in ((first.rows[1], first.rows[0]), (first.rows[0], second.rows[0]), (second.rows[0], second.rows[1])):
        with pytest.raises(RuleBroken, match="belongs to no pair"):
            comparisons.answer(study.pk, first.pk, {(left.pk, right.pk): 1}, by=expert.user, version=0)


def test_two_windows_do_not_overwrite_each_other(draft):
    study = weighing.study(draft)
    expert, group = weighing.experts(study)[0], selectors.groups_of(study)[0]
    pair = (group.rows[0].pk, group.rows[1].pk)
    comparisons.answer(study.pk, group.pk, {pair: 3}, by=expert.user, version=0)
    with pytest.raises(Stale):
        comparisons.answer(study.pk, group.pk, {pair: -3}, by=expert.user, version=0)
    assert expert.comparisons.get().step == 3


def test_an_expert_finishes_only_when_comparisons_connect_everything(draft):
    study = weighing.study(draft, groups=("", "D1"))
    expert = weighing.experts(study)[0]
    weighing.answer(expert, [2, None, None])
    with pytest.raises(comparisons.NotConnected) as refused:
        comparisons.finish(study.pk, by=expert.user)
    assert len(refused.value.faults) == 2
    assert "“Dimension 1” · “Dimension 2” | “Dimension 3”" in refused.value.faults[0]
    weighing.answer(expert, [2, None, 1])
    weighing.answer(expert, [None, 1, -1], group=1)
    comparisons.finish(study.pk, by=expert.user)
    with pytest.raises(RuleBroken, match="You have finished"):
        weighing.answer(expert, [1, 1, 1])
    comparisons.resume(study.pk, by=expert.user)
    weighing.answer(expert, [1, 1, 1])


def test_nobody_answers_after_the_deadline_or_when_the_study_is_over(draft, officer):
    study = weighing.study(draft)
    expert = weighing.experts(study)[0]
    WeightStudy.objects.filter(pk=study.pk).update(deadline=timezone.now())
    with pytest.raises(RuleBroken, match="Ask the secretariat"):
        weighing.answer(expert, [1, 1, 1])
    comparisons.move_study(study.pk, "close", by=officer)
    for act in (lambda: weighing.answer(expert, [1, 1, 1]), lambda: comparisons.resume(study.pk, by=expert.user)):
        with pytest.raises(RuleBroken, match="is over"):
            act()
    comparisons.move_study(study.pk, "reopen", by=officer, why="too early")
    comparisons.extend(study.pk, timezone.now() + timedelta(days=2), by=officer, why="too early")
    weighing.answer(expert, [1, 1, 1])


def test_officers_are_told_when_everybody_has_finished(draft, officer):
    study = weighing.study(draft, officer=officer)
    first, second = weighing.experts(study)
    weighing.answer(first, [1, 1, 1])
    comparisons.finish(study.pk, by=first.user)
    assert not Notice.objects.filter(user=officer, kind="study_finished").exists()
    weighing.answer(second, [1, 1, 1])
    comparisons.finish(study.pk, by=second.user)
    assert Notice.objects.get(user=officer, kind="study_finished").link == f"/studies/{study.pk}/"


# --- what the answers say ------------------------------------------------------------------------


def test_contradictory_answers_are_named_with_the_answer_that_fits(draft):
    expert = weighing.experts(weighing.study(draft))[0]
    weighing.answer(expert, [4, -4, 4])  # 1 ≫ 2 ≫ 3, and yet 3 ≫ 1
    own = selectors.answers_of(expert, selectors.groups_of(expert.study))[0]
    assert own.is_contradictory and not own.is_unchecked
    assert own.doubts[0].step in (4, -4) and own.doubts[0].fitting == 0
    weighing.answer(expert, [1, 3, 1])
    own = selectors.answers_of(expert, selectors.groups_of(expert.study))[0]
    assert own.reading.consistency_ratio == 0 and own.doubts == []


def test_as_few_answers_as_connect_are_said_to_be_unchecked(draft):
    expert = weighing.experts(weighing.study(draft))[0]
    weighing.answer(expert, [1, 3, None])
    own = selectors.answers_of(expert, selectors.groups_of(expert.study))[0]
    assert own.is_connected and own.is_unchecked and own.doubts == []


def test_together_experts_may_check_what_none_checks_alone(draft):
    study = weighing.finished(weighing.study(draft), [1, 3, None], [None, 3, 1])
    joined = selectors.standing(study).joined[0]
    assert all(answers.is_unchecked for _expert, answers, _weights in joined.each)
    assert joined.is_connected and not joined.is_unchecked
    comparisons.exclude(weighing.experts(study)[1].pk, by=factories.officer(), why="x")
    assert selectors.standing(study).joined[0].is_unchecked


def test_those_left_out_do_not_count_but_both_results_stand(draft, officer):
    study = closed(officer, draft, [2, 4, 2], [2, 4, 1], [-8, -8, 0])
    third = weighing.experts(study)[2]
    before = selectors.standing(study).joined[0]
    assert before.with_all is None and before.disagreement > 10
    with pytest.raises(RuleBroken, match="reason"):
        comparisons.exclude(third.pk, by=officer, why=" ")
    comparisons.exclude(third.pk, by=officer, why="Answered the other way round.")
    joined = selectors.standing(study).joined[0]
    assert np.allclose(joined.with_all.weights, before.reading.weights, atol=1e-15)
    assert joined.reading.weights[0] > before.reading.weights[0] and joined.disagreement < before.disagreement
    assert study.moves.get(action="exclude").by == officer
    comparisons.include(third.pk, by=officer)
    assert selectors.standing(study).joined[0].with_all is None
    with pytest.raises(RuleBroken, match="not left out"):
        comparisons.include(third.pk, by=officer)


# --- adopting ------------------------------------------------------------------------------------


def engine_weights(*answers):
    matrices = [
        engine.matrix_of(
            3, {pair: engine.ratio(step) for pair, step in zip([(0, 1), (0, 2), (1, 2)], steps, strict=True) if step is not None}
        )
        for steps in answers
    ]
    return 100 * engine.reading(engine.joined(matrices)).weights


def test_adopted_weights_are_the_engine_s_and_sum_to_exactly_100(draft, officer):
    answers = [[2, 4, 1], [1, None, 3], [-1, 6, 2]]
    study = closed(officer, draft, *answers)
    assert comparisons.adopt(study.pk, by=officer) == draft
    weights = weights_of(draft)
    assert sum(weights) == Decimal(100)
    assert [float(weight) for weight in weights] == pytest.approx(engine_weights(*answers), abs=1.1e-6)
    study.refresh_from_db()
    group = selectors.groups_of(study)[0]
    assert (study.status, study.adopted_into, study.moves.get(action="adopt").by) == ("adopted", draft, officer)
    assert [item.weight for item in group.rows] == weights and {item.weight_before for item in group.rows} != set(weights)
    assert group.consistency_ratio == selectors.standing(study).joined[0].reading.consistency_ratio
    assert Notice.objects.filter(kind="study_adopted").count() == 3


def test_weights_of_other_groups_stay(draft, officer):
    study = closed(officer, draft, [1, 1, 1])
    before = {row.pk: row.weight for row in draft.indicators.exclude(parent=None)}
    comparisons.adopt(study.pk, by=officer)
    assert {row.pk: row.weight for row in draft.indicators.exclude(parent=None)} == before


def test_a_study_of_a_published_version_is_adopted_into_a_new_draft(officer):
    published = factories.published_set(dimensions=4, indicators=1)
    study = closed(officer, published, [1, 2, 3, 1, 2, 1])
    draft = comparisons.adopt(study.pk, by=officer)
    assert (draft.status, draft.number, draft.based_on) == ("draft", 2, published)
    assert weights_of(published) == [25, 25, 25, 25] and weights_of(draft)[0] > 40 and sum(weights_of(draft)) == 100


def test_a_draft_published_meanwhile_is_left_alone(draft, officer):
    study = weighing.study(draft, officer=officer, experts=1)
    sets.spread(draft.pk, None, edition=None, by=officer)
    for parent in draft.indicators.filter(parent=None):
        sets.spread(draft.pk, parent.pk, edition=None, by=officer)
    sets.publish(draft.pk, by=officer)
    weighing.finished(study, [1, 1, 1])
    comparisons.move_study(study.pk, "close", by=officer)
    fresh = comparisons.adopt(study.pk, by=officer)
    assert fresh.number == draft.number + 1 and sum(weights_of(fresh)) == 100


def test_weights_are_not_adopted_for_rows_that_nobody_compared(draft, officer):
    study = closed(officer, draft, [1, 1, 1])
    top = draft.indicators.get(code="D3")
    sets.delete_node(draft.pk, top.pk, edition=None, by=officer)
    with pytest.raises(RuleBroken, match="no longer those"):
        comparisons.adopt(study.pk, by=officer)
    assert WeightStudy.objects.get(pk=study.pk).status == "closed"


def test_nothing_is_adopted_before_the_end_or_from_nobody_or_twice(draft, officer):
    study = weighing.study(draft, officer=officer, experts=1)
    expert = weighing.experts(study)[0]
    weighing.answer(expert, [1, 1, 1])
    with pytest.raises(RuleBroken, match="no longer possible"):
        comparisons.adopt(study.pk, by=officer)
    comparisons.move_study(study.pk, "close", by=officer)
    with pytest.raises(RuleBroken, match="No expert"):
        comparisons.adopt(study.pk, by=officer)
    comparisons.move_study(study.pk, "reopen", by=officer, why="not finished")
    comparisons.finish(study.pk, by=expert.user)
    comparisons.move_study(study.pk, "close", by=officer)
    comparisons.adopt(study.pk, by=officer)
    with pytest.raises(RuleBroken, match="no longer possible"):
        comparisons.adopt(study.pk, by=officer)
    with pytest.raises(RuleBroken, match="no longer possible"):
        comparisons.exclude(expert.pk, by=officer, why="late")


def test_a_retired_version_is_not_studied(officer):
    published = factories.published_set()
    sets.retire(published.pk, by=officer, why="old")
    with pytest.raises(RuleBroken, match="retired"):
        weighing.study(published, officer=officer)
    assert SetVersion.objects.get(pk=published.pk).status == "retired"
