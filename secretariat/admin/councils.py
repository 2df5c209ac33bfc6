"""Councils in the admin: seats with terms, meetings with agenda and attendance, resolutions with votes and their decision.

Administrators and the head of the secretariat set councils up; officers read; the secretary of a council keeps the papers
of that council only. Votes and decisions go through `secretariat.services.councils`, as from the portal's own pages.
"""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, InternalError, transaction
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from secretariat import calendar, rules
from secretariat.admin.access import jalali
from secretariat.admin.trail import Trail
from secretariat.errors import RuleBroken
from secretariat.fields import JalaliDateField, JalaliDateFormField, JalaliDateInput
from secretariat.forms.councils import AttendanceForm, MeetingForm, ResolutionForm, SeatFormSet, VoteForm
from secretariat.models import AgendaItem, Attendance, Council, Meeting, Resolution, Seat, Vote
from secretariat.services import councils
from secretariat.workflow import open_steps


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
    for model in (Council, Seat, Meeting, Attendance, Resolution, Vote):
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
    fields = ["user", "role", "starts_on", "ends_on", "end_reason"]
    autocomplete_fields = ["user"]
    formfield_overrides = {JalaliDateField: {"form_class": JalaliDateFormField, "widget": JalaliDateInput({"size": 11})}}
    extra = 0
    verbose_name_plural = _("Seats: who sits here, as what, from when until when. The last day belongs to the term.")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user").order_by("ends_on", "role", "user__sort_key")

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        if user := formset.form.base_fields.get("user"):
            # People are entered on their own page; here they are only chosen.
            user.widget.can_add_related = user.widget.can_change_related = user.widget.can_view_related = False
        if reason := formset.form.base_fields.get("end_reason"):
            reason.widget.attrs.update({"size": 16, "class": ""})
        return formset

    def may_write(self, request, obj):
        # The vote of a council is not in the hands of its own secretary.
        return rules.is_secretary(request.user)

    def has_delete_permission(self, request, obj=None):
        # A term ends by its last day; it does not vanish.
        return False


@admin.register(Council)
class CouncilAdmin(Papers):
    council_path = "pk"
    list_display = ["name", "kind", "seat_count", "quorum", "grants_marks", "is_active"]
    list_filter = ["kind", "is_active", "grants_marks", TermFilter]
    search_fields = ["name_fa", "name_en"]
    inlines = [SeatInline]
    fieldsets = [
        (None, {"fields": ["kind", "name_fa", "name_en", "parent", "is_active"]}),
        (
            _("How it decides"),
            {
                "fields": ["quorum_percent", "grants_marks"],
                "description": _(
                    "A resolution needs this quorum, and more votes for it than against it. Recusals and abstentions are not votes."
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

    @admin.display(description=_("name"), ordering="sort_key")
    def name(self, council):
        return council.name

    @admin.display(description=_("seats in force"))
    def seat_count(self, council):
        return calendar.digits(council.seats.current().count())

    @admin.display(description=_("quorum"), ordering="quorum_percent")
    def quorum(self, council):
        return calendar.digits(f"{council.quorum_percent.normalize():f}")


# --- meetings ------------------------------------------------------------------------------------


class AgendaInline(Beside, admin.TabularInline):
    model = AgendaItem
    fields = ["position", "title", "note"]
    extra = 0

    def has_add_permission(self, request, obj=None):
        return obj is None or self.may_write(request, obj)


class AttendanceInline(Beside, admin.TabularInline):
    model = Attendance
    form = AttendanceForm
    fields = ["seat", "present"]
    extra = 0
    verbose_name_plural = _("Attendance: only seats in force on the day of the meeting; who is not listed was absent.")

    def get_queryset(self, request):
        return (
            super().get_queryset(request).select_related("seat__user", "meeting").order_by("seat__role", "seat__user__sort_key")
        )

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        return type(formset.__name__, (formset,), {"get_form_kwargs": lambda self, index: {"meeting": obj}})


@admin.register(Meeting)
class MeetingAdmin(Papers):
    form = MeetingForm
    list_display = ["title", "council", "when", "place", "status", "present_count"]
    list_filter = ["status", "council__kind", ("council", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["council__name_fa", "council__name_en", "place"]
    ordering = ["-starts_at"]
    inlines = [AgendaInline, AttendanceInline]
    actions = ["list_seats"]
    change_form_template = "admin/secretariat/meeting/change_form.html"
    fields = ["council", "number", "starts_at", "place", "status", "minutes"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("council")

    def get_inline_instances(self, request, obj=None):
        # Who attends hangs on council and day: first the meeting, then the list.
        found = super().get_inline_instances(request, obj)
        return [one for one in found if obj is not None or not isinstance(one, AttendanceInline)]

    def get_readonly_fields(self, request, obj=None):
        return ["council"] if obj is not None else []

    def response_change(self, request, obj):
        if "_list_seats" in request.POST:
            self._tell(request, councils.fill_attendance(obj.pk, by=request.user))
            return HttpResponseRedirect(request.path)
        return super().response_change(request, obj)

    @admin.action(description=_("List all seats in force as present"), permissions=["change"])
    def list_seats(self, request, meetings):
        try:
            self._tell(request, sum(councils.fill_attendance(meeting.pk, by=request.user) for meeting in meetings))
        except RuleBroken as refused:
            messages.error(request, str(refused))

    def _tell(self, request, count):
        words = ngettext("%(n)s seat was added to the attendance list.", "%(n)s seats were added to the attendance list.", count)
        messages.success(request, words % {"n": calendar.digits(count)})

    @admin.display(description=_("meeting"), ordering="number")
    def title(self, meeting):
        return gettext("meeting %(number)s") % {"number": calendar.digits(meeting.number)}

    @admin.display(description=_("time"), ordering="starts_at")
    def when(self, meeting):
        return jalali(meeting.starts_at)

    @admin.display(description=_("present"))
    def present_count(self, meeting):
        return calendar.digits(meeting.attendances.filter(present=True).count())


# --- resolutions ---------------------------------------------------------------------------------


class VoteInline(Beside, admin.TabularInline):
    model = Vote
    form = VoteForm
    fields = ["seat", "choice"]
    extra = 0
    verbose_name_plural = _("Votes: of those present with a vote. Whoever is tied to what is decided is recorded as recused.")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("seat__user").order_by("seat__role", "seat__user__sort_key")

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        return type(formset.__name__, (formset,), {"get_form_kwargs": lambda self, index: {"resolution": obj}})

    def may_write(self, request, obj):
        return super().may_write(request, obj) and obj.status == rules.ResolutionStatus.DRAFT


@admin.register(Resolution)
class ResolutionAdmin(Papers):
    form = ResolutionForm
    list_display = ["title", "council", "kind", "shown_number", "status", "adopted"]
    list_filter = ["status", "kind", "year", "council__kind", ("council", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["title", "text", "council__name_fa", "council__name_en"]
    inlines = [VoteInline]
    actions = ["adopt_chosen", "reject_chosen"]
    change_form_template = "admin/secretariat/resolution/change_form.html"
    view_on_site = False  # its own page is this one
    fields = ["council", "meeting", "kind", "title", "text", "status", "shown_number", "standing"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("council", "meeting")

    def has_change_permission(self, request, obj=None):
        undecided = obj is None or obj.status == rules.ResolutionStatus.DRAFT
        return undecided and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request, obj=None):
        return ["status", "shown_number", "standing", *(["council", "meeting"] if obj is not None else [])]

    def get_inline_instances(self, request, obj=None):
        return super().get_inline_instances(request, obj) if obj is not None else []

    def get_urls(self):
        decide = path(
            "<int:pk>/<slug:action>/decide/", self.admin_site.admin_view(self.decide_view), name="secretariat_resolution_decide"
        )
        return [decide, *super().get_urls()]

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "meeting":
            meetings = Meeting.objects.select_related("council").order_by("-starts_at")
            served = rules.served_councils(request.user)
            kwargs["queryset"] = meetings if served is None else meetings.filter(council__in=served)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_formset(self, request, form, formset, change):
        """Votes go the same way as from the portal's page: who was present, who may, and nothing after the decision."""
        if formset.model is not Vote:
            return super().save_formset(request, form, formset, change)
        formset.save(commit=False)
        for vote in formset.deleted_objects:
            councils.take_back(vote.resolution_id, vote.seat_id, by=request.user)
        for vote, fields in formset.changed_objects:
            if "seat" in fields:
                councils.take_back(vote.resolution_id, Vote.objects.get(pk=vote.pk).seat_id, by=request.user)
        for vote in [*formset.new_objects, *(vote for vote, _fields in formset.changed_objects)]:
            councils.cast(form.instance.pk, vote.seat_id, vote.choice, by=request.user)
        return None

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["steps"] = open_steps(obj, request.user) if obj is not None else {}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_change(self, request, obj):
        for action in obj.MOVES:
            if f"_decide_{action}" in request.POST:
                return HttpResponseRedirect(reverse("admin:secretariat_resolution_decide", args=[obj.pk, action]))
        return super().response_change(request, obj)

    # -- deciding, always after a page that asks once more

    def decide_view(self, request, pk, action):
        resolution = self.get_object(request, str(pk))
        if resolution is None or action not in resolution.MOVES:
            raise Http404
        return self._confirm(request, [resolution], action)

    @admin.action(description=_("Adopt…"), permissions=["change"])
    def adopt_chosen(self, request, chosen):
        return self._confirm(request, chosen, "adopt")

    @admin.action(description=_("Record as not adopted…"), permissions=["change"])
    def reject_chosen(self, request, chosen):
        return self._confirm(request, chosen, "reject")

    def _confirm(self, request, chosen, action):
        chosen = list(chosen)
        if not all(rules.serves_council(request.user, resolution.council_id) for resolution in chosen):
            raise PermissionDenied
        if request.POST.get("confirmed"):
            return self._decide(request, chosen, action)
        rows = [(resolution, councils.standing_in_words(resolution), self._obstacle(resolution, action)) for resolution in chosen]
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(str(Resolution.MOVES[action].label)),
            "opts": self.opts,
            "rows": rows,
            "action": action,
            "from_list": request.POST.get("action", ""),
            "blocked": any(obstacle for _one, _standing, obstacle in rows),
        }
        return TemplateResponse(request, "admin/secretariat/resolution/decide.html", context)

    def _obstacle(self, resolution, action):
        if resolution.status != rules.ResolutionStatus.DRAFT:
            return gettext("It is already decided.")
        return councils.why_not_adoptable(resolution) if action == "adopt" else None

    def _decide(self, request, chosen, action):
        for resolution in chosen:
            try:
                if action == "adopt":
                    decided = councils.adopt(resolution.pk, by=request.user)
                    told = gettext("“%(title)s” was adopted under number %(number)s.") % {
                        "title": resolution.title,
                        "number": calendar.digits(decided.reference),
                    }
                else:
                    councils.reject(resolution.pk, by=request.user, why=request.POST.get("why", ""))
                    told = gettext("It is on record that “%(title)s” was not adopted.") % {"title": resolution.title}
            except RuleBroken as refused:
                messages.error(request, f"“{resolution.title}”: {refused}")
            else:
                messages.success(request, told)
        if len(chosen) == 1:
            return HttpResponseRedirect(reverse("admin:secretariat_resolution_change", args=[chosen[0].pk]))
        return HttpResponseRedirect(reverse("admin:secretariat_resolution_changelist"))

    # -- what is read only

    @admin.display(description=_("number"), ordering="number")
    def shown_number(self, resolution):
        return format_html('<bdi dir="ltr">{}</bdi>', calendar.digits(resolution.reference)) if resolution.number else "–"

    @admin.display(description=_("adopted on"), ordering="adopted_at")
    def adopted(self, resolution):
        return jalali(resolution.adopted_at)

    @admin.display(description=_("Quorum and votes now"))
    def standing(self, resolution):
        if resolution.pk is None:
            return gettext("Save the resolution first; then the votes are recorded here.")
        sentences = list(councils.standing_in_words(resolution))
        if resolution.status == rules.ResolutionStatus.DRAFT and (obstacle := councils.why_not_adoptable(resolution)):
            sentences.append(obstacle)
        return format_html("<div>{}</div>", format_html_join("", "<p>{}</p>", ((sentence,) for sentence in sentences)))
