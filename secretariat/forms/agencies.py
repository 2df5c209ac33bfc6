"""Forms about agencies, units, and the people invited to them."""

from django import forms
from django.utils.translation import gettext_lazy as _

from secretariat import rules
from secretariat.fields import CanonicalCharField, JalaliDateFormField, MobileFormField
from secretariat.forms.sign_in import NewPasswordForm
from secretariat.models import Agency, Invitation, Unit, User


class VersionedForm(forms.ModelForm):
    """Knows which version of the row it shows; gives the typed values to a service instead of saving."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version

    def values(self):
        return {name: self.cleaned_data[name] for name in self._meta.fields}

    def _post_clean(self):
        # The row itself stays as it was read: beside a stale form it is shown to whoever typed.
        untouched = self.instance
        self.instance = type(untouched).objects.get(pk=untouched.pk) if untouched.pk else type(untouched)(agency=untouched.agency)
        super()._post_clean()
        self.instance = untouched

    def beside(self, current):
        """What now stands in the row beside what was typed, where they differ: [(label, stands, typed)]."""
        rows = []
        for name in self._meta.fields:
            bound, stands, typed = self[name], getattr(current, name), self.cleaned_data.get(name)
            if (stands or "") != (typed or ""):
                rows.append((bound.label, self._shown(current, name, stands), self._shown(current, name, typed)))
        return rows

    def _shown(self, row, name, value):
        choices = dict(getattr(row._meta.get_field(name), "flatchoices", ()))
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return choices.get(value, value) if value not in (None, "") else "–"


class AgencyForm(VersionedForm):
    name_fa = CanonicalCharField(label=_("name (Persian)"), max_length=200)
    head = CanonicalCharField(label=_("head"), max_length=150, required=False, help_text=Agency._meta.get_field("head").help_text)
    website = forms.URLField(label=_("website"), required=False, max_length=200, assume_scheme="https")
    joined_on = JalaliDateFormField(label=_("member since"), required=False)

    class Meta:
        model = Agency
        fields = [
            "name_fa", "name_en", "kind", "legal_id", "province", "head", "website", "phone", "is_member", "joined_on", "membership_note",
        ]  # fmt: skip
        widgets = {"phone": forms.TextInput({"dir": "ltr", "inputmode": "tel"})}

    def clean_joined_on(self):
        day = self.cleaned_data.get("joined_on")
        return day.togregorian() if day else None


class UnitForm(VersionedForm):
    name_fa = CanonicalCharField(label=_("name (Persian)"), max_length=200)

    class Meta:
        model = Unit
        fields = ["kind", "name_fa", "name_en", "parent", "province"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        siblings = Unit.objects.filter(agency=self.instance.agency_id)
        self.fields["parent"].queryset = siblings.exclude(pk=self.instance.pk) if self.instance.pk else siblings
        self.fields["parent"].empty_label = _("directly under the agency")
        self.fields["province"].empty_label = _("none, or the whole country")

    def clean_parent(self):
        parent, above = self.cleaned_data.get("parent"), None
        if self.instance.pk:
            above = parent
            while above is not None:
                if above.pk == self.instance.pk:
                    raise forms.ValidationError(_("A unit cannot be part of itself or of a unit below it."))
                above = above.parent
        return parent


class InvitationForm(forms.ModelForm):
    full_name = CanonicalCharField(label=_("full name"), max_length=150)

    class Meta:
        model = Invitation
        fields = ["purpose", "agency", "full_name", "email", "language"]
        widgets = {"email": forms.EmailInput({"dir": "ltr", "autocomplete": "off"})}

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        purposes = Invitation.Purpose.choices
        if not rules.is_secretary(by):
            purposes = [choice for choice in purposes if choice[0] != Invitation.Purpose.OFFICER]
        self.fields["purpose"].choices = purposes
        self.fields["agency"].queryset = Agency.objects.filter(is_member=True)
        self.fields["agency"].empty_label = _("choose, for a representative")
        self.fields["email"].help_text = _("The link goes to this address and works once, within fourteen days.")

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("purpose") == Invitation.Purpose.REPRESENTATIVE:
            if not cleaned.get("agency") and "agency" not in self.errors:
                self.add_error("agency", _("Say which agency this person is to represent."))
        else:
            cleaned["agency"] = None
        return cleaned

    def _post_clean(self):
        # The service makes the row; whether it may stand is the database's to say.
        self.instance = Invitation()


class AcceptForm(NewPasswordForm):
    """What a new person says of himself when accepting."""

    first_name = CanonicalCharField(label=_("first name"), max_length=150)
    last_name = CanonicalCharField(label=_("family name"), max_length=150)
    mobile = MobileFormField(label=_("mobile number"), required=False, help_text=_("Optional; you can then sign in with it too."))

    field_order = ["first_name", "last_name", "mobile", "new_password1", "new_password2"]

    def clean_mobile(self):
        mobile = self.cleaned_data.get("mobile") or None
        if mobile and User.objects.filter(mobile=mobile).exists():
            raise forms.ValidationError(_("Another account has this mobile number."))
        return mobile
