"""What may happen to products and marks, and at whose hand. Judges loaded objects, writes nothing."""

from datetime import timedelta

from django.db import models
from django.utils import timezone
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


class ExemplarStatus(models.TextChoices):
    NOMINATED = "nominated", gettext_lazy("nominated, being written")
    ASKED = "asked", gettext_lazy("waits for the agency’s consent")
    READY = "ready", gettext_lazy("ready for a council")
    PROPOSED = "proposed", gettext_lazy("before a council")
    PUBLISHED = "published", gettext_lazy("published")
    RETIRED = "retired", gettext_lazy("no longer shown")
    REFUSED = "refused", gettext_lazy("not accepted")
    WITHDRAWN = "withdrawn", gettext_lazy("withdrawn by the agency")


# Granted and not ended by a decision, whatever the day.
LIVING_MARKS = (MarkStatus.GRANTED, MarkStatus.SUSPENDED)
# What is true of a granted mark on a day outside its time.
OUT_OF_TIME = {"expired": gettext_lazy("expired"), "coming": gettext_lazy("not yet in force")}


class RenewalStatus(models.TextChoices):
    DRAFT = "draft", gettext_lazy("being written")
    SENT = "sent", gettext_lazy("waits for an answer")
    ACCEPTED = "accepted", gettext_lazy("accepted into a round")
    DECLINED = "declined", gettext_lazy("declined")
    WITHDRAWN = "withdrawn", gettext_lazy("withdrawn")


# Beside these no other request of the same mark is made.
LIVING_REQUESTS = (RenewalStatus.DRAFT, RenewalStatus.SENT, RenewalStatus.ACCEPTED)
# So many days before its end the agency of a mark is called to renew it; within the first term a successor may be granted.
RENEWAL_CALLS = (90, 30)
# A request that was begun in time may still be sent so many days after the mark's end.
RENEWAL_GRACE = 30

# The least score (0–100, before rounding) for each level: the policy council's numbers, proposals until it speaks.
THRESHOLDS = {MarkLevel.COMMENDED: 70, MarkLevel.QUALITY: 80, MarkLevel.GOLD: 90}

# Of one product one of these, whoever nominates it.
LIVING_EXEMPLARS = (
    ExemplarStatus.NOMINATED,
    ExemplarStatus.ASKED,
    ExemplarStatus.READY,
    ExemplarStatus.PROPOSED,
    ExemplarStatus.PUBLISHED,
)
MOST_EXEMPLAR_LINKS = 6
MOST_EXEMPLAR_FILES = 8

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
    if product.exemplars.filter(status__in=(ExemplarStatus.PROPOSED, ExemplarStatus.PUBLISHED)).exists():
        return _("It stands before a council or is shown as an exemplar: take your consent back first.")
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


def renewal_term(mark):
    """In the time of which call to renew a mark stands now; None before the first and after its end."""
    today = timezone.localdate()
    if mark.valid_until is None or mark.valid_until < today:
        return None
    return min((days for days in RENEWAL_CALLS if mark.valid_until <= today + timedelta(days=days)), default=None)


def why_not_renewed(mark):
    """A sentence saying why a mark can no longer be renewed, whatever the day; None where it can."""
    if mark.status != MarkStatus.GRANTED or not mark.published_at:
        return _("Only a published mark in force is renewed; its state is “%(state)s”.") % {"state": mark.get_status_display()}
    if mark.renewed_by.filter(status__in=LIVING_MARKS).exists():
        return _("Another mark of the same product follows it already.")
    return None


def _asks(user, request):
    return represents(user, request.mark.product.agency_id)


def _cannot_be_sent(request):
    if refusal := why_not_renewed(request.mark):
        return refusal
    if timezone.localdate() > request.mark.valid_until + timedelta(days=RENEWAL_GRACE):
        return _("Its time is over: the mark ended too long ago. The product can be put up anew.")
    if not request.changes.strip():
        return _("Write what has changed since the mark, or that nothing has.")
    return None


def _cannot_be_accepted(request):
    return why_not_renewed(request.mark)


RENEWAL_MOVES = {
    "send": Step((RenewalStatus.DRAFT,), RenewalStatus.SENT, _asks, gettext_lazy("Send the request"), refuse=_cannot_be_sent),
    "withdraw": Step(
        (RenewalStatus.DRAFT, RenewalStatus.SENT), RenewalStatus.WITHDRAWN, _asks, gettext_lazy("Withdraw the request")
    ),
    "accept": Step(
        (RenewalStatus.SENT,), RenewalStatus.ACCEPTED, _officer, gettext_lazy("Accept into a round"), refuse=_cannot_be_accepted
    ),
    "decline": Step((RenewalStatus.SENT,), RenewalStatus.DECLINED, _officer, gettext_lazy("Decline"), needs_reason=True),
}


# --- exemplars -----------------------------------------------------------------------------------


def writes_exemplar(user, exemplar):
    """Who writes a nomination: officers, and the agency its own."""
    return is_officer(user) or (exemplar.by_agency and represents(user, exemplar.product.agency_id))


def _of_its_agency(user, exemplar):
    return represents(user, exemplar.product.agency_id)


def _keeps_exemplar(user, exemplar):
    """Whoever keeps the papers of the council before which it stands."""
    from secretariat.rules import serves_council

    return exemplar.resolution_id is not None and serves_council(user, exemplar.resolution.council_id)


def _officers_or_keepers(user, exemplar):
    """Whose council it is, the service asks: before it stands there the nomination does not know."""
    from secretariat.rules import served_councils

    return is_officer(user) or served_councils(user) is None or bool(served_councils(user))


def _decides_exemplar(user, exemplar):
    return is_secretary(user) or _keeps_exemplar(user, exemplar)


def _incomplete(exemplar):
    if missing := exemplar.missing():
        return _("Still missing: %(what)s.") % {"what": "، ".join(str(label) for label in missing)}
    return None


def _not_for_its_agency_yet(exemplar):
    if exemplar.status == ExemplarStatus.NOMINATED and not exemplar.by_agency:
        return _("The secretariat is still writing; you are asked when the text is whole.")
    return _incomplete(exemplar)


def _not_its_own(exemplar):
    return None if exemplar.by_agency else _("The secretariat nominated it: say no where you are asked for your consent.")


_BEFORE_A_COUNCIL = (ExemplarStatus.NOMINATED, ExemplarStatus.ASKED, ExemplarStatus.READY)
_TAKE_BACK = gettext_lazy("Take the consent back")

EXEMPLAR_MOVES = {
    "ask": Step(
        (ExemplarStatus.NOMINATED,), ExemplarStatus.ASKED, _officer, gettext_lazy("Ask the agency’s consent"), refuse=_incomplete
    ),
    "consent": Step(
        (ExemplarStatus.NOMINATED, ExemplarStatus.ASKED),
        ExemplarStatus.READY,
        _of_its_agency,
        gettext_lazy("Consent"),
        refuse=_not_for_its_agency_yet,
    ),
    "decline": Step(
        (ExemplarStatus.ASKED,), ExemplarStatus.NOMINATED, _of_its_agency, gettext_lazy("Do not consent"), needs_reason=True
    ),
    "return": Step(
        (ExemplarStatus.ASKED, ExemplarStatus.READY),
        ExemplarStatus.NOMINATED,
        _officer,
        gettext_lazy("Back to be written"),
        needs_reason=True,
    ),
    "refuse": Step(_BEFORE_A_COUNCIL, ExemplarStatus.REFUSED, _officer, gettext_lazy("Do not accept"), needs_reason=True),
    "withdraw": Step(
        _BEFORE_A_COUNCIL,
        ExemplarStatus.WITHDRAWN,
        _of_its_agency,
        gettext_lazy("Withdraw the nomination"),
        needs_reason=True,
        refuse=_not_its_own,
    ),
    "propose": Step((ExemplarStatus.READY,), ExemplarStatus.PROPOSED, _officers_or_keepers, gettext_lazy("Put before the council")),
    "release": Step((ExemplarStatus.PROPOSED,), ExemplarStatus.READY, _keeps_exemplar, gettext_lazy("Take out")),
    "fail": Step(
        (ExemplarStatus.PROPOSED,), ExemplarStatus.NOMINATED, _decides_exemplar, gettext_lazy("Send back"), needs_reason=True
    ),
    "publish": Step((ExemplarStatus.PROPOSED,), ExemplarStatus.PUBLISHED, _decides_exemplar, gettext_lazy("Publish")),
    "retire": Step(
        (ExemplarStatus.PUBLISHED,), ExemplarStatus.RETIRED, _decides_exemplar, gettext_lazy("Take off"), needs_reason=True
    ),
    # The agency takes its consent back: before a council, while it stands there (nothing is published then), or afterwards.
    "take_back": Step((ExemplarStatus.READY,), ExemplarStatus.NOMINATED, _of_its_agency, _TAKE_BACK, needs_reason=True),
    "object": Step((ExemplarStatus.PROPOSED,), "", _of_its_agency, _TAKE_BACK, needs_reason=True),
    "take_down": Step((ExemplarStatus.PUBLISHED,), ExemplarStatus.RETIRED, _of_its_agency, _TAKE_BACK, needs_reason=True),
}
