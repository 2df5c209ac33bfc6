"""What officers ask for when the panels of a round are filled."""

from django import forms
from django.utils.translation import gettext_lazy as _

from assessments import rules
from assessments.forms.timetable import EndOfDayField
from assessments.models import ExpertiseField, IndicatorSet
from assessments.models.panels import new_seed
from secretariat.calendar import today
from secretariat.fields import CanonicalCharField, WholeNumberFormField
from secretariat.models import Province


class ReassignForm(forms.Form):
    """Why assignments are taken back, and until when those who are asked instead have time."""

    why = CanonicalCharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea({"rows": 3, "dir": "auto"}),
        help_text=_("Whoever loses an assignment reads it."),
    )
    until = EndOfDayField(
        label=_("Deadline of those who are asked instead"),
        min_value=today,
        required=False,
        help_text=_("Left empty: the deadline of the round."),
    )


class PanelSettingsForm(forms.Form):
    """Loads, what counts more, and who takes part; nobody chosen means everybody."""

    weight = forms.ChoiceField(
        label=_("When expertise and even loads disagree"),
        choices=rules.Weight.choices,
        initial=rules.Weight.BOTH,
        widget=forms.RadioSelect,
    )
    floor = WholeNumberFormField(
        label=_("Products for each assessor, at least"),
        min_value=0,
        max_value=200,
        required=False,
        help_text=_("In this round. Left empty: some may get none."),
    )
    ceiling = WholeNumberFormField(
        label=_("Products for each assessor, at most"),
        min_value=1,
        max_value=200,
        required=False,
        help_text=_("In this round. Left empty: as many as agreed with each, less what is in hand already."),
    )
    sets = forms.MultipleChoiceField(
        label=_("Only those who assess"), required=False, widget=forms.CheckboxSelectMultiple
    )
    fields_ = forms.MultipleChoiceField(
        label=_("Only those of these fields"), required=False, widget=forms.CheckboxSelectMultiple
    )
    provinces = forms.MultipleChoiceField(
        label=_("Only those of these provinces"), required=False, widget=forms.CheckboxSelectMultiple
    )
    seed = WholeNumberFormField(
        label=_("Number of the draw"),
        min_value=1,
        max_value=1_000_000,
        help_text=_("Among equals the draw decides; the same number gives the same panels. It stays on record."),
    )

    KEYS = {"sets": "sets", "fields": "fields_", "provinces": "provinces"}

    def __init__(self, round_, draft=None, data=None):
        chosen = draft.taking_part if draft else {}
        initial = {name: getattr(draft, name) for name in ("weight", "floor", "ceiling", "seed")} if draft else {"seed": new_seed()}
        initial |= {field: [str(pk) for pk in chosen.get(key, ())] for key, field in self.KEYS.items()}
        super().__init__(data, initial=initial, auto_id="panels-%s")
        self.by_hand = {name: chosen.get(name, []) for name in ("in", "out")}
        judged_by = IndicatorSet.objects.filter(versions__sheet_parts__sheet__round=round_).distinct()
        choices = {
            "sets": judged_by,
            "fields_": ExpertiseField.objects.filter(is_active=True),
            "provinces": Province.objects.all(),
        }
        for name, rows in choices.items():
            self.fields[name].choices = [(str(row.pk), str(row)) for row in rows]
            if not self.fields[name].choices:
                del self.fields[name]

    @property
    def filters(self):
        """The fields that narrow who takes part."""
        return [self[name] for name in self.KEYS.values() if name in self.fields]

    @property
    def narrows(self):
        return any(field.value() for field in self.filters)

    def clean(self):
        found = super().clean()
        floor, ceiling = found.get("floor"), found.get("ceiling")
        if floor is not None and ceiling is not None and floor > ceiling:
            self.add_error("ceiling", _("At most cannot be less than at least."))
        return found

    @property
    def settings(self):
        """What services.panels takes."""
        found = {name: self.cleaned_data[name] for name in ("weight", "floor", "ceiling", "seed")}
        chosen = {key: [int(pk) for pk in self.cleaned_data.get(field, ())] for key, field in self.KEYS.items()}
        return {**found, "taking_part": {**self.by_hand, **chosen}}
