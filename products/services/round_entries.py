"""Entering accepted products into a round, each with the indicator sets of its kind and audience."""

from django.db import transaction
from django.utils.translation import gettext as _

from assessments.models import SubjectMaker
from assessments.services import rounds
from products.models import Product
from products.selectors.judging import compositions
from products.services.makers import write_makers
from secretariat import calendar
from secretariat.errors import RuleBroken
from secretariat.rules import is_officer

MOST_AT_ONCE = 1000


@transaction.atomic
def add_products(round_id, product_ids, *, by):
    """Enter accepted products into a round. Gives ([entries], [(product, sentence why not)]).

    What is in the round already, is accepted no more or cannot be judged yet is left out and told; all others go in
    together or not at all.
    """
    if not is_officer(by):
        raise RuleBroken(_("You may not do this."))
    if len(product_ids) > MOST_AT_ONCE:
        raise too_many()
    # Locked, so that none is withdrawn between this look and the entry.
    products = list(
        Product.objects.filter(pk__in=product_ids)
        .select_related("kind", "subject")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    there = set(Product.objects.filter(pk__in=product_ids, subject__entries__round=round_id).values_list("pk", flat=True))
    known = set(SubjectMaker.objects.filter(subject__product__in=products).values_list("subject", flat=True))
    composed = compositions(products)
    wanted, left_out = [], []
    for product in products:
        if product.pk in there:
            left_out.append((product, _("It is in this round already.")))
        elif product.status != Product.Status.ACCEPTED:
            left_out.append((product, _("Its state is now “%(state)s”.") % {"state": product.get_status_display()}))
        elif composed[product.pk].problems:
            left_out.append((product, " ".join(composed[product.pk].problems)))
        else:
            if product.subject_id not in known:
                write_makers(product)
            wanted.append((product.subject_id, composed[product.pk].parts))
    return rounds.add_subjects(round_id, wanted, by=by), left_out


def too_many():
    """The refusal of more products than one step can enter."""
    return RuleBroken(
        _("These are too many at once: at most %(n)s. Narrow the list down, for example to one kind.")
        % {"n": calendar.digits(MOST_AT_ONCE)}
    )
