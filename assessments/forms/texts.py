"""A field for words: stored in one spelling, written in the direction of its language."""

from django import forms

from secretariat.fields import CanonicalCharField


def text_field(label, *, rows=None, language=None, **options):
    attrs = {"fa": {"lang": "fa", "dir": "rtl"}, "en": {"lang": "en", "dir": "ltr"}, None: {"dir": "auto"}}[language]
    widget = forms.Textarea({**attrs, "rows": rows}) if rows else forms.TextInput(attrs)
    return CanonicalCharField(label=label, widget=widget, **options)
