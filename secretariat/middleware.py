"""Language by the reader's own choice, one reading of the holidays, and sessions that end."""

import time

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import JsonResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from secretariat import calendar

_KNOWN = {code for code, _name in settings.LANGUAGES}


class CalendarMiddleware:
    """Reads the holiday table at most once a request, however many deadlines a page shows."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with calendar.one_reading():
            return self.get_response(request)


class LanguageMiddleware:
    """Persian unless the reader chose otherwise (cookie); the browser's own language is not asked."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        language = chosen if chosen in _KNOWN else settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class SessionAgeMiddleware:
    """Ends a session after a time of silence, at its absolute end, and when its person signed out everywhere."""

    REFRESH = 300  # seconds: the mark in the session is not rewritten more often

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated:
            now = int(time.time())
            seen = request.session.get("seen_at", now)
            began = request.session.get("began_at", now)
            stale = now - seen > settings.SESSION_IDLE_SECONDS or now - began > settings.SESSION_COOKIE_AGE
            revoked = request.session.get("epoch", request.user.session_epoch) != request.user.session_epoch
            if stale or revoked:
                logout(request)
            elif now - seen > self.REFRESH or "seen_at" not in request.session:
                request.session["seen_at"] = now
                request.session["epoch"] = request.user.session_epoch
        return self.get_response(request)


class SecondFactorMiddleware:
    """Lets a person of whom a second factor is required do nothing before it is set up and shown."""

    # The pages on the way there, and the way out.
    OPEN = {
        "second_factor_setup",
        "second_factor_check",
        "second_factor_codes",
        "sign_out",
        "preferences",
        "set_language",
        "healthz",
    }

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        user = request.user
        if not user.is_authenticated or not user.second_factor_required or user.is_verified():
            return None
        if request.resolver_match.url_name in self.OPEN or not getattr(view, "login_required", True):
            return None
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse({"detail": _("Set up your second factor first.")}, status=403)
        return redirect_to_login(request.get_full_path(), reverse("second_factor_setup"))
