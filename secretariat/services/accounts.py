"""What people do with their own account."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import Token

from secretariat import rules
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.models import User
from secretariat.services import letters


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
