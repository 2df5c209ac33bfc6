"""The minutes of a meeting as they are read, printed and set: who was there, what was said, decided and signed."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from secretariat import calendar, rules
from secretariat.models import Attendance, Ballot, Resolution
from secretariat.rules import voting
from secretariat.selectors import meeting_room


@dataclass
class Sitter:
    """One line of the table of attendance."""

    name: str
    role: str
    state: str
    times: str
    was_there: bool
    signature: Any


@dataclass
class Decided:
    """A resolution as the minutes tell it."""

    title: str
    text: str
    number: str
    state: str
    status: str
    words: tuple = ()


@dataclass
class Point:
    """An item of the agenda with what came of it."""

    title: str
    presenter: str
    said: str
    decided: list = field(default_factory=list)


@dataclass
class Sheet:
    """The whole minutes."""

    meeting: Any
    opening: str
    sitters: list
    points: list
    loose: list

    @property
    def is_approved(self):
        return self.meeting.approved_at is not None

    @property
    def fingerprint(self):
        """The beginning and the end of the hash: enough for people to compare."""
        whole = self.meeting.minutes_sha256
        return f"{whole[:8]}…{whole[-8:]}" if whole else ""

    @property
    def signed(self):
        return [one for one in self.sitters if one.signature]


def sheet(meeting):
    """The minutes of a meeting as they stand."""
    ballots = Prefetch("ballots", Ballot.objects.exclude(status=rules.BallotStatus.VOID), to_attr="counting")
    resolutions = Prefetch("resolutions", Resolution.objects.order_by("pk").prefetch_related(ballots), to_attr="motions")
    items = meeting.agenda.prefetch_related(resolutions)
    loose = meeting.resolutions.filter(agenda_item=None).order_by("pk").prefetch_related(ballots)
    return Sheet(
        meeting,
        meeting.minutes,
        [_sitter(meeting, place) for place in meeting_room.places(meeting)],
        [Point(item.title, item.presenter, item.said, [_decided(one) for one in item.motions]) for item in items],
        [_decided(one) for one in loose],
    )


def _sitter(meeting, place):
    stays, seat = place.stays, place.seat
    name = str(seat.user)
    if stays and stays[0].user_id != seat.user_id:
        name = _("%(deputy)s for %(name)s") % {"deputy": stays[0].user, "name": name}
    if stays:
        late = meeting.started_at and stays[0].arrived_at >= meeting.started_at + rules.LATE_AFTER
        state = _("came later") if late else _("present")
    elif place.line and place.line.answer == Attendance.Answer.EXCUSED:
        state = _("excused")
    else:
        state = _("absent")
    times = "، ".join(span(stay) for stay in stays) if calendar.reads_persian() else ", ".join(span(stay) for stay in stays)
    return Sitter(name, seat.get_role_display(), state, times, bool(stays), place.signature)


def span(stay):
    """From when until when, as clock times."""
    came, left = calendar.clock(stay.arrived_at), calendar.clock(stay.left_at)
    return _("%(from)s to %(until)s") % {"from": came, "until": left} if left else _("from %(from)s") % {"from": came}


def _decided(resolution):
    ballot = resolution.counting[0] if resolution.counting else None
    words = ()
    if ballot is not None and ballot.standing is not None and ballot.verdict:
        words = voting.in_words(voting.Verdict(ballot.verdict), ballot.standing)
    return Decided(
        resolution.title,
        resolution.text,
        calendar.digits(resolution.reference),
        resolution.get_status_display(),
        resolution.status,
        words,
    )
