"""What a subject is about, for choosing who judges it; the rooms above say so of their kinds of subjects.

A room registers a provider for its kind of subject when it starts, so this room need not know it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Traits:
    """Words for what a subject is (of its kind, in both languages), and the languages it is in, where they are known."""

    words: str = ""
    languages: frozenset = frozenset()


_providers = {}


def register(kind, provider):
    """Let `provider(subject pks)` give {pk: Traits} of subjects of this kind, in one query."""
    _providers[kind] = provider


def traits_of(subjects):
    """{pk: Traits} of these subjects, as far as anything is known of them."""
    by_kind = {}
    for subject in subjects:
        by_kind.setdefault(subject.kind, []).append(subject.pk)
    found = {}
    for kind, keys in by_kind.items():
        if kind in _providers:
            found |= _providers[kind](keys)
    return found
