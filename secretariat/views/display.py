"""The reader's display settings, for those who read without JavaScript."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from secretariat import context

SETTINGS = {"theme": context.THEMES, "text_size": context.TEXT_SIZES, "contrast": context.CONTRASTS}
YEAR = 365 * 24 * 3600


@login_not_required
@require_POST
def set_display(request):
    """Keep theme, text size and contrast in cookies that the server reads, and go back."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    for name, allowed in SETTINGS.items():
        if request.POST.get(name) in allowed:
            response.set_cookie(name, request.POST[name], max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return response
