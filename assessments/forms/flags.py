"""What officers write on the questions that a round's ratings raise."""

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from assessments.models import ScoringFlag
from secretariat.fields import CanonicalCharField


class FlagAnswerForm(forms.Form):
    """What was decided on a question, and why; `seen` is the moment of the answer that stood when the form was opened."""

    decision = forms.ChoiceField(label=_("Decision"), choices=ScoringFlag.Decision.choices, widget=forms.RadioSelect)
    answer = CanonicalCharField(
        label=_("What was found"),
        help_text=_("In a sentence or two: what was looked at, who was asked, what follows."),
        widget=forms.Textarea({"dir": "auto", "rows": 4}),
        max_length=2000,
    )
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    @classmethod
    def of(cls, flag, data=None):
        """The form of a question with the answer that stands."""
        seen = flag.answered_at.isoformat() if flag.answered_at else ""
        return cls(data, initial={"decision": flag.decision, "answer": flag.answer, "seen": seen})

    def clean_seen(self):
        try:
            return parse_datetime(self.cleaned_data["seen"])
        except ValueError:
            return None
