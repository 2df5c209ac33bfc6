"""The form in which people keep their own particulars."""

from django import forms
from django.utils.translation import gettext_lazy as _

from secretariat.fields import CanonicalCharField
from secretariat.models import User


class AccountForm(forms.ModelForm):
    """Names and language freely; the address and number that open the account only with the password."""

    first_name = CanonicalCharField(label=_("first name"), max_length=150)
    last_name = CanonicalCharField(label=_("family name"), max_length=150)
    name_en = forms.CharField(
        label=_("name in English"),
        max_length=150,
        required=False,
        help_text=_("As it should stand on English pages and certificates."),
    )
    password = forms.CharField(
        label=_("Present password"),
        required=False,
        strip=False,
        help_text=_("Needed only when you change your e-mail address or mobile number."),
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    class Meta:
        model = User
        fields = ["first_name", "last_name", "name_en", "email", "mobile", "language"]
        widgets = {"email": forms.EmailInput({"autocomplete": "email", "dir": "ltr"})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].help_text = _("Letters and links to set a new password go here.")

    def clean_email(self):
        email = (self.cleaned_data.get("email") or "").strip() or None
        if email and User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Another account has this e-mail address."))
        if self.instance.email and not email:
            raise forms.ValidationError(_("Without an e-mail address you could not set a new password. Write the new one."))
        return email

    def clean(self):
        cleaned = super().clean()
        opens = [name for name in ("email", "mobile") if name in self.changed_data and name in cleaned]
        if opens and not self.instance.check_password(cleaned.get("password") or ""):
            self.add_error("password", _("To change your e-mail address or mobile number, write your present password."))
        return cleaned
