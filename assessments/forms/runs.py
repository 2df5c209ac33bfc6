"""What officers type about the computations of a round."""

from django import forms
from django.utils.translation import gettext_lazy as _

from secretariat.fields import CanonicalCharField


class KeepForm(forms.Form):
    """Why a computation is kept."""

    why = CanonicalCharField(
        label=_("What it is kept for"),
        max_length=200,
        required=False,
        widget=forms.TextInput({"dir": "auto"}),
        help_text=_("Computations with a note are never cleared away. Without one, only the latest of a round at work stay."),
    )
