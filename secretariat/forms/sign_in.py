"""Forms at the door: signing in, new passwords, second factor."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.utils.translation import gettext_lazy as _

from secretariat.fields import LtrInput


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _(
            "This name and password do not belong together. Check both; capital and small letters differ in a password."
        ),
        "inactive": _(
            "This name and password do not belong together. Check both; capital and small letters differ in a password."
        ),
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name, e-mail address or mobile number")
        self.fields["username"].widget.attrs.update(dir="ltr", autocomplete="username", autocapitalize="none", spellcheck="false")
        self.fields["password"].label = _("Password")


class ResetForm(forms.Form):
    name = forms.CharField(
        label=_("User name, e-mail address or mobile number"),
        max_length=150,
        widget=forms.TextInput({"dir": "ltr", "autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )


class NewPasswordForm(SetPasswordForm):
    """A password, twice; the rules stand beside the first."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = _("New password")
        self.fields["new_password1"].help_text = _(
            "At least ten characters, not only digits, and not a common word. A whole sentence is best."
        )
        self.fields["new_password2"].label = _("New password, once more")
        self.fields["new_password2"].help_text = ""


class ChangePasswordForm(NewPasswordForm, PasswordChangeForm):
    field_order = ["old_password", "new_password1", "new_password2"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Present password")


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=30,
        widget=LtrInput({"autocomplete": "one-time-code", "autofocus": True, "class": "code-input"}, inputmode="text"),
    )
