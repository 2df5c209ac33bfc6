"""Who owes what in open rounds, whom the calendar asks to be reminded today, and what a reminder says."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from assessments import rules
from assessments.models import Assessor, Assignment, Escalation, Reminder, Round
from assessments.models.reminders import occasion_in_words
from secretariat import calendar

Kind, Status = Reminder.Kind, Assignment.Status

WORK_SUBJECT = gettext_lazy("Assessments in “{round}”: {left}")
OFFER_SUBJECT = gettext_lazy("Your answer is awaited: “{round}”")
TEXTS = {
    Kind.BEFORE: (
        WORK_SUBJECT,
        gettext_lazy(
            "These assessments in “{round}” are still to be submitted:\n\n{products}\n\nWhat you have written so far is kept."
            " If you need more time, ask for it in the portal before the deadline."
        ),
    ),
    Kind.AFTER: (
        WORK_SUBJECT,
        gettext_lazy(
            "The deadline of these assessments in “{round}” has passed:\n\n{products}\n\nWhat you have written is kept. Ask for more"
            " time in the portal, or tell the secretariat if you cannot go on, so that somebody else can be asked."
        ),
    ),
    Kind.OFFER: (
        OFFER_SUBJECT,
        gettext_lazy(
            "You were asked to assess these products in “{round}”:\n\n{products}\n\nPlease accept or decline each of them in the portal."
            " If you decline, somebody else can be asked in time."
        ),
    ),
}


@dataclass
class Owed:
    """What one assessor owes in one round, as far as one reminder is about it."""

    assessor: Assessor
    round: Round
    kind: str
    days: int
    for_day: date
    assignments: list = field(default_factory=list)

    @property
    def key(self):
        return self.assessor.pk, self.round.pk, self.kind, self.days, self.for_day


def waiting(**narrowed):
    """Assignments of open rounds that wait for an answer or an assessment, with what a letter needs of them."""
    return (
        Assignment.objects.filter(assessor__user__is_active=True, entry__excluded_at=None, **narrowed)
        .pending()
        .with_due()
        .select_related("assessor__user", "entry__round", "entry__subject")
        .order_by("due", "entry__subject__title_fa", "pk")
    )


def owed_by_now(today):
    """Whom the timetables of the open rounds ask to be reminded on this day and who was not yet: Owed, a letter each."""
    if not _is_working_day(today):
        return []
    with calendar.one_reading():
        found = {}
        for row in waiting():
            stage = _stage(row, today)
            if stage is not None:
                owed = Owed(row.assessor, row.entry.round, *stage)
                found.setdefault(owed.key, owed).assignments.append(row)
    keys = ("assessor", "round", "kind", "days", "for_day")
    rounds = {owed.round.pk for owed in found.values()}
    done = set(Reminder.objects.filter(round__in=rounds).exclude(kind=Kind.HAND).values_list(*keys))
    return [owed for key, owed in found.items() if key not in done]


def _stage(row, today):
    """(kind, days, day counted from) of the reminder that this assignment asks for on this day, or None."""
    asked, due, round_ = calendar.day_of(row.offered_at), calendar.day_of(row.due), row.entry.round
    if row.status == Status.OFFERED:
        stage = rules.stage_after(_between(asked, today), round_.remind_offers)
        return None if stage is None or today > due else (Kind.OFFER, stage, asked)
    if today > due:
        stage = rules.stage_after(_between(due, today), round_.remind_after)
        return None if stage is None else (Kind.AFTER, stage, due)
    stage = rules.stage_before(_between(today, due), round_.remind_before)
    # Whoever was asked after that stage had come knows the deadline from the asking.
    if stage is None or asked >= calendar.deadline(due, -stage).due:
        return None
    return Kind.BEFORE, stage, due


def _between(first, last):
    return calendar.working_days_between(
        first, last, calendar.holidays_between(min(first, last), max(first, last)), calendar.working_weekend()
    )


def _is_working_day(day):
    return calendar.is_working_day(day, calendar.holidays_between(day, day), calendar.working_weekend())


# --- the letter ----------------------------------------------------------------------------------


def words_for(owed, language, subject=None, text=None):
    """(subject, text) of the letter to one assessor in his language; `subject` and `text` stand for the house's own."""
    with override(language):
        own_subject, own_text = TEXTS[owed.kind if owed.kind in TEXTS else Kind.BEFORE]
        nearest = min(row.due for row in owed.assignments)
        values = {
            "name": owed.assessor.user.display_name,
            "round": str(owed.round),
            "products": "\n".join(_line(row) for row in owed.assignments),
            "deadline": calendar.long_date(nearest),
            "left": calendar.remaining(nearest),
        }
        return rules.filled_in(str(subject or own_subject), values), rules.filled_in(str(text or own_text), values)


def _line(row):
    """One product: its title, and until when; of its maker nothing."""
    day = row.answer_by if row.status == Status.OFFERED and row.answer_by else row.due
    return _("• %(title)s – until %(day)s") % {"title": row.entry.subject, "day": calendar.long_date(day)}


def house_words(kind, language):
    """(subject, text) that are sent when nobody edits them, with their words in braces."""
    with override(language):
        return tuple(map(str, TEXTS[kind]))


# --- by hand -------------------------------------------------------------------------------------


def owed_in(round_, kind, assessors=None):
    """What every assessor of a round owes now: answers (Kind.OFFER), else assessments; or only of some assessors."""
    narrowed = {} if assessors is None else {"assessor__in": assessors}
    status = Status.OFFERED if kind == Kind.OFFER else Status.ACCEPTED
    found = {}
    for row in waiting(entry__round=round_, status=status, **narrowed):
        owed = found.setdefault(row.assessor_id, Owed(row.assessor, row.entry.round, kind, 0, calendar.day_of(row.due)))
        owed.assignments.append(row)
    return list(found.values())


# --- what is planned -----------------------------------------------------------------------------


@dataclass
class PlannedReminder:
    """A day on which reminders go out by themselves."""

    day: date
    kind: str
    days: int

    @property
    def words(self):
        return occasion_in_words(self.kind, self.days)


def planned(round_):
    """The reminders of a round's own deadline that are still to come."""
    due, today = calendar.day_of(round_.deadline), calendar.today()
    stages = [(Kind.BEFORE, -days) for days in round_.remind_before] + [(Kind.AFTER, days) for days in round_.remind_after]
    found = [PlannedReminder(calendar.deadline(due, days).due, kind, abs(days)) for kind, days in stages]
    return sorted((one for one in found if one.day >= today), key=lambda one: one.day)


# --- lateness ------------------------------------------------------------------------------------


@dataclass
class Late:
    """An assessment that is so many working days late that somebody must be told."""

    assignment: Any
    level: int
    late: int
    for_day: date


def late_by_now(today):
    """What the open rounds ask to be told of on this day and was not told yet."""
    if not _is_working_day(today):
        return []
    found = []
    now = datetime.combine(today, datetime.min.time(), calendar.TEHRAN)
    with calendar.one_reading():
        for row in waiting(status=Status.ACCEPTED).filter(due__lt=now):
            due = calendar.day_of(row.due)
            late = _between(due, today)
            for level, days in zip(Escalation.Level.values, sorted(row.entry.round.escalate_after), strict=False):
                if late >= days:
                    found.append(Late(row, level, late, due))
    told = set(
        Escalation.objects.filter(assignment__in=[one.assignment for one in found]).values_list("assignment", "level", "for_day")
    )
    return [one for one in found if (one.assignment.pk, one.level, one.for_day) not in told]
