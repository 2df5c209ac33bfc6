"""What may happen to assignments and the assessments that come of them, and at whose hand."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.rules.moderations import ModerationStatus
from assessments.rules.rounds import EDITABLE_ROUNDS, RoundStatus
from secretariat.rules import officers
from secretariat.workflow import Step, nobody

# A sheet with less of its nominal weight answered is refused (see docs/decisions.md).
LEAST_COVERAGE = 70


class AssignmentStatus(models.TextChoices):
    OFFERED = "offered", gettext_lazy("waiting for an answer")
    ACCEPTED = "accepted", gettext_lazy("accepted")
    DECLINED = "declined", gettext_lazy("declined")
    SUBMITTED = "submitted", gettext_lazy("assessment submitted")
    WITHDRAWN = "withdrawn", gettext_lazy("withdrawn by the secretariat")
    LAPSED = "lapsed", gettext_lazy("not answered in time")


# Assignments that still bind their assessor to the subject.
ACTIVE_ASSIGNMENTS = (AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED, AssignmentStatus.SUBMITTED)
# Those that still cost their assessor time.
PENDING_ASSIGNMENTS = (AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED)


def is_assessor_of(user, assignment):
    return user.is_authenticated and assignment.assessor.user_id == user.pk


def takes_work(assignment):
    """Whether the sheet of this assignment may be written: in an open round, and in moderation by whom a disagreement summoned."""
    status = assignment.entry.round.status
    return status == RoundStatus.OPEN or (
        status == RoundStatus.MODERATION
        and assignment.summoned_by_id is not None
        and assignment.summoned_by.status == ModerationStatus.THIRD
    )


def _round_is_open(assignment):
    if not takes_work(assignment):
        return _("This round is not open for assessment.")
    return None


def _round_takes_work(assignment):
    """The round is open and there is still time."""
    if (refusal := _round_is_open(assignment)) is not None:
        return refusal
    if assignment.is_past_deadline:
        return _("Your deadline has passed. Ask the secretariat for more time if you need it.")
    return None


def _has_discussed(assignment):
    if assignment.memberships.exists():
        return _("This assessor has discussed the product with the panel: what was given before the discussion stays as it is.")
    return None


def _may_be_rated_anew(assignment):
    """Whoever has read the others' values in a discussion can no longer rate blind: what he gave before it stays."""
    return _round_is_open(assignment) or _has_discussed(assignment)


def _may_be_asked_again(assignment):
    if assignment.entry.round.status not in EDITABLE_ROUNDS:
        return _("Assessors are appointed only while the round is in preparation or open.")
    return _has_discussed(assignment)


ASSIGNMENT_MOVES = {
    "accept": Step(
        (AssignmentStatus.OFFERED,), AssignmentStatus.ACCEPTED, is_assessor_of, gettext_lazy("Accept"), refuse=_round_takes_work
    ),
    "decline": Step(
        (AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED),
        AssignmentStatus.DECLINED,
        is_assessor_of,
        gettext_lazy("Decline"),
        needs_reason=True,
        refuse=_round_is_open,
    ),
    "submit": Step(
        (AssignmentStatus.ACCEPTED,),
        AssignmentStatus.SUBMITTED,
        is_assessor_of,
        gettext_lazy("Submit the assessment"),
        refuse=_round_takes_work,
    ),
    "reopen": Step(
        (AssignmentStatus.SUBMITTED,),
        AssignmentStatus.ACCEPTED,
        officers,
        gettext_lazy("Reopen the assessment"),
        needs_reason=True,
        refuse=_may_be_rated_anew,
    ),
    "withdraw": Step(
        (AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED),
        AssignmentStatus.WITHDRAWN,
        officers,
        gettext_lazy("Take the assignment back"),
        needs_reason=True,
    ),
    # The first asking makes the row; this asks again somebody who declined, did not answer or whose assignment was taken back.
    "offer": Step(
        (AssignmentStatus.DECLINED, AssignmentStatus.WITHDRAWN, AssignmentStatus.LAPSED),
        AssignmentStatus.OFFERED,
        officers,
        gettext_lazy("Ask to assess"),
        refuse=_may_be_asked_again,
    ),
    # The system's own step when nobody answered in time.
    "lapse": Step((AssignmentStatus.OFFERED,), AssignmentStatus.LAPSED, nobody, gettext_lazy("Not answered in time")),
    # The system's own step when a conflict of interest comes to light.
    "recuse": Step(
        (AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED, AssignmentStatus.SUBMITTED),
        AssignmentStatus.WITHDRAWN,
        nobody,
        gettext_lazy("Conflict of interest"),
        needs_reason=True,
    ),
    # What the trail tells besides: it changes no state and has a service of its own.
    "type_in": Step((), "", nobody, gettext_lazy("Paper sheet typed in by the secretariat")),
}


def why_no_more_time(assignment):
    """Why no time can be given for this assignment, as a sentence; None when it can."""
    if assignment.status not in PENDING_ASSIGNMENTS:
        return _("There is nothing left to do here: no more time is needed.")
    return _round_is_open(assignment)
