"""What the council's pages ask for: whom to propose, who was present and how they voted, a reason."""

from django import forms
from django.utils.translation import gettext_lazy as _

from products import rules
from products.credentials.tokens import LARGEST
from products.models import Withheld
from secretariat.fields import CanonicalCharField
from secretariat.rules import Choice

LEVELS = [("", _("do not propose")), *rules.MarkLevel.choices]
NO_VOTE = [("", _("no vote")), *Choice.choices, ("recused", _("recused"))]


class ProposalForm(forms.Form):
    """One product of a round: at which level to propose it, and why where the score does not reach it."""

    level = forms.ChoiceField(label=_("Level"), choices=LEVELS, required=False)
    reason = CanonicalCharField(label=_("Reason below the threshold"), required=False, max_length=1000)


WISHES = [("", _("not now")), *rules.MarkLevel.choices, *Withheld.Outcome.choices]


class WishForm(forms.Form):
    """What is proposed for one product of a round."""

    what = forms.ChoiceField(label=_("Decision"), choices=WISHES, required=False)
    reason = CanonicalCharField(label=_("Reason"), required=False, max_length=1000)
    apart = forms.BooleanField(label=_("vote on it separately"), required=False)


class GrantForm(forms.Form):
    """The words above the list of products."""

    title = CanonicalCharField(label=_("Title"), max_length=200, widget=forms.TextInput({"dir": "auto"}))
    text = CanonicalCharField(
        label=_("Text of the resolution"),
        max_length=20000,
        widget=forms.Textarea({"rows": 3, "dir": "auto"}),
        help_text=_("The products with what is decided on each are added by the portal."),
    )


class PlaceForm(forms.Form):
    """One seat at the table: present or not, and its vote."""

    present = forms.BooleanField(label=_("Present"), required=False)
    choice = forms.ChoiceField(label=_("Vote"), choices=NO_VOTE, required=False)


class WhyForm(forms.Form):
    """Why something is done to a mark or a resolution."""

    why = CanonicalCharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}))


class CredentialForm(forms.Form):
    """A credential to be checked: its file, or its text."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,
        help_text=_("The credential (.jwt or .json) or the PDF certificate that carries it. It is read and not kept."),
    )
    text = forms.CharField(
        label=_("Or its text"),
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "ltr", "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file and file.size > LARGEST:
            raise forms.ValidationError(_("This file is larger than any credential."))
        return file

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not cleaned.get("file") and not (cleaned.get("text") or "").strip():
            self.add_error("file", _("Choose a file, or paste its text."))
        return cleaned

    @property
    def content(self):
        """The bytes to be examined."""
        file = self.cleaned_data.get("file")
        return file.read() if file else self.cleaned_data["text"].encode()
