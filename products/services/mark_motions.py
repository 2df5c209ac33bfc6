"""Drawing up what a council decides on the products of a round: who gets which mark, who is put off, who gets none."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products import rules
from products.models import Product, Withheld
from products.services import council_items
from products.services.marks import deciding_score, propose
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.models import AgendaItem, Resolution
from secretariat.rules import ResolutionStatus, serves_council
from secretariat.services import notices
from secretariat.services.ballots import locked_resolution

TOLD = {
    Withheld.Outcome.DEFERRED: gettext_lazy("The decision on “%(product)s” was put off to another meeting: %(why)s"),
    Withheld.Outcome.REFUSED: gettext_lazy("“%(product)s” receives no quality mark: %(why)s"),
}


@dataclass(frozen=True)
class Wish:
    """What is proposed for one product: a level, or an outcome without a mark; `apart` in a resolution of its own."""

    product_id: int
    what: str
    reason: str = ""
    apart: bool = False


@transaction.atomic
def draw_up(item_id, wishes, *, by, title, text):
    """Make the resolutions of an agenda item on marks: one for all `wishes`, and one for each to be voted on apart.

    Gives them, the common one first. All or nothing; a refusal names its product in `field` ("p12-reason").
    """
    item = council_items.opened(item_id, AgendaItem.Kind.MARKS, by=by)
    if not wishes:
        raise RuleBroken(_("Choose what is proposed for at least one product."))
    together = [wish for wish in wishes if not wish.apart]
    made = [_resolution(item, title, text)] if together else []
    for wish in together:
        _place(made[0], wish, by)
    for wish in wishes:
        if wish.apart:
            product = Product.objects.get(pk=wish.product_id)
            own = _resolution(item, f"{title}: {product.title_fa}"[:300], text)
            _place(own, wish, by)
            made.append(own)
    return made


def _resolution(item, title, text):
    return council_items.drafted(item, Resolution.Kind.GRANT_MARKS, title, text)


def _place(resolution, wish, by):
    try:
        if wish.what in Withheld.Outcome.values:
            withhold(resolution.pk, wish.product_id, wish.what, by=by, reason=wish.reason)
        else:
            propose(resolution.pk, wish.product_id, wish.what, by=by, reason=wish.reason)
    except RuleBroken as broken:
        part = "reason" if broken.field in ("reason", "below_threshold_reason") else "what"
        raise RuleBroken(broken.message, field=f"p{wish.product_id}-{part}") from broken


@transaction.atomic
def withhold(resolution_id, product_id, outcome, *, by, reason):
    """Put a product into a draft resolution as put off or without a mark, with the reason."""
    resolution = locked_resolution(resolution_id)
    if not serves_council(by, resolution.council_id):
        raise RuleBroken(_("You may not do this."))
    council_items.ask_undecided(resolution)
    if outcome not in Withheld.Outcome.values:
        raise RuleBroken(_("Choose what is proposed for at least one product."), field="what")
    if not reason.strip():
        raise RuleBroken(_("Write the reason."), field="reason")
    product = Product.objects.select_for_update(of=("self",), no_key=True).get(pk=product_id)
    score = deciding_score(product)
    if score is None:
        raise RuleBroken(_("This product has no score from a closed round yet."), field="what")
    stands = product.marks.filter(resolution=resolution).exclude(status=rules.MarkStatus.DROPPED).exists()
    if stands or product.withheld.filter(resolution=resolution).exists():
        raise RuleBroken(_("This product stands in this resolution already."), field="what")
    return Withheld.objects.create(
        resolution=resolution, product=product, score=score, score_value=score.value, outcome=outcome, reason=reason.strip()
    )


@transaction.atomic
def release(withheld_id, *, by):
    """Take a product out of a draft resolution again, so that something else can be proposed for it."""
    row = Withheld.objects.get(pk=withheld_id)
    resolution = locked_resolution(row.resolution_id)
    if not serves_council(by, resolution.council_id):
        raise RuleBroken(_("You may not do this."))
    council_items.ask_undecided(resolution)
    row.delete()


@transaction.atomic
def tell_withheld(resolution_id, *, by):
    """Tell each agency, once, that its product was put off or gets no mark, after the adoption; gives how many were told."""
    resolution = Resolution.objects.get(pk=resolution_id)
    if not serves_council(by, resolution.council_id):
        raise RuleBroken(_("You may not do this."))
    if resolution.status != ResolutionStatus.ADOPTED:
        raise RuleBroken(_("The resolution is not adopted yet."))
    rows = list(resolution.withheld.select_for_update(of=("self",)).filter(told_at=None).select_related("product"))
    for row in rows:
        fa, en = both(TOLD[row.outcome], product=row.product, why=row.reason)
        link = row.product.get_absolute_url()
        notices.tell_agency(row.product.agency_id, f"mark_{row.outcome}", fa, en, link=link, once=f"withheld-{row.pk}")
        row.told_at = timezone.now()
        row.save(update_fields=["told_at"])
    return len(rows)
