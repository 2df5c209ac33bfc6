"""Meetings in the admin: when and where, agenda, who was there; each step after a page that asks once more."""

from django.contrib import admin, messages
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from secretariat import calendar, rules
from secretariat.admin.access import TYPED, jalali
from secretariat.admin.councils import Beside, Papers
from secretariat.errors import RuleBroken
from secretariat.forms.councils import AttendanceForm, MeetingForm
from secretariat.models import AgendaItem, Attendance, Meeting
from secretariat.services import meetings, minutes
from secretariat.workflow import open_steps


class AgendaInline(Beside, admin.TabularInline):
    model = AgendaItem
    fk_name = "meeting"
    fields = ["position", "kind", "title", "presenter", "minutes_planned", "note"]
    formfield_overrides = TYPED
    extra = 0

    def has_add_permission(self, request, obj=None):
        return obj is None or self.may_write(request, obj)


class AttendanceInline(Beside, admin.TabularInline):
    model = Attendance
    form = AttendanceForm
    readonly_fields = ["answer", "was_present"]
    extra = 0
    verbose_name_plural = _("Attendance: only seats in force on the day of the meeting; who is not listed was absent.")

    def get_fields(self, request, obj=None):
        # A box to tick is no field of the model: where nothing is ticked any more, the record says it.
        return ["seat", "answer", "present" if self.has_change_permission(request, obj) else "was_present"]

    @admin.display(description=_("present"), boolean=True)
    def was_present(self, line):
        return bool(line.presences.all())

    def has_delete_permission(self, request, obj=None):
        # Whoever was invited stays on the list.
        return False

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .select_related("seat__user", "meeting")
            .prefetch_related("presences")
            .order_by("seat__role", "seat__user__sort_key", "pk")
        )

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        return type(formset.__name__, (formset,), {"get_form_kwargs": lambda self, index: {"meeting": obj}})

    def may_write(self, request, obj):
        return super().may_write(request, obj) and obj.status in rules.LIVE_MEETINGS


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
    fields = ["council", "shown_number", "starts_at", "minutes_planned", "place", "status", "minutes"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("council")

    def get_inline_instances(self, request, obj=None):
        # Who attends hangs on council and day: first the meeting, then the list.
        found = super().get_inline_instances(request, obj)
        return [one for one in found if obj is not None or not isinstance(one, AttendanceInline)]

    def get_readonly_fields(self, request, obj=None):
        return ["status", "shown_number", *(["council"] if obj is not None else [])]

    def has_change_permission(self, request, obj=None):
        return (obj is None or obj.approved_at is None) and super().has_change_permission(request, obj)

    # -- saved by the services: those invited are told, and who was there is on record

    def save_model(self, request, obj, form, change):
        if not change:
            return super().save_model(request, obj, form, change)
        said = {name: form.cleaned_data[name] for name in ("starts_at", "place", "minutes_planned") if name in form.changed_data}
        if said:
            meetings.revise(obj.pk, by=request.user, **said)
        if "minutes" in form.changed_data:
            version = Meeting.objects.values_list("minutes_version", flat=True).get(pk=obj.pk)
            minutes.save_opening(obj.pk, form.cleaned_data["minutes"], by=request.user, version=version)
        return None

    def save_formset(self, request, form, formset, change):
        if formset.model is Attendance:
            presence = {
                one.cleaned_data["seat"].pk: one.cleaned_data["present"]
                for one in formset.forms
                if one.cleaned_data.get("seat") and "present" in one.changed_data
            }
            formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
            if presence:
                meetings.attend(form.instance.pk, presence, by=request.user)
            return
        if change:
            self._take_off(formset)
        super().save_formset(request, form, formset, change)
        if change and formset.has_changed():
            meetings.agenda_changed(form.instance.pk, by=request.user)

    def _take_off(self, formset):
        for one in formset.deleted_forms:
            meetings.check_free(one.instance)

    # -- steps, always after a page that asks once more

    def get_urls(self):
        gate = self.admin_site.admin_view
        step = path("<int:pk>/<slug:action>/step/", gate(self.step_view), name="secretariat_meeting_step")
        return [step, *super().get_urls()]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["steps"] = open_steps(obj, request.user) if obj is not None else {}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_change(self, request, obj):
        if "_list_seats" in request.POST:
            self._tell(request, meetings.attend_all(obj.pk, by=request.user))
            return HttpResponseRedirect(request.path)
        for action in obj.MOVES:
            if f"_step_{action}" in request.POST:
                return HttpResponseRedirect(reverse("admin:secretariat_meeting_step", args=[obj.pk, action]))
        return super().response_change(request, obj)

    def step_view(self, request, pk, action):
        meeting = self.get_object(request, str(pk))
        if meeting is None or action not in open_steps(meeting, request.user):
            raise Http404
        step, why, error = meeting.MOVES[action], request.POST.get("why", ""), ""
        if request.POST.get("confirmed"):
            try:
                self._take(meeting, action, why, request.user)
            except RuleBroken as refused:
                error = str(refused)
            else:
                messages.success(request, gettext("Done. The change is on record."))
                return HttpResponseRedirect(reverse("admin:secretariat_meeting_change", args=[pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(str(step.label)),
            "opts": self.opts,
            "meeting": meeting,
            "action": action,
            "step": step,
            "why": why,
            "error": error,
        }
        return TemplateResponse(request, "admin/secretariat/meeting/step.html", context, status=400 if error else 200)

    def _take(self, meeting, action, why, user):
        if action == "cancel":
            return meetings.cancel(meeting.pk, why, by=user)
        return {"call": meetings.call, "start": meetings.start, "end": meetings.end}[action](meeting.pk, by=user)

    @admin.action(description=_("List all seats in force as present"), permissions=["change"])
    def list_seats(self, request, chosen):
        try:
            self._tell(request, sum(meetings.attend_all(meeting.pk, by=request.user) for meeting in chosen))
        except RuleBroken as refused:
            messages.error(request, str(refused))

    def _tell(self, request, count):
        words = ngettext("%(n)s seat was recorded as present.", "%(n)s seats were recorded as present.", count)
        messages.success(request, words % {"n": calendar.digits(count)})

    @admin.display(description=_("meeting"), ordering="number")
    def title(self, meeting):
        if meeting.number is None:
            return gettext("not called yet")
        return gettext("meeting %(number)s") % {"number": calendar.digits(meeting.number)}

    @admin.display(description=_("number"))
    def shown_number(self, meeting):
        return (
            format_html('<bdi dir="ltr">{}</bdi>', calendar.digits(meeting.reference))
            if meeting.number
            else gettext("comes with the call")
        )

    @admin.display(description=_("time"), ordering="starts_at")
    def when(self, meeting):
        return jalali(meeting.starts_at)

    @admin.display(description=_("present"))
    def present_count(self, meeting):
        return calendar.digits(meeting.attendances.filter(presences__isnull=False).distinct().count())
