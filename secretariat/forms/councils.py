"""What the admin forms of meetings and resolutions ask for: a moment by the Jalali calendar, who was there, the words decided on."""

import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import calendar, rules
from secretariat.fields import ClockField, ClockInput, JalaliDateFormField, JalaliDateInput
from secretariat.models import Attendance, Ballot, Meeting, Resolution, Seat
from secretariat.selectors.meetings import seats_on_day


class MomentWidget(forms.MultiWidget):
    """A Jalali date and, beside it, a time of day."""

    def __init__(self, attrs=None):
        day = JalaliDateInput({"aria-label": gettext_lazy("Date"), "size": 12})
        clock = ClockInput({"aria-label": gettext_lazy("Time of day"), "size": 6})
        super().__init__([day, clock], attrs)

    def decompress(self, value):
        if not value:
            return [None, None]
        local = calendar.in_tehran(value)
        return [local.date(), local.time()]


class MomentFormField(forms.MultiValueField):
    """An instant, typed as a Jalali date and a time of day in Tehran."""

    widget = MomentWidget

    def __init__(self, **kwargs):
        super().__init__([JalaliDateFormField(), ClockField()], require_all_fields=True, **kwargs)

    def compress(self, parts):
        if not parts:
            return None
        day, clock = parts
        return datetime.datetime.combine(calendar.day_of(day), clock, calendar.TEHRAN)


class AttendanceForm(forms.ModelForm):
    """A seat on the list, and whether somebody filled it."""

    present = forms.BooleanField(label=gettext_lazy("present"), required=False)

    class Meta:
        model = Attendance
        fields = ["seat"]

    def __init__(self, *args, meeting=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["present"].initial = bool(self.instance.pk and self.instance.presences.exists())
        if "seat" in self.fields:
            seats = seats_on_day(meeting) if meeting else Seat.objects.none()
            self.fields["seat"].queryset = seats.select_related("user")

    def clean(self):
        found = super().clean()
        meeting = self.instance.meeting if self.instance.meeting_id else None
        if "present" in self.changed_data and meeting and meeting.status != rules.MeetingStatus.IN_SESSION:
            raise ValidationError(_("Open the session first; then attendance is recorded."))
        if self.instance.pk and "present" in self.changed_data and not found.get("present"):
            voted = Ballot.objects.filter(resolution__meeting=meeting).exclude(status="void")
            if voted.filter(votes__seat=self.instance.seat_id) | voted.filter(marks__seat=self.instance.seat_id):
                raise ValidationError(_("Who has voted at this meeting was present: take the vote back first."))
        return found


class ResolutionForm(forms.ModelForm):
    class Meta:
        model = Resolution
        fields = [
            "council",
            "meeting",
            "agenda_item",
            "kind",
            "decision",
            "title",
            "text",
            "in_force_from",
            "in_force_until",
            "supersedes",
        ]

    def clean(self):
        found = super().clean()
        council, meeting = found.get("council"), found.get("meeting")
        if council and meeting and meeting.council_id != council.pk:
            self.add_error(
                "meeting", _("This is a meeting of another council: choose one of the %(council)s.") % {"council": council}
            )
        item = found.get("agenda_item")
        if item and item.meeting_id != (meeting or self.instance.meeting).pk:
            self.add_error("agenda_item", _("This is an item of another meeting."))
        if council and found.get("kind") in (Resolution.Kind.GRANT_MARKS, Resolution.Kind.EXEMPLARS) and not council.grants_marks:
            self.add_error("kind", _("This council may not grant quality marks or name exemplars."))
        return found


class MeetingForm(forms.ModelForm):
    starts_at = MomentFormField(label=gettext_lazy("Time"), help_text=gettext_lazy("Jalali date and time of day in Tehran."))

    class Meta:
        model = Meeting
        fields = ["council", "starts_at", "minutes_planned", "place", "minutes"]

    def clean_starts_at(self):
        """A meeting with an attendance list stays on a day on which everybody listed held a seat."""
        moment = self.cleaned_data["starts_at"]
        if self.instance.pk and moment:
            day = calendar.day_of(moment)
            listed = Seat.objects.filter(attendances__meeting=self.instance, attendances__presences__isnull=False)
            if listed.exclude(pk__in=Seat.objects.on(day)).exists():
                raise ValidationError(_("Somebody on the attendance list held no seat on that day: correct the list first."))
        return moment
