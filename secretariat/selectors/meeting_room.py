"""What the room shows of one meeting: who sits there, what is talked about now, what is voted on, who has signed."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, Subquery
from django.urls import reverse
from django.utils import timezone

from secretariat import matters, rules
from secretariat.models import (
    AgendaPaper,
    Attendance,
    Ballot,
    BallotMark,
    Council,
    Meeting,
    MinutesSignature,
    Presence,
    Recusal,
    Resolution,
    Seat,
    User,
    Vote,
)
from secretariat.rules.voting import LEAST_VOTERS
from secretariat.selectors.meetings import general_rule, quorum_spans, seats_on_day
from secretariat.uploads import INLINE

OPEN = (rules.BallotStatus.OPEN, rules.BallotStatus.TIED)


def councils_seen(user):
    """The councils whose meetings this person may read."""
    return Council.objects.all() if rules.is_officer(user) else Council.objects.filter(pk__in=rules.councils_of(user))


def kept_councils(user):
    """The councils at work whose papers this person keeps."""
    return Council.objects.served_by(user).filter(is_active=True)


# --- who sits there ------------------------------------------------------------------------------


@dataclass
class Place:
    """One seat at the table."""

    seat: Any
    line: Any  # its line of the list; None before the call
    stays: list
    signature: Any = None

    @property
    def now(self):
        """The stay that goes on; None while the seat is empty."""
        return next((stay for stay in self.stays if stay.left_at is None), None)

    @property
    def was_there(self):
        return bool(self.stays)

    def may_answer(self, user):
        """Whether this person says who comes: the holder always, the deputy unless the holder comes."""
        holder = self.seat.user_id
        return user.pk == holder or not (self.line.answer == Attendance.Answer.COMING and self.line.answered_by_id == holder)


def places(meeting):
    """All seats in force on the day with their answers and stays; in the order of roles and names."""
    stays = Prefetch("presences", Presence.objects.select_related("user"))
    lines = {line.seat_id: line for line in meeting.attendances.select_related("seat", "answered_by").prefetch_related(stays)}
    signed = {
        one.attendance_id: one for one in MinutesSignature.objects.filter(attendance__meeting=meeting).select_related("user")
    }
    seats = seats_on_day(meeting).select_related("user", "deputy").order_by("user__sort_key", "pk")
    found = []
    for seat in sorted(seats, key=lambda seat: list(seat.Role.values).index(seat.role)):
        line = lines.get(seat.pk)
        found.append(Place(seat, line, list(line.presences.all()) if line else [], signed.get(line.pk) if line else None))
    return found


def place_of(user, table):
    """The place that a person fills now, or holds, or stands in for; None for whoever has none."""
    return (
        next((place for place in table if place.now and place.now.user_id == user.pk), None)
        or next((place for place in table if place.seat.user_id == user.pk), None)
        or next((place for place in table if place.seat.deputy_id == user.pk), None)
    )


@dataclass
class Quorum:
    """Whether enough voting seats are filled now."""

    reached: bool
    present: int
    seats: int
    needed: int


def quorum(meeting, table):
    """The quorum as the places at the table are filled now."""
    voting = [place for place in table if place.seat.votes]
    present = sum(place.now is not None for place in voting)
    needed = max(-(-general_rule(meeting.council_id).quorum * len(voting) // 1), LEAST_VOTERS)
    return Quorum(present >= needed, present, len(voting), int(needed))


# --- the agenda ----------------------------------------------------------------------------------


def agenda(meeting, *, keeper=False):
    """The items with their papers, motions and time boxes."""
    papers = Prefetch("papers", AgendaPaper.objects.filter(removed_at=None), to_attr="handed_out")
    motions = Prefetch("resolutions", Resolution.objects.order_by("pk"), to_attr="motions")
    items = list(meeting.agenda.select_related("minutes_of__council", "review_put__paper").prefetch_related(papers, motions))
    removable = keeper and meeting.status in rules.LIVE_MEETINGS
    for item in items:
        for paper in item.handed_out:
            paper.url = reverse("paper_file", args=[paper.pk]) + ("?show=1" if paper.content_type in INLINE else "")
            paper.remove_url = reverse("paper_remove", args=[paper.pk]) if removable else ""
        item.is_now = item.began_at is not None and item.ended_at is None and meeting.status == rules.MeetingStatus.IN_SESSION
        item.box_ends = item.began_at + timedelta(minutes=item.minutes_planned) if item.is_now and item.minutes_planned else None
        item.minutes_over = _over(item.box_ends)
        item.minutes_taken = _minutes(item.ended_at - item.began_at) if item.ended_at else None
    return items


def _minutes(span):
    return max(0, round(span.total_seconds() / 60))


def _over(ends):
    """Minutes by which a time box is passed; negative as long as it is not; None without one."""
    return None if ends is None else int((timezone.now() - ends).total_seconds() // 60)


def loose_motions(meeting):
    """Resolutions of a meeting that hang on no item of its agenda."""
    found = list(meeting.resolutions.filter(agenda_item=None).order_by("pk"))
    for resolution in found:
        resolution.page = matters.page_of(resolution)
    return found


# --- now -----------------------------------------------------------------------------------------


def open_ballots(meeting):
    """Ballots that are open or wait for the chair, with how many have voted."""
    rows = Ballot.objects.filter(resolution__meeting=meeting, status__in=OPEN).select_related("resolution")
    return list(rows.annotate(voted=Count("votes", distinct=True) + Count("marks", distinct=True)).order_by("opened_at", "pk"))


def seen(meeting, table, items, ballots):
    """A short text that differs as soon as something in the room has changed."""
    told = [str(meeting.status), *((ballot.pk, ballot.status, ballot.voted) for ballot in ballots)]
    told += [(stay.pk, stay.user_id, stay.arrived_at, stay.left_at) for place in table for stay in place.stays]
    told += [(place.line.answer, place.line.answered_at) for place in table if place.line]
    told += [
        (item.pk, item.began_at, item.ended_at, item.minutes_over, [(one.pk, one.status) for one in item.motions])
        for item in items
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def spans(meeting):
    """When there was a quorum and when not; only worth a word when it changed."""
    found = quorum_spans(meeting)
    return found if len(found) > 1 else []


# --- what waits for one person -------------------------------------------------------------------


def _seats_of(user):
    return Q(attendances__seat__user=user) | Q(attendances__seat__deputy=user)


def coming(user):
    """Meetings that this person sits in and that are still to come or go on, the next first."""
    live = Meeting.objects.filter(_seats_of(user), status__in=[rules.MeetingStatus.CALLED, rules.MeetingStatus.IN_SESSION])
    return Meeting.objects.filter(pk__in=live.values("pk")).select_related("council").order_by("starts_at", "pk")


def unanswered(user):
    """Called meetings for which this person, holding the seat, has not said yet whether to come."""
    return Meeting.objects.filter(
        pk__in=Meeting.objects.filter(
            status=rules.MeetingStatus.CALLED, attendances__answer="", attendances__seat__user=user
        ).values("pk")
    )


def votes_asked(user):
    """Open ballots at meetings where this person sits now, with a vote that is neither cast nor recused."""
    sitting = Presence.objects.filter(user=user, left_at=None, attendance__meeting=OuterRef("resolution__meeting"))
    rows = Ballot.objects.filter(status=rules.BallotStatus.OPEN).annotate(
        my_seat=Subquery(sitting.values("attendance__seat")[:1])
    )
    rows = rows.filter(my_seat__isnull=False)
    own = {"seat": OuterRef("my_seat"), "ballot": OuterRef("pk")}
    return rows.exclude(
        Q(Exists(Vote.objects.filter(**own)))
        | Q(Exists(BallotMark.objects.filter(**own)))
        | Q(Exists(Recusal.objects.filter(seat=OuterRef("my_seat"), resolution=OuterRef("resolution"))))
        | Q(Exists(Seat.objects.filter(pk=OuterRef("my_seat"), role=Seat.Role.OBSERVER)))
    ).select_related("resolution__meeting__council")


def to_sign(user):
    """Meetings whose approved minutes wait for this person, who was there: nobody has signed for the seat yet."""
    there = Attendance.objects.filter(meeting__approved_at__isnull=False, presences__user=user)
    return (
        Meeting.objects.filter(pk__in=there.filter(signature=None).values("meeting"))
        .exclude(pk__in=there.filter(signature__isnull=False).values("meeting"))
        .select_related("council")
        .order_by("starts_at", "pk")
    )


def yet_to_sign(meeting):
    """Those who were at a meeting and for whose seat nobody has signed yet."""
    lines = meeting.attendances.filter(signature=None, presences__isnull=False)
    return list(User.objects.filter(pk__in=lines.values("presences__user")).order_by("pk"))
