"""What the public pages of councils show."""

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from secretariat.models import Council, Resolution, Seat


def council_tree():
    """The councils at work as nested nodes {"council", "below"}, each council with its `seat_count`; one query.

    A council under one that is at work no more stands at the top.
    """
    held = Seat.objects.current().filter(council=OuterRef("pk")).order_by().values("council").annotate(n=Count("pk")).values("n")
    councils = Council.objects.filter(is_active=True).annotate(seat_count=Coalesce(Subquery(held), 0))
    nodes = {council.pk: {"council": council, "below": []} for council in councils}
    roots = []
    for node in nodes.values():
        above = nodes.get(node["council"].parent_id)
        (above["below"] if above else roots).append(node)
    return roots


def seats_of(council):
    """{"seats": those in force, the chair first, "past": those that have ended, the last first}."""
    order = list(Seat.Role.values)
    current = list(Seat.objects.current().filter(council=council).select_related("user"))
    current.sort(key=lambda seat: (order.index(seat.role), seat.user.sort_key))
    past = council.seats.exclude(pk__in=[seat.pk for seat in current]).exclude(ends_on=None).select_related("user").order_by("-ends_on")
    return {"seats": current, "past": past}


def public_resolutions(council):
    """What the council decided in public: grants of quality marks, which the register shows too."""
    granted = council.resolutions.filter(status=Resolution.Status.ADOPTED, kind=Resolution.Kind.GRANT_MARKS)
    return granted.order_by("-adopted_at", "-pk")
