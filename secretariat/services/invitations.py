"""Inviting people by a link in an e-mail, and what happens when they follow it."""

import hashlib
import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import rules
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.models import Invitation, RoleGrant, User
from secretariat.services import letters
from secretariat.services.accounts import free_name
from secretariat.services.notices import tell
from secretariat.signals import invitation_accepted

VALID = timedelta(days=14)


def may_invite(user, purpose):
    """Officers are chosen by the head of the secretariat, all others by officers."""
    return rules.is_secretary(user) if purpose == Invitation.Purpose.OFFICER else rules.is_officer(user)


@transaction.atomic
def invite(*, by, purpose, email, full_name, agency=None, language="fa"):
    """Invite somebody: a row that knows only the hash of the key, and a letter that carries it."""
    if not may_invite(by, purpose):
        raise RuleBroken(_("You may not do this."))
    invitation = Invitation(
        purpose=purpose,
        agency=agency,
        email=email,
        full_name=full_name,
        language=language,
        invited_by=by,
        expires_at=timezone.now() + VALID,
    )
    token = _give_key(invitation)
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError as refused:
        if "one_open_invitation" not in str(refused):
            raise
        raise RuleBroken(_("This person is already invited. Send that invitation again instead."), field="email") from None
    _post(invitation, token)
    return invitation


@transaction.atomic
def resend(pk, *, by):
    """Send an open or expired invitation anew: with a new key, so that the old link works no more."""
    invitation = _changeable(pk, by)
    token = _give_key(invitation)
    invitation.expires_at = timezone.now() + VALID
    invitation.save(update_fields=["token_hash", "expires_at"])
    _post(invitation, token)
    return invitation


@transaction.atomic
def revoke(pk, *, by):
    """Take an invitation back before it is accepted."""
    invitation = _changeable(pk, by)
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    return invitation


def find(token):
    """The invitation of a key, whatever its state; None when there is none."""
    return Invitation.objects.select_related("agency", "invited_by").filter(token_hash=_hash(token)).first()


def why_closed(invitation):
    """A sentence saying why this invitation opens nothing any more, or None while it does."""
    return {
        "accepted": _("This invitation has already been used."),
        "revoked": _("This invitation was taken back."),
        "expired": _("This invitation has expired."),
        "open": None,
    }[invitation.state]


@transaction.atomic
def accept(token, *, user):
    """Make the signed-in person what the invitation says, once."""
    return _accept(token, lambda invitation: user)


@transaction.atomic
def accept_as_new(token, *, first_name, last_name, password, mobile=None):
    """Open an account for the invited address, and make it what the invitation says; gives the new person."""

    def opened(invitation):
        if User.objects.filter(email__iexact=invitation.email).exists():
            raise RuleBroken(_("There is an account with this e-mail address. Sign in with it, then accept."))
        person = User(
            username=free_name(invitation.email.lower()),
            email=invitation.email,
            first_name=first_name,
            last_name=last_name,
            mobile=mobile,
            language=invitation.language,
            second_factor_required=invitation.purpose == Invitation.Purpose.OFFICER,
        )
        person.set_password(password)
        try:
            with transaction.atomic():
                person.save()
        except IntegrityError:
            raise RuleBroken(_("Another account has this mobile number."), field="mobile") from None
        return person

    return _accept(token, opened)


def _accept(token, person):
    invitation = (
        Invitation.objects.select_for_update(of=("self",)).select_related("agency", "invited_by").get(token_hash=_hash(token))
    )
    if closed := why_closed(invitation):
        raise RuleBroken(closed)
    user = person(invitation)
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    _grant(invitation, user)
    invitation_accepted.send(Invitation, invitation=invitation, user=user)
    text = gettext_lazy("%(person)s has accepted your invitation: %(purpose)s.")
    tell(
        invitation.invited_by,
        "invitation_accepted",
        *both(text, person=user, purpose=Invitation.Purpose(invitation.purpose).label),
        link=reverse("agency_people", args=[invitation.agency.slug]) if invitation.agency else reverse("invitation_list"),
        once=f"invitation-accepted:{invitation.pk}",
        mail=False,
    )
    return user


def _grant(invitation, user):
    """The role that the purpose brings; assessors' own room makes its row when it hears of the acceptance."""
    roles = {
        Invitation.Purpose.REPRESENTATIVE: {"role": RoleGrant.Role.REPRESENTATIVE, "agency": invitation.agency},
        Invitation.Purpose.OFFICER: {"role": RoleGrant.Role.OFFICER},
    }
    role = roles.get(invitation.purpose)
    if role is None:
        return
    if not RoleGrant.objects.current().filter(user=user, **role).exists():
        RoleGrant.objects.create(user=user, granted_by=invitation.invited_by, **role)
    if invitation.purpose == Invitation.Purpose.OFFICER and not user.second_factor_required:
        user.second_factor_required = True
        user.save(update_fields=["second_factor_required"])
    user.__dict__.pop("grants", None)  # read anew: there is one more


def _changeable(pk, by):
    invitation = Invitation.objects.select_for_update(of=("self",)).select_related("agency").get(pk=pk)
    if not may_invite(by, invitation.purpose):
        raise RuleBroken(_("You may not do this."))
    if invitation.state in ("accepted", "revoked"):
        raise RuleBroken(why_closed(invitation))
    return invitation


def _give_key(invitation):
    token = secrets.token_urlsafe(32)
    invitation.token_hash = _hash(token)
    return token


def _hash(token):
    return hashlib.sha256(token.encode()).hexdigest()


_PURPOSES = {
    Invitation.Purpose.REPRESENTATIVE: gettext_lazy(
        "Dear %(name)s,\n\nthe secretariat invites you to represent %(agency)s in its portal: to submit the agency's products and "
        "activities, to follow their assessment and to read the results.\n\nOpen the link below to accept. It is meant for you alone and "
        "works once, until %(until)s."
    ),
    Invitation.Purpose.ASSESSOR: gettext_lazy(
        "Dear %(name)s,\n\nthe secretariat invites you to assess cultural products and activities in its portal.\n\nOpen the link below to "
        "accept. It is meant for you alone and works once, until %(until)s."
    ),
    Invitation.Purpose.OFFICER: gettext_lazy(
        "Dear %(name)s,\n\nthe secretariat invites you to work in its portal as an officer.\n\nOpen the link below to accept. It is meant "
        "for you alone and works once, until %(until)s."
    ),
}


def _post(invitation, token):
    language = 0 if invitation.language == User.Language.FA else 1
    words = {"name": invitation.full_name, "agency": invitation.agency or "", "until": timezone.localdate(invitation.expires_at)}
    letters.post(
        invitation.email,
        both(gettext_lazy("Invitation to the portal of the secretariat"))[language],
        both(_PURPOSES[invitation.purpose], **words)[language],
        language=invitation.language,
        link=reverse("invitation_accept", args=[token]),
        action=both(gettext_lazy("Read and accept the invitation"))[language],
        secret=True,
    )
