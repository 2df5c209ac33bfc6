"""Who may read what a round's results tell of it as a whole, while others may still be judging."""

from assessments import rules
from assessments.models import Assignment
from secretariat.rules import is_officer

STAFF, COUNCIL = "staff", "council"


def still_judges(user, round_):
    """Whether `user`, officer or not, owes this round an answer or an assessment: then its aggregates are not for him yet."""
    if round_.status not in rules.BINDING_ROUNDS or getattr(user, "assessor", None) is None:
        return False
    return Assignment.objects.filter(
        assessor__user=user, entry__round=round_, entry__excluded_at=None, status__in=rules.PENDING_ASSIGNMENTS
    ).exists()


def reader_of(user, round_):
    """As whom `user` reads how reliable a round is: "staff", after publication "council", else None."""
    if is_officer(user):
        return STAFF
    if round_.is_public and user.is_authenticated and user.places_now:
        return COUNCIL
    return None
