"""The likely overlaps of a product, for any page that shows the product."""

from django import template

from products.selectors import overlaps as selectors

register = template.Library()


@register.simple_tag(takes_context=True)
def overlaps_of(context, product):
    """The overlaps of a product as its reader may see them, each seen from this product."""
    user = context["user"]
    return [selectors.pair(overlap, product.pk) for overlap in selectors.overlaps_of(product, user)]
