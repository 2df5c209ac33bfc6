"""What people do with their own account."""

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import Token

from secretariat import rules
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.models import User
from secretariat.services import letters

OPENED = _(
    "Dear %(name)s,\n\nthe secretariat opened an account of the portal for you. Your user name is your e-mail address. Open the link below,"
    " write this address, and a further letter will bring you the link with which you set your password."
)


@transaction.atomic
def save_account(user, *, before):
    """Store a person's changed particulars; the address that was theirs `before` is told when it no longer is."""
    user.save(update_fields=["first_name", "last_name", "name_en", "email", "mobile", "language"])
    if before and before != user.email:
        index = 0 if user.language == User.Language.FA else 1
        text = both(
            _(
                "Dear %(name)s,\n\nthe e-mail address of your account was changed, and this one no longer belongs to it. If it was not "
                "you, write to the secretariat at once."
            ),
            name=user,
        )
        letters.post(before, both(_("Your e-mail address was changed"))[index], text[index], language=user.language)


@transaction.atomic
def renew_token(user):
    """A new key for programs; the old one works no more. Only representatives have one."""
    if not rules.represented_agencies(user):
        raise RuleBroken(_("Keys for programs are for representatives of agencies."))
    Token.objects.filter(user=user).delete()
    return Token.objects.create(user=user)


def drop_token(user):
    """From now on no program acts for this person."""
    Token.objects.filter(user=user).delete()


def open_account(*, email, first_name, last_name, mobile=None, language="fa"):
    """Open an account for somebody who did not ask for one; a letter says how to set a password. Raises RuleBroken."""
    person = User(
        username=free_name(email), email=email, first_name=first_name, last_name=last_name, mobile=mobile, language=language
    )
    person.set_unusable_password()
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError:
        raise RuleBroken(_("Another account has this e-mail address or mobile number: %(address)s.") % {"address": email}) from None
    index = 0 if language == User.Language.FA else 1
    letters.post(
        email,
        both(_("Your account of the portal"))[index],
        both(OPENED, name=person)[index],
        language=language,
        link=reverse("password_reset"),
        action=both(_("Set a password"))[index],
        once=f"account-opened:{person.pk}",
    )
    return person


def free_name(email):
    """The address itself as user name; numbered where somebody calls himself so already."""
    name, n = email[:150], 1
    while User.objects.filter(username__iexact=name).exists():
        n += 1
        name = f"{email[:145]}.{n}"
    return name
