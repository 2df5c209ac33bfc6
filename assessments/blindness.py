"""What an assessor may be shown of the thing he judges and of the others who judge it: the one reader of a round's policy."""

from dataclasses import dataclass

from django.db.models import Q

from assessments.models import Assignment
from assessments.rules import ACTIVE_ASSIGNMENTS, AssignmentStatus, Sight

# `Shown.submitter` as a condition on assignments, for querysets.
KNOWS_SUBMITTER = Q(status__in=ACTIVE_ASSIGNMENTS, entry__round__see_submitter=Sight.ALWAYS) | Q(
    status=AssignmentStatus.SUBMITTED, entry__round__see_submitter=Sight.AFTER_OWN
)


@dataclass(frozen=True)
class Shown:
    """What one person is shown of one entry; what is not named here is not shown."""

    submitter: bool = False  # agency, unit, makers, the names of files
    ratings: bool = False  # the others' submitted assessments
    names: bool = False  # who the others are
    aggregates: bool = False  # scores, intervals, ranks


NOTHING = Shown()


def shown_to(assignment):
    """What the assessor of this assignment is shown by the policy of its round; nothing once he is off the panel."""
    if assignment.status not in ACTIVE_ASSIGNMENTS:
        return NOTHING
    round_, has_judged = assignment.entry.round, assignment.status == AssignmentStatus.SUBMITTED

    def may(sight):
        return sight == Sight.ALWAYS or (sight == Sight.AFTER_OWN and has_judged)

    return Shown(
        submitter=may(round_.see_submitter),
        ratings=has_judged and may(round_.see_ratings),
        names=has_judged and may(round_.see_names),
        aggregates=has_judged and may(round_.see_aggregates),
    )


def judged_blind(user):
    """What `user` took on without being shown, so far, whose it is."""
    taken_on = Assignment.objects.filter(assessor__user=user, status__in=(AssignmentStatus.ACCEPTED, AssignmentStatus.SUBMITTED))
    return taken_on.exclude(KNOWS_SUBMITTER)
