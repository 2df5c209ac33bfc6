"""The content of a submission version: how it is built, hashed, shown and compared. Reads no database."""

from dataclasses import dataclass
from typing import Any

import jdatetime
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from products.forms.submission import QUESTION, stored
from secretariat import calendar, persian
from secretariat.bilingual import in_language

FORMAT = 1


# --- building ------------------------------------------------------------------------------------


def build(sheet):
    """Everything that a checked sheet says, with labels and readable values in both languages."""
    product, cleaned = sheet.product, sheet.form.cleaned_data
    kind, agency, unit = product.kind, product.agency, cleaned.get("unit")
    return {
        "format": FORMAT,
        "kind": {"code": kind.code, "fa": kind.title_fa, "en": kind.title_en},
        "agency": {"slug": agency.slug, "fa": agency.name_fa, "en": agency.name_en},
        "unit": {"fa": unit.name_fa, "en": unit.name_en or unit.name_fa} if unit else None,
        "answers": list(_answers(sheet, cleaned)),
        "creators": [{"name": row["name"], "role": row["role"]} for row in sheet.cleaned_rows("creators")],
        "links": [{"url": row["url"], "label": row["label"]} for row in sheet.cleaned_rows("links")],
        "files": [
            {
                "id": file.pk,
                "name": file.name,
                "size": file.size,
                "content_type": file.content_type,
                "sha256": file.sha256,
                "note": file.note,
            }
            for file in sheet.files
        ],
    }


def _answers(sheet, cleaned):
    questions = {QUESTION + question.key: question for question in sheet.questions}
    for name, formfield in sheet.form.fields.items():
        if name == "unit":
            continue
        question, value = questions.get(name), cleaned.get(name)
        options = {str(key): label for key, label in getattr(formfield, "choices", [])}
        yield {
            "key": name,
            "label": {"fa": question.label_fa, "en": capfirst(question.label_en)}
            if question
            else _in_both(lambda f=formfield: f.label),
            "type": question.type if question else _type(value, options),
            "value": stored(value),
            "shown": _shown(question, value, options),
            "hidden": bool(question and question.names_maker),
        }


def _type(value, options):
    return "choice" if options else "date" if isinstance(value, jdatetime.date) else "text"


def _in_both(text):
    shown = {}
    for language in ("fa", "en"):
        with translation.override(language):
            shown[language] = str(text())
    return shown


def _shown(question, value, options):
    if value is None or value == "":
        return {"fa": "", "en": ""}
    if question and question.choices:
        option = next(option for option in question.choices if option["value"] == value)
        return {"fa": option["fa"], "en": option["en"]}
    return _in_both(lambda: _readable(value, options))


def _readable(value, options):
    if options:
        return options[value]
    if isinstance(value, jdatetime.date):
        return calendar.long_date(value)
    if isinstance(value, str):
        return value
    return persian.display_fa(value, max_places=4) if calendar.reads_persian() else persian.grouped(value, max_places=4)


# --- showing -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """One answer as the present reader reads it."""

    key: str
    label: str
    text: str
    type: str
    hidden: bool = False

    @property
    def is_code(self):
        """Written left to right whatever the page."""
        return self.type in ("isbn", "issn", "url")


def answers(content):
    """The answers of a version in the reader's language, the unit among them."""
    rows = [
        Answer(row["key"], in_language(**row["label"]), in_language(**row["shown"]), row["type"], row["hidden"])
        for row in content["answers"]
    ]
    unit = content.get("unit")
    rows.append(Answer("unit", _("Unit"), in_language(**unit) if unit else _("The agency as a whole"), "text", hidden=True))
    return rows


def field_labels(content):
    """What can be returned for correction: (form field, its label) for every part of a version."""
    rows = [(answer.key, answer.label) for answer in answers(content)]
    return [*rows, ("creators", _("Creators")), ("links", _("Links")), ("files", _("Files"))]


# --- comparing -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """What one field said before and says now; lists are compared item by item."""

    key: str
    label: str
    before: Any
    after: Any
    is_list: bool = False


def changes(before, after):
    """The fields in which two versions differ, in the order of the newer one."""
    old, found = {answer.key: answer for answer in answers(before)}, []
    for answer in answers(after):
        earlier = old.pop(answer.key, None)
        if (earlier.text if earlier else "") != answer.text:
            found.append(Change(answer.key, answer.label, earlier.text if earlier else "", answer.text))
    found += [Change(answer.key, answer.label, answer.text, "") for answer in old.values() if answer.text]
    for key, label, line in (
        ("creators", _("Creators"), _creator_line),
        ("links", _("Links"), _link_line),
        ("files", _("Files"), _file_line),
    ):
        ours, theirs = [line(row) for row in before[key]], [line(row) for row in after[key]]
        if ours != theirs:
            gone, new = [row for row in ours if row not in theirs], [row for row in theirs if row not in ours]
            if not gone and not new:  # only their order changed
                gone, new = ours, theirs
            found.append(Change(key, label, gone, new, is_list=True))
    return found


def _creator_line(row):
    return f"{row['name']} – {row['role']}" if row["role"] else row["name"]


def _link_line(row):
    return f"{row['label']}: {row['url']}" if row["label"] else row["url"]


def _file_line(row):
    # The same name with other bytes is another file: the first signs of its hash tell them apart.
    return f"{row['name']} ({row['sha256'][:8]})"
