"""The door: coming in, going out, and how the pages look to whoever is here."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from secretariat import context
from secretariat.forms.sign_in import SignInForm
from secretariat.services import passwords, second_factor
from secretariat.sign_in import safe_next
from secretariat.views.second_factor import await_code

YEAR = 365 * 24 * 3600


@login_not_required
@sensitive_post_parameters("password")
@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request):
    """Ask who it is. With a second factor the session begins only after its code."""
    goal = safe_next(request, settings.LOGIN_REDIRECT_URL)
    if request.user.is_authenticated:
        return HttpResponseRedirect(goal)
    form = SignInForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        if second_factor.is_on(user):
            await_code(request, user, goal)
            return redirect("second_factor_check")
        login(request, user)
        return _in_their_language(HttpResponseRedirect(goal), user)
    return render(
        request, "secretariat/sign_in.html", {"form": form, "next": request.POST.get("next") or request.GET.get("next", "")}
    )


def _in_their_language(response, user):
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, max_age=YEAR, samesite="Lax", secure=settings.BEHIND_TLS)
    return response


@require_POST
@login_not_required
def sign_out(request):
    """End this session."""
    person = request.user.pk
    logout(request)
    messages.success(request, _("You have signed out."))
    return _forgotten(redirect(settings.LOGOUT_REDIRECT_URL), person)


@require_POST
def sign_out_everywhere(request):
    """End every session of this person, this one too."""
    person = request.user.pk
    passwords.sign_out_everywhere(request.user)
    logout(request)
    messages.success(request, _("You have signed out on every device."))
    return _forgotten(redirect("sign_in"), person)


def _forgotten(response, person):
    """Let the browser forget what it kept of this person's writing. Only who signs out is forgotten, not whose session ends."""
    if person is not None:
        response.set_cookie("signed_out", person, max_age=600, samesite="Lax", secure=settings.BEHIND_TLS)
    return response


PREFERENCES = {
    "theme": context.THEMES,
    "text_size": context.TEXT_SIZES,
    "contrast": context.CONTRASTS,
    "language": tuple(code for code, _name in settings.LANGUAGES),
}


@require_POST
@login_not_required
def preferences(request):
    """Keep how the reader wants the pages, in cookies that the server reads: nothing to sign in for."""
    response = HttpResponseRedirect(safe_next(request, "/"))
    for name, values in PREFERENCES.items():
        if request.POST.get(name) in values:
            cookie = settings.LANGUAGE_COOKIE_NAME if name == "language" else name
            response.set_cookie(cookie, request.POST[name], max_age=YEAR, samesite="Lax", secure=settings.BEHIND_TLS)
    return response
