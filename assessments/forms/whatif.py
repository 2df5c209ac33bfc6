"""What an officer asks with “what if”, read from the address: every scenario has one, so that it can be passed on."""

from decimal import Decimal

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from assessments.forms.rounds import BandsField
from assessments.scoring.weights import WHOLE, spread_rest
from assessments.selectors.whatif import Scenario
from secretariat.errors import RuleBroken
from secretariat.fields import NumberFormField
from secretariat.typed import keys, whole

_WEIGHT = NumberFormField(required=False, min_value=0, max_value=100, max_digits=9, decimal_places=6)
_TOP = NumberFormField(required=False, min_value=1, max_value=30_000, max_digits=5, decimal_places=0)


def wanted_versions(query):
    """{name of a VersionChoice: number} as the address asks for other versions."""
    asked = {name: whole(query[name]) for name in query if name.startswith("version-")}
    return {name: number for name, number in asked.items() if number >= 0}


class WeightLine:
    """A weight as it stands in the form."""

    def __init__(self, weight, typed):
        self.name, self.title, self.default = weight.name, weight.title, weight.default
        self.error = None
        try:
            self.value = weight.default if typed is None else _WEIGHT.clean(typed) or Decimal(0)
        except forms.ValidationError as refused:
            self.value, self.error = None, refused.messages[0]
        self.text = typed if self.error else _WEIGHT.prepare_value(self.value)

    def set(self, value):
        self.value, self.text, self.error = value, _WEIGHT.prepare_value(value), None

    @property
    def is_changed(self):
        return self.value != self.default

    @property
    def slide(self):
        """Where the slider stands."""
        return 0 if self.value is None else round(self.value)


class GroupLines:
    """Siblings as they stand in the form; their weights are valid when they sum to 100."""

    def __init__(self, group, query):
        self.key, self.title, self.note = group.key, group.title, group.note
        self.lines = [WeightLine(weight, query.get(weight.name)) for weight in group.weights]

    @property
    def is_readable(self):
        return not any(line.error for line in self.lines)

    @property
    def total(self):
        return sum((line.value for line in self.lines if line.value is not None), Decimal(0))

    @property
    def is_whole(self):
        # What a set leaves at its own weights is taken as it is.
        return self.is_readable and (self.total == WHOLE or not self.is_changed)

    @property
    def is_changed(self):
        return any(line.is_changed for line in self.lines)

    def spread(self):
        """Complete to 100 as the editor of sets does."""
        for line, value in zip(self.lines, spread_rest([line.value for line in self.lines]), strict=True):
            line.set(value)


class WhatIfForm:
    """A scenario of a round, as typed: `errors` by name where it can't be read, else `scenario` and its own `address`."""

    def __init__(self, chosen, query):
        self.chosen, self.query = chosen, query
        self.errors = {}
        self.groups = [GroupLines(group, query) for group in chosen.groups]
        self._spread(query.get("do", ""))
        for group in self.groups:
            if not group.is_whole:
                self.errors[group.key] = _("The weights must sum to 100.") if group.is_readable else _("This is not a weight.")
        known = {person.pk for person in chosen.assessors}
        self.out = tuple(sorted(known.intersection(keys(query.getlist("out")))))
        if self.out and len(self.out) == len(known):
            self.errors["out"] = _("Somebody must be left.")
        self.cuts = self._read("cuts", self._bands)
        self.top = self._read("top", self._sought)
        self.plain = query.get("mean") == "1"

    def _spread(self, asked):
        action, _separator, key = asked.partition(":")
        for group in self.groups:
            if action == "spread" and group.key == key and group.is_readable:
                group.spread()

    def _read(self, name, read):
        try:
            return read(self.query.get(name, "").strip())
        except forms.ValidationError as refused:
            self.errors[name] = refused.messages[0]
            return None

    def _bands(self, typed):
        if not typed:
            return None
        cuts = tuple(BandsField().clean(typed))
        return None if list(cuts) == [float(cut) for cut in self.chosen.round.cuts] else cuts

    def _sought(self, typed):
        number = _TOP.clean(typed)
        return None if number is None or number == self.chosen.round.top else int(number)

    # ------------------------------------------------------------------ what it comes to
    @property
    def is_valid(self):
        return not self.errors

    @property
    def scenario(self):
        """The Scenario; only for a form without errors."""
        if self.errors:
            raise RuleBroken(_("This can't be computed as it is typed."))
        weights = {line.name: line.value for group in self.groups if group.is_changed for line in group.lines}
        return Scenario(self.out, weights, self.cuts, self.top, self.plain)

    @property
    def asks_something(self):
        """Whether anything differs from the round as it is."""
        other_version = any(choice.chosen != choice.used for choice in self.chosen.versions)
        changed = any(group.is_changed for group in self.groups)
        return bool(self.out or self.cuts or self.top or self.plain or other_version or changed)

    @property
    def address(self):
        """The shortest query string of this scenario: only what differs from the round as it is."""
        query = QueryDict(mutable=True)
        query.setlist("out", [str(pk) for pk in self.out])
        for choice in self.chosen.versions:
            if choice.chosen != choice.used:
                query[choice.name] = str(choice.chosen.number)
        for group in self.groups:
            for line in group.lines:
                if line.is_changed and line.value is not None:
                    query[line.name] = format(line.value.normalize(), "f")
        if self.cuts:
            query["cuts"] = ",".join(f"{cut:g}" for cut in self.cuts)
        if self.top:
            query["top"] = str(self.top)
        if self.plain:
            query["mean"] = "1"
        return query.urlencode(safe=",")

    def without(self, *names):
        """The query string of this scenario without some of its parts; "out:PK" is one assessor."""
        query = QueryDict(self.address, mutable=True)
        for name in names:
            key, _separator, value = name.partition(":")
            kept = [one for one in query.getlist(key) if value and one != value]
            query.setlist(key, kept)
        return query.urlencode(safe=",")
