"""Councils in the admin: what they are, by which rules they vote, who sits in them; and whom the papers of councils obey.

Administrators and the head of the secretariat set councils up; officers read; the secretary of a council keeps the papers
of that council only. Whatever counts goes through the services, as from the portal's own pages.
"""

from datetime import timedelta

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, InternalError, transaction
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from secretariat import calendar, rules
from secretariat.admin.access import TYPED
from secretariat.admin.trail import Trail
from secretariat.errors import RuleBroken
from secretariat.fields import JalaliDateField, JalaliDateFormField, JalaliDateInput
from secretariat.forms.council_setup import CouncilForm, NewTermForm, RuleForm, RuleFormSet, SeatForm, SeatFormSet
from secretariat.models import Attendance, Council, DecisionRule, Meeting, Presence, Resolution, Seat, Vote
from secretariat.rules.voting import rule_in_words
from secretariat.selectors import council_setup
from secretariat.selectors.bodies import seats_to_go_on
from secretariat.selectors.meetings import general_rule
from secretariat.services import bodies, meetings
from secretariat.services.accounts import open_account

LINES = 9  # for as many seats a new council has lines at once; empty ones are no seats


class RefusalsShown:
    """What the database refuses after all (two people at one moment) stands above the form, with all that was typed."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except RuleBroken as refused:
            words = str(refused)
        except (IntegrityError, InternalError) as refused:
            words = _words_of(refused)
        request.refused = gettext("Nothing was saved: %(reason)s") % {"reason": words}
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        refused = getattr(request, "refused", "")
        return type(form.__name__, (_Refused, form), {"refused": refused}) if refused else form


class _Refused:
    """A form of which the database has already said no."""

    def clean(self):
        found = super().clean()
        self.add_error(None, self.refused)
        return found


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
    formfield_overrides = TYPED

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


class SeatInline(Beside, admin.StackedInline):
    model = Seat
    form = SeatForm
    formset = SeatFormSet
    template = "admin/secretariat/council/seats.html"
    fields = ["user", "role", "deputy", "starts_on", "ends_on", "end_reason"]
    autocomplete_fields = ["user", "deputy"]
    formfield_overrides = {JalaliDateField: {"form_class": JalaliDateFormField, "widget": JalaliDateInput({"size": 11})}}
    verbose_name_plural = _("Who sits here")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user", "deputy").order_by(
            Seat.in_order(), "-ends_on", "user__sort_key", "pk"
        )

    def get_extra(self, request, obj=None, **kwargs):
        return LINES if obj is None else 0

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        for name in ("user", "deputy"):
            if user := formset.form.base_fields.get(name):
                # Whoever has no account yet is named in the line itself.
                user.widget.can_add_related = user.widget.can_change_related = user.widget.can_view_related = False
        return formset

    def may_write(self, request, obj):
        # The vote of a council is not in the hands of its own secretary.
        return rules.is_secretary(request.user)

    def has_delete_permission(self, request, obj=None):
        # A term ends by its last day; it does not vanish.
        return False


class RuleInline(Beside, admin.StackedInline):
    model = DecisionRule
    form = RuleForm
    formset = RuleFormSet
    template = "admin/secretariat/council/rules.html"
    fields = ["decision", "quorum", "majority", "of", "is_secret", "casting"]
    verbose_name_plural = _("How it decides")

    def get_extra(self, request, obj=None, **kwargs):
        return len(rules.STARTING_RULES) if obj is None else 0

    def get_fields(self, request, obj=None):
        # Who only reads is told in a sentence.
        return self.fields if self.may_write(request, obj) else ["decision"]

    def may_write(self, request, obj):
        return rules.is_secretary(request.user)


@admin.register(Council)
class CouncilAdmin(Papers):
    council_path = "pk"
    list_display = ["name", "kind", "seat_count", "quorum", "grants_marks", "is_active"]
    list_filter = ["kind", "is_active", "grants_marks", TermFilter]
    search_fields = ["name_fa", "name_en"]
    inlines = [SeatInline, RuleInline]
    form = CouncilForm
    change_form_template = "admin/secretariat/council/change_form.html"
    fieldsets = [
        (None, {"fields": ["kind", "name_fa", "name_en", "parent", "grants_marks", "minutes_by_chair"]}),
        (_("Mandate"), {"fields": ["mandate_fa", "mandate_en"], "classes": ["collapse"]}),
    ]

    def council_of(self, obj):
        return obj.pk

    def has_add_permission(self, request):
        return rules.is_secretary(request.user)

    def has_change_permission(self, request, obj=None):
        return rules.is_secretary(request.user)

    def get_fieldsets(self, request, obj=None):
        first, mandate = self.fieldsets
        return self.fieldsets if obj is None else [(None, {"fields": [*first[1]["fields"], "is_active"]}), mandate]

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "parent":
            return forms.ModelChoiceField(
                Council.objects.filter(is_active=True), label=db_field.verbose_name, required=False, empty_label=gettext("no other")
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "parent" and field is not None:
            field.widget = getattr(field.widget, "widget", field.widget)  # chosen here, looked after on its own page
        return field

    def get_formset_kwargs(self, request, obj, inline, prefix):
        """What the lines of a new council begin with, and what they take from the form above them."""
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        new = obj is None or obj.pk is None
        if isinstance(inline, SeatInline):
            kwargs["form_kwargs"] = {"term": tuple(self._day(request, name) for name in ("term_from", "term_until"))}
            kwargs |= {"initial": [{"role": "chair"}, {"role": "secretary"}]} if new else {}
        else:
            kwargs["form_kwargs"] = {"grants_marks": not new or bool(request.POST.get("grants_marks"))}
            kwargs |= {"initial": [{"decision": kind, "rule": rule} for kind, rule in rules.STARTING_RULES.items()]} if new else {}
        return kwargs

    def _day(self, request, name):
        """A day of the common term; nothing where it is wrong, which its own field says."""
        try:
            return self.form.base_fields[name].clean(request.POST.get(name))
        except ValidationError:
            return None

    def save_formset(self, request, form, formset, change):
        if formset.model is Seat:
            for line in formset.forms:
                if line.has_changed() and (newcomer := line.newcomer):
                    line.instance.user = open_account(**newcomer)
        super().save_formset(request, form, formset, change)
        if formset.model is Seat:
            for seat in formset.new_objects:
                bodies.tell_seated(seat)
            meetings.follow_seats([form.instance.pk])

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        bodies.keep_general_rule(form.instance.pk, by=request.user)

    # -- one obvious next step: the council's own page says what is still to do

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        if obj is not None:
            lines = council_setup.todo(obj, request.user)
            context |= {"todo": lines, "is_todo": not all(line.done for line in lines)}
            context["may_plan"] = obj.is_active and rules.serves_council(request.user, obj.pk)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_post_save_add(self, request, obj):
        return HttpResponseRedirect(reverse("admin:secretariat_council_change", args=[obj.pk]))

    response_post_save_change = response_post_save_add

    def get_urls(self):
        gate = self.admin_site.admin_view
        return [path("<int:pk>/term/", gate(self.term_view), name="secretariat_council_term"), *super().get_urls()]

    def term_view(self, request, pk):
        """A new term for all seats at once, or the seats of another council taken over."""
        council = self.get_object(request, str(pk))
        if council is None or not rules.is_secretary(request.user):
            raise Http404
        others = Council.objects.filter(seats__isnull=False).distinct()
        asked = request.GET.get("of", "")
        source = others.filter(pk=asked).first() if asked.isdecimal() else None
        seats = seats_to_go_on(source or council)
        ends = {seat.ends_on for seat in seats}
        after = max(ends) + timedelta(days=1) if seats and None not in ends else timezone.localdate()
        form = NewTermForm(request.POST or None, seats=seats, initial={"starts_on": timezone.localdate() if source else after})
        if request.method == "POST" and form.is_valid():
            found = form.cleaned_data
            try:
                made = bodies.begin_term(pk, list(found["seats"]), found["starts_on"], found["ends_on"], by=request.user)
            except RuleBroken as refused:
                refused.show_in(form)
            else:
                words = ngettext("%(n)s seat was given for the new term.", "%(n)s seats were given for the new term.", len(made))
                messages.success(request, words % {"n": calendar.digits(len(made))})
                return HttpResponseRedirect(reverse("admin:secretariat_council_change", args=[pk]) + "#seats-group")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("New term of the seats"),
            "opts": self.opts,
            "council": council,
            "source": source or council,
            "others": others.exclude(pk=council.pk),
            "form": form,
            "media": self.media,
        }
        return TemplateResponse(request, "admin/secretariat/council/term.html", context, status=422 if form.errors else 200)

    @admin.display(description=_("name"), ordering="sort_key")
    def name(self, council):
        return council.name

    @admin.display(description=_("seats in force"))
    def seat_count(self, council):
        return calendar.digits(council.seats.current().count())

    @admin.display(description=_("how it decides"))
    def quorum(self, council):
        return rule_in_words(general_rule(council.pk))
