"""What officers and assessors type about ties and waivers."""

from django import forms
from django.utils.translation import gettext_lazy as _

from assessments.forms.texts import text_field
from secretariat.fields import JalaliDateFormField
from secretariat.models import Agency


class AffiliationForm(forms.Form):
    """One tie to an agency."""

    id = forms.IntegerField(widget=forms.HiddenInput, required=False)
    agency = forms.ModelChoiceField(
        label=_("Agency"), queryset=Agency.objects.all(), required=False, empty_label=_("Choose an agency")
    )
    since = JalaliDateFormField(label=_("From"), required=False)
    until = JalaliDateFormField(label=_("Until"), required=False)
    note = text_field(_("Note"), max_length=200, required=False)

    def clean(self):
        found = super().clean()
        since, until = found.get("since"), found.get("until")
        if since and until and until < since:
            self.add_error("until", _("This is before the beginning."))
        if not found.get("agency") and (since or until or found.get("note")):
            self.add_error("agency", _("Choose an agency."))
        return found


class _AffiliationFormSet(forms.BaseFormSet):
    def wanted(self):
        """The ties to keep, as `services.roster` takes them."""
        return [
            {name: form.cleaned_data.get(name) for name in ("id", "agency", "since", "until", "note")}
            for form in self.forms
            if form.cleaned_data.get("agency") and not form.cleaned_data.get("DELETE")
        ]


AffiliationFormSet = forms.formset_factory(AffiliationForm, formset=_AffiliationFormSet, extra=2, can_delete=True, max_num=40)


class ConflictForm(forms.Form):
    """A conflict of interest that staff records for one subject."""

    subject = forms.ModelChoiceField(label=_("Product"), queryset=None, empty_label=_("Choose a product"))
    reason = text_field(_("Reason"), rows=2, max_length=300)

    def __init__(self, *args, subjects, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["subject"].queryset = subjects


class WaiverForm(forms.Form):
    """Why an assessor may judge a product in spite of a tie."""

    subject = forms.ModelChoiceField(label=_("Product"), queryset=None, empty_label=_("Choose a product"))
    reason = text_field(
        _("Reason"),
        rows=4,
        max_length=1000,
        help_text=_("Why this assessor is needed, and why the tie does not colour the judgement. It stays on record."),
    )

    def __init__(self, *args, subjects, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["subject"].queryset = subjects
