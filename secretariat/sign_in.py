"""Signing in by user name, e-mail or mobile number, and what happens after too many wrong tries."""

import time

from axes.helpers import get_client_ip_address
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.db.models import Q
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from secretariat import persian


def canonical_name(typed):
    """The form in which a typed name is compared: trimmed, ASCII digits, lower case, mobile as +989…."""
    name = persian.digits_to_ascii(persian.canonical(typed or "")).strip().lower()
    try:
        return persian.mobile(name)
    except ValueError:
        return name


def find_person(name):
    """Whose name this is, in canonical form; the owner of an address or number comes before one who only calls himself so."""
    found = get_user_model().objects.filter(Q(username__iexact=name) | Q(email__iexact=name) | Q(mobile=name))
    return min(found, key=lambda user: (name not in (user.mobile, (user.email or "").lower()), user.pk), default=None)


class AnyNameBackend(ModelBackend):
    def authenticate(self, request, username=None, password=None, **kwargs):
        user_model = get_user_model()
        name = canonical_name(username if username is not None else kwargs.get(user_model.USERNAME_FIELD))
        if not name or password is None:
            return None
        user = find_person(name)
        if user is None:
            # Hash all the same: an unknown name must not answer faster than a known one.
            user_model().set_password(password)
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None


def name_for_lockout(request, credentials=None):
    """All spellings of one name count as one, or a guesser would get five tries a spelling."""
    typed = (credentials or {}).get("username") or request.POST.get("username", "")
    return canonical_name(typed)[:150]


def locked_out(request, credentials=None, *args, **kwargs):
    """The sign-in page saying that this account is closed to this address for a while."""
    from secretariat.forms.sign_in import SignInForm

    message = _("Too many wrong tries from this place. Wait fifteen minutes, or set a new password by e-mail.")
    words = {"locked": message, "form": SignInForm(request), "next": request.POST.get("next", "")}
    return render(request, "secretariat/sign_in.html", words, status=429)


def client_address(request):
    """The address a request came from, past the proxies we know of."""
    return get_client_ip_address(request) or ""


def start_session(sender, request, user, **kwargs):
    """On every sign-in: when it began, and the number that "sign out everywhere" raises."""
    request.session["began_at"] = request.session["seen_at"] = int(time.time())
    request.session["epoch"] = user.session_epoch


def safe_next(request, fallback):
    """Where to go after this: the page asked for, if it is one of ours; else `fallback` (a URL name or path)."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    hosts = {request.get_host()}
    if url_has_allowed_host_and_scheme(asked, allowed_hosts=hosts, require_https=request.is_secure()):
        return asked
    return resolve_url(fallback)
