"""Minutes: begun by a template, saved without overwriting anybody, approved once, frozen, signed by who was there."""

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from secretariat import calendar, tasks
from secretariat.errors import Stale
from secretariat.models import AgendaItem, Letter, Meeting, MinutesSignature, Notice
from secretariat.services import ballots, meetings, minutes, signatures
from tests import council as make
from tests import factories
from tests.refusal import refused, says_no

pytestmark = pytest.mark.django_db


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
    says_no(lambda: minutes.save_said(item.pk, "دیگر", by=factories.officer(), version=1))
    waiting = make.meeting(meeting.council)
    says_no(lambda: minutes.save_opening(waiting.pk, "زود", by=by, version=0))


def test_the_chair_approves_where_the_council_lets_it_and_all_is_frozen():
    meeting, chair, by = held(minutes_by_chair=True)
    minutes.save_opening(meeting.pk, "آغاز", by=by, version=0)
    says_no(lambda: minutes.approve(meeting.pk, by=by))
    approved = minutes.approve(meeting.pk, by=chair)
    assert approved.minutes_sha256 == minutes.hash_of(Meeting.objects.get(pk=meeting.pk))
    says_no(lambda: minutes.approve(meeting.pk, by=chair))
    says_no(lambda: minutes.save_opening(meeting.pk, "دیگر", by=by, version=1))
    says_no(lambda: minutes.save_said(meeting.agenda.get().pk, "دیگر", by=by, version=0))


def test_minutes_are_not_approved_during_the_meeting_nor_before_every_motion_is_decided():
    resolution = make.session(council_=make.council(minutes_by_chair=True))
    chair = make.seats(resolution)[0].user
    says_no(lambda: minutes.approve(resolution.meeting_id, by=chair))
    meetings.end(resolution.meeting_id, by=chair)
    says_no(lambda: minutes.approve(resolution.meeting_id, by=chair))


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
    says_no(lambda: minutes.approve(meeting.pk, by=chair))
    resolution = make.adopted(later(meeting))
    meeting.refresh_from_db()
    assert meeting.approved_with == resolution
    assert meeting.minutes_sha256


def test_a_resolution_on_something_else_or_of_the_same_day_approves_nothing():
    meeting, _chair, by = held()
    elsewhere = make.adopted(later(held()[0]))
    for motion in (make.adopted(), elsewhere):
        says_no(lambda one=motion: minutes.approve(meeting.pk, by=by, resolution=one))
    earlier = later(meeting, starts_at=meeting.starts_at - timedelta(hours=1))
    ballot = make.ballot(earlier)
    says_no(lambda: ballots.close_ballot(ballot.pk, by=by))
    meeting.refresh_from_db()
    assert meeting.approved_at is None


def test_those_who_were_there_sign_what_was_approved_once():
    meeting, chair, _by = held(minutes_by_chair=True)
    member = meeting.council.seats.filter(role="member").first().user
    absent = make.seat(meeting.council, starts_on=timezone.localdate() - timedelta(days=9)).user
    says_no(lambda: signatures.sign(meeting.pk, by=member, sha256=""))
    digest = minutes.approve(meeting.pk, by=chair).minutes_sha256
    says_no(lambda: signatures.sign(meeting.pk, by=member, sha256="a" * 64))
    says_no(lambda: signatures.sign(meeting.pk, by=absent, sha256=digest))
    assert signatures.sign(meeting.pk, by=member, sha256=digest).sha256 == digest
    says_no(lambda: signatures.sign(meeting.pk, by=member, sha256=digest))
    assert MinutesSignature.objects.get().user == member


# --- whom the approval is told, and who is reminded ----------------------------------------------


def at_nine(day):
    return datetime.combine(day, time(9), calendar.TEHRAN)


def test_the_approval_is_told_to_those_who_were_there_and_to_the_other_members():
    meeting, chair, _by = held(minutes_by_chair=True)
    absent = make.seat(meeting.council).user
    meeting = minutes.approve(meeting.pk, by=chair)
    assert meeting.sign_until == calendar.deadline(timezone.localdate(), 5).due
    there = set(meeting.attendances.filter(presences__isnull=False).values_list("seat__user", flat=True))
    assert set(Notice.objects.filter(kind="minutes_to_sign").values_list("user", flat=True)) == there
    assert set(Notice.objects.filter(kind="minutes_approved").values_list("user", flat=True)) == {absent.pk}
    told = Notice.objects.filter(kind="minutes_to_sign").first()
    assert told.link == f"/meetings/{meeting.pk}/minutes/"
    assert calendar.long_date(meeting.sign_until) in told.text_fa
    with refused("only_approved_minutes_are_to_be_signed"):
        make.meeting(meeting.council, sign_until=timezone.localdate())


def test_minutes_approved_by_a_later_meeting_are_told_too():
    earlier, _chair, _by = held()
    later = make.in_session(earlier.council)
    item = make.item(later, kind="minutes", minutes_of=earlier)
    motion = make.resolution(earlier.council, later, agenda_item=item, kind="general", decision="minutes")
    for seat in earlier.council.seats.all():
        make.presence(later, seat)
    make.adopted(motion)
    earlier.refresh_from_db()
    assert earlier.approved_with == motion
    assert Notice.objects.filter(kind="minutes_to_sign", link=earlier.minutes_url).count() == 3


def test_who_has_not_signed_is_reminded_once_shortly_before_the_day():
    meeting, chair, _by = held(minutes_by_chair=True)
    meeting = minutes.approve(meeting.pk, by=chair)
    signatures.sign(meeting.pk, by=chair, sha256=meeting.minutes_sha256)
    day = calendar.deadline(meeting.sign_until, -2).due
    before = Notice.objects.count()
    assert signatures.remind(at_nine(day - timedelta(days=1))) == 0
    assert signatures.remind(at_nine(day) - timedelta(hours=2)) == 0
    assert signatures.remind(at_nine(day)) == 2
    assert signatures.remind(at_nine(day)) == 0
    assert signatures.remind(at_nine(meeting.sign_until)) == 0
    assert Notice.objects.count() == before + 2
    assert not Notice.objects.filter(user=chair, once__startswith="minutes-unsigned").exists()
    assert Letter.objects.filter(once__contains="minutes-unsigned").count() == 2
    assert signatures.remind(at_nine(meeting.sign_until + timedelta(days=1))) == 0
    tasks.remind_to_sign()


def test_who_sees_something_otherwise_writes_it_beside_the_signature():
    meeting, chair, by = held(minutes_by_chair=True)
    meeting = minutes.approve(meeting.pk, by=chair)
    member = meeting.council.seats.filter(role="member").first().user
    says_no(lambda: signatures.sign(meeting.pk, by=member, sha256=meeting.minutes_sha256, reservation="x" * 2001), "reservation")
    signatures.sign(meeting.pk, by=member, sha256=meeting.minutes_sha256, reservation=" بند دو را نگفتم. ")
    assert MinutesSignature.objects.get().reservation == "بند دو را نگفتم."
    told = Notice.objects.filter(kind="minutes_reservation")
    assert {chair.pk, by.pk} <= set(told.values_list("user", flat=True))
    assert "بند دو را نگفتم." in told.first().text_fa


def test_reservations_end_with_the_day_that_was_told_signatures_do_not():
    meeting, chair, _by = held(minutes_by_chair=True)
    meeting = Meeting.objects.get(pk=minutes.approve(meeting.pk, by=chair).pk)
    assert signatures.may_reserve(meeting)
    meeting.sign_until = timezone.localdate() - timedelta(days=1)
    assert not signatures.may_reserve(meeting)
