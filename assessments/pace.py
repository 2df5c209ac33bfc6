"""When the assessors of a round will be done at the pace they have shown: arithmetic on plain numbers, without Django.

Time is counted in working days. An assessor who handed in n sheets in T days is taken to hand them in at a steady but unknown rate:
at first that of the average assessor of the round, about which his own sheets tell more and more,

    rate ~ Gamma(n + PRIOR, T + PRIOR / λ),    λ = all sheets / all days of the round.

Then the days until his m-th further sheet are distributed as

    (T + PRIOR / λ) · m / (n + PRIOR) · F(2m, 2(n + PRIOR)),

Fisher's F in another measure. The round is done when the last of them is: P(done by t) = Π P(assessor done by t). Told are the middle
of that distribution and the interval that holds it with four chances of five. Before LEAST_SEEN sheets nothing is told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

import numpy as np
from scipy.special import fdtr

PRIOR = 3.0  # sheets at the average pace that an assessor is credited with
LEAST_SEEN = 3
LEAST_DAYS = 0.125  # nobody is taken to have worked for less than an hour
LOW, HIGH = 0.1, 0.9
FARTHEST = 260.0  # working days, about a year: beyond it a forecast says no more than “not within a year”


@dataclass(frozen=True)
class Worker:
    """One assessor of the round: sheets handed in, sheets owed, days since he took the work up, days until his deadline."""

    done: int
    owed: int
    days: float
    left: float = 0.0


@dataclass(frozen=True)
class Forecast:
    """Working days from now until everything is in, and each worker's chance to be done by his own deadline."""

    middle: float
    low: float
    high: float
    chances: tuple[float, ...]  # in the order of the workers; 1 for those who owe nothing
    in_time: float  # the chance that everything is in by everybody's deadline

    @property
    def late(self):
        """Places of the workers who at their pace will more likely miss their deadline than keep it."""
        return [place for place, chance in enumerate(self.chances) if chance < 0.5]


def forecast(workers):
    """The Forecast of a round, or None while too little was handed in to tell a pace from."""
    done, owed, days, left = (np.array([getattr(w, name) for w in workers], float) for name in ("done", "owed", "days", "left"))
    if done.sum() < LEAST_SEEN:
        return None
    days = np.maximum(days, LEAST_DAYS)
    seen, exposure = done + PRIOR, days + PRIOR * days.sum() / done.sum()
    chances = np.where(owed > 0, _done_by(left, owed, seen, exposure), 1.0)
    waiting = owed > 0
    owing = owed[waiting], seen[waiting], exposure[waiting]
    low, middle, high = (_when(share, *owing) for share in (LOW, 0.5, HIGH))
    return Forecast(middle, low, high, tuple(chances.tolist()), float(chances.prod()))


def _done_by(days, owed, seen, exposure):
    """Each one's chance to have handed in what he owes within so many days."""
    owed = np.maximum(owed, 1.0)
    return fdtr(2 * owed, 2 * seen, np.maximum(days, 0.0) * seen / (owed * exposure))


def _when(share, owed, seen, exposure):
    """The days within which all of them are done with this chance, FARTHEST at most."""
    if not len(owed):
        return 0.0
    low, high = 0.0, FARTHEST
    if _done_by(high, owed, seen, exposure).prod() < share:
        return FARTHEST
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if _done_by(middle, owed, seen, exposure).prod() >= share else (middle, high)
    return high


class WorkClock:
    """Tells instants as working days since a day, and back: it runs through every hour of a working day and stands still on others."""

    def __init__(self, start: date, zone: tzinfo, is_working: Callable[[date], bool]):
        self.start, self.zone, self._is_working = start, zone, is_working
        self._before = [0]  # working days before each day since the start

    def days(self, instant: datetime) -> float:
        """Working days from the beginning of the first day until an instant; 0 for one before it."""
        local = instant.astimezone(self.zone)
        place = (local.date() - self.start).days
        if place < 0:
            return 0.0
        begins = datetime.combine(local.date(), time(), self.zone)
        return self._until(place) + (self._until(place + 1) - self._until(place)) * ((local - begins) / timedelta(days=1))

    def instant(self, days: float) -> datetime:
        """The first instant at which so many working days have gone by."""
        place = 0
        while self._until(place + 1) < days:
            place += 1
        return datetime.combine(self.start + timedelta(days=place), time(), self.zone) + timedelta(days=days - self._until(place))

    def _until(self, place):
        while len(self._before) <= place:
            day = self.start + timedelta(days=len(self._before) - 1)
            self._before.append(self._before[-1] + self._is_working(day))
        return self._before[place]


def usual(durations):
    """The middle of several durations, None of none."""
    return float(np.median(durations)) if len(durations) else None
