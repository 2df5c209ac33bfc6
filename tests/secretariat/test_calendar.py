"""Tehran time, dates as people read them, and working days that explain themselves."""

import datetime

import jdatetime
import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from secretariat import calendar
from secretariat.models import Holiday

UTC = datetime.UTC
SATURDAY = datetime.date(2026, 1, 24)  # 4 Bahman 1404
SUNDAY = datetime.date(2026, 1, 25)
FRIDAY = datetime.date(2026, 1, 30)

days = st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 12, 31))
weekends = st.sampled_from([frozenset(), frozenset({4}), frozenset({3, 4}), frozenset({4, 5})])


@st.composite
def starts_and_holidays(draw):
    """A day and some holidays near it, so that they matter."""
    start = draw(days)
    offsets = draw(st.sets(st.integers(-40, 60), max_size=25))
    return start, {start + datetime.timedelta(days=offset) for offset in offsets}


class TestWriting:
    def test_instant_is_shown_in_tehran(self):
        instant = datetime.datetime(2026, 1, 25, 11, 23, tzinfo=UTC)
        with translation.override("fa"):
            assert calendar.long_datetime(instant) == "یکشنبه ۵ بهمن ۱۴۰۴ - ۱۴:۵۳"
        with translation.override("en"):
            assert calendar.long_datetime(instant) == "Sunday 25 January 2026, 14:53 (5 Bahman 1404)"

    def test_time_of_day_is_written_in_the_digits_of_the_page(self):
        instant = datetime.datetime(2026, 1, 25, 20, 35, 59, tzinfo=UTC)
        with translation.override("fa"):
            assert calendar.clock(instant) == "۰۰:۰۵"
            assert calendar.clock(None) == ""
        with translation.override("en"):
            assert calendar.clock(instant) == "00:05"

    def test_evening_in_utc_is_the_next_day_in_tehran(self):
        assert calendar.day_of(datetime.datetime(2026, 1, 24, 20, 30, tzinfo=UTC)) == SUNDAY
        assert calendar.day_of(datetime.datetime(2026, 1, 24, 20, 29, tzinfo=UTC)) == SATURDAY

    def test_summer_has_the_same_offset(self):
        assert calendar.in_tehran(datetime.datetime(2026, 7, 1, 12, tzinfo=UTC)).strftime("%H:%M") == "15:30"

    @pytest.mark.parametrize("day", [SUNDAY, jdatetime.date(1404, 11, 5), datetime.datetime(2026, 1, 25, 8, tzinfo=UTC)])
    def test_day_of_either_calendar(self, day):
        with translation.override("fa"):
            assert calendar.long_date(day) == "۵ بهمن ۱۴۰۴"
            assert calendar.short_date(day) == "۱۴۰۴/۱۱/۰۵"
        with translation.override("en"):
            assert calendar.long_date(day) == "25 January 2026 (5 Bahman 1404)"
            assert calendar.short_date(day) == "2026-01-25"


class TestWorkingDays:
    def test_friday_is_passed_over(self):
        thursday = datetime.date(2026, 1, 29)
        assert calendar.add_working_days(thursday, 1) == datetime.date(2026, 1, 31)
        assert calendar.add_working_days(thursday, 1, weekend={3, 4}) == datetime.date(2026, 1, 31)
        assert calendar.add_working_days(datetime.date(2026, 1, 28), 1, weekend={3, 4}) == datetime.date(2026, 1, 31)

    def test_holidays_are_passed_over(self):
        assert calendar.add_working_days(SATURDAY, 1, {SUNDAY}) == datetime.date(2026, 1, 26)
        assert calendar.add_working_days(SATURDAY, 1, {jdatetime.date(1404, 11, 5)}) == datetime.date(2026, 1, 26)

    def test_no_days_lead_nowhere(self):
        assert calendar.add_working_days(FRIDAY, 0) == FRIDAY

    @given(starts_and_holidays(), st.integers(1, 60), weekends)
    def test_counting_there_and_counting_between_agree(self, near, count, weekend):
        start, holidays = near
        due = calendar.add_working_days(start, count, holidays, weekend)
        assert calendar.is_working_day(due, holidays, weekend)
        assert calendar.working_days_between(start, due, holidays, weekend) == count
        assert calendar.working_days_between(due, start, holidays, weekend) == -count

    @given(starts_and_holidays(), st.integers(1, 60), weekends)
    def test_counting_back_lands_on_a_working_day_before(self, near, count, weekend):
        start, holidays = near
        due = calendar.add_working_days(start, -count, holidays, weekend)
        assert due < start
        assert calendar.is_working_day(due, holidays, weekend)
        last = start - datetime.timedelta(days=1)
        first = due - datetime.timedelta(days=1)
        assert calendar.working_days_between(first, last, holidays, weekend) == count

    @given(starts_and_holidays(), st.integers(0, 60), weekends)
    def test_explanation_accounts_for_every_day(self, near, count, weekend):
        start, holidays = near
        deadline = calendar.explain(start, count, holidays, weekend)
        assert (deadline.due - start).days == count + len(deadline.skipped)
        for skipped in deadline.skipped:
            assert start < skipped.date < deadline.due
            assert (skipped.reason == "holiday") == (skipped.date in holidays)
            assert skipped.date in holidays or skipped.date.weekday() in weekend

    def test_week_without_working_days_is_refused(self):
        with pytest.raises(ValueError, match="without working days"):
            calendar.explain(SATURDAY, 1, weekend=range(7))

    def test_term_of_decades_is_refused(self):
        with pytest.raises(ValueError, match="5001"):
            calendar.explain(SATURDAY, 5001)


class TestExplanation:
    holidays = {SUNDAY: "عید"}

    def test_persian(self):
        with translation.override("fa"):
            assert str(calendar.explain(SATURDAY, 5, self.holidays)) == (
                "۵ روز کاری پس از شنبه ۴ بهمن ۱۴۰۴، شنبه ۱۱ بهمن ۱۴۰۴ است. "
                "شمرده نشد: یکشنبه ۵ بهمن ۱۴۰۴ (عید)، جمعه ۱۰ بهمن ۱۴۰۴ (آخر هفته)."
            )

    def test_english(self):
        with translation.override("en"):
            assert str(calendar.explain(SATURDAY, 1, {SUNDAY})) == (
                "1 working day after Saturday 24 January 2026 (4 Bahman 1404) is Monday 26 January 2026 (6 Bahman 1404). "
                "Not counted: Sunday 25 January 2026 (5 Bahman 1404) – holiday."
            )
            assert "Not counted" not in str(calendar.explain(SATURDAY, 1))
            assert str(calendar.explain(SUNDAY, -1)).startswith("1 working day before Sunday")

    @pytest.mark.parametrize(
        "due, fa, en",
        [
            (datetime.date(2026, 1, 28), "۳ روز کاری مانده", "3 working days left"),
            (datetime.date(2026, 1, 26), "۱ روز کاری مانده", "1 working day left"),
            (SUNDAY, "مهلت امروز است", "The deadline is today"),
            (SATURDAY, "۱ روز کاری دیرکرد", "1 working day late"),
            (datetime.date(2026, 1, 22), "۲ روز کاری دیرکرد", "2 working days late"),
        ],
    )
    def test_remaining(self, due, fa, en):
        for language, text in (("fa", fa), ("en", en)):
            with translation.override(language):
                assert calendar.remaining_text(due, SUNDAY) == text

    def test_remaining_over_a_weekend_only(self):
        with translation.override("en"):
            assert calendar.remaining_text(FRIDAY, datetime.date(2026, 1, 29)) == "No working day is left"
            assert calendar.remaining_text(datetime.date(2026, 1, 29), FRIDAY) == "The deadline has passed"


@pytest.mark.django_db
class TestHolidayTable:
    @pytest.fixture(autouse=True)
    def _holidays(self):
        Holiday.objects.all().delete()
        Holiday.objects.create(date=jdatetime.date(1404, 11, 5), title_fa="عید", title_en="Feast")
        Holiday.objects.create(date=jdatetime.date(1404, 12, 29), title_fa="ملی شدن نفت")

    def test_both_ends_count(self):
        assert calendar.holidays_between(SUNDAY, SUNDAY).keys() == {SUNDAY}
        assert calendar.holidays_between(jdatetime.date(1404, 11, 6), jdatetime.date(1404, 12, 28)) == {}
        assert len(calendar.holidays_between(SUNDAY, datetime.date(2026, 3, 20))) == 2

    def test_titles_are_in_the_language_of_the_reader(self):
        for language, title in (("fa", "عید"), ("en", "Feast")):
            with translation.override(language):
                assert calendar.holidays_between(SUNDAY, SUNDAY) == {SUNDAY: title}

    def test_deadline_uses_the_table_and_the_setting(self, settings):
        settings.WORKING_WEEKEND = {4}
        assert calendar.deadline(SATURDAY, 5).due == datetime.date(2026, 1, 31)
        settings.WORKING_WEEKEND = {3, 4}
        assert calendar.deadline(SATURDAY, 5).due == datetime.date(2026, 2, 1)

    def test_deadline_looks_as_far_as_it_must(self):
        Holiday.objects.bulk_create(
            [Holiday(date=SATURDAY + datetime.timedelta(days=step), title_fa="تعطیل") for step in range(2, 120)],
            ignore_conflicts=True,
        )
        assert calendar.deadline(SATURDAY, 1).due == SATURDAY + datetime.timedelta(days=120)
        assert calendar.deadline(SATURDAY + datetime.timedelta(days=119), -1).due == SATURDAY

    def test_remaining(self, settings):
        settings.WORKING_WEEKEND = {4}
        with translation.override("fa"):
            assert calendar.remaining(datetime.date(2026, 1, 26), on=SATURDAY) == "۱ روز کاری مانده"
