"""Language by the reader's own choice, and sessions that end."""

import time

from django.conf import settings
from django.contrib.auth import logout
from django.utils import translation

_KNOWN = {code for code, _name in settings.LANGUAGES}


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
    """Ends a session after a time of silence, and every session of a person who signed out everywhere."""

    REFRESH = 300  # seconds: the mark in the session is not rewritten more often

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated:
            now = int(time.time())
            seen = request.session.get("seen_at", now)
            stale = now - seen > settings.SESSION_IDLE_SECONDS
            revoked = request.session.get("epoch", request.user.session_epoch) != request.user.session_epoch
            if stale or revoked:
                logout(request)
            elif now - seen > self.REFRESH or "seen_at" not in request.session:
                request.session["seen_at"] = now
                request.session["epoch"] = request.user.session_epoch
        return self.get_response(request)
