"""What the database itself refuses about councils, whoever writes: raw statements go round every service here."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from secretariat.calendar import today
from secretariat.models import (
    AgendaItem,
    AgendaPaper,
    Attendance,
    Ballot,
    Council,
    DecisionRule,
    Meeting,
    Presence,
    Resolution,
    Seat,
)
from secretariat.rules.voting import VotingRule
from secretariat.selectors.meetings import seats_on_day
from secretariat.services import ballots
from tests import council as make
from tests import factories
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db



def test_one_person_holds_one_seat_at_a_time():
    seat = make.seat(make.council(), ends_on=today())
    overlapping = Seat(council=seat.council, user=seat.user, starts_on=today())
    with refused("one_seat_a_person_at_a_time"):
        Seat.objects.bulk_create([overlapping])
    # The day after the last is free, and so is another council.
    Seat.objects.bulk_create(
        [
            Seat(council=seat.council, user=seat.user, starts_on=today() + timedelta(days=1)),
            Seat(council=make.council(), user=seat.user, starts_on=today()),
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


def test_a_rule_of_voting_can_be_followed():
    council = make.council()
    rule = make.follow(council, VotingRule())
    rows = DecisionRule.objects.filter(pk=rule.pk)
    with refused("one_rule_for_a_kind_of_decision"):
        DecisionRule.objects.bulk_create([DecisionRule(council=council)])
    for quorum in ({"quorum_over": 0}, {"quorum_over": 4}, {"quorum_under": 1}):
        with refused("quorum_is_a_share_of_the_seats"):
            rows.update(**quorum)
    for share in ({"share_over": 0}, {"share_over": 2, "share_under": 2}, {"share_over": 3, "is_strict": False}):
        with refused("majority_can_be_reached"):
            rows.update(**share)
    rows.update(share_over=2, share_under=2, is_strict=False)
    with refused("majority_counted_in_a_known_way"):
        rows.update(of="some")
    with refused("rule_for_a_known_kind_of_decision"):
        rows.update(decision="war")


def test_nobody_is_the_own_deputy():
    seat = make.seat(make.council())
    with refused("deputy_is_somebody_else"):
        Seat.objects.filter(pk=seat.pk).update(deputy=seat.user)


def test_a_council_is_not_its_own_parent():
    council = make.council()
    with refused("council_not_its_own_parent"):
        Council.objects.filter(pk=council.pk).update(parent=council)


def test_meeting_numbers_are_positive_unique_and_given_once():
    meeting = make.in_session(make.council())
    rows = Meeting.objects.filter(pk=meeting.pk)
    again = Meeting(council=meeting.council, year=meeting.year, number=meeting.number, starts_at=timezone.now())
    with refused("meeting_number_unique_in_council_and_year"):
        Meeting.objects.bulk_create([again])
    for change in ({"number": meeting.number + 1}, {"year": 1399}, {"council": make.council()}):
        with refused("meeting_keeps_its_number"):
            rows.update(**change)
    with refused("meeting_keeps_its_number"):
        sql("DELETE FROM secretariat_meeting WHERE id = %s", meeting.pk)
    planned = make.meeting(meeting.council)
    for change in ({"status": "called"}, {"number": 0, "year": 1405}, {"number": 1}, {"year": 1405}):
        with refused("meeting_numbered_once_called"):
            Meeting.objects.filter(pk=planned.pk).update(**change)


def test_a_session_begins_and_ends():
    meeting = make.in_session(make.council())
    rows = Meeting.objects.filter(pk=meeting.pk)
    for change in ({"started_at": None}, {"status": "held"}, {"ended_at": timezone.now()}, {"status": "called"}):
        with refused("session_has_begun_and_ended"):
            rows.update(**change)
    with refused("session_has_begun_and_ended"):
        rows.update(status="held", ended_at=meeting.started_at - timedelta(minutes=1))


def test_agenda_items_are_of_known_kinds_and_end_after_they_begin():
    meeting = make.in_session(make.council())
    item = AgendaItem.objects.create(meeting=meeting, title="بند")
    rows = AgendaItem.objects.filter(pk=item.pk)
    with refused("agenda_item_of_a_known_kind"):
        rows.update(kind="party")
    now = timezone.now()
    for change in ({"ended_at": now}, {"began_at": now, "ended_at": now - timedelta(minutes=1)}):
        with refused("item_ends_after_it_begins"):
            rows.update(**change)
    with refused("only_approval_of_minutes_names_a_meeting"):
        rows.update(minutes_of=make.meeting(meeting.council))


def test_papers_have_content_and_stay():
    item = AgendaItem.objects.create(meeting=make.meeting(make.council()), title="بند")
    paper = {
        "item": item,
        "file": "council/x",
        "name": "x.pdf",
        "extension": ".pdf",
        "content_type": "application/pdf",
        "sha256": "0" * 64,
    }
    with refused("agendapaper_not_empty"):
        AgendaPaper.objects.create(**paper, size=0)
    kept = AgendaPaper.objects.create(**paper, size=5)
    with refused("uploaded_file_stays"):
        AgendaPaper.objects.filter(pk=kept.pk).update(name="y.pdf")


def test_attendance_once_and_only_of_a_seat_in_force():
    seat = make.seat(make.council())
    meeting = make.meeting(seat.council)
    Attendance.objects.create(meeting=meeting, seat=seat)
    with refused("seat_attends_a_meeting_once"):
        Attendance.objects.bulk_create([Attendance(meeting=meeting, seat=seat)])
    for stranger in (
        make.seat(make.council()),
        make.seat(seat.council, ends_on=today() - timedelta(days=1)),
        make.seat(seat.council, starts_on=today() + timedelta(days=1)),
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
    assert seats_on_day(meeting).get() == seat


def test_a_line_of_the_list_stays_with_its_seat_and_its_answer_is_known():
    seat = make.seat(make.council())
    line = Attendance.objects.create(meeting=make.meeting(seat.council), seat=seat)
    rows = Attendance.objects.filter(pk=line.pk)
    with refused("seat_of_the_council_on_that_day", saying="stays with its meeting"):
        rows.update(seat=make.seat(seat.council))
    for change in ({"answer": "maybe", "answered_at": timezone.now()}, {"answer": "coming"}, {"answered_at": timezone.now()}):
        with refused("answer_known_and_dated"):
            rows.update(**change)


def test_a_seat_is_filled_once_at_a_time_by_its_holder_or_deputy():
    meeting = make.in_session(make.council())
    deputy = factories.user()
    seat, other = make.seat(meeting.council, deputy=deputy), make.seat(meeting.council, deputy=deputy)
    row = make.presence(meeting, seat)
    rows = Presence.objects.filter(pk=row.pk)
    with refused("seat_filled_once_at_a_time"):
        make.presence(meeting, seat, user=deputy)
    with refused("seat_filled_by_its_holder_or_deputy", saying="holder or the deputy"):
        rows.update(user=factories.user())
    with refused("who_leaves_had_arrived"):
        rows.update(left_at=row.arrived_at - timedelta(minutes=1))
    # Nobody sits on two chairs.
    make.presence(meeting, other, user=deputy)
    with refused("seat_filled_by_its_holder_or_deputy", saying="one seat at a time"):
        rows.update(user=deputy)
    rows.update(left_at=timezone.now() - timedelta(minutes=1))
    make.presence(meeting, seat, arrived_at=timezone.now())


@pytest.mark.parametrize("secret", [False, True])
def test_who_voted_stays_present(secret):
    resolution = make.session()
    seat, ballot = make.seats(resolution)[0], make.ballot(resolution, None, secret=secret)
    ballots.cast(ballot.pk, "for", by=seat.user)
    rows = Presence.objects.filter(attendance__seat=seat)
    for change in ({"left_at": resolution.meeting.started_at}, {"arrived_at": timezone.now() + timedelta(minutes=1)}):
        with refused("who_voted_was_present"):
            rows.update(**change)
    with refused("who_voted_was_present"):
        sql("DELETE FROM secretariat_presence WHERE id = %s", rows.get().pk)
    rows.update(left_at=timezone.now())  # after the vote anybody may go
    ballots.break_off(ballot.pk, "از نو", by=make.keeper(resolution.council))
    sql("DELETE FROM secretariat_presence WHERE id = %s", rows.get().pk)


def decided(adopt=True):
    return make.adopted(choice="for" if adopt else "against")


@pytest.mark.parametrize("adopt", [True, False])
def test_a_decided_resolution_is_frozen(adopt):
    resolution = decided(adopt)
    for change in ({"text": "دیگر"}, {"title": "دیگر"}, {"number": 9}, {"status": "draft", "number": None, "adopted_at": None}):
        with refused("decided_is_frozen"):
            Resolution.objects.filter(pk=resolution.pk).update(**change)
    with refused("decided_is_frozen"):
        sql("DELETE FROM secretariat_resolution WHERE id = %s", resolution.pk)


def test_adopted_exactly_when_numbered_and_registered():
    resolution = make.session()
    for change in ({"status": "rejected", "adopted_at": timezone.now()}, {"number": 1, "year": 1405}):
        with refused("adopted_exactly_when_numbered"):
            Resolution.objects.filter(pk=resolution.pk).update(**change)
    for change in ({"hash": "a" * 64}, {"register_entry": "{}"}, {"previous_hash": "b" * 64}):
        with refused("adopted_exactly_when_registered"):
            Resolution.objects.filter(pk=resolution.pk).update(**change)


def entry(number, previous):
    """What adoption writes, made up."""
    return {
        "status": "adopted", "year": 1405, "number": 77, "adopted_at": timezone.now(), "seats_present": 3, "seats_in_force": 3,
        "register_no": number, "previous_hash": previous, "register_entry": "{}", "hash": "a" * 64,
    }  # fmt: skip


def test_a_resolution_is_adopted_by_a_vote_that_carried_it():
    for resolution in (make.session(), make.ballot(make.session()).resolution):
        with refused("adopted_by_a_ballot_that_carried"):
            Resolution.objects.filter(pk=resolution.pk).update(**entry(1, "0" * 64))


def carried(resolution, **counts):
    """A ballot of this resolution counted as carried by hand, past every service."""
    ballot = make.ballot(resolution)
    numbers = {
        "seats": 3,
        "present": 3,
        "recused": 0,
        "recused_present": 0,
        "votes_for": 3,
        "votes_against": 0,
        "votes_abstain": 0,
    }
    Ballot.objects.filter(pk=ballot.pk).update(
        **{"status": "closed", "verdict": "carried", "closed_at": timezone.now(), **numbers, **counts}
    )


def test_the_register_goes_on_where_it_ended():
    first = decided()
    resolution = make.session()
    carried(resolution)
    rows = Resolution.objects.filter(pk=resolution.pk)
    for number, previous in ((1, first.hash), (3, first.hash), (2, "b" * 64)):
        with refused("register_goes_on_where_it_ended"):
            rows.update(**entry(number, previous))
    rows.update(**entry(2, first.hash))


def test_resolution_numbers_are_unique_in_council_and_year():
    first = decided()
    second = make.session(council_=first.council, members=0)
    for seat in make.seats(first):
        make.presence(second.meeting, seat)
    carried(second)
    same = {**entry(2, first.hash), "year": first.year, "number": first.number}
    with refused("resolution_number_unique_in_council_and_year"):
        Resolution.objects.filter(pk=second.pk).update(**same)


def test_a_resolution_is_of_a_known_kind_in_force_for_a_time_and_not_about_itself():
    rows = Resolution.objects.filter(pk=make.resolution().pk)
    with refused("resolution_of_a_known_kind_of_decision"):
        rows.update(decision="war")
    with refused("in_force_until_after_from"):
        rows.update(in_force_from=today(), in_force_until=today() - timedelta(days=1))
    with refused("nothing_supersedes_itself"):
        rows.update(supersedes=rows.get())


def test_what_is_voted_on_does_not_change():
    resolution = make.session()
    ballot = make.ballot(resolution)
    rows = Resolution.objects.filter(pk=resolution.pk)
    for change in ({"text": "دیگر"}, {"title": "دیگر"}, {"decision": "appeal"}, {"kind": "general"}, {"in_force_from": today()}):
        with refused("motion_stands_while_voted_on"):
            rows.update(**change)
    with refused("motion_stands_while_voted_on"):
        sql("DELETE FROM secretariat_resolution WHERE id = %s", resolution.pk)
    ballots.break_off(ballot.pk, "متن", by=make.keeper(resolution.council))
    rows.update(text="دیگر")


def test_a_resolution_is_taken_at_a_meeting_of_its_own_council():
    elsewhere = make.meeting(make.council())
    with refused("resolution_at_a_meeting_of_its_council"):
        make.resolution(make.council(), elsewhere)
    item = AgendaItem.objects.create(meeting=elsewhere, title="بند")
    with refused("resolution_at_a_meeting_of_its_council", saying="agenda item"):
        make.resolution(elsewhere.council, agenda_item=item)


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
