"""What may happen to an appeal of an agency against a score, and at whose hand."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.rules.rounds import SETTLED_ROUNDS, RoundStatus
from secretariat.rules import officers, represents
from secretariat.workflow import Step

# Working days in which the secretariat says whether it takes an appeal up.
ANSWER_DAYS = 10


class AppealStatus(models.TextChoices):
    DRAFT = "draft", gettext_lazy("being written")
    FILED = "filed", gettext_lazy("waiting for the secretariat")
    REFUSED = "refused", gettext_lazy("not taken up")
    ADMITTED = "admitted", gettext_lazy("being reviewed")
    UPHELD = "upheld", gettext_lazy("the first score stands")
    CHANGED = "changed", gettext_lazy("the score of the review stands")
    WITHDRAWN = "withdrawn", gettext_lazy("withdrawn")


# Appeals that somebody still has to answer: until then the results of their round are not final.
OPEN_APPEALS = (AppealStatus.FILED, AppealStatus.ADMITTED)


def takes_appeals(round_):
    """Whether an agency may still appeal against what this round said."""
    return round_.status == RoundStatus.APPEAL and round_.appeals_until > timezone.now()


def _appellant(user, appeal):
    return represents(user, appeal.entry.subject.agency_id)


def _can_be_filed(appeal):
    if not takes_appeals(appeal.entry.round):
        return _("The time for appeals against this round is over.")
    if not appeal.grounds.exists():
        return _("Say at least of one indicator why its score is wrong.")
    return None


def _is_reviewed(appeal):
    review = appeal.review
    if review is None or review.round.status not in SETTLED_ROUNDS or review.excluded_at or review.result is None:
        return _("The scores of the review are not fixed yet.")
    return None


APPEAL_MOVES = {
    "file": Step((AppealStatus.DRAFT,), AppealStatus.FILED, _appellant, gettext_lazy("File the appeal"), refuse=_can_be_filed),
    "withdraw": Step(
        (AppealStatus.DRAFT, AppealStatus.FILED), AppealStatus.WITHDRAWN, _appellant, gettext_lazy("Withdraw the appeal")
    ),
    "refuse": Step(
        (AppealStatus.FILED,), AppealStatus.REFUSED, officers, gettext_lazy("Do not take it up"), needs_reason=True
    ),
    "admit": Step((AppealStatus.FILED,), AppealStatus.ADMITTED, officers, gettext_lazy("Take it up for review")),
    "uphold": Step(
        (AppealStatus.ADMITTED,),
        AppealStatus.UPHELD,
        officers,
        gettext_lazy("Let the first score stand"),
        needs_reason=True,
        refuse=_is_reviewed,
    ),
    "change": Step(
        (AppealStatus.ADMITTED,),
        AppealStatus.CHANGED,
        officers,
        gettext_lazy("Let the score of the review stand"),
        needs_reason=True,
        refuse=_is_reviewed,
    ),
}
