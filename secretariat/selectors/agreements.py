"""Agreements as they are read: whose they are, their commitments, files, and the lines of a review."""

from datetime import date

from django.db.models import Count, OuterRef, Q, Subquery
from django.urls import reverse

from secretariat import calendar
from secretariat.models import ActionItem, ActionNote, Agreement
from secretariat.rules import actions as rules
from secretariat.rules import councils_of, is_officer, represents
from secretariat.uploads import INLINE


def reads_inside(user, agreement):
    """Whether this person reads commitments and files: the two sides, and the reviewing council."""
    if not user.is_authenticated:
        return False
    return (
        is_officer(user)
        or represents(user, agreement.agency_id)
        or agreement.council_id in councils_of(user)
    )


def commitments(agreement, user):
    """The commitments by side, each side by day: [(side's name, items)]."""
    rows = ActionItem.objects.visible_to(user).filter(agreement=agreement).exclude(status=rules.ActionStatus.CANCELLED)
    rows = list(rows.select_related("owner").order_by("due_on", "pk"))
    return [(rules.Side(side).label, [row for row in rows if row.side == side]) for side in rules.Side.values]


def with_counts(agreements):
    """Agreements with how many commitments are open and late."""
    is_open = Q(commitments__status__in=rules.OPEN)
    return agreements.annotate(
        open_count=Count("commitments", filter=is_open),
        late_count=Count("commitments", filter=is_open & Q(commitments__due_on__lt=calendar.today())),
    )


def public_of(agency):
    """What of an agency's agreements everybody may read."""
    return Agreement.objects.filter(agency=agency, is_public=True).exclude(status=rules.AgreementStatus.DRAFT)


def file_rows(agreement, *, removable=False):
    """The files with their addresses."""
    rows = list(agreement.files.attached())
    for file in rows:
        file.url = reverse("agreement_file", args=[file.pk]) + ("?show=1" if file.content_type in INLINE else "")
        file.remove_url = reverse("agreement_file_remove", args=[file.pk]) if removable else ""
    return rows


# --- the review ----------------------------------------------------------------------------------


def review_lines(agreement):
    """The commitments as they stand now, as plain values that are kept."""
    last = ActionNote.objects.filter(item=OuterRef("pk")).order_by("-at", "-pk")
    far = last.exclude(percent=None)
    items = agreement.commitments.exclude(status=rules.ActionStatus.CANCELLED).select_related("owner")
    items = items.annotate(
        note=Subquery(last.values("text")[:1]),
        percent=Subquery(far.values("percent")[:1]),
        moved=Count("moves", filter=Q(moves__action="postpone")),
    )
    return [
        {
            "side": item.side,
            "title": item.title,
            "owner": item.owner.display_name,
            "due_on": calendar.day_of(item.due_on).isoformat(),
            "done_on": calendar.day_of(item.done_at).isoformat() if item.done_at else "",
            "status": item.status,
            "late": item.is_late,
            "percent": item.percent,
            "note": item.note or "",
            "moved": item.moved,
        }
        for item in items.order_by("side", "due_on", "pk")
    ]


def review_parts(review):
    """A paper's lines by side, with days and states as people read them: [(side's name, lines)]."""
    lines = [
        {
            **line,
            "due_on": date.fromisoformat(line["due_on"]),
            "done_on": line["done_on"] and date.fromisoformat(line["done_on"]),
            "state": rules.ActionStatus(line["status"]).label,
        }
        for line in review.lines
    ]
    sides = ((rules.Side(side).label, [line for line in lines if line["side"] == side]) for side in rules.Side.values)
    return [(label, found) for label, found in sides if found]
