"""Who somebody is, and what may happen to a resolution. Judges loaded objects, writes nothing."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import calendar
from secretariat.errors import RuleBroken
from secretariat.workflow import Step


def is_officer(user):
    """Works in the secretariat: screens, runs rounds, sees every agency's affairs."""
    return user.is_authenticated and user.is_active and (user.is_superuser or user.has_role("officer", "secretary"))


def officers(user, obj):
    """For steps that officers take."""
    return is_officer(user)


def only_officers(*, by):
    """Refuse everybody but officers, and the system itself (None). Raises RuleBroken."""
    if by is not None and not is_officer(by):
        raise RuleBroken(_("You may not do this."))


def is_secretary(user):
    """Heads the secretariat: confirms what officers prepare."""
    return user.is_authenticated and user.is_active and (user.is_superuser or user.has_role("secretary"))


def may_administer(user):
    """May enter the admin; what there is to see inside, each of its pages decides."""
    return is_officer(user) or (
        user.is_authenticated
        and user.is_active
        and (
            user.is_staff
            or user.has_role("council_secretary")
            or any(seat.role in ("secretary", "chair") for seat in user.seats_now)
        )
    )


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


def served_councils(user):
    """Primary keys of the councils whose papers `user` keeps; None for an administrator: all of them."""
    if not user.is_authenticated:
        return set()
    if user.is_superuser:
        return None
    by_role = {grant.council_id for grant in user.grants if grant.role == "council_secretary"}
    return by_role | {seat.council_id for seat in user.seats_now if seat.role in ("secretary", "chair")}


def second_factor_missing(user):
    """Whether this person must confirm with a second factor and has not done so in this session."""
    # Only a person who came in through a request carries is_verified(); anybody else has confirmed nothing.
    confirmed = hasattr(user, "is_verified") and user.is_verified()
    return user.second_factor_required and not confirmed


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
        return _("No quorum: %(present)s of %(seats)s voting seats were present.") % {
            "present": calendar.digits(present),
            "seats": calendar.digits(in_force),
        }
    if not carried(counts):
        return _("Not carried: %(for)s for, %(against)s against.") % {name: calendar.digits(n) for name, n in counts.items()}
    return None


def standing_in_words(present, in_force, quorum_percent, counts):
    """How quorum and votes stand, as two sentences for people."""
    reached = _("quorum reached") if has_quorum(present, in_force, quorum_percent) else _("no quorum")
    carried_word = _("carried") if carried(counts) else _("not carried")
    numbers = {name: calendar.digits(n) for name, n in counts.items()}
    return (
        _("%(present)s of %(seats)s voting seats present: %(verdict)s.")
        % {"present": calendar.digits(present), "seats": calendar.digits(in_force), "verdict": reached},
        _("%(for)s for, %(against)s against, %(abstain)s abstained, %(recused)s recused: %(verdict)s.")
        % {**numbers, "verdict": carried_word},
    )
