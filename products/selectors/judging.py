"""By which indicator sets a product is judged."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from assessments.models import IndicatorSet, SetVersion
from products.models import Product
from secretariat.errors import RuleBroken

# Percent of the total for each layer (see docs/decisions.md): the kind's own set, the common one, and for
# children the overlay beside them.
PLAIN = {"common": Decimal(30), "kind": Decimal(70)}
FOR_CHILDREN = {"common": Decimal(25), "kind": Decimal(55), "overlay": Decimal(20)}


@dataclass(frozen=True)
class Composition:
    """The set versions that judge one product, or the sentences that say why it cannot be judged yet."""

    parts: list[tuple[Any, Decimal]]
    problems: list[str] = field(default_factory=list)


def set_versions_for(product):
    """[(SetVersion, percent)] by which `product` is judged: published versions, common first, together 100.

    Raises RuleBroken naming the set that has no published version.
    """
    composition = compositions([product])[product.pk]
    if composition.problems:
        raise RuleBroken(" ".join(composition.problems))
    return composition.parts


def compositions(products):
    """{primary key: Composition} for many products (with `kind` at hand) in two queries."""
    published = list(SetVersion.objects.published().select_related("set").order_by("set_id"))
    of_set = {version.set_id: version for version in published}
    of_layer = {}
    for version in published:
        of_layer.setdefault(version.set.layer, version)
    lacking = {product.kind.indicator_set_id for product in products} - of_set.keys()
    titles = {set_.pk: set_.title for set_ in IndicatorSet.objects.filter(pk__in=lacking)} if lacking else {}
    return {product.pk: _composed(product, of_set, of_layer, titles) for product in products}


def _composed(product, of_set, of_layer, titles):
    weights = FOR_CHILDREN if product.audience == Product.Audience.CHILDREN else PLAIN
    parts, problems = [], []
    for layer, weight in weights.items():
        version = of_set.get(product.kind.indicator_set_id) if layer == "kind" else of_layer.get(layer)
        if version is not None:
            parts.append((version, weight))
        elif layer == "kind":
            problems.append(
                _("The indicator set “%(set)s” for the kind “%(kind)s” has no published version: publish one first.")
                % {"set": titles[product.kind.indicator_set_id], "kind": product.kind.title}
            )
        elif layer == "common":
            problems.append(_("The indicators common to all kinds have no published version: publish one first."))
        else:
            problems.append(_("The indicators added for children have no published version: publish one first."))
    return Composition(parts, problems)
