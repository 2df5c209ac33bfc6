"""Which action items the calendar asks to be reminded of on a day, and were not yet."""

from dataclasses import dataclass
from datetime import date, timedelta

from secretariat import calendar
from secretariat.models import ActionItem, ActionReminder
from secretariat.rules import actions as rules

Kind = ActionReminder.Kind
# However many holidays lie between, the longest stage before a due day is not further off than this.
REACH = timedelta(days=60)


@dataclass(frozen=True)
class Stage:
    """One reminder of one item."""

    item_id: int
    kind: str
    days: int
    due_on: date


def stages_by(today):
    """The stages that have come by this day and are not on record. Of several that were missed only the nearest."""
    if not calendar.is_working_day(today, calendar.holidays_between(today, today), calendar.working_weekend()):
        return []
    items = ActionItem.objects.open().exclude(agreement__status=rules.AgreementStatus.DRAFT)
    rows = items.filter(due_on__lte=today + REACH).order_by("due_on", "pk").values_list("pk", "due_on", "due_set_on")
    with calendar.one_reading():
        counted: dict[date, int] = {}
        found = [stage for pk, due_on, set_on in rows for stage in _stages(pk, calendar.day_of(due_on), set_on, today, counted)]
    told = set(
        ActionReminder.objects.filter(item__in={stage.item_id for stage in found}).values_list("item", "kind", "days", "due_on")
    )
    return [stage for stage in found if (stage.item_id, stage.kind, stage.days, stage.due_on) not in told]


def _stages(pk, due_on, set_on, today, counted):
    if due_on not in counted:
        counted[due_on] = _working_days(today, due_on)
    left = counted[due_on]
    if due_on >= today:
        stage = next((days for days in sorted(rules.BEFORE) if left <= days), None)
        # Whoever was given that day after this stage had come knows it from being told then.
        if stage is not None and set_on < calendar.deadline(due_on, -stage).due:
            yield Stage(pk, Kind.BEFORE, stage, due_on)
        return
    late = -left
    if late >= 1:
        yield Stage(pk, Kind.LATE, late - (late - 1) % rules.AGAIN_EVERY, due_on)
    if late >= rules.ESCALATE_AFTER:
        yield Stage(pk, Kind.ESCALATION, rules.ESCALATE_AFTER, due_on)


def _working_days(today, due_on):
    first, last = min(today, due_on), max(today, due_on)
    return calendar.working_days_between(today, due_on, calendar.holidays_between(first, last), calendar.working_weekend())
