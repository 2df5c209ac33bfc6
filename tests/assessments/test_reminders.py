"""Reminders: on the right day, once, to those who owe something, of their own products; and lateness told to those who can help."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessments import rules, tasks
from assessments.forms.timetable import WorkingDaysField
from assessments.models import Assignment, Escalation, Reminder, Round
from assessments.selectors import reminders as selectors
from assessments.services import deadlines, reminders, rounds
from secretariat import calendar
from secretariat.models import Holiday, Letter, Notice, User
from tests import factories
from tests.assessments import round_pages
from tests.assessments.reminding import DUE, SATURDAY, at_work, english, on, sent, working
from tests.together import at_once

pytestmark = pytest.mark.django_db
Kind = Reminder.Kind


@pytest.fixture(autouse=True)
def _english(in_english):
    with translation.override("en"):
        yield


@pytest.fixture
def officer():
    return factories.officer()


# ------------------------------------------------------------------ which stage has come
stages = st.sets(st.integers(1, 60), max_size=6)
# Whatever the machine is busy with, drawing a few small numbers is no fault.
at_ease = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@at_ease
@given(stages, st.integers(0, 60))
def test_the_nearest_stage_before_the_deadline(stages, left):
    stage = rules.stage_before(left, stages)
    assert (stage is None) == all(left > one for one in stages)
    if stage is not None:
        assert left <= stage and not any(left <= one < stage for one in stages)
        assert stage <= (rules.stage_before(left + 1, stages) or 61)


@at_ease
@given(stages, st.integers(0, 60))
def test_the_farthest_stage_afterwards(stages, passed):
    stage = rules.stage_after(passed, stages)
    assert (stage is None) == all(passed < one for one in stages)
    if stage is not None:
        assert passed >= stage and not any(stage < one <= passed for one in stages)


# ------------------------------------------------------------------ on their days
def test_reminders_go_out_on_their_days_and_only_once():
    at_work()
    days = [DUE + timedelta(days=step) for step in range(-14, 8)]
    for day in days:
        for hour in (7, 8, 9, 20):
            reminders.send_due(on(day, hour))
    assert sent() == [("before", 7), ("before", 3), ("before", 1), ("after", 1), ("after", 3)]
    assert Letter.objects.count() == 5 and Notice.objects.count() == 5


@pytest.mark.parametrize(("days", "kind"), [(-7, ("before", 7)), (-3, ("before", 3)), (-1, ("before", 1)), (1, ("after", 1)), (3, ("after", 3))])
def test_each_stage_is_the_first_working_day_so_far_away(days, kind):
    at_work()
    day = working(days)
    before = calendar.deadline(day, -1).due
    reminders.send_due(on(before))
    assert kind not in sent()
    reminders.send_due(on(day))
    assert kind in sent()


def test_holidays_are_not_counted_and_nobody_is_reminded_on_them():
    Holiday.objects.create(date=working(-3), title_fa="تعطیل", title_en="A holiday")
    at_work(remind_before=[3])
    assert reminders.send_due(on(calendar.deadline(DUE, -3).due)) == 1
    Holiday.objects.create(date=calendar.deadline(DUE, -1).due, title_fa="تعطیل", title_en="Another")
    at_work(remind_before=[2])
    assert reminders.send_due(on(DUE - timedelta(days=1))) == 0  # a Friday
    assert len(sent()) == 1


def test_nothing_is_sent_before_the_day_begins():
    at_work()
    assert reminders.send_due(on(working(-7), 7)) == 0
    assert reminders.send_due(on(working(-7), 8)) == 1


def test_after_days_of_silence_one_letter_goes_out_not_three():
    at_work()
    assert reminders.send_due(on(working(-1))) == 1
    assert sent() == [("before", 1)]
    assert reminders.send_due(on(working(9))) == 1
    assert sent()[1:] == [("after", 3)]


def test_whoever_was_asked_after_a_stage_is_not_reminded_of_it():
    row = at_work()
    Assignment.objects.filter(pk=row.pk).update(offered_at=on(working(-2)))
    assert reminders.send_due(on(working(-2))) == 0
    assert reminders.send_due(on(working(-1))) == 1


def test_only_those_who_still_owe_something():
    round_ = factories.round_("open", deadline=calendar.last_moment(DUE))
    rows = {status: at_work(status=status, round_=round_) for status in ("accepted", "submitted", "declined", "withdrawn", "lapsed")}
    reminders.send_due(on(working(-7)))
    assert [row.assessor for row in Reminder.objects.all()] == [rows["accepted"].assessor]
    Round.objects.update(status="moderation")
    assert reminders.send_due(on(working(-3))) == 0


def test_a_closed_account_is_not_written_to():
    row = at_work()
    User.objects.filter(pk=row.assessor.user_id).update(is_active=False)
    assert reminders.send_due(on(working(-7))) == 0


def test_one_letter_an_assessor_and_round_with_his_products_alone():
    assessor, other = english(), english()
    round_ = factories.round_("open", deadline=calendar.last_moment(DUE))
    mine = [at_work(assessor, round_=round_) for _ in range(3)]
    others = at_work(other, round_=round_)
    elsewhere = at_work(assessor)
    assert reminders.send_due(on(working(-7))) == 3
    letter = Reminder.objects.get(assessor=assessor, round=round_)
    assert all(row.entry.subject.title in letter.text for row in mine)
    for foreign in (others, elsewhere):
        assert foreign.entry.subject.title not in letter.text
    assert other.user.display_name not in letter.text
    assert f"“{round_.title}”" in letter.text and letter.to == assessor.user.email


def test_a_letter_names_no_agency_whatever_the_round_shows():
    row = at_work(see_submitter="always")
    reminders.send_due(on(working(-7)))
    letter = Letter.objects.get()
    assert row.entry.subject.agency.name not in letter.text + letter.html + letter.subject


def test_own_deadlines_have_reminders_of_their_own(officer):
    assessor = english()
    round_ = factories.round_("open", deadline=calendar.last_moment(DUE))
    common, own = at_work(assessor, round_=round_), at_work(assessor, round_=round_)
    later = working(10)
    deadlines.give_time(round_.pk, [own.pk], calendar.last_moment(later), by=officer, why="Illness")
    assert reminders.send_due(on(working(-1))) == 1
    assert own.entry.subject.title not in Reminder.objects.get().text
    Assignment.objects.filter(pk=common.pk).update(status="withdrawn")
    assert reminders.send_due(on(calendar.deadline(later, -1).due)) == 1
    assert Reminder.objects.order_by("-pk")[0].for_day == later


def test_a_moved_deadline_is_reminded_of_anew(officer):
    row = at_work()
    reminders.send_due(on(working(-1)))
    rounds.extend_deadline(row.entry.round_id, calendar.last_moment(working(5)), by=officer, why="Snow")
    assert reminders.send_due(on(working(-1))) == 1 and sent()[-1] == ("before", 7)


def test_requests_are_reminded_of_after_asking():
    assessor = english()
    row = at_work(assessor, status="offered", remind_offers=[2, 4])
    Assignment.objects.filter(pk=row.pk).update(answer_by=calendar.last_moment(working(5, SATURDAY)))
    assert reminders.send_due(on(working(1, SATURDAY))) == 0
    assert reminders.send_due(on(working(2, SATURDAY))) == 1
    assert reminders.send_due(on(working(3, SATURDAY))) == 0
    assert reminders.send_due(on(working(4, SATURDAY))) == 1
    assert sent() == [("offer", 2), ("offer", 4)]
    letter = Reminder.objects.last()
    assert calendar.long_date(working(5, SATURDAY)) in letter.text and "accept or decline" in letter.text
    # Whoever is asked about another product later is reminded of that as well.
    again = at_work(assessor, status="offered", round_=row.entry.round)
    Assignment.objects.filter(pk=again.pk).update(offered_at=on(working(3, SATURDAY)))
    assert reminders.send_due(on(working(5, SATURDAY))) == 1
    assert row.entry.subject.title not in Reminder.objects.order_by("-pk")[0].text


def test_the_letter_is_in_the_language_of_its_reader():
    persian = factories.assessor()
    row = at_work(persian)
    reminders.send_due(on(working(-7)))
    letter = Letter.objects.get()
    assert letter.language == "fa" and "هنوز فرستاده نشده است" in letter.text and row.entry.subject.title_fa in letter.text
    assert "«" in letter.subject and not any(digit in letter.subject.replace(row.entry.round.title_fa, "") for digit in "0123456789")


def test_without_an_e_mail_address_the_desk_alone_tells():
    at_work(english(email=""))
    assert reminders.send_due(on(working(-7))) == 1
    assert not Letter.objects.exists() and Notice.objects.count() == 1 and Reminder.objects.get().to == ""


def test_one_who_fails_does_not_keep_the_others_waiting(monkeypatch, caplog):
    broken, sound = at_work(), at_work()
    real = selectors.words_for

    def fails(owed, *args):
        if owed.assessor == broken.assessor:
            raise RuntimeError("lost")
        return real(owed, *args)

    monkeypatch.setattr(selectors, "words_for", fails)
    assert reminders.send_due(on(working(-7))) == 1
    assert Reminder.objects.get().assessor == sound.assessor and "could not be reminded" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_write_one_letter():
    at_work()
    outcomes = at_once(*[lambda: reminders.send_due(on(working(-7)))] * 3)
    assert sum(outcomes) == 1, outcomes
    assert Reminder.objects.count() == Letter.objects.count() == Notice.objects.count() == 1


def test_the_task_reminds_and_tells_lateness(monkeypatch):
    at_work()
    monkeypatch.setattr(timezone, "now", lambda: on(working(-7)))
    tasks.remind()
    assert Reminder.objects.count() == 1


def test_reading_who_owes_costs_the_same_for_thirty():
    round_ = factories.round_("open", deadline=calendar.last_moment(DUE))
    at_work(round_=round_)

    def queries():
        with CaptureQueriesContext(connection) as found:
            selectors.owed_by_now(working(-7))
        return len(found)

    few = queries()
    for entry in round_pages.entries(5, factories.round_("open", deadline=calendar.last_moment(DUE))):
        for _ in range(3):
            row = factories.assignment(entry, english())
            Assignment.objects.filter(pk=row.pk).update(offered_at=on(SATURDAY))
    assert queries() == few


# ------------------------------------------------------------------ lateness
def late_world():
    officer, head = factories.officer(), factories.secretary()
    return officer, head, at_work(), at_work()


def told(user):
    return list(Notice.objects.filter(user=user, kind="assessments_late").order_by("pk"))


def test_lateness_goes_to_officers_first_and_to_the_head_later():
    officer, head, *_rows = late_world()
    for step in range(1, 8):
        reminders.tell_lateness(on(working(step), 7))
        reminders.tell_lateness(on(working(step), 9))
    assert len(told(officer)) == 1 and len(told(head)) == 2
    assert told(officer)[0].text_en.startswith("2 assessments are 2 working days late or more")
    assert told(head)[1].text_en.startswith("2 assessments are 5 working days late or more")
    assert list(Escalation.objects.values_list("level", "late").order_by("pk")) == [(1, 2), (1, 2), (2, 5), (2, 5)]


def test_lateness_is_told_once_a_day_at_most(monkeypatch):
    officer, _head, first, _second = late_world()
    moment = on(working(2), 9)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    assert reminders.tell_lateness(moment) == 2
    third = at_work()
    assert reminders.tell_lateness(moment + timedelta(hours=3)) == 0
    tomorrow = on(working(3), 9)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    assert reminders.tell_lateness(tomorrow) == 1
    assert str(third.assessor) in told(officer)[1].text_en and str(first.assessor) not in told(officer)[1].text_en


def test_who_submitted_or_was_given_time_is_not_late(officer):
    rows = [at_work(), at_work()]
    Assignment.objects.filter(pk=rows[0].pk).update(status="withdrawn")
    deadlines.give_time(rows[1].entry.round_id, [rows[1].pk], calendar.last_moment(working(9)), by=officer, why="Illness")
    assert reminders.tell_lateness(on(working(4))) == 0
    assert reminders.tell_lateness(on(working(2, working(9)))) == 1


def test_a_round_that_asks_for_nothing_tells_nothing():
    at_work(escalate_after=[])
    assert reminders.tell_lateness(on(working(30))) == 0


# ------------------------------------------------------------------ words
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{products} {agency}", "{agency}"),
        ("{products} {name.email}", "{name.email}"),
        ("{products} {0}", "{0}"),
        ("{products} {name!r}", "{name!r}"),
        ("{products} {", "not closed"),
        ("Please hurry", "Leave {products}"),
    ],
)
def test_words_that_stand_for_nothing_are_told(text, words):
    assert words in rules.fault_of_text(text)


def test_words_in_braces_are_filled_in():
    assert rules.fault_of_text("{name}: {products} {{sic}}") is None
    assert rules.filled_in("{name}: {products} {{sic}}", {"name": "{round}", "products": "a"}) == "{round}: a {sic}"


def test_the_house_own_words_are_faultless():
    for kind in selectors.TEXTS:
        for language in ("fa", "en"):
            subject, text = selectors.house_words(kind, language)
            assert rules.fault_of_text(text) is None and rules.fault_of_subject(subject) is None


@pytest.mark.parametrize("typed", ["1 2 3", "0", "61", "two"])
def test_the_days_of_escalation_are_few_and_near(typed):
    with pytest.raises(ValidationError):
        WorkingDaysField(most=2).clean(typed)
