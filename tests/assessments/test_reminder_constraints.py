"""What the database refuses of reminders and of lateness told: doubles, half ones, and any change afterwards."""

import pytest
from django.utils import timezone, translation

from assessments.models import Escalation, Reminder
from tests import factories
from tests.assessments.reminding import DUE, at_work, bulk
from tests.refusal import refused

pytestmark = pytest.mark.django_db
Kind = Reminder.Kind


@pytest.fixture(autouse=True)
def _english(in_english):
    with translation.override("en"):
        yield


@pytest.fixture
def officer():
    return factories.officer()




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
