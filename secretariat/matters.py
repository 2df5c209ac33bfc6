"""What the rooms above know of a resolution: by which rules it is voted on, who is tied to it, what exactly it decides.

A room registers its kind of resolution when it starts, so this room need not know it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from secretariat.rules import Decision


@dataclass(frozen=True)
class Matter:
    """What one kind of resolution is about."""

    decisions: Callable[[Any], list] = lambda resolution: [resolution.decision]  # kinds of decision it holds together
    ties: Callable[[Any, Any], dict] = lambda resolution, seats: {}  # {seat pk: why it is recused}
    parts: Callable[[Any], list] = lambda resolution: []  # what it decides one by one, as plain values for the register


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


def _of(resolution):
    return _matters.get(resolution.kind, _PLAIN)
