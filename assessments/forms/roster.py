"""What is typed about the people on the roster: by officers, and by the assessors about themselves."""

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from assessments.forms.texts import text_field
from assessments.models import Assessor, ExpertiseField, IndicatorSet
from secretariat.fields import NationalCodeFormField, WholeNumberFormField
from secretariat.models import Province, User

MOST_AT_ONCE = 200
# What a form of an assessor writes into columns of his, and what into sets of choices.
COLUMNS = ("field_fa", "field_en", "languages", "province")
SETS = ("expertise_fields",)


class ProfileForm(forms.Form):
    """What an assessor knows, as he himself says it."""

    expertise_fields = forms.ModelMultipleChoiceField(
        label=_("Fields of expertise"), queryset=None, widget=forms.CheckboxSelectMultiple, required=False
    )
    field_fa = text_field(
        _("In your own words (Persian)"),
        language="fa",
        max_length=200,
        required=False,
        help_text=_("What the list above does not say, for example a period, a genre or a script."),
    )
    field_en = text_field(_("In your own words (English)"), language="en", max_length=200, required=False)
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        choices=Assessor.Language,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("In which works can be read or heard without help."),
    )
    province = forms.ModelChoiceField(
        label=_("Province"), queryset=Province.objects.all(), required=False, empty_label=_("Choose a province")
    )

    columns: tuple[str, ...] = COLUMNS
    sets: tuple[str, ...] = SETS

    def __init__(self, *args, assessor=None, **kwargs):
        self.assessor = assessor
        if assessor is not None:
            kwargs["initial"] = {**self.stands(assessor), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        chosen = Q(assessors=assessor) if assessor is not None else Q()
        self.fields["expertise_fields"].queryset = ExpertiseField.objects.filter(Q(is_active=True) | chosen).distinct()

    @classmethod
    def stands(cls, assessor):
        """What the form would show of an assessor as he now stands."""
        columns = {name: getattr(assessor, name) for name in cls.columns if name != "province"}
        if "province" in cls.columns:
            columns["province"] = assessor.province_id
        return columns | {name: [row.pk for row in getattr(assessor, name).all()] for name in cls.sets}

    def beside(self, current):
        """(label, what now stands) where somebody else saved something other than what was typed here."""
        found = []
        for name in self.columns:
            stands, typed = getattr(current, name), self.cleaned_data.get(name)
            if stands != typed:
                found.append((self[name].label, self._shown(name, stands)))
        return found

    def _shown(self, name, value):
        if name == "languages":
            words = dict(Assessor.Language.choices)
            return "، ".join(str(words[code]) for code in value) or "–"
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return "–" if value in (None, "") else value


class AssessorForm(ProfileForm):
    """A person on the roster, as officers keep it; `user` is asked only for a new one."""

    user = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none(), empty_label=_("Choose a person"))
    national_code = NationalCodeFormField(
        label=_("National code"), required=False, help_text=_("Tells people of one name apart, for example in an import.")
    )
    capacity = WholeNumberFormField(
        label=_("Products at one time"),
        min_value=1,
        max_value=MOST_AT_ONCE,
        initial=15,
        help_text=_("Nobody is asked for more than this at once. Periods below may say otherwise for some time."),
    )
    is_active = forms.BooleanField(label=_("May be asked at present"), required=False, initial=True)
    expertise = forms.ModelMultipleChoiceField(
        label=_("Assesses by these indicator sets"),
        queryset=IndicatorSet.objects.all(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    field_fa = text_field(_("Field of expertise (Persian)"), language="fa", max_length=200, required=False)
    field_en = text_field(_("Field of expertise (English)"), language="en", max_length=200, required=False)

    columns = (*COLUMNS, "national_code", "capacity", "is_active")
    sets = (*SETS, "expertise")
    field_order = [
        "user", "capacity", "is_active", "expertise", "expertise_fields", "field_fa", "field_en", "languages", "province",
        "national_code",
    ]  # fmt: skip

    def __init__(self, *args, new=False, **kwargs):
        super().__init__(*args, **kwargs)
        if new:
            self.fields["user"].queryset = User.objects.filter(assessor=None, is_active=True).order_by("sort_key")
        else:
            del self.fields["user"]

    def clean_national_code(self):
        return self.cleaned_data["national_code"] or None


class FieldForm(forms.Form):
    """A field of expertise as the secretariat words it."""

    name_fa = text_field(_("Name (Persian)"), language="fa", max_length=120)
    name_en = text_field(_("Name (English)"), language="en", max_length=120)
    is_active = forms.BooleanField(
        label=_("Offered for choice"),
        required=False,
        initial=True,
        help_text=_("Who has chosen it already keeps it."),
    )
