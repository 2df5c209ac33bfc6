"""How far a round is in time: what every assessor did when, at which pace, and when everything will be in."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import ngettext

from assessments import pace, rules
from assessments.models import Assessor, Assignment, AssignmentMove
from assessments.selectors import phases
from secretariat import calendar

Status = rules.AssignmentStatus
# A pause longer than this is no work on the sheet.
BREAK = timedelta(minutes=15)

# From the first answer written down to the submission, each save a sign of life; pauses are left out.
_MINUTES = """
    SELECT id, EXTRACT(epoch FROM sum(gap)) / 60 FROM (
        SELECT id, at - lag(at) OVER (PARTITION BY id ORDER BY at) AS gap FROM (
            SELECT a.id, unnest(ARRAY[a.started_at, a.submitted_at]) AS at FROM assessments_assessment a
                JOIN assessments_assignment g ON g.id = a.assignment_id JOIN assessments_entry e ON e.id = g.entry_id
                WHERE a.submitted_at IS NOT NULL AND {condition}
            UNION ALL
            SELECT a.id, v.pgh_created_at FROM assessments_assessmentevent v JOIN assessments_assessment a ON a.id = v.pgh_obj_id
                JOIN assessments_assignment g ON g.id = a.assignment_id JOIN assessments_entry e ON e.id = g.entry_id
                WHERE a.submitted_at IS NOT NULL AND v.pgh_created_at < a.submitted_at AND {condition}
        ) moments
    ) gaps WHERE gap <= %s GROUP BY id
"""


@dataclass
class Line:
    """One assessor in a round."""

    assessor: Assessor
    asked_at: datetime
    accepted_at: datetime | None = None
    started_at: datetime | None = None
    submitted: list = field(default_factory=list)  # when each sheet was
    deadline: datetime | None = None  # of what he owes; the latest, where they differ
    owed: int = 0  # sheets
    late: int = 0  # of them, past their deadline
    unanswered: int = 0  # requests, which are owed as well
    ended: int = 0  # declined, lapsed, taken back
    minutes: float | None = None  # on a sheet, usually
    chance: float | None = None  # to be done by his deadline
    state: str = ""  # "late", "slow" (will miss his deadline at his pace), "working", "asked", "done" or "left"

    @property
    def done(self):
        return len(self.submitted)

    @property
    def asked(self):
        return self.done + self.owed

    @property
    def last(self):
        """When the latest sheet was submitted."""
        return self.submitted[-1] if self.submitted else None

    @property
    def chance_percent(self):
        """The chance as it can be told: never as certainty."""
        return min(99, max(1, round(100 * self.chance)))


STATES = ("late", "slow", "working", "asked", "done", "left")


class Progress:
    """The whole round at one moment. Five queries, however many assessments there are."""

    def __init__(self, round_, now=None):
        self.round, self.now = round_, now or timezone.now()
        self.clock = work_clock(calendar.day_of(round_.created_at), calendar.day_of(self.now) + timedelta(days=500))
        self.lines = self._read()
        self.forecast = self._foretell() if round_.is_open else None
        for line in self.lines:
            line.state = _state(line)
        self.lines.sort(key=lambda line: (STATES.index(line.state), line.assessor.user.sort_key or "", line.assessor.pk))

    def _read(self):
        columns = ("pk", "assessor", "status", "offered_at", "due", "assessment", "assessment__started_at", "assessment__submitted_at")
        rows = list(Assignment.objects.filter(entry__round=self.round, entry__excluded_at=None).with_due().values_list(*columns))
        accepted = dict(
            AssignmentMove.objects.filter(assignment__entry__round=self.round, action="accept")
            .order_by()
            .values_list("assignment__assessor")
            .annotate(first=Min("at"))
        )
        people = Assessor.objects.select_related("user").in_bulk({row[1] for row in rows})
        minutes, spent, lines = minutes_by_assessment("e.round_id = %s", self.round.pk), {}, {}
        for _pk, assessor, status, asked, due, sheet, started, submitted in rows:
            line = lines.setdefault(assessor, Line(people[assessor], asked, accepted.get(assessor)))
            line.asked_at = min(line.asked_at, asked)
            if status in rules.PENDING_ASSIGNMENTS:
                line.owed += 1
                line.late += due < self.now
                line.unanswered += status == Status.OFFERED
                line.deadline = max(line.deadline or due, due)
            elif status == Status.SUBMITTED:
                line.submitted.append(submitted)
                if sheet in minutes:
                    spent.setdefault(assessor, []).append(minutes[sheet])
            else:
                line.ended += 1
                continue
            if started:
                line.started_at = min(line.started_at or started, started)
        for pk, line in lines.items():
            line.submitted.sort()
            line.minutes = pace.usual(spent.get(pk, []))
        self.minutes = pace.usual([one for several in spent.values() for one in several])
        return list(lines.values())

    def _foretell(self):
        there = [line for line in self.lines if line.asked]
        found = pace.forecast([self._worker(line) for line in there])
        if found is not None:
            for line, chance in zip(there, found.chances, strict=True):
                line.chance = chance if line.owed and line.unanswered < line.asked else None
        return found

    def _worker(self, line):
        begun = line.accepted_at or line.started_at
        return _worker(self.clock, self.now, line.done, line.owed, begun, line.last, line.deadline)

    # -- what is told of it

    @property
    def done(self):
        return sum(line.done for line in self.lines)

    @property
    def owed(self):
        return sum(line.owed for line in self.lines)

    @property
    def all(self):
        return self.done + self.owed

    @cached_property
    def late(self):
        return [line for line in self.lines if line.state == "late"]

    @cached_property
    def slow(self):
        """Those who still have time, but at their pace too little."""
        return [line for line in self.lines if line.state == "slow"]

    @cached_property
    def last_deadline(self):
        return phases.last_deadline(self.round)

    @cached_property
    def expected(self):
        """(earliest, expected, latest) instants at which everything will be in, or None; None for one more than a year away."""
        if self.forecast is None or not self.owed:
            return None
        return tuple(self._instant(days) for days in (self.forecast.low, self.forecast.middle, self.forecast.high))

    def _instant(self, days):
        return None if days >= pace.FARTHEST else self.clock.instant(self.clock.days(self.now) + days)

    @cached_property
    def misses_by(self):
        """By how many working days the expected end misses the last deadline; 0 when it does not, None when nothing is foretold."""
        if self.expected is None:
            return None
        if self.expected[1] is None:
            return pace.FARTHEST
        return max(0, round(self.clock.days(self.expected[1]) - self.clock.days(self.last_deadline)))


def _state(line):
    if not line.asked:
        return "left"
    if not line.owed:
        return "done"
    if line.late:
        return "late"
    if line.unanswered == line.asked:
        return "asked"
    return "slow" if line.chance is not None and line.chance < 0.5 else "working"


def _worker(clock, now, done, owed, begun, last, deadline):
    """An assessor as the pace knows him. Whoever has not accepted has shown none, slow or quick."""
    ends = clock.days(last if last and not owed else now)
    left = clock.days(deadline) - clock.days(now) if deadline else 0.0
    return pace.Worker(done, owed, max(0.0, ends - clock.days(begun or now)), left)


# --- several rounds at once, for the desk --------------------------------------------------------


@dataclass
class Outlook:
    """A round in one line: who is late with how many sheets, and by how many working days the end will miss the last deadline."""

    late: list = field(default_factory=list)  # (assessor, sheets), the most first
    misses_by: int | None = None  # None: nothing is foretold


def outlooks(rounds, now=None):
    """{round pk: Outlook} of open rounds. Four queries, however many rounds and assessors there are."""
    now = now or timezone.now()
    rows = (
        Assignment.objects.filter(entry__round__in=rounds, entry__excluded_at=None)
        .with_due()
        .order_by()
        .values("entry__round", "assessor")
        .annotate(
            done=Count("pk", filter=Q(status=Status.SUBMITTED)),
            owed=Count("pk", filter=Q(status__in=rules.PENDING_ASSIGNMENTS)),
            overdue=Count("pk", filter=Q(status__in=rules.PENDING_ASSIGNMENTS, due__lt=now)),
            last=Max("assessment__submitted_at", filter=Q(status=Status.SUBMITTED)),
            until=Max("due", filter=Q(status__in=rules.PENDING_ASSIGNMENTS)),
        )
    )
    rows = [row for row in rows if row["done"] or row["owed"]]
    begun = (
        AssignmentMove.objects.filter(assignment__entry__round__in=rounds, action="accept")
        .order_by()
        .values_list("assignment__entry__round", "assignment__assessor")
        .annotate(first=Min("at"))
    )
    begun = {(round_, assessor): first for round_, assessor, first in begun}
    people = Assessor.objects.select_related("user").in_bulk({row["assessor"] for row in rows if row["overdue"]})
    first = min([calendar.day_of(at) for at in begun.values()], default=calendar.day_of(now))
    clock = work_clock(min(first, calendar.day_of(now)), calendar.day_of(now) + timedelta(days=500))
    return {round_.pk: _outlook(round_, [row for row in rows if row["entry__round"] == round_.pk], begun, people, clock, now) for round_ in rounds}


def _outlook(round_, rows, begun, people, clock, now):
    late = sorted(((people[row["assessor"]], row["overdue"]) for row in rows if row["overdue"]), key=lambda pair: (-pair[1], pair[0].pk))
    workers = [
        _worker(clock, now, row["done"], row["owed"], begun.get((round_.pk, row["assessor"])), row["last"], row["until"]) for row in rows
    ]
    found = pace.forecast(workers) if any(row["owed"] for row in rows) else None
    if found is None:
        return Outlook(late)
    last = max([round_.deadline, *(row["until"] for row in rows if row["until"])])
    return Outlook(late, max(0, round(clock.days(now) + found.middle - clock.days(last))))


def work_clock(first, last):
    """The pace's clock by the table of holidays; read once for the whole stretch."""
    holidays, weekend = calendar.holidays_between(first, last), calendar.working_weekend()
    return pace.WorkClock(first, calendar.TEHRAN, lambda day: day.weekday() not in weekend and day not in holidays)


def minutes_by_assessment(condition, *values):
    """{assessment pk: minutes of work on it} of submitted ones. `condition` is SQL on g (the assignment) and e (its entry)."""
    statement = _MINUTES.format(condition=condition)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *values, BREAK])
        return {pk: float(minutes) for pk, minutes in cursor.fetchall()}


@dataclass
class MyPace:
    """How long an assessor's own sheets take him and what is left."""

    minutes: Any  # on a sheet, usually; None before there is one
    owed: int

    @property
    def left(self):
        return None if self.minutes is None else self.minutes * self.owed

    @property
    def words(self):
        """What is left in words: «حدود ۴۵ دقیقه با آهنگ شما»; empty while it cannot be told."""
        if not self.left:
            return ""
        if self.left < 100:
            minutes = max(5, 5 * round(self.left / 5))
            return ngettext("about %(count)s minute at your pace", "about %(count)s minutes at your pace", minutes) % {
                "count": calendar.digits(minutes)
            }
        hours = round(self.left / 60)
        return ngettext("about %(count)s hour at your pace", "about %(count)s hours at your pace", hours) % {
            "count": calendar.digits(hours)
        }


def my_pace(assessor, owed):
    """The pace of one assessor over all his sheets of the last year."""
    since = timezone.now() - timedelta(days=365)
    found = minutes_by_assessment("g.assessor_id = %s AND a.submitted_at > %s", assessor.pk, since)
    return MyPace(pace.usual(list(found.values())), owed)
