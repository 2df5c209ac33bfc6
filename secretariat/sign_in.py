"""Signing in by user name, e-mail or mobile number, and what happens after too many wrong tries."""

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.db.models import Q
from django.shortcuts import render
from django.utils.translation import gettext as _

from secretariat import persian


def canonical_name(typed):
    """The form in which a typed name is compared: trimmed, ASCII digits, lower case, mobile as +989…."""
    name = persian.digits_to_ascii(persian.canonical(typed or "")).strip().lower()
    try:
        return persian.mobile(name)
    except ValueError:
        return name


class AnyNameBackend(ModelBackend):
    def authenticate(self, request, username=None, password=None, **kwargs):
        user_model = get_user_model()
        name = canonical_name(username if username is not None else kwargs.get(user_model.USERNAME_FIELD))
        if not name or password is None:
            return None
        found = user_model.objects.filter(Q(username__iexact=name) | Q(email__iexact=name) | Q(mobile=name))[:2]
        if len(found) != 1:
            # Hash all the same: an unknown name must not answer faster than a known one.
            user_model().set_password(password)
            return None
        user = found[0]
        return user if user.check_password(password) and self.user_can_authenticate(user) else None


def name_for_lockout(request, credentials=None):
    """All spellings of one name count as one, or a guesser would get five tries a spelling."""
    typed = (credentials or {}).get("username") or request.POST.get("username", "")
    return canonical_name(typed)[:150]


def locked_out(request, credentials=None, *args, **kwargs):
    message = _("Too many wrong tries from this place. Wait fifteen minutes, or set a new password by e-mail.")
    return render(request, "secretariat/sign_in.html", {"locked": message, "form": None}, status=429)
