"""The gate of the Django admin: the portal's own sign-in, staff only, with the second factor where there is one."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from secretariat import rules
from secretariat.services import second_factor


class PortalAdminSite(admin.AdminSite):
    site_title = site_header = _("Administration of the portal")
    index_title = _("What can be administered")
    site_url = "/"
    enable_nav_sidebar = True

    def has_permission(self, request):
        return rules.may_administer(request.user) and second_factor.is_shown(request.user)

    @method_decorator(login_not_required)
    def login(self, request, extra_context=None):
        """No door of its own: the anonymous sign in as everywhere, those short of a second factor show it, others find nothing."""
        asked = request.GET.get("next") or reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(asked)
        if not rules.may_administer(request.user):
            raise Http404
        if second_factor.is_shown(request.user):
            return redirect("admin:index")
        return redirect_to_login(
            asked, reverse("second_factor_check" if second_factor.is_on(request.user) else "second_factor_setup")
        )

    def logout(self, request, extra_context=None):
        return redirect("account")

    def password_change(self, request, extra_context=None):
        return redirect("password_change")
