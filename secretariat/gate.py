"""What requests pass through: forms by a one-time key, so that a double submit gives the first result; officers' pages by role."""

import functools
import uuid

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponseRedirect

from secretariat.models import FormKey
from secretariat.rules import is_officer

FIELD = "once_key"


def officers_only(view):
    """To everybody else the page does not exist."""

    @functools.wraps(view)
    def guarded(request, *args, **kwargs):
        if not is_officer(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def once(view):
    """Let a form take effect once: the second arrival of a key is sent where the first one led.

    The key row is written in the same transaction as the view's own work, so two at the same moment wait for one
    another on the primary key. A view that answers with anything but a redirect (a form shown again with errors)
    has done nothing yet: its key is not used up. A form without a key is simply handled. The browser, which keeps what
    is written until it has arrived, is told by a cookie.
    """

    @functools.wraps(view)
    def guarded(request, *args, **kwargs):
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            key = uuid.UUID(request.POST.get(FIELD, ""))
        except ValueError:
            return view(request, *args, **kwargs)
        user = request.user if request.user.is_authenticated else None
        try:
            with transaction.atomic():
                FormKey.objects.create(key=key, user=user, path=request.path[:300])
                response = view(request, *args, **kwargs)
                if not _took_effect(response):
                    raise _NothingDone(response)
                FormKey.objects.filter(key=key).update(result=_target(response)[:300])
                return response if getattr(request, "was_refused", False) else _arrived(response, key)
        except _NothingDone as nothing:
            return nothing.response
        except IntegrityError:
            first = FormKey.objects.filter(key=key, user=user, path=request.path[:300]).first()
            if first is None:
                raise
            return _arrived(HttpResponseRedirect(first.result or request.path), key)

    return guarded


class _NothingDone(Exception):
    def __init__(self, response):
        super().__init__()
        self.response = response


def _arrived(response, key):
    response.set_cookie("done", str(key), max_age=600, samesite="Lax", secure=settings.BEHIND_TLS)
    return response


def _took_effect(response):
    return response.status_code in (302, 303) or "HX-Redirect" in response.headers


def _target(response):
    return response.headers.get("HX-Redirect") or response.headers.get("Location", "")
