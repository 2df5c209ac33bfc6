"""What the public pages of councils show."""

from django.db.models import Count, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce

from secretariat.models import Council, Resolution, Seat
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
    current.sort(key=lambda seat: (order.index(seat.role), seat.user.sort_key))
    past = council.seats.exclude(pk__in=[seat.pk for seat in current]).exclude(ends_on=None).select_related("user").order_by("-ends_on")
    return {"seats": current, "past": past}


def voting_rules(council):
    """[(kind of decision, how it is taken in one sentence, whether in secret)], those of its own before the general one."""
    rows = {row.decision: row.rule for row in council.decision_rules.all()}
    rows.setdefault(Decision.GENERAL, VotingRule())
    order = sorted(rows, key=lambda decision: (decision == Decision.GENERAL, Decision.values.index(decision)))
    return [(Decision(decision).label, rule_in_words(rows[decision]), rows[decision].secret) for decision in order]


def public_resolutions(council):
    """What the council decided in public: grants of quality marks, which the register shows too."""
    return _public().filter(council=council).order_by("-adopted_at", "-pk")


def _public():
    return Resolution.objects.filter(status=Resolution.Status.ADOPTED, kind=Resolution.Kind.GRANT_MARKS)
