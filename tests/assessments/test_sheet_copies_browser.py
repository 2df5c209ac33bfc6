"""What the browser keeps of a sheet: without a connection, across a lost session, in two tabs; and who is never shown it."""

import time

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.urls import reverse

from assessments.services import assessments as services
from secretariat.models import User
from tests.assessments.sheets import (
    asked,
    comment,
    form_of,
    kept,
    leaves,
    rate,
    sign_in,
    stored,
    texts,
    told,
    until,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
KEPT_HERE = "No connection. What you write is kept in this browser and will be saved when the connection is back."


@pytest.fixture
def assignment():
    return asked()


@pytest.fixture
def person(assignment):
    return assignment.assessor.user


@pytest.fixture
def page(pages, assignment, person):
    opened = pages(user=person, language="en")
    opened.goto(form_of(assignment))
    return opened


def _elsewhere(assignment, version, **fields):
    """The same person saves from another place."""
    return services.save_draft(
        assignment.pk, {name.replace("_", "-", 1) if name[1] == "_" else name: text for name, text in fields.items()},
        by=assignment.assessor.user, version=version,
    )  # fmt: skip


def _leave(page, name):
    page.evaluate("name => localStorage.setItem(name, '{}')", name)


# ------------------------------------------------------------------ no connection
def test_typing_goes_on_without_a_connection_and_is_saved_with_it(page, assignment, person):
    first, second, *_rest = leaves(assignment)
    page.context.set_offline(True)
    rate(page, first, 4)
    told(page, KEPT_HERE)
    comment(page, second, "نگاه دقیق")
    page.locator("#strengths").fill("warm")
    assert page.locator("[data-bar] [data-done]").inner_text() == "1"
    assert [key.rsplit(":", 1)[0] for key in kept(page)] == [f"kept:{person.pk}:sheet-{assignment.pk}"]
    assert stored() == {}
    page.context.set_offline(False)
    told(page, "Saved at")
    until(lambda: stored() == {first: (4, ""), second: (None, "نگاه دقیق")})
    assert texts() == ("warm", "", "")
    until(lambda: kept(page) == [])


def test_what_was_typed_offline_survives_the_closing_of_the_tab(page, assignment):
    first, second, *_rest = leaves(assignment)
    page.context.set_offline(True)
    rate(page, first, 2)
    comment(page, second, "later")
    told(page, KEPT_HERE)
    again = page.context.new_page()
    page.close(run_before_unload=False)
    again.context.set_offline(False)
    again.goto(form_of(assignment))
    told(again, "Saved at")
    assert "had not reached the server" in again.locator("[data-toasts]").inner_text()
    assert stored() == {first: (2, ""), second: (None, "later")}
    assert kept(again) == []


def test_both_sides_are_merged_and_what_both_changed_is_chosen_side_by_side(page, assignment):
    first, second, third, fourth = leaves(assignment)
    _elsewhere(assignment, 0, **{f"r_{first}": "3", f"c_{first}": "draft", "strengths": "seed"})
    page.reload()
    page.context.set_offline(True)
    rate(page, first, 1)
    comment(page, first, "here")
    rate(page, third, 5)
    page.locator("#strengths").fill("seen from here")
    page.locator("#improvements").fill("only here")
    told(page, KEPT_HERE)
    _elsewhere(assignment, 1, **{f"r_{first}": "5", f"c_{first}": "there", "strengths": "seen from there"})
    _elsewhere(assignment, 2, **{f"r_{second}": "2", f"c_{fourth}": "only there", "note_to_staff": "only there"})
    page.context.set_offline(False)
    questions = {name: page.locator(f'[data-twice="{name}"]') for name in (f"r-{first}", f"c-{first}", "strengths")}
    for question in questions.values():
        question.wait_for()
    assert page.locator("[data-twice]").count() == 3
    # What one side alone changed is merged by itself, in the page and in the database.
    assert page.locator(f'[name="r-{second}"][value="2"]').is_checked()
    assert page.locator(f'[name="c-{fourth}"]').input_value() == "only there"
    assert page.locator("#note_to_staff").input_value() == "only there"
    until(lambda: stored() == {first: (5, "there"), second: (2, ""), third: (5, ""), fourth: (None, "only there")})
    until(lambda: texts() == ("seen from there", "only here", "only there"))
    told(page, "Answered differently in two places")
    # Nothing that both changed is written over until somebody chooses, not even after the page was opened anew.
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    for question in questions.values():
        question.wait_for()
    assert page.locator("#strengths").input_value() == "seen from here"
    page.get_by_role("button", name="Review and submit").click()
    page.locator("[data-toasts]", has_text="Answered differently").wait_for()
    assert page.evaluate("document.activeElement.closest('[data-twice]') !== null")
    assert stored()[first] == (5, "there")
    for side in questions[f"c-{first}"].locator("blockquote").all():
        assert side.inner_text() in ("here", "there")
    questions[f"r-{first}"].get_by_role("button", name="Keep this one").click()
    questions[f"c-{first}"].get_by_role("button", name="Take this one").click()
    questions["strengths"].get_by_role("button", name="Keep both").click()
    until(lambda: stored()[first] == (1, "there"))
    until(lambda: texts()[0] == "seen from here\n\nseen from there")
    until(lambda: kept(page) == [])
    page.get_by_role("button", name="Review and submit").click()
    page.wait_for_url("**/submit/")


def test_an_answer_that_arrived_without_its_receipt_is_neither_asked_about_nor_doubled(page, assignment):
    first, second, *_rest = leaves(assignment)

    def swallow(route):
        route.fetch()  # it reaches the server …
        route.abort()  # … and the answer is lost

    page.route("**/autosave/", swallow)
    comment(page, first, "one  ")
    told(page, KEPT_HERE)
    until(lambda: stored() == {first: (None, "one")})
    page.locator(f'[name="c-{first}"]').press_sequentially("two")
    page.unroute("**/autosave/")
    rate(page, second, 3)
    page.keyboard.press("Control+s")
    until(lambda: stored() == {first: (None, "one two"), second: (3, "")})
    assert page.locator("[data-twice]").count() == 0


# ------------------------------------------------------------------ two tabs of one browser
def test_two_tabs_without_connection_keep_both_and_ask_about_what_differs(page, assignment):
    first, second, third, _fourth = leaves(assignment)
    other = page.context.new_page()
    other.goto(form_of(assignment))
    page.context.set_offline(True)
    rate(page, first, 1)
    rate(page, second, 2)
    told(page, KEPT_HERE)
    rate(other, first, 5)
    comment(other, third, "from the second tab")
    told(other, KEPT_HERE)
    assert len(kept(page)) == 2
    for tab in (page, other):
        tab.close(run_before_unload=False)
    third_tab = page.context.new_page()
    third_tab.context.set_offline(False)
    third_tab.goto(form_of(assignment))
    question = third_tab.locator(f'[data-twice="r-{first}"]')
    question.wait_for()
    until(lambda: stored() == {second: (2, ""), third: (None, "from the second tab")})
    assert third_tab.locator(f'[name="r-{first}"][value="5"]').is_checked()  # what was chosen last
    assert "1 level 1" in question.inner_text()
    # Still open, still kept, still asked about after another look.
    third_tab.on("dialog", lambda dialog: dialog.accept())
    third_tab.reload()
    question.wait_for()
    question.locator(".twice-side", has_text="1 level 1").get_by_role("button").click()
    until(lambda: stored().get(first) == (1, ""))
    until(lambda: kept(third_tab) == [])


def test_two_open_tabs_save_one_after_the_other(page, assignment):
    first, second, third, _fourth = leaves(assignment)
    other = page.context.new_page()
    other.goto(form_of(assignment))
    rate(page, first, 4)
    told(page, "Saved at")
    rate(other, second, 2)
    told(other, "Saved at")
    assert other.locator(f'[name="r-{first}"][value="4"]').is_checked()
    rate(page, third, 1)
    until(lambda: stored() == {first: (4, ""), second: (2, ""), third: (1, "")})
    assert page.locator("[data-twice]").count() + other.locator("[data-twice]").count() == 0


# ------------------------------------------------------------------ a session that ends in the middle
def test_nothing_is_lost_or_doubled_when_one_signs_in_again_by_the_link(page, assignment, person):
    first, second, third, _fourth = leaves(assignment)
    rate(page, first, 4)
    told(page, "Saved at")
    Session.objects.all().delete()
    rate(page, second, 2)
    comment(page, second, "typed after the end")
    told(page, "You have been signed out")
    page.locator("#improvements").fill("a longer thought")
    rate(page, third, 1)
    assert stored() == {first: (4, "")}
    _elsewhere(assignment, 1, **{f"r_{first}": "5"})  # the same person went on elsewhere meanwhile
    page.get_by_role("link", name="Sign in again").click()
    sign_in(page, person)
    page.wait_for_url(f"**{form_of(assignment)}")
    told(page, "Saved at")
    assert stored() == {first: (5, ""), second: (2, "typed after the end"), third: (1, "")}
    assert texts() == ("", "a longer thought", "")
    assert page.locator("[data-twice]").count() == 0
    until(lambda: kept(page) == [])


def test_signing_in_in_another_tab_is_enough(page, assignment, person):
    first, second, *_rest = leaves(assignment)
    Session.objects.all().delete()
    rate(page, first, 3)
    told(page, "You have been signed out")
    other = page.context.new_page()
    other.goto(reverse("sign_in"))
    sign_in(other, person)
    other.wait_for_url("**/desk/")
    other.close()
    page.bring_to_front()
    page.evaluate("dispatchEvent(new Event('focus'))")
    told(page, "Saved at")
    assert stored() == {first: (3, "")}
    rate(page, second, 2)
    until(lambda: stored() == {first: (3, ""), second: (2, "")})


def test_a_session_that_was_idle_too_long_loses_nothing(page, assignment, person, settings):
    first, *_rest = leaves(assignment)
    row = Session.objects.get()
    session = SessionStore(row.session_key)
    session["seen_at"] = int(time.time()) - settings.SESSION_IDLE_SECONDS - 60
    session.save()
    rate(page, first, 5)
    told(page, "You have been signed out")
    page.get_by_role("link", name="Sign in again").click()
    sign_in(page, person)
    told(page, "Saved at")
    assert stored() == {first: (5, "")}


# ------------------------------------------------------------------ whose it is
def test_signing_out_forgets_and_nobody_else_is_shown_it(page, assignment, person):
    first, *_rest = leaves(assignment)
    somebody = asked()
    neighbour = User.objects.get(pk=somebody.assessor.user_id)
    _leave(page, f"kept:{neighbour.pk}:sheet-{somebody.pk}:x")
    page.context.set_offline(True)
    comment(page, first, "secret thought")
    told(page, KEPT_HERE)
    Session.objects.all().delete()
    page.context.set_offline(False)
    told(page, "You have been signed out")
    assert any(key.startswith(f"kept:{person.pk}:") for key in kept(page))
    # Somebody else signs in on the same machine: the copy waits for its writer and is shown to nobody else.
    page.goto(reverse("sign_in"))
    sign_in(page, neighbour)
    page.wait_for_url("**/desk/")
    for address in (form_of(assignment), form_of(somebody)):
        page.goto(address)
        assert "secret thought" not in page.content()
        assert page.locator("textarea").evaluate_all("all => all.every(one => !one.value)")
    page.goto(reverse("desk"))
    page.locator("summary", has_text=neighbour.display_name).click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: "/desk" not in url)
    # The neighbour's copies went with him, the writer's did not.
    assert [key.split(":")[1] for key in kept(page)] == [str(person.pk)]
    page.goto(form_of(assignment))
    sign_in(page, person)
    told(page, "Saved at")
    assert stored() == {first: (None, "secret thought")}


def test_the_copy_goes_with_the_sheet_that_was_handed_in(page, assignment, person):
    for leaf in leaves(assignment):
        rate(page, leaf, 4)
    told(page, "Saved at")
    _leave(page, f"kept:{person.pk}:sheet-{assignment.pk}:left")
    _leave(page, f"kept:{person.pk}:sheet-{assignment.pk}0:other")
    page.get_by_role("button", name="Review and submit").click()
    page.get_by_role("button", name="Submit the assessment").click()
    page.get_by_text("has arrived").wait_for()
    assert kept(page) == [f"kept:{person.pk}:sheet-{assignment.pk}0:other"]


# ------------------------------------------------------------------ far too much
def test_a_comment_far_too_long_is_told_and_kept_and_the_rest_is_saved(page, assignment):
    first, second, *_rest = leaves(assignment)
    page.locator(f"#q-{first} .q-comment").evaluate("part => { part.open = true }")
    box = page.locator(f'[name="c-{first}"]')
    box.evaluate("box => { box.value = 'words '.repeat(4_000); box.dispatchEvent(new Event('input', { bubbles: true })) }")
    page.locator(f"#e-c-{first}", has_text="At most 2,000 letters fit here; this is 22,000 more.").wait_for()
    rate(page, second, 2)
    until(lambda: stored() == {second: (2, "")})
    told(page, "except what is marked in red")
    page.get_by_role("button", name="Review and submit").click()
    assert page.evaluate("document.activeElement.name") == f"c-{first}"
    assert box.evaluate("box => box.value.length") == 24_000
    box.fill("short enough")
    until(lambda: stored() == {first: (None, "short enough"), second: (2, "")})
    assert page.locator(f"#e-c-{first}").inner_text() == ""
    told(page, "Saved at")
