"""What may happen to a disagreement within a panel, and at whose hand."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.rules.rounds import Act, rounds_that_allow
from secretariat.rules import officers
from secretariat.workflow import Step, nobody

# Points of 100 between the highest and the lowest, unless a round says otherwise; 0 asks for nothing.
GAP_INDICATOR, GAP_TOTAL = 40, 20
# How long a further assessor has, unless the round says otherwise.
MODERATION_DAYS = 7


class Summons(models.TextChoices):
    """What a disagreement summons in a round."""

    THIRD = "third", gettext_lazy("one more assessor, who judges blind")
    CONSENSUS = "consensus", gettext_lazy("a discussion of the panel, under numbers")
    NONE = "none", gettext_lazy("nobody: officers look and settle it")


class ModerationStatus(models.TextChoices):
    RAISED = "raised", gettext_lazy("waits for a decision")
    THIRD = "third", gettext_lazy("one more assessor judges")
    CONSENSUS = "consensus", gettext_lazy("the panel discusses")
    CLOSED = "closed", gettext_lazy("settled")
    WITHDRAWN = "withdrawn", gettext_lazy("no longer found")


class Outcome(models.TextChoices):
    """With what a disagreement was settled."""

    AGREED = "agreed", gettext_lazy("the panel agreed")
    THIRD = "third", gettext_lazy("one more assessor has judged")
    STANDS = "stands", gettext_lazy("it stands as it is")


LIVING_MODERATIONS = (ModerationStatus.RAISED, ModerationStatus.THIRD, ModerationStatus.CONSENSUS)
# Rounds in which disagreements are found and settled.
MODERATED_ROUNDS = rounds_that_allow(Act.MODERATE)


def _scores_move(moderation):
    if moderation.entry.round.status not in MODERATED_ROUNDS:
        return _("The scores of this round are not being moderated.")
    return None


def _summons(choice, sentence):
    def refuse(moderation):
        return _scores_move(moderation) or (None if moderation.entry.round.moderation == choice else str(sentence))

    return refuse


MODERATION_MOVES = {
    # What the system does: found by rule, and no longer so.
    "raise": Step((), ModerationStatus.RAISED, nobody, gettext_lazy("Disagreement found")),
    "withdraw": Step(
        (ModerationStatus.RAISED,), ModerationStatus.WITHDRAWN, nobody, gettext_lazy("No longer found"), needs_reason=True
    ),
    "summon": Step(
        (ModerationStatus.RAISED,),
        ModerationStatus.THIRD,
        officers,
        gettext_lazy("Ask one more assessor"),
        refuse=_summons(Summons.THIRD, gettext_lazy("In this round a disagreement does not summon one more assessor.")),
    ),
    # The further assessor declined or was taken off.
    "lapse": Step(
        (ModerationStatus.THIRD,), ModerationStatus.RAISED, nobody, gettext_lazy("No further assessor any more"), needs_reason=True
    ),
    "discuss": Step(
        (ModerationStatus.RAISED,),
        ModerationStatus.CONSENSUS,
        officers,
        gettext_lazy("Open the discussion"),
        refuse=_summons(Summons.CONSENSUS, gettext_lazy("In this round a disagreement does not open a discussion.")),
    ),
    "close": Step(LIVING_MODERATIONS, ModerationStatus.CLOSED, officers, gettext_lazy("Settle"), needs_reason=True),
}
