"""A table of councils as it is sent: its columns, and what each row, one seat, says."""

from dataclasses import dataclass, field

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import sent_tables
from secretariat.errors import RuleBroken
from secretariat.fields import JalaliDateField, MobileFormField
from secretariat.models import Council, Seat
from secretariat.persian import search_key

MOST_ROWS = 1_000
EXAMPLE_ADDRESS = "example@example.org"  # the row of the template that shows how it is meant; never imported
LABELS = {
    "council": gettext_lazy("Council"),
    "council_en": gettext_lazy("Council in English"),
    "kind": gettext_lazy("Kind of council"),
    "parent": gettext_lazy("Under the council"),
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "email": gettext_lazy("E-mail address"),
    "mobile": gettext_lazy("Mobile number"),
    "role": gettext_lazy("Role in the council"),
    "since": gettext_lazy("Term from"),
    "until": gettext_lazy("Term until"),
    "deputy": gettext_lazy("E-mail address of the deputy"),
}


@dataclass
class SeatRow:
    """One row: its number in the sheet, what it says, and what is wrong with it as (cell, sentence) pairs."""

    number: int
    cells: dict  # {column key: "C7"}
    said: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)

    def get(self, key, otherwise=None):
        return self.said.get(key, otherwise)

    def blame(self, key, sentence):
        """Lay a fault to the cell of a column, or to the row where the table has no such column."""
        self.faults.append((self.cells.get(key) or self.cells["council"], sentence))


def table(rows):
    """The rows of a sheet as what is kept of them. Raises RuleBroken when the headings cannot be told."""
    return sent_tables.table(
        rows, LABELS, needed=["council", "email"], is_example=lambda said: said.get("email", "").lower() == EXAMPLE_ADDRESS
    )


def read(content):
    """[SeatRow] of a kept table."""
    kinds, roles = sent_tables.chosen(Council.Kind), sent_tables.chosen(Seat.Role)
    readers = {
        "council": lambda text: _text(text, 200),
        "council_en": lambda text: _text(text, 200),
        "kind": lambda text: _one_of(text, kinds, _("“%(word)s” is not a kind of council.")),
        "parent": lambda text: _text(text, 200),
        "first_name": lambda text: _text(text, 150),
        "last_name": lambda text: _text(text, 150),
        "email": _email,
        "mobile": lambda text: MobileFormField().clean(text),
        "role": lambda text: _one_of(text, roles, _("“%(word)s” is not a role in a council.")),
        "since": _day,
        "until": _day,
        "deputy": _email,
    }
    return [_row(kept, content["headings"], readers) for kept in content["rows"]]


def _row(kept, headings, readers):
    row = SeatRow(kept["n"], {key: f"{letter}{kept['n']}" for key, letter in headings.items()})
    for key, reader in readers.items():
        if key not in kept:
            continue
        try:
            row.said[key] = reader(kept[key])
        except (RuleBroken, ValidationError) as wrong:
            row.blame(key, " ".join(getattr(wrong, "messages", [str(wrong)])))
    if "council" not in kept:
        row.blame("council", _("Write the name of the council."))
    if "email" not in kept:
        row.blame("email", _("Write the e-mail address."))
    since, until = row.get("since"), row.get("until")
    if since and until and until < since:
        row.blame("until", _("A term ends after it begins."))
    if row.get("deputy") and row.get("deputy") == row.get("email"):
        row.blame("deputy", _("Nobody is the own deputy."))
    return row


def _text(text, most):
    return forms.CharField(max_length=most).clean(text)


def _email(text):
    return forms.EmailField(max_length=254).clean(text).lower()


def _day(text):
    # A cell that Excel holds as a date comes as an ISO day; typed ones are Jalali.
    return JalaliDateField().to_python(text)


def _one_of(text, known, sentence):
    if search_key(text) not in known:
        raise RuleBroken(sentence % {"word": text})
    return known[search_key(text)]
