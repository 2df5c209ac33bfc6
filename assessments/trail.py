"""The audit of a round from beginning to end: one chronological list of what every room has on record of it.

A room registers a source when it starts; a source gives the Lines that its own rows tell of a round, each with the row's
own name and key, so that nothing is told twice and a test can ask whether anything is left out.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    at: datetime
    what: str  # in words
    row: str  # what is told: "roundmove:12"; with a part where one row tells of several moments: "extension:3:decided"
    about: str = ""  # the product or the assessor it concerns
    by: str | None = None  # None: the portal itself; empty: the row does not say
    source: str = ""  # the state before, in words
    target: str = ""  # the state after
    why: str = ""
    facts: dict = field(default_factory=dict)  # what else is on record: {words: value}


_sources = []


def register(source):
    """Let `source(round)` give Lines of a round."""
    if source not in _sources:
        _sources.append(source)


def told(round_):
    """Every Line of a round, in the order of time; of one moment in the order of the rows."""
    lines = [line for source in _sources for line in source(round_)]
    return sorted(lines, key=lambda line: (line.at, _place(line.row)))


def _place(row):
    """Rows of one table in the order in which they were written."""
    table, _colon, rest = row.partition(":")
    number, _colon, part = rest.partition(":")
    return int(number) if number.isdecimal() else 0, table, part
