"""A field for words: stored in one spelling, written in the direction of its language."""

from django import forms

from secretariat.fields import CanonicalCharField

_LANGUAGES = {"fa": {"lang": "fa", "dir": "rtl"}, "en": {"lang": "en", "dir": "ltr"}, None: {"dir": "auto"}}


def text_field(label, *, rows=None, language=None, suggestions=None, **options):
    """A line or, with `rows`, some lines of text; `suggestions` is the id of a list of words on the page."""
    attrs = _LANGUAGES[language] | ({"list": suggestions} if suggestions else {})
    widget = forms.Textarea({**attrs, "rows": rows}) if rows else forms.TextInput(attrs)
    return CanonicalCharField(label=label, widget=widget, **options)
