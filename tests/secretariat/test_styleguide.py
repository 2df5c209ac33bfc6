"""The style guide: open to officers, shows every part, and holds up in a real browser."""

import json

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.axe import faults_of, too_wide
from tests.browser import until

pytestmark = pytest.mark.django_db
PATH = "/styleguide/"


def test_shows_every_part_to_officers(client):
    factories.agency()
    client.force_login(factories.officer())
    text = client.get(PATH).content.decode()
    for part in ("state-success", "deadline", "chip-person", "timeline-step", "desk-card", "empty-title", "file-list", "filedrop",
                 "progress", "score-card", "forest-plot", "list-table", "tabs", "field-error", "data-confirm", "once_key"):  # fmt: skip
        assert part in text, part
    assert " style=" not in text and "onclick" not in text


@pytest.mark.parametrize("make", [factories.user, factories.representative])
def test_strangers_get_404(client, make):
    client.force_login(make())
    assert client.get(PATH).status_code == 404


def test_anonymous_is_sent_to_sign_in(client):
    assert client.get(PATH).status_code == 302


def test_wrong_form_is_explained_and_keeps_what_was_typed(client):
    client.force_login(factories.officer())
    text = client.post(PATH, {"title": "متن نوشته‌شده", "mobile": "0912"}).content.decode()
    assert "data-error-summary" in text and 'href="#id_mobile"' in text
    assert "متن نوشته‌شده" in text
    assert 'aria-invalid="true"' in text and "id_mobile-error" in text


def test_right_form_is_accepted(client):
    client.force_login(factories.officer())
    data = {"title": "عنوان", "kind": "book", "mobile": "۰۹۱۲۳۴۵۶۷۸۹", "held_on": "۱۴۰۴/۱۱/۰۵", "agreed": "on"}
    assert client.post(PATH, data).status_code == 302


def test_bulk_without_choice_is_refused(client):
    client.force_login(factories.officer())
    response = client.post(PATH, {"bulk_action": "greet"}, follow=True)
    assert "note-danger" in response.content.decode()


# --- in a real browser


@pytest.fixture
def open_guide(pages):
    officer = factories.officer(first_name="مریم", last_name="رضایی", name_en="Maryam Rezaei")
    for n in range(30):
        factories.agency(name_fa=f"نهاد کتابخانه‌های عمومی کشور {n}", name_en=f"Public Libraries {n}", kind="public_body")
    factories.agency(name_fa="موزهٔ ملی", name_en="National Museum", kind="ministry")

    def open_(**options):
        page = pages(user=officer, **options)
        page.goto(PATH)
        until(page, "Boolean(window.portal && window.htmx)")
        return page

    open_.pages, open_.officer = pages, officer
    return open_


@pytest.mark.browser
@pytest.mark.parametrize(("language", "theme"), [("fa", "dark"), ("en", "light")])
def test_axe_finds_nothing(open_guide, language, theme):
    page = open_guide(language=language, theme=theme)
    assert faults_of(page) == []


@pytest.mark.browser
@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_phone_shows_it_without_sideways_scroll(open_guide, language):
    page = open_guide(language=language, width=390)
    assert too_wide(page) == []
    page.locator(".nav-fold summary").click()
    assert page.locator(".site-nav").is_visible()
    assert faults_of(page) == []


@pytest.mark.browser
def test_search_as_you_type_and_sort_keep_the_address(open_guide):
    page = open_guide(language="en")
    page.locator("#agencies-q").press_sequentially("museum", delay=20)
    until(page, "document.querySelectorAll('.list-table tbody tr').length === 1")
    assert page.url.endswith("?q=museum")
    assert page.evaluate("document.activeElement.id") == "agencies-q"
    page.locator("#agencies-q").fill("")
    until(page, "document.querySelectorAll('.list-table tbody tr').length === 25")
    page.locator(".list-table thead a").first.click()
    until(page, "location.search === '?sort=-name'")
    assert page.locator("th[aria-sort=descending]").count() == 1
    page.reload()
    assert page.locator("th[aria-sort=descending]").count() == 1


@pytest.mark.browser
def test_bulk_choice_counts_and_asks_first(open_guide):
    page = open_guide(language="en")
    page.locator("[data-choose-all]").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("25 selected")
    page.locator("#agencies-bulk-action").select_option("greet")
    page.locator("#agencies-bulk button").click()
    page.locator("dialog.confirm button[value=no]").click()
    assert page.locator("dialog.confirm").is_hidden()
    page.locator("#agencies-bulk button").click()
    with page.expect_navigation():
        page.locator("dialog.confirm button[value=yes]").click()
    assert "Greeted: 25." in page.locator(".messages").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("comes", [True, False])
def test_who_presses_before_the_script_that_asks_has_come_is_asked_by_it(open_guide, comes):
    page, held = open_guide.pages(user=open_guide.officer), []
    page.route("**/js/confirm*.js", lambda route: held.append(route))
    page.goto(PATH)
    page.locator(".form-actions-sticky .btn-primary").click()
    assert held and page.locator("[data-error-summary]").count() == 0
    if comes:
        held[0].continue_()
        page.locator("dialog.confirm[open] button[value=yes]").click()
    else:
        held[0].abort()
    page.locator("[data-error-summary]").wait_for()
    open_guide.pages.problems.clear()


@pytest.mark.browser
def test_display_settings_take_effect_and_are_remembered(open_guide):
    page = open_guide()
    page.locator("summary[title]").first.click()
    page.locator("button[name=theme][value=dark]").click()
    page.locator("button[name=text_size][value=larger]").click()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.reload()
    assert page.evaluate("[document.documentElement.dataset.bsTheme, document.documentElement.dataset.textSize]") == [
        "dark",
        "larger",
    ]


@pytest.mark.browser
def test_display_settings_work_without_scripts(open_guide, pages):
    page = pages(user=factories.officer(), scripts=False)
    page.goto(PATH)
    page.locator("summary[title]").first.click()
    page.locator("button[name=theme][value=dark]").click()
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    assert page.url.endswith(PATH)


@pytest.mark.browser
def test_error_summary_takes_the_focus_and_leads_to_the_field(open_guide):
    page = open_guide(language="en")
    page.locator("#id_title").fill("")
    page.locator(".form-actions-sticky .btn-primary").click()
    with page.expect_navigation():
        page.locator("dialog.confirm button[value=yes]").click()
    assert page.evaluate("document.activeElement.hasAttribute('data-error-summary')")
    page.locator("[data-error-summary] a").first.click()
    assert page.evaluate("document.activeElement.id") == "id_title"
    assert faults_of(page) == []


@pytest.mark.browser
def test_a_file_is_asked_for_and_measured_in_the_language_of_the_page(open_guide):
    page = open_guide(language="fa")
    chooser = page.locator("[data-filedrop-input]")
    assert chooser.bounding_box()["width"] <= 1, "the browser's own words about files are out of sight"
    with page.expect_file_chooser() as asked:
        page.locator(".filedrop-hint label").click()
    asked.value.set_files({"name": "right.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    assert page.locator("[data-filedrop-chosen]").inner_text() == "right.pdf · ۱ کیلوبایت"
    chooser.set_input_files({"name": "long.pdf", "mimeType": "application/pdf", "buffer": b"0" * 1_600_000})
    assert page.locator("[data-filedrop-chosen]").inner_text() == "long.pdf · ۱٫۵ مگابایت"


@pytest.mark.browser
@pytest.mark.parametrize(("language", "sort"), [("fa", "persian"), ("en", "decimal")])
def test_lists_count_in_the_digits_of_the_page(pages, language, sort):
    page = pages(language=language)
    page.goto("/about/")
    counted = page.evaluate("[...document.querySelectorAll('ol')].map((list) => getComputedStyle(list).listStyleType)")
    assert set(counted) == {"none", sort}  # none: those that draw their own signs, or no signs at all


@pytest.mark.browser
def test_on_a_phone_many_filters_open_when_they_are_asked_for(pages):
    factories.product()
    page = pages(user=factories.officer(), language="en", width=390)
    page.goto("/products/marked/")
    until(page, "Boolean(window.portal && window.htmx)")
    more, level = page.get_by_role("button", name="Filters"), page.locator("#quality-marks-level")
    assert page.locator("[name=q]").is_visible() and not level.is_visible()
    more.click()
    assert level.is_visible() and more.get_attribute("aria-expanded") == "true"
    assert faults_of(page) == []
    level.select_option(index=1)
    page.locator(".filter-chip").wait_for()
    page.reload()
    level.wait_for(state="visible")
    page.set_viewport_size({"width": 1280, "height": 800})
    assert level.is_visible() and not more.is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("language", ["fa", "en"])
def test_on_a_phone_the_head_of_a_page_is_one_line(pages, language):
    page = pages(language=language, width=390)
    page.goto("/about/")
    brand, door = page.locator(".brand").bounding_box(), page.locator(".site-tools .btn").bounding_box()
    assert brand["y"] < door["y"] + door["height"] / 2 < brand["y"] + brand["height"]


@pytest.mark.browser
def test_on_a_phone_the_open_tab_is_in_sight(pages):
    entry = factories.entry()
    page = pages(user=factories.officer(), language="fa", width=390)
    page.goto(f"/rounds/{entry.round_id}/reminders/")
    here, line = page.locator(".tabs [aria-current]").bounding_box(), page.locator(".tabs ul").bounding_box()
    assert line["x"] <= here["x"] and here["x"] + here["width"] <= line["x"] + line["width"]
    assert line["height"] < 2 * here["height"], "the tabs stand in one line"
    assert too_wide(page) == []


@pytest.mark.browser
def test_file_of_a_wrong_type_or_size_is_refused_before_sending(open_guide):
    page = open_guide(language="en")
    chooser = page.locator("[data-filedrop-input]")
    chooser.set_input_files({"name": "virus.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"})
    expect(page.locator("[data-filedrop-error]")).to_contain_text("virus.exe")
    chooser.set_input_files({"name": "big.pdf", "mimeType": "application/pdf", "buffer": b"0" * (6 * 1024 * 1024)})
    assert "5 MB" in page.locator("[data-filedrop-error]").inner_text()
    chooser.set_input_files({"name": "right.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    assert page.locator("[data-filedrop-error]").inner_text() == ""
    page.locator("button[name=upload]").click()
    page.locator(".messages .note-success").wait_for()


@pytest.mark.browser
def test_jalali_picker_opens_and_typing_stays_possible(open_guide):
    page = open_guide()
    page.locator("#id_held_on").click()
    page.locator("jdp-container").wait_for(state="visible")
    page.keyboard.press("Escape")
    page.locator("jdp-container").wait_for(state="hidden")
    field = page.locator("#id_held_on")
    field.fill("۱۴۰۴/۱۱/۰5")
    field.blur()
    assert field.input_value() == "۱۴۰۴/۱۱/۰۵"
    # What was typed is where the picker opens, and what it brings is written as everything else on the page.
    field.click()
    page.locator("jdp-container .selected", has_text="۵").wait_for()
    page.locator("jdp-container .jdp-day:not(.not-in-month)", has_text="۱۲").click()
    assert field.input_value() == "۱۴۰۴/۱۱/۱۲"


@pytest.mark.browser
def test_jalali_picker_that_comes_late_opens_for_who_is_there(open_guide):
    page, held = open_guide.pages(user=open_guide.officer), []
    page.route("**/jalalidatepicker*.js", lambda route: held.append(route))
    with page.expect_request("**/jalalidatepicker*.js"):
        page.goto(PATH, wait_until="commit")  # a script that is on its way may hold up the rest of the loading
    page.locator("#id_held_on").click()
    assert held and page.locator("jdp-container").count() == 0
    for asked in held:
        asked.continue_()
    page.locator("jdp-container").wait_for(state="visible")


# --- autosave: the form of the guide is given an address, whose answers the test plays


@pytest.fixture
def draft(open_guide):
    page = open_guide(language="en")
    played = {"status": 200, "body": {"version": 8, "saved_at": "14:32"}, "posts": []}

    def answer(route):
        played["posts"].append(route.request.post_data)
        if played["status"] == "gone":
            return route.abort()
        headers = {"Location": "/sign-in/"} if played["status"] == 302 else {}
        route.fulfill(status=played["status"], headers=headers, content_type="application/json", body=json.dumps(played["body"]))

    page.route("**/specimen-autosave/", answer)
    played["wake"] = lambda: page.evaluate(
        """() => { const form = document.querySelector('#forms form').cloneNode(true);
        document.querySelector('#forms form').replaceWith(form); form.dataset.autosaveUrl = '/specimen-autosave/';
        form.dataset.autosaveVersion = '7'; document.dispatchEvent(new CustomEvent('htmx:load', {detail: {elt: document}})); }"""
    )
    played["wake"]()
    until(page, "Boolean(document.querySelector('#forms form').draft)")
    return page, played


def _state(page, state):
    until(page, f"document.querySelector('[data-autosave-status]').dataset.state === '{state}'")
    return page.locator("[data-autosave-status]").inner_text()


@pytest.mark.browser
def test_autosave_tells_when_it_saved_and_keeps_the_version(draft):
    page, played = draft
    page.locator("#id_title").fill("new title")
    assert "14:32" in _state(page, "saved")
    assert "new title" in played["posts"][0] and '"version"\r\n\r\n7' in played["posts"][0]
    assert page.evaluate("document.querySelector('#forms form').draft.version") == "8"
    assert page.evaluate("Object.keys(localStorage).length") == 0


@pytest.mark.browser
@pytest.mark.parametrize("status", [302, "gone"])
def test_autosave_loses_nothing_when_it_cannot_save(draft, open_guide, status):
    page, played = draft
    played["status"] = status
    page.locator("#id_title").fill("kept words")
    _state(page, "error")
    assert "kept words" in page.evaluate("Object.values(localStorage).join()")
    page.on("dialog", lambda dialog: dialog.accept())  # the warning on leaving
    page.reload()
    until(page, "Boolean(window.portal)")
    played["wake"]()
    page.locator("#forms .note-warning .btn-primary").click()
    assert page.locator("#id_title").input_value() == "kept words"
    open_guide.pages.problems.clear()


@pytest.mark.browser
def test_autosave_stops_when_somebody_else_saved_first(draft, open_guide):
    page, played = draft
    played.update(status=409, body={"message": "Somebody else saved.", "url": "/styleguide/?again"})
    page.locator("#id_title").fill("mine")
    assert "Somebody else saved." in _state(page, "error")
    assert page.locator("[data-autosave-status] a").get_attribute("href") == "/styleguide/?again"
    page.locator("#id_title").fill("mine again")
    page.wait_for_timeout(1600)
    assert len(played["posts"]) == 1
    until(page, "Object.values(localStorage).join().includes('mine again')")
    open_guide.pages.problems.clear()


@pytest.mark.browser
def test_a_public_page_weighs_little(open_guide, client):
    page = open_guide.pages(language="fa")
    sizes = {}
    page.on("response", lambda response: sizes.__setitem__(response.url, len(response.body())))
    page.goto("/no-such-page/")
    page.wait_for_load_state("networkidle")
    assets = {url: size for url, size in sizes.items() if "/static/" in url and not url.endswith("woff2")}
    assert sum(assets.values()) < 450_000, assets  # uncompressed; a third of it on the wire
    assert not any("bootstrap.bundle" in url for url in assets)
    open_guide.pages.problems.clear()
