"""What the database itself refuses about councils, whoever writes: raw statements go round every service here."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from secretariat.models import Attendance, Council, Meeting, Resolution, Seat, Vote
from secretariat.services import councils
from tests import council as make
from tests import factories
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()


def test_one_person_holds_one_seat_at_a_time():
    seat = make.seat(make.council(), ends_on=TODAY)
    overlapping = Seat(council=seat.council, user=seat.user, starts_on=TODAY)
    with refused("one_seat_a_person_at_a_time"):
        Seat.objects.bulk_create([overlapping])
    # The day after the last is free, and so is another council.
    Seat.objects.bulk_create(
        [
            Seat(council=seat.council, user=seat.user, starts_on=TODAY + timedelta(days=1)),
            Seat(council=make.council(), user=seat.user, starts_on=TODAY),
        ]
    )


def test_one_chair_at_a_time():
    chair = make.seat(make.council(), role="chair")
    member = make.seat(chair.council)
    with refused("one_chair_at_a_time"):
        Seat.objects.filter(pk=member.pk).update(role="chair")


def test_a_term_ends_after_it_begins():
    seat = make.seat(make.council())
    earlier = seat.starts_on - timedelta(days=1)
    with refused("seat_ends_after_it_begins"):
        Seat.objects.filter(pk=seat.pk).update(ends_on=earlier)


@pytest.mark.parametrize("percent", [0, "100.01", -5])
def test_quorum_is_a_percentage(percent):
    council = make.council()
    with refused("quorum_is_a_percentage"):
        Council.objects.filter(pk=council.pk).update(quorum_percent=percent)


def test_a_council_is_not_its_own_parent():
    council = make.council()
    with refused("council_not_its_own_parent"):
        Council.objects.filter(pk=council.pk).update(parent=council)


def test_meeting_numbers_are_positive_and_unique_in_their_council():
    meeting = make.meeting(make.council(), number=7)
    again = Meeting(council=meeting.council, number=7, starts_at=timezone.now())
    with refused("meeting_number_unique_in_council"):
        Meeting.objects.bulk_create([again])
    with refused("meeting_number_positive"):
        Meeting.objects.filter(pk=meeting.pk).update(number=0)


def test_attendance_once_and_only_of_a_seat_in_force():
    seat = make.seat(make.council())
    meeting = make.meeting(seat.council)
    Attendance.objects.create(meeting=meeting, seat=seat)
    with refused("seat_attends_a_meeting_once"):
        Attendance.objects.bulk_create([Attendance(meeting=meeting, seat=seat)])
    for stranger in (
        make.seat(make.council()),
        make.seat(seat.council, ends_on=TODAY - timedelta(days=1)),
        make.seat(seat.council, starts_on=TODAY + timedelta(days=1)),
    ):
        with refused("seat_of_the_council_on_that_day"):
            Attendance.objects.bulk_create([Attendance(meeting=meeting, seat=stranger)])


def test_the_day_of_a_meeting_is_tehrans():
    """At 22:00 UTC it is already the next day in Tehran."""
    council = make.council()
    late = timezone.now().replace(hour=22, minute=0)
    meeting = make.meeting(council, starts_at=late)
    seat = make.seat(council, starts_on=late.date() + timedelta(days=1))
    Attendance.objects.bulk_create([Attendance(meeting=meeting, seat=seat)])
    assert councils.seats_on_day(meeting).get() == seat


def test_who_voted_stays_present():
    vote = make.session().votes.first()
    listed = Attendance.objects.filter(seat=vote.seat)
    with refused("who_voted_was_present"):
        listed.update(present=False)
    with refused("who_voted_was_present"):
        sql("DELETE FROM secretariat_attendance WHERE seat_id = %s", vote.seat_id)


def test_a_vote_needs_a_present_voting_seat_of_the_council():
    resolution = make.session()
    absent, observer, foreign = (
        make.seat(resolution.council),
        make.seat(resolution.council, role="observer"),
        make.seat(make.council()),
    )
    Attendance.objects.create(meeting=resolution.meeting, seat=absent, present=False)
    Attendance.objects.create(meeting=resolution.meeting, seat=observer)
    for seat in (absent, observer, foreign):
        with refused("vote_by_a_present_voting_seat_before_adoption", saying="only a seat present"):
            Vote.objects.bulk_create([Vote(resolution=resolution, seat=seat, choice="for")])


def test_a_seat_votes_once_and_only_in_known_words():
    vote = make.session().votes.first()
    again = Vote(resolution=vote.resolution, seat=vote.seat, choice="against")
    with refused("seat_votes_once_on_a_resolution"):
        Vote.objects.bulk_create([again])
    with refused("vote_choice_known"):
        Vote.objects.filter(pk=vote.pk).update(choice="maybe")


def decided(adopt=True):
    resolution = make.session()
    by = make.keeper(resolution.council)
    return councils.adopt(resolution.pk, by=by) if adopt else councils.reject(resolution.pk, by=by)


@pytest.mark.parametrize("adopt", [True, False])
def test_votes_on_a_decided_resolution_are_frozen(adopt):
    resolution = decided(adopt)
    vote = resolution.votes.first()
    late = make.seat(resolution.council)
    Attendance.objects.create(meeting=resolution.meeting, seat=late)
    with refused("vote_by_a_present_voting_seat_before_adoption", saying="frozen"):
        Vote.objects.filter(pk=vote.pk).update(choice="against")
    with refused("vote_by_a_present_voting_seat_before_adoption", saying="frozen"):
        sql("DELETE FROM secretariat_vote WHERE id = %s", vote.pk)
    with refused("vote_by_a_present_voting_seat_before_adoption", saying="frozen"):
        Vote.objects.bulk_create([Vote(resolution=resolution, seat=late, choice="for")])


@pytest.mark.parametrize("adopt", [True, False])
def test_a_decided_resolution_is_frozen(adopt):
    resolution = decided(adopt)
    for change in ({"text": "دیگر"}, {"title": "دیگر"}, {"number": 9}, {"status": "draft", "number": None, "adopted_at": None}):
        with refused("decided_is_frozen"):
            Resolution.objects.filter(pk=resolution.pk).update(**change)
    with refused("decided_is_frozen"):
        sql("DELETE FROM secretariat_resolution WHERE id = %s", resolution.pk)


def test_adopted_exactly_when_numbered():
    resolution = make.session()
    with refused("adopted_exactly_when_numbered"):
        Resolution.objects.filter(pk=resolution.pk).update(status="adopted")
    with refused("adopted_exactly_when_numbered"):
        Resolution.objects.filter(pk=resolution.pk).update(number=1, year=1405)


def test_resolution_numbers_are_unique_in_council_and_year():
    first = decided()
    second = make.resolution(first.council)
    same = {
        "status": "adopted", "year": first.year, "number": first.number, "adopted_at": timezone.now(), "seats_present": 3, "seats_in_force": 3,
    }  # fmt: skip
    with refused("resolution_number_unique_in_council_and_year"):
        Resolution.objects.filter(pk=second.pk).update(**same)


def test_a_resolution_is_taken_at_a_meeting_of_its_own_council():
    elsewhere = make.meeting(make.council())
    with refused("resolution_at_a_meeting_of_its_council"):
        make.resolution(make.council(), elsewhere)


def test_the_trail_of_a_resolution_is_never_touched():
    resolution = decided()
    with refused("append_only"):
        resolution.moves.update(why="دیگر")
    with refused("append_only"):
        sql("DELETE FROM secretariat_resolutionmove WHERE resolution_id = %s", resolution.pk)


def test_every_change_of_a_seat_is_kept():
    """History is written by triggers: bulk updates leave it too."""
    seat = make.seat(make.council(), user=factories.user())
    Seat.objects.filter(pk=seat.pk).update(end_reason="بازنشستگی")
    events = apps.get_model("secretariat", "SeatEvent").objects.filter(pgh_obj=seat).order_by("pgh_id")
    assert list(events.values_list("pgh_label", "end_reason")) == [("insert", ""), ("update", "بازنشستگی")]
