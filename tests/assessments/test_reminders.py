"""Reminders: on the right day, once, to those who owe something, of their own products; by hand with words looked at first."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessments import rules, tasks
from assessments.forms.timetable import WorkingDaysField
from assessments.models import Assignment, Escalation, Reminder, Round
from assessments.selectors import reminders as selectors
from assessments.services import deadlines, reminders, rounds
from secretariat import calendar
from secretariat.errors import RuleBroken
from secretariat.models import Holiday, Letter, Notice, User
from tests import factories
from tests.assessments import round_pages
from tests.refusal import refused
from tests.together import at_once

pytestmark = pytest.mark.django_db
Kind = Reminder.Kind
# The deadline of these tests is at the end of a Saturday to come; everybody is asked two weeks earlier.
DUE = calendar.today() + timedelta(days=400)
DUE += timedelta(days=(5 - DUE.weekday()) % 7)
SATURDAY = DUE - timedelta(days=14)


@pytest.fixture(autouse=True)
def _english(in_english):
    with translation.override("en"):
        yield


@pytest.fixture
def officer():
    return factories.officer()


def on(day, hour=9):
    return datetime(day.year, day.month, day.day, hour, tzinfo=calendar.TEHRAN)


def working(days, start=DUE):
    return calendar.deadline(start, days).due


def english(**fields):
    return factories.assessor(user=factories.user(language="en", **fields))


def at_work(assessor=None, status="accepted", round_=None, **fields):
    """An assignment asked for on Saturday, of a round due two weeks later."""
    round_ = round_ or factories.round_("open", deadline=calendar.last_moment(DUE), **fields)
    row = factories.assignment(round_pages.entries(1, round_)[0], assessor or english(), status=status)
    Assignment.objects.filter(pk=row.pk).update(offered_at=on(SATURDAY))
    return Assignment.objects.get(pk=row.pk)


def sent(**fields):
    return list(Reminder.objects.filter(**fields).order_by("pk").values_list("kind", "days"))


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


# ------------------------------------------------------------------ what the database refuses
def bulk(row, **fields):
    said = {"assessor": row.assessor, "round": row.entry.round, "kind": "before", "days": 3, "for_day": DUE, "subject": "x", "text": "x", "language": "fa"}
    return Reminder.objects.bulk_create([Reminder(**{**said, **fields})])


def test_the_same_reminder_is_written_once(officer):
    row = at_work()
    bulk(row)
    with refused("reminded_once"):
        bulk(row)
    bulk(row, kind="hand", days=0, by=officer)
    bulk(row, kind="hand", days=0, by=officer)


def test_a_reminder_comes_by_itself_or_from_somebody(officer):
    row = at_work()
    for wrong in ({"by": officer}, {"days": 0}, {"kind": "hand", "days": 0}, {"kind": "hand", "by": officer}, {"kind": "other"}):
        with refused("reminder_by_itself_or_by_somebody"):
            bulk(row, **wrong)


def test_lateness_is_told_once_a_level_and_only_to_known_ones():
    row = at_work()
    Escalation.objects.create(assignment=row, level=1, for_day=DUE, late=2)
    with refused("lateness_told_once_a_level"):
        Escalation.objects.bulk_create([Escalation(assignment=row, level=1, for_day=DUE, late=3)])
    for wrong in ({"level": 3, "late": 2}, {"level": 2, "late": 0}):
        with refused("lateness_told_to_a_known_level"):
            Escalation.objects.bulk_create([Escalation(assignment=row, for_day=DUE, **wrong)])


def test_what_was_sent_and_told_stays():
    row = at_work()
    bulk(row)
    Escalation.objects.create(assignment=row, level=1, for_day=DUE, late=2)
    for rows in (Reminder.objects.all(), Escalation.objects.all()):
        with refused("append_only"):
            rows.update(at=timezone.now())
        with refused("append_only"):
            rows._raw_delete(rows.db)


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


# ------------------------------------------------------------------ by hand
def by_hand(client, round_, step="send", **fields):
    url = reverse("round_remind", args=[round_.pk])
    words = {"subject_en": "Please: {round}", "text_en": "Dear {name}\n\n{products}\n\n{left}"}
    return client.post(url, {"step": step, **words, **fields})


def test_an_officer_looks_at_the_letters_and_then_sends_them(client, officer):
    round_ = factories.round_("open", deadline=calendar.last_moment(DUE))
    rows = [at_work(round_=round_) for _ in range(3)]
    client.force_login(officer)
    page = client.get(reverse("round_remind", args=[round_.pk]))
    assert all(is_chosen for _owed, is_chosen in page.context["rows"]) and "{products}" in page.content.decode()
    two = [row.assessor_id for row in rows[:2]]
    looked = by_hand(client, round_, "preview", assessor=two)
    words = looked.content.decode()
    assert looked.status_code == 200 and f"Please: {round_.title}" in words and rows[0].entry.subject.title in words
    assert len(looked.context["letters"]) == 2 and not Reminder.objects.exists()
    key = str(uuid.uuid4())
    for _ in range(2):  # a double click
        assert by_hand(client, round_, assessor=two, once_key=key).url == reverse("round_reminders", args=[round_.pk])
    assert [(row.kind, row.by, row.assessor_id) for row in Reminder.objects.order_by("assessor")] == [("hand", officer, pk) for pk in sorted(two)]
    assert Letter.objects.count() == 2
    page = client.get(reverse("round_reminders", args=[round_.pk])).content.decode()
    assert f"Please: {round_.title}" in page and officer.display_name in page and "waits to be sent" in page


def test_words_that_cannot_be_sent_are_explained_and_kept(client, officer):
    row = at_work()
    client.force_login(officer)
    for fields, words in (
        ({"text_en": "No list for {name}"}, "Leave {products}"),
        ({"text_en": "{products} {agency}"}, "stands for nothing"),
        ({"subject_en": "{secret}"}, "stands for nothing"),
    ):
        answer = by_hand(client, row.entry.round, assessor=row.assessor_id, **fields)
        page = answer.content.decode()
        assert answer.status_code == 422 and words in page and next(iter(fields.values())) in page
    nobody = by_hand(client, row.entry.round)
    assert nobody.status_code == 422 and "at least one assessor" in nobody.content.decode()
    assert not Reminder.objects.exists()


def test_requests_are_reminded_of_by_hand(client, officer):
    row = at_work(status="offered")
    at_work(round_=row.entry.round)
    client.force_login(officer)
    page = client.get(reverse("round_remind", args=[row.entry.round_id]) + "?about=answers")
    assert [owed.assessor for owed, _chosen in page.context["rows"]] == [row.assessor]
    assert by_hand(client, row.entry.round, about="answers", assessor=row.assessor_id).status_code == 302
    assert row.entry.subject.title in Reminder.objects.get().text


def test_whoever_submitted_meanwhile_is_not_reminded(officer):
    row = at_work()
    round_pages.submit(row)
    with pytest.raises(RuleBroken, match="owes anything any more"):
        reminders.remind(row.entry.round_id, Kind.BEFORE, [row.assessor_id], by=officer)
    with pytest.raises(RuleBroken, match="may not"):
        reminders.remind(row.entry.round_id, Kind.BEFORE, [row.assessor_id], by=row.assessor.user)
    with pytest.raises(RuleBroken, match="Leave"):
        reminders.remind(row.entry.round_id, Kind.BEFORE, [row.assessor_id], by=officer, texts={"en": "Hurry"})
    Round.objects.update(status="moderation")
    with pytest.raises(RuleBroken, match="while the round is open"):
        reminders.remind(row.entry.round_id, Kind.BEFORE, [row.assessor_id], by=officer)


def test_the_page_tells_what_went_out_what_is_planned_and_what_was_late(client, officer):
    row = at_work()
    reminders.send_due(on(working(-7)))
    reminders.tell_lateness(on(working(2)))
    client.force_login(officer)
    page = client.get(reverse("round_reminders", args=[row.entry.round_id])).content.decode()
    assert "7 working days before the deadline" in page and row.entry.subject.title in page
    assert calendar.long_date(working(3)) in page and "3 working days after the deadline" in page
    assert "told to: officers" in page
    Letter.objects.update(sent_at=timezone.now())
    assert "gone on" in client.get(reverse("round_reminders", args=[row.entry.round_id])).content.decode()


def test_a_round_that_is_over_sends_nothing(client, officer):
    round_ = factories.round_("moderation")
    client.force_login(officer)
    assert client.get(reverse("round_remind", args=[round_.pk])).url == reverse("round_reminders", args=[round_.pk])
    assert client.get(reverse("round_reminders", args=[round_.pk])).status_code == 200


@pytest.mark.parametrize("name", ["round_reminders", "round_remind"])
def test_strangers_find_nothing(client, name):
    row = at_work()
    url = reverse(name, args=[row.entry.round_id])
    assert client.get(url).status_code == 302
    for stranger in (row.assessor.user, factories.representative()):
        client.force_login(stranger)
        assert client.get(url).status_code == 404
        assert client.post(url).status_code in (404, 405)


def test_the_page_asks_the_database_as_often_for_thirty(client, officer):
    round_ = factories.round_("open", deadline=calendar.last_moment(DUE))
    client.force_login(officer)

    def queries(count):
        for _ in range(count):
            bulk(at_work(round_=round_))
        with CaptureQueriesContext(connection) as found:
            assert client.get(reverse("round_reminders", args=[round_.pk])).status_code == 200
            assert client.get(reverse("round_remind", args=[round_.pk])).status_code == 200
        return len(found)

    few = queries(1)
    assert queries(20) == few
