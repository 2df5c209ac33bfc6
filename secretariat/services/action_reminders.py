"""Reminding of action items and commitments, and telling secretary and chair what is late: each once, on record."""

import logging

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from secretariat import calendar
from secretariat.bilingual import both
from secretariat.models import ActionItem, ActionReminded, ActionReminder
from secretariat.rules import actions as rules
from secretariat.selectors import action_reminders as due
from secretariat.selectors import actions as selectors
from secretariat.services import notices

log = logging.getLogger(__name__)
Kind = ActionReminder.Kind

ORPHANED = gettext_lazy("Nobody is there any more who has to do “%(title)s”, due on %(day)s: hand it over to somebody.")


def remind(now=None):
    """Send every reminder whose day has come; gives how many. Safe to repeat, to run twice at once and late."""
    local = calendar.in_tehran(now or timezone.now())
    if local.hour < rules.FIRST_HOUR:
        return 0
    sent = 0
    for stage in due.stages_by(local.date()):
        try:
            sent += _remind(stage, local.date())
        except Exception:
            log.exception("no reminder of action %s", stage.item_id)
    return sent


@transaction.atomic
def _remind(stage, today):
    """Write down one reminder together with its notice and letter; 0 where that was done or is no longer owed."""
    # Locked: two workers come one after the other, and whoever reports it done at this moment is waited for.
    item = ActionItem.objects.select_for_update(of=("self",), no_key=True).select_related("owner", "council").get(pk=stage.item_id)
    if not item.is_open or calendar.day_of(item.due_on) != stage.due_on:
        return 0
    row, made = ActionReminder.objects.get_or_create(item=item, kind=stage.kind, days=stage.days, due_on=stage.due_on)
    if not made:
        return 0
    people = selectors.who_does(item)
    words = both(lambda: _words(item, stage, today))
    if stage.kind == Kind.ESCALATION:
        people = selectors.keepers_of(item)
    elif not people:
        people = selectors.keepers_of(item)
        words = both(ORPHANED, title=item, day=stage.due_on)
    ActionReminded.objects.bulk_create([ActionReminded(reminder=row, user=user) for user in people])
    notices.tell_all(people, f"action_{stage.kind}", *words, link=item.get_absolute_url(), once=f"action:{row.pk}")
    return 1


def _words(item, stage, today):
    count = abs(calendar.working_days_between(
        min(today, stage.due_on), max(today, stage.due_on),
        calendar.holidays_between(min(today, stage.due_on), max(today, stage.due_on)), calendar.working_weekend(),
    ))  # fmt: skip
    values = {"title": item, "day": calendar.long_date(stage.due_on), "count": calendar.digits(count), "name": item.owner}
    if stage.kind == Kind.BEFORE and count == 0:
        return _("“%(title)s” is due on %(day)s.") % values
    if stage.kind == Kind.BEFORE:
        text = ngettext(
            "“%(title)s” is due on %(day)s: %(count)s working day is left.",
            "“%(title)s” is due on %(day)s: %(count)s working days are left.",
            count,
        )
    elif stage.kind == Kind.LATE:
        text = ngettext(
            "“%(title)s” was due on %(day)s and is %(count)s working day late. Report it done, or say in a note what holds it up.",
            "“%(title)s” was due on %(day)s and is %(count)s working days late. Report it done, or say in a note what holds it up.",
            count,
        )
    else:
        text = ngettext(
            "“%(title)s”, which %(name)s has to do, was due on %(day)s and is %(count)s working day late.",
            "“%(title)s”, which %(name)s has to do, was due on %(day)s and is %(count)s working days late.",
            count,
        )
    return text % values
