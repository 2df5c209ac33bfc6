"""The words of a reminder that an officer sends by hand."""

from django import forms
from django.utils.translation import gettext_lazy as _

from assessments import rules
from assessments.selectors.reminders import house_words
from secretariat.fields import CanonicalCharField

LANGUAGES = {"fa": _("Persian"), "en": _("English")}


class RemindForm(forms.Form):
    """Subject and text in the languages of those who are reminded; the house's own words to begin with."""

    def __init__(self, *args, kind, languages, **kwargs):
        super().__init__(*args, **kwargs)
        self.languages = [language for language in LANGUAGES if language in languages]
        for language in self.languages:
            subject, text = house_words(kind, language)
            attrs = {"lang": language, "dir": "rtl" if language == "fa" else "ltr"}
            self.fields[f"subject_{language}"] = CanonicalCharField(
                label=_("Subject"), max_length=150, initial=subject, widget=forms.TextInput(attrs)
            )
            self.fields[f"text_{language}"] = forms.CharField(
                label=_("Text"), max_length=4000, initial=text, widget=forms.Textarea({**attrs, "rows": 9})
            )

    def clean(self):
        found = super().clean()
        for language in self.languages:
            if (text := found.get(f"text_{language}")) and (fault := rules.fault_of_text(text)):
                self.add_error(f"text_{language}", fault)
            if (subject := found.get(f"subject_{language}")) and (fault := rules.fault_of_subject(subject)):
                self.add_error(f"subject_{language}", fault)
        return found

    @property
    def sections(self):
        """(name of the language, its fields)."""
        return [(LANGUAGES[one], [self[f"subject_{one}"], self[f"text_{one}"]]) for one in self.languages]

    def said(self, part):
        """{language: words} of the subjects or the texts."""
        return {language: self.cleaned_data[f"{part}_{language}"] for language in self.languages}
