"""What officers type while screening: the checklist, a reason beside each field, decisions on overlaps, a note."""

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products import content
from products.models import Overlap
from products.services.screening import ANSWERS, CHECKLIST, LONGEST_REASON
from secretariat.fields import CanonicalCharField

DECISIONS = [choice for choice in Overlap.Decision.choices if choice[0] != Overlap.Decision.OPEN]


def _area(rows):
    return forms.Textarea({"rows": rows, "dir": "auto"})


def _reason(**options):
    """A text for the agency's eyes; how long it may be is said, never cut off."""
    made = CanonicalCharField(required=False, max_length=LONGEST_REASON, **options)
    made.widget.attrs.pop("maxlength", None)
    return made


class ScreeningForm(forms.Form):
    """One submission under an officer's hand.

    Fields: `check_<item>` for the checklist; `wrong_<field>` and `why_<field>` for each field of the submission;
    `overlap_<pk>_decision` and `overlap_<pk>_reason` for each open overlap; `note`.
    """

    note = _reason(
        label=gettext_lazy("Note to the agency"),
        widget=_area(4),
        help_text=gettext_lazy("The agency reads it. Needed when the submission is not accepted."),
    )

    def __init__(self, *args, version, overlaps, **kwargs):
        super().__init__(*args, **kwargs)
        self.version = version
        for code, sentence in CHECKLIST.items():
            self.fields[f"check_{code}"] = forms.ChoiceField(
                label=sentence, choices=list(ANSWERS.items()), widget=forms.RadioSelect, required=False
            )
        for name, label in content.field_labels(version.content):
            box = forms.CheckboxInput({"class": "form-check-input"})
            self.fields[f"wrong_{name}"] = forms.BooleanField(label=_("must be corrected"), required=False, widget=box)
            self.fields[f"why_{name}"] = _reason(label=_("What must be corrected: %(field)s") % {"field": label}, widget=_area(2))
            self.fields[f"why_{name}"].widget.attrs["placeholder"] = _("What must be corrected?")
        # One that was open when the form was opened keeps its fields, so that two decisions are seen to meet.
        self.open_overlaps = [
            overlap
            for overlap in overlaps
            if overlap.decision == Overlap.Decision.OPEN or f"overlap_{overlap.pk}_reason" in self.data
        ]
        for overlap in self.open_overlaps:
            for name, field in overlap_fields().items():
                self.fields[f"overlap_{overlap.pk}_{name}"] = field

    @cached_property
    def checks(self):
        """The checklist as bound fields."""
        return [self[f"check_{code}"] for code in CHECKLIST]

    def marks(self, name):
        """The two bound fields beside one field of the submission: the box and the reason."""
        return self[f"wrong_{name}"], self[f"why_{name}"]

    @cached_property
    def checklist(self):
        """{item: answer} as chosen."""
        return {code: self.cleaned_data.get(f"check_{code}", "") for code in CHECKLIST}

    @cached_property
    def field_reasons(self):
        """{field: reason}; a reason counts whether or not its box is ticked, for a box is easily missed."""
        reasons = {name: self.cleaned_data.get(f"why_{name}", "") for name, _label in content.field_labels(self.version.content)}
        return {name: why for name, why in reasons.items() if why}

    @cached_property
    def overlap_decisions(self):
        """{overlap: (decision, reason)} for those on which something was said."""
        said = {}
        for overlap in self.open_overlaps:
            decision = self.cleaned_data.get(f"overlap_{overlap.pk}_decision", "")
            reason = self.cleaned_data.get(f"overlap_{overlap.pk}_reason", "")
            if decision or reason:
                said[overlap.pk] = (decision, reason)
        return said

    def clean(self):
        cleaned = super().clean()
        for name, _label in content.field_labels(self.version.content):
            if cleaned.get(f"wrong_{name}") and not cleaned.get(f"why_{name}") and f"why_{name}" not in self.errors:
                self.add_error(f"why_{name}", _("Write what must be corrected."))
        return cleaned


def overlap_fields():
    """The two fields of a decision on an overlap."""
    return {
        "decision": forms.ChoiceField(
            label=gettext_lazy("Decision"), choices=DECISIONS, widget=forms.RadioSelect, required=False
        ),
        "reason": _reason(label=gettext_lazy("Reason"), widget=_area(2), help_text=gettext_lazy("The agency reads it.")),
    }


class OverlapForm(forms.Form):
    """A decision on one overlap, by itself; `seen` is the decision that stood when the form was opened."""

    seen = forms.ChoiceField(choices=Overlap.Decision.choices, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields.update(overlap_fields())
        for name in ("decision", "reason"):
            self.fields[name].required = True


class KeepBackForm(forms.Form):
    """Why a file is kept back from those who judge blind."""

    why = CanonicalCharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=_area(2),
        help_text=gettext_lazy("The agency reads it. Say where the file names its maker, so that a clean one can be sent."),
    )
