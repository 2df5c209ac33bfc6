"""Deciding in council: quorum, majority, recusals, numbers without gaps, and whose hand may do it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from secretariat import persian
from secretariat.errors import RuleBroken
from secretariat.models import Attendance, Resolution, Vote
from secretariat.services import councils
from tests import council as make
from tests import factories

pytestmark = pytest.mark.django_db


def test_adoption_numbers_freezes_and_leaves_a_trail():
    resolution = make.session()
    by = make.keeper(resolution.council)
    adopted = councils.adopt(resolution.pk, by=by)
    assert adopted.status == "adopted"
    assert (adopted.year, adopted.number) == (persian.to_jalali(timezone.localdate()).year, 1)
    assert (adopted.seats_present, adopted.seats_in_force) == (3, 3)
    move = adopted.moves.get()
    assert (move.action, move.source, move.target, move.by) == ("adopt", "draft", "adopted", by)


def test_without_quorum_nothing_is_adopted():
    resolution = make.session(members=2)
    for _n in range(2):
        make.seat(resolution.council)
    with pytest.raises(RuleBroken) as refusal:
        councils.adopt(resolution.pk, by=make.keeper(resolution.council))
    assert {"۲", "۴"} <= set(str(refusal.value))
    resolution.refresh_from_db()
    assert resolution.status == "draft"


def test_quorum_is_compared_exactly():
    """Two of three is 66.66…%, which reaches 66.66 but not 66.67."""
    for percent, reached in (("66.66", True), ("66.67", False)):
        resolution = make.session(members=2, council_=make.council(quorum_percent=percent))
        make.seat(resolution.council)
        assert (councils.why_not_adoptable(resolution) is None) is reached


def test_observers_and_ended_terms_count_for_nothing():
    resolution = make.session(members=2)
    observer = make.seat(resolution.council, role="observer")
    Attendance.objects.create(meeting=resolution.meeting, seat=observer)
    make.seat(resolution.council, ends_on=timezone.localdate() - timedelta(days=1))
    make.seat(resolution.council, starts_on=timezone.localdate() + timedelta(days=1))
    present, in_force, counts = councils.count(resolution)
    assert (present, in_force) == (2, 2)
    assert counts == {"for": 2, "against": 0, "abstain": 0, "recused": 0}


@pytest.mark.parametrize(
    ("choices", "carried"),
    [
        (["for", "for", "against"], True),
        (["for", "against", "abstain"], False),
        (["for", "recused", "recused"], True),
        (["abstain", "abstain", "abstain"], False),
        (["against", "against", "for"], False),
    ],
)
def test_majority_of_those_for_or_against(choices, carried):
    resolution = make.session(choice=None)
    for attendance, choice in zip(resolution.meeting.attendances.all(), choices, strict=True):
        Vote.objects.create(resolution=resolution, seat=attendance.seat, choice=choice)
    assert (councils.why_not_adoptable(resolution) is None) is carried


def test_only_who_keeps_the_papers_decides():
    resolution = make.session()
    for stranger in (factories.user(), factories.officer(), make.keeper(make.council())):
        for act in (councils.adopt, councils.reject):
            with pytest.raises(RuleBroken):
                act(resolution.pk, by=stranger)
        with pytest.raises(RuleBroken):
            councils.fill_attendance(resolution.meeting_id, by=stranger)
        with pytest.raises(RuleBroken):
            councils.record(resolution.pk, {}, {}, by=stranger)
    resolution.refresh_from_db()
    assert resolution.status == "draft"


def test_rejection_gives_no_number_and_cannot_be_turned():
    resolution = make.session(choice="against")
    by = make.keeper(resolution.council)
    rejected = councils.reject(resolution.pk, by=by, why="رأی نیاورد")
    assert (rejected.status, rejected.number) == ("rejected", None)
    with pytest.raises(RuleBroken):
        councils.adopt(resolution.pk, by=by)


def test_numbers_run_on_within_council_and_year():
    council = make.council()
    by = make.keeper(council)
    council.seats.all()
    first, second = make.session(council_=council), make.resolution(council)
    for seat in council.seats.all():
        Attendance.objects.create(meeting=second.meeting, seat=seat)
        Vote.objects.create(resolution=second, seat=seat, choice="for")
    elsewhere = make.session()
    assert councils.adopt(first.pk, by=by).number == 1
    assert councils.adopt(elsewhere.pk, by=make.keeper(elsewhere.council)).number == 1
    assert councils.adopt(second.pk, by=by).number == 2


def test_fill_attendance_lists_seats_in_force_once():
    resolution = make.session(members=2)
    make.seat(resolution.council)
    make.seat(resolution.council, ends_on=timezone.localdate() - timedelta(days=1))
    by = make.keeper(resolution.council)
    assert councils.fill_attendance(resolution.meeting_id, by=by) == 1
    assert councils.fill_attendance(resolution.meeting_id, by=by) == 0
    assert resolution.meeting.attendances.count() == 3


def test_record_takes_attendance_and_votes_together():
    resolution = make.resolution()
    one, two, three = (make.seat(resolution.council) for _n in range(3))
    by = make.keeper(resolution.council)
    councils.record(
        resolution.pk, {one.pk: True, two.pk: True, three.pk: False}, {one.pk: "for", two.pk: "recused", three.pk: ""}, by=by
    )
    assert dict(resolution.votes.values_list("seat", "choice")) == {one.pk: "for", two.pk: "recused"}
    # Correcting a voter to absent takes the vote back in the same step.
    councils.record(resolution.pk, {two.pk: False}, {two.pk: ""}, by=by)
    assert dict(resolution.meeting.attendances.values_list("seat", "present")) == {one.pk: True, two.pk: False, three.pk: False}
    assert resolution.votes.count() == 1


def test_record_is_all_or_nothing():
    resolution = make.resolution()
    one, absent = make.seat(resolution.council), make.seat(resolution.council)
    with pytest.raises(RuleBroken) as refusal:
        councils.record(
            resolution.pk, {one.pk: True, absent.pk: False}, {one.pk: "for", absent.pk: "for"}, by=make.keeper(resolution.council)
        )
    assert refusal.value.field == f"seat-{absent.pk}"
    assert not resolution.votes.exists()
    assert not resolution.meeting.attendances.exists()


def test_a_voter_cannot_be_called_absent():
    resolution = make.session()
    seat = resolution.votes.first().seat
    with pytest.raises(RuleBroken):
        councils.attend(resolution.meeting_id, {seat.pk: False}, by=make.keeper(resolution.council))


def test_votes_of_foreign_absent_and_observing_seats_are_refused():
    resolution = make.session()
    by = make.keeper(resolution.council)
    observer = make.seat(resolution.council, role="observer")
    Attendance.objects.create(meeting=resolution.meeting, seat=observer)
    for seat in (observer, make.seat(resolution.council), make.seat(make.council())):
        with pytest.raises(RuleBroken):
            councils.cast(resolution.pk, seat.pk, "for", by=by)


def test_decided_votes_are_frozen_for_the_service():
    resolution = make.session()
    by = make.keeper(resolution.council)
    seat = resolution.votes.first().seat
    councils.adopt(resolution.pk, by=by)
    for act in (
        lambda: councils.cast(resolution.pk, seat.pk, "against", by=by),
        lambda: councils.take_back(resolution.pk, seat.pk, by=by),
    ):
        with pytest.raises(RuleBroken):
            act()
    assert resolution.votes.get(seat=seat).choice == "for"


def test_resolutions_are_seen_by_their_council_and_officers_only():
    resolution = make.session()
    member = resolution.votes.first().seat.user
    for person in (member, factories.officer(), make.keeper(resolution.council), factories.user(is_superuser=True)):
        assert Resolution.objects.visible_to(person).filter(pk=resolution.pk).exists()
    for person in (factories.user(), factories.representative(), make.keeper(make.council())):
        assert not Resolution.objects.visible_to(person).filter(pk=resolution.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_adopted_at_the_same_moment_the_numbers_differ_without_gaps():
    council = make.council()
    by = make.keeper(council)
    resolutions = [make.session(council_=council)]
    for _n in range(3):
        more = make.resolution(council)
        for seat in council.seats.all():
            Attendance.objects.create(meeting=more.meeting, seat=seat)
            Vote.objects.create(resolution=more, seat=seat, choice="for")
        resolutions.append(more)
    start = threading.Barrier(len(resolutions))

    def adopt(pk):
        try:
            start.wait(10)
            councils.adopt(pk, by=by)
        finally:
            connection.close()

    threads = [threading.Thread(target=adopt, args=[one.pk]) for one in resolutions]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    assert sorted(Resolution.objects.filter(council=council).values_list("number", flat=True)) == [1, 2, 3, 4]
