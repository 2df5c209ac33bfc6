"""What may happen to a programme, and at whose hand."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.rules.rounds import RoundStatus
from secretariat.rules import is_officer, officers, represents
from secretariat.workflow import Step


class ProgrammeStatus(models.TextChoices):
    DRAFT = "draft", gettext_lazy("draft")
    PROPOSED = "proposed", gettext_lazy("proposed by the agency")
    RETURNED = "returned", gettext_lazy("returned for correction")
    ACCEPTED = "accepted", gettext_lazy("accepted for assessment")
    WITHDRAWN = "withdrawn", gettext_lazy("withdrawn")


# Rounds in which nobody has read a programme yet: its words may still be mended.
UNREAD_ROUNDS = (RoundStatus.DRAFT, RoundStatus.CANCELLED)


def writes(user, programme):
    """Whose words they are: the agency's own where it proposes, else the secretariat's."""
    return represents(user, programme.agency_id) if programme.by_agency else is_officer(user)


def _says_enough(programme):
    missing = programme.missing()
    return None if not missing else _("Still missing: %(what)s.") % {"what": "، ".join(str(label) for label in missing)}


def _writes_for_itself(user, programme):
    return programme.by_agency and writes(user, programme)


def _writes_for_the_secretariat(user, programme):
    return not programme.by_agency and writes(user, programme)


def why_not_editable(programme):
    """Why its words cannot be changed now, as a sentence; None when they can."""
    editable = [ProgrammeStatus.DRAFT, ProgrammeStatus.RETURNED]
    if not programme.by_agency:
        editable.append(ProgrammeStatus.ACCEPTED)
    if programme.status not in editable:
        return _("This can no longer be edited: its state is now “%(state)s”.") % {"state": programme.get_status_display()}
    if programme.is_read:
        return _("Assessors read this programme already: it stays as it is.")
    return None


PROGRAMME_MOVES = {
    "propose": Step(
        (ProgrammeStatus.DRAFT, ProgrammeStatus.RETURNED),
        ProgrammeStatus.PROPOSED,
        _writes_for_itself,
        gettext_lazy("Propose it to the secretariat"),
        refuse=_says_enough,
    ),
    "adopt": Step(
        (ProgrammeStatus.DRAFT,),
        ProgrammeStatus.ACCEPTED,
        _writes_for_the_secretariat,
        gettext_lazy("Make it ready for assessment"),
        refuse=_says_enough,
    ),
    "accept": Step((ProgrammeStatus.PROPOSED,), ProgrammeStatus.ACCEPTED, officers, gettext_lazy("Accept")),
    "return": Step(
        (ProgrammeStatus.PROPOSED,),
        ProgrammeStatus.RETURNED,
        officers,
        gettext_lazy("Return for correction"),
        needs_reason=True,
    ),
    "withdraw": Step(
        (ProgrammeStatus.DRAFT, ProgrammeStatus.PROPOSED, ProgrammeStatus.RETURNED, ProgrammeStatus.ACCEPTED),
        ProgrammeStatus.WITHDRAWN,
        writes,
        gettext_lazy("Withdraw"),
        needs_reason=True,
    ),
}
