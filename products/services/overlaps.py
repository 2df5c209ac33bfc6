"""Finding likely overlaps with other agencies' products, and deciding on each with a reason (against parallel work)."""

from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products.models import Overlap, Product
from products.rules import GONE
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.rules import is_officer
from secretariat.services import notices

# How much each likeness weighs in the whole; the title says most.
WEIGHTS = {"title": 0.55, "kind": 0.15, "audience": 0.10, "period": 0.20}
LIKELY = 0.55  # from here on a pair is shown
LEAST_TITLE = 0.30  # pg_trgm's own default threshold: below it titles have nothing to do with one another
CANDIDATES = 200
FADES_IN = 30  # days between two periods after which nearness no longer counts
_LOCK = 7_304_001  # of pg_advisory_xact_lock: searches for overlaps follow one another


# --- finding -------------------------------------------------------------------------------------


@transaction.atomic
def find(product_id):
    """Compare a product with the other agencies' live ones and keep the likely overlaps; returns them, likeliest first.

    Repeatable: a decided pair keeps its decision, whichever of the two was handed in first, and an undecided pair
    that is no longer likely is removed. A product that is itself gone overlaps with nothing.
    """
    product = Product.objects.select_for_update(of=("self",), no_key=True).get(pk=product_id)
    # Of two alike handed in at the same moment, the second search must see the first one's product.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    likely = {other.pk: (parts, total) for other, parts, total in _compared(product) if total >= LIKELY}
    known = {}
    for overlap in Overlap.objects.touching(product.pk).select_for_update(of=("self",)):
        known[overlap.other_id if overlap.product_id == product.pk else overlap.product_id] = overlap
    over = [pair.pk for other, pair in known.items() if other not in likely and pair.decision == Overlap.Decision.OPEN]
    Overlap.objects.filter(pk__in=over).delete()
    again = [pair for other, pair in known.items() if other in likely]
    for other, pair in known.items():
        if other in likely:
            pair.reasons, pair.similarity = likely[other]
    Overlap.objects.bulk_update(again, ["reasons", "similarity"])
    Overlap.objects.bulk_create(
        Overlap(product=product, other_id=other, reasons=parts, similarity=total)
        for other, (parts, total) in likely.items()
        if other not in known
    )
    return list(Overlap.objects.touching(product.pk).select_related("product__agency", "other__agency", "other__kind"))


def _compared(product):
    """(other, {"title": share, …}, weighted total) for products of other agencies with a similar title."""
    key = product.title_key
    if not key or product.status in GONE:
        return
    others = (
        Product.objects.filter(title_key__trigram_similar=key)
        .exclude(agency=product.agency_id)
        .exclude(status__in=GONE)
        .annotate(title_likeness=TrigramSimilarity("title_key", key))
        .filter(title_likeness__gte=LEAST_TITLE)
        .order_by("-title_likeness", "pk")[:CANDIDATES]
    )
    for other in others:
        parts = {
            "title": round(min(1.0, float(other.title_likeness)), 3),
            "kind": float(other.kind_id == product.kind_id),
            "audience": float(other.audience == product.audience),
            "period": round(period_likeness(_period(product), _period(other)), 3),
        }
        yield other, parts, weigh(parts)


def weigh(parts):
    """The whole likeness, 0–1, from the likeness of each part."""
    return round(sum(WEIGHTS[name] * share for name, share in parts.items()), 4)


def _period(product):
    """(first day, last day) in Gregorian dates, None without a beginning; what has no end lasted a day."""
    if not product.starts_on:
        return None
    return product.starts_on.togregorian(), (product.ends_on or product.starts_on).togregorian()


def period_likeness(one, two):
    """Share of the shorter period that both cover; apart, nearness fades in thirty days; without dates nothing can be said."""
    if not (one and two):
        return 0.0
    (begins, ends), (begins_too, ends_too) = one, two
    shared = (min(ends, ends_too) - max(begins, begins_too)).days + 1
    if shared > 0:
        return shared / (min((ends - begins).days, (ends_too - begins_too).days) + 1)
    return max(0.0, 1 - (1 - shared) / FADES_IN)


# --- deciding ------------------------------------------------------------------------------------


@transaction.atomic
def decide(overlap_id, decision, reason, *, by, seen=None):
    """Record what an officer decided on an overlap, and why; a later decision replaces it and stays in the history.

    `seen` is the decision that stood when the form was opened: when another officer decided since, Stale is raised.
    """
    if not is_officer(by):
        raise RuleBroken(_("You may not do this."))
    if decision not in Overlap.Decision.values or decision == Overlap.Decision.OPEN:
        raise RuleBroken(_("Choose a decision."), field="decision")
    reason = reason.strip()
    if not reason:
        raise RuleBroken(_("Write the reason."), field="reason")
    overlap = (
        Overlap.objects.select_for_update(of=("self",))
        .select_related("product__agency", "other__agency", "decided_by")
        .get(pk=overlap_id)
    )
    if (overlap.decision, overlap.decision_reason) == (decision, reason):
        return overlap
    if seen is not None and seen != overlap.decision:
        raise Stale(
            _("%(who)s has decided on this overlap meanwhile: %(decision)s.")
            % {"who": overlap.decided_by or _("Somebody"), "decision": overlap.get_decision_display()},
            current=overlap,
        )
    overlap.decision, overlap.decision_reason = decision, reason
    overlap.decided_by, overlap.decided_at = by, timezone.now()
    overlap.save(update_fields=["decision", "decision_reason", "decided_by", "decided_at"])
    _tell(overlap)
    return overlap


_DECIDED = gettext_lazy("The likely overlap of “%(title)s” with “%(other)s” of %(agency)s was decided: %(decision)s.")


def _tell(overlap):
    """The submitter learns every decision, the other agency that the two are to work together."""
    sides = [(overlap.product, overlap.other)]
    if overlap.decision == Overlap.Decision.COOPERATE:
        sides.append((overlap.other, overlap.product))
    for product, other in sides:
        fa, en = both(
            lambda product=product, other=other: (
                _DECIDED
                % {
                    "title": product.title,
                    "other": other.title,
                    "agency": other.agency,
                    "decision": overlap.get_decision_display(),
                }
            )
        )
        key = f"overlap-{overlap.pk}-{product.pk}-{overlap.decided_at.timestamp()}"
        notices.tell_agency(product.agency_id, "overlap_decided", fa, en, link=product.get_absolute_url(), once=key)
