"""What may happen to studies in which experts compare indicators in pairs."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.rules import officers
from secretariat.workflow import Step, nobody


class StudyStatus(models.TextChoices):
    OPEN = "open", gettext_lazy("experts compare")
    CLOSED = "closed", gettext_lazy("comparing is over")
    ADOPTED = "adopted", gettext_lazy("weights adopted")
    CANCELLED = "cancelled", gettext_lazy("cancelled")


# Studies whose weights may still be adopted.
RUNNING_STUDIES = (StudyStatus.OPEN, StudyStatus.CLOSED)


def _somebody_counts(study):
    if not study.experts.filter(finished_at__isnull=False, excluded_at=None).exists():
        return _("No expert whose answers count has finished comparing.")
    return None


STUDY_MOVES = {
    "close": Step((StudyStatus.OPEN,), StudyStatus.CLOSED, officers, gettext_lazy("End the comparing")),
    "reopen": Step((StudyStatus.CLOSED,), StudyStatus.OPEN, officers, gettext_lazy("Let the experts go on"), needs_reason=True),
    "adopt": Step(
        (StudyStatus.CLOSED,), StudyStatus.ADOPTED, officers, gettext_lazy("Adopt the weights"), refuse=_somebody_counts
    ),
    "cancel": Step(RUNNING_STUDIES, StudyStatus.CANCELLED, officers, gettext_lazy("Cancel the study"), needs_reason=True),
    # What the trail tells besides.
    "invite": Step((), "", nobody, gettext_lazy("Experts invited")),
    "extend": Step((), "", nobody, gettext_lazy("Deadline extended")),
    "exclude": Step((), "", nobody, gettext_lazy("Expert's answers left out")),
    "include": Step((), "", nobody, gettext_lazy("Expert's answers taken back in")),
}


def why_not_comparable(study):
    """Why an expert cannot compare or finish now, as a sentence; None when he can."""
    if study.status != StudyStatus.OPEN:
        return _("The comparing is over; nothing can be changed any more.")
    if study.deadline <= timezone.now():
        return _("The time for comparing is over. Ask the secretariat for more if you need it; your answers are kept.")
    return None
