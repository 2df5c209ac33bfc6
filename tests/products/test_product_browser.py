"""The submission form in a real browser: saved while written, rows that grow, files with progress, two at once, nothing lost."""

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from products.models import Product
from products.services import submission
from tests import factories, specimens

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def person():
    return factories.representative(factories.agency(), name_en="First person")


@pytest.fixture
def draft(person):
    agency_id = person.grants[0].agency
    return submission.start(agency_id, factories.product_kind(), by=person)


def edit(product):
    return reverse("product_edit", args=[product.pk])


def saved(page):
    expect(page.locator("[data-autosave-status]")).to_have_attribute("data-state", "saved")


def test_written_saved_and_found_again(pages, person, draft):
    page = pages(user=person, language="en")
    page.goto(edit(draft))
    page.fill("#id_title_fa", "كتاب تازه")
    page.get_by_role("button", name="One more person").click()
    page.fill("#id_creators-1-name", "دوم")
    saved(page)
    draft.refresh_from_db()
    assert draft.title_fa == "کتاب تازه" and draft.draft["creators"] == [{"name": "دوم", "role": ""}]
    page.locator("#id_creators-1-name").locator("xpath=ancestor::*[@data-row]").get_by_role("button").click()
    saved(page)
    page.reload()
    expect(page.locator("#id_title_fa")).to_have_value("كتاب تازه")
    expect(page.locator("[name=creators-1-name]")).to_have_count(0)
    assert page.get_by_text("had not reached the server").count() == 0


def test_files_go_up_without_leaving_the_page(pages, person, draft):
    page = pages(user=person, language="en")
    page.goto(edit(draft))
    page.fill("#id_title_fa", "در حال نوشتن")
    page.set_input_files("#id_file", [{"name": "one.pdf", "mimeType": "application/pdf", "buffer": specimens.pdf()}])
    page.get_by_role("button", name="Add the file").click()
    expect(page.get_by_role("link", name="one.pdf")).to_be_visible()
    page.set_input_files("#id_file", [{"name": "web.pdf", "mimeType": "application/pdf", "buffer": b"<html><script></script>"}])
    page.get_by_role("button", name="Add the file").click()
    expect(page.get_by_text("This is a web page")).to_be_visible()
    expect(page.locator("#id_title_fa")).to_have_value("در حال نوشتن")
    assert draft.files.count() == 1


def test_a_session_that_ends_loses_nothing(pages, person, draft):
    client = Client()
    client.force_login(person)
    page = pages(client=client, language="en")
    page.goto(edit(draft))
    client.logout()
    page.fill("#id_summary", "نوشته‌ای که نباید گم شود")
    expect(page.locator("[data-autosave-status]")).to_contain_text("signed out")
    page.get_by_role("button", name="Save the draft").last.click()
    page.wait_for_url("**/sign-in/**")
    again = Client()
    again.force_login(person)
    page.context.add_cookies([{"name": "sessionid", "value": again.cookies["sessionid"].value, "url": pages.base_url}])
    page.goto(edit(draft))
    page.get_by_role("button", name="Put it back").click()
    expect(page.locator("#id_summary")).to_have_value("نوشته‌ای که نباید گم شود")
    saved(page)
    draft.refresh_from_db()
    assert draft.summary == "نوشته‌ای که نباید گم شود"


def test_two_at_once_see_both_texts(pages, person, draft):
    page = pages(user=person, language="en")
    page.goto(edit(draft))
    colleague = factories.granted("representative", agency=draft.agency, name_en="Second person")
    submission.save_draft(draft.pk, {"answers": {"title_fa": "متن همکار"}}, by=colleague, version=draft.version)
    page.fill("#id_title_fa", "متن من")
    page.get_by_role("button", name="Compare the two").click()
    expect(page.get_by_text("Second person saved it")).to_be_visible()
    expect(page.locator("table")).to_contain_text("متن همکار")
    expect(page.locator("table")).to_contain_text("متن من")
    page.locator("[name=use-title_fa][value=theirs]").check()
    page.get_by_role("button", name="Save what I chose").click()
    expect(page.get_by_text("The draft was saved.")).to_be_visible()
    assert Product.objects.get(pk=draft.pk).title_fa == "متن همکار"


def test_the_whole_way_without_scripts(pages, person):
    kind = factories.product_kind(title_en="Leaflet")
    page = pages(user=person, language="en", scripts=False)
    page.goto(reverse("product_new"))
    page.get_by_label("Leaflet").check()
    page.get_by_role("button", name="Begin the draft").click()
    page.fill("#id_title_fa", "برگه")
    page.fill("#id_summary", "خلاصه")
    page.select_option("#id_audience", "general")
    page.fill("#id_starts_on", "۱۴۰۳/۰۱/۱۵")
    page.fill("#id_creators-0-name", "سارا")
    page.press("#id_creators-0-name", "Enter")  # saves, and sends nothing
    page.set_input_files("#id_file", [{"name": "one.pdf", "mimeType": "application/pdf", "buffer": specimens.pdf()}])
    page.get_by_role("button", name="Add the file").click()
    page.get_by_role("button", name="Check and hand in").click()
    page.get_by_role("button", name="Hand it in").click()
    expect(page.get_by_text("It was handed in.")).to_be_visible()
    product = Product.objects.get()
    assert (product.status, product.kind, product.versions.get().content["files"][0]["name"]) == ("submitted", kind, "one.pdf")
