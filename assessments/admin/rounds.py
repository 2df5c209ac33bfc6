"""Rounds and assessors in the administration: to be looked up with their history; the work is done in the portal."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assessments.models import Affiliation, Assessor, Assignment, ConflictOfInterest, Round
from secretariat.admin.access import ToRead, jalali
from secretariat.admin.trail import Trail


def _link(url):
    return format_html('<a href="{}">{}</a>', url, gettext("Open in the portal"))


@admin.register(Round)
class RoundAdmin(Trail, ToRead):
    list_display = ["title", "status", "deadline_words", "panel_size", "see_submitter", "is_demo"]
    list_filter = ["status", "see_submitter", "is_demo"]
    search_fields = ["title_fa", "title_en"]
    fields = ["title_fa", "title_en", "status", "deadline_words", "panel_size", "see_submitter", "is_demo", "note", "portal"]
    readonly_fields = ["status", "deadline_words", "portal"]

    @admin.display(description=_("deadline of the assessors"), ordering="deadline")
    def deadline_words(self, obj):
        return jalali(obj.deadline)

    @admin.display(description=_("page"))
    def portal(self, obj):
        return _link(obj.get_absolute_url())


class ReadInline(admin.TabularInline):
    """Rows that are shown and changed on their own pages."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False

    def has_view_permission(self, request, obj=None):
        return True


class AffiliationInline(ReadInline):
    model = Affiliation
    fields = ("agency", "since", "until", "note")
    readonly_fields = fields


class ConflictInline(ReadInline):
    model = ConflictOfInterest
    fields = ("subject", "source", "reason", "by")
    readonly_fields = fields


@admin.register(Assessor)
class AssessorAdmin(Trail, ToRead):
    list_display = ["user", "field_fa", "capacity", "is_active"]
    list_filter = ["is_active"]
    list_select_related = ["user"]
    search_fields = ["user__search_key", "field_fa", "field_en"]
    fields = ["user", "field_fa", "field_en", "expertise", "capacity", "is_active", "portal"]
    readonly_fields = ["portal"]
    inlines = [AffiliationInline, ConflictInline]

    @admin.display(description=_("page"))
    def portal(self, obj):
        return _link(reverse("assessor_detail", args=[obj.pk]))


@admin.register(Assignment)
class AssignmentAdmin(Trail, ToRead):
    list_display = ["subject", "assessor", "round", "status", "offered"]
    list_filter = ["status"]
    list_select_related = ["entry__subject", "entry__round", "assessor__user"]
    search_fields = ["entry__subject__title_fa", "entry__subject__title_en", "assessor__user__search_key"]
    fields = ["subject", "assessor", "round", "status", "offered", "alias", "portal"]
    readonly_fields = ["subject", "round", "offered", "portal"]

    @admin.display(description=_("subject"), ordering="entry__subject__title_fa")
    def subject(self, obj):
        return obj.entry.subject

    @admin.display(description=_("round"), ordering="entry__round__title_fa")
    def round(self, obj):
        return obj.entry.round

    @admin.display(description=_("asked at"), ordering="offered_at")
    def offered(self, obj):
        return jalali(obj.offered_at)

    @admin.display(description=_("page"))
    def portal(self, obj):
        return _link(reverse("entry_detail", args=[obj.entry_id]))
