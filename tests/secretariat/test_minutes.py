"""Minutes: begun by a template, saved without overwriting anybody, approved once, frozen, signed by who was there."""

from datetime import timedelta

import pytest
from django.utils import timezone

from secretariat.errors import RuleBroken, Stale
from secretariat.models import AgendaItem, Meeting, MinutesSignature
from secretariat.services import ballots, meetings, minutes
from tests import council as make
from tests import factories

pytestmark = pytest.mark.django_db


def refused(act, field=None):
    with pytest.raises(RuleBroken) as refusal:
        act()
    assert field is None or refusal.value.field == field, refusal.value.field


def held(**council):
    """A meeting that is over, with one item and one resolution; gives (meeting, chair, who keeps the papers)."""
    resolution = make.adopted(make.session(council_=make.council(**council)))
    meeting, chair = resolution.meeting, make.seats(resolution)[0].user
    AgendaItem.objects.create(meeting=meeting, title="نشان کیفیت", kind="marks")
    by = make.keeper(meeting.council)
    return meetings.end(meeting.pk, by=by), chair, by


def test_the_opening_tells_who_was_there_late_excused_and_absent(in_english):
    council = make.council()
    start = timezone.now() - timedelta(hours=1)
    seats = [make.seat(council, factories.user(name_en=name)) for name in ("Ada", "Bob", "Cem", "Dan")]
    deputy = factories.user(name_en="Eve")
    type(seats[0]).objects.filter(pk=seats[0].pk).update(deputy=deputy)
    by = make.keeper(council)
    meeting = meetings.plan(council.pk, start, by=by, place="Tehran")
    meetings.call(meeting.pk, by=by)
    meetings.answer(meeting.pk, "excused", by=seats[2].user, why="travel")
    meetings.start(meeting.pk, by=by, at=start)
    meetings.arrive(meeting.pk, seats[0].pk, by=by, user=deputy, at=start)
    meetings.arrive(meeting.pk, seats[1].pk, by=by, at=start + timedelta(minutes=30))
    meeting.refresh_from_db()
    told = minutes.opening_text(meeting)
    assert "Present: Eve for Ada" in told
    assert "Later: Bob" in told
    assert "Excused: Cem" in told
    assert "Absent: Dan" in told
    assert "there was no quorum" in told


def test_taking_seats_one_after_the_other_makes_nobody_late_and_loses_no_quorum(in_english):
    council, start = make.council(), timezone.now().replace(second=0, microsecond=0) - timedelta(hours=1)
    seats, by = [make.seat(council) for _ in range(3)], make.keeper(council)
    meeting = meetings.plan(council.pk, start, by=by)
    meetings.start(meeting.pk, by=by, at=start)
    for n, seat in enumerate(seats):
        meetings.arrive(meeting.pk, seat.pk, by=by, at=start + timedelta(seconds=10 * n))
    meetings.leave(meeting.pk, seats[0].pk, by=by, at=start + timedelta(minutes=20))
    meetings.leave(meeting.pk, seats[1].pk, by=by, at=start + timedelta(minutes=30))
    meeting.refresh_from_db()
    told = minutes.opening_text(meeting).splitlines()
    assert not any(line.startswith("Later") for line in told)
    assert [line.endswith("a quorum.") for line in told if "quorum" in line] == [True, False]


def test_what_two_people_write_does_not_overwrite():
    meeting, _chair, by = held()
    assert minutes.save_opening(meeting.pk, "آغاز", by=by, version=0).minutes_version == 1
    with pytest.raises(Stale) as stale:
        minutes.save_opening(meeting.pk, "دیگر", by=by, version=0)
    assert stale.value.current.minutes == "آغاز"
    item = meeting.agenda.get()
    assert minutes.save_said(item.pk, "گفته شد", by=by, version=0).version == 1
    with pytest.raises(Stale):
        minutes.save_said(item.pk, "دیگر", by=by, version=0)
    refused(lambda: minutes.save_said(item.pk, "دیگر", by=factories.officer(), version=1))
    waiting = make.meeting(meeting.council)
    refused(lambda: minutes.save_opening(waiting.pk, "زود", by=by, version=0))


def test_the_chair_approves_where_the_council_lets_it_and_all_is_frozen():
    meeting, chair, by = held(minutes_by_chair=True)
    minutes.save_opening(meeting.pk, "آغاز", by=by, version=0)
    refused(lambda: minutes.approve(meeting.pk, by=by))
    approved = minutes.approve(meeting.pk, by=chair)
    assert approved.minutes_sha256 == minutes.hash_of(Meeting.objects.get(pk=meeting.pk))
    refused(lambda: minutes.approve(meeting.pk, by=chair))
    refused(lambda: minutes.save_opening(meeting.pk, "دیگر", by=by, version=1))
    refused(lambda: minutes.save_said(meeting.agenda.get().pk, "دیگر", by=by, version=0))


def test_minutes_are_not_approved_during_the_meeting_nor_before_every_motion_is_decided():
    resolution = make.session(council_=make.council(minutes_by_chair=True))
    chair = make.seats(resolution)[0].user
    refused(lambda: minutes.approve(resolution.meeting_id, by=chair))
    meetings.end(resolution.meeting_id, by=chair)
    refused(lambda: minutes.approve(resolution.meeting_id, by=chair))


def later(meeting, item=None, starts_at=None):
    """A motion at a later meeting of the same council on the minutes of `meeting`."""
    now = starts_at or timezone.now()
    sitting = make.in_session(meeting.council, starts_at=now, started_at=now)
    for seat in meeting.council.seats.all():
        make.presence(sitting, seat)
    item = AgendaItem.objects.create(meeting=sitting, kind="minutes", title="صورت‌جلسهٔ پیش", minutes_of=item or meeting)
    return make.resolution(meeting.council, sitting, agenda_item=item, kind="general", decision="minutes")


def test_a_later_resolution_approves_what_its_item_names_by_being_adopted():
    meeting, chair, _by = held()
    refused(lambda: minutes.approve(meeting.pk, by=chair))
    resolution = make.adopted(later(meeting))
    meeting.refresh_from_db()
    assert meeting.approved_with == resolution
    assert meeting.minutes_sha256


def test_a_resolution_on_something_else_or_of_the_same_day_approves_nothing():
    meeting, _chair, by = held()
    elsewhere = make.adopted(later(held()[0]))
    for motion in (make.adopted(), elsewhere):
        refused(lambda one=motion: minutes.approve(meeting.pk, by=by, resolution=one))
    earlier = later(meeting, starts_at=meeting.starts_at - timedelta(hours=1))
    ballot = make.ballot(earlier)
    refused(lambda: ballots.close_ballot(ballot.pk, by=by))
    meeting.refresh_from_db()
    assert meeting.approved_at is None


def test_those_who_were_there_sign_what_was_approved_once():
    meeting, chair, _by = held(minutes_by_chair=True)
    member = meeting.council.seats.filter(role="member").first().user
    absent = make.seat(meeting.council, starts_on=timezone.localdate() - timedelta(days=9)).user
    refused(lambda: minutes.sign(meeting.pk, by=member, sha256=""))
    digest = minutes.approve(meeting.pk, by=chair).minutes_sha256
    refused(lambda: minutes.sign(meeting.pk, by=member, sha256="a" * 64))
    refused(lambda: minutes.sign(meeting.pk, by=absent, sha256=digest))
    assert minutes.sign(meeting.pk, by=member, sha256=digest).sha256 == digest
    refused(lambda: minutes.sign(meeting.pk, by=member, sha256=digest))
    assert MinutesSignature.objects.get().user == member
