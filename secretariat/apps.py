"""The ground floor as a Django application."""

import jdatetime
from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class SecretariatConfig(AppConfig):
    name = "secretariat"
    verbose_name = _("Secretariat")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # Persian month and day names without any locale of the operating system.
        jdatetime.set_locale(jdatetime.FA_LOCALE)
        # Here and not in __init__: the Celery app must be current in every Django process,
        # while `python -m secretariat.persian` must not need Django at all.
        from secretariat.celery import app  # noqa: F401
        # django-jalali's picker for the admin, which ours replaces, names pictures that it does not bring.
        static_files = apps.get_app_config("staticfiles")
        left_out = ["jquery.ui.datepicker.jalali", "admin/css/main.css", "admin/main.js"]
        static_files.ignore_patterns = [*static_files.ignore_patterns, *left_out]
