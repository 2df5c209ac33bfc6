"""Who somebody is in the house, and of whose affairs."""

from django.utils.translation import gettext as _

from secretariat.errors import RuleBroken


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


def councils_of(user):
    """Primary keys of the councils whose papers `user` may read: by seat, as a deputy, or as who keeps them."""
    if not user.is_authenticated:
        return set()
    return {seat.council_id for seat in user.places_now} | set(served_councils(user) or ())


def second_factor_missing(user):
    """Whether this person must confirm with a second factor and has not done so in this session."""
    # Only a person who came in through a request carries is_verified(); anybody else has confirmed nothing.
    confirmed = hasattr(user, "is_verified") and user.is_verified()
    return user.second_factor_required and not confirmed
