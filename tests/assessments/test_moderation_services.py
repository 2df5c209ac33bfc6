"""What people do about a disagreement: one more assessor, the panel's discussion, agreed values, and settling it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from assessments import tasks
from assessments.models import (
    Assessment,
    Assessor,
    Assignment,
    ConflictOfInterest,
    ModeratedRating,
    ModeratedScore,
    Moderation,
    ModerationMessage,
    Rating,
    Round,
    Score,
)
from assessments.selectors import moderations as selectors
from assessments.selectors.rounds import candidates, my_work
from assessments.services import assessments, deadlines, discussions, moderations, rounds, runs, set_aside
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Letter, Notice
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


# ------------------------------------------------------------------ the discussion
def test_the_panel_is_let_in_and_told_once_and_nobody_is_named(officer):
    factories.assessor(last_name="بیگانه")
    moderation = disputed.dispute(moderation="consensus")
    moderations.discuss(moderation.pk, disputed.points(moderation), by=officer)
    panel = disputed.people(moderation.entry)
    assert [member.assignment.assessor.user for member in moderation.members.all()] == panel
    told = Notice.objects.filter(kind="discussion_opened")
    assert sorted(told.values_list("user", flat=True)) == sorted(user.pk for user in panel)
    said = "".join(told.values_list("text_fa", flat=True)) + "".join(Letter.objects.values_list("text", flat=True))
    assert officer.last_name not in said
    assert moderation.entry.subject.agency.name not in said
    for user in panel:
        assert said.count(user.last_name) == 1  # the greeting of his own letter
    with pytest.raises(RuleBroken):
        moderations.discuss(moderation.pk, disputed.points(moderation), by=officer)
    assert Notice.objects.filter(kind="discussion_opened").count() == 3


def test_a_discussion_is_about_something_and_between_two(officer):
    moderation = disputed.dispute(moderation="consensus")
    for nothing in ([], [0]):
        with pytest.raises(RuleBroken):
            moderations.discuss(moderation.pk, nothing, by=officer)
    asked = disputed.points(moderation)
    for assignment in moderation.entry.assignments.all()[:2]:
        Assignment.objects.filter(pk=assignment.pk).update(status="withdrawn")
    with pytest.raises(RuleBroken):
        moderations.discuss(moderation.pk, asked, by=officer)
    assert not moderation.members.exists()


def test_what_is_asked_by_rule_is_what_lies_beyond_the_limit_or_makes_the_totals_differ():
    same = {"D1I1": 4, "D1I2": 4, "D2I1": 4, "D2I2": 4}
    moderation = disputed.dispute({**same, "D1I1": 1, "D2I2": 3}, same, same)
    wide = selectors.widest(moderation)
    assert [(one.indicator.code, one.gap, one.is_asked) for one in wide] == [("D1I1", 75.0, True), ("D2I2", 25.0, False)]
    assert wide[0].weighed == pytest.approx(75 / 4)
    moderation = disputed.dispute(3, 4, 4, gap_indicator=0)
    assert [one.is_asked for one in selectors.widest(moderation)] == [True] * 4


def test_while_and_after_it_runs_the_ratings_stay_locked(officer):
    moderation, moderator = disputed.discussion()
    first = moderation.entry.assignments.get(alias=1)
    with pytest.raises(RuleBroken):
        assessments.reopen(first.pk, by=officer, why="x")
    moderations.settle(moderation.pk, "stands", disputed.WHY, by=moderator)
    with pytest.raises(RuleBroken):
        assessments.reopen(first.pk, by=officer, why="x")
    other = factories.submitted_assessment(disputed.another_entry(moderation.entry), 4, assessor_=first.assessor)
    assessments.reopen(other.assignment.pk, by=officer, why="x")  # his other products are not concerned


def test_messages_are_told_of_once_until_they_are_read(officer):
    moderation, moderator = disputed.discussion()
    one, two, three = disputed.people(moderation.entry)
    discussions.say(moderation.pk, "نخست", by=one, indicator_id=moderation.points.first().indicator_id)
    discussions.say(moderation.pk, "دوم", by=one)
    news = Notice.objects.filter(kind="discussion_news")
    assert sorted(news.values_list("user", flat=True)) == sorted([two.pk, three.pk, moderator.pk])
    assert not news.filter(text_fa__contains="نخست").exists()
    discussions.seen(moderation, by=two)
    discussions.say(moderation.pk, "سوم", by=three)
    assert sorted(news.values_list("user", flat=True)) == sorted([one.pk, two.pk, two.pk, three.pk, moderator.pk])


def test_what_is_said_stands_under_numbers(officer):
    moderation, moderator = disputed.discussion()
    one, two, _three = disputed.people(moderation.entry)
    discussions.say(moderation.pk, "به نظر من", by=one)
    discussions.say(moderation.pk, "لطفاً", by=moderator)
    seat = selectors.seat_of(two, moderation)
    assert [(said.speaker, said.is_secretariat) for said in selectors.messages_of(moderation, seat)] == [
        ("ارزیاب ۱", False), ("دبیرخانه", True),
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["stranger", "other assessor", "agency", "recused", "tied", "pending"])
def test_nobody_else_says_or_proposes_anything(who):
    moderation, _officer = disputed.discussion()
    entry, point = moderation.entry, moderation.points.first().indicator_id
    if who == "stranger":
        person = factories.user()
    elif who == "other assessor":
        person = factories.submitted_assessment(disputed.another_entry(entry), 4).assignment.assessor.user
    elif who == "agency":
        person = factories.representative(entry.subject.agency)
    elif who == "pending":
        person = factories.assignment(entry, status="accepted").assessor.user
    else:
        assignment = entry.assignments.get(alias=1)
        person = assignment.assessor.user
        if who == "recused":
            ConflictOfInterest.objects.create(
                assessor=assignment.assessor, subject=entry.subject, source="declared", reason="x", by=person
            )
        else:
            factories.granted("representative", person, agency=entry.subject.agency)
    with pytest.raises(Moderation.DoesNotExist):
        discussions.say(moderation.pk, "سلام", by=person)
    with pytest.raises(Moderation.DoesNotExist):
        discussions.propose(moderation.pk, point, "4", "x", by=person)
    with pytest.raises(RuleBroken):
        discussions.agree(moderation.pk, point, "4", "x", by=person)
    assert not Moderation.objects.visible_to(person).exists()
    assert not ModerationMessage.objects.exists()


def test_nobody_moderates_a_panel_that_he_sits_on():
    moderation = disputed.dispute(moderation="consensus")
    himself = disputed.people(moderation.entry)[0]
    factories.granted("officer", himself)
    with pytest.raises(RuleBroken):
        moderations.discuss(moderation.pk, disputed.points(moderation), by=himself)
    with pytest.raises(RuleBroken):
        moderations.settle(moderation.pk, "stands", disputed.WHY, by=himself)


@pytest.mark.parametrize(("raw", "why", "field"), [("", "x", "value"), ("9", "x", "value"), ("na", "x", "value"), ("4", " ", "why")])
def test_a_proposal_is_a_value_of_the_scale_with_a_reason(raw, why, field):
    moderation, _officer = disputed.discussion()
    with pytest.raises(RuleBroken) as broken:
        discussions.propose(moderation.pk, moderation.points.first().indicator_id, raw, why, by=disputed.people(moderation.entry)[0])
    assert broken.value.field == field


def test_a_proposal_leaves_the_rating_as_it_was():
    moderation, _officer = disputed.discussion()
    point, one = moderation.points.first().indicator, disputed.people(moderation.entry)[0]
    before = list(Rating.objects.order_by("pk").values_list("pk", "value", "comment"))
    discussions.propose(moderation.pk, point.pk, "2", "نخست", by=one)
    discussions.propose(moderation.pk, point.pk, "3", "سپس", by=one)
    (told,) = [told for told in selectors.points_of(moderation) if told.indicator == point]
    assert [(seat.alias, seat.proposal and seat.proposal.said[0], seat.why) for seat in told.seats] == [
        (1, 3, "سپس"), (2, None, ""), (3, None, ""),
    ]  # fmt: skip
    assert list(Rating.objects.order_by("pk").values_list("pk", "value", "comment")) == before


def test_who_has_discussed_is_never_asked_about_it_again(officer):
    moderation, _moderator = disputed.discussion()
    first = moderation.entry.assignments.get(alias=1)
    Assignment.objects.filter(pk=first.pk).update(status="withdrawn")
    with pytest.raises(RuleBroken):
        rounds.assign(moderation.entry_id, first.assessor_id, by=officer)
    (told,) = [one for one in candidates(moderation.entry) if one.assessor == first.assessor]
    assert told.refusal


# ------------------------------------------------------------------ agreed values
def test_agreed_values_stand_beside_the_ratings_and_change_no_score():
    moderation, officer = disputed.discussion()
    before = list(Score.objects.filter(run=moderation.entry.round.run_id).values_list("entry", "indicator", "value", "raw_mean"))
    ratings = list(Rating.objects.order_by("pk").values_list("pk", "value"))
    disputed.agreed(moderation, officer, "3")
    entry = moderation.entry
    entry.refresh_from_db()
    entry.round.refresh_from_db()
    after = list(Score.objects.filter(run=entry.round.run_id).values_list("entry", "indicator", "value", "raw_mean"))
    assert (sorted(before, key=str), ratings) == (sorted(after, key=str), list(Rating.objects.order_by("pk").values_list("pk", "value")))
    made = ModeratedScore.objects.get(run=entry.round.run_id)
    assert (made.mean, made.value, made.change) == (50.0, 50.0, 0.0)
    assert not entry.is_stale
    assert list(runs.differences()) == []


def test_the_total_with_agreed_values_follows_the_tree_of_the_sheet():
    same = {"D1I1": 4, "D1I2": 4, "D2I1": 4, "D2I2": 4}
    moderation, officer = disputed.discussion({**same, "D1I1": 1}, same, same)
    disputed.agreed(moderation, officer, "5")
    made = ModeratedScore.objects.get()
    assert made.mean == pytest.approx(75 - 75 / 3 / 4)
    assert made.value == pytest.approx(75 + 25 / 4)


def test_a_revision_is_added_and_the_earlier_one_stays():
    moderation, officer = disputed.discussion()
    point = moderation.points.first().indicator_id
    discussions.agree(moderation.pk, point, "3", "نخست", by=officer)
    with pytest.raises(Stale) as stale:
        discussions.agree(moderation.pk, point, "4", "دوم", by=factories.officer())
    assert stale.value.current.comment == "نخست"
    discussions.agree(moderation.pk, point, "4", "دوم", by=officer, seen=1)
    assert list(ModeratedRating.objects.values_list("number", "value", "comment")) == [(1, 3, "نخست"), (2, 4, "دوم")]
    (told,) = [told for told in selectors.points_of(moderation) if told.indicator.pk == point]
    assert (told.agreed.number, [rating.number for rating, _value in told.earlier]) == (2, [1])


def test_what_is_not_agreed_in_the_end_counts_nowhere():
    moderation, officer = disputed.discussion()
    for point in moderation.points.all():
        discussions.agree(moderation.pk, point.indicator_id, "3", "x", by=officer)
    moderations.settle(moderation.pk, "stands", disputed.WHY, by=officer)
    runs.score_round(moderation.entry.round_id, force=True)
    assert not ModeratedScore.objects.exists()


def test_a_stored_total_that_nobody_agreed_on_is_noticed():
    moderation, officer = disputed.discussion()
    disputed.agreed(moderation, officer)
    ModeratedScore.objects.update(value=99)
    (found,) = runs.differences()
    assert "99" in found


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


@pytest.mark.django_db(transaction=True)
def test_a_message_and_the_end_of_the_discussion_at_once():
    moderation, officer = disputed.discussion()
    one = disputed.people(moderation.entry)[0]
    outcomes = at_once(
        lambda: discussions.say(moderation.pk, "در آخرین لحظه", by=one),
        lambda: moderations.settle(moderation.pk, "stands", disputed.WHY, by=officer),
    )
    assert type(outcomes[1]).__name__ == "Moderation"
    assert type(outcomes[0]).__name__ in ("ModerationMessage", "RuleBroken")
    assert ModerationMessage.objects.count() == (type(outcomes[0]).__name__ == "ModerationMessage")


@pytest.mark.django_db(transaction=True)
def test_opening_a_sheet_again_and_opening_the_discussion_at_once():
    officer = factories.officer()
    moderation = disputed.dispute(moderation="consensus")
    asked, first = disputed.points(moderation), moderation.entry.assignments.get(alias=1)
    at_once(
        lambda: moderations.discuss(moderation.pk, asked, by=officer),
        lambda: assessments.reopen(first.pk, by=officer, why="x"),
    )
    first.refresh_from_db()
    members = set(moderation.members.values_list("assignment", flat=True))
    assert (first.status == "submitted") == (first.pk in members or not members)
    connection.close()
