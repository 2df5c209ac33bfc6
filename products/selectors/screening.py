"""What waits for screening, and a submission laid out for the officer's eye: each part with what was asked about it before."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from products import content
from products.models import Overlap, Product, SubmissionVersion


def waiting(user):
    """Submitted products with `version_number` and `open_overlaps`, for the queue."""
    newest = SubmissionVersion.objects.filter(product=OuterRef("pk")).order_by("-number")
    open_ones = (
        Overlap.objects.waiting()
        .filter(Q(product=OuterRef("pk")) | Q(other=OuterRef("pk")))
        .order_by()
        .annotate(one=Value(1))
        .values("one")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return (
        Product.objects.visible_to(user)
        .filter(status=Product.Status.SUBMITTED)
        .select_related("agency", "kind")
        .annotate(
            version_number=Coalesce(Subquery(newest.values("number")[:1]), 1),
            open_overlaps=Coalesce(Subquery(open_ones, output_field=IntegerField()), 0),
        )
    )


def next_waiting(user, after=None):
    """The product that has waited longest, apart from the one just decided on; None when nothing waits."""
    return waiting(user).exclude(pk=after).order_by("submitted_at", "pk").first()


@dataclass(frozen=True)
class Part:
    """One part of a submission as the officer sees it."""

    key: str
    label: str
    text: str = ""
    is_code: bool = False
    is_address: bool = False
    change: Any = None  # content.Change against the version before
    asked: str = ""  # what was to be corrected in the version before
    wrong: Any = None  # bound fields of the form, when there is one
    why: Any = None
    reason: str = ""  # what the screening said, when it is done


def parts_of(version, form=None):
    """The parts of a version in order, compared with the version before and what was asked about it."""
    before = version.product.versions.filter(number__lt=version.number).select_related("screening").first()
    changes = {change.key: change for change in content.changes(before.content, version.content)} if before else {}
    asked = _reasons(before) if before else {}
    said = _reasons(version)
    texts = {answer.key: answer for answer in content.answers(version.content)}
    parts = []
    for key, label in content.field_labels(version.content):
        answer = texts.get(key)
        wrong, why = form.marks(key) if form else (None, None)
        parts.append(
            Part(
                key,
                label,
                text=answer.text if answer else "",
                is_code=bool(answer and answer.is_code),
                is_address=bool(answer and answer.type == "url"),
                change=changes.get(key),
                asked=asked.get(key, ""),
                wrong=wrong,
                why=why,
                reason=said.get(key, ""),
            )
        )
    return parts


def _reasons(version):
    screening = getattr(version, "screening", None)
    return screening.field_reasons if screening else {}
