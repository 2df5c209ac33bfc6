"""The gate of the Django admin: the portal's own sign-in, staff only, with the second factor where there is one."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from secretariat import rules
from secretariat.services import second_factor

ROOMS = ("secretariat", "assessments", "products", "portal")
FIRST = ("Council", "Meeting", "Resolution", "User", "RoleGrant", "Agency")
# Django has these in English only.
_IN_PERSIAN = ngettext_lazy("Please correct the error below.", "Please correct the errors below.")


class PortalAdminSite(admin.AdminSite):
    site_title = site_header = _("Administration of the portal")
    index_title = _("What can be administered")
    site_url = "/"
    enable_nav_sidebar = True

    def get_app_list(self, request, app_label=None):
        """What councils need first, then the other rooms; what only engineers know at the end, under one heading."""
        found = super().get_app_list(request, app_label)
        if app_label:
            return found
        ours = [app for room in ROOMS for app in found if app["app_label"] == room]
        for app in ours:
            app["models"].sort(key=lambda model: FIRST.index(model["object_name"]) if model["object_name"] in FIRST else len(FIRST))
        technical = [model for app in found if app["app_label"] not in ROOMS for model in app["models"]]
        if technical:
            ours.append(
                {"name": _("Technical"), "app_label": "technical", "app_url": "", "has_module_perms": True, "models": technical}
            )
        return ours

    def autocomplete_view(self, request):
        from secretariat.admin.chooser import Chooser  # there are no models yet when the site is made

        return Chooser.as_view(admin_site=self)(request)

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
