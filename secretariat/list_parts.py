"""What a list page is declared of: columns, filters, bulk actions, row actions; see secretariat.lists."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import calendar
from secretariat.fields import JalaliDateFormField
from secretariat.templatetags import portal_parts, portal_text


@dataclass(frozen=True)
class Column:
    """One column: what it is called, where its value lies, how it is shown and sorted.

    `value` is an attribute path ("agency.name") or a function of the row, by default the key. `kind` is text, number,
    percent, date, datetime, code (a word for machines), reference (a number of ours, in the digits of the page), badge or
    bool. `sort` is an ORM path. `template` gets `row` and `value`.
    """

    key: str
    label: Any
    sort: str = ""
    value: str | Callable | None = None
    kind: str = "text"
    link: bool = False
    template: str = ""
    shown: bool = True
    places: int | None = None

    def read(self, row):
        if callable(self.value):
            return self.value(row)
        found = row
        for name in (self.value or self.key).split("."):
            found = getattr(found, name, None)
            if callable(found):
                found = found()
            if found is None:
                return None
        return found

    def word(self, row):
        """The word of a status column: Django's get_…_display where the model has one."""
        name = self.value if isinstance(self.value, str) else self.key
        owner, _dot, attribute = name.rpartition(".")
        for part in filter(None, owner.split(".")):
            row = getattr(row, part)
        display = getattr(row, f"get_{attribute}_display", None)
        return display() if display else self.read(row)


@dataclass(frozen=True)
class Choice:
    """A filter by one of several values; `choices` may be a function of the request, `apply(queryset, value)` says otherwise."""

    key: str
    label: Any
    choices: Any
    lookup: str = ""
    apply: Callable | None = None

    def form_fields(self, request):
        choices = self.choices(request) if callable(self.choices) else self.choices
        choices = [("", gettext_lazy("all")), *((str(value), capfirst(str(label))) for value, label in choices)]
        return {self.key: forms.ChoiceField(label=self.label, choices=choices, required=False)}

    def narrow(self, queryset, values):
        value = values.get(self.key)
        if not value:
            return queryset
        return self.apply(queryset, value) if self.apply else queryset.filter(**{self.lookup or self.key: value})


@dataclass(frozen=True)
class Toggle:
    """A filter that is on or off; `apply(queryset)` narrows."""

    key: str
    label: Any
    apply: Callable

    def form_fields(self, request):
        return {self.key: forms.BooleanField(label=self.label, required=False)}

    def narrow(self, queryset, values):
        return self.apply(queryset) if values.get(self.key) else queryset


@dataclass(frozen=True)
class DateRange:
    """A filter by first and last Jalali day; `day` for columns of days, else the column holds instants."""

    key: str
    label: Any
    lookup: str = ""
    day: bool = False

    def form_fields(self, request):
        since, until = _("%(what)s, from") % {"what": self.label}, _("%(what)s, to") % {"what": self.label}
        return {
            f"{self.key}_from": JalaliDateFormField(label=since, required=False),
            f"{self.key}_to": JalaliDateFormField(label=until, required=False),
        }

    def narrow(self, queryset, values):
        lookup = self.lookup or self.key
        first, last = values.get(f"{self.key}_from"), values.get(f"{self.key}_to")
        if first:
            queryset = queryset.filter(**{f"{lookup}__gte": self._edge(first, 0)})
        if last:
            queryset = queryset.filter(**{f"{lookup}__lt": self._edge(last, 1)})
        return queryset

    def _edge(self, day, plus):
        day = calendar.day_of(day) + datetime.timedelta(days=plus)
        return day if self.day else datetime.datetime.combine(day, datetime.time(), calendar.TEHRAN)


@dataclass(frozen=True)
class BulkAction:
    """Something done to all chosen rows; the view does it."""

    key: str
    label: Any
    confirm: Any = ""


@dataclass(frozen=True)
class RowAction:
    """A link, or with `post` a button, at the end of a row."""

    label: Any
    url: str
    icon: str = ""
    post: bool = False
    confirm: Any = ""
    tone: str = ""


def short_moment(value):
    """Write an instant shortly: day and clock."""
    return f"{calendar.short_date(value)} {calendar.clock(value)}"


SHOW = {
    "text": lambda column, row, value: str(value),
    "number": lambda column, row, value: portal_text.num(value, column.places),
    "percent": lambda column, row, value: portal_text.percent(value, column.places),
    "date": lambda column, row, value: portal_text.jshort(value),
    "datetime": lambda column, row, value: short_moment(value),
    "code": lambda column, row, value: portal_text.ltr(value),
    "reference": lambda column, row, value: portal_text.ltr(portal_text.digits(value)),
    "badge": lambda column, row, value: portal_parts.badge(value, column.word(row)),
    "bool": lambda column, row, value: _("yes") if value else _("no"),
}
