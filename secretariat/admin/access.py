"""Who may do what in the admin, said once: the portal's roles decide, not Django's permission tables."""

from typing import Any

from django.contrib import admin
from django.db import models

from secretariat import rules
from secretariat.fields import CanonicalCharField, WholeNumberFormField

# Typed as in the portal's own forms: texts in one spelling and not without end, numbers in any digits.
TYPED: dict[type[models.Field], dict[str, Any]] = {
    models.TextField: {"form_class": CanonicalCharField},
    models.PositiveSmallIntegerField: {"form_class": WholeNumberFormField},
}


class ForOfficers(admin.ModelAdmin):
    """Officers read and write; nothing is deleted here."""

    def has_module_permission(self, request):
        return rules.is_officer(request.user)

    def has_view_permission(self, request, obj=None):
        return rules.is_officer(request.user)

    def has_add_permission(self, request):
        return rules.is_officer(request.user)

    def has_change_permission(self, request, obj=None):
        return rules.is_officer(request.user)

    def has_delete_permission(self, request, obj=None):
        return False


class ForTheHead(ForOfficers):
    """Officers read; the head of the secretariat writes."""

    def has_add_permission(self, request):
        return rules.is_secretary(request.user)

    def has_change_permission(self, request, obj=None):
        return rules.is_secretary(request.user)


class ToRead(ForOfficers):
    """Officers read; nobody writes."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.display
def jalali(value):
    """An instant or day as a list shows it."""
    from secretariat.templatetags.portal_text import jalali_datetime

    return jalali_datetime(value) or "–"
