"""What is typed about exemplars: the words of a nomination, the agency's answers, which ones a council is to name."""

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products import rules
from products.models.exemplars import TOLD, WORDS
from products.selectors import exemplars as selectors
from secretariat.calendar import digits
from secretariat.fields import CanonicalCharField
from secretariat.templatetags.portal_text import num

LONGEST = 3000
_opens = URLValidator(schemes=["https", "http"])

ASKED = {
    "reason": (gettext_lazy("Why it is an exemplar"), gettext_lazy("One or two sentences that everybody understands.")),
    "done": (gettext_lazy("What they did"), gettext_lazy("The work itself, in the order in which it was done.")),
    "worked": (gettext_lazy("Why it worked"), gettext_lazy("What made the difference, and how one saw it.")),
    "needs": (gettext_lazy("What it takes"), gettext_lazy("People, time, money, partners, permissions.")),
    "begin": (gettext_lazy("How to begin"), gettext_lazy("The first steps for somebody who wants to do the same.")),
}


class NominationForm(forms.Form):
    """A nomination; only what cannot be read is refused, what is missing waits until somebody is asked."""

    points = forms.MultipleChoiceField(
        label=gettext_lazy("In what it is an exemplar"), required=False, widget=forms.CheckboxSelectMultiple
    )
    files = forms.MultipleChoiceField(  # type: ignore[assignment]  # a declared field is no attribute of the form
        label=gettext_lazy("Files as evidence"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Chosen from the accepted submission; nothing is copied. The agency says of each whether it may be published."
        ),
    )
    links = CanonicalCharField(
        label=gettext_lazy("Links"),
        max_length=4000,
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 3, "dir": "ltr", "spellcheck": "false"}),
        help_text=gettext_lazy("One address a line, of pages that show it."),
    )

    def __init__(self, *args, exemplar, **kwargs):
        super().__init__(*args, **kwargs)
        self.spots = selectors.spots(exemplar.score)
        self.fields["points"].choices = [(str(spot.score.pk), _spot_label(spot)) for spot in self.spots]
        places = selectors.evidence_places(exemplar.product)
        self.fields["files"].choices = [
            (str(place.pk), f"{place.file.name} – {place.file.note}" if place.file.note else place.file.name) for place in places
        ]
        for stem, (label, help_text) in ASKED.items():
            for language, tongue in (("fa", _("in Persian")), ("en", _("in English, if you like"))):
                self.fields[f"{stem}_{language}"] = CanonicalCharField(
                    label=f"{label} – {tongue}",
                    max_length=LONGEST,
                    required=False,
                    widget=forms.Textarea(
                        {"rows": 2 if stem == "reason" else 4, "lang": language, "dir": "rtl" if language == "fa" else "ltr"}
                    ),
                    help_text=help_text if language == "fa" else "",
                )

    @classmethod
    def of(cls, exemplar, data=None):
        """The form of a nomination with what stands."""
        initial = {name: getattr(exemplar, name) for name in WORDS} | {
            "links": "\n".join(exemplar.links),
            "points": [str(pk) for pk in exemplar.points.values_list("score", flat=True)],
            "files": [str(pk) for pk in exemplar.files.values_list("place", flat=True)],
        }
        return cls(data, exemplar=exemplar, initial=initial)

    def pairs(self):
        """(Persian, English) of each text, for the page."""
        return [(self[f"{stem}_fa"], self[f"{stem}_en"]) for stem in TOLD]

    def marked_points(self):
        """(spot, its box) in the order of the sheet."""
        return list(zip(self.spots, self["points"].subwidgets, strict=True))

    def clean_links(self):
        lines = [line.strip() for line in self.cleaned_data["links"].splitlines() if line.strip()]
        for line in lines:
            try:
                _opens(line)
            except forms.ValidationError:
                raise forms.ValidationError(
                    _("“%(line)s” is no web address. It begins with https:// or http://.") % {"line": line[:80]}
                ) from None
        if len(lines) > rules.MOST_EXEMPLAR_LINKS:
            raise forms.ValidationError(_("At most %(n)s links are taken.") % {"n": digits(rules.MOST_EXEMPLAR_LINKS)})
        return lines

    def clean_files(self):
        chosen = self.cleaned_data["files"]
        if len(chosen) > rules.MOST_EXEMPLAR_FILES:
            raise forms.ValidationError(_("Choose at most %(n)s files.") % {"n": digits(rules.MOST_EXEMPLAR_FILES)})
        return [int(pk) for pk in chosen]

    def clean_points(self):
        return [int(pk) for pk in self.cleaned_data["points"]]

    @property
    def content(self):
        """What the service takes."""
        said = self.cleaned_data
        return {
            "words": {name: said[name] for name in WORDS},
            "links": said["links"],
            "points": said["points"],
            "files": said["files"],
        }


def _spot_label(spot):
    return f"{digits(spot.number)}. {spot.score.indicator.title} – {num(spot.score.value, 1)}"


class ConsentForm(forms.Form):
    """The agency's word: of each chosen file yes or no, and that what is shown may be published."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args, evidence, **kwargs):
        super().__init__(*args, **kwargs)
        self.evidence = evidence
        for one in evidence:
            self.fields[f"file-{one.row.pk}"] = forms.ChoiceField(
                label=one.name,
                help_text=one.note if one.note != one.name else "",
                widget=forms.RadioSelect,
                choices=[("yes", _("may be published")), ("no", _("may not be published"))],
                error_messages={"required": _("Say of each file whether it may be published.")},
            )
        self.fields["agrees"] = forms.BooleanField(
            label=_("I consent on behalf of my agency to the publication of exactly this."),
            error_messages={"required": _("Without this tick nothing is published.")},
        )

    @property
    def answers(self):
        """{chosen file's pk: may it be published}."""
        return {one.row.pk: self.cleaned_data[f"file-{one.row.pk}"] == "yes" for one in self.evidence}

    def file_fields(self):
        return [self[f"file-{one.row.pk}"] for one in self.evidence]


class NamingForm(forms.Form):
    """The words above the list, and which nominations the council is to name."""

    title = CanonicalCharField(label=gettext_lazy("Title"), max_length=200, widget=forms.TextInput({"dir": "auto"}))
    text = CanonicalCharField(
        label=gettext_lazy("Text of the resolution"), max_length=20000, widget=forms.Textarea({"rows": 3, "dir": "auto"})
    )
    exemplars = forms.MultipleChoiceField(
        label=gettext_lazy("Nominations"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one nomination.")},
    )

    def __init__(self, *args, ready, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["exemplars"].choices = [(str(one.pk), one.product.title) for one in ready]

    def clean_exemplars(self):
        return [int(pk) for pk in self.cleaned_data["exemplars"]]
