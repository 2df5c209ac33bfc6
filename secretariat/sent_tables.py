"""Taking tables in: headings found, rows kept, looked at row by row, and written in one piece or not at all."""

import hashlib
import json
from collections import Counter
from datetime import timedelta

from django import forms
from django.core.paginator import Paginator
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl.utils import get_column_letter

from secretariat.errors import RuleBroken, Stale
from secretariat.models.sent_tables import SentTable
from secretariat.persian import search_key

KEPT = timedelta(days=30)  # what is not confirmed by then is forgotten, and of what was, only the figures stay
STATES = ("wrong", "new", "changed", "unchanged")
WORDS = {
    "wrong": gettext_lazy("wrong"),
    "new": gettext_lazy("new"),
    "changed": gettext_lazy("changed"),
    "unchanged": gettext_lazy("unchanged"),
}
A_PAGE = 50


class ImportForm(forms.Form):
    """The file with the table."""

    file = forms.FileField(
        label=gettext_lazy("Excel file"),
        widget=forms.FileInput({"accept": ".xlsx"}),
        help_text=gettext_lazy("XLSX, best the template of this page."),
    )


# --- reading -------------------------------------------------------------------------------------


def table(rows, labels, *, needed, is_example=lambda said: False):
    """The rows of a sheet as what is kept of them: {"headings": {column key: letter}, "rows": [{"n": number, key: text}]}.

    `labels` are the headings by key, found in either language and any order; `needed` are the keys without which nothing
    can be read; rows that the template brought as an example are left out. Raises RuleBroken (field "file").
    """
    start = next((place for place, row in enumerate(rows) if len(_headings(row, labels)) >= 2), None)
    if start is None or set(needed) - set(headings := _headings(rows[start], labels)):
        raise RuleBroken(_("The headings of the template were not found. Fill in the template and send it."), field="file")
    kept = []
    for number, row in enumerate(rows[start + 1 :], start + 2):
        said = {key: row[place] for key, place in headings.items() if place < len(row) and row[place]}
        if said and not is_example(said):
            kept.append({"n": number, **said})
    if not kept:
        raise RuleBroken(_("There is no row below the headings."), field="file")
    return {"headings": {key: get_column_letter(place + 1) for key, place in headings.items()}, "rows": kept}


def _headings(row, labels):
    """{column key: place} of a row of headings, in either language."""
    known = {search_key(_in(language, label)): key for key, label in labels.items() for language in ("fa", "en")}
    return {known[search_key(text)]: place for place, text in reversed(list(enumerate(row))) if search_key(text) in known}


def _in(language, text):
    with translation.override(language):
        return str(text)


def named(rows, *columns):
    """{word as it is searched for: primary key} of rows that go by any of these columns."""
    found = {}
    for pk, *words in rows.values_list("pk", *columns):
        found.update({search_key(word): pk for word in words if word})
    return found


def chosen(choices):
    """{word: value} of Choices, by value and by label in either language."""
    words = {search_key(code): code for code in choices.values}
    for language in ("fa", "en"):
        with translation.override(language):
            words.update({search_key(str(label)): code for code, label in choices.choices})
    return words


# --- looking and writing -------------------------------------------------------------------------


def fingerprint(told):
    """A hash of what confirming would do: another one as soon as it would do something else."""
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()


def counted(lines):
    """How many lines are in each state."""
    counts = Counter(line.state for line in lines)
    return {state: counts[state] for state in STATES}


def check(kept, preview, seen):
    """The lines of a table that may be written now; `seen` is the fingerprint on which somebody decided.

    Raises RuleBroken while a row is wrong or the table has served, and Stale when it would do something else by now.
    """
    if kept.written_at:
        raise RuleBroken(_("This table was written already."))
    if not kept.content:
        raise RuleBroken(_("This table was forgotten because nobody confirmed it. Send it again."))
    lines, now = preview(kept.content)
    if any(line.state == "wrong" for line in lines):
        raise RuleBroken(_("Some rows are wrong: correct them in the file and send it again. Nothing was written."))
    if now != seen:
        raise Stale(_("Something changed since this preview was made. Look at it again; nothing was written."), kept)
    return lines


def written(kept, lines, *, by):
    """Record that a table was written, and what it was."""
    kept.written_at, kept.written_by, kept.counts = timezone.now(), by, counted(lines)
    kept.save(update_fields=["written_at", "written_by", "counts"])
    return kept


def forget():
    """Empty the tables of every room that have served: people's data is kept in their own rows alone. Gives how many."""
    old = timezone.now() - KEPT
    return sum(kind.objects.filter(sent_at__lt=old).exclude(content={}).update(content={}) for kind in SentTable.__subclasses__())


def shown(request, lines, now):
    """What the page of a table shows: the lines of one state, page by page."""
    counts = counted(lines)
    state = request.GET.get("state")
    if state not in STATES:
        state = next((one for one in STATES if counts[one]), "new")
    return {
        "seen": now,
        "state": state,
        "tabs": [(WORDS[one], f"?state={one}", one == state, counts[one]) for one in STATES],
        "page": Paginator([line for line in lines if line.state == state], A_PAGE).get_page(request.GET.get("page")),
        "wrong": counts["wrong"],
        "to_write": counts["new"] + counts["changed"],
    }
