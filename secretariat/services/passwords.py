"""Setting a new password by e-mail, so that nobody learns who has an account and nobody's mailbox is flooded."""

from datetime import timedelta

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext_lazy as _

from secretariat.background import after_commit
from secretariat.bilingual import both
from secretariat.models import ResetRequest, User
from secretariat.services import letters
from secretariat.sign_in import canonical_name, find_person

WINDOW = timedelta(minutes=10)  # one letter a person in each


def request_reset(typed):
    """Keep the wish for a new password. What follows is the worker's: known and unknown names take the same time here."""
    ResetRequest.objects.bulk_create([ResetRequest(name=canonical_name(typed)[:150], window=_window())], ignore_conflicts=True)
    after_commit("secretariat.tasks.send_mail")


@transaction.atomic
def answer_requests():
    """Write a letter for each wish whose name belongs to one person with an account and an address."""
    wishes = ResetRequest.objects.select_for_update(skip_locked=True).filter(answered_at=None)[:500]
    for wish in wishes:
        user = find_person(wish.name)
        if user is not None and user.is_active and user.email:
            _post_link(user, wish.window)
    ResetRequest.objects.filter(pk__in=[wish.pk for wish in wishes]).update(answered_at=timezone.now())


def _post_link(user, window):
    language = 0 if user.language == User.Language.FA else 1
    subject = both(_("A new password for the portal"))[language]
    text = both(
        _(
            "Dear %(name)s,\n\nsomebody, probably you, asked to set a new password for your account. Open the link below within two "
            "hours. It works once.\n\nIf it was not you, you need do nothing: your password stays as it is."
        ),
        name=user,
    )[language]
    letters.post(
        user.email,
        subject,
        text,
        language=user.language,
        link=reverse("password_reset_confirm", args=[link_id(user), default_token_generator.make_token(user)]),
        action=both(_("Set a new password"))[language],
        secret=True,
        once=f"reset:{user.pk}:{window}",
    )


def link_id(user):
    """The person's key as links to set a password carry it."""
    return urlsafe_base64_encode(force_bytes(user.pk))


@transaction.atomic
def set_password(user, password):
    """Set a new password and sign the person out wherever they are signed in; links sent before work no more."""
    user.set_password(password)
    user.save(update_fields=["password"])
    sign_out_everywhere(user)


def sign_out_everywhere(user):
    """End every session of the person: each carries the number that is raised here."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    user.refresh_from_db(fields=["session_epoch"])


def _window():
    return int(timezone.now().timestamp() // WINDOW.total_seconds())
