"""What is typed about an action: what is to be done, by whom, until when, and why something about it changes."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import calendar
from secretariat.fields import CanonicalCharField, JalaliDateFormField, WholeNumberFormField
from secretariat.models import Agency, Agreement, User
from secretariat.rules import actions as action_rules
from secretariat.uploads import EXTENSIONS

LONGEST_TERM = 1000  # working days


def long_text(label, rows=4, most=5000, help_text="", required=False):
    return CanonicalCharField(
        label=label, max_length=most, required=required, widget=forms.Textarea({"rows": rows, "dir": "auto"}), help_text=help_text
    )


class PersonField(forms.ModelChoiceField):
    """One of some people, in groups. A script puts a line above the list in which one searches."""

    def __init__(self, **kwargs):
        search = {
            "data-choose": gettext_lazy("Search by name, role or agency"),
            "data-choose-found": gettext_lazy("Found: "),
            "data-choose-none": gettext_lazy("Nobody is called so."),
        }
        widget = forms.Select(attrs=search)
        super().__init__(queryset=User.objects.none(), empty_label=gettext_lazy("Choose a person"), widget=widget, **kwargs)

    def offer(self, groups):
        """Let it be one of [(group, [(primary key, name)])]."""
        self.queryset = User.objects.filter(pk__in=[pk for _group, people in groups for pk, _name in people])
        self.choices = [("", self.empty_label), *groups]


class DueForm(forms.Form):
    """Until when: a day, or so many working days from today."""

    due_on = JalaliDateFormField(label=gettext_lazy("Due on"), required=False)
    due_days = WholeNumberFormField(
        label=gettext_lazy("or so many working days from today"),
        required=False,
        min_value=1,
        max_value=LONGEST_TERM,
        help_text=gettext_lazy("Holidays and weekends are not counted; how it was counted is shown with the action."),
    )

    def clean(self):
        found = super().clean()
        typed = [name for name in ("due_on", "due_days") if found.get(name) not in (None, "")]
        if len(typed) == 2:
            self.add_error("due_days", _("Write a day or a number of working days, not both."))
        elif not typed and not self.has_error("due_on") and not self.has_error("due_days"):
            self.add_error("due_on", _("Say until when: a day, or a number of working days."))
        return found

    @property
    def due(self):
        days = self.cleaned_data["due_days"]
        return {"due_on": self.cleaned_data["due_on"] or None, "due_days": None if days is None else int(days)}


class WordsForm(forms.Form):
    """What an action says."""

    title = CanonicalCharField(label=gettext_lazy("Title"), max_length=300, widget=forms.TextInput({"dir": "auto"}))
    description = long_text(gettext_lazy("What exactly is to be done, and how one sees that it is done"))
    agency = forms.ModelChoiceField(
        label=gettext_lazy("Agency"), queryset=Agency.objects.none(), required=False, empty_label="–"
    )
    unit = CanonicalCharField(
        label=gettext_lazy("Unit"),
        max_length=150,
        required=False,
        widget=forms.TextInput({"dir": "auto", "list": "units", "autocomplete": "off"}),
        help_text=gettext_lazy("Which desk is meant; units in use and agencies are suggested."),
    )
    axis = CanonicalCharField(
        label=gettext_lazy("Axis"),
        max_length=100,
        required=False,
        widget=forms.TextInput({"dir": "auto", "list": "axes", "autocomplete": "off"}),
        help_text=gettext_lazy("Of the year's programme; those in use are suggested."),
    )

    WORDS: tuple[str, ...] = ("title", "description", "agency", "unit", "axis")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "agency" in self.fields:
            self.fields["agency"].queryset = Agency.objects.filter(is_member=True)

    @property
    def words(self):
        return {name: self.cleaned_data[name] for name in self.WORDS if name in self.cleaned_data}


class ActionForm(WordsForm, DueForm):
    """A new action."""

    owner = PersonField(label=gettext_lazy("Owner"), help_text=gettext_lazy("Has to do it, is told at once and reminded in time."))

    field_order = ("title", "owner", "description", "due_on", "due_days", "agency", "unit", "axis")

    def __init__(self, *args, owners, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].offer(owners)


class CommitmentForm(ActionForm):
    """A new commitment of one side of an agreement."""

    agency = None  # type: ignore[assignment]  # how Django leaves an inherited field out
    side = forms.ChoiceField(
        label=gettext_lazy("Whose commitment"), choices=action_rules.Side.choices, widget=forms.RadioSelect
    )

    WORDS = ("title", "description", "unit", "axis")
    field_order = ("side", "title", "owner", "description", "due_on", "due_days", "unit", "axis")


class EditForm(WordsForm):
    """An action's words, changed; a commitment's agency is that of its agreement."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    @classmethod
    def of(cls, item, data=None):
        initial = {name: getattr(item, name) for name in cls.WORDS}
        form = cls(data, initial={**initial, "version": item.version})
        if item.agreement_id:
            del form.fields["agency"]
        return form

    def beside(self, current):
        """What now stands beside what was typed, where they differ: [(label, stands, typed)]."""
        pairs = ((self[name].label, getattr(current, name), value) for name, value in self.words.items())
        return [(label, stands or "–", typed or "–") for label, stands, typed in pairs if (stands or "") != (typed or "")]


class WhyForm(forms.Form):
    """Why something is done; for a report, what was done."""

    why = long_text(gettext_lazy("Reason"), rows=3, most=1000)

    def __init__(self, *args, required=True, label=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["why"].required = required
        if label:
            self.fields["why"].label = label


class PostponeForm(DueForm, WhyForm):
    """A later day, and why."""

    field_order = ("due_on", "due_days", "why")


class HandOverForm(WhyForm):
    """Somebody else, and why."""

    owner = PersonField(label=gettext_lazy("New owner"))
    field_order = ("owner", "why")

    def __init__(self, *args, owners, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].offer(owners)


class NoteForm(forms.Form):
    """How far it is."""

    text = long_text(gettext_lazy("How far it is, and what holds it up"), rows=3, required=True)
    percent = WholeNumberFormField(
        label=gettext_lazy("Percent done"), required=False, min_value=0, max_value=100,
        help_text=gettext_lazy("Only where it can be said."),
    )  # fmt: skip


class EvidenceForm(forms.Form):
    """One file."""

    file = forms.FileField(
        label=gettext_lazy("Add a file"),
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(EXTENSIONS)}),
        help_text=gettext_lazy("PDF, picture, DOCX, XLSX, PPTX, MP3 or MP4."),
    )


class AgreementForm(forms.ModelForm):
    """An agreement while it is a draft."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Agreement
        fields = ("agency", "council", "title_fa", "title_en", "number", "signed_on", "valid_from", "valid_until", "text")
        widgets = {
            "title_fa": forms.TextInput({"lang": "fa", "dir": "rtl"}),
            "title_en": forms.TextInput({"lang": "en", "dir": "ltr"}),
            "text": forms.Textarea({"rows": 12, "dir": "auto"}),
        }
        field_classes = {"title_fa": CanonicalCharField, "title_en": CanonicalCharField, "number": CanonicalCharField, "text": CanonicalCharField}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version
        self.fields["agency"].queryset = Agency.objects.filter(is_member=True)
        self.fields["council"].queryset = self.fields["council"].queryset.filter(is_active=True)

    def clean(self):
        found = super().clean()
        first, last = found.get("valid_from"), found.get("valid_until")
        if first and last and calendar.day_of(last) < calendar.day_of(first):
            self.add_error("valid_until", _("This is before the beginning."))
        return found

    def values(self):
        return {name: self.cleaned_data[name] for name in self._meta.fields}

    def _post_clean(self):
        """The row stays as it was read: what is typed goes through the service, which knows whether it may."""

    def beside(self, current):
        """What now stands beside what was typed, where they differ: [(label, stands, typed)]."""
        pairs = ((self[name].label, getattr(current, name), value) for name, value in self.values().items())
        return [(label, shown(stands), shown(typed)) for label, stands, typed in pairs if (stands or "") != (typed or "")]


def shown(value):
    """A value of a form for people."""
    if value in (None, ""):
        return "–"
    return calendar.short_date(value) if hasattr(value, "isoformat") else value
