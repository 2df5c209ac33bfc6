"""The panel's discussion of a disagreement: who is let in, what is said under numbers, and the values agreed on."""

import pytest
from django.db import connection

from assessments.models import (
    Assignment,
    ConflictOfInterest,
    ModeratedRating,
    ModeratedScore,
    Moderation,
    ModerationMessage,
    Rating,
    Score,
)
from assessments.selectors import moderations as selectors
from assessments.selectors.rounds import candidates
from assessments.services import assessments, discussions, moderations, rounds, runs
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Letter, Notice
from tests import factories
from tests.assessments import disputed
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return factories.officer()


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
