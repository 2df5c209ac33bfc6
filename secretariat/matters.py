"""What the rooms above know of a resolution: by which rules it is voted on, who is tied to it, what exactly it decides.

A room registers its kind of resolution when it starts, so this room need not know it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from secretariat.rules import Decision


@dataclass(frozen=True)
class Matter:
    """What one kind of resolution is about."""

    decisions: Callable[[Any], list] = lambda resolution: [resolution.decision]  # kinds of decision it holds together
    ties: Callable[[Any, Any], dict] = lambda resolution, seats: {}  # {seat pk: why it is recused}
    parts: Callable[[Any], list] = lambda resolution: []  # what it decides one by one, as plain values for the register
    lines: Callable[[Any], list] = lambda resolution: []  # the same for people: [(what, what is decided on it)]
    lost: Callable[..., None] = lambda resolution, why, *, by: None  # what follows when it is not adopted
    page: str = "resolution_detail"  # the name of its page, which takes its key
    item_kind: str = ""  # the kind of agenda item that such resolutions are drawn up from
    start: str = ""  # the name of the page that draws one up, which takes the key of the agenda item
    public: Callable[[Any], str] = lambda resolution: ""  # the address where everybody reads what came of it, if there is one


_matters: dict[str, Matter] = {}
_PLAIN = Matter()


def register(kind, matter):
    """Let `matter` speak for resolutions of this kind."""
    _matters[kind] = matter


def decisions_of(resolution):
    """The kinds of decision that are voted on together; never none."""
    return _of(resolution).decisions(resolution) or [Decision.GENERAL]


def ties_of(resolution, seats):
    """Why seats are recused from a resolution: {seat pk: sentence}."""
    return _of(resolution).ties(resolution, seats)


def parts_of(resolution):
    """What a resolution decides one by one, the same whenever it is asked."""
    return _of(resolution).parts(resolution)


def lines_of(resolution):
    """What a resolution decides one by one, for who is to vote on it: [(what, what is decided on it)]."""
    return _of(resolution).lines(resolution)


def after_loss(resolution, why, *, by):
    """Let the room of a resolution that was not adopted do what follows, in the same transaction; `why` may be empty."""
    _of(resolution).lost(resolution, why, by=by)


def page_of(resolution):
    """The address of the page on which a resolution is read and voted on."""
    return reverse(_of(resolution).page, args=[resolution.pk])


def public_page_of(resolution):
    """The address where everybody reads what came of an adopted resolution; "" where there is none."""
    return _of(resolution).public(resolution)


def start_of(item):
    """The address where resolutions of an agenda item's kind are drawn up; "" where they are simply written."""
    names = [matter.start for matter in _matters.values() if matter.item_kind == item.kind and matter.start]
    return reverse(names[0], args=[item.pk]) if names else ""


def _of(resolution):
    return _matters.get(resolution.kind, _PLAIN)
