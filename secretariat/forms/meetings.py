"""What is typed about a meeting: when and where, its agenda, one's answer, when somebody came and left, the minutes."""

import datetime

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import calendar
from secretariat.fields import CanonicalCharField, ClockField, JalaliDateFormField, WholeNumberFormField
from secretariat.models import AgendaItem, Attendance, Meeting
from secretariat.uploads import EXTENSIONS

MOST_ITEMS = 40


class MeetingForm(forms.Form):
    """Day, time, length and place."""

    day = JalaliDateFormField(label=gettext_lazy("Day"))
    clock = ClockField(label=gettext_lazy("Time of day"), help_text=gettext_lazy("In Tehran, like 14:30."))
    minutes_planned = WholeNumberFormField(
        label=gettext_lazy("Planned length (minutes)"), min_value=5, max_value=1440, initial=120
    )
    place = CanonicalCharField(
        label=gettext_lazy("Place"),
        max_length=200,
        required=False,
        widget=forms.TextInput({"dir": "auto"}),
        help_text=gettext_lazy("A room, or the address of an on-line meeting."),
    )

    @classmethod
    def of(cls, meeting, posted=None):
        local = calendar.in_tehran(meeting.starts_at)
        return cls(
            posted,
            initial={
                "day": local.date(),
                "clock": local.time(),
                "minutes_planned": meeting.minutes_planned,
                "place": meeting.place,
            },
        )

    @property
    def told(self):
        """What the services ask for."""
        day, clock = self.cleaned_data["day"], self.cleaned_data["clock"]
        return {
            "starts_at": datetime.datetime.combine(calendar.day_of(day), clock, calendar.TEHRAN),
            "minutes_planned": self.cleaned_data["minutes_planned"],
            "place": self.cleaned_data["place"],
        }


class ItemForm(forms.Form):
    """One point of the agenda; an empty one is none."""

    pk = forms.IntegerField(required=False, widget=forms.HiddenInput)
    place = WholeNumberFormField(label=gettext_lazy("Order"), required=False, min_value=1, max_value=MOST_ITEMS * 2)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=AgendaItem.Kind.choices, initial=AgendaItem.Kind.DISCUSSION)
    title = CanonicalCharField(
        label=gettext_lazy("Title"), max_length=300, required=False, widget=forms.TextInput({"dir": "auto"})
    )
    presenter = CanonicalCharField(
        label=gettext_lazy("Presented by"), max_length=200, required=False, widget=forms.TextInput({"dir": "auto"})
    )
    minutes_planned = WholeNumberFormField(label=gettext_lazy("Time box (minutes)"), required=False, min_value=1, max_value=600)
    minutes_of = forms.ModelChoiceField(
        label=gettext_lazy("Minutes of"), queryset=Meeting.objects.none(), required=False, empty_label="–"
    )
    note = CanonicalCharField(
        label=gettext_lazy("Note"), max_length=2000, required=False, widget=forms.Textarea({"rows": 2, "dir": "auto"})
    )
    off = forms.BooleanField(label=gettext_lazy("Take off the agenda"), required=False)
    why_off = CanonicalCharField(
        label=gettext_lazy("Why it is taken off"),
        max_length=300,
        required=False,
        widget=forms.TextInput({"dir": "auto"}),
        help_text=gettext_lazy("The portal has put this review here because it is due; without a reason it stays."),
    )

    def __init__(self, *args, earlier=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["minutes_of"].queryset = earlier

    @property
    def is_review(self):
        """Whether it is a yearly review that came by itself."""
        return bool(self.initial.get("is_review"))

    @property
    def is_empty(self):
        found = self.cleaned_data
        return not any(found.get(name) for name in ("pk", "title", "presenter", "note", "minutes_planned"))

    def clean(self):
        found = super().clean()
        if found.get("off") and self.is_review and not found.get("why_off"):
            self.add_error("why_off", _("Write the reason."))
        if found.get("off") or self.is_empty:
            return found
        if not found.get("title") and not self.has_error("title"):
            self.add_error("title", _("Write what is to be talked about."))
        if found.get("minutes_of") and found.get("kind") != AgendaItem.Kind.MINUTES:
            self.add_error(
                "minutes_of", _("Only the approval of minutes names a meeting: choose that kind, or leave this empty.")
            )
        return found


class _Agenda(BaseFormSet):
    @property
    def reasons(self):
        """{item pk: why it is taken off}."""
        taken = [form.cleaned_data for form in self.forms if form.cleaned_data.get("off")]
        return {found["pk"]: found["why_off"] for found in taken if found["pk"]}

    @property
    def items(self):
        """The agenda as the service takes it, in the order that the numbers say."""
        kept = [form for form in self.forms if not form.is_empty and not form.cleaned_data.get("off")]
        kept.sort(key=lambda form: form.cleaned_data["place"] or MOST_ITEMS * 2)
        return [
            {
                "pk": found["pk"],
                "kind": found["kind"],
                "title": found["title"],
                "presenter": found["presenter"],
                "minutes_planned": found["minutes_planned"],
                "minutes_of_id": found["minutes_of"].pk if found["minutes_of"] else None,
                "note": found["note"],
            }
            for form in kept
            for found in [form.cleaned_data]
        ]


ItemFormSet = formset_factory(ItemForm, formset=_Agenda, extra=0, min_num=0, max_num=MOST_ITEMS, absolute_max=MOST_ITEMS + 5)


class AnswerForm(forms.Form):
    """Whether one comes."""

    answer = forms.ChoiceField(
        label=gettext_lazy("Are you coming?"),
        choices=[
            (Attendance.Answer.COMING, gettext_lazy("I am coming")),
            (Attendance.Answer.EXCUSED, gettext_lazy("I cannot come")),
        ],
        widget=forms.RadioSelect,
    )
    why = CanonicalCharField(
        label=gettext_lazy("Reason, if you cannot come"), max_length=300, required=False, widget=forms.TextInput({"dir": "auto"})
    )


class StayForm(forms.Form):
    """From when until when somebody was there, as times of the day of the meeting."""

    arrived = ClockField(label=gettext_lazy("Arrived at"))
    left = ClockField(label=gettext_lazy("Left at"), required=False, help_text=gettext_lazy("Empty: still there."))


class PaperForm(forms.Form):
    """One paper for an agenda item."""

    file = forms.FileField(label=gettext_lazy("Add a paper"), widget=forms.FileInput({"accept": ",".join(EXTENSIONS)}))


class SessionMomentForm(forms.Form):
    """When a session began or ended: now, or at an earlier time of day where it is entered afterwards."""

    at = ClockField(label=gettext_lazy("Time of day"), required=False)

    def __init__(self, *args, meeting, **kwargs):
        super().__init__(*args, **kwargs)
        self.began = meeting.started_at
        # Papers entered afterwards tell of the day for which it was called; a session that is opened early is of today.
        self.day = calendar.in_tehran(self.began).date() if self.began else min(meeting.day, timezone.localdate())
        self.fields["at"].help_text = _("Leave it empty for now. If it was earlier: a time of %(day)s, like %(clock)s.") % {
            "day": calendar.long_date(self.day, weekday=True),
            "clock": calendar.digits("10:30"),
        }

    @property
    def moment(self):
        """The instant; None for now."""
        clock = self.cleaned_data["at"]
        if clock is None:
            return None
        found = datetime.datetime.combine(self.day, clock, calendar.TEHRAN)
        # A session that goes past midnight.
        return found + datetime.timedelta(days=1) if self.began and found < self.began - datetime.timedelta(hours=6) else found


class ReasonForm(forms.Form):
    """Why; only asked where the step needs it."""

    why = CanonicalCharField(
        label=gettext_lazy("Reason"), max_length=1000, widget=forms.Textarea({"rows": 3, "dir": "auto"}), required=True
    )


class MinutesForm(forms.Form):
    """One part of the minutes, and the version it was read in."""

    part = forms.CharField(max_length=30, widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput)
    text = CanonicalCharField(
        label=gettext_lazy("Minutes"), max_length=50_000, required=False, widget=forms.Textarea({"rows": 5, "dir": "auto"})
    )
