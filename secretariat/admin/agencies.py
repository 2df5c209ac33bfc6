"""Provinces, agencies, units and holidays in the admin."""

import jdatetime
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from secretariat import calendar
from secretariat.admin.access import ForOfficers
from secretariat.fields import JalaliDateFormField
from secretariat.models import Agency, Holiday, Province, Unit
from secretariat.persian import search_key


class FoldedSearch:
    """Search in the folded column: ی and ي, half-spaces and digits of any kind find each other."""

    def get_search_results(self, request, queryset, search_term):
        if search_term:
            queryset = queryset.filter(search_key__contains=search_key(search_term))
        return queryset, False


@admin.register(Province)
class ProvinceAdmin(ForOfficers):
    list_display = ["name_fa", "name_en", "iso", "capital_fa"]
    search_fields = ["name_fa", "name_en", "iso"]
    list_per_page = 50

    def has_add_permission(self, request):
        return request.user.is_superuser


class UnitInline(admin.TabularInline):
    model = Unit
    fields = ["kind", "name_fa", "name_en", "parent", "province"]
    autocomplete_fields = ["parent", "province"]
    extra = 0
    show_change_link = True

    def has_add_permission(self, request, obj=None):
        return obj is not None

    def has_change_permission(self, request, obj=None):
        return True

    def has_view_permission(self, request, obj=None):
        return True

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Agency)
class AgencyAdmin(FoldedSearch, ForOfficers):
    list_display = ["name_fa", "kind", "province", "is_member", "is_demo"]
    list_filter = ["is_member", "is_demo", "kind"]
    list_select_related = ["province"]
    search_fields = ["name_fa"]
    autocomplete_fields = ["province"]
    prepopulated_fields = {"slug": ["name_en"]}
    inlines = [UnitInline]
    fieldsets = [
        (None, {"fields": ["name_fa", "name_en", "slug", "kind", "legal_id", "head"]}),
        (_("Contact"), {"fields": ["province", "website", "phone"]}),
        (_("Membership"), {"fields": ["is_member", "joined_on", "membership_note", "is_demo"]}),
    ]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "joined_on":
            return _GregorianFromJalali(label=db_field.verbose_name, required=False)
        if db_field.name == "website":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else self.prepopulated_fields

    def get_readonly_fields(self, request, obj=None):
        # The short name is in addresses that others have kept.
        return ["slug"] if obj else []

    def save_model(self, request, obj, form, change):
        obj.version += 1 if change else 0
        super().save_model(request, obj, form, change)


class _GregorianFromJalali(JalaliDateFormField):
    """Typed in the Jalali calendar, for a plain date column."""

    def clean(self, value):
        day = super().clean(value)
        return day.togregorian() if day else None


@admin.register(Unit)
class UnitAdmin(ForOfficers):
    list_display = ["name_fa", "kind", "agency", "parent", "province"]
    list_filter = ["kind", "province"]
    list_select_related = ["agency", "parent", "province"]
    search_fields = ["name_fa", "name_en", "agency__name_fa"]
    autocomplete_fields = ["agency", "parent", "province"]

    def get_readonly_fields(self, request, obj=None):
        return ["agency"] if obj else []

    def save_model(self, request, obj, form, change):
        obj.version += 1 if change else 0
        super().save_model(request, obj, form, change)


class JalaliYear(admin.SimpleListFilter):
    """Holidays of one Jalali year."""

    title = _("Jalali year")
    parameter_name = "year"

    def lookups(self, request, model_admin):
        years = sorted({day.year for day in Holiday.objects.values_list("date", flat=True)}, reverse=True)
        return [(str(year), calendar.digits(year)) for year in years]

    def queryset(self, request, queryset):
        if not (self.value() or "").isdecimal():
            return queryset
        year = int(self.value())
        return queryset.filter(date__gte=jdatetime.date(year, 1, 1), date__lt=jdatetime.date(year + 1, 1, 1))


@admin.register(Holiday)
class HolidayAdmin(ForOfficers):
    list_display = ["day", "title_fa", "title_en"]
    list_filter = [JalaliYear]
    search_fields = ["title_fa", "title_en"]
    list_per_page = 60

    @admin.display(description=_("date"), ordering="date")
    def day(self, holiday):
        return calendar.long_date(holiday.date, weekday=True)

    def has_delete_permission(self, request, obj=None):
        # A day announced by mistake, or moved with the moon.
        return self.has_change_permission(request, obj)
