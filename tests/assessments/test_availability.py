"""When assessors have time: dated periods, the capacity of a day, and who is asked by it."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from assessments.models import Assessor, Availability
from assessments.selectors.rounds import assessors_with_load
from assessments.services import rounds
from secretariat.errors import RuleBroken
from tests import factories
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db


def day(away=0):
    return timezone.localdate() + timedelta(days=away)


def period(assessor, since, until, capacity=0):
    return Availability.objects.create(
        assessor=assessor, since=day(since), until=None if until is None else day(until), capacity=capacity
    )


def test_two_periods_of_an_assessor_never_overlap():
    assessor = factories.assessor()
    period(assessor, 0, 10)
    period(factories.assessor(), 5, 6)
    with refused("one_capacity_at_a_time"):
        sql(
            "INSERT INTO assessments_availability (assessor_id, since, until, capacity, note) VALUES (%s, %s, NULL, 3, '')",
            assessor.pk,
            day(10),
        )
    period(assessor, 11, None, 3)


def test_a_period_ends_after_it_begins():
    row = period(factories.assessor(), 0, 10)
    with refused("availability_ends_after_it_begins"):
        sql("UPDATE assessments_availability SET until = since - 1 WHERE id = %s", row.pk)


def test_languages_are_known_ones():
    assessor = factories.assessor()
    Assessor.objects.filter(pk=assessor.pk).update(languages=["fa", "ku"])
    with refused("assessor_languages_known"):
        sql("UPDATE assessments_assessor SET languages = '{fa,xx}' WHERE id = %s", assessor.pk)


def test_the_capacity_of_a_day_is_that_of_its_period_else_the_agreed_one():
    assessor = factories.assessor()
    period(assessor, 0, 9)
    period(assessor, 10, 20, 4)

    def on(away):
        row = Assessor.objects.capacity_on(day(away)).get()
        return row.allowed, row.allowed_until

    assert [on(away)[0] for away in (-1, 0, 9, 10, 20, 21)] == [15, 0, 0, 4, 4, 15]
    assert on(3)[1] == Availability.objects.get(capacity=0).until and on(30)[1] is None
    assert assessors_with_load(Assessor.objects.all()).get().allowed == 0


def test_nobody_is_asked_while_he_is_away_or_beyond_what_he_takes_now():
    officer, assessor = factories.officer(), factories.assessor()
    entries = [factories.entry() for _ in range(2)]
    row = period(assessor, 0, 9)
    with translation.override("en"):
        with pytest.raises(RuleBroken, match=f"Is away until {day(9)}"):
            rounds.assign(entries[0].pk, assessor.pk, by=officer)
        Availability.objects.filter(pk=row.pk).update(until=None)
        with pytest.raises(RuleBroken, match="Is away at present"):
            rounds.assign(entries[0].pk, assessor.pk, by=officer)
        Availability.objects.filter(pk=row.pk).update(capacity=1)
        rounds.assign(entries[0].pk, assessor.pk, by=officer)
        with pytest.raises(RuleBroken, match="as many as agreed"):
            rounds.assign(entries[1].pk, assessor.pk, by=officer)
