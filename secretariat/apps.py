"""The ground floor as a Django application, and Django's admin behind the portal's own gate."""

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
        from django.contrib.auth.signals import user_logged_in

        from secretariat.celery import app  # noqa: F401
        from secretariat.sign_in import start_session

        user_logged_in.connect(start_session, dispatch_uid="start_session")
        # django-jalali's picker for the admin, which ours replaces, names pictures that it does not bring.
        static_files = apps.get_app_config("staticfiles")
        left_out = ["jquery.ui.datepicker.jalali", "admin/css/main.css", "admin/main.js"]
        static_files.ignore_patterns = [*static_files.ignore_patterns, *left_out]
