"""The sheet in a real browser: by keyboard, saved by itself, across a lost session and two windows."""

import time

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from assessments.models import Assessment, Indicator, Rating
from assessments.services import assessments as services
from tests import factories
from tests.assessments import sheets

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def assignment():
    return factories.assignment(factories.entry(versions=[factories.published_set(allow_na=True)]))


def _url(assignment):
    return reverse("assessment_form", args=[assignment.pk])


def _leaves(assignment):
    found = Indicator.objects.filter(version__sheet_parts__sheet=assignment.entry.sheet, scale__isnull=False)
    return list(found.order_by("parent__position", "position").values_list("pk", flat=True))


def _saved(page):
    page.locator("[data-autosave-status]", has_text="Saved at").wait_for()


def _stored():
    return dict(Rating.objects.values_list("indicator", "value"))


def _until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, f"it was not saved in time; stored: {_stored()}"
        time.sleep(0.05)


def test_the_whole_sheet_by_keyboard_saved_by_itself(pages, assignment):
    first, second, third, fourth = _leaves(assignment)
    page = pages(user=assignment.assessor.user, language="en")
    page.goto(_url(assignment))
    page.keyboard.press("?")
    assert page.locator("[data-shortcuts-dialog]").is_visible()
    page.keyboard.press("Escape")
    page.locator(f'[name="r-{first}"]').first.focus()
    for key in ("4", "ArrowDown", "2", "ArrowDown", "n", "ArrowDown", "5", "ArrowUp", "c"):
        page.keyboard.press(key)
    page.keyboard.type("does not fit")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    _until(lambda: _stored() == {first: 4, second: 2, third: None, fourth: 5})
    _saved(page)
    assert Rating.objects.get(indicator=third).comment == "does not fit"
    assert page.locator("[data-bar] [data-done]").inner_text() == "4"
    assert page.locator("[data-coverage]").inner_text() == "75%"
    # Without waiting for anything to be pressed.
    page.locator("#strengths").fill("clear and warm")
    _until(lambda: Assessment.objects.get().strengths == "clear and warm")


def _tab_to(page, look, most=60):
    """Press Tab until something like `look` has the focus."""
    for _ in range(most):
        if page.evaluate("look => document.activeElement.matches(look)", look):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not lead to {look}")


def test_forty_indicators_from_the_first_to_submitting_without_a_mouse(pages):
    assignment = sheets.forty()
    leaves = _leaves(assignment)
    page = pages(user=assignment.assessor.user, language="en")
    page.goto(_url(assignment))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip to the content
    page.keyboard.press("ArrowDown")
    expected = {}
    for place, leaf in enumerate(leaves):
        assert page.evaluate("document.activeElement.name") == f"r-{leaf}"
        key = "n" if place % 10 == 7 else str(place % 5 + 1)
        page.keyboard.press(key)
        expected[leaf] = None if key == "n" else int(key)
        if place == 3:
            page.keyboard.press("ArrowRight")  # to the level beside
            expected[leaf] = 5
        if place == 20:
            page.keyboard.press("c")
            page.keyboard.type("neither better nor worse")
            page.keyboard.press("Escape")
        page.keyboard.press("ArrowDown")
    assert page.locator("[data-bar] [data-done]").inner_text() == "40"
    _tab_to(page, "#strengths")
    page.keyboard.type("clear")
    page.keyboard.press("Control+s")
    _until(lambda: _stored() == expected)
    _tab_to(page, 'button[value="review"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/submit/")
    _tab_to(page, 'main form .btn-primary')
    page.keyboard.press("Enter")
    page.get_by_text("has arrived").wait_for()
    assert _stored() == expected
    assert Rating.objects.get(indicator=leaves[20]).comment == "neither better nor worse"
    assert Assessment.objects.counted().get().strengths == "clear"


def test_a_screen_reader_is_told_every_name_role_and_state(pages, assignment):
    number = factories.published_set(1, 1, scale_=factories.scale("number"), allow_na=True)
    first, *_rest = _leaves(assignment)
    services.save_draft(assignment.pk, {f"r-{first}": "2"}, by=assignment.assessor.user, version=0)
    page = pages(user=assignment.assessor.user, language="en")
    page.goto(_url(assignment))
    snapshot = page.locator("form[data-assessment]").aria_snapshot()
    for line in (
        '- status',  # where “saved at” is read out
        '- progressbar "Indicators answered"',
        '- region "1. Dimension 1 50%":',
        '- heading "1. Dimension 1 50%" [level=3]',
        '- group "1.1 Indicator 1.1 25.0%":',
        '- radio "1 level 1"',
        '- radio "2 level 2" [checked]',
        '- radio "not applicable"',
        '- radio "no answer" [checked]',
        '- button "Review and submit"',
        '- textbox "Strengths"',
        '- textbox "What could be better"',
    ):
        assert line.strip() in snapshot, f"{line}\n{snapshot}"
    question = page.get_by_role("group", name="1.1 Indicator 1.1")
    assert question.get_by_role("radio").count() == 7
    question.get_by_role("radio", name="not applicable").check(force=True)
    question.locator(".q-comment summary").click()
    assert question.get_by_role("textbox", name="Comment").is_visible()
    # What is wrong is said beside the field and tied to it.
    other = factories.assignment(factories.entry(versions=[number]), assignment.assessor)
    page.goto(_url(other))
    box = page.get_by_role("textbox", name="Indicator 1.1")
    box.fill("120")
    page.get_by_text("Write a number from 0 to 100").wait_for()
    assert box.get_attribute("aria-invalid") == "true"
    assert "from 0 to 100" in page.locator(f"#{box.get_attribute('aria-describedby')}").inner_text()
    box.focus()
    page.keyboard.press("n")  # the letter is free where only a number is typed
    _until(lambda: Rating.objects.filter(assessment__assignment=other, state="na").exists())
    assert box.get_attribute("aria-invalid") is None


def test_what_was_written_after_the_session_ended_comes_back(pages, assignment):
    first, second, *_rest = _leaves(assignment)
    person = assignment.assessor.user
    page = pages(user=person, language="en")
    page.goto(_url(assignment))
    page.locator(f'[name="r-{first}"][value="4"]').check(force=True)
    _saved(page)
    Session.objects.all().delete()
    page.locator(f'[name="r-{second}"][value="2"]').check(force=True)
    page.locator("#improvements").fill("a longer thought")
    page.locator("[data-autosave-status] a", has_text="Sign in again").wait_for()
    assert second not in _stored()
    # Meanwhile the same person went on elsewhere: neither side is lost.
    services.save_draft(assignment.pk, {f"r-{first}": "5"}, by=person, version=1)

    again = Client()
    again.force_login(person)
    page.context.add_cookies([{"name": "sessionid", "value": again.cookies["sessionid"].value, "url": page.url}])
    page.on("dialog", lambda dialog: dialog.accept())  # the page warns before it is left
    page.goto(_url(assignment))
    _saved(page)
    assert _stored() == {first: 5, second: 2}
    assert Assessment.objects.get().improvements == "a longer thought"
    assert page.locator(f'[name="r-{first}"][value="5"]').is_checked()


def test_two_windows_are_asked_and_neither_answer_is_lost(pages, assignment):
    first, second, third, _fourth = _leaves(assignment)
    one, two = (pages(user=assignment.assessor.user, language="en") for _ in range(2))
    for page in (one, two):
        page.goto(_url(assignment))
    one.locator(f'[name="r-{first}"][value="5"]').check(force=True)
    one.locator(f'[name="r-{second}"][value="3"]').check(force=True)
    _saved(one)
    two.locator(f'[name="r-{first}"][value="1"]').check(force=True)
    two.locator(f'[name="r-{third}"][value="4"]').check(force=True)
    question = two.locator(f'[data-twice="r-{first}"]')
    question.wait_for()
    sides = [side.inner_text().split("\n\n") for side in question.locator(".twice-side").all()]
    assert [(where, said.split("\n")[0]) for where, said in sides] == [("Here", "1 level 1"), ("Saved elsewhere", "5 level 5")]
    # What only one of them touched came over by itself.
    assert two.locator(f'[name="r-{second}"][value="3"]').is_checked()
    _until(lambda: _stored() == {first: 5, second: 3, third: 4})
    question.get_by_text("Keep this one").click()
    _until(lambda: _stored() == {first: 1, second: 3, third: 4})


def test_everything_works_without_scripts(pages, assignment):
    leaves = _leaves(assignment)
    page = pages(user=assignment.assessor.user, language="en", width=390, scripts=False)
    page.goto(_url(assignment))
    for leaf in leaves:
        page.locator(f'[name="r-{leaf}"][value="4"]').check(force=True)
    page.get_by_role("button", name="Save the draft").click()
    assert set(_stored().values()) == {4}
    page.get_by_role("button", name="Review and submit").click()
    page.get_by_role("button", name="Submit the assessment").click()
    assert "has arrived" in page.locator("main").inner_text()
    assert Assessment.objects.counted().count() == 1
