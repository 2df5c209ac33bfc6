"""What officers type about the people on the roster."""

from django import forms
from django.utils.translation import gettext_lazy as _

from assessments.forms.texts import text_field
from assessments.models import IndicatorSet
from secretariat.fields import WholeNumberFormField
from secretariat.models import User


class AssessorForm(forms.Form):
    """A person on the roster; `user` is asked only for a new one."""

    user = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none(), empty_label=_("Choose a person"))
    field_fa = text_field(_("Field of expertise (Persian)"), language="fa", max_length=200, required=False)
    field_en = text_field(_("Field of expertise (English)"), language="en", max_length=200, required=False)
    capacity = WholeNumberFormField(
        label=_("Products at one time"),
        min_value=1,
        max_value=200,
        initial=15,
        help_text=_("Nobody is asked for more than this at once."),
    )
    is_active = forms.BooleanField(label=_("May be asked at present"), required=False, initial=True)
    expertise = forms.ModelMultipleChoiceField(
        label=_("Assesses by these indicator sets"),
        queryset=IndicatorSet.objects.all(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args, new=False, **kwargs):
        super().__init__(*args, **kwargs)
        if new:
            self.fields["user"].queryset = User.objects.filter(assessor=None, is_active=True).order_by("sort_key")
        else:
            del self.fields["user"]
