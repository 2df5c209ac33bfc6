"""What the councils must know of a resolution on marks: by which rules it is voted on, who is tied, what it decides."""

from django.db.models import Q
from django.urls import reverse

from products import rules
from products.services.marks import products_before, recusals
from secretariat.matters import Matter
from secretariat.rules import Decision

_DECISIONS = {
    rules.MarkLevel.COMMENDED: Decision.MARK_COMMENDED,
    rules.MarkLevel.QUALITY: Decision.MARK_QUALITY,
    rules.MarkLevel.GOLD: Decision.MARK_GOLD,
}


def decisions(resolution):
    """The kinds of decision among the levels proposed."""
    levels = resolution.marks.exclude(status=rules.MarkStatus.DROPPED).values_list("level", flat=True)
    return sorted({_DECISIONS[level] for level in levels})


def ties(resolution, seats):
    """Why seats are recused, in one sentence each."""
    return recusals(products_before(resolution), seats)


def parts(resolution):
    """Each product with the level, or why it gets none, and the score that was decided on. What was taken back before the vote was no part of it."""
    marks = resolution.marks.order_by("product")
    if resolution.adopted_at:
        gone = marks.filter(moves__action="drop", moves__at__lte=resolution.adopted_at)
    else:
        gone = marks.filter(status=rules.MarkStatus.DROPPED)
    kept = marks.exclude(Q(pk__in=gone.values("pk")))
    granted = [[product, level, repr(value)] for product, level, value in kept.values_list("product", "level", "score_value")]
    withheld = resolution.withheld.order_by("product").values_list("product", "outcome", "score_value", "reason")
    return granted + [[product, outcome, repr(value), reason] for product, outcome, value, reason in withheld]


def lines(resolution):
    """Each product with its level, or that it gets none and why."""
    granted = resolution.marks.exclude(status=rules.MarkStatus.DROPPED).select_related("product").order_by("-score_value", "pk")
    told = [(mark.product.title, mark.get_level_display()) for mark in granted]
    without = resolution.withheld.select_related("product")
    return told + [(row.product.title, f"{row.get_outcome_display()}: {row.reason}") for row in without]


def public(resolution):
    """The register of marks, narrowed to those that it granted."""
    return f"{reverse('mark_list')}?resolution={resolution.pk}"


MATTER = Matter(
    decisions=decisions,
    ties=ties,
    parts=parts,
    lines=lines,
    page="decision_board",
    item_kind="marks",
    start="marks_from_round",
    public=public,
)
