"""What the councils must know of a resolution on exemplars: by which rule it is voted on, who is tied, what it decides."""

from django.urls import reverse
from django.utils.translation import gettext as _

from products.models import Product
from products.selectors.exemplars import exemplars_before, placed
from products.services.exemplar_motions import lost
from products.services.marks import recusals
from secretariat.matters import Matter
from secretariat.rules import Decision


def decisions(resolution):
    """Exemplars are named by a rule of their own."""
    return [Decision.EXEMPLAR]


def ties(resolution, seats):
    """Why seats are recused, in one sentence each: as with the marks of the same products."""
    return recusals(list(Product.objects.filter(exemplars__in=placed(resolution)).order_by("pk")), seats)


def parts(resolution):
    """Each nomination with its product, the score it rests on, and the seal of the words that were decided on."""
    seals = placed(resolution)
    return [
        [one.pk, one.product_id, repr(one.score_value), seals[one.pk]]
        for one in sorted(exemplars_before(resolution), key=lambda one: one.pk)
    ]


def lines(resolution):
    """Each product that is to be an exemplar."""
    return [(one.product.title, _("exemplar")) for one in exemplars_before(resolution)]


def public(resolution):
    """The gallery, narrowed to those that it named."""
    return f"{reverse('exemplar_list')}?resolution={resolution.pk}"


MATTER = Matter(
    decisions=decisions,
    ties=ties,
    parts=parts,
    lines=lines,
    lost=lost,
    page="exemplar_board",
    item_kind="exemplars",
    start="exemplars_for_council",
    public=public,
)
