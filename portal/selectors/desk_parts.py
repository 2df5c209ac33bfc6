"""What the desk is made of: sections of cards and rows."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Row:
    """One thing to work on."""

    title: str
    url: str
    note: str = ""
    due: Any = None
    status: str = ""
    status_text: str = ""


@dataclass
class Card:
    """A number of things of one sort, and the page where they are."""

    title: str
    count: int
    url: str = ""
    icon: str = "inbox"
    note: str = ""
    tone: str = ""


@dataclass
class Section:
    """What one role brings to the desk."""

    title: str
    cards: list[Card] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    rows_title: str = ""
    empty: str = ""  # what comes next when nothing waits
    empty_url: str = ""
    empty_action: str = ""

    @property
    def waits(self):
        return bool(self.rows or any(card.count for card in self.cards))
