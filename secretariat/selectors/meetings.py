"""Who may sit at a meeting, who sat there at which moment, and when there was a quorum."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q
from django.utils import timezone

from secretariat import rules
from secretariat.models import DecisionRule, Presence, Seat
from secretariat.rules.voting import LEAST_VOTERS, Standing, VotingRule


def seats_on_day(meeting):
    """Seats of the council in force on the day of the meeting, observers too."""
    return Seat.objects.on(meeting.day).filter(council=meeting.council_id)


def voting_seats(meeting):
    """Seats with a vote in force on the day of the meeting."""
    return seats_on_day(meeting).voting()


def seat_of(meeting, user):
    """The seat for which `user` speaks at a meeting: the one filled now; else the own; else one that waits for its deputy."""
    there = presence_at(meeting)
    seats = list(seats_on_day(meeting).of(user).order_by("pk"))
    return (
        next((seat for seat in seats if there.get(seat.pk) == user.pk), None)
        or next((seat for seat in seats if seat.user_id == user.pk), None)
        or next((seat for seat in seats if seat.pk not in there), None)
    )


def plan_seen(meeting):
    """A short text that differs as soon as time, place or agenda of a meeting do: what a form was filled in upon."""
    told = [meeting.starts_at.astimezone(UTC).isoformat(), meeting.place, meeting.minutes_planned, str(meeting.status)]
    fields = ("pk", "kind", "title", "note", "presenter", "minutes_planned", "minutes_of")
    told += meeting.agenda.values_list(*fields)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def presence_at(meeting, moment=None):
    """{seat pk: user pk} of those who sit (or sat) there at a moment: now, unless said otherwise."""
    moment = moment or timezone.now()
    rows = Presence.objects.filter(Q(left_at=None) | Q(left_at__gt=moment), attendance__meeting=meeting, arrived_at__lte=moment)
    return dict(rows.values_list("attendance__seat", "user"))


def general_rule(council_id):
    """The rule by which a council decides where nothing else is said; its quorum is the meeting's."""
    row = DecisionRule.objects.filter(council=council_id, decision=rules.Decision.GENERAL).first()
    return row.rule if row else VotingRule()


def quorum_now(meeting):
    """(whether there is a quorum, voting seats present, voting seats) of a meeting at this moment."""
    seats = set(voting_seats(meeting).values_list("pk", flat=True))
    present = len(seats & presence_at(meeting).keys())
    return _reached(general_rule(meeting.council_id), len(seats), present), present, len(seats)


@dataclass(frozen=True)
class Span:
    """A stretch of a meeting in which so many voting seats were present."""

    begins: datetime
    ends: datetime | None  # None: it goes on
    present: int
    quorum: bool


def quorum_spans(meeting):
    """The meeting from its beginning to its end (or now), cut where quorum was reached or lost."""
    if meeting.started_at is None:
        return []
    seats = set(voting_seats(meeting).values_list("pk", flat=True))
    rule = general_rule(meeting.council_id)
    rows = list(Presence.objects.filter(attendance__meeting=meeting, attendance__seat__in=seats))
    turns = {row.arrived_at for row in rows} | {row.left_at for row in rows if row.left_at}
    turns = sorted({meeting.started_at} | {turn for turn in turns if turn > meeting.started_at})
    spans = []
    for place, begins in enumerate(turns):
        ends = turns[place + 1] if place + 1 < len(turns) else meeting.ended_at
        present = sum(row.arrived_at <= begins and (row.left_at is None or row.left_at > begins) for row in rows)
        if ends is not None and begins >= ends:
            continue
        quorum = _reached(rule, len(seats), present)
        if spans and spans[-1].quorum == quorum:
            spans[-1] = Span(spans[-1].begins, ends, present, quorum)
        else:
            spans.append(Span(begins, ends, present, quorum))
    return spans


def _reached(rule, seats, present):
    return Standing(seats=seats, present=present).present >= max(rule.quorum * seats, LEAST_VOTERS)
