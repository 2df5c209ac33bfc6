"""What a council decides on, the states of a resolution and of its ballots, and who moves them."""

from fractions import Fraction

from django.db import models
from django.utils.translation import gettext_lazy

from secretariat.rules.meetings import keeps_papers
from secretariat.rules.people import serves_council
from secretariat.rules.voting import VotingRule
from secretariat.workflow import Step

# Fewer who could have voted, and the counts of a secret ballot would say who voted how.
LEAST_SECRET = 3


class Decision(models.TextChoices):
    """Kinds of decision; a council may vote on each by a rule of its own."""

    GENERAL = "general", gettext_lazy("any other matter")
    MINUTES = "minutes", gettext_lazy("approval of minutes")
    DOCUMENT = "document", gettext_lazy("document")
    APPEAL = "appeal", gettext_lazy("appeal")
    APPOINTMENT = "appointment", gettext_lazy("appointment")
    MARK_COMMENDED = "mark_commended", gettext_lazy("mark: commended")
    MARK_QUALITY = "mark_quality", gettext_lazy("mark: quality mark")
    MARK_GOLD = "mark_gold", gettext_lazy("mark: with distinction")
    EXEMPLAR = "exemplar", gettext_lazy("naming of exemplars")


# How a council decides until it chooses otherwise: the higher the mark, the more of the council must be for it.
STARTING_RULES = {
    Decision.GENERAL: VotingRule(),
    Decision.MARK_COMMENDED: VotingRule(of="present"),
    Decision.MARK_QUALITY: VotingRule(of="present", share=Fraction(2, 3), strict=False, casting=False),
    Decision.MARK_GOLD: VotingRule(of="all", share=Fraction(2, 3), strict=False, casting=False),
    # An exemplar is held up to everybody: as hard to become as the mark itself.
    Decision.EXEMPLAR: VotingRule(of="present", share=Fraction(2, 3), strict=False, casting=False),
}


class Choice(models.TextChoices):
    FOR = "for", gettext_lazy("for")
    AGAINST = "against", gettext_lazy("against")
    ABSTAIN = "abstain", gettext_lazy("abstained")


class ResolutionStatus(models.TextChoices):
    DRAFT = "draft", gettext_lazy("draft")
    ADOPTED = "adopted", gettext_lazy("adopted")
    REJECTED = "rejected", gettext_lazy("rejected")


class Force(models.TextChoices):
    """What an adopted resolution is on a day; its row never tells, for it is never written again."""

    IN_FORCE = "in_force", gettext_lazy("in force")
    COMING = "coming", gettext_lazy("not yet in force")
    ENDED = "ended", gettext_lazy("ended")
    SUPERSEDED = "superseded", gettext_lazy("superseded")


RESOLUTION_MOVES = {
    "adopt": Step((ResolutionStatus.DRAFT,), ResolutionStatus.ADOPTED, keeps_papers, gettext_lazy("Adopt")),
    "reject": Step((ResolutionStatus.DRAFT,), ResolutionStatus.REJECTED, keeps_papers, gettext_lazy("Record as not adopted")),
}


class BallotStatus(models.TextChoices):
    OPEN = "open", gettext_lazy("open")
    TIED = "tied", gettext_lazy("tied: waits for the chair")
    CLOSED = "closed", gettext_lazy("counted")
    VOID = "void", gettext_lazy("broken off")


def _keeps_ballot(user, ballot):
    return serves_council(user, ballot.resolution.council_id)


BALLOT_MOVES = {
    "close": Step((BallotStatus.OPEN,), BallotStatus.CLOSED, _keeps_ballot, gettext_lazy("Close and count")),
    # What counting finds when neither side has more, and what the chair says then.
    "tie": Step((BallotStatus.OPEN,), BallotStatus.TIED, _keeps_ballot),
    "settle": Step((BallotStatus.TIED,), BallotStatus.CLOSED, _keeps_ballot),
    "void": Step(
        (BallotStatus.OPEN, BallotStatus.TIED), BallotStatus.VOID, _keeps_ballot, gettext_lazy("Break off"), needs_reason=True
    ),
}
