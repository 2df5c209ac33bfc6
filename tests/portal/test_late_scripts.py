"""Whoever is quicker than the scripts of a page loses nothing of what he has typed or chosen before they came."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from secretariat.models import NoteDraft, Notice
from tests import doing, factories
from tests.assessments import self_assessing
from tests.assessments.sheets import asked, comment, form_of, leaves, rate, stored, told
from tests.assessments.sheets import until as it_happens
from tests.browser import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Late:
    """A page whose scripts are on their way until they are let in."""

    def __init__(self, page, url):
        self.page, self.held, self.is_open = page, [], False
        page.route("**/js/*.js", lambda asked_for: asked_for.continue_() if self.is_open else self.held.append(asked_for))
        page.goto(url, wait_until="commit")
        page.locator("footer").wait_for()

    def let_in(self):
        self.is_open = True
        for asked_for in self.held:
            asked_for.continue_()
        self.page.wait_for_load_state()


def test_a_sheet_saves_what_was_answered_before(pages):
    assignment = asked()
    first, second, *_rest = leaves(assignment)
    page = pages(user=assignment.assessor.user, language="en")
    late = Late(page, form_of(assignment))
    rate(page, first, 3)
    comment(page, second, "clear to the end")
    assert late.held and stored() == {}
    late.let_in()
    told(page, "Saved at")
    it_happens(lambda: stored() == {first: (3, ""), second: (None, "clear to the end")})


def test_a_draft_is_saved_that_was_written_before(pages):
    item = doing.action()
    page = pages(user=item.owner)
    late = Late(page, reverse("action_detail", args=[item.pk]))
    page.locator(".action-note-form textarea").fill("دعوت‌نامه‌ها فرستاده شد")
    late.let_in()
    expect(page.locator("[data-autosave-status]")).to_contain_text(re.compile("[۰-۹]{2}:[۰-۹]{2}"))
    assert NoteDraft.objects.get().text == "دعوت‌نامه‌ها فرستاده شد"


def test_a_list_counts_what_was_chosen_and_a_file_of_a_wrong_kind_is_refused(pages):
    for n in range(3):
        factories.agency(name_en=f"Library {n}")
    page = pages(user=factories.officer(), language="en")
    late = Late(page, "/styleguide/")
    page.locator("[data-choose-all]").check()
    page.locator("[data-filedrop-input]").set_input_files({"name": "virus.exe", "mimeType": "application/x-exe", "buffer": b"MZ"})
    late.let_in()
    expect(page.locator("[data-bulk-count]")).to_have_text("3 selected")
    expect(page.locator("[data-filedrop-error]")).to_contain_text("virus.exe")


def test_a_day_is_shown_in_the_digits_of_the_page(pages):
    page = pages(user=factories.officer())
    late = Late(page, "/styleguide/")
    page.locator("#id_held_on").fill("1405/01/07")
    late.let_in()
    # The picker's own way of asking for the value gives Latin digits: what is seen is asked of the form.
    seen = "() => Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').get.call(document.getElementById('id_held_on'))"
    until(page, f"({seen})() === '۱۴۰۵/۰۱/۰۷'")


def test_an_action_for_many_asks_first_though_the_script_that_asks_is_late(pages):
    year = self_assessing.year()
    waits = factories.representative(factories.agency(name_en="Late Agency"))
    page, held = pages(user=factories.officer(), language="en"), []
    page.route("**/js/confirm*.js", lambda asked_for: held.append(asked_for))
    page.goto(reverse("excellence_year", args=[year.pk]))
    page.get_by_role("row", name="Late Agency").locator("[data-choose]").check()
    page.locator("[name=bulk_action]").select_option("remind")
    page.locator("[data-bulk] button").click()
    assert held and not Notice.objects.filter(user=waits, kind="excellence_reminded").exists()
    held[0].continue_()
    page.locator("dialog.confirm[open] button[value=yes]").click()
    page.locator(".messages .note").wait_for()
    assert Notice.objects.filter(user=waits, kind="excellence_reminded").exists()
