"""The life of a round in time: its phases with the dates reached and planned, and what stands in the way of the next one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import Assignment, Round
from assessments.selectors import rounds as selectors

Status = rules.RoundStatus
# The phases in the order in which a round passes through them; `Status.APPEAL` only where appeals are taken.
ORDER = (
    Status.DRAFT,
    Status.OPEN,
    Status.MODERATION,
    Status.SCORED,
    Status.CONFIRMED,
    Status.PUBLISHED,
    Status.APPEAL,
    Status.FINAL,
)


@dataclass(frozen=True)
class Planned:
    """A step that a round takes by itself, and when."""

    action: str
    at: datetime


def planned_step(round_):
    """The step that a round takes by itself next, or None where an officer takes it."""
    step = {
        Status.DRAFT: ("open", round_.opens_at),
        Status.OPEN: ("close", last_deadline(round_) if round_.status == Status.OPEN and round_.closes_itself else None),
        Status.CONFIRMED: ("publish", round_.publish_at),
        Status.APPEAL: ("finish", round_.appeals_until),
    }.get(round_.status)
    return Planned(*step) if step and step[1] else None


def last_deadline(round_):
    """When the last of those still at work must be done: nobody who was given more time is cut off."""
    given = Assignment.objects.filter(entry__round=round_).pending().aggregate(last=Max("due_at"))["last"]
    return max(round_.deadline, given) if given else round_.deadline


def rounds_on_the_move(now):
    """Rounds that keep a date which has come."""
    return Round.objects.filter(
        Q(status=Status.DRAFT, opens_at__lte=now)
        | Q(status=Status.OPEN, closes_itself=True, deadline__lte=now)
        | Q(status=Status.CONFIRMED, publish_at__lte=now)
        | Q(status=Status.APPEAL, appeals_until__lte=now)
    ).order_by("pk")


def obstacles(round_, action):
    """Sentences naming what keeps a round from taking a step, whoever takes it; none when all is well."""
    refusal = round_.MOVES[action].refuse(round_)
    found = [refusal] if refusal else []
    if action == "score":
        found += selectors.why_not_publishable(round_)
    return found


# --- the picture ---------------------------------------------------------------------------------


@dataclass
class Phase:
    """One phase of the picture."""

    status: str
    label: str
    state: str  # "done", "now", "ahead" or "off" (it was not reached before the round was cancelled)
    reached: Any = None
    planned: Any = None
    is_limit: bool = False  # what is planned is the last day for people, not a step of the round itself


@dataclass
class Picture:
    """Where a round stands: its phases, what is allowed now, who acts next, what is in the way."""

    phases: list
    allowed: list
    hand: str
    planned: Planned | None
    obstacles: list
    onward: str = ""  # the label of the step that leads on
    planned_label: str = ""


def picture(round_):
    """The Picture of a round. A few queries, however large it is."""
    reached = {Status.DRAFT: round_.created_at}
    for status, at in round_.moves.exclude(target="").values_list("target", "at"):
        reached[status] = at
    planned, action = planned_step(round_), rules.ONWARD.get(round_.status)
    found = obstacles(round_, action) if action else []
    return Picture(
        _phases(round_, reached, planned),
        [act.label for act in rules.ALLOWS[round_.status]],
        _hand(round_),
        planned,
        found,
        round_.MOVES[action].label if action else "",
        round_.MOVES[planned.action].label if planned else "",
    )


def _hand(round_):
    """Who has the next step in hand."""
    if round_.status == Status.SCORED and round_.needs_second:
        fixed = round_.moves.filter(action="score").select_related("by").order_by("at", "pk").last()
        if fixed is not None and fixed.by is not None:
            return _("Another officer than %(name)s, who fixed the scores, confirms them.") % {"name": fixed.by.display_name}
    return rules.HANDS[round_.status]


def _phases(round_, reached, planned):
    appeals = round_.appeal_days or round_.appeals_until
    order = [status for status in ORDER if status != Status.APPEAL or appeals]
    cancelled = round_.status == Status.CANCELLED
    here = max((order.index(status) for status in reached if status in order), default=0) if cancelled else order.index(round_.status)
    dates = {
        Status.OPEN: round_.opens_at,
        Status.MODERATION: planned.at if planned and planned.action == "close" else round_.deadline,
        Status.PUBLISHED: round_.publish_at,
        Status.FINAL: round_.appeals_until,
    }
    phases = []
    for place, status in enumerate(order):
        state = "done" if place < here or (place == here and cancelled) else "now" if place == here else "off" if cancelled else "ahead"
        phase = Phase(status, status.label, state, reached.get(status) if place <= here else None)
        if state == "ahead":
            phase.planned = dates.get(status)
            phase.is_limit = status == Status.MODERATION and not round_.closes_itself
        phases.append(phase)
    if cancelled:
        phases.append(Phase(Status.CANCELLED, Status.CANCELLED.label, "now", reached.get(Status.CANCELLED)))
    return phases
