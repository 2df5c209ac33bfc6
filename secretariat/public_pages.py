"""Pages that everybody reads: a visitor without an account gets a 304 as long as nothing on the page changed."""

import functools
import hashlib
from pathlib import Path

from django.conf import settings
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import condition

SETTINGS_COOKIES = (settings.LANGUAGE_COOKIE_NAME, "theme", "text_size", "contrast")


@functools.cache
def _release():
    """Stands for the templates and catalogues of this installation: a new release makes new pages."""
    files = [*settings.BASE_DIR.glob("templates/**/*.html"), *settings.BASE_DIR.glob("*/templates/**/*.html")]
    files += settings.BASE_DIR.glob("*/locale/*/LC_MESSAGES/*.mo")
    stamps = sorted(f"{path.relative_to(settings.BASE_DIR)}:{Path(path).stat().st_mtime_ns}" for path in files)
    return hashlib.sha256("\n".join(stamps).encode()).hexdigest()


def same_until(state):
    """Decorate a public view; `state(request, *args, **kwargs)` gives what its content hangs on, or None for no answer.

    Signed-in readers see their own navigation and messages, so they always get a fresh page.
    """

    def etag(request, *args, **kwargs):
        if request.user.is_authenticated or request.COOKIES.get("messages") or request.COOKIES.get(settings.SESSION_COOKIE_NAME):
            return None
        parts = state(request, *args, **kwargs)
        if parts is None:
            return None
        seen = [_release(), request.get_full_path(), *(request.COOKIES.get(name, "") for name in SETTINGS_COOKIES)]
        return f'W/"{hashlib.sha256(repr((seen, parts)).encode()).hexdigest()[:32]}"'

    def decorator(view):
        conditional = condition(etag_func=etag)(view)

        @functools.wraps(view)
        def page(request, *args, **kwargs):
            response = conditional(request, *args, **kwargs)
            if response.status_code in (200, 304):
                patch_cache_control(response, private=True, no_cache=True)
                patch_vary_headers(response, ["Cookie"])
            if response.status_code == 304:
                # The page kept by the browser holds its own nonce: a new policy would forbid its scripts.
                response._csp_exempt = True
            return response

        return page

    return decorator
