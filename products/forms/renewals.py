"""What is typed about a renewal: what has changed since the mark, and the secretariat's answer."""

from django import forms
from django.utils.translation import gettext_lazy as _

from assessments.models import Round
from assessments.rules import EDITABLE_ROUNDS
from secretariat.fields import CanonicalCharField
from secretariat.uploads import EXTENSIONS

LONGEST = 5000


class ChangesForm(forms.Form):
    """What its agency says of a product whose mark is to be renewed."""

    changes = CanonicalCharField(
        label=_("What has changed since the mark"),
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea({"rows": 8, "dir": "auto"}),
        help_text=_("New editions, new audiences, what was corrected; or that nothing has changed. Assessors read it beside the product, so name nobody in it."),
    )  # fmt: skip
    file = forms.FileField(
        label=_("Add a file"),
        required=False,
        widget=forms.FileInput({"accept": ",".join(EXTENSIONS)}),
        help_text=_("Files are read by the secretariat and the council, not by assessors."),
    )


class RoundField(forms.ModelChoiceField):
    """A round by its title and state."""

    def label_from_instance(self, obj):
        return f"{obj.title} ({obj.get_status_display()})"


class AcceptForm(forms.Form):
    """Into which round the product goes."""

    round = RoundField(label=_("Round"), queryset=Round.objects.none(), empty_label=_("Choose a round"))

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["round"].queryset = Round.objects.visible_to(user).filter(status__in=EDITABLE_ROUNDS).order_by("-deadline", "-pk")


class DeclineForm(forms.Form):
    """Why a mark is not renewed."""

    why = CanonicalCharField(
        label=_("Reason"), max_length=2000, widget=forms.Textarea({"rows": 4, "dir": "auto"}), help_text=_("The agency reads it.")
    )
