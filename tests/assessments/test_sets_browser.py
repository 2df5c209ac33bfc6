"""The editor of indicator sets in a real browser, with scripts and without."""

import pytest
from playwright.sync_api import expect

from assessments.selectors.sets import tree, walk
from assessments.services import sets
from tests import factories
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def draft(officer):
    return sets.new_version(factories.published_set(code="poster").set_id, by=officer)


def node(draft, code):
    return next(node for node in walk(tree(draft)) if node.code == code)


def test_the_sum_lives_while_one_types(pages, officer, draft):
    page = pages(user=officer)
    page.goto("/sets/poster/2/edit/")
    row = node(draft, "D1I1")
    total = page.locator(f'[data-sum="{row.parent.pk}"]')
    expect(total).to_have_attribute("data-state", "right")
    field = page.locator(f"#id_weight-{row.pk}")
    field.fill("۴۰٫۵")
    expect(total).to_have_attribute("data-state", "wrong")
    expect(total.locator("[data-total]")).to_have_text("۹۰٫۵٪")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    page.locator(f"#id_weight-{node(draft, 'D1I2').pk}").fill("٥٩.٥")
    expect(total).to_have_attribute("data-state", "right")
    page.get_by_role("button", name="ذخیرهٔ وزن‌ها").click()
    expect(page.locator("[data-message]")).to_be_visible()
    assert [str(n.weight.normalize()) for n in node(draft, "D1").children] == ["40.5", "59.5"]


def test_moving_keeps_the_page_the_typed_weights_and_the_focus(pages, officer, draft):
    page = pages(user=officer)
    page.goto("/sets/poster/2/edit/")
    page.evaluate("window.sameplace = true")
    second = node(draft, "D1I2")
    page.locator(f"#id_weight-{second.pk}").fill("30")
    page.locator(f"#up-{second.pk}").click()
    expect(page.locator(f"#up-{second.pk}")).to_be_disabled()
    assert page.evaluate("window.sameplace") and page.evaluate("document.activeElement.id") == f"down-{second.pk}"
    assert [(n.code, n.weight) for n in node(draft, "D1").children] == [("D1I2", 30), ("D1I1", 50)]
    page.locator(f"#spread-{second.parent.pk}").click()
    expect(page.locator(f'[data-sum="{second.parent.pk}"]')).to_have_attribute("data-state", "right")
    assert [n.weight for n in node(draft, "D1").children] == [37.5, 62.5]


def test_a_row_is_edited_in_its_place_and_takes_typed_weights_along(pages, officer, draft):
    page = pages(user=officer, language="en")
    page.goto("/sets/poster/2/edit/")
    row, other = node(draft, "D1I1"), node(draft, "D2I1")
    page.locator(f"#id_weight-{other.pk}").fill("12")
    page.locator(f"#edit-{row.pk}").click()
    form = page.locator(f"#slot-{row.pk} form")
    expect(form.get_by_label("Title (Persian)")).to_be_focused()
    form.get_by_label("Title (English)").fill("Sharper")
    form.get_by_role("button", name="level 3").click()
    expect(form.get_by_label("Gate: least value on 0–100")).to_have_value("50")
    form.get_by_role("button", name="Save").click()
    expect(page.locator(f"#node-{row.pk}")).to_contain_text("Sharper")
    fresh = node(draft, "D1I1")
    assert (fresh.title_en, fresh.gate_least, node(draft, "D2I1").weight) == ("Sharper", 50, 12)


def test_leaving_a_form_in_its_place(pages, officer, draft):
    page = pages(user=officer, language="en")
    page.goto("/sets/poster/2/edit/")
    row = node(draft, "D1I1")
    page.locator(f"#edit-{row.pk}").click()
    page.locator(f"#slot-{row.pk}").get_by_text("Cancel").click()
    expect(page.locator(f"#slot-{row.pk}")).to_be_empty()
    assert page.evaluate("document.activeElement.id") == f"edit-{row.pk}"


def test_everything_works_without_scripts(pages, officer, draft):
    page = pages(user=officer, language="en", scripts=False)
    page.goto("/sets/poster/2/edit/")
    row = node(draft, "D1I2")
    page.locator(f"#id_weight-{row.pk}").fill("20")
    page.locator(f"#up-{row.pk}").click()
    page.get_by_role("button", name="Edit “Indicator 1.2”").click()
    page.get_by_label("Title (English)").fill("By hand")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Add an indicator to “Dimension 1”").click()
    page.get_by_label("Title (Persian)").fill("شاخص تازه")
    page.get_by_label("Title (English)").fill("Third")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Spread the rest evenly").first.click()
    assert [(n.title_en, n.weight) for n in node(draft, "D1").children] == [("By hand", 20), ("Indicator 1.1", 50), ("Third", 30)]
    page.get_by_role("button", name="Delete “Third”").click()
    page.get_by_role("button", name="Delete").click()
    assert [n.title_en for n in node(draft, "D1").children] == ["By hand", "Indicator 1.1"]


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 390), ("en", "dark", 1280)])
def test_no_page_has_a_fault_that_axe_finds(pages, officer, draft, language, theme, width):
    page = pages(user=officer, language=language, theme=theme, width=width)
    for address in (
        "/sets/", "/sets/poster/1/", "/sets/new/", "/sets/poster/2/edit/", "/sets/poster/2/about/", "/sets/poster/2/preview/",
        "/sets/poster/2/publish/", "/sets/poster/2/diff/", "/sets/poster/2/rows/new/?kind=indicator", "/sets/poster/1/retire/",
        "/sets/poster/2/discard/",
    ):  # fmt: skip
        page.goto(address)
        assert faults_of(page, outside=[".site-head", ".site-foot"]) == [], address
