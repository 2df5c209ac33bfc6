"""The phases of a round: what each allows, and when the round moves on by itself."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from assessments import rules, tasks
from assessments.models import Assignment, Round, RoundMove
from assessments.selectors import phases as selectors
from assessments.services import deadlines, phases, rounds, runs
from secretariat import calendar
from secretariat.errors import RuleBroken
from secretariat.models import Letter, Notice
from tests import factories
from tests.assessments import round_pages
from tests.refusal import refused
from tests.together import at_once

pytestmark = pytest.mark.django_db
Status = rules.RoundStatus


@pytest.fixture(autouse=True)
def _english(in_english):
    with translation.override("en"):
        yield


@pytest.fixture
def officer():
    return factories.officer()


def ago(**span):
    return timezone.now() - timedelta(**span)


def ahead(**span):
    return timezone.now() + timedelta(**span)


def dated(round_, **fields):
    Round.objects.filter(pk=round_.pk).update(**fields)
    round_.refresh_from_db()
    return round_


def judged(officer, *steps, **fields):
    """A round with one well-judged entry, taken along `steps`."""
    entry = factories.entry(factories.round_("open", **fields))
    for _ in range(3):
        factories.submitted_assessment(entry)
    runs.inputs_changed(entry.pk)
    runs.score_round(entry.round_id)
    for step in steps:
        rounds.move_round(entry.round_id, step, by=officer)
    return Round.objects.get(pk=entry.round_id)


def told(kind):
    return list(Notice.objects.filter(kind=kind).order_by("pk"))


# ------------------------------------------------------------------ the table
def test_every_phase_says_what_it_allows():
    assert list(rules.ALLOWS) == list(Status)
    assert {act for acts in rules.ALLOWS.values() for act in acts} == set(rules.Act)


def test_questions_about_phases_are_answered_from_the_table():
    assert rules.EDITABLE_ROUNDS == (Status.DRAFT, Status.OPEN)
    assert rules.LIVE_ROUNDS == (Status.DRAFT, Status.OPEN, Status.MODERATION)
    assert rules.FIXED_ROUNDS == (Status.SCORED, Status.CONFIRMED)
    assert rules.PUBLIC_ROUNDS == (Status.PUBLISHED, Status.APPEAL, Status.FINAL)
    assert rules.SETTLED_ROUNDS == rules.FIXED_ROUNDS + rules.PUBLIC_ROUNDS
    assert rules.BINDING_ROUNDS == rules.LIVE_ROUNDS + rules.FIXED_ROUNDS
    assert rules.rounds_that_allow(rules.Act.ASSESS) == (Status.OPEN,)


# ------------------------------------------------------------------ by date
def test_a_round_opens_by_itself_once_and_asks_those_who_were_chosen():
    entry = factories.entry(factories.round_(opens_at=ago(minutes=1)))
    chosen = factories.assignment(entry, status="offered")
    assert phases.keep_time() == 1
    assert phases.keep_time() == 0
    move = entry.round.moves.get()
    assert (move.action, move.source, move.target, move.by) == ("open", "draft", "open", None)
    assert [notice.user for notice in told("assignment_offered")] == [chosen.assessor.user]


def test_a_round_waits_for_its_date_and_without_one_for_an_officer():
    factories.entry(factories.round_(opens_at=ahead(minutes=1)))
    factories.entry(factories.round_())
    factories.entry(dated(factories.round_("open"), deadline=ago(days=2)))
    assert phases.keep_time() == 0 and not RoundMove.objects.exists()


def test_a_round_that_cannot_keep_its_date_says_so_once_and_goes_on_when_it_can(officer):
    round_ = factories.round_(opens_at=ago(hours=1))
    for _ in range(3):
        assert phases.keep_time() == 0
    (notice,) = told("round_stuck")
    assert notice.user == officer and "Add at least one product" in notice.text_en and "Open the round" in notice.text_en
    assert "محصول" in notice.text_fa and round_.title_fa in notice.text_fa
    dated(round_, opens_at=ago(minutes=5))
    phases.keep_time()
    assert len(told("round_stuck")) == 2  # a new date is a new promise
    factories.entry(round_)
    assert phases.keep_time() == 1 and Round.objects.get().status == Status.OPEN


def test_a_round_found_late_with_its_deadline_behind_it_stays_shut(officer):
    entry = factories.entry(dated(factories.round_(), opens_at=ago(days=9), deadline=ago(days=1)))
    assert phases.keep_time() == 0
    assert "deadline of this round has passed" in told("round_stuck")[0].text_en
    assert Round.objects.get(pk=entry.round_id).status == Status.DRAFT


def test_a_round_closes_by_itself_after_its_deadline():
    entry = factories.entry(factories.round_("open", closes_itself=True))
    waiting = factories.assignment(entry)
    assert phases.keep_time() == 0
    dated(entry.round, deadline=ago(seconds=5))
    assert phases.keep_time() == 1
    assert Round.objects.get().status == Status.MODERATION
    assert entry.round.moves.get().by is None
    waiting.refresh_from_db()
    assert waiting.status == "accepted"  # what was not submitted stays as it was, and does not count


def test_a_round_does_not_close_on_somebody_who_was_given_more_time(officer):
    entry = factories.entry(factories.round_("open", closes_itself=True))
    slow, done = factories.assignment(entry), factories.assignment(entry)
    deadlines.give_time(entry.round_id, [slow.pk], ahead(days=30), by=officer, why="Illness")
    dated(entry.round, deadline=ago(seconds=5))
    assert selectors.planned_step(entry.round).at == Assignment.objects.get(pk=slow.pk).due_at
    assert phases.keep_time() == 0
    rounds.withdraw(slow.pk, by=officer, why="He gave up")
    assert done.status == "accepted" and phases.keep_time() == 1


def test_confirmed_results_are_published_on_their_day_and_appeals_open(officer):
    round_ = judged(officer, "close", "score", "confirm", publish_at=ahead(days=40), appeal_days=5)
    assert phases.keep_time() == 0
    dated(round_, deadline=ago(days=3), publish_at=ago(minutes=1))
    assert phases.keep_time() == 1
    round_.refresh_from_db()
    assert round_.status == Status.APPEAL
    last = calendar.deadline(calendar.today(), 5).due
    assert calendar.day_of(round_.appeals_until) == last and f"{calendar.in_tehran(round_.appeals_until):%H:%M}" == "23:59"
    steps = [(move.action, move.by) for move in round_.moves.all()]
    assert steps[-2:] == [("publish", None), ("open_appeals", None)]


def test_what_is_not_confirmed_is_not_published_by_date(officer):
    round_ = judged(officer, "close", "score")
    dated(round_, deadline=ago(days=3), publish_at=ago(days=1))
    assert phases.keep_time() == 0
    rounds.move_round(round_.pk, "confirm", by=officer)
    assert phases.keep_time() == 1  # late, but at once


def test_results_become_final_when_the_time_for_appeals_is_over(officer, monkeypatch):
    round_ = judged(officer, "close", "score", "confirm", "publish", appeal_days=3)
    assert round_.status == Status.APPEAL
    with pytest.raises(RuleBroken, match="Appeals are taken until"):
        rounds.move_round(round_.pk, "finish", by=officer)
    dated(round_, appeals_until=ago(minutes=1))
    monkeypatch.setattr(rules.rounds, "OPEN_MATTERS", [lambda found: "Two appeals are undecided."])
    assert phases.keep_time() == 0
    assert "Two appeals are undecided." in told("round_stuck")[0].text_en
    with pytest.raises(RuleBroken, match="Two appeals"):
        rounds.move_round(round_.pk, "finish", by=officer)
    monkeypatch.setattr(rules.rounds, "OPEN_MATTERS", [lambda found: None])
    assert phases.keep_time() == 1
    assert Round.objects.get(pk=round_.pk).status == Status.FINAL


def test_without_time_for_appeals_an_officer_makes_the_results_final(officer):
    round_ = judged(officer, "close", "score", "confirm", "publish")
    assert round_.status == Status.PUBLISHED
    with pytest.raises(RuleBroken, match="how many working days"):
        rounds.move_round(round_.pk, "open_appeals", by=officer)
    rounds.edit_round(round_.pk, by=officer, version=round_.version, appeal_days=4)
    assert rounds.move_round(round_.pk, "open_appeals", by=officer).status == Status.APPEAL
    other = judged(officer, "close", "score", "confirm", "publish")
    assert rounds.move_round(other.pk, "finish", by=officer).status == Status.FINAL


def test_one_round_that_fails_does_not_keep_the_others_waiting(monkeypatch, caplog):
    broken, sound = (factories.entry(factories.round_(opens_at=ago(minutes=1))).round for _ in range(2))
    real = rounds.move_round

    def fails_once(pk, *args, **words):
        if pk == broken.pk:
            raise RuntimeError("lost")
        return real(pk, *args, **words)

    monkeypatch.setattr(rounds, "move_round", fails_once)
    assert phases.keep_time() == 1
    sound.refresh_from_db()
    assert sound.status == Status.OPEN and "could not keep its date" in caplog.text


def test_the_task_keeps_dates_and_lets_requests_lapse():
    entry = factories.entry(factories.round_(opens_at=ago(minutes=1)))
    late = factories.assignment(status="offered")
    Assignment.objects.filter(pk=late.pk).update(answer_by=ago(minutes=1))
    tasks.keep_time()
    late.refresh_from_db()
    assert late.status == "lapsed" and Round.objects.get(pk=entry.round_id).status == Status.OPEN


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_take_one_step():
    entry = factories.entry(factories.round_(opens_at=ago(minutes=1)))
    factories.assignment(entry, status="offered")
    outcomes = at_once(*[phases.keep_time] * 3)
    assert sorted(outcomes) == [0, 0, 1]
    assert entry.round.moves.count() == 1 and Letter.objects.count() == 1


# ------------------------------------------------------------------ two officers
def test_who_fixed_the_scores_does_not_confirm_them(officer):
    round_ = judged(officer, "close", "score", needs_second=True)
    with pytest.raises(RuleBroken, match="may not"):
        rounds.move_round(round_.pk, "confirm", by=officer)
    assert officer.display_name in selectors.picture(round_).hand
    with refused("confirmed_by_a_second_officer"):
        RoundMove.objects.bulk_create([RoundMove(round=round_, action="confirm", source="scored", target="confirmed", by=officer)])
    with refused("confirmed_by_a_second_officer"):
        RoundMove.objects.bulk_create([RoundMove(round=round_, action="confirm", source="scored", target="confirmed", by=None)])
    assert rounds.move_round(round_.pk, "confirm", by=factories.officer()).status == Status.CONFIRMED


def test_the_second_officer_is_asked_for_by_the_last_fixing(officer):
    other = factories.officer()
    round_ = judged(officer, "close", "score", needs_second=True)
    rounds.move_round(round_.pk, "revise", by=other, why="A mistake")
    rounds.move_round(round_.pk, "score", by=other)
    with pytest.raises(RuleBroken, match="may not"):
        rounds.move_round(round_.pk, "confirm", by=other)
    assert rounds.move_round(round_.pk, "confirm", by=officer).status == Status.CONFIRMED


def test_the_wish_for_a_second_officer_stays_once_scores_are_fixed(officer):
    round_ = judged(officer, "close", "score", needs_second=True)
    with pytest.raises(RuleBroken, match="no longer be changed"):
        rounds.edit_round(round_.pk, by=officer, version=round_.version, needs_second=False)


# ------------------------------------------------------------------ the form and the page
SIGHT = {"see_submitter": "always", "see_ratings": "never", "see_names": "never", "see_aggregates": "never"}
LIMITS = {"gap_total": "20", "gap_indicator": "40", "moderation": "third", "moderation_days": "7"}


def test_dates_and_reminders_are_written_in_the_form(client, officer):
    client.force_login(officer)
    typed = {"title_fa": "دور", "deadline": round_pages.jalali(20), "panel_size": "3", "cuts": "70", **SIGHT, **LIMITS}
    more = {
        "opens_at": round_pages.jalali(2), "closes_itself": "on", "publish_at": round_pages.jalali(40), "needs_second": "on",
        "appeal_days": "۱۰", "answer_days": "4", "remind_before": "۷، ۲", "remind_after": "", "remind_offers": "1 3", "escalate_after": "2",
    }  # fmt: skip
    assert client.post(reverse("round_new"), {**typed, **more}).status_code == 302
    made = Round.objects.get()
    assert made.opens_at == calendar.morning(timezone.localdate() + timedelta(days=2))
    assert (made.closes_itself, made.needs_second, made.appeal_days, made.answer_days) == (True, True, 10, 4)
    assert (made.remind_before, made.remind_after, made.remind_offers, made.escalate_after) == ([7, 2], [], [1, 3], [2])
    page = client.get(reverse("round_edit", args=[made.pk])).content.decode()
    assert 'value="7, 2"' in page


@pytest.mark.parametrize(
    ("field", "days", "words"),
    [("opens_at", 30, "must open before its deadline"), ("publish_at", 10, "cannot be published before the deadline")],
)
def test_dates_that_cannot_be_kept_are_explained_beside_the_field(client, officer, field, days, words):
    client.force_login(officer)
    typed = {"title_fa": "دور", "deadline": round_pages.jalali(20), "panel_size": "3", "cuts": "70", **SIGHT, **LIMITS, field: round_pages.jalali(days)}
    answer = client.post(reverse("round_new"), typed)
    assert answer.status_code == 422 and words in answer.context["form"].errors[field][0] and not Round.objects.exists()


def test_the_deadline_is_not_moved_behind_the_publication(officer):
    round_ = factories.round_("open", publish_at=ahead(days=30))
    with pytest.raises(RuleBroken, match="published before that"):
        rounds.extend_deadline(round_.pk, ahead(days=31), by=officer, why="x")


def test_reminders_that_are_no_working_days_are_explained(client, officer):
    client.force_login(officer)
    typed = {"title_fa": "دور", "deadline": round_pages.jalali(20), "panel_size": "3", "cuts": "70", **SIGHT, **LIMITS, "remind_before": "7, soon"}
    answer = client.post(reverse("round_new"), typed)
    assert answer.status_code == 422 and "remind_before" in answer.context["form"].errors and "7, soon" in answer.content.decode()


def states(round_):
    return [(phase.status, phase.state) for phase in selectors.picture(round_).phases]


def test_the_picture_tells_what_was_reached_and_what_is_planned(officer):
    round_ = judged(officer, "close", publish_at=ahead(days=40), appeal_days=5)
    found = {phase.status: phase for phase in selectors.picture(round_).phases}
    assert [phase.state for phase in found.values()] == ["done", "done", "now", "ahead", "ahead", "ahead", "ahead", "ahead"]
    assert found[Status.MODERATION].reached == round_.moves.get(action="close").at
    assert found[Status.PUBLISHED].planned == round_.publish_at and found[Status.PUBLISHED].reached is None
    rounds.move_round(round_.pk, "score", by=officer)
    rounds.move_round(round_.pk, "revise", by=officer, why="A mistake")
    again = selectors.picture(Round.objects.get(pk=round_.pk))
    assert {phase.status: phase.state for phase in again.phases}[Status.SCORED] == "ahead"


def test_without_appeals_the_picture_has_no_such_phase():
    assert Status.APPEAL not in dict(states(factories.round_()))


def test_the_picture_of_a_cancelled_round_ends_there(officer):
    round_ = judged(officer)
    rounds.move_round(round_.pk, "cancel", by=officer, why="No money")
    found = states(Round.objects.get(pk=round_.pk))
    assert found[0] == (Status.DRAFT, "done") and found[-1] == (Status.CANCELLED, "now") and (Status.PUBLISHED, "off") in found


def test_the_page_shows_the_phases_and_what_is_in_the_way(client, officer):
    client.force_login(officer)
    entry = factories.entry(factories.round_("moderation"))
    page = client.get(reverse("round_detail", args=[entry.round_id])).content.decode()
    assert 'aria-current="step"' in page and "In the way of “Fix the scores”" in page
    assert f"Fewer than 3 assessments were submitted for: “{entry.subject.title}”." in page
    draft = factories.entry(factories.round_(opens_at=ahead(days=3))).round
    page = client.get(reverse("round_detail", args=[draft.pk])).content.decode()
    assert "Nothing stands in the way." in page and "By itself: “Open the round”" in page


@pytest.mark.parametrize("status", list(Status))
def test_every_phase_has_its_page(client, officer, status):
    client.force_login(officer)
    round_ = factories.round_(status)
    page = client.get(reverse("round_detail", args=[round_.pk]))
    assert page.status_code == 200 and str(rules.HANDS[status]) in page.content.decode()


@pytest.mark.parametrize("action", ["open_appeals", "finish"])
def test_the_last_steps_are_taken_on_a_page(client, officer, action):
    client.force_login(officer)
    round_ = factories.round_("published", appeal_days=7)
    url = reverse("round_move", args=[round_.pk, action])
    assert client.get(url).status_code == 200
    assert client.post(url).status_code == 302
    round_.refresh_from_db()
    assert round_.status == rules.ROUND_MOVES[action].target
    assert client.post(url).status_code == 422
    client.force_login(factories.representative())
    assert client.get(url).status_code == 404
