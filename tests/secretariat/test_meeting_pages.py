"""The pages of meetings: who sees what; planning, calling, cancelling; the room, answers, arrivals, papers."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from secretariat import calendar, persian
from secretariat.models import AgendaItem, AgendaPaper, Attendance, Letter, Meeting, Notice, Presence
from secretariat.selectors.meetings import plan_seen
from secretariat.services import ballots, meetings
from tests import council as make
from tests import factories, specimens

pytestmark = pytest.mark.django_db
TOMORROW = timezone.now() + timedelta(days=1)


@pytest.fixture
def council():
    return make.council()


@pytest.fixture
def keeper(council):
    return make.keeper(council)


@pytest.fixture
def seats(council):
    return [make.seat(council, role="chair" if n == 0 else "member") for n in range(3)]


@pytest.fixture
def called(council, keeper, seats):
    meeting = make.meeting(council, starts_at=TOMORROW, place="تالار اجتماعات")
    AgendaItem.objects.create(meeting=meeting, position=1, title="گزارش دبیرخانه")
    return meetings.call(meeting.pk, by=keeper)


@pytest.fixture
def session(council, seats):
    return make.in_session(council)


def url(name, *args):
    return reverse(name, args=args)


def page(client, user, address, **query):
    client.force_login(user)
    return client.get(address, query)


def typed(day=None, clock="۱۴:۳۰", items=(), **fields):
    """A filled-in form of a meeting; `items` are dicts of one line each."""
    day = day or (calendar.today() + timedelta(days=7))
    told = {"day": persian.short(day), "clock": clock, "minutes_planned": "۹۰", "place": "اتاق ۲", **fields}
    told |= {"item-TOTAL_FORMS": len(items), "item-INITIAL_FORMS": "0", "item-MIN_NUM_FORMS": "0", "item-MAX_NUM_FORMS": "40"}
    for n, item in enumerate(items):
        told |= {f"item-{n}-{name}": value for name, value in {"kind": "discussion", **item}.items()}
    return told


# --- reading -------------------------------------------------------------------------------------


def test_each_sees_the_own_councils(client, council, keeper, seats, called):
    other = make.meeting(make.council(), starts_at=TOMORROW)
    for person in (keeper, seats[1].user, make.seat(council, role="observer").user):
        words = page(client, person, url("meeting_list")).content.decode()
        assert url("meeting_detail", called.pk) in words and url("meeting_detail", other.pk) not in words
        assert page(client, person, url("meeting_detail", called.pk)).status_code == 200
        assert page(client, person, url("meeting_detail", other.pk)).status_code == 404
    words = page(client, factories.officer(), url("meeting_list")).content.decode()
    assert url("meeting_detail", called.pk) in words and url("meeting_detail", other.pk) in words
    stranger = factories.representative()
    for name, args in (
        ("meeting_list", []),
        ("meeting_archive", []),
        ("meeting_detail", [called.pk]),
        ("meeting_calendar", [called.pk]),
    ):
        assert page(client, stranger, url(name, *args)).status_code == 404


def test_the_anonymous_are_asked_who_they_are(client, called):
    for name in ("meeting_detail", "meeting_now", "meeting_edit", "meeting_calendar"):
        assert "/sign-in/" in client.get(url(name, called.pk)).url
    for name in ("meeting_answer", "meeting_presence"):
        assert "/sign-in/" in client.post(url(name, called.pk)).url


def test_coming_and_past_by_filters(client, council, keeper, called):
    held = make.meeting(council, status="held", starts_at=timezone.now() - timedelta(days=9))
    make.meeting(council, status="held", year=1404, starts_at=timezone.now() - timedelta(days=400))
    coming, past = (page(client, keeper, url(name)).content.decode() for name in ("meeting_list", "meeting_archive"))
    assert url("meeting_detail", called.pk) in coming and url("meeting_detail", held.pk) not in coming
    assert url("meeting_detail", held.pk) in past and url("meeting_detail", called.pk) not in past
    for query, found in (({"year": 1405}, True), ({"year": 1404}, False), ({"council": council.pk, "status": "held"}, True)):
        words = client.get(url("meeting_archive"), query).content.decode()
        assert (url("meeting_detail", held.pk) in words) is found, query


def asked(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_lists_and_room_ask_as_much_for_one_as_for_thirty(client, council, keeper, seats, called):
    client.force_login(keeper)
    make.resolution(council, called, agenda_item=called.agenda.get())
    pages = [url("meeting_list"), url("meeting_detail", called.pk)]
    few = [asked(client, address) for address in pages]
    for n in range(30):
        make.meeting(council, starts_at=TOMORROW + timedelta(hours=n))
        line = Attendance.objects.create(meeting=called, seat=make.seat(council))
        item = AgendaItem.objects.create(meeting=called, position=n, title=f"بند {n}")
        make.resolution(council, called, agenda_item=item)
        assert line.pk
    assert [asked(client, address) for address in pages] == few
    assert max(few) <= 28


# --- planning ------------------------------------------------------------------------------------


def test_a_meeting_is_planned_with_its_agenda(client, council, keeper):
    client.force_login(keeper)
    lines = [{"title": "دوم", "place": "۲"}, {"title": "نخست", "place": "۱", "minutes_planned": "۱۵"}, {"title": ""}]
    answer = client.post(url("meeting_new"), typed(items=lines))
    meeting = Meeting.objects.get()
    assert answer.url == url("meeting_detail", meeting.pk)
    assert (meeting.council, meeting.place, meeting.minutes_planned, meeting.status) == (council, "اتاق ۲", 90, "planned")
    assert f"{calendar.in_tehran(meeting.starts_at):%H:%M}" == "14:30"
    assert list(meeting.agenda.values_list("title", "minutes_planned")) == [("نخست", 15), ("دوم", None)]
    assert not Notice.objects.exists()


def test_what_is_wrong_is_said_and_what_was_typed_stays(client, keeper):
    client.force_login(keeper)
    wrong = typed(clock="چهارده", items=[{"title": "", "note": "یادداشت مهم"}])
    answer = client.post(url("meeting_new"), wrong)
    words = answer.content.decode()
    assert answer.status_code == 422 and not Meeting.objects.exists()
    assert (
        "چهارده" in words and "یادداشت مهم" in words and 'id="id_clock-error"' in words and 'id="id_item-0-title-error"' in words
    )


def test_only_who_keeps_the_papers_plans(client, council, seats, called):
    for person in (seats[0].user,):
        assert page(client, person, url("meeting_new")).status_code == 200
    for person in (seats[1].user, factories.officer(), factories.representative()):
        assert page(client, person, url("meeting_new")).status_code == 404
        assert page(client, person, url("meeting_edit", called.pk)).status_code == 404
        assert client.post(url("meeting_move", called.pk, "start")).status_code == 404
    assert Meeting.objects.get().status == "called"


def test_who_keeps_several_councils_is_asked_for_which(client, council, keeper, in_english):
    from secretariat.models import RoleGrant

    other = make.council()
    RoleGrant.objects.create(user=keeper, role="council_secretary", council=other)
    words = page(client, keeper, url("meeting_new")).content.decode()
    assert council.name in words and other.name in words and "Of which council?" in words
    assert other.name in page(client, keeper, url("meeting_new"), council=other.pk).content.decode()
    assert page(client, keeper, url("meeting_new"), council=make.council().pk).status_code == 404


def test_a_change_is_told_once(client, keeper, called):
    client.force_login(keeper)
    item = called.agenda.get()
    before = Notice.objects.count()
    fields = typed(items=[{"pk": item.pk, "title": item.title}, {"title": "بند تازه"}], seen=plan_seen(called), place="جای دیگر")
    assert client.post(url("meeting_edit", called.pk), fields).status_code == 302
    assert Notice.objects.count() == before + 3  # one for each of those invited
    assert list(called.agenda.values_list("title", flat=True)) == [item.title, "بند تازه"]


def test_two_who_edit_at_once_lose_nothing(client, keeper, called):
    client.force_login(keeper)
    seen = plan_seen(called)
    meetings.set_agenda(called.pk, [{"pk": None, "title": "از دیگری"}], by=keeper)
    answer = client.post(url("meeting_edit", called.pk), typed(items=[{"title": "از من"}], seen=seen))
    words = answer.content.decode()
    assert answer.status_code == 409 and "از دیگری" in words and "از من" in words
    again = re.search(r'name="seen" value="(\w+)"', words).group(1)
    assert client.post(url("meeting_edit", called.pk), typed(items=[{"title": "از من"}], seen=again)).status_code == 302
    assert called.agenda.get().title == "از من"


def test_an_item_with_papers_stays_on_the_agenda(client, keeper, called):
    client.force_login(keeper)
    item = called.agenda.get()
    client.post(url("paper_add", item.pk), {"file": specimens.upload(specimens.pdf())})
    fields = typed(items=[{"pk": item.pk, "title": item.title, "off": "on"}], seen=plan_seen(called))
    assert client.post(url("meeting_edit", called.pk), fields).status_code == 422
    assert called.agenda.get() == item


def test_a_foreign_item_is_refused(client, keeper, called):
    client.force_login(keeper)
    foreign = AgendaItem.objects.create(meeting=make.meeting(make.council()), title="بیگانه")
    fields = typed(items=[{"pk": foreign.pk, "title": "از آن من"}], seen=plan_seen(called))
    assert client.post(url("meeting_edit", called.pk), fields).status_code == 422
    foreign.refresh_from_db()
    assert foreign.title == "بیگانه"


# --- steps ---------------------------------------------------------------------------------------


def test_a_call_shows_what_is_sent_and_to_whom(client, council, keeper, seats):
    meeting = make.meeting(council, starts_at=TOMORROW)
    words = page(client, keeper, url("meeting_move", meeting.pk, "call")).content.decode()
    assert all(str(seat.user) in words for seat in seats)
    assert client.post(url("meeting_move", meeting.pk, "call")).url == url("meeting_detail", meeting.pk)
    meeting.refresh_from_db()
    assert meeting.status == "called" and meeting.number == 1
    assert Letter.objects.filter(to=seats[0].user.email).exists()
    assert Notice.objects.get(user=seats[0].user).link == url("meeting_detail", meeting.pk)


def test_cancelling_needs_a_reason(client, keeper, called):
    client.force_login(keeper)
    assert client.post(url("meeting_move", called.pk, "cancel"), {"why": " "}).status_code == 422
    assert client.post(url("meeting_move", called.pk, "cancel"), {"why": "رئیس بیمار است"}).status_code == 302
    called.refresh_from_db()
    assert called.status == "cancelled" and called.moves.last().why == "رئیس بیمار است"
    # What is over is not done again, and the page says so.
    assert client.get(url("meeting_move", called.pk, "call")).status_code == 302
    assert client.post(url("meeting_move", called.pk, "call")).status_code == 422
    assert client.get(url("meeting_move", called.pk, "nonsense")).status_code == 404


def test_a_session_opens_and_ends(client, keeper, called):
    client.force_login(keeper)
    for action, state in (("start", "in_session"), ("end", "held")):
        assert client.get(url("meeting_move", called.pk, action)).status_code == 200
        assert client.post(url("meeting_move", called.pk, action)).status_code == 302
        called.refresh_from_db()
        assert called.status == state


def clock(moment):
    return persian.digits_to_persian(f"{calendar.in_tehran(moment):%H:%M}")


def test_a_session_that_is_entered_afterwards_begins_and_ends_when_it_did(client, keeper, council, seats):
    """On a day before this one, so that no hour of it is still to come."""
    held = make.meeting(council, starts_at=timezone.now() - timedelta(days=2))
    day = calendar.in_tehran(held.starts_at).replace(hour=22, minute=30, second=0, microsecond=0)
    client.force_login(keeper)
    for action, typed, field in (("start", "25:61", "at"), ("end", "21:00", "at")):
        if action == "end":
            assert client.post(url("meeting_move", held.pk, "start"), {"at": clock(day)}).status_code == 302
        answer = client.post(url("meeting_move", held.pk, action), {"at": typed})
        assert answer.status_code == 422 and answer.context["form"].errors[field] and typed in answer.content.decode()
    client.post(url("meeting_presence", held.pk), {"do": "all"})
    late = day + timedelta(hours=2)  # after midnight
    assert client.post(url("meeting_move", held.pk, "end"), {"at": clock(late)}).status_code == 302
    held.refresh_from_db()
    assert (held.status, held.started_at, held.ended_at) == ("held", day, late)
    assert set(Presence.objects.values_list("arrived_at", "left_at")) == {(day, late)}


def test_the_calendar_file(client, seats, called):
    answer = page(client, seats[0].user, url("meeting_calendar", called.pk))
    assert answer["Content-Type"].startswith("text/calendar") and ".ics" in answer["Content-Disposition"]
    assert url("meeting_detail", called.pk) in answer.content.decode().replace("\r\n ", "")
    assert "BEGIN:VEVENT" in answer.content.decode() and "گزارش دبیرخانه" in answer.content.decode().replace("\r\n ", "")


# --- the room ------------------------------------------------------------------------------------


def test_a_member_answers(client, seats, called):
    client.force_login(seats[1].user)
    answer = client.post(url("meeting_answer", called.pk), {"answer": "excused", "why": ""})
    assert answer.status_code == 422 and not Attendance.objects.exclude(answer="").exists()
    client.post(url("meeting_answer", called.pk), {"answer": "excused", "why": "سفر هستم"})
    line = called.attendances.get(seat=seats[1])
    assert (line.answer, line.why) == ("excused", "سفر هستم")
    # The reason is for who keeps the papers and for oneself.
    assert "سفر هستم" in client.get(url("meeting_detail", called.pk)).content.decode()
    assert "سفر هستم" not in page(client, seats[2].user, url("meeting_detail", called.pk)).content.decode()
    client.force_login(make.seat(called.council, role="observer").user)  # came after the call: not on the list
    assert client.post(url("meeting_answer", called.pk), {"answer": "coming"}).status_code == 422


def test_arrivals_and_the_quorum_in_words(client, council, keeper, seats, session, in_english):
    client.force_login(keeper)
    assert "There is no quorum" in client.get(url("meeting_detail", session.pk)).content.decode()
    for seat in seats[:2]:
        client.post(url("meeting_presence", session.pk), {"do": f"arrive-{seat.pk}"})
    assert "There is a quorum" in client.get(url("meeting_detail", session.pk)).content.decode()
    client.post(url("meeting_presence", session.pk), {"do": f"leave-{seats[0].pk}"})
    words = client.get(url("meeting_detail", session.pk)).content.decode()
    assert "There is no quorum" in words and "1 of 3 voting seats are filled; 2 are needed." in words


def test_a_deputy_arrives(client, council, keeper, session):
    seat = make.seat(council, deputy=factories.user())
    client.force_login(keeper)
    client.post(url("meeting_presence", session.pk), {"do": f"deputy-{seat.pk}"})
    assert Presence.objects.get().user == seat.deputy
    assert str(seat.deputy) in page(client, seat.deputy, url("meeting_detail", session.pk)).content.decode()


@pytest.mark.parametrize("do", ["arrive-0", "leave-{0}", "deputy-{0}", "dance-{0}", "", "arrive-x"])
def test_what_cannot_be_recorded_is_said(client, keeper, seats, session, do):
    client.force_login(keeper)
    answer = client.post(url("meeting_presence", session.pk), {"do": do.format(seats[0].pk)}, follow=True)
    assert not Presence.objects.exists() and 'role="alert"' in answer.content.decode()


def test_members_record_nobody(client, seats, session):
    client.force_login(seats[1].user)
    assert client.post(url("meeting_presence", session.pk), {"do": f"arrive-{seats[1].pk}"}).status_code == 404
    assert "place-do" not in client.get(url("meeting_detail", session.pk)).content.decode()


def test_the_room_tells_only_what_changed(client, keeper, seats, session):
    client.force_login(seats[1].user)
    words = client.get(url("meeting_now", session.pk)).content.decode()
    seen = re.search(r"seen=(\w+)", words).group(1)
    assert client.get(url("meeting_now", session.pk), {"seen": seen}).status_code == 204
    meetings.arrive(session.pk, seats[0].pk, by=keeper)
    fresh = client.get(url("meeting_now", session.pk), {"seen": seen})
    assert fresh.status_code == 200 and fresh["HX-Trigger"] == "room-changed"


def test_an_arrival_through_the_script_gives_the_part_of_the_page(client, keeper, seats, session):
    client.force_login(keeper)
    answer = client.post(
        url("meeting_presence", session.pk), {"do": f"arrive-{seats[0].pk}"}, HTTP_HX_REQUEST="true", follow=True
    )
    assert answer.redirect_chain[0][0] == url("meeting_now", session.pk) and "is-there" in answer.content.decode()


def test_an_item_is_taken_up(client, keeper, seats, session, in_english):
    first, second = (
        AgendaItem.objects.create(meeting=session, position=n, title=f"item {n}", minutes_planned=10) for n in (1, 2)
    )
    client.force_login(keeper)
    for item in (first, second):
        assert client.post(url("item_begin", item.pk)).status_code == 302
    first.refresh_from_db()
    assert first.ended_at is not None
    words = client.get(url("meeting_detail", session.pk)).content.decode()
    assert "planned until" in words and words.count("Under discussion") == 2  # beside the item, and above the table
    client.force_login(seats[1].user)
    assert client.post(url("item_begin", first.pk)).status_code == 404


def test_an_open_ballot_is_announced(client, in_english):
    motion = make.session(title="قطعنامه")
    ballots.open_ballot(motion.pk, by=make.keeper(motion.council))
    member = make.seats(motion)[1].user
    words = page(client, member, url("meeting_now", motion.meeting_id)).content.decode()
    assert "Voting is open" in words and "قطعنامه" in words and "0 votes so far" in words


# --- corrections ---------------------------------------------------------------------------------


def stay(session, seat, minutes=5):
    return make.presence(session, seat, arrived_at=session.started_at + timedelta(minutes=minutes))


@pytest.fixture
def long_session(council, seats):
    begun = timezone.now() - timedelta(hours=2)
    return make.in_session(council, starts_at=begun, started_at=begun)


def at(moment):
    return f"{calendar.in_tehran(moment):%H:%M}"


def test_a_wrong_time_is_corrected(client, keeper, seats, long_session):
    row = stay(long_session, seats[0])
    client.force_login(keeper)
    left = long_session.started_at + timedelta(minutes=60)
    answer = client.post(url("presence_correct", row.pk), {"arrived": at(long_session.started_at), "left": at(left)})
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.arrived_at == long_session.started_at and at(row.left_at) == at(left)


def test_impossible_times_are_refused(client, keeper, seats, long_session):
    row = stay(long_session, seats[0])
    client.force_login(keeper)
    for arrived, left in (
        (long_session.started_at - timedelta(minutes=20), None), (timezone.now() + timedelta(minutes=20), None),
        (row.arrived_at, long_session.started_at + timedelta(minutes=1)), (row.arrived_at, timezone.now() + timedelta(minutes=9)),
    ):  # fmt: skip
        answer = client.post(url("presence_correct", row.pk), {"arrived": at(arrived), "left": at(left) if left else ""})
        assert answer.status_code == 422, (arrived, left)
    assert client.post(url("presence_correct", row.pk), {"arrived": "x"}).status_code == 422
    fresh = Presence.objects.get()
    assert (fresh.arrived_at, fresh.left_at) == (row.arrived_at, None)


def test_an_arrival_that_never_was_is_taken_off(client, keeper, seats, long_session):
    row = stay(long_session, seats[0])
    client.force_login(keeper)
    assert client.post(url("presence_correct", row.pk), {"do": "strike"}).status_code == 302
    assert not Presence.objects.exists()


def test_who_voted_was_there(client):
    motion = make.session()
    make.ballot(motion, "for")
    row = Presence.objects.filter(attendance__meeting=motion.meeting).first()
    client.force_login(make.keeper(motion.council))
    assert client.post(url("presence_correct", row.pk), {"do": "strike"}).status_code == 422
    gone = {"arrived": at(row.arrived_at), "left": at(row.arrived_at)}
    if gone["left"] != at(timezone.now()):
        assert client.post(url("presence_correct", row.pk), gone).status_code == 422
    assert Presence.objects.get(pk=row.pk).left_at is None


def test_strangers_correct_nothing(client, seats, long_session):
    row = stay(long_session, seats[0])
    for person in (seats[1].user, factories.officer(), factories.representative()):
        client.force_login(person)
        assert client.post(url("presence_correct", row.pk), {"do": "strike"}).status_code == 404
    assert Presence.objects.exists()


# --- papers --------------------------------------------------------------------------------------


def test_papers_come_and_go(client, keeper, seats, called):
    item = called.agenda.get()
    client.force_login(keeper)
    assert client.post(url("paper_add", item.pk), {"file": specimens.upload(specimens.pdf())}).status_code == 302
    assert client.post(url("paper_add", item.pk), {"file": specimens.upload(specimens.pdf())}).status_code == 422  # it is there
    assert client.post(url("paper_add", item.pk), {"file": SimpleUploadedFile("a.exe", b"MZ" * 99)}).status_code == 422
    assert client.post(url("paper_add", item.pk), {}).status_code == 422
    paper = AgendaPaper.objects.get()
    client.force_login(seats[2].user)
    assert client.get(url("paper_file", paper.pk)).status_code == 200
    assert client.post(url("paper_remove", paper.pk)).status_code == 404
    client.force_login(factories.representative())
    assert client.get(url("paper_file", paper.pk)).status_code == 404
    client.force_login(keeper)
    assert client.post(url("paper_remove", paper.pk)).status_code == 302
    assert client.get(url("paper_file", paper.pk)).status_code == 404
    assert AgendaPaper.objects.get().removed_at is not None


def test_papers_of_a_held_meeting_stay(client, keeper, council, called):
    item = called.agenda.get()
    client.force_login(keeper)
    client.post(url("paper_add", item.pk), {"file": specimens.upload(specimens.pdf())})
    meetings.start(called.pk, by=keeper)
    meetings.end(called.pk, by=keeper)
    client.post(url("paper_remove", AgendaPaper.objects.get().pk))
    assert AgendaPaper.objects.get().removed_at is None
    assert client.post(url("paper_add", item.pk), {"file": SimpleUploadedFile("b.png", specimens.picture())}).status_code == 422
