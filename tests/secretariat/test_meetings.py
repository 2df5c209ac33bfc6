"""Meetings from plan to end: numbers, the call with its letters and calendar files, answers, who came and left, quorum."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from secretariat import calendar_file, persian
from secretariat.models import AgendaItem, Attendance, Letter, Notice, Presence, Seat
from secretariat.selectors.meetings import presence_at, quorum_now, quorum_spans
from secretariat.services import ballots, bodies, letters, meetings
from tests import council as make
from tests import factories
from tests.refusal import says_no

pytestmark = pytest.mark.django_db

LATER = timezone.now().replace(microsecond=0) + timedelta(days=5)


def planned(members=2, **fields):
    """A planned meeting of a council with members, and who keeps its papers."""
    council = make.council()
    for n in range(members):
        make.seat(council, role="chair" if n == 0 else "member")
    by = make.keeper(council)
    return meetings.plan(council.pk, LATER, by=by, **{"place": "تهران", **fields}), by


def unfolded(text):
    return text.replace("\r\n ", "")


# --- numbers -------------------------------------------------------------------------------------


def test_numbers_come_with_the_call_without_gaps_within_council_and_year():
    council = make.council()
    make.seat(council)
    by = make.keeper(council)
    today = timezone.now()  # of one year with the session that is opened below
    first, second, third = (meetings.plan(council.pk, today, by=by) for _n in range(3))
    assert second.number is None
    assert meetings.call(second.pk, by=by).number == 1
    meetings.cancel(second.pk, "تعطیلی", by=by)
    assert meetings.call(first.pk, by=by).number == 2
    assert meetings.start(third.pk, by=by).number == 3
    assert first.council.meetings.get(pk=first.pk).year == persian.to_jalali(timezone.localdate(today)).year
    elsewhere, keeper = planned()
    assert meetings.call(elsewhere.pk, by=keeper).number == 1
    # Its number stays with it when it begins.
    assert meetings.start(first.pk, by=by).number == 2


def test_strangers_move_nothing():
    meeting, _by = planned()
    for stranger in (factories.user(), factories.officer(), make.keeper(make.council()), Seat.objects.get(role="member").user):
        for act in (
            lambda who: meetings.plan(meeting.council_id, LATER, by=who),
            lambda who: meetings.call(meeting.pk, by=who),
            lambda who: meetings.revise(meeting.pk, by=who, place="قم"),
            lambda who: meetings.set_agenda(meeting.pk, [], by=who),
            lambda who: meetings.cancel(meeting.pk, "دلیل", by=who),
            lambda who: meetings.start(meeting.pk, by=who),
            lambda who: meetings.end(meeting.pk, by=who),
            lambda who: meetings.attend_all(meeting.pk, by=who),
        ):
            says_no(lambda act=act, who=stranger: act(who))
    meeting.refresh_from_db()
    assert meeting.status == "planned"


# --- the call ------------------------------------------------------------------------------------


def test_the_call_invites_every_seat_once_with_agenda_and_calendar_file():
    meeting, by = planned()
    person = meeting.council.seats.first().user
    make.seat(meeting.council, ends_on=timezone.localdate())  # no longer in force on that day
    meetings.set_agenda(meeting.pk, [{"kind": "marks", "title": "نشان کیفیت"}, {"title": "سایر موارد"}], by=by)
    meetings.call(meeting.pk, by=by)
    assert meeting.attendances.count() == Notice.objects.filter(kind="meeting_called").count() == 2
    letter = Letter.objects.get(to=person.email)
    assert "نشان کیفیت" in letter.text
    text = unfolded(letter.calendar)
    for line in ("METHOD:REQUEST", "SEQUENCE:0", f"DTSTART:{LATER.astimezone(UTC):%Y%m%dT%H%M%SZ}", "LOCATION:تهران"):
        assert f"{line}\r\n" in text
    assert persian.to_jalali(timezone.localdate(LATER)).year == int(
        persian.digits_to_ascii(re.search(r"DESCRIPTION:.*?([۰-۹]{4})", text)[1])
    )
    says_no(lambda: meetings.call(meeting.pk, by=by))
    letters.send_waiting()
    sent = next(message for message in mail.outbox if message.to == [person.email])
    name, content, kind = sent.attachments[0]
    assert name == "meeting.ics"
    assert "method=REQUEST" in kind
    assert content.encode() if isinstance(content, str) else content == letter.calendar.encode()


def test_a_council_without_seats_is_not_called():
    meeting, by = planned(members=0)
    says_no(lambda: meetings.call(meeting.pk, by=by))


def test_changes_after_the_call_are_told_again_under_the_same_appointment():
    meeting, by = planned()
    meetings.revise(meeting.pk, by=by, place="قم")
    assert not Notice.objects.exists()
    meetings.call(meeting.pk, by=by)
    person = meeting.council.seats.first().user
    meetings.answer(meeting.pk, "coming", by=person)
    meetings.revise(meeting.pk, by=by, place="قم")  # nothing changed, nothing told
    meetings.revise(meeting.pk, by=by, starts_at=LATER + timedelta(days=1))
    meetings.set_agenda(meeting.pk, [{"title": "بند تازه"}], by=by)
    meetings.cancel(meeting.pk, "بیماری", by=by)
    told = [unfolded(letter.calendar) for letter in Letter.objects.filter(to=person.email).order_by("pk")]
    assert [re.search(r"SEQUENCE:(\d)", text)[1] for text in told] == ["0", "1", "2", "3"]
    assert len({re.search(r"UID:(.*)\r", text)[1] for text in told}) == 1
    assert "METHOD:CANCEL\r\n" in told[3]
    assert "STATUS:CANCELLED\r\n" in told[3]
    assert "بیماری" in Notice.objects.get(user=person, kind="meeting_cancelled").text_fa
    # Who said yes to the old time is asked again.
    assert meeting.attendances.get(seat__user=person).answer == ""


def test_a_calendar_file_is_folded_escaped_and_in_utc():
    text = calendar_file.written(
        calendar_file.Appointment(
            uid="meeting-1@portal", sequence=2, starts_at=datetime(2026, 1, 25, 11, 0, tzinfo=UTC), ends_at=datetime(2026, 1, 25, 13, 0, tzinfo=UTC),
            made_at=datetime(2026, 1, 1, tzinfo=UTC), summary="شورا, جلسه; ۳", description="نشان کیفیت محصولات فرهنگی\n" * 9, invited="a@b.ir",
        )
    )  # fmt: skip
    lines = text.split("\r\n")
    assert lines[-1] == ""
    assert max(len(line.encode()) for line in lines) <= 75
    whole = unfolded(text)
    assert "SUMMARY:شورا\\, جلسه\\; ۳\r\n" in whole
    assert whole.count("\\n") == 9
    assert "DTSTART:20260125T110000Z\r\n" in whole
    assert "mailto:a@b.ir" in whole


def test_members_answer_and_the_deputy_hears_of_an_excuse():
    meeting, by = planned()
    seat, deputy = meeting.council.seats.get(role="member"), factories.user()
    Seat.objects.filter(pk=seat.pk).update(deputy=deputy)
    says_no(lambda: meetings.answer(meeting.pk, "coming", by=seat.user))
    meetings.call(meeting.pk, by=by)
    assert meetings.answer(meeting.pk, "coming", by=seat.user).answered_at
    says_no(lambda: meetings.answer(meeting.pk, "excused", by=seat.user), "why")
    says_no(lambda: meetings.answer(meeting.pk, "perhaps", by=seat.user), "answer")
    says_no(lambda: meetings.answer(meeting.pk, "coming", by=factories.user()))
    line = meetings.answer(meeting.pk, "excused", by=seat.user, why="سفر")
    assert (line.answer, line.why) == ("excused", "سفر")
    assert str(seat.user) in Notice.objects.get(user=deputy).text_fa
    meetings.answer(meeting.pk, "excused", by=seat.user, why="سفر کاری")
    assert Notice.objects.filter(user=deputy).count() == 1
    meetings.start(meeting.pk, by=by)
    says_no(lambda: meetings.answer(meeting.pk, "coming", by=seat.user))


def test_a_deputy_comes_by_name_and_only_where_the_holder_does_not(client):
    meeting, by = planned()
    seat, deputy = meeting.council.seats.get(role="member"), factories.user(first_name="مریم", last_name="جانشینیان")
    Seat.objects.filter(pk=seat.pk).update(deputy=deputy)
    meetings.call(meeting.pk, by=by)
    meetings.answer(meeting.pk, "coming", by=seat.user)
    says_no(lambda: meetings.answer(meeting.pk, "coming", by=deputy))
    meetings.answer(meeting.pk, "excused", by=seat.user, why="سفر")
    line = meetings.answer(meeting.pk, "coming", by=deputy)
    assert (line.answer, line.why, line.answered_by, line.deputy_comes) == ("coming", "سفر", deputy, deputy)
    client.force_login(by)
    page = client.get(f"/meetings/{meeting.pk}/").content.decode()
    place = page.split(f'id="place-{seat.pk}"')[1].split("</li>")[0]
    assert f"<strong>{deputy}</strong>" in place and f"به جای {seat.user}" in place
    client.force_login(deputy)
    page = client.get(f"/meetings/{meeting.pk}/").content.decode()
    assert 'id="answer"' in page and "سفر" not in page  # why its holder cannot come is told to who keeps the papers
    line = meetings.answer(meeting.pk, "coming", by=seat.user)  # the journey fell through
    assert (line.why, line.deputy_comes) == ("", None)
    assert 'id="answer"' not in client.get(f"/meetings/{meeting.pk}/").content.decode()


def test_the_agenda_is_kept_in_order_and_what_hangs_on_an_item_keeps_it():
    meeting, by = planned()
    meetings.set_agenda(meeting.pk, [{"title": "یک"}, {"title": "دو"}], by=by)
    one, two = meeting.agenda.all()
    meetings.set_agenda(meeting.pk, [{"pk": two.pk, "presenter": "دکتر"}, {"title": "سه"}, {"pk": one.pk}], by=by)
    assert [item.title for item in meeting.agenda.all()] == ["دو", "سه", "یک"]
    make.resolution(meeting.council, meeting, agenda_item=two)
    says_no(lambda: meetings.set_agenda(meeting.pk, [], by=by))
    meetings.set_agenda(meeting.pk, [{"pk": two.pk}], by=by)
    assert meeting.agenda.get() == two


# --- the session ---------------------------------------------------------------------------------


def test_who_comes_and_goes_stands_by_the_minute():
    meeting, by = planned()
    meetings.start(meeting.pk, by=by, at=timezone.now() - timedelta(hours=1))
    seat = meeting.council.seats.first()
    for minutes_ago, act in ((60, meetings.arrive), (40, meetings.leave), (20, meetings.arrive)):
        act(meeting.pk, seat.pk, by=by, at=timezone.now() - timedelta(minutes=minutes_ago))
    assert presence_at(meeting) == {seat.pk: seat.user_id}
    for minutes_ago, there in ((50, True), (30, False), (10, True)):
        assert (seat.pk in presence_at(meeting, timezone.now() - timedelta(minutes=minutes_ago))) is there
    says_no(lambda: meetings.arrive(meeting.pk, seat.pk, by=by), f"seat-{seat.pk}")
    says_no(lambda: meetings.leave(meeting.pk, seat.pk, by=by, at=timezone.now() + timedelta(hours=1)), "at")
    meetings.leave(meeting.pk, seat.pk, by=by)
    says_no(lambda: meetings.leave(meeting.pk, seat.pk, by=by), f"seat-{seat.pk}")
    says_no(lambda: meetings.arrive(meeting.pk, seat.pk, by=by, at=timezone.now() - timedelta(minutes=50)), f"seat-{seat.pk}")
    says_no(lambda: meetings.arrive(meeting.pk, make.seat(make.council()).pk, by=by))


def test_a_seat_is_filled_by_its_holder_or_deputy_and_nobody_fills_two():
    meeting, by = planned()
    one, other = meeting.council.seats.order_by("pk")
    deputy = factories.user()
    Seat.objects.update(deputy=deputy)
    meetings.start(meeting.pk, by=by)
    says_no(lambda: meetings.arrive(meeting.pk, one.pk, by=by, user=factories.user()), f"seat-{one.pk}")
    meetings.arrive(meeting.pk, one.pk, by=by, user=deputy)
    says_no(lambda: meetings.arrive(meeting.pk, other.pk, by=by, user=deputy), f"seat-{other.pk}")
    assert presence_at(meeting) == {one.pk: deputy.pk}


def test_quorum_is_reached_lost_and_reached_again():
    meeting, by = planned(members=3)
    start = timezone.now() - timedelta(hours=1)
    meetings.start(meeting.pk, by=by, at=start)
    seats = list(meeting.council.seats.order_by("pk"))
    for seat in seats[:2]:
        meetings.arrive(meeting.pk, seat.pk, by=by, at=start)
    meetings.leave(meeting.pk, seats[0].pk, by=by, at=start + timedelta(minutes=20))
    assert quorum_now(meeting) == (False, 1, 3)
    meetings.arrive(meeting.pk, seats[2].pk, by=by, at=start + timedelta(minutes=40))
    assert quorum_now(meeting) == (True, 2, 3)
    meeting = meetings.end(meeting.pk, by=by, at=start + timedelta(minutes=50))
    spans = quorum_spans(meeting)
    assert [(span.quorum, span.present) for span in spans] == [(True, 2), (False, 1), (True, 2)]
    assert spans[0].begins == meeting.started_at
    assert spans[-1].ends == meeting.ended_at


def test_attendance_at_once_and_its_correction():
    meeting, by = planned(members=3)
    meeting.starts_at = timezone.now() - timedelta(hours=2)
    meeting.save()
    make.seat(meeting.council, ends_on=meeting.day - timedelta(days=1))
    assert meetings.attend_all(meeting.pk, by=by) == 3
    assert meetings.attend_all(meeting.pk, by=by) == 0
    meeting.refresh_from_db()
    assert (meeting.status, meeting.started_at) == ("in_session", meeting.starts_at)
    seat = meeting.council.seats.first()
    meetings.attend(meeting.pk, {seat.pk: False}, by=by)
    assert Presence.objects.count() == 2
    says_no(lambda: meetings.attend(meeting.pk, {make.seat(make.council()).pk: True}, by=by))


def test_a_meeting_ends_with_everybody_and_not_while_they_vote():
    resolution = make.session()
    by = make.keeper(resolution.council)
    ballot = make.ballot(resolution)
    says_no(lambda: meetings.end(resolution.meeting_id, by=by))
    ballots.close_ballot(ballot.pk, by=by)
    meeting = meetings.end(resolution.meeting_id, by=by)
    assert set(Presence.objects.values_list("left_at", flat=True)) == {meeting.ended_at}
    says_no(lambda: meetings.arrive(meeting.pk, make.seats(resolution)[0].pk, by=by))
    says_no(lambda: meetings.revise(meeting.pk, by=by, place="قم"))
    says_no(lambda: meetings.set_agenda(meeting.pk, [], by=by))
    assert list(meeting.moves.values_list("action", flat=True)) == ["end"]


def test_one_item_is_taken_up_at_a_time():
    meeting, by = planned()
    meetings.set_agenda(meeting.pk, [{"title": "یک"}, {"title": "دو"}], by=by)
    one, two = meeting.agenda.all()
    says_no(lambda: meetings.begin_item(one.pk, by=by))
    meetings.start(meeting.pk, by=by)
    meetings.begin_item(one.pk, by=by)
    meetings.begin_item(two.pk, by=by)
    assert AgendaItem.objects.get(pk=one.pk).ended_at is not None
    assert AgendaItem.objects.get(pk=two.pk).ended_at is None
    meetings.end(meeting.pk, by=by)
    assert AgendaItem.objects.get(pk=two.pk).ended_at is not None


def test_a_moved_meeting_loses_those_whose_term_is_over_by_then():
    meeting, by = planned()
    leaving = make.seat(meeting.council, ends_on=timezone.localdate(LATER))
    meetings.call(meeting.pk, by=by)
    meetings.revise(meeting.pk, by=by, starts_at=LATER + timedelta(days=2))
    assert not Attendance.objects.filter(seat=leaving).exists()
    assert meeting.attendances.count() == 2


# --- terms ---------------------------------------------------------------------------------------


def told(user, kind):
    return Notice.objects.filter(user=user, kind=kind).count()


def test_whoever_gets_a_seat_after_the_call_is_invited_and_told_once():
    meeting, by = planned()
    meetings.call(meeting.pk, by=by)
    early, late = meeting.attendances.first().seat.user, make.seat(make.council())
    head = factories.granted("secretary")
    (seat,) = bodies.begin_term(meeting.council_id, [late], timezone.localdate(), None, by=head)
    meetings.follow_seats([meeting.council_id])
    assert meeting.attendances.filter(seat=seat).count() == 1
    assert (told(late.user, "meeting_called"), told(early, "meeting_called")) == (1, 1)


def test_whose_term_ends_before_a_called_meeting_is_taken_off_and_told_and_a_held_one_stays_as_it_was():
    meeting, by = planned()
    leaving = make.seat(meeting.council)
    held = Attendance.objects.create(meeting=make.meeting(meeting.council, status="held"), seat=leaving)
    meetings.call(meeting.pk, by=by)
    Seat.objects.filter(pk=leaving.pk).update(ends_on=timezone.localdate(), end_reason="بازنشستگی")
    meetings.follow_seats([meeting.council_id])
    assert not meeting.attendances.filter(seat=leaving).exists() and told(leaving.user, "meeting_left") == 1
    assert Attendance.objects.filter(pk=held.pk).exists()
