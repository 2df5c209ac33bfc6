"""What the page tests of rounds share: rounds with entries, judged ones, and the form's one-time key."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from assessments.models import Assessment, Assignment, Entry
from tests import factories


def entries(count, round_=None, version=None, **fields):
    """Entries of one round on one shared sheet."""
    round_ = round_ or factories.round_("open", **fields)
    sheet = factories.sheet(round_, version or factories.published_set())
    return [Entry.objects.create(round=round_, subject=factories.subject(), sheet=sheet) for _ in range(count)]


def submit(assignment):
    with transaction.atomic():
        Assessment.objects.create(assignment=assignment, submitted_at=timezone.now())
        Assignment.objects.filter(pk=assignment.pk).update(status="submitted")


score = factories.score


def jalali(days):
    """A day from today as it is typed: 1404/11/05."""
    from secretariat import persian

    return persian.short(timezone.localdate() + timedelta(days=days))
