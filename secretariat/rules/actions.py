"""What may happen to an action item, to a commitment and to the agreement it stands in, and at whose hand."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.rules.people import is_officer, officers, represents, serves_council
from secretariat.workflow import Step


class ActionStatus(models.TextChoices):
    TODO = "todo", gettext_lazy("to do")
    DOING = "doing", gettext_lazy("in progress")
    DONE = "done", gettext_lazy("done, to be confirmed")
    CONFIRMED = "confirmed", gettext_lazy("confirmed")
    CANCELLED = "cancelled", gettext_lazy("cancelled")


# Still to be done: these are reminded of, may be late, and may change their date and owner.
OPEN = (ActionStatus.TODO, ActionStatus.DOING)
# Over: neither words nor state change any more.
SETTLED = (ActionStatus.CONFIRMED, ActionStatus.CANCELLED)
# The columns of the board.
COLUMNS = (ActionStatus.TODO, ActionStatus.DOING, ActionStatus.DONE, ActionStatus.CONFIRMED)

# Reminders: so many working days before the due day, the first one after it, and how often from then on.
BEFORE = (7, 2)
AGAIN_EVERY = 5
# Working days late after which the council's secretary and chair are told.
ESCALATE_AFTER = 5
FIRST_HOUR = 8  # of the day in Tehran; before it nobody is reminded


class Side(models.TextChoices):
    SECRETARIAT = "secretariat", gettext_lazy("the secretariat")
    AGENCY = "agency", gettext_lazy("the agency")


def keeps(user, item):
    """Looks after it for its council: makes, confirms, postpones, hands over. Commitments also any officer."""
    return serves_council(user, item.council_id) or (item.agreement_id is not None and is_officer(user))


def works(user, item):
    """Has to do it: its owner; a commitment of an agency whoever represents that agency."""
    return user.is_authenticated and (
        user.pk == item.owner_id or (item.side == Side.AGENCY and represents(user, item.agency_id))
    )


def writes(user, item):
    """May add notes and evidence."""
    return works(user, item) or keeps(user, item)


def did_it(user, item):
    """Whether confirming it would be confirming one's own work."""
    return user.pk in (item.owner_id, item.done_by_id)


def _confirms(user, item):
    return keeps(user, item) and not did_it(user, item)


def _not_signed(item):
    if item.agreement_id and item.agreement.status == AgreementStatus.DRAFT:
        return _("The agreement is not signed yet.")
    return None


ACTION_MOVES = {
    "begin": Step((ActionStatus.TODO,), ActionStatus.DOING, works, gettext_lazy("Begin the work"), refuse=_not_signed),
    "report": Step(
        OPEN, ActionStatus.DONE, works, gettext_lazy("Report it done"), needs_reason=True, refuse=_not_signed
    ),
    "confirm": Step((ActionStatus.DONE,), ActionStatus.CONFIRMED, _confirms, gettext_lazy("Confirm")),
    "give_back": Step((ActionStatus.DONE,), ActionStatus.DOING, keeps, gettext_lazy("Give back"), needs_reason=True),
    "postpone": Step(OPEN, "", keeps, gettext_lazy("Postpone"), needs_reason=True),
    "reassign": Step(OPEN, "", keeps, gettext_lazy("Hand over to somebody else"), needs_reason=True),
    "put_back": Step((ActionStatus.DOING,), ActionStatus.TODO, works, gettext_lazy("Put back")),
    "cancel": Step(
        (*OPEN, ActionStatus.DONE), ActionStatus.CANCELLED, keeps, gettext_lazy("Cancel the action"), needs_reason=True
    ),
}


def between(source, target):
    """The action that leads from one column to another, or None where none does."""
    found = (action for action, step in ACTION_MOVES.items() if step.target == target and source in step.sources)
    return next(found, None)


# --- agreements ----------------------------------------------------------------------------------


class AgreementStatus(models.TextChoices):
    DRAFT = "draft", gettext_lazy("draft")
    SIGNED = "signed", gettext_lazy("signed")
    ENDED = "ended", gettext_lazy("ended")


def _says_enough(agreement):
    missing = agreement.missing()
    return None if not missing else _("Still missing: %(what)s.") % {"what": "، ".join(str(label) for label in missing)}


AGREEMENT_MOVES = {
    "sign": Step(
        (AgreementStatus.DRAFT,), AgreementStatus.SIGNED, officers, gettext_lazy("Record as signed"), refuse=_says_enough
    ),
    "end": Step((AgreementStatus.SIGNED,), AgreementStatus.ENDED, officers, gettext_lazy("End it"), needs_reason=True),
}
