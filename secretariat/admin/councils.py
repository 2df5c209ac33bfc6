"""Councils in the admin: what they are, by which rules they vote, who sits in them; and whom the papers of councils obey.

Administrators and the head of the secretariat set councils up; officers read; the secretary of a council keeps the papers
of that council only. Whatever counts goes through the services, as from the portal's own pages.
"""

from django.contrib import admin, messages
from django.db import IntegrityError, InternalError, transaction
from django.http import HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from secretariat import calendar, rules
from secretariat.admin.trail import Trail
from secretariat.errors import RuleBroken
from secretariat.fields import JalaliDateField, JalaliDateFormField, JalaliDateInput
from secretariat.forms.councils import SeatFormSet
from secretariat.models import Attendance, Council, DecisionRule, Meeting, Presence, Resolution, Seat, Vote
from secretariat.rules.voting import rule_in_words
from secretariat.selectors.meetings import general_rule
from secretariat.services import bodies


class RefusalsShown:
    """What the database refuses after all (two people at one moment) comes back as a sentence, never as an error page."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except RuleBroken as refused:
            words = str(refused)
        except (IntegrityError, InternalError) as refused:
            words = _words_of(refused)
        messages.error(request, gettext("Nothing was saved: %(reason)s") % {"reason": words})
        return HttpResponseRedirect(request.get_full_path())


def _words_of(refused):
    """The sentence that belongs to the constraint which refused."""
    name = getattr(getattr(refused.__cause__, "diag", None), "constraint_name", None)
    for model in (Council, DecisionRule, Seat, Meeting, Attendance, Presence, Resolution, Vote):
        for constraint in model._meta.constraints:
            if name and constraint.name == name and constraint.violation_error_message:
                return constraint.violation_error_message
    return gettext(
        "the entries contradict a rule of the council, or somebody else has just changed them. Look at the page again."
    )


class Papers(RefusalsShown, Trail, admin.ModelAdmin):
    """Read by officers and by who keeps the papers of the council; written by the latter. `council_path` leads to the council."""

    council_path = "council"
    list_per_page = 50

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        if rules.is_officer(request.user):
            return queryset
        return queryset.filter(**{f"{self.council_path}__in": rules.served_councils(request.user)})

    def _keeps(self, request, obj=None):
        if obj is None:
            served = rules.served_councils(request.user)
            return served is None or bool(served)
        return rules.serves_council(request.user, self.council_of(obj))

    def council_of(self, obj):
        return obj.council_id

    def has_module_permission(self, request):
        return rules.is_officer(request.user) or self._keeps(request)

    def has_view_permission(self, request, obj=None):
        return rules.is_officer(request.user) or self._keeps(request, obj)

    def has_add_permission(self, request):
        return self._keeps(request)

    def has_change_permission(self, request, obj=None):
        return self._keeps(request, obj)

    def has_delete_permission(self, request, obj=None):
        return False

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "council":
            kwargs["queryset"] = Council.objects.served_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class Beside:
    """An inline that follows the permissions of the page it stands on."""

    def has_view_permission(self, request, obj=None):
        return True

    def has_add_permission(self, request, obj=None):
        return self.may_write(request, obj)

    def has_change_permission(self, request, obj=None):
        return self.may_write(request, obj)

    def has_delete_permission(self, request, obj=None):
        return self.may_write(request, obj)

    def may_write(self, request, obj):
        return obj is not None and rules.serves_council(request.user, obj.council_id)


# --- councils and seats --------------------------------------------------------------------------


class TermFilter(admin.SimpleListFilter):
    """Councils by whether somebody sits in them now."""

    title = _("seats")
    parameter_name = "seats"

    def lookups(self, request, model_admin):
        return [("current", _("with seats in force")), ("none", _("without seats in force"))]

    def queryset(self, request, queryset):
        held = Seat.objects.current().values("council")
        if self.value() == "current":
            return queryset.filter(pk__in=held)
        return queryset.exclude(pk__in=held) if self.value() == "none" else queryset


class SeatInline(Beside, admin.TabularInline):
    model = Seat
    formset = SeatFormSet
    fields = ["user", "role", "deputy", "starts_on", "ends_on", "end_reason"]
    autocomplete_fields = ["user", "deputy"]
    formfield_overrides = {JalaliDateField: {"form_class": JalaliDateFormField, "widget": JalaliDateInput({"size": 11})}}
    extra = 0
    verbose_name_plural = _("Seats: who sits here, as what, from when until when. The last day belongs to the term.")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user", "deputy").order_by("ends_on", "role", "user__sort_key")

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        for name in ("user", "deputy"):
            if user := formset.form.base_fields.get(name):
                # People are entered on their own page; here they are only chosen.
                user.widget.can_add_related = user.widget.can_change_related = user.widget.can_view_related = False
        if first := formset.form.base_fields.get("starts_on"):
            # Nine seats are entered in a row, nearly always from one day on; an untouched line stays no seat.
            first.initial = timezone.localdate
        if reason := formset.form.base_fields.get("end_reason"):
            reason.widget.attrs.update({"size": 16, "class": ""})
        return formset

    def may_write(self, request, obj):
        # The vote of a council is not in the hands of its own secretary.
        return rules.is_secretary(request.user)

    def has_delete_permission(self, request, obj=None):
        # A term ends by its last day; it does not vanish.
        return False


class RuleInline(Beside, admin.TabularInline):
    model = DecisionRule
    fields = ["decision", "quorum_over", "quorum_under", "share_over", "share_under", "is_strict", "of", "is_secret", "casting"]
    extra = 0
    verbose_name_plural = _(
        "Rules of voting: a kind of decision without a line of its own follows “any other matter”. Two thirds are 2 out of 3."
    )

    def may_write(self, request, obj):
        return rules.is_secretary(request.user)


@admin.register(Council)
class CouncilAdmin(Papers):
    council_path = "pk"
    list_display = ["name", "kind", "seat_count", "quorum", "grants_marks", "is_active"]
    list_filter = ["kind", "is_active", "grants_marks", TermFilter]
    search_fields = ["name_fa", "name_en"]
    inlines = [RuleInline, SeatInline]
    fieldsets = [
        (None, {"fields": ["kind", "name_fa", "name_en", "parent", "is_active"]}),
        (
            _("How it decides"),
            {
                "fields": ["grants_marks", "minutes_by_chair"],
                "description": _(
                    "Where nothing else is said below, two thirds of the seats must be there, and more votes be for it than against it."
                ),
            },
        ),
        (_("Mandate"), {"fields": ["mandate_fa", "mandate_en"]}),
    ]

    def council_of(self, obj):
        return obj.pk

    def has_add_permission(self, request):
        return rules.is_secretary(request.user)

    def has_change_permission(self, request, obj=None):
        return rules.is_secretary(request.user)

    def get_inline_instances(self, request, obj=None):
        # The general rule comes with the council; others are added to it.
        found = super().get_inline_instances(request, obj)
        return [one for one in found if obj is not None or not isinstance(one, RuleInline)]

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        bodies.keep_general_rule(form.instance.pk, by=request.user)

    @admin.display(description=_("name"), ordering="sort_key")
    def name(self, council):
        return council.name

    @admin.display(description=_("seats in force"))
    def seat_count(self, council):
        return calendar.digits(council.seats.current().count())

    @admin.display(description=_("how it decides"))
    def quorum(self, council):
        return rule_in_words(general_rule(council.pk))
