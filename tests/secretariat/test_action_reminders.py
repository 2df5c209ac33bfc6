"""Reminders of actions: on the right day, to the right people, once, whatever happens to worker and broker."""

from datetime import datetime, timedelta

import pytest

from secretariat import calendar, tasks
from secretariat.models import ActionReminder, Notice
from secretariat.services import action_reminders, actions
from tests import council as make
from tests import doing, factories
from tests.together import at_once

pytestmark = pytest.mark.django_db
# A Saturday far enough off that nothing in these tests is past.
DUE = calendar.today() + timedelta(days=200)
DUE += timedelta(days=(5 - DUE.weekday()) % 7)


def on(day, hour=9):
    return datetime(day.year, day.month, day.day, hour, tzinfo=calendar.TEHRAN)


def working(days):
    return calendar.deadline(DUE, days).due


def remind(days):
    return action_reminders.remind(on(working(days)))


@pytest.fixture
def council():
    return make.council()


@pytest.fixture
def item(council):
    return doing.action(council, due_on=DUE)


def told(user):
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def test_the_days_of_reminding(item, council):
    keeper, chair = make.keeper(council), make.seat(council, role="chair").user
    member = make.seat(council).user
    sent = {days: remind(days) for days in (-8, -7, -6, -2, -1, 1, 2, 4, 5, 6, 7, 11, 12)}
    assert {days for days, count in sent.items() if count} == {-7, -2, 1, 5, 6, 11}
    assert told(item.owner) == ["action_before", "action_before", "action_late", "action_late", "action_late"]
    assert told(keeper) == told(chair) == ["action_escalation"]
    assert told(member) == []


def test_the_due_day_itself_and_days_off_are_quiet(item):
    remind(-2)
    assert action_reminders.remind(on(DUE)) == 0
    friday = DUE - timedelta(days=1)
    assert action_reminders.remind(on(friday)) == 0
    assert action_reminders.remind(on(working(1), hour=7)) == 0


def test_a_day_that_was_missed_is_made_up_for_by_one_letter(item):
    assert remind(8) == 2  # late, and told to secretary and chair: not five letters
    assert ActionReminder.objects.filter(kind="late").get().days == 6


def test_what_is_delivered_twice_is_told_once(item):
    assert (remind(-7), remind(-7), remind(-6)) == (1, 0, 0)
    assert len(told(item.owner)) == 1


def test_the_task_is_the_service(item, monkeypatch):
    monkeypatch.setattr(action_reminders.timezone, "now", lambda: on(working(-7)))
    tasks.remind_of_actions.run()
    tasks.remind_of_actions.run()
    assert told(item.owner) == ["action_before"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_once():
    item = doing.action(due_on=DUE)
    assert sorted(at_once(*[lambda: remind(-7)] * 2)) == [0, 1]
    assert told(item.owner) == ["action_before"] and ActionReminder.objects.count() == 1


def test_a_worker_that_dies_forgets_nothing(item, monkeypatch):
    """Row and notice are one transaction: what fails halfway leaves neither, and the next sweep sends it."""
    with monkeypatch.context() as broken:

        def dies(*_args, **_words):
            raise SystemExit

        broken.setattr(action_reminders.notices, "tell_all", dies)
        with pytest.raises(SystemExit):
            remind(-7)
    assert not ActionReminder.objects.exists()
    assert remind(-7) == 1
    assert told(item.owner) == ["action_before"]


def test_one_that_cannot_be_told_does_not_stop_the_others(item, council, monkeypatch):
    other = doing.action(council, due_on=DUE)
    tell_all = action_reminders.notices.tell_all

    def fails_for_one(users, *args, **words):
        if item.owner in users:
            raise ValueError
        tell_all(users, *args, **words)

    monkeypatch.setattr(action_reminders.notices, "tell_all", fails_for_one)
    assert remind(-7) == 1
    assert told(other.owner) == ["action_before"] and told(item.owner) == []


def test_it_goes_to_the_owner_of_that_moment(item, council):
    before, after = item.owner, factories.user()
    actions.reassign(item.pk, by=make.keeper(council), owner=after, why="چرا")
    Notice.objects.all().delete()
    remind(-2)
    assert (told(before), told(after)) == ([], ["action_before"])


def test_nobody_who_has_left_is_told_and_the_keepers_hear_of_it(item, council):
    keeper = make.keeper(council)
    type(item.owner).objects.filter(pk=item.owner_id).update(is_active=False)
    remind(-2)
    assert told(item.owner) == [] and told(keeper) == ["action_before"]
    assert item.title in Notice.objects.get(user=keeper).text_fa


def test_a_council_without_keepers_leaves_it_to_the_officers(item):
    officer = factories.officer()
    remind(5)
    assert told(officer) == ["action_escalation"]


def test_a_new_day_begins_anew(item, council):
    remind(-2)
    actions.postpone(item.pk, by=make.keeper(council), why="چرا", due_on=DUE + timedelta(days=30))
    assert remind(1) == 0  # the former day is no longer his
    assert action_reminders.remind(on(calendar.deadline(DUE + timedelta(days=30), -2).due)) == 1


def test_what_was_set_within_the_days_of_a_stage_is_not_reminded_at_once(council):
    soon = calendar.deadline(calendar.today(), 5).due
    doing.action(council, due_on=soon)
    assert action_reminders.remind(on(calendar.deadline(soon, -4).due)) == 0
    assert action_reminders.remind(on(calendar.deadline(soon, -2).due)) == 1


def test_what_is_done_or_not_signed_is_left_alone(item, council):
    actions.move(item.pk, "report", by=item.owner, why="شد")
    agency = factories.agency()
    representative = factories.representative(agency)
    draft = doing.action(agreement=doing.agreement(agency, status="draft"), owner=representative, due_on=DUE)
    Notice.objects.all().delete()
    assert remind(6) == 0
    type(draft.agreement).objects.filter(pk=draft.agreement_id).update(status="signed")
    colleague = factories.representative(agency)
    assert remind(6) == 2
    assert told(representative) == told(colleague) == ["action_late"]


def test_the_sweep_asks_the_same_of_two_items_and_of_thirty(council, django_assert_max_num_queries):
    for _n in range(30):
        doing.action(council, due_on=DUE)
    with django_assert_max_num_queries(6):
        from secretariat.selectors.action_reminders import stages_by

        assert len(stages_by(working(-7))) == 30
