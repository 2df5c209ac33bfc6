"""Two products side by side: what is alike, told by what both agencies may know of each other."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from products.models import Overlap
from products.rules import GONE
from secretariat import calendar

# Still open while one side is gone: there is nothing to decide any more.
COME_TO_NOTHING = Q(decision=Overlap.Decision.OPEN) & (Q(product__status__in=GONE) | Q(other__status__in=GONE))


@dataclass(frozen=True)
class Likeness:
    """One respect in which two products are compared."""

    label: str
    mine: str
    others: str
    share: float

    @property
    def percent(self):
        """The likeness in this respect, in percent."""
        return round(self.share * 100)


@dataclass(frozen=True)
class Pair:
    """An overlap seen from one of its two products."""

    overlap: Any
    mine: Any
    other: Any
    rows: list
    fields: Any = None  # bound fields (decision, reason) while it is open on a screening form

    @property
    def percent(self):
        """The whole likeness in percent."""
        return percent(self.overlap)


def percent(overlap):
    """The whole likeness of an overlap in percent."""
    return round(overlap.similarity * 100)


def overlaps_of(product, user):
    """The overlaps of a product that `user` may see, likeliest first; those that came to nothing are left out."""
    return list(
        Overlap.objects.visible_to(user)
        .touching(product.pk)
        .exclude(COME_TO_NOTHING)
        .select_related("product__agency", "product__kind", "other__agency", "other__kind", "decided_by")
    )


def pair(overlap, product_id=None, fields=None):
    """The overlap seen from `product_id`, by default from the product that brought it to light."""
    mine, other = overlap.product, overlap.other
    if product_id == other.pk:
        mine, other = other, mine
    texts = [
        (_("title"), "title", str),
        (_("kind"), "kind", _kind),
        (_("audience"), "audience", _audience),
        (_("period"), "period", period),
    ]
    rows = [Likeness(label, text(mine), text(other), overlap.reasons.get(name, 0)) for label, name, text in texts]
    return Pair(overlap, mine, other, rows, fields)


def _kind(product):
    return product.kind.title


def _audience(product):
    return product.get_audience_display()


def period(product):
    """When it was published or took place, in words."""
    if not product.starts_on:
        return _("not given")
    if not product.ends_on or product.ends_on == product.starts_on:
        return calendar.long_date(product.starts_on)
    return _("%(first)s to %(last)s") % {
        "first": calendar.long_date(product.starts_on),
        "last": calendar.long_date(product.ends_on),
    }


def earlier_decisions(overlap):
    """Decisions that a later one replaced, newest first."""
    events = overlap.events.exclude(decision=Overlap.Decision.OPEN).exclude(decided_at=overlap.decided_at)
    return list(events.select_related("decided_by").order_by("decided_at", "-pgh_id").distinct("decided_at"))[::-1]
