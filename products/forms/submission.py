"""The submission form: what an agency types about a product, kept as typed and read when it can be read."""

import re
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products import codes
from products.models import KindField, Product, ProductKind
from secretariat import calendar
from secretariat.bilingual import in_language
from secretariat.fields import (
    CanonicalCharField,
    JalaliDateFormField,
    LtrInput,
    NumberFormField,
    WholeNumberFormField,
    refusal,
)
from secretariat.models import Agency, Unit
from secretariat.persian import Refused

QUESTION = "q_"  # before the key of a kind's question, so that it never meets one of our own fields
ROWS = {"creators": ("name", "role"), "links": ("url", "label")}
MAX_ROWS = 60
_ROW_NAME = re.compile(r"(creators|links)-([0-9]{1,3})-([a-z]+)")

_CODES = {
    "not_an_isbn": gettext_lazy("This is not an ISBN. It has 13 digits (or 10 before 2007), as on the back of the book."),
    "not_an_issn": gettext_lazy("This is not an ISSN. It has eight signs, like %(example)s."),
}


_NOT_AN_ADDRESS = gettext_lazy("This is not a web address. Write it like https://example.ir/page.")


class WebAddressField(forms.URLField):
    """A web address, written left to right; without a scheme it is taken as https."""

    def __init__(self, **kwargs):
        kwargs.setdefault("assume_scheme", "https")
        kwargs.setdefault("max_length", 500)
        kwargs.setdefault("widget", forms.TextInput({"dir": "ltr", "inputmode": "url", "autocomplete": "off"}))
        kwargs.setdefault("error_messages", {"invalid": _NOT_AN_ADDRESS})
        super().__init__(**kwargs)

    default_validators = [URLValidator(schemes=["http", "https"], message=_NOT_AN_ADDRESS)]


class CodeField(forms.CharField):
    """An ISBN or ISSN, checked by its check digit."""

    def __init__(self, check, **kwargs):
        self.check = check
        kwargs.setdefault("widget", LtrInput())
        super().__init__(max_length=40, **kwargs)

    def to_python(self, value):
        """Give the stored form."""
        value = super().to_python(value)
        if value in self.empty_values:
            return value
        try:
            return self.check(value)
        except Refused as refused:
            if refused.code in _CODES:
                raise ValidationError(_CODES[refused.code] % {"example": "2008-1782"}, code=refused.code) from None
            raise refusal(refused.code, **refused.params) from None


def _area(rows):
    return forms.Textarea({"rows": rows, "dir": "auto"})


def _line(**attrs):
    return forms.TextInput({"dir": "auto", **attrs})


def question_field(question):
    """The form field of one question of a kind."""
    kinds = KindField.Type
    common = {"label": question.label, "help_text": question.help, "required": question.required}
    if question.type == kinds.LONG:
        return CanonicalCharField(max_length=4000, widget=_area(4), **common)
    if question.type == kinds.NUMBER:
        return NumberFormField(min_value=0, max_digits=18, decimal_places=4, **common)
    if question.type == kinds.WHOLE:
        return WholeNumberFormField(min_value=0, max_value=10**12, **common)
    if question.type == kinds.DATE:
        return JalaliDateFormField(**common)
    if question.type == kinds.CHOICE:
        options = [(option["value"], in_language(option["fa"], option["en"])) for option in question.choices]
        return forms.ChoiceField(choices=[("", _("Choose")), *options], **common)
    if question.type == kinds.URL:
        return WebAddressField(**common)
    if question.type in (kinds.ISBN, kinds.ISSN):
        return CodeField(codes.isbn if question.type == kinds.ISBN else codes.issn, **common)
    return CanonicalCharField(max_length=300, widget=_line(), **common)


def _tidy(form):
    """Labels begin with a capital; and a browser must not cut a long text off without a word: the check says so instead."""
    for formfield in form.fields.values():
        formfield.widget.attrs.pop("maxlength", None)
        formfield.label = capfirst(formfield.label)


class StartForm(forms.Form):
    """Whose product it is and of what kind: all that is needed to open a draft."""

    agency = forms.ModelChoiceField(Agency.objects.none(), label=gettext_lazy("agency"))
    kind = forms.ModelChoiceField(
        ProductKind.objects.none(), label=gettext_lazy("kind"), error_messages={"required": gettext_lazy("Choose what it is.")}
    )

    def __init__(self, *args, agencies, kinds, **kwargs):
        super().__init__(*args, **kwargs)
        _tidy(self)
        self.fields["agency"].queryset = agencies
        self.fields["kind"].queryset = kinds


class AnswersForm(forms.Form):
    """Everything asked about a product except creators, links and files, which may be many."""

    title_fa = CanonicalCharField(label=gettext_lazy("title"), max_length=300, widget=_line())
    title_en = CanonicalCharField(
        label=gettext_lazy("title in English"),
        max_length=300,
        required=False,
        widget=forms.TextInput({"dir": "ltr", "lang": "en"}),
        help_text=gettext_lazy("As it should stand on the English page and the certificate."),
    )
    summary = CanonicalCharField(
        label=gettext_lazy("summary"),
        max_length=4000,
        widget=_area(6),
        help_text=gettext_lazy(
            "What it is, for whom, and what is special about it: one or two paragraphs. The assessors read this first."
        ),
    )
    audience = forms.ChoiceField(
        label=gettext_lazy("audience"),
        choices=[("", gettext_lazy("Choose")), *Product.Audience.choices],
        help_text=gettext_lazy("A product for children and young people is also judged by the indicators made for them."),
    )
    starts_on = JalaliDateFormField(
        label=gettext_lazy("published or begun on"), help_text=gettext_lazy("For example 1404/11/05.")
    )
    ends_on = JalaliDateFormField(
        label=gettext_lazy("ended on"),
        required=False,
        help_text=gettext_lazy("Only for what lasted a while: an exhibition, a course …"),
    )
    unit = forms.ModelChoiceField(
        Unit.objects.none(),
        label=gettext_lazy("unit"),
        required=False,
        empty_label=gettext_lazy("The agency as a whole"),
        help_text=gettext_lazy("The part of your agency that made it."),
    )

    def __init__(self, *args, questions, units, lenient=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units
        for question in questions:
            self.fields[QUESTION + question.key] = question_field(question)
        _tidy(self)
        for formfield in self.fields.values():
            formfield.required = formfield.required and not lenient

    def clean(self):
        cleaned = super().clean()
        begins, ends = cleaned.get("starts_on"), cleaned.get("ends_on")
        if begins and ends and ends < begins:
            self.add_error("ends_on", _("It cannot have ended before it began."))
        return cleaned


class TidyForm(forms.Form):
    """A form whose fields are tidied: see _tidy."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _tidy(self)


class CreatorForm(TidyForm):
    """One person who made it."""

    name = CanonicalCharField(label=gettext_lazy("name"), max_length=150, widget=_line())
    role = CanonicalCharField(label=gettext_lazy("part in the work"), max_length=100, required=False, widget=_line())


class LinkForm(TidyForm):
    """One address where it, or something about it, can be seen."""

    url = WebAddressField(label=gettext_lazy("web address"))
    label = CanonicalCharField(label=gettext_lazy("what is there"), max_length=200, required=False, widget=_line())


_ROW_FORMS = {"creators": CreatorForm, "links": LinkForm}


@dataclass
class Problem:
    """Something that still prevents submission: where it is and what it says."""

    name: str  # of the form field, or "creators", "links", "files"
    label: str
    sentence: str
    anchor: str  # the id to jump to


@dataclass
class Sheet:
    """The whole form of one product: the answers, the rows, and what is wrong with them when asked."""

    product: Product
    draft: dict
    check: bool = False
    spare_rows: int = 0
    lenient: bool = False
    files: list = field(default_factory=list)
    reasons: dict = field(default_factory=dict)  # {form field: what the secretariat wants corrected}

    @cached_property
    def questions(self):
        return list(self.product.kind.fields.all())

    @cached_property
    def form(self):
        answers = self.draft.get("answers", {})
        about = {
            "questions": self.questions,
            "units": self.product.agency.units.all(),
            "lenient": self.lenient,
        }
        form = AnswersForm(answers, **about) if self.check else AnswersForm(initial=answers, **about)
        for name in form.fields.keys() & self.reasons.keys():
            formfield = form.fields[name]
            # As a part of the help it is read out with the field.
            formfield.help_text = format_html(
                '<span class="field-reason">{}: {}</span> {}', _("To correct"), self.reasons[name], formfield.help_text
            )
        return form

    @property
    def question_names(self):
        """The names of the fields of this kind's own questions."""
        return " ".join(QUESTION + question.key for question in self.questions)

    @property
    def has_units(self):
        """Whether there is a unit to choose."""
        return self.form.fields["unit"].queryset.exists()

    def _rows(self, kind):
        rows = [row for row in self.draft.get(kind, []) if any(text.strip() for text in row.values())]
        made = []
        for place, row in enumerate(rows):
            prefix = f"{kind}-{place}"
            bound = {f"{prefix}-{name}": text for name, text in row.items()}
            maker = _ROW_FORMS[kind]
            made.append(maker(bound, prefix=prefix) if self.check else maker(initial=row, prefix=prefix))
        return made

    @cached_property
    def creators(self):
        return self._rows("creators")

    @cached_property
    def links(self):
        return self._rows("links")

    def _spare(self, kind, count):
        return [_ROW_FORMS[kind](prefix=f"{kind}-{len(getattr(self, kind)) + extra}") for extra in range(count)]

    @property
    def creator_rows(self):
        """The rows to show: what was typed and some empty ones."""
        return [*self.creators, *self._spare("creators", self.spare_rows or (0 if self.creators else 1))]

    @property
    def link_rows(self):
        return [*self.links, *self._spare("links", self.spare_rows or (0 if self.links else 1))]

    @property
    def blank_creator(self):
        """A pattern for the browser to copy."""
        return CreatorForm(prefix="creators-__n__")

    @property
    def blank_link(self):
        return LinkForm(prefix="links-__n__")

    def cleaned_rows(self, kind):
        """The rows that can be read, as dicts."""
        return [form.cleaned_data for form in getattr(self, kind) if form.is_valid()]

    @cached_property
    def problems(self):
        """Everything that prevents submission, in the order of the page."""
        found = []
        for name, errors in self.form.errors.items():
            bound = self.form[name]
            found += [Problem(name, str(bound.label), str(error), bound.id_for_label) for error in errors]
        order = list(self.form.fields)
        found.sort(key=lambda problem: order.index(problem.name))
        for kind, label in (("creators", _("Creators")), ("links", _("Links"))):
            for place, row in enumerate(getattr(self, kind), 1):
                for name, errors in row.errors.items():
                    where = f"{label} {calendar.digits(place)}: {row[name].label}"
                    found += [Problem(kind, where, str(error), row[name].id_for_label) for error in errors]
        if self.product.kind.group == ProductKind.Group.PRODUCT and not self.creators:
            found.append(Problem("creators", _("Creators"), _("Name at least one person who made it."), "id_creators-0-name"))
        if not self.links and not self.files:
            found.append(
                Problem("files", _("Files"), _("Add at least one file or link, so that the assessors can see it."), "files")
            )
        return found

    def values(self):
        """Columns of Product read from the answers: {name: value}, only what could be read."""
        cleaned = {}
        for name, value in getattr(self.form, "cleaned_data", {}).items():
            if not name.startswith(QUESTION):
                cleaned[name] = value
        cleaned["details"] = {
            name.removeprefix(QUESTION): stored(value)
            for name, value in self.form.cleaned_data.items()
            if name.startswith(QUESTION) and value not in (None, "")
        }
        return cleaned


def stored(value: Any):
    """An answer as JSON keeps it: days as Gregorian ISO, exact numbers as text."""
    if hasattr(value, "togregorian"):
        return value.togregorian().isoformat()
    if value is None or isinstance(value, str | int):
        return value
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def typed(names, post):
    """What came with a request, word for word: {"answers", "creators", "links"}, only what was sent."""
    data = {"answers": {name: post[name] for name in names if name in post}}
    rows = {}
    for name in post:
        if (match := _ROW_NAME.fullmatch(name)) and match[3] in ROWS[match[1]]:
            rows.setdefault(match[1], {}).setdefault(int(match[2]), {})[match[3]] = post[name]
    for kind in ROWS:
        # The form says that it carries the rows, so that removing the last one is told from not asking.
        if kind in rows or f"{kind}-sent" in post:
            data[kind] = [row for _place, row in sorted(rows.get(kind, {}).items())]
    return data


class ManyFiles(forms.FileInput):
    """A choice of one or several files."""

    allow_multiple_selected = True


class FileForm(TidyForm):
    """A file and what it is."""

    file = forms.FileField(
        label=gettext_lazy("add a file"),
        help_text=gettext_lazy("PDF, JPEG, PNG, WebP, DOCX, XLSX, PPTX, MP3 or MP4."),
        widget=ManyFiles({"multiple": True}),
    )
    note = CanonicalCharField(label=gettext_lazy("what it is"), max_length=200, required=False, widget=_line())


class WithdrawForm(TidyForm):
    """Why a product is taken back."""

    why = CanonicalCharField(
        label=gettext_lazy("reason"),
        max_length=2000,
        widget=_area(4),
        help_text=gettext_lazy("The secretariat reads it, and it stays in the trail."),
    )
