"""Ties that forbid judging: their kinds, and what may happen to a waiver, at whose hand."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.rules import is_officer, officers
from secretariat.workflow import Step


class AffiliationKind(models.TextChoices):
    """What somebody is to an agency."""

    EMPLOYEE = "employee", gettext_lazy("works there")
    BOARD = "board", gettext_lazy("on its board or among its heads")
    CONTRACT = "contract", gettext_lazy("under contract or a consultant")
    MEMBER = "member", gettext_lazy("member, founder or trustee")
    FORMER = "former", gettext_lazy("worked there before")
    OTHER = "other", gettext_lazy("another tie")


# Affiliations that no waiver lifts.
INSIDE = (AffiliationKind.EMPLOYEE, AffiliationKind.BOARD)


class RelationKind(models.TextChoices):
    """What somebody is to a named person."""

    SPOUSE = "spouse", gettext_lazy("spouse")
    KIN = "kin", gettext_lazy("relative")
    WORK = "work", gettext_lazy("works or worked with him closely")
    BUSINESS = "business", gettext_lazy("common business or money")
    TEACHING = "teaching", gettext_lazy("teacher or student")
    DISPUTE = "dispute", gettext_lazy("dispute or lawsuit")
    OTHER = "other", gettext_lazy("another relation")


class TieKind(models.TextChoices):
    """What an assessor names when he says that something ties him to what he is asked to judge."""

    MADE = "made", gettext_lazy("I had a part in this work.")
    AGENCY = "agency", gettext_lazy("I am tied to the agency that may stand behind it.")
    KIN = "kin", gettext_lazy("Somebody of my family may stand behind it.")
    BUSINESS = "business", gettext_lazy("I have a business or financial interest.")
    DISPUTE = "dispute", gettext_lazy("I am in a dispute with those who may stand behind it.")
    RECOGNISED = "recognised", gettext_lazy("I recognise whose it is, and cannot judge it freely.")
    OTHER = "other", gettext_lazy("Another reason.")


class WaiverStatus(models.TextChoices):
    ASKED = "asked", gettext_lazy("waits for a second officer")
    GRANTED = "granted", gettext_lazy("granted")
    REFUSED = "refused", gettext_lazy("not granted")
    ENDED = "ended", gettext_lazy("ended")


# Waivers that count or may come to count: one for a pair of assessor and subject.
OPEN_WAIVERS = (WaiverStatus.ASKED, WaiverStatus.GRANTED)


def _second_officer(user, waiver):
    return is_officer(user) and user.pk not in (waiver.asked_by_id, waiver.assessor.user_id)


WAIVER_MOVES = {
    "grant": Step((WaiverStatus.ASKED,), WaiverStatus.GRANTED, _second_officer, gettext_lazy("Grant the waiver")),
    "refuse": Step(
        (WaiverStatus.ASKED,), WaiverStatus.REFUSED, officers, gettext_lazy("Do not grant the waiver"), needs_reason=True
    ),
    "end": Step((WaiverStatus.GRANTED,), WaiverStatus.ENDED, officers, gettext_lazy("End the waiver"), needs_reason=True),
}


def why_not_asked(user, assessor):
    """Why this person may not ask for a waiver for this assessor, as a sentence; None when he may."""
    if not is_officer(user) or user.pk == assessor.user_id:
        return _("You may not do this.")
    return None
