"""The assessments room as a Django application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssessmentsConfig(AppConfig):
    name = "assessments"
    verbose_name = _("Assessments")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from assessments import evidence, trail
        from assessments.programme_evidence import programme_evidence
        from assessments.selectors.trail import SOURCES
        from assessments.services import appeals, conflicts, excellence_checks, replacements, roster

        evidence.register("programme", programme_evidence)
        for source in SOURCES:
            trail.register(source)
        conflicts.listen()
        roster.listen()
        appeals.listen()
        excellence_checks.listen()
        replacements.listen()
