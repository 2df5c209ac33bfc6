"""The trail of changes that the database keeps by itself: who changed what, when, from what to what."""

import json
from dataclasses import dataclass, field

import pghistory.models
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection, models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import calendar
from secretariat.bilingual import in_language

PERSONAL = (models.EmailField,)
PERSONAL_NAMES = {"email", "mobile", "phone", "national_code", "legal_id"}
SILENT = {"search_key", "sort_key", "version", "session_epoch", "inputs_version", "token_hash", "password"}
WORDS = {
    "insert": gettext_lazy("added"),
    "update": gettext_lazy("changed"),
    "delete": gettext_lazy("removed"),
}
LONGEST = 160


@dataclass
class Change:
    """One event: what happened to which row, by whom."""

    at: object
    what: str
    kind: str
    row: int
    name: str
    by: object = None
    why: str = ""
    fields: list = field(default_factory=list)  # (label, before, after)


def tracked():
    """The models whose changes are kept: {label: (model, event model)}, by their names."""
    pairs = {}
    for event in apps.get_models(include_auto_created=True):
        model = getattr(event, "pgh_tracked_model", None)
        if model is not None and issubclass(event, pghistory.models.Event):
            pairs[model._meta.label_lower] = (model, event)
    return dict(sorted(pairs.items(), key=lambda pair: str(pair[1][0]._meta.verbose_name)))


def changes(*, model="", person=None, first=None, last=None, row=None, offset=0, limit=50):
    """Changes, the newest first; gives (rows, whether there are more). A few queries, however many rows there are."""
    pairs = tracked()
    wanted = {model: pairs[model]} if model in pairs else pairs
    events = _events(wanted, person, first, last, row, offset, limit + 1)
    more, events = len(events) > limit, events[:limit]
    names = _Names(pairs, events)
    return [_change(pairs[event["model"]][0], event, names) for event in events], more


def _events(pairs, person, first, last, row, offset, limit):
    """One statement over all the event tables: of each at most as many as the page could need."""
    parts, params = [], []
    for label, (_model, event) in pairs.items():
        conditions, values = ["TRUE"], []
        for clause, value in (
            ("c.metadata->>'user' = %s", str(person) if person else None),
            ("e.pgh_created_at >= %s", first),
            ("e.pgh_created_at < %s", last),
            ("e.pgh_obj_id = %s", row),
        ):
            if value is not None:
                conditions.append(clause)
                values.append(value)
        table = connection.ops.quote_name(event._meta.db_table)
        # Table names are our own models'; every value goes in as a parameter.
        parts.append(
            f"(SELECT %s AS model, e.pgh_id AS id, e.pgh_created_at AS at, e.pgh_label AS label, e.pgh_obj_id AS row, c.metadata AS context,"  # nosec B608
            f" to_jsonb(e) AS now, (SELECT to_jsonb(p) FROM {table} p WHERE p.pgh_obj_id = e.pgh_obj_id AND p.pgh_id < e.pgh_id"
            f" ORDER BY p.pgh_id DESC LIMIT 1) AS before FROM {table} e LEFT JOIN pghistory_context c ON c.id = e.pgh_context_id"
            f" WHERE {' AND '.join(conditions)} ORDER BY e.pgh_id DESC LIMIT %s)"
        )
        params += [label, *values, offset + limit]
    statement = f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS everything ORDER BY at DESC, id DESC, model OFFSET %s LIMIT %s"  # nosec B608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, offset, limit])
        columns = [column.name for column in cursor.description]
        return [_unpacked(dict(zip(columns, line, strict=True))) for line in cursor.fetchall()]


def _unpacked(event):
    """Django leaves JSON of a raw statement as text."""
    return event | {side: json.loads(event[side]) if event[side] else {} for side in ("now", "before", "context")}


class _Names:
    """The names of the people and things that the events speak of, fetched once for each kind."""

    def __init__(self, pairs, events):
        self.wanted = {get_user_model(): set()}
        for event in events:
            model = pairs[event["model"]][0]
            self._want(get_user_model(), event["context"].get("user"))
            for part in model._meta.concrete_fields:
                if part.is_relation:
                    for side in ("now", "before"):
                        self._want(part.related_model, event[side].get(part.attname))
        self.found = {model: self._fetch(model, pks) for model, pks in self.wanted.items() if pks}

    def _want(self, model, pk):
        if pk is not None:
            self.wanted.setdefault(model, set()).add(int(pk) if str(pk).isdigit() else pk)

    @staticmethod
    def _fetch(model, pks):
        if model is get_user_model():
            return {row.pk: row.display_name for row in model.objects.filter(pk__in=pks)}
        names = {part.name for part in model._meta.concrete_fields}
        stem = next((stem for stem in ("name", "title") if {f"{stem}_fa", f"{stem}_en"} <= names), None)
        if stem is None:
            return {}
        rows = model._base_manager.filter(pk__in=pks).values_list("pk", f"{stem}_fa", f"{stem}_en")
        return {pk: in_language(fa, en) for pk, fa, en in rows}

    def of(self, model, pk):
        if pk is None:
            return None
        key = int(pk) if str(pk).isdigit() else pk
        return self.found.get(model, {}).get(key) or _("no. %(number)s") % {"number": calendar.digits(pk)}


def _change(model, event, names):
    now, before, context = event["now"], event["before"], event["context"]
    fields = []
    if event["label"] == "update":
        for part in _told(model):
            if part.attname in now and now.get(part.attname) != before.get(part.attname):
                shown = (_shown(part, side.get(part.attname), names) for side in (before, now))
                fields.append((str(part.verbose_name), *shown))
    user = context.get("user")
    return Change(
        at=event["at"],
        what=str(WORDS.get(event["label"], event["label"])),
        kind=str(model._meta.verbose_name),
        row=event["row"],
        name=_title(now),
        by=names.of(get_user_model(), user) if user else None,
        why=str(context.get("why", "")),
        fields=fields,
    )


def _told(model):
    return [
        part for part in model._meta.concrete_fields if not part.primary_key and not part.generated and part.name not in SILENT
    ]


def _title(row):
    """What the row is called, from its own columns; personal data stays out."""
    for stem in ("name", "title"):
        if row.get(f"{stem}_fa"):
            return in_language(row[f"{stem}_fa"], row.get(f"{stem}_en", ""))
    if row.get("last_name"):
        return in_language(f"{row.get('first_name', '')} {row['last_name']}".strip(), row.get("name_en", ""))
    return row.get("serial") or row.get("full_name") or row.get("title") or ""


def _shown(part, value, names):
    """A stored value in words."""
    if value is None or value == "":
        return "–"
    if isinstance(part, PERSONAL) or part.name in PERSONAL_NAMES:
        return masked(str(value))
    if part.is_relation:
        return names.of(part.related_model, value)
    if part.flatchoices:
        return str(dict(part.flatchoices).get(value, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(part, models.DateTimeField):
        return calendar.long_datetime(models.DateTimeField().to_python(value))
    if isinstance(part, models.DateField):
        return calendar.long_date(models.DateField().to_python(value))
    if isinstance(value, (dict, list)):
        return _("(details)")
    text = calendar.digits(value) if isinstance(value, (int, float)) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def masked(value):
    """Enough of a personal datum to recognise it, not to use it: s…@example.org, +98…567."""
    if "@" in value:
        name, _at, domain = value.partition("@")
        return f"{name[:1]}…@{domain}"
    return f"{value[:3]}…{value[-3:]}" if len(value) > 6 else "…"
