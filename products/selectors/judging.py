"""By which indicator sets a product is judged."""

from decimal import Decimal

from django.utils.translation import gettext as _

from assessments.models import SetVersion
from products.models import Product
from secretariat.errors import RuleBroken

# Percent of the total for each layer (see docs/decisions.md): the kind's own set, the common one, and for
# children the overlay beside them.
PLAIN = {"kind": Decimal(70), "common": Decimal(30)}
FOR_CHILDREN = {"kind": Decimal(55), "common": Decimal(25), "overlay": Decimal(20)}


def set_versions_for(product):
    """[(SetVersion, percent)] by which `product` is judged: published versions, common first, together 100.

    Raises RuleBroken naming the set that has no published version.
    """
    for_children = product.audience == Product.Audience.CHILDREN
    wanted = [("common", {"set__layer": "common"}), ("kind", {"set": product.kind.indicator_set_id})]
    if for_children:
        wanted.append(("overlay", {"set__layer": "overlay"}))
    weights = FOR_CHILDREN if for_children else PLAIN
    found = []
    for layer, condition in wanted:
        version = SetVersion.objects.published().select_related("set").filter(**condition).order_by("set_id").first()
        if version is None:
            raise RuleBroken(
                _("No published indicator set for “%(layer)s”: publish one first.") % {"layer": _LAYER_NAMES[layer]()}
            )
        found.append((version, weights[layer]))
    return found


_LAYER_NAMES = {
    "common": lambda: _("common to all kinds"),
    "kind": lambda: _("for one kind"),
    "overlay": lambda: _("added for some audiences"),
}
