"""Pages of the second factor: showing it at the door, setting it up, its backup codes."""

import time

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import login as show_device

from secretariat.errors import RuleBroken, refusals_told
from secretariat.forms.sign_in import CodeForm
from secretariat.services import second_factor
from secretariat.sign_in import safe_next

WAITING = "waits_for_code"
PATIENCE = 600  # seconds between the password and the code


def await_code(request, user, goal):
    """Remember who gave the right password, until the code comes. Nobody is signed in yet."""
    request.session.flush()
    request.session[WAITING] = {"user": user.pk, "at": int(time.time()), "goal": goal, "hash": user.get_session_auth_hash()}


def _who_waits(request):
    waiting = request.session.get(WAITING)
    if not waiting or time.time() - waiting["at"] > PATIENCE:
        return None, None
    user = get_user_model().objects.filter(pk=waiting["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != waiting["hash"]:
        return None, None
    return user, waiting["goal"]


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor_check(request):
    """Ask for the code, after the password or before a page that demands it."""
    coming_in = not request.user.is_authenticated
    user, goal = _who_waits(request) if coming_in else (request.user, safe_next(request, settings.LOGIN_REDIRECT_URL))
    if user is None:
        messages.info(request, _("Please sign in again: too much time has passed since the password."))
        return redirect("sign_in")
    if not coming_in and not second_factor.is_on(user):
        return redirect("second_factor_setup")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            device = second_factor.check(user, form.cleaned_data["code"])
        except RuleBroken as refused:
            form.add_error("code", refused.message)
        else:
            if coming_in:
                request.session.pop(WAITING)
                login(request, user, backend="secretariat.sign_in.AnyNameBackend")
            show_device(request, device)
            if not second_factor.codes_left(user):
                messages.warning(request, _("That was your last backup code. Make new ones on your account page."))
            return HttpResponseRedirect(goal)
    return render(request, "secretariat/second_factor_check.html", {"form": form, "next": "" if coming_in else goal})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor_setup(request):
    """Show the picture for the phone, and turn the second factor on with a first code."""
    user = request.user
    if second_factor.is_on(user):
        return redirect("account" if user.is_verified() else "second_factor_check")
    device = second_factor.prepare(user)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            device, codes = second_factor.confirm(user, form.cleaned_data["code"])
        except RuleBroken as refused:
            form.add_error("code", refused.message)
        else:
            request.session["epoch"] = user.session_epoch
            request.session.cycle_key()
            show_device(request, device)
            goal = safe_next(request, "account")
            return render(request, "secretariat/second_factor_codes.html", {"codes": codes, "next": goal, "first_time": True})
    picture = segno.make(device.config_url, error="m").svg_inline(
        scale=5, border=2, dark="#10272a", light="#ffffff", svgclass="qr", lineclass=None
    )
    return render(
        request,
        "secretariat/second_factor_setup.html",
        {
            "form": form,
            "picture": mark_safe(picture),  # drawn here from our own key  # nosec B308 B703
            "secret": second_factor.secret_of(device),
            "next": request.POST.get("next") or request.GET.get("next", ""),
        },
    )


@never_cache
@require_POST
def second_factor_codes(request):
    """Give ten new backup codes, shown this once."""
    if not request.user.is_verified():
        return redirect("second_factor_check")
    codes = second_factor.renew_codes(request.user)
    return render(request, "secretariat/second_factor_codes.html", {"codes": codes, "next": safe_next(request, "account")})


@require_POST
def second_factor_remove(request):
    """Turn the second factor off, with a code, where none is required."""
    form = CodeForm(request.POST)
    with refusals_told(request):
        if not form.is_valid():
            raise RuleBroken(_("Write a code to turn the second factor off."))
        second_factor.check(request.user, form.cleaned_data["code"])
        second_factor.turn_off(request.user)
        messages.success(request, _("The second factor is off."))
    return redirect("account")
