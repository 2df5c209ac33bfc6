"""Calling agencies to renew marks that end soon: once for each term, on record."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from products import rules
from products.models import QualityMark, RenewalCall
from secretariat import calendar
from secretariat.bilingual import both
from secretariat.services import notices

CALL = _(
    "The quality mark of “%(product)s” (serial %(serial)s) ends on %(day)s. If you want it renewed, ask for it on the page of the product:"
    " it is judged anew and comes before the council; the new mark then follows this one without a gap."
)

# Whoever has asked, and waits or was accepted, is not called again.
UNDER_WAY = Q(renewal_requests__status__in=(rules.RenewalStatus.SENT, rules.RenewalStatus.ACCEPTED))


def due():
    """(mark, term) of the calls that are to be made now: of several terms that have come, only the nearest to the end."""
    today = timezone.localdate()
    found = []
    for mark in QualityMark.objects.ending().exclude(UNDER_WAY).prefetch_related("renewal_calls").order_by("valid_until", "pk"):
        term = min(days for days in rules.RENEWAL_CALLS if mark.valid_until <= today + timedelta(days=days))
        if term not in {call.days for call in mark.renewal_calls.all()}:
            found.append((mark, term))
    return found


def call_due():
    """Make the calls that are due; gives how many. Doing it twice, or twice at once, calls nobody twice."""
    return sum(call(mark.pk, term) for mark, term in due())


@transaction.atomic
def call(mark_id, term):
    """Tell the agency of a mark that it ends, for one term; gives whether that was still to be done."""
    mark = QualityMark.objects.select_for_update(of=("self",), no_key=True).select_related("product").get(pk=mark_id)
    if not QualityMark.objects.ending().exclude(UNDER_WAY).filter(pk=mark_id).exists():
        return False
    _row, made = RenewalCall.objects.get_or_create(mark=mark, days=term)
    if made:
        fa, en = both(
            lambda: (
                CALL
                % {
                    "product": mark.product.title,
                    "serial": calendar.digits(mark.serial),
                    "day": calendar.long_date(mark.valid_until),
                }
            )
        )
        link = reverse("product_detail", args=[mark.product_id])
        notices.tell_agency(mark.product.agency_id, "mark_ends", fa, en, link=link, once=f"mark-ends-{mark.pk}-{term}")
    return made
