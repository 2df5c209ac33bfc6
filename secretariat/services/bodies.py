"""Setting councils up: by which rules they vote, and new terms."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import calendar, rules
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.models import Council, DecisionRule, Seat
from secretariat.models.bodies import columns_of
from secretariat.rules.voting import VotingRule
from secretariat.selectors.bodies import why_not_end
from secretariat.services import meetings
from secretariat.services.notices import tell

SEATED = gettext_lazy("You have a seat in “%(council)s”: %(role)s.")
DEPUTY = gettext_lazy("You are the deputy of %(name)s in “%(council)s”: you find its meetings and papers under “Meetings”.")


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


def tell_seated(seat):
    """Tell somebody who has been given a seat; a deputy learns it as well."""
    tell(seat.user, "seat_given", *both(lambda: SEATED % _named(seat)), link=reverse("desk"), once=f"seat-given:{seat.pk}")
    if seat.deputy is not None:
        words = both(lambda: DEPUTY % {**_named(seat), "name": seat.user})
        tell(seat.deputy, "deputy_named", *words, link=reverse("desk"), once=f"deputy-named:{seat.pk}:{seat.deputy_id}")


def _named(seat):
    return {"council": seat.council.name, "role": seat.get_role_display()}


@transaction.atomic
def begin_term(council_id, seats, starts_on, ends_on, *, by):
    """Seat the holders of `seats`, of this council or another, for a new term with their roles and deputies.

    A term of theirs in this council that reaches into the new one ends the day before. Gives the new seats.
    """
    _may_set_up(by)
    council = Council.objects.select_for_update(no_key=True).get(pk=council_id)
    chosen = {seat.user_id: seat for seat in seats}
    here = council.seats.filter(Q(ends_on=None) | Q(ends_on__gte=starts_on)).select_related("user")
    if ends_on is not None:
        here = here.filter(starts_on__lte=ends_on)
    for former in list(here):
        if former.user_id in chosen:
            _end_before(former, starts_on)
        elif former.role == Seat.Role.CHAIR and any(seat.role == Seat.Role.CHAIR for seat in seats):
            raise RuleBroken(_("%(name)s is the chair at that time: end this term first.") % {"name": former.user}, field="seats")
    made = []
    for seat in seats:
        new = Seat.objects.create(
            council=council, user=seat.user, deputy=seat.deputy, role=seat.role, starts_on=starts_on, ends_on=ends_on
        )
        tell_seated(new)
        made.append(new)
    meetings.follow_seats([council_id])
    return made


def _end_before(former, day):
    if former.starts_on >= day:
        told = {"name": former.user, "day": calendar.digits(calendar.short_date(former.starts_on))}
        raise RuleBroken(_("%(name)s has a term here that begins on %(day)s already.") % told, field="starts_on")
    last, why = day - timedelta(days=1), _("A new term has begun.")
    if refusal := why_not_end(former, last, why):
        raise RuleBroken(f"{former.user}: {refusal}", field="starts_on")
    early = former.ends_on is not None
    former.ends_on, former.end_reason = last, why if early else former.end_reason
    former.save(update_fields=["ends_on", "end_reason"])


def _may_set_up(by):
    # The vote of a council is not in the hands of its own secretary.
    if by is not None and not rules.is_secretary(by):
        raise RuleBroken(_("You may not do this."))
