"""Who somebody is, and what may happen to a resolution. Judges loaded objects, writes nothing."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.workflow import Step


def is_officer(user):
    """Works in the secretariat: screens, runs rounds, sees every agency's affairs."""
    return user.is_authenticated and user.is_active and (user.is_superuser or user.has_role("officer", "secretary"))


def is_secretary(user):
    """Heads the secretariat: confirms what officers prepare."""
    return user.is_authenticated and user.is_active and (user.is_superuser or user.has_role("secretary"))


def represented_agencies(user):
    """Primary keys of the agencies that `user` represents now."""
    if not user.is_authenticated:
        return []
    return [grant.agency_id for grant in user.grants if grant.role == "representative"]


def represents(user, agency_id):
    return agency_id in represented_agencies(user)


def serves_council(user, council_id):
    """Keeps this council's papers: its secretary by role or by seat, or an administrator."""
    if not user.is_authenticated:
        return False
    return (
        user.is_superuser
        or any(grant.role == "council_secretary" and grant.council_id == council_id for grant in user.grants)
        or any(seat.role in ("secretary", "chair") and seat.council_id == council_id for seat in user.seats_now)
    )


class ResolutionStatus(models.TextChoices):
    DRAFT = "draft", gettext_lazy("draft")
    ADOPTED = "adopted", gettext_lazy("adopted")
    REJECTED = "rejected", gettext_lazy("rejected")


def _keeps_papers(user, resolution):
    return serves_council(user, resolution.council_id)


def tally(votes):
    """Counts of votes by choice from Vote rows: {"for": n, "against": n, "abstain": n, "recused": n}."""
    counts = dict.fromkeys(("for", "against", "abstain", "recused"), 0)
    for vote in votes:
        counts[vote.choice] += 1
    return counts


def has_quorum(present, in_force, quorum_percent):
    """Whether `present` of `in_force` seats reach the quorum (percent of seats, compared exactly)."""
    return in_force > 0 and present * 100 >= quorum_percent * in_force


def carried(counts):
    """More than half of those who voted for or against were for; recusals and abstentions are not votes."""
    return counts["for"] > counts["against"]


RESOLUTION_MOVES = {
    "adopt": Step((ResolutionStatus.DRAFT,), ResolutionStatus.ADOPTED, _keeps_papers, gettext_lazy("Adopt")),
    "reject": Step((ResolutionStatus.DRAFT,), ResolutionStatus.REJECTED, _keeps_papers, gettext_lazy("Record as not adopted")),
}


def why_not_adoptable(present, in_force, quorum_percent, counts):
    """A sentence saying why this vote cannot adopt the resolution, or None when it can."""
    if not has_quorum(present, in_force, quorum_percent):
        return _("No quorum: %(present)s of %(seats)s voting seats were present.") % {"present": present, "seats": in_force}
    if not carried(counts):
        return _("Not carried: %(for)s for, %(against)s against.") % counts
    return None
