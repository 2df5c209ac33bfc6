"""Nothing that was written is lost with the session or the window: the browser keeps it until it has arrived."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from secretariat.models import Meeting, Resolution
from tests import council as make
from tests.assessments.sheets import PASSWORD
from tests.browser import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IS_KEPT = "Boolean(document.querySelector('main form')?.draft)"
WHY = "با مصوبهٔ تازه‌تر شورا هم‌خوان نیست و باید دوباره نوشته شود."


@pytest.fixture
def motion():
    return make.motion()


@pytest.fixture
def keeper(motion):
    person = make.keeper(motion.council)
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def page(pages, motion, keeper):
    opened = pages(user=keeper)
    opened.goto(reverse("resolution_withdraw", args=[motion.pk]))
    until(opened, IS_KEPT)
    return opened


def kept(page):
    return page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('kept:'))")


def send(page):
    page.locator("main form .form-actions button").first.click()


def test_what_was_sent_after_the_session_ended_is_put_back(page, motion, keeper):
    text = page.locator("main form textarea")
    text.fill(WHY)
    Session.objects.all().delete()
    send(page)
    page.wait_for_url("**/sign-in/**")
    page.locator('[name="username"]').fill(keeper.username)
    page.locator('[name="password"]').fill(PASSWORD)
    page.locator("main form .btn-primary").click()
    page.wait_for_url(f"**{reverse('resolution_withdraw', args=[motion.pk])}")
    expect(text).to_have_value("")
    page.locator("main form .note-warning .btn-primary").click()
    expect(text).to_have_value(WHY)
    send(page)
    page.wait_for_url(f"**{motion.get_absolute_url()}")
    until(page, "Boolean(window.portal)")
    assert Resolution.objects.get(pk=motion.pk).status == "rejected" and kept(page) == []


def test_a_closed_window_keeps_it_and_nobody_else_is_shown_it(page, pages, motion):
    page.locator("main form textarea").fill(WHY)
    assert len(kept(page)) == 1
    page.close()
    again = page.context.new_page()
    again.goto(reverse("resolution_withdraw", args=[motion.pk]))
    expect(again.locator("main form .note-warning")).to_be_visible()
    other = make.keeper(motion.council)
    client = Client()
    client.force_login(other)
    again.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": pages.base_url}])
    again.reload()
    until(again, IS_KEPT)
    expect(again.locator("main form .note-warning")).to_have_count(0)


def test_what_was_refused_stands_on_the_page_and_is_not_offered_twice(page):
    page.locator("main form textarea").fill("  ")
    send(page)
    page.locator(".error-summary, [data-error-summary]").first.wait_for()
    until(page, IS_KEPT)
    expect(page.locator("main form .note-warning")).to_have_count(0)


def test_thrown_away_is_gone(page):
    page.locator("main form textarea").fill(WHY)
    page.reload()
    page.locator("main form .note-warning .btn-quiet").click()
    assert kept(page) == []
    page.reload()
    until(page, IS_KEPT)
    expect(page.locator("main form .note-warning")).to_have_count(0)


def test_lines_that_were_added_come_back_with_their_words_and_nothing_hidden_does(pages):
    meeting = make.meeting(make.council(), starts_at=timezone.now() + timedelta(days=5))
    page = pages(user=make.keeper(meeting.council))
    page.goto(reverse("meeting_edit", args=[meeting.pk]))
    until(page, IS_KEPT)
    lines = page.locator(".agenda-rows [data-row]")
    there = lines.count()
    page.locator("[data-agenda] [data-add]").click()
    page.locator("[data-agenda] [data-add]").click()
    lines.last.locator("[name$=-title]").fill("دستور تازه")
    Meeting.objects.filter(pk=meeting.pk).update(place="تالار دیگر")  # somebody else was at work meanwhile
    page.reload()
    seen = page.locator("main form [name=seen]").get_attribute("value")
    page.locator("main form .note-warning .btn-primary").click()
    expect(lines).to_have_count(there + 2)
    expect(lines.last.locator("[name$=-title]")).to_have_value("دستور تازه")
    expect(page.locator("main form [name=seen]")).to_have_value(seen)
