"""What the public pages of councils show."""

from django.db.models import Count, Max, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from secretariat import calendar, rules
from secretariat.errors import RuleBroken
from secretariat.models import Council, Resolution, Seat
from secretariat.persian import to_jalali
from secretariat.rules import Decision
from secretariat.rules.voting import VotingRule, rule_in_words


def council_tree():
    """The councils at work as nested nodes {"council", "below"}: each council with its `seat_count`, its `chairs` and the day it
    `decided_on` last in public; two queries.

    A council under one that is at work no more stands at the top.
    """
    held = Seat.objects.current().filter(council=OuterRef("pk")).order_by().values("council").annotate(n=Count("pk")).values("n")
    decided = _public().filter(council=OuterRef("pk")).order_by("-adopted_at").values("adopted_at")[:1]
    chairs = Seat.objects.current().filter(role=Seat.Role.CHAIR).select_related("user")
    councils = (
        Council.objects.filter(is_active=True)
        .annotate(seat_count=Coalesce(Subquery(held), 0), decided_on=Subquery(decided))
        .prefetch_related(Prefetch("seats", chairs, to_attr="chairs"))
    )
    nodes = {council.pk: {"council": council, "below": []} for council in councils}
    roots = []
    for node in nodes.values():
        above = nodes.get(node["council"].parent_id)
        (above["below"] if above else roots).append(node)
    # Those with others under them need the room of a whole line.
    return sorted(roots, key=lambda node: bool(node["below"]))


def seats_of(council):
    """{"seats": those in force, the chair first, "past": those that have ended, the last first}."""
    order = list(Seat.Role.values)
    current = list(Seat.objects.current().filter(council=council).select_related("user"))
    current.sort(key=lambda seat: (order.index(seat.role), seat.user.sort_key, seat.pk))
    past = council.seats.exclude(pk__in=[seat.pk for seat in current]).exclude(ends_on=None).select_related("user").order_by("-ends_on", "-pk")
    return {"seats": current, "past": past}


def voting_rules(council):
    """[(kind of decision, how it is taken in one sentence, whether in secret)], those of its own before the general one."""
    rows = {row.decision: row.rule for row in council.decision_rules.all()}
    rows.setdefault(Decision.GENERAL, VotingRule())
    order = sorted(rows, key=lambda decision: (decision == Decision.GENERAL, Decision.values.index(decision)))
    return [(Decision(decision).label, rule_in_words(rows[decision]), rows[decision].secret) for decision in order]


def why_not_end(seat, last_day, why):
    """What stands against `last_day` as the last of a term, as RuleBroken with its field; None where nothing does.

    An earlier end than was said, or one that has passed, needs a reason.
    """
    if last_day < seat.starts_on:
        return RuleBroken(_("A term ends after it begins."), field="ends_on")
    is_early = last_day < (seat.ends_on or to_jalali(timezone.localdate()))
    if is_early and not why.strip():
        return RuleBroken(_("Write the reason."), field="end_reason")
    if seat.attendances.filter(meeting__status__in=rules.SETTLED_MEETINGS, meeting__starts_at__date__gt=calendar.day_of(last_day)).exists():
        return RuleBroken(_("This person has attended a meeting after that day."), field="ends_on")
    return None


def seats_to_go_on(council):
    """The seats in force of a council; where there are none, those that ended last."""
    seats = council.seats.select_related("user", "deputy").order_by(Seat.in_order(), "user__sort_key", "pk")
    last = None if seats.current().exists() else council.seats.aggregate(last=Max("ends_on"))["last"]
    return seats.filter(ends_on=last) if last else seats.current()


def public_resolutions(council):
    """What the council decided in public: grants of quality marks and exemplars, which their own pages show too."""
    return _public().filter(council=council).order_by("-adopted_at", "-pk")


def _public():
    return Resolution.objects.filter(status=Resolution.Status.ADOPTED, kind__in=(Resolution.Kind.GRANT_MARKS, Resolution.Kind.EXEMPLARS))
