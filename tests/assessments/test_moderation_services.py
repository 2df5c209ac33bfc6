"""What people do about a disagreement: they ask one more assessor, and settle it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assessments import tasks
from assessments.models import (
    Assessment,
    Assessor,
    Assignment,
    ConflictOfInterest,
    Moderation,
    Rating,
    Round,
    Score,
)
from assessments.selectors import moderations as selectors
from assessments.selectors.rounds import my_work
from assessments.services import assessments, deadlines, discussions, moderations, rounds, runs, set_aside
from secretariat.errors import RuleBroken
from secretariat.models import Notice
from tests import factories
from tests.assessments import disputed
from tests.refusal import sql
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return factories.officer()


def fill_and_submit(assignment, value):
    user = assignment.assessor.user
    leaves = assignment.entry.sheet.parts.get().version.indicators.filter(scale__isnull=False)
    typed = {f"r-{leaf.pk}": str(value) for leaf in leaves}
    saved = assessments.save_draft(assignment.pk, typed, by=user, version=0)
    return assessments.submit(assignment.pk, by=user, version=saved.assessment.version)


# ------------------------------------------------------------------ one more assessor
def test_one_more_assessor_judges_blind_while_the_round_is_in_moderation(officer):
    moderation = disputed.dispute(status="moderation")
    person = factories.assessor()
    made = moderations.summon(moderation.pk, person.pk, by=officer)
    moderation.refresh_from_db()
    assert (moderation.status, made.status, made.alias) == ("third", "offered", 4)
    assert made.due_at > timezone.now() + timedelta(days=6)
    (notice,) = Notice.objects.filter(user=person.user)
    assert notice.link == f"/assignments/{made.pk}/answer/"
    assert my_work(person.user).to_answer == [made]
    rounds.answer(made.pk, "accept", by=person.user)
    assert my_work(person.user).to_do == [made]
    fill_and_submit(made, 4)
    runs.score_round(moderation.entry.round_id)
    score = Score.objects.get(current_of=moderation.entry)
    assert (score.raters, score.raw_mean) == (4, (0 + 3 * 75) / 4)
    assert not Moderation.objects.visible_to(person.user).exists()
    assert Notice.objects.filter(user=officer, kind="further_judgement").count() == 1


def test_his_own_deadline_holds_and_not_the_rounds(officer):
    moderation = disputed.dispute(status="moderation")
    made = moderations.summon(moderation.pk, factories.assessor().pk, by=officer, deadline=timezone.now() + timedelta(days=1))
    Round.objects.update(deadline=timezone.now() - timedelta(days=3))
    rounds.answer(made.pk, "accept", by=made.assessor.user)
    sql("SET LOCAL session_replication_role = replica")  # no trigger lets a deadline be moved into the past
    Assignment.objects.filter(pk=made.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    sql("SET LOCAL session_replication_role = DEFAULT")
    with pytest.raises(RuleBroken):
        fill_and_submit(made, 4)
    assert not Assessment.objects.filter(assignment=made, submitted_at__isnull=False).exists()
    assert Rating.objects.filter(assessment__assignment=made).count() == 4  # nothing of it is lost
    until = timezone.now() + timedelta(days=2)
    deadlines.give_time(moderation.entry.round_id, [made.pk], until, by=officer, why="بیماری")
    made.refresh_from_db()
    assessments.submit(made.pk, by=made.assessor.user, version=made.assessment.version)
    made.refresh_from_db()
    assert made.status == "submitted"


def test_a_request_that_nobody_answers_lapses_and_the_disagreement_waits_again(officer):
    moderation = disputed.dispute(answer_days=2)
    made = disputed.further(moderation, officer)
    assert timezone.now() < made.answer_by < made.due_at
    Round.objects.update(status="moderation")
    assert deadlines.lapse_offers(made.answer_by + timedelta(minutes=1)) == 1
    moderation.refresh_from_db()
    assert moderation.status == "raised"


def test_the_others_work_on_nothing_in_a_round_in_moderation(officer):
    moderation = disputed.dispute()
    late = factories.assignment(disputed.another_entry(moderation.entry), status="accepted")
    Round.objects.update(status="moderation")
    disputed.further(moderation, officer)
    with pytest.raises(RuleBroken):
        fill_and_submit(late, 4)
    with pytest.raises(RuleBroken):
        assessments.reopen(moderation.entry.assignments.get(alias=1).pk, by=officer, why="x")
    assert my_work(late.assessor.user).to_do == []


@pytest.mark.parametrize("case", ["conflict", "on the panel", "full", "asked before", "insider", "yesterday"])
def test_who_must_not_or_cannot_is_not_summoned(case, officer):
    moderation = disputed.dispute()
    deadline = None
    person = moderation.entry.assignments.first().assessor if case == "on the panel" else factories.assessor()
    if case == "conflict":
        ConflictOfInterest.objects.create(
            assessor=person, subject=moderation.entry.subject, source="staff", reason="x", by=officer
        )
    elif case == "full":
        Assessor.objects.filter(pk=person.pk).update(capacity=0)
    elif case == "asked before":
        factories.assignment(moderation.entry, person, status="declined")
    elif case == "insider":
        factories.granted("officer", person.user)
    elif case == "yesterday":
        deadline = timezone.now() - timedelta(days=1)
    with pytest.raises(RuleBroken):
        moderations.summon(moderation.pk, person.pk, by=officer, deadline=deadline)
    moderation.refresh_from_db()
    assert moderation.status == "raised"
    if case != "yesterday":
        assert selectors.fittest(moderation.entry) is None


def test_a_round_without_further_assessors_summons_nobody(officer):
    for choice in ("none", "consensus"):
        moderation = disputed.dispute(moderation=choice)
        with pytest.raises(RuleBroken):
            disputed.further(moderation, officer)


@pytest.mark.parametrize("how", ["decline", "withdraw", "conflict"])
def test_when_he_is_off_the_panel_it_waits_for_a_decision_again(how, officer):
    moderation = disputed.dispute(status="moderation")
    made = disputed.further(moderation, officer)
    if how == "decline":
        rounds.answer(made.pk, "decline", by=made.assessor.user, why="وقت ندارم")
    elif how == "withdraw":
        rounds.withdraw(made.pk, by=officer, why="اشتباه")
    else:
        rounds.answer(made.pk, "accept", by=made.assessor.user)
        fill_and_submit(made, 4)
        ConflictOfInterest.objects.create(
            assessor=made.assessor, subject=made.entry.subject, source="staff", reason="x", by=officer
        )
    moderation.refresh_from_db()
    assert moderation.status == "raised"
    assert [move.action for move in moderation.moves.all()] == ["raise", "summon", "lapse"]
    disputed.further(moderation, officer)


def test_the_round_may_let_the_system_ask_the_fittest(officer):
    person = factories.assessor()
    moderation = disputed.dispute(summons_itself=True)
    panel = set(moderation.entry.assignments.values_list("pk", flat=True))
    tasks.summon_waiting(moderation.entry.round_id)
    tasks.summon_waiting(moderation.entry.round_id)
    (made,) = moderation.entry.assignments.exclude(pk__in=panel)
    assert (made.assessor, made.offered_by, made.summoned_by) == (person, None, moderation)
    rounds.answer(made.pk, "decline", by=person.user, why="وقت ندارم")
    tasks.sweep_summons()
    tasks.sweep_summons()
    moderation.refresh_from_db()
    assert moderation.status == "raised"
    assert Notice.objects.filter(user=officer, kind="nobody_to_summon").count() == 1


def test_nobody_is_asked_by_the_system_where_an_officer_confirms():
    factories.assessor()
    moderation = disputed.dispute()
    tasks.sweep_summons()
    tasks.summon_waiting(moderation.entry.round_id)
    assert moderation.entry.assignments.count() == 3


# ------------------------------------------------------------------ settling
def test_settling_says_with_what_and_why(officer):
    moderation = disputed.dispute()
    settled = moderations.settle(moderation.pk, "stands", f"  {disputed.WHY} ", by=officer)
    assert (settled.status, settled.outcome, settled.reason, settled.settled_by) == ("closed", "stands", disputed.WHY, officer)
    last = settled.moves.last()
    assert (last.action, last.by, last.why) == ("close", officer, disputed.WHY)


@pytest.mark.parametrize(
    ("outcome", "why", "field"),
    [("", "x", "outcome"), ("won", "x", "outcome"), ("agreed", "x", "outcome"), ("third", "x", "outcome"), ("stands", " ", "why")],
)
def test_it_cannot_be_settled_with_what_is_not_so(outcome, why, field, officer):
    moderation = disputed.dispute()
    with pytest.raises(RuleBroken) as broken:
        moderations.settle(moderation.pk, outcome, why, by=officer)
    assert broken.value.field == field


def test_agreed_means_on_every_point():
    moderation, officer = disputed.discussion()
    first = moderation.points.first().indicator_id
    discussions.agree(moderation.pk, first, "3", "x", by=officer)
    with pytest.raises(RuleBroken):
        moderations.settle(moderation.pk, "agreed", disputed.WHY, by=officer)
    assert dict(selectors.open_outcomes(moderation)).keys() == {"stands"}


def test_with_the_further_judgement_it_can_be_settled(officer):
    moderation = disputed.dispute(status="moderation")
    made = disputed.further(moderation, officer)
    rounds.answer(made.pk, "accept", by=made.assessor.user)
    fill_and_submit(made, 4)
    with pytest.raises(RuleBroken):
        moderations.settle(moderation.pk, "third", disputed.WHY, by=officer)  # the score with him is not computed yet
    runs.score_round(moderation.entry.round_id)
    moderations.settle(moderation.pk, "third", disputed.WHY, by=officer)
    runs.score_round(moderation.entry.round_id, force=True)
    assert [row.status for row in Moderation.objects.all()] == ["closed"]
    rounds.move_round(moderation.entry.round_id, "score", by=officer)


def test_who_is_still_at_work_for_it_is_told_that_it_is_over(officer):
    moderation = disputed.dispute(status="moderation")
    made = disputed.further(moderation, officer)
    moderations.settle(moderation.pk, "stands", disputed.WHY, by=officer)
    made.refresh_from_db()
    assert made.status == "withdrawn"
    assert Notice.objects.filter(user=made.assessor.user, kind="assignment_withdrawn").count() == 1
    assert disputed.WHY not in Notice.objects.get(user=made.assessor.user, kind="assignment_withdrawn").text_fa
    assert [move.action for move in moderation.moves.all()] == ["raise", "summon", "lapse", "close"]


def test_a_settled_discussion_is_over_and_can_be_read():
    moderation, officer = disputed.discussion()
    one = disputed.people(moderation.entry)[0]
    moderations.settle(moderation.pk, "stands", disputed.WHY, by=officer)
    for act in (
        lambda: discussions.say(moderation.pk, "x", by=one),
        lambda: discussions.propose(moderation.pk, moderation.points.first().indicator_id, "3", "x", by=one),
        lambda: discussions.agree(moderation.pk, moderation.points.first().indicator_id, "3", "x", by=officer),
    ):
        with pytest.raises(RuleBroken):
            act()
    assert Moderation.objects.visible_to(one).get() == moderation
    assert Notice.objects.filter(user=one, kind="discussion_over").count() == 1
    assert not selectors.asked_to_discuss(one).exists()


def test_several_are_settled_for_one_reason(officer):
    first = disputed.dispute()
    disputed.judged(disputed.another_entry(first.entry), *disputed.APART)
    elsewhere = disputed.dispute()
    chosen = [row.pk for row in Moderation.objects.all()]
    with pytest.raises(RuleBroken):
        moderations.settle_as_they_stand(first.entry.round_id, chosen, " ", by=officer)
    assert moderations.settle_as_they_stand(first.entry.round_id, chosen, disputed.WHY, by=officer) == 2
    with pytest.raises(RuleBroken):
        moderations.settle_as_they_stand(first.entry.round_id, chosen, disputed.WHY, by=officer)
    elsewhere.refresh_from_db()
    assert elsewhere.status == "raised"


@pytest.mark.parametrize("person", [factories.representative, lambda: factories.assessor().user])
def test_only_officers_decide(person):
    moderation = disputed.dispute()
    for act in (
        lambda by: moderations.settle(moderation.pk, "stands", "x", by=by),
        lambda by: moderations.discuss(moderation.pk, [1], by=by),
        lambda by: moderations.summon(moderation.pk, 1, by=by),
        lambda by: moderations.settle_as_they_stand(moderation.entry.round_id, [moderation.pk], "x", by=by),
    ):
        with pytest.raises(RuleBroken):
            act(person())


def test_who_is_set_aside_is_not_let_in(officer):
    moderation = disputed.dispute(1, 4, 4, 4, moderation="consensus")
    set_aside.set_aside(moderation.entry.round_id, moderation.entry.assignments.get(alias=2).assessor_id, by=officer, why="x")
    moderations.discuss(moderation.pk, disputed.points(moderation), by=officer)
    assert [member.assignment.alias for member in moderation.members.all()] == [1, 3, 4]


# ------------------------------------------------------------------ at once
@pytest.mark.django_db(transaction=True)
def test_two_officers_settle_at_once():
    moderation, officers = disputed.dispute(), [factories.officer(), factories.officer()]
    outcomes = at_once(*(lambda by=by: moderations.settle(moderation.pk, "stands", disputed.WHY, by=by) for by in officers))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Moderation", "RuleBroken"]
    assert moderation.moves.filter(action="close").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_officers_summon_at_once():
    moderation, officers = disputed.dispute(), [factories.officer(), factories.officer()]
    people = [factories.assessor(), factories.assessor()]
    outcomes = at_once(
        *(lambda by=by, who=who: moderations.summon(moderation.pk, who.pk, by=by) for by, who in zip(officers, people, strict=True))
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Assignment", "RuleBroken"]
    assert moderation.entry.assignments.count() == 4
