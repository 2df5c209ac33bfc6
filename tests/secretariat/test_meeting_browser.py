"""Meetings in a real browser: the agenda by keyboard and by dragging, the room while it goes on, minutes by two at once.

With SHOTS=folder in the environment every page leaves a picture there.
"""

import os
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from secretariat.models import AgendaItem, MinutesSignature, Presence
from secretariat.services import agenda_papers, ballots, meetings, minutes
from tests import council as make
from tests import factories, specimens
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SHOTS", "")


def look(page, name, *args):
    """Open a page and ask axe and the ruler."""
    page.goto(reverse(name, args=args))
    assert faults_of(page) == [], name
    picture(page, name)


def picture(page, name):
    if SHOTS:
        theme = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
        page.screenshot(path=f"{SHOTS}/{name}-{page.viewport_size['width']}-{theme}.png", full_page=True)


NAMES = ("مریم کاظمی", "حسین رضایی", "زهرا موسوی", "علی نوری", "سارا احمدی")


@pytest.fixture
def council(transactional_db):
    return make.council(name_fa="شورای سیاست‌گذاری ارتقای کیفیت", minutes_by_chair=True)


@pytest.fixture
def keeper(council):
    return make.keeper(council)


@pytest.fixture
def seats(council):
    people = [factories.user(first_name=name.split()[0], last_name=name.split()[1]) for name in NAMES]
    deputy = factories.user(first_name="رضا", last_name="کریمی")
    roles = ["chair", "secretary", "member", "member", "observer"]
    return [
        make.seat(council, user, role, deputy=deputy if n == 2 else None)
        for n, (user, role) in enumerate(zip(people, roles, strict=True))
    ]


def planned(council, **fields):
    meeting = make.meeting(council, starts_at=timezone.now() + timedelta(days=5), place="تالار اجتماعات دبیرخانه", **fields)
    for place, (kind, title, length) in enumerate(
        (
            ("discussion", "گزارش دبیرخانه از دور ارزیابی", 15),
            ("marks", "اعطای نشان کیفیت", 60),
            ("free", "سایر موارد", None),
        ),
        1,
    ):
        AgendaItem.objects.create(
            meeting=meeting, position=place, kind=kind, title=title, minutes_planned=length, presenter="دبیر شورا"
        )
    return meeting


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 1280)])
def test_every_page_of_a_meeting(pages, council, keeper, seats, theme, width):
    meeting = planned(council)
    agenda_papers.attach(meeting.agenda.first().pk, specimens.upload(specimens.pdf(), "گزارش.pdf"), by=keeper)
    page = pages(user=keeper, theme=theme, width=width)
    look(page, "meeting_new")
    look(page, "meeting_edit", meeting.pk)
    look(page, "meeting_move", meeting.pk, "call")
    meetings.call(meeting.pk, by=keeper)
    member = pages(user=seats[2].user, theme=theme, width=width)
    look(member, "meeting_detail", meeting.pk)
    meetings.answer(meeting.pk, "coming", by=seats[0].user)
    meetings.answer(meeting.pk, "excused", by=seats[3].user, why="مأموریت")
    look(page, "meeting_list")
    look(page, "meeting_move", meeting.pk, "cancel")
    meetings.start(meeting.pk, by=keeper)
    for seat in seats[:2]:
        meetings.arrive(meeting.pk, seat.pk, by=keeper)
    meetings.arrive(meeting.pk, seats[2].pk, by=keeper, user=seats[2].deputy)
    first = meeting.agenda.first()
    meetings.begin_item(first.pk, by=keeper)
    motion = make.resolution(council, meeting, kind="general", agenda_item=first, title="انتشار گزارش")
    ballot = ballots.open_ballot(motion.pk, by=keeper)
    page.goto(reverse("meeting_detail", args=[meeting.pk]))
    assert faults_of(page) == []
    picture(page, "room-keeper")
    deputy = pages(user=seats[2].deputy, theme=theme, width=width)
    deputy.goto(reverse("meeting_detail", args=[meeting.pk]))
    assert faults_of(deputy) == []
    picture(deputy, "room-member")
    look(page, "presence_correct", Presence.objects.first().pk)
    look(page, "minutes_edit", meeting.pk)
    ballots.record_hands(ballot.pk, {seat.pk: "for" for seat in seats[:3]}, by=keeper)
    ballots.close_ballot(ballot.pk, by=keeper)
    minutes.save_said(first.pk, "گزارش شنیده شد و شورا از دبیرخانه سپاسگزاری کرد.", by=keeper, version=0)
    minutes.save_opening(meeting.pk, "جلسه با تلاوت آیاتی از قرآن کریم آغاز شد.", by=keeper, version=0)
    meetings.end(meeting.pk, by=keeper)
    chair = pages(user=seats[0].user, theme=theme, width=width)
    look(chair, "minutes_approve", meeting.pk)
    minutes.approve(meeting.pk, by=seats[0].user)
    look(chair, "minutes_detail", meeting.pk)
    look(page, "meeting_detail", meeting.pk)
    look(page, "meeting_archive")
    look(chair, "minutes_print", meeting.pk)
    look(chair, "desk")


def titles(page):
    return [field.input_value() for field in page.locator(".agenda-rows [name$=-title]").all()]


def test_the_agenda_by_keyboard_and_by_dragging(pages, council, keeper, seats):
    meeting = planned(council)
    page = pages(user=keeper)
    page.goto(reverse("meeting_edit", args=[meeting.pk]))
    first, second, third = titles(page)[:3]
    page.locator("[data-down]").nth(0).focus()
    page.keyboard.press("Enter")
    assert titles(page)[:3] == [second, first, third]
    page.keyboard.press("Enter")  # the focus went along
    assert titles(page)[:3] == [second, third, first]
    page.locator("[data-grip]").nth(2).drag_to(page.locator("[data-row]").nth(0))
    assert titles(page)[:3] == [first, second, third]
    page.locator("[data-add]").click()
    page.keyboard.type("بند تازه")
    page.locator("[data-up]").last.click()
    page.locator("main form .btn-primary").click()
    page.wait_for_url(re.compile(f"/meetings/{meeting.pk}/$"))
    assert list(meeting.agenda.values_list("title", flat=True)) == [first, second, third, "بند تازه"]


def test_an_agenda_without_a_script(pages, council, keeper, seats):
    page = pages(user=keeper, scripts=False)
    page.goto(reverse("meeting_new"))
    page.fill("#id_day", "1410/01/20")
    page.fill("#id_clock", "9:00")
    for n, (title, place) in enumerate((("دوم", "۲"), ("نخست", "۱"))):
        page.fill(f"#id_item-{n}-title", title)
        page.fill(f"#id_item-{n}-place", place)
    page.locator("main form .btn-primary").click()
    assert [item.title for item in council.meetings.get().agenda.all()] == ["نخست", "دوم"]


def test_the_room_follows_what_the_secretary_records(pages, council, keeper, seats):
    meeting = make.in_session(council)
    member, page = pages(user=seats[3].user, language="en"), pages(user=keeper, language="en")
    for one in (member, page):
        one.goto(reverse("meeting_detail", args=[meeting.pk]))
        expect(one.locator(".quorum")).to_contain_text("There is no quorum")
    for seat in seats[:3]:
        page.locator(f"#go-{seat.pk}").click()
        expect(page.locator(f"#place-{seat.pk}")).to_have_class(re.compile("is-there"))
        expect(page.locator(f"#go-{seat.pk}")).to_be_focused()
    expect(page.locator(".quorum")).to_contain_text("There is a quorum")
    expect(member.locator(".quorum")).to_contain_text("There is a quorum")
    expect(member.locator(".place-do")).to_have_count(0)
    # A vote opens: who may vote is offered it without loading the page anew, on the agenda too.
    item = AgendaItem.objects.create(meeting=meeting, title="بند")
    motion = make.resolution(council, meeting, kind="general", agenda_item=item, title="پیشنهاد")
    ballots.open_ballot(motion.pk, by=keeper)
    expect(member.locator("#now")).to_contain_text("Voting is open")
    expect(member.locator("#now")).not_to_contain_text("Vote now")  # not recorded as present
    meetings.arrive(meeting.pk, seats[3].pk, by=keeper)
    expect(member.locator("#now")).to_contain_text("Vote now")
    expect(member.locator("#agenda")).to_contain_text("پیشنهاد")


def test_two_secretaries_write_at_once(pages, council, keeper, seats):
    meeting = make.in_session(council)
    item = AgendaItem.objects.create(meeting=meeting, title="بند")
    one, other = pages(user=keeper), pages(user=make.keeper(council))
    for page in (one, other):
        page.goto(reverse("minutes_edit", args=[meeting.pk]))
    one.fill(f"#item-{item.pk}-text", "از یکی")
    one.wait_for_selector(f"#item-{item.pk} [data-autosave-status][data-state=saved]")
    other.fill("#opening-text", "آغاز")
    other.wait_for_selector("#opening [data-autosave-status][data-state=saved]")
    other.fill(f"#item-{item.pk}-text", "از دیگری")
    other.locator(f"#item-{item.pk} [data-autosave-status] button").click()
    expect(other.locator(".beside")).to_contain_text("از یکی")
    expect(other.locator(f"#item-{item.pk}-text")).to_have_value("از دیگری")
    item.refresh_from_db()
    meeting.refresh_from_db()
    assert (item.said, meeting.minutes) == ("از یکی", "آغاز")


def test_a_member_reads_and_signs(pages, council, keeper, seats):
    meeting = make.in_session(council)
    for seat in seats[:3]:
        meetings.arrive(meeting.pk, seat.pk, by=keeper)
    meetings.end(meeting.pk, by=keeper)
    minutes.approve(meeting.pk, by=seats[0].user)
    page = pages(user=seats[1].user, width=390)
    page.goto(reverse("desk"))
    page.locator(f"main a[href='{reverse('minutes_detail', args=[meeting.pk])}']").first.click()
    page.locator("#signatures button.btn-primary").click()
    page.locator("[data-confirm-yes]").click()
    page.wait_for_selector(".note-success")
    assert MinutesSignature.objects.get().user == seats[1].user
    with page.expect_response("**/minutes/paper/") as answer:
        page.evaluate("address => fetch(address)", reverse("minutes_paper", args=[meeting.pk]))
    assert answer.value.headers["content-type"] == "application/pdf"
