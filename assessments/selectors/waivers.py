"""Waivers as they stand beside what was judged."""

from assessments import rules
from assessments.models import ConflictWaiver


def waivers_of(entry):
    """The waivers under which somebody judges or judged this entry, or may: those granted, ended ones too, the oldest first."""
    return (
        ConflictWaiver.objects.filter(subject=entry.subject_id)
        .exclude(status=rules.WaiverStatus.REFUSED)
        .select_related("assessor__user", "asked_by", "granted_by", "ended_by")
        .order_by("pk")
    )
