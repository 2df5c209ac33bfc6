"""One's own account: particulars, safety, the key for programs."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from rest_framework.authtoken.models import Token

from secretariat import rules
from secretariat.forms.account import AccountForm
from secretariat.gate import once
from secretariat.models import RoleGrant, User
from secretariat.services import accounts, second_factor


@never_cache
@once
@require_http_methods(["GET", "HEAD", "POST"])
def account(request):
    """Read and change one's own particulars."""
    # A copy: the page's own frame goes on showing what is stored while the form shows what was typed.
    person = User.objects.get(pk=request.user.pk)
    before = person.email
    form = AccountForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        accounts.save_account(form.instance, before=before)
        messages.success(request, _("Your account is saved."))
        response = redirect("account")
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, form.instance.language, max_age=365 * 24 * 3600, samesite="Lax")
        return response
    return render(request, "secretariat/account.html", {"form": form, **_standing(request.user)})


def _standing(user):
    return {
        "roles": RoleGrant.objects.current().filter(user=user).select_related("agency", "unit", "council"),
        "seats": user.seats.current().select_related("council"),
        "factor_on": second_factor.is_on(user),
        "codes_left": second_factor.codes_left(user),
        "may_have_key": bool(rules.represented_agencies(user)),
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def api_token(request):
    """Show, renew or drop the key with which a program acts for a representative."""
    if not rules.represented_agencies(request.user):
        raise Http404
    if request.method == "POST":
        if request.POST.get("action") == "drop":
            accounts.drop_token(request.user)
            messages.success(request, _("The key is dropped: no program can use it any more."))
        else:
            accounts.renew_token(request.user)
            messages.success(request, _("Here is the new key. The old one works no more."))
        return redirect("api_token")
    return render(request, "secretariat/api_token.html", {"token": Token.objects.filter(user=request.user).first()})
