"""Finding likely overlaps with other agencies' products, and deciding on each with a reason (against parallel work)."""

from django.contrib.postgres.search import TrigramSimilarity
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from products.models import Overlap, Product
from secretariat import persian
from secretariat.errors import RuleBroken
from secretariat.rules import is_officer

# How much each likeness weighs in the whole; the title says most.
WEIGHTS = {"title": 0.55, "kind": 0.15, "audience": 0.10, "period": 0.20}
LIKELY = 0.55  # from here on a pair is shown
LEAST_TITLE = 0.30  # pg_trgm's own default threshold: below it titles have nothing to do with one another
CANDIDATES = 200


@transaction.atomic
def find(product_id):
    """Compare a product with the other agencies' live ones and keep the likely overlaps; returns them, likeliest first.

    Repeatable: a pair already decided keeps its decision, an undecided pair no longer likely is removed.
    """
    product = Product.objects.select_for_update(of=("self",), no_key=True).get(pk=product_id)
    likely = {other.pk: (other, parts, total) for other, parts, total in _compared(product) if total >= LIKELY}
    product.overlaps.filter(decision=Overlap.Decision.OPEN).exclude(other__in=likely).delete()
    Overlap.objects.bulk_create(
        [Overlap(product=product, other=other, similarity=total, reasons=parts) for other, parts, total in likely.values()],
        update_conflicts=True,
        unique_fields=["product", "other"],
        update_fields=["similarity", "reasons"],
    )
    return list(product.overlaps.select_related("other__agency", "other__kind"))


def _compared(product):
    """(other, {"title": share, …}, weighted total) for products of other agencies with a similar title."""
    key = persian.search_key(product.title_fa)
    if not key:
        return
    others = (
        Product.objects.filter(search_key__trigram_similar=key)
        .exclude(agency=product.agency_id)
        .exclude(status__in=["draft", "withdrawn", "refused"])
        .annotate(title_likeness=TrigramSimilarity("search_key", key))
        .filter(title_likeness__gte=LEAST_TITLE)
        .order_by("-title_likeness", "pk")[:CANDIDATES]
    )
    for other in others:
        parts = {
            "title": round(min(1.0, float(other.title_likeness)), 3),
            "kind": float(other.kind_id == product.kind_id),
            "audience": float(other.audience == product.audience),
            "period": round(_period_likeness(product, other), 3),
        }
        yield other, parts, round(sum(WEIGHTS[name] * share for name, share in parts.items()), 4)


def _period_likeness(one, two):
    """Share of the shorter period that both cover; without dates nothing can be said (0); single days within 30 days fade."""
    if not (one.starts_on and two.starts_on):
        return 0.0
    a0, a1 = one.starts_on.togregorian(), (one.ends_on or one.starts_on).togregorian()
    b0, b1 = two.starts_on.togregorian(), (two.ends_on or two.starts_on).togregorian()
    shared = (min(a1, b1) - max(a0, b0)).days + 1
    if shared > 0:
        return shared / (min((a1 - a0).days, (b1 - b0).days) + 1)
    return max(0.0, 1 - (1 - shared) / 30)


@transaction.atomic
def decide(overlap_id, decision, reason, *, by):
    """Record what an officer decided on an overlap, and why; a later decision replaces it and stays in the history."""
    if not is_officer(by):
        raise RuleBroken(_("You may not do this."))
    if decision not in Overlap.Decision.values or decision == Overlap.Decision.OPEN:
        raise RuleBroken(_("Choose a decision."), field="decision")
    if not reason.strip():
        raise RuleBroken(_("Write the reason."), field="reason")
    overlap = Overlap.objects.select_for_update(of=("self",)).get(pk=overlap_id)
    overlap.decision, overlap.decision_reason = decision, reason.strip()
    overlap.decided_by, overlap.decided_at = by, timezone.now()
    overlap.save(update_fields=["decision", "decision_reason", "decided_by", "decided_at"])
    return overlap
