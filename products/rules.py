"""What may happen to products and marks, and at whose hand. Judges loaded objects, writes nothing."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.rules import is_officer, is_secretary, represents
from secretariat.workflow import Step


class ProductStatus(models.TextChoices):
    DRAFT = "draft", gettext_lazy("draft")
    SUBMITTED = "submitted", gettext_lazy("submitted, waiting for screening")
    RETURNED = "returned", gettext_lazy("returned for correction")
    ACCEPTED = "accepted", gettext_lazy("accepted for assessment")
    REFUSED = "refused", gettext_lazy("not accepted")
    WITHDRAWN = "withdrawn", gettext_lazy("withdrawn by the agency")


class MarkStatus(models.TextChoices):
    PROPOSED = "proposed", gettext_lazy("proposed")
    GRANTED = "granted", gettext_lazy("in force")
    SUSPENDED = "suspended", gettext_lazy("suspended")
    REVOKED = "revoked", gettext_lazy("revoked")
    DROPPED = "dropped", gettext_lazy("not granted")


class MarkLevel(models.TextChoices):
    COMMENDED = "commended", gettext_lazy("Commended")
    QUALITY = "quality", gettext_lazy("Quality mark")
    GOLD = "gold", gettext_lazy("Quality mark with distinction")


# Granted and not ended by a decision, whatever the day.
LIVING_MARKS = (MarkStatus.GRANTED, MarkStatus.SUSPENDED)
# What is true of a granted mark on a day outside its time.
OUT_OF_TIME = {"expired": gettext_lazy("expired"), "coming": gettext_lazy("not yet in force")}
# So many days before its end the agency of a mark is called to renew it; within the first term a successor may be granted.
RENEWAL_CALLS = (90, 30)

# The least score (0–100, before rounding) for each level: the policy council's numbers, proposals until it speaks.
THRESHOLDS = {MarkLevel.COMMENDED: 70, MarkLevel.QUALITY: 80, MarkLevel.GOLD: 90}

EDITABLE = (ProductStatus.DRAFT, ProductStatus.RETURNED)
# Not before the secretariat: nothing can overlap with them.
GONE = (ProductStatus.DRAFT, ProductStatus.WITHDRAWN, ProductStatus.REFUSED)


def _represents(user, product):
    return represents(user, product.agency_id)


def _officer(user, obj):
    return is_officer(user)


def _stands_before_a_council(product):
    """A mark rests on its product: what was proposed or granted is ended by the council, not by taking the product away."""
    living = (MarkStatus.PROPOSED, MarkStatus.GRANTED, MarkStatus.SUSPENDED)
    if product.marks.filter(status__in=living).exists():
        return _("It stands before a council or holds a mark: ask the secretariat, which can have the mark taken back.")
    return None


PRODUCT_MOVES = {
    "submit": Step(EDITABLE, ProductStatus.SUBMITTED, _represents, gettext_lazy("Submit")),
    "return": Step(
        (ProductStatus.SUBMITTED,), ProductStatus.RETURNED, _officer, gettext_lazy("Return for correction"), needs_reason=True
    ),
    "accept": Step((ProductStatus.SUBMITTED,), ProductStatus.ACCEPTED, _officer, gettext_lazy("Accept")),
    "refuse": Step((ProductStatus.SUBMITTED,), ProductStatus.REFUSED, _officer, gettext_lazy("Do not accept"), needs_reason=True),
    "withdraw": Step(
        (ProductStatus.DRAFT, ProductStatus.SUBMITTED, ProductStatus.RETURNED, ProductStatus.ACCEPTED),
        ProductStatus.WITHDRAWN,
        _represents,
        gettext_lazy("Withdraw"),
        needs_reason=True,
        refuse=_stands_before_a_council,
    ),
}


def _grants(user, mark):
    """Granting binds a council's resolution: its secretary, or the head of the secretariat."""
    from secretariat.rules import serves_council

    return is_secretary(user) or serves_council(user, mark.resolution.council_id)


MARK_MOVES = {
    "grant": Step((MarkStatus.PROPOSED,), MarkStatus.GRANTED, _grants, gettext_lazy("Grant the mark")),
    "drop": Step((MarkStatus.PROPOSED,), MarkStatus.DROPPED, _grants, gettext_lazy("Do not grant"), needs_reason=True),
    "suspend": Step((MarkStatus.GRANTED,), MarkStatus.SUSPENDED, _grants, gettext_lazy("Suspend"), needs_reason=True),
    "restore": Step((MarkStatus.SUSPENDED,), MarkStatus.GRANTED, _grants, gettext_lazy("Restore"), needs_reason=True),
    "revoke": Step(
        (MarkStatus.GRANTED, MarkStatus.SUSPENDED), MarkStatus.REVOKED, _grants, gettext_lazy("Revoke"), needs_reason=True
    ),
}
