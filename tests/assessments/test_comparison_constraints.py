"""What the database itself refuses of weight studies, however the row is written."""

import pytest
from django.utils import timezone

from assessments.models import Comparison, StudyExpert, StudyGroup, StudyItem, WeightStudy
from assessments.selectors.comparisons import groups_of
from assessments.services import comparisons
from tests import factories
from tests.assessments import weighing
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    """Two groups, two experts, nothing answered."""
    return weighing.study(groups=("", "D1"))


@pytest.fixture
def expert(study):
    return weighing.experts(study)[0]


@pytest.fixture
def adopted():
    officer, made = factories.officer(), weighing.study(experts=1)
    weighing.finished(made, [1, 2, 1])
    comparisons.move_study(made.pk, "close", by=officer)
    comparisons.adopt(made.pk, by=officer)
    return WeightStudy.objects.get(pk=made.pk)


def compare(expert, left, right, step=1):
    Comparison.objects.bulk_create([Comparison(expert=expert, left=left, right=right, step=step)])


# --- studies -------------------------------------------------------------------------------------


def test_states_are_known_and_adoption_is_dated(study):
    with refused("study_status_known"):
        WeightStudy.objects.filter(pk=study.pk).update(status="lost")
    with refused("study_adopted_exactly_when_dated"):
        WeightStudy.objects.filter(pk=study.pk).update(adopted_at=timezone.now())


def test_a_version_has_one_running_study(study):
    with refused("one_running_study_a_version"):
        WeightStudy.objects.bulk_create([WeightStudy(version=study.version, deadline=study.deadline, status="closed")])


def test_nothing_is_adopted_that_does_not_weigh_100(study):
    adopt = "UPDATE assessments_weightstudy SET status = 'adopted', adopted_at = now() WHERE id = %s"
    with refused("adopted_weights_sum_to_100"):
        sql(adopt, study.pk)
    StudyGroup.objects.filter(study=study).update(lambda_max=3, consistency_ratio=0)
    first, second = groups_of(study)
    for group, weights in ((first, (50, 30, 20)), (second, (50, 30, "19.999999"))):
        for item, weight in zip(group.rows, weights, strict=True):
            StudyItem.objects.filter(pk=item.pk).update(weight=weight)
    with refused("adopted_weights_sum_to_100"):
        sql(adopt, study.pk)
    with refused("adopted_weights_sum_to_100"):
        WeightStudy.objects.bulk_create(
            [WeightStudy(version=weighing.draft(), deadline=study.deadline, status="adopted", adopted_at=timezone.now())]
        )


def test_a_settled_study_is_frozen(adopted):
    for change in ("status = 'open', adopted_at = NULL", "note = 'x'", "deadline = now()", "adopted_into_id = version_id + 1"):
        with refused("settled_study_is_frozen"):
            sql(f"UPDATE assessments_weightstudy SET {change} WHERE id = %s", adopted.pk)
    assert WeightStudy.objects.filter(pk=adopted.pk).update(adopted_into=None) == 1


def test_the_trail_of_a_study_is_told_once(adopted):
    with refused("told_once"):
        sql("UPDATE assessments_studymove SET why = 'other' WHERE study_id = %s", adopted.pk)


# --- what is asked -------------------------------------------------------------------------------


def test_groups_and_their_rows_stand_once_and_stay(study, adopted):
    group = groups_of(study)[0]
    with refused("group_once_in_a_study"):
        StudyGroup.objects.bulk_create([StudyGroup(study=study, code="D1", position=9)])
    with refused("item_once_in_a_group"):
        StudyItem.objects.bulk_create([StudyItem(group=group, code="D1", title_fa="دوباره", position=9, weight_before=0)])
    with refused("groups_of_a_study_stay"):
        StudyGroup.objects.filter(pk=group.pk).update(code="D9")
    with refused("items_of_a_study_stay"):
        StudyItem.objects.filter(group=group).update(title_en="Something else")
    with refused("groups_of_a_study_stay"):
        StudyGroup.objects.filter(study=adopted).update(consistency_ratio=0.5)
    with refused("items_of_a_study_stay"):
        StudyItem.objects.filter(group__study=adopted).update(weight=10)


def test_results_are_within_their_bounds(study):
    with refused("group_consistency_not_negative"):
        StudyGroup.objects.filter(study=study).update(lambda_max=3, consistency_ratio=-0.1)
    for weight in (-1, "100.000001"):
        with refused("adopted_weight_within_0_100"):
            StudyItem.objects.filter(group__study=study).update(weight=weight)


# --- experts and their answers -------------------------------------------------------------------


def test_experts(study, expert, adopted):
    rows = StudyExpert.objects.filter(pk=expert.pk)
    with refused("expert_once_in_a_study"):
        StudyExpert.objects.bulk_create([StudyExpert(study=study, user=expert.user)])
    for change in ({"excluded_at": timezone.now()}, {"excluded_why": "because"}):
        with refused("expert_left_out_with_a_reason"):
            rows.update(**change)
    with refused("experts_change_while_the_study_runs", saying="never change"):
        rows.update(user=factories.user())
    with refused("experts_change_while_the_study_runs", saying="never change"):
        StudyExpert.objects.filter(study=adopted).update(version=9)
    with refused("experts_change_while_the_study_runs", saying="never change"):
        StudyExpert.objects.bulk_create([StudyExpert(study=adopted, user=factories.user())])
    WeightStudy.objects.filter(pk=study.pk).update(status="closed")
    with refused("experts_change_while_the_study_runs", saying="while the study is open"):
        StudyExpert.objects.bulk_create([StudyExpert(study=study, user=factories.user())])


def test_finished_means_connected(study, expert):
    finish = StudyExpert.objects.filter(pk=expert.pk)
    weighing.answer(expert, [1, None, 1])
    weighing.answer(expert, [None, None, 1], group=1)
    with refused("finished_comparisons_connect_every_group"):
        finish.update(finished_at=timezone.now())
    weighing.answer(weighing.experts(study)[1], [1, 1, 1], group=1)  # another's answers connect nothing of his
    with refused("finished_comparisons_connect_every_group"):
        finish.update(finished_at=timezone.now())
    weighing.answer(expert, [None, 1, 1], group=1)
    assert finish.update(finished_at=timezone.now()) == 1


def test_comparisons(study, expert):
    (one, two, _three), (below, other, _third) = (group.rows for group in groups_of(study))
    compare(expert, one, two)
    with refused("pair_compared_once"):
        compare(expert, one, two, 5)
    with refused("pair_in_one_order"):
        compare(expert, two, one)
    for step in (-9, 9):
        with refused("comparison_on_the_scale"):
            compare(expert, below, other, step)
    with refused("compared_while_the_study_is_open", saying="rows of one group"):
        compare(expert, one, below)
    strange = groups_of(weighing.study())[0].rows
    with refused("compared_while_the_study_is_open", saying="rows of one group"):
        compare(expert, strange[0], strange[1])


@pytest.mark.parametrize("ending", ["closed", "finished", "excluded"])
def test_nobody_compares_afterwards(study, expert, ending):
    one, two, three = groups_of(study)[0].rows
    compare(expert, one, two)
    if ending == "closed":
        WeightStudy.objects.filter(pk=study.pk).update(status="closed")
    elif ending == "finished":
        weighing.answer(expert, [1, 1, 1])
        weighing.answer(expert, [1, 1, 1], group=1)
        StudyExpert.objects.filter(pk=expert.pk).update(finished_at=timezone.now())
    else:
        StudyExpert.objects.filter(pk=expert.pk).update(
            excluded_at=timezone.now(), excluded_by=factories.officer(), excluded_why="because"
        )
    with refused("compared_while_the_study_is_open", saying="at work"):
        Comparison.objects.filter(expert=expert).update(step=4)
    with refused("compared_while_the_study_is_open", saying="at work"):
        compare(expert, two, three)
