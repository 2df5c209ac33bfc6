"""What officers type about the dates of a round and its reminders."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from assessments import rules
from secretariat.calendar import digits, last_moment, morning, reads_persian, today
from secretariat.fields import CanonicalCharField, JalaliDateFormField, WholeNumberFormField


class EndOfDayField(JalaliDateFormField):
    """A day, given as its last moment in Tehran: whoever works on the last day is not late."""

    def clean(self, value):
        day = super().clean(value)
        return day and last_moment(day)


class MorningField(JalaliDateFormField):
    """A day, given as the hour at which its work begins in Tehran."""

    def clean(self, value):
        day = super().clean(value)
        return day and morning(day)


class WorkingDaysField(CanonicalCharField):
    """Several numbers of working days, in any digits, parted by commas or spaces; empty for none."""

    def __init__(self, *, most=6, **options):
        self.most = most
        widget = forms.TextInput({"autocomplete": "off"})
        super().__init__(max_length=100, widget=widget, required=False, **options)

    def clean(self, value):
        """Give a list of whole numbers, each once."""
        number = WholeNumberFormField(min_value=1, max_value=rules.FARTHEST_REMINDER)
        parts = [part for part in re.split(r"[\s،؛;,]+", super().clean(value)) if part]
        found = list(dict.fromkeys(number.clean(part) for part in parts))
        if len(found) > self.most:
            raise forms.ValidationError(_("Write at most %(most)s numbers.") % {"most": digits(self.most)})
        return found

    def prepare_value(self, value):
        """Write numbers as their reader reads them; give typed text back as it was typed."""
        if not isinstance(value, list):
            return value
        return ("، " if reads_persian() else ", ").join(digits(days) for days in value)


class FewDaysField(WholeNumberFormField):
    """How many working days something lasts; left empty it is none."""

    def __init__(self, **options):
        super().__init__(min_value=0, required=False, **options)

    def clean(self, value):
        return super().clean(value) or 0


class TimetableForm(forms.Form):
    """What a round does by itself and when; empty dates are left to an officer's hand."""

    opens_at = MorningField(
        label=_("Opens by itself on"),
        required=False,
        min_value=today,
        help_text=_("In the morning of that day. Left empty: an officer opens it."),
    )
    closes_itself = forms.BooleanField(label=_("Closes by itself after the deadline"), required=False)
    publish_at = MorningField(
        label=_("Is published by itself on"),
        required=False,
        min_value=today,
        help_text=_(
            "In the morning of that day, or as soon as the scores are confirmed after it. Left empty: an officer publishes it."
        ),
    )
    needs_second = forms.BooleanField(label=_("Two officers: who fixed the scores does not confirm them"), required=False)
    appeal_days = FewDaysField(
        label=_("Working days to appeal"),
        max_value=rules.LONGEST_APPEAL,
        initial=0,
        help_text=_("Counted from the publication. 0: no appeals."),
    )
    answer_days = FewDaysField(
        label=_("Working days to accept or decline"),
        max_value=rules.LONGEST_ANSWER,
        initial=5,
        help_text=_(
            "A request that is not answered by then lapses and somebody else can be asked. 0: it waits until the deadline."
        ),
    )
    remind_offers = WorkingDaysField(
        label=_("Reminders of requests not answered"),
        initial=rules.remind_offers,
        help_text=_("So many working days after asking, for example: 2, 4. Left empty: none."),
    )
    remind_before = WorkingDaysField(
        label=_("Reminders before the deadline"),
        initial=rules.remind_before,
        help_text=_("So many working days before it, for example: 7, 3, 1. Left empty: none."),
    )
    remind_after = WorkingDaysField(
        label=_("Reminders after the deadline"),
        initial=rules.remind_after,
        help_text=_("So many working days after it, to those who still owe an assessment. Left empty: none."),
    )
    escalate_after = WorkingDaysField(
        label=_("Late assessments are told"),
        most=2,
        initial=rules.escalate_after,
        help_text=_("After so many working days first to the officers, then to the head of the secretariat, for example: 2, 5."),
    )


def _reason(label, **options):
    widget = forms.Textarea({"dir": "auto", "rows": 3})
    return CanonicalCharField(label=label, widget=widget, max_length=1000, **options)


class MoreTimeForm(forms.Form):
    """Until when more time is asked for or given, and why."""

    until = EndOfDayField(label=_("Until"), min_value=today, help_text=_("Until the end of this day."))
    why = _reason(_("Reason"))


class AnswerTimeForm(forms.Form):
    """An officer's answer to a request for more time: grant it until some day, or refuse it with the reason."""

    until = EndOfDayField(
        label=_("Until"), min_value=today, required=False, help_text=_("If you grant it: until the end of this day.")
    )
    why = _reason(_("Reason"), required=False, help_text=_("The assessor reads it. Needed if you refuse."))
