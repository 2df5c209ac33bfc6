"""What may happen in a year of self-assessment, and at whose hand. Judges loaded objects, writes nothing."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.rules import officers, represents
from secretariat.workflow import Step, nobody

# Of others an agency reads medians and quartiles only, and of fewer agencies than this nothing at all.
LEAST_TO_COMPARE = 5


class YearStatus(models.TextChoices):
    OPEN = "open", gettext_lazy("agencies answer")
    CHECKING = "checking", gettext_lazy("external check")
    CLOSED = "closed", gettext_lazy("closed")
    CANCELLED = "cancelled", gettext_lazy("cancelled")


class SelfStatus(models.TextChoices):
    DRAFT = "draft", gettext_lazy("being filled in")
    SUBMITTED = "submitted", gettext_lazy("submitted")
    CHECKING = "checking", gettext_lazy("being checked")
    CHECKED = "checked", gettext_lazy("checked, to be confirmed")
    CONFIRMED = "confirmed", gettext_lazy("confirmed")


# States in which a checker is bound to what he checks: a tie that comes to light ends the check.
LIVE_CHECKS = (SelfStatus.CHECKING, SelfStatus.CHECKED)


def _represents(user, self_assessment):
    return represents(user, self_assessment.agency_id)


def _checks(user, self_assessment):
    return self_assessment.checks.filter(assessor__user=user, withdrawn_at=None).exists()


def _somebody_has_submitted(year):
    if not year.self_assessments.filter(status=SelfStatus.SUBMITTED).exists():
        return _("No agency has submitted its self-assessment yet.")
    return None


def _all_is_confirmed(year):
    if year.self_assessments.filter(status__in=[SelfStatus.SUBMITTED, *LIVE_CHECKS]).exists():
        return _("Some self-assessments are not confirmed yet.")
    return None


def why_not_answerable(self_assessment):
    """Why the agency cannot change its answers now, as a sentence; None when it can."""
    if self_assessment.status != SelfStatus.DRAFT:
        return _("The self-assessment is submitted; nothing can be changed any more.")
    if self_assessment.year.status != YearStatus.OPEN:
        return _("The answering of this year is over.")
    return None


def why_not_submittable(self_assessment):
    """Why it cannot be submitted now, whatever is in it."""
    if (refusal := why_not_answerable(self_assessment)) is not None:
        return refusal
    if self_assessment.year.deadline <= timezone.now():
        return _("The deadline has passed. Ask the secretariat for more time; your answers are kept.")
    return None


def _year_takes_answers(self_assessment):
    if self_assessment.year.status != YearStatus.OPEN:
        return _("The answering of this year is over.")
    return None


YEAR_MOVES = {
    "draw": Step(
        (YearStatus.OPEN,),
        YearStatus.CHECKING,
        officers,
        gettext_lazy("Draw the sample"),
        refuse=_somebody_has_submitted,
    ),
    "close": Step((YearStatus.CHECKING,), YearStatus.CLOSED, officers, gettext_lazy("Close the year"), refuse=_all_is_confirmed),
    "cancel": Step((YearStatus.OPEN,), YearStatus.CANCELLED, officers, gettext_lazy("Cancel the year"), needs_reason=True),
    # What the trail tells besides: these change no state and have services of their own.
    "open": Step((), "", nobody, gettext_lazy("Year opened")),
    "extend": Step((), "", nobody, gettext_lazy("Deadline extended")),
    "remind": Step((), "", nobody, gettext_lazy("Agencies reminded")),
}

SELF_MOVES = {
    "submit": Step((SelfStatus.DRAFT,), SelfStatus.SUBMITTED, _represents, gettext_lazy("Submit"), refuse=why_not_submittable),
    "return": Step(
        (SelfStatus.SUBMITTED,),
        SelfStatus.DRAFT,
        officers,
        gettext_lazy("Give it back to the agency"),
        needs_reason=True,
        refuse=_year_takes_answers,
    ),
    # The two ways out of the draw.
    "sample": Step((SelfStatus.SUBMITTED,), SelfStatus.CHECKING, officers, gettext_lazy("Drawn for the external check")),
    "stand": Step(
        (SelfStatus.SUBMITTED,), SelfStatus.CONFIRMED, officers, gettext_lazy("Not in the sample: stands as submitted")
    ),
    "check": Step((SelfStatus.CHECKING,), SelfStatus.CHECKED, _checks, gettext_lazy("Check handed in")),
    "recheck": Step(
        (SelfStatus.CHECKED,),
        SelfStatus.CHECKING,
        officers,
        gettext_lazy("Give the check back"),
        needs_reason=True,
    ),
    "confirm": Step((SelfStatus.CHECKED,), SelfStatus.CONFIRMED, officers, gettext_lazy("Confirm")),
    "release": Step(
        (SelfStatus.CHECKING,),
        SelfStatus.CONFIRMED,
        officers,
        gettext_lazy("Let it stand without a check"),
        needs_reason=True,
    ),
    # What the trail tells besides.
    "appoint": Step((), "", nobody, gettext_lazy("Checker appointed")),
    "withdraw": Step((), "", nobody, gettext_lazy("Checker taken off")),
    "decline": Step((), "", nobody, gettext_lazy("The checker declined")),
}


def why_not_checkable(check):
    """Why the checker cannot write now, as a sentence; None when he can."""
    if check.withdrawn_at is not None:
        return _("This check is not yours any more.")
    if check.self_assessment.status != SelfStatus.CHECKING:
        return _("The check is handed in; nothing can be changed any more.")
    return None
