"""The officers' pages of screening in a real browser: what is typed survives, and axe finds nothing."""

import pytest
from django.urls import reverse

from products.models import Overlap, Product
from products.services.screening import CHECKLIST, screen
from tests import factories
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def officer():
    return factories.officer(first_name="مریم", last_name="احمدی")


@pytest.fixture
def version(officer):
    """A second version, likely to overlap with another agency's product."""
    kind = factories.product_kind()
    factories.submission(kind=kind, title_fa="جشنوارهٔ قصه‌گویی تهران", title_en="Tehran storytelling festival")
    first = factories.submission(kind=kind, title_fa="جشنوارهٔ قصه‌گویی", title_en="Storytelling festival")
    screen(first.pk, "return", dict.fromkeys(CHECKLIST, "yes"), {"summary": "کوتاه است"}, "", by=officer)
    return factories.submission(first.product, summary="اکنون بلندتر شده است")


def open_form(page, version):
    page.goto(reverse("screening_form", args=[version.product_id]))


def fill(page, overlap):
    for code in CHECKLIST:
        page.check(f'[name="check_{code}"][value="yes"]')
    page.check(f'[name="overlap_{overlap.pk}_decision"][value="distinct"]')
    page.fill(f'[name="overlap_{overlap.pk}_reason"]', "دو جشنوارهٔ جدا")


def test_what_is_written_survives_a_reload_and_the_decision_leads_on(pages, officer, version):
    overlap = Overlap.objects.get()
    page = pages(user=officer, language="en")
    open_form(page, version)
    reason = page.locator("#id_why_title_fa")
    assert not reason.is_visible()
    page.check("#id_wrong_title_fa")
    reason.fill("نام کامل را بنویسید")
    fill(page, overlap)
    page.reload()
    page.get_by_role("button", name="Put it back").click()
    assert reason.is_visible() and reason.input_value() == "نام کامل را بنویسید"
    assert page.locator('[name="check_rights"][value="yes"]').is_checked()

    page.click('button[value="accept"]')  # refused: something stands to be corrected
    page.wait_for_selector(".error-summary")
    assert reason.input_value() == "نام کامل را بنویسید"
    page.uncheck("#id_wrong_title_fa")
    reason.fill("")
    page.click('button[value="accept"]')
    page.wait_for_url(f"**{reverse('screening_form', args=[overlap.other_id])}")
    assert Product.objects.get(pk=version.product_id).status == "accepted"


def test_refusing_asks_first(pages, officer, version):
    page = pages(user=officer, language="en")
    open_form(page, version)
    fill(page, Overlap.objects.get())
    page.fill('[name="note"]', "در این دوره نمی‌گنجد")
    page.click('button[value="refuse"]')
    page.click("dialog [value=no]")
    assert Product.objects.get(pk=version.product_id).status == "submitted"
    page.click('button[value="refuse"]')
    page.click("[data-confirm-yes]")
    page.wait_for_url(lambda url: url.endswith(reverse("screening_form", args=[Overlap.objects.get().other_id])))
    assert Product.objects.get(pk=version.product_id).status == "refused"


def test_everything_works_without_scripts(pages, officer, version):
    page = pages(user=officer, language="en", scripts=False)
    open_form(page, version)
    fill(page, Overlap.objects.get())
    page.click('button[value="accept"]')
    page.wait_for_url(f"**{reverse('screening_form', args=[Overlap.objects.get().other_id])}")
    assert Product.objects.get(pk=version.product_id).status == "accepted"


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 1280), ("en", "dark", 390)])
def test_no_page_has_a_fault_that_axe_finds(pages, officer, version, language, theme, width):
    factories.published_set(layer="common", code="common")
    factories.product("accepted")
    round_ = factories.round_()
    page = pages(user=officer, language=language, theme=theme, width=width)

    def look():
        assert faults_of(page) == [], page.url

    for url in (
        reverse("product_queue"),
        reverse("screening_form", args=[version.product_id]),
        reverse("overlap_list"),
        Overlap.objects.get().get_absolute_url(),
        version.product.get_absolute_url(),
        reverse("round_add_products", args=[round_.pk]),
    ):
        page.goto(url)
        look()
    page.check("[name=bulk_all]")
    page.select_option("[name=bulk_action]", "preview")
    page.click(".bulk-bar button")
    page.wait_for_selector("[name=step][value=add]", state="attached")
    look()
    open_form(page, version)
    page.click('button[value="return"]')
    page.wait_for_selector(".error-summary")
    look()
