"""Setting councils up: by which rules they vote, and terms that end before their day."""

from django.db import transaction
from django.utils.translation import gettext as _

from secretariat import rules
from secretariat.errors import RuleBroken
from secretariat.models import Council, DecisionRule, Seat
from secretariat.models.bodies import columns_of
from secretariat.rules.voting import VotingRule


@transaction.atomic
def set_rule(council_id, decision, rule, *, by):
    """Let a council take this kind of decision by `rule` (a VotingRule). Ballots that are open keep theirs."""
    _may_set_up(by)
    council = Council.objects.select_for_update(no_key=True).get(pk=council_id)
    row, _made = DecisionRule.objects.update_or_create(council=council, decision=decision, defaults=columns_of(rule))
    return row


def keep_general_rule(council_id, *, by):
    """See to it that a council has its general rule on record, so that it can be read and changed."""
    _may_set_up(by)
    DecisionRule.objects.get_or_create(council_id=council_id, decision=rules.Decision.GENERAL, defaults=columns_of(VotingRule()))


@transaction.atomic
def end_seat(seat_id, last_day, why, *, by):
    """End a term early: `last_day` is its last. Raises RuleBroken without a reason, or when it would not be earlier."""
    _may_set_up(by)
    seat = Seat.objects.select_for_update(of=("self",), no_key=True).get(pk=seat_id)
    if not why.strip():
        raise RuleBroken(_("Write the reason."), field="end_reason")
    if last_day < seat.starts_on:
        raise RuleBroken(_("A term ends after it begins."), field="ends_on")
    if seat.ends_on is not None and last_day >= seat.ends_on:
        raise RuleBroken(_("The term ends by then anyway."), field="ends_on")
    if seat.attendances.filter(meeting__status__in=rules.SETTLED_MEETINGS, meeting__starts_at__date__gt=last_day).exists():
        raise RuleBroken(_("This person has attended a meeting after that day."), field="ends_on")
    seat.ends_on, seat.end_reason = last_day, why.strip()
    seat.save(update_fields=["ends_on", "end_reason"])
    return seat


def _may_set_up(by):
    # The vote of a council is not in the hands of its own secretary.
    if by is not None and not rules.is_secretary(by):
        raise RuleBroken(_("You may not do this."))
