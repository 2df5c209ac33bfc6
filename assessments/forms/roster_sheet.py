"""A table of assessors as officers send it: its columns, and what each row says."""

import re
from dataclasses import dataclass, field

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.models import Affiliation, Assessor, ExpertiseField, IndicatorSet
from secretariat import sent_tables
from secretariat.calendar import digits
from secretariat.errors import RuleBroken
from secretariat.fields import MobileFormField, WholeNumberFormField
from secretariat.models import Agency, Province
from secretariat.persian import Refused, national_code_from_sheet, search_key
from secretariat.refusals import refusal
from secretariat.sent_tables import chosen, named

MOST_ROWS = 1_000
EXAMPLE_ADDRESS = "example@example.org"  # the row of the template that shows how it is meant; never imported
LABELS = {
    "name": gettext_lazy("Name"),
    "email": gettext_lazy("E-mail address"),
    "mobile": gettext_lazy("Mobile number"),
    "national_code": gettext_lazy("National code"),
    "fields": gettext_lazy("Fields of expertise"),
    "sets": gettext_lazy("Indicator sets"),
    "languages": gettext_lazy("Languages"),
    "province": gettext_lazy("Province"),
    "capacity": gettext_lazy("Products at one time"),
    "affiliations": gettext_lazy("Affiliations"),
}
_PARTED = re.compile(r"[،,;؛\n]+")
_AGENCIES_PARTED = re.compile(r"[;؛\n]+")
_KIND = re.compile(r"^(?P<agency>.*?)\s*[(（](?P<kind>[^()]*)[)）]\s*$")


@dataclass
class SheetRow:
    """One row: its number in the sheet, what it says, and what is wrong with it as (cell, sentence) pairs."""

    number: int
    name: str = ""
    email: str = ""
    profile: dict = field(default_factory=dict)  # as services.roster.fill takes it
    faults: list = field(default_factory=list)


def table(rows):
    """The rows of a sheet as what is kept of them. Raises RuleBroken when the headings cannot be told."""
    return sent_tables.table(rows, LABELS, needed=["email"], is_example=lambda said: said.get("email", "").lower() == EXAMPLE_ADDRESS)


class Vocabulary:
    """The words that a table may use: fields, sets, provinces, agencies, languages and kinds of ties, in both languages."""

    def __init__(self):
        self.fields = named(ExpertiseField.objects.filter(is_active=True), "name_fa", "name_en")
        self.sets = named(IndicatorSet.objects.all(), "title_fa", "title_en", "code")
        self.provinces = named(Province.objects.all(), "name_fa", "name_en", "iso")
        self.agencies = named(Agency.objects.all(), "name_fa", "name_en", "slug")
        self.languages = chosen(Assessor.Language)
        self.kinds = chosen(Affiliation.Kind)

    def read(self, content):
        """[SheetRow] of a kept table; an address that stands in it twice is a fault of the second row."""
        rows, seen = [], {}
        for said in content["rows"]:
            row = SheetRow(said["n"])
            self._read(row, said, {key: f"{letter}{said['n']}" for key, letter in content["headings"].items()})
            if row.email and (first := seen.setdefault(row.email, row)) is not row:
                cell = f"{content['headings']['email']}{row.number}"
                row.faults.append((cell, _("This address stands in row %(n)s already.") % {"n": digits(first.number)}))
            rows.append(row)
        return rows

    def _read(self, row, said, cells):
        readers = {
            "name": self._name, "email": self._email, "mobile": self._mobile, "national_code": self._code, "capacity": self._capacity,
            "fields": lambda text: self._each(text, self.fields, _("There is no field of expertise “%(word)s”.")),
            "sets": lambda text: self._each(text, self.sets, _("There is no indicator set “%(word)s”.")),
            "languages": lambda text: self._each(text, self.languages, _("“%(word)s” is not in the list of languages.")),
            "province": lambda text: self._each(text, self.provinces, _("There is no province “%(word)s”."))[0],
            "affiliations": self._affiliations,
        }  # fmt: skip
        for key, read in readers.items():
            if key not in said:
                continue
            try:
                value = read(said[key])
            except (RuleBroken, ValidationError) as wrong:
                row.faults.append((cells[key], " ".join(getattr(wrong, "messages", [str(wrong)]))))
            else:
                if key in ("name", "email"):
                    setattr(row, key, value)
                else:
                    row.profile[key] = value
        if "email" not in said:
            row.faults.append((cells["email"], _("Write the e-mail address.")))

    @staticmethod
    def _name(text):
        return forms.CharField(max_length=150).clean(text)

    @staticmethod
    def _email(text):
        return forms.EmailField(max_length=254).clean(text).lower()

    @staticmethod
    def _mobile(text):
        return MobileFormField().clean(text)

    @staticmethod
    def _code(text):
        try:
            return national_code_from_sheet(text)
        except Refused as refused:
            raise refusal(refused.code, **refused.params) from None

    @staticmethod
    def _capacity(text):
        return WholeNumberFormField(min_value=1, max_value=200).clean(text)

    @staticmethod
    def _each(text, known, sentence):
        found = []
        for word in filter(None, (part.strip() for part in _PARTED.split(text))):
            if search_key(word) not in known:
                raise RuleBroken(sentence % {"word": word})
            found.append(known[search_key(word)])
        if not found:
            raise RuleBroken(sentence % {"word": text})
        return sorted(set(found), key=found.index)

    def _affiliations(self, text):
        found = {}
        for part in filter(None, (part.strip() for part in _AGENCIES_PARTED.split(text))):
            named = _KIND.match(part) if search_key(part) not in self.agencies else None
            name, kind = (named["agency"], named["kind"]) if named else (part, "")
            if search_key(name) not in self.agencies:
                raise RuleBroken(_("There is no agency “%(word)s”.") % {"word": name})
            if kind and search_key(kind) not in self.kinds:
                raise RuleBroken(_("“%(word)s” is not a kind of tie.") % {"word": kind})
            found[self.agencies[search_key(name)]] = self.kinds.get(search_key(kind), Affiliation.Kind.EMPLOYEE.value)
        return [[agency, kind] for agency, kind in sorted(found.items())]
