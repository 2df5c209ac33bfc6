"""Lock, decide, write: the one way in which a status changes, whatever has it.

A model that moves has `status`, a table `MOVES` of steps (kept in its room's rules.py) and a related
manager `moves` of Move rows. Nothing else may write `status`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from secretariat.errors import RuleBroken
from secretariat.refusals import why_too_long


@dataclass(frozen=True)
class Step:
    """One row of a transition table.

    `who(user, obj)` says whether this person may; `refuse(obj)` returns a sentence when the object itself
    is not ready, else None; `label` is the verb on the button. Without a target the state stays: what changes is
    something else (a date, an owner), and the move says so.
    """

    sources: tuple[str, ...]
    target: str
    who: Callable[[Any, Any], bool]
    label: Any = ""
    needs_reason: bool = False
    refuse: Callable[[Any], str | None] = field(default=lambda obj: None)


def nobody(user, obj):
    """For steps that only the system takes."""
    return False


def open_steps(obj, user):
    """The actions that `user` may take on `obj` now: {action: step}. For buttons; `advance` decides again."""
    return {
        action: step
        for action, step in obj.MOVES.items()
        if obj.status in step.sources and step.who(user, obj) and step.refuse(obj) is None
    }


@transaction.atomic
def advance(queryset, pk, action, *, by, why="", on_record=None, **changes):
    """Take `action` on the row `pk` of `queryset`; returns the object as it now stands.

    `by` is the acting user, None for the system itself (which may take any step). `changes` are further
    fields written in the same statement, `on_record` what else its Move keeps. Raises RuleBroken when the person, the state or a missing reason
    forbids it, and DoesNotExist when the queryset does not hold the row.
    """
    obj = queryset.select_for_update(of=("self",), no_key=True).get(pk=pk)
    step = obj.MOVES[action]
    why = why.strip()
    if by is not None and not step.who(by, obj):
        raise RuleBroken(_("You may not do this."))
    if obj.status not in step.sources:
        raise RuleBroken(_("This is no longer possible: its state is now “%(state)s”.") % {"state": obj.get_status_display()})
    if (refusal := step.refuse(obj)) is not None:
        raise RuleBroken(refusal)
    if step.needs_reason and not why:
        raise RuleBroken(_("Write the reason."), field="why")
    if told := why_too_long(why):
        raise RuleBroken(told, field="why")
    source, obj.status = obj.status, step.target or obj.status
    for name, value in changes.items():
        setattr(obj, name, value)
    obj.save(update_fields=["status", *changes])
    obj.moves.create(action=action, source=source, target=obj.status, by=by, why=why, **(on_record or {}))
    return obj
