"""One product under the hand: found by whom it concerns, locked, and open to editing or not."""

from django.utils.translation import gettext as _

from products.models import Product
from secretariat.errors import RuleBroken
from secretariat.rules import represents


def locked(product_id, *, by):
    """The product, locked until the end of the transaction; a stranger's request does not find it."""
    products = Product.objects.all() if by is None else Product.objects.visible_to(by)
    return (
        products.select_related("agency", "kind", "subject", "changed_by")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=product_id)
    )


def check_editable(product, *, by):
    """Refuse whoever is not of the agency, and a product that is out of the agency's hands."""
    if by is not None and not represents(by, product.agency_id):
        raise RuleBroken(_("Only the agency itself edits its product."))
    if not product.is_editable:
        raise RuleBroken(
            _("This can no longer be edited: its state is now “%(state)s”.") % {"state": product.get_status_display()}
        )
