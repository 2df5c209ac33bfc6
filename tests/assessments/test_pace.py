"""The forecast of a round's end: against draws from its own model, and what must hold whatever the numbers are."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from assessments.pace import FARTHEST, HIGH, LOW, PRIOR, WorkClock, Worker, forecast, usual

TEHRAN = ZoneInfo("Asia/Tehran")
workers = st.builds(
    Worker,
    done=st.integers(0, 12),
    owed=st.integers(0, 12),
    days=st.floats(0.125, 40),
    left=st.floats(-5, 30),
)
rounds = st.lists(workers, min_size=1, max_size=12).filter(lambda found: sum(w.done for w in found) >= 3)


# ------------------------------------------------------------------ what must always hold
@settings(deadline=None)
@given(rounds)
def test_the_middle_lies_within_its_interval_and_chances_are_chances(found):
    told = forecast(found)
    assert 0 <= told.low <= told.middle <= told.high <= FARTHEST
    assert all(0 <= chance <= 1 for chance in told.chances)
    assert told.in_time <= min(told.chances) + 1e-12
    assert all(told.chances[place] < 0.5 and found[place].owed for place in told.late)


@settings(deadline=None)
@given(rounds, st.integers(0, 11))
def test_whoever_owes_more_is_done_no_sooner(found, place):
    place %= len(found)
    one = found[place]
    more = [*found[:place], Worker(one.done, one.owed + 1, one.days, one.left), *found[place + 1 :]]
    before, after = forecast(found), forecast(more)
    assert after.middle >= before.middle - 1e-6
    assert after.chances[place] <= before.chances[place] + 1e-9


@settings(deadline=None)
@given(rounds, st.integers(0, 11), st.floats(0.1, 20))
def test_more_time_raises_the_chance(found, place, extra):
    place %= len(found)
    one = found[place]
    later = [*found[:place], Worker(one.done, one.owed, one.days, one.left + extra), *found[place + 1 :]]
    assert forecast(later).chances[place] >= forecast(found).chances[place] - 1e-12
    assert forecast(later).middle == forecast(found).middle  # a deadline hurries nobody in this model


@settings(deadline=None)
@given(rounds, st.floats(1, 4))
def test_twice_as_slow_is_twice_as_long(found, slower):
    stretched = [Worker(w.done, w.owed, w.days * slower, w.left * slower) for w in found]
    before, after = forecast(found), forecast(stretched)
    assert after.chances == pytest.approx(before.chances, abs=1e-9)
    assume(after.high < FARTHEST)
    assert after.middle == pytest.approx(before.middle * slower, rel=1e-6, abs=1e-6)
    assert after.high == pytest.approx(before.high * slower, rel=1e-6, abs=1e-6)


@settings(deadline=None)
@given(rounds, st.randoms())
def test_the_order_of_the_assessors_says_nothing(found, chance):
    order = list(range(len(found)))
    chance.shuffle(order)
    shuffled = forecast([found[place] for place in order])
    assert shuffled.middle == pytest.approx(forecast(found).middle, abs=1e-9)
    assert list(shuffled.chances) == pytest.approx([forecast(found).chances[place] for place in order])


def test_nothing_is_told_before_a_pace_is_seen():
    assert forecast([Worker(1, 5, 4), Worker(1, 5, 4)]) is None
    assert forecast([]) is None
    assert forecast([Worker(2, 5, 4), Worker(1, 5, 4)]) is not None


def test_a_round_in_which_nothing_is_owed_is_done():
    told = forecast([Worker(5, 0, 4), Worker(3, 0, 2, -1)])
    assert (told.low, told.middle, told.high, told.in_time, told.late) == (0, 0, 0, 1, [])


def test_who_is_past_his_deadline_has_no_chance_left():
    told = forecast([Worker(9, 1, 5, left=-0.5), Worker(9, 1, 5, left=20)])
    assert told.chances[0] == 0 and told.chances[1] > 0.9
    assert told.late == [0] and told.in_time == 0


def test_a_steady_assessor_keeps_his_pace():
    """Forty sheets in forty days leave little doubt: ten more take about ten days."""
    told = forecast([Worker(40, 10, 40.0, left=20)])
    assert told.middle == pytest.approx(10, abs=0.5)
    assert 5 < told.low < 8 and 12.5 < told.high < 16
    assert told.late == []


def test_the_slow_one_is_named():
    quick, slow = Worker(10, 5, 10.0, left=10), Worker(1, 14, 10.0, left=10)
    assert forecast([quick, quick, slow]).late == [2]


# ------------------------------------------------------------------ against the model it says it is
def test_one_assessor_as_fishers_f():
    told = forecast([Worker(4, 6, 8.0)])
    exposure = 8.0 + PRIOR * 8.0 / 4
    exact = exposure * 6 / (4 + PRIOR) * stats.f.ppf([LOW, 0.5, HIGH], 12, 2 * (4 + PRIOR))
    assert (told.low, told.middle, told.high) == pytest.approx(tuple(exact), rel=1e-6)


def test_against_draws_of_the_model():
    found = [Worker(3, 4, 6.0, 5.0), Worker(0, 5, 6.0, 5.0), Worker(8, 2, 6.0, 1.0), Worker(2, 0, 3.0, 5.0)]
    average = sum(w.done for w in found) / sum(w.days for w in found)
    rng = np.random.default_rng(5)
    drawn = []
    for worker in found:
        rate = rng.gamma(worker.done + PRIOR, 1 / (worker.days + PRIOR / average), 200_000)
        drawn.append(rng.gamma(worker.owed, 1 / rate) if worker.owed else np.zeros(200_000))
    told, last = forecast(found), np.max(drawn, axis=0)
    assert np.quantile(last, [LOW, 0.5, HIGH]) == pytest.approx([told.low, told.middle, told.high], rel=0.01)
    in_time = [(done <= worker.left).mean() for done, worker in zip(drawn, found, strict=True)]
    assert in_time == pytest.approx(told.chances, abs=0.005)


def test_the_interval_holds_four_of_five_rounds():
    """Assessors of unlike pace, observed for ten days: how often does the true end lie in the interval?"""
    rng, held, told_of = np.random.default_rng(11), 0, 0
    for _ in range(400):
        rates = rng.gamma(3, 0.5 / 3, 8)
        gaps = rng.exponential(1 / rates[:, None], (8, 12))
        times = gaps.cumsum(axis=1)
        done = (times <= 10).sum(axis=1)
        told = forecast([Worker(int(n), 12 - int(n), min(10.0, times[place, -1])) for place, n in enumerate(done)])
        if told is None or told.high >= FARTHEST:
            continue
        told_of += 1
        held += told.low <= max(0.0, times[:, -1].max() - 10) <= told.high
    assert told_of > 350
    assert 0.72 < held / told_of < 0.9


# ------------------------------------------------------------------ the clock
FREE = {date(2026, 1, 28)}


def clock(start=date(2026, 1, 24)):  # a Saturday
    return WorkClock(start, TEHRAN, lambda day: day.weekday() != 4 and day not in FREE)


def at(day, hour=0, minute=0):
    return datetime(2026, 1, day, hour, minute, tzinfo=TEHRAN)


def test_the_clock_stands_still_on_free_days():
    assert clock().days(at(24)) == 0
    assert clock().days(at(25, 12)) == 1.5
    assert clock().days(at(28, 9)) == clock().days(at(28, 20)) == clock().days(at(29)) == 4
    assert clock().days(at(31)) - clock().days(at(29)) == 1  # Friday between them
    assert clock().days(at(20)) == 0


@given(st.floats(0.01, 60))
def test_the_clock_can_be_read_back(days):
    kept = clock()
    assert kept.days(kept.instant(days)) == pytest.approx(days, abs=1e-6)


@given(st.integers(0, 60 * 24 * 60), st.integers(0, 60 * 24 * 60))
def test_the_clock_never_runs_backwards(one, other):
    kept, (first, last) = clock(), sorted((one, other))
    assert kept.days(at(24) + timedelta(minutes=first)) <= kept.days(at(24) + timedelta(minutes=last))


def test_usual():
    assert usual([]) is None
    assert usual([30, 10, 20]) == 20
