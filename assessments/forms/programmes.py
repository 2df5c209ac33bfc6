"""What is typed about a programme: whose it is, its words, the set by which it is judged."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.forms.excellence import LINKS_MOST, MOST_LINKS, addresses
from assessments.models import IndicatorSet, Programme
from secretariat.calendar import digits
from secretariat.fields import CanonicalCharField, JalaliDateFormField
from secretariat.models import Agency
from secretariat.uploads import EXTENSIONS


def _long(label, rows, most, help_text=""):
    return CanonicalCharField(
        label=label, max_length=most, required=False, widget=forms.Textarea({"rows": rows, "dir": "auto"}), help_text=help_text
    )


class StartForm(forms.Form):
    """Whose programme it is."""

    agency = forms.ModelChoiceField(
        label=gettext_lazy("Agency"), queryset=Agency.objects.none(), empty_label=gettext_lazy("Choose an agency")
    )

    def __init__(self, *args, agencies, or_secretariat=False, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["agency"]
        field.queryset = agencies
        if or_secretariat:
            field.required, field.empty_label = False, _("the secretariat itself")
            field.help_text = _("Leave it empty for a programme of the secretariat itself.")


class ProgrammeForm(forms.Form):
    """The words of a programme; only what cannot be read is refused, what is missing waits until it is proposed."""

    title_fa = CanonicalCharField(
        label=gettext_lazy("Title"), max_length=300, required=False, widget=forms.TextInput({"lang": "fa", "dir": "rtl"})
    )
    title_en = CanonicalCharField(
        label=gettext_lazy("Title in English"),
        max_length=300,
        required=False,
        widget=forms.TextInput({"lang": "en", "dir": "ltr"}),
    )
    starts_on = JalaliDateFormField(label=gettext_lazy("Begins on"), required=False)
    ends_on = JalaliDateFormField(
        label=gettext_lazy("Ends on"), required=False, help_text=gettext_lazy("Leave it empty while the programme goes on.")
    )
    aims = _long(gettext_lazy("Aims"), 4, 5_000, gettext_lazy("What the programme is to change, and how one would see it."))
    audience = _long(gettext_lazy("Audience"), 3, 3_000)
    budget = CanonicalCharField(
        label=gettext_lazy("Budget in words"),
        max_length=300,
        required=False,
        widget=forms.TextInput({"dir": "auto"}),
        help_text=gettext_lazy("For example: two hundred million rials, half of it from partners."),
    )
    report = _long(
        gettext_lazy("Report"),
        12,
        40_000,
        gettext_lazy("What was done, whom it reached, what came of it: facts, figures, dates."),
    )
    links = CanonicalCharField(
        label=gettext_lazy("Links"),
        max_length=LINKS_MOST,
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 3, "dir": "ltr", "spellcheck": "false"}),
        help_text=gettext_lazy("One address a line, of pages that show it."),
    )
    file = forms.FileField(
        label=gettext_lazy("Add a file"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(EXTENSIONS)}),
        help_text=gettext_lazy("PDF, picture, DOCX, XLSX, PPTX, MP3 or MP4."),
    )

    WORDS = ("title_fa", "title_en", "starts_on", "ends_on", "aims", "audience", "budget", "report", "links")

    @classmethod
    def of(cls, programme, data=None, files=None):
        """The form of a programme, with what was typed and not saved yet over what stands."""
        initial = {name: getattr(programme, name) for name in cls.WORDS}
        return cls(data, files, initial={**initial, **programme.draft})

    def clean_links(self):
        found = addresses(self.cleaned_data["links"])
        for line, opens in found:
            if not opens:
                raise forms.ValidationError(
                    _("“%(line)s” is no web address. It begins with https:// or http://.") % {"line": line[:80]}
                )
        if len(found) > MOST_LINKS:
            raise forms.ValidationError(_("At most %(n)s links are taken.") % {"n": digits(MOST_LINKS)})
        return "\n".join(line for line, _opens in found)

    def clean(self):
        found = super().clean()
        first, last = found.get("starts_on"), found.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", _("This is before the beginning."))
        return found

    @property
    def words(self):
        return {name: self.cleaned_data[name] for name in self.WORDS}


class AcceptForm(forms.Form):
    """By which set a programme is judged."""

    indicator_set = forms.ModelChoiceField(
        label=gettext_lazy("Indicator set"),
        queryset=IndicatorSet.objects.none(),
        empty_label=None,
        help_text=gettext_lazy("Each programme of a round is judged by the set that is chosen here."),
    )

    def __init__(self, *args, usual, **kwargs):
        super().__init__(*args, **kwargs)
        sets = IndicatorSet.objects.filter(versions__status="published").exclude(layer="overlay").distinct()
        self.fields["indicator_set"].queryset = sets
        self.fields["indicator_set"].initial = sets.filter(code=usual).first()


class ChooseForm(forms.Form):
    """Accepted programmes to be entered into a round."""

    programmes = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Programmes"),
        queryset=Programme.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one row.")},
    )

    def __init__(self, *args, programmes, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["programmes"].queryset = programmes
        self.fields["programmes"].label_from_instance = self._label

    @staticmethod
    def _label(programme):
        return _("%(title)s – %(agency)s (judged by: %(set)s)") % {
            "title": programme.title, "agency": programme.agency.name, "set": programme.indicator_set.title,
        }  # fmt: skip
