"""Django's admin as an application, with the portal's own gate before it."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    default_site = "secretariat.admin_site.PortalAdminSite"
