"""What the tests of deadlines share: time ahead and over, a sheet filled in, a request for more time."""

from datetime import timedelta

from django.utils import timezone

from assessments.models import Assignment, Round
from assessments.services import assessments, deadlines


def ahead(**span):
    return timezone.now() + timedelta(**span)


def over(assignment, **span):
    """The round's deadline has passed."""
    Round.objects.filter(pk=assignment.entry.round_id).update(deadline=timezone.now() - timedelta(**span or {"minutes": 1}))
    return Assignment.objects.get(pk=assignment.pk)


def filled(assignment):
    """The sheet filled in, not submitted; gives its version."""
    leaves = assignment.entry.sheet.parts.get().version.indicators.filter(scale__isnull=False)
    values = {f"r-{leaf.pk}": "4" for leaf in leaves}
    return assessments.save_draft(assignment.pk, values, by=assignment.assessor.user, version=0).assessment.version


def asked(assignment, until=None, why="Illness"):
    return deadlines.ask_time(assignment.pk, until or ahead(days=40), by=assignment.assessor.user, why=why)
