"""What may happen to the draft of a round's panels, and at whose hand."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.rules.rounds import EDITABLE_ROUNDS
from secretariat.rules import officers
from secretariat.workflow import Step, nobody


class DraftStatus(models.TextChoices):
    FILLING = "filling", gettext_lazy("being filled")
    READY = "ready", gettext_lazy("ready to look at")
    APPLIED = "applied", gettext_lazy("applied")
    DISCARDED = "discarded", gettext_lazy("discarded")


# Drafts that somebody may still work on; a round has one at most.
LIVING_DRAFTS = (DraftStatus.FILLING, DraftStatus.READY)


class Weight(models.TextChoices):
    """What counts when fit and even loads disagree."""

    EVEN = "even", gettext_lazy("even loads come first")
    BOTH = "both", gettext_lazy("both count")
    FIT = "fit", gettext_lazy("expertise comes first")


# What one product more than somebody else costs, in units of what assessors' fit for a product differs by on the mean.
PRICES = {Weight.EVEN: 10.0, Weight.BOTH: 1.0, Weight.FIT: 0.0}


class SeatSource(models.TextChoices):
    SOLVER = "solver", gettext_lazy("filled by the portal")
    HAND = "hand", gettext_lazy("placed by hand")
    EXISTING = "existing", gettext_lazy("asked already")
    BARRED = "barred", gettext_lazy("not wanted")  # no seat, but a word for the next filling


# Those that applying the draft would turn into assignments.
NEW_SEATS = (SeatSource.SOLVER, SeatSource.HAND)


def _round_takes_assessors(draft):
    if draft.round.status not in EDITABLE_ROUNDS:
        return _("Assessors are appointed only while the round is in preparation or open.")
    return None


DRAFT_MOVES = {
    "fill": Step(
        (DraftStatus.READY,), DraftStatus.FILLING, officers, gettext_lazy("Fill the panels"), refuse=_round_takes_assessors
    ),
    "stop": Step((DraftStatus.FILLING,), DraftStatus.READY, officers, gettext_lazy("Stop filling")),
    "filled": Step((DraftStatus.FILLING,), DraftStatus.READY, nobody, gettext_lazy("Panels filled")),
    "fail": Step((DraftStatus.FILLING,), DraftStatus.READY, nobody, gettext_lazy("The panels could not be computed")),
    "apply": Step(
        (DraftStatus.READY,), DraftStatus.APPLIED, officers, gettext_lazy("Apply the draft"), refuse=_round_takes_assessors
    ),
    "discard": Step(LIVING_DRAFTS, DraftStatus.DISCARDED, officers, gettext_lazy("Discard the draft")),
    # What the trail tells besides: who changed what by hand.
    "add": Step((), "", nobody, gettext_lazy("Assessor placed by hand")),
    "drop": Step((), "", nobody, gettext_lazy("Assessor taken off by hand")),
    "lock": Step((), "", nobody, gettext_lazy("Place locked")),
    "unlock": Step((), "", nobody, gettext_lazy("Place unlocked")),
    "swap": Step((), "", nobody, gettext_lazy("Two places exchanged")),
    "mend": Step((), "", nobody, gettext_lazy("What no longer holds taken out")),
    "choose": Step((), "", nobody, gettext_lazy("Who takes part changed")),
}
