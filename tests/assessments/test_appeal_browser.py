"""An appeal in the browser: from the agency's result through its own words to the officer who takes it up."""

import os
import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessments.models import Appeal, Entry
from tests import factories
from tests.assessments.test_appeals import judged, leaves, owner  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SHOTS = os.environ.get("SHOTS", "")


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_an_agency_appeals_and_an_officer_takes_it_up(pages, judged, owner):  # noqa: F811
    agency = pages(user=owner, width=390)
    agency.goto(reverse("entry_scores", args=[judged.pk]))
    agency.get_by_role("button", name="نوشتن اعتراض").click()
    agency.wait_for_url(re.compile("/appeals/[0-9]+/edit/$"))
    row = agency.locator(".appeal-row").first
    row.locator("summary").click()
    row.locator("textarea").fill("ارزیابان پیوست سوم را که گزارش اثر است ندیده‌اند.")
    agency.locator("#statement").fill("خواهش می‌کنیم دو شاخص زیر دوباره دیده شود.")
    expect(agency.locator("[data-autosave-status]").first).to_contain_text("ذخیره شد")
    shot(agency, "appeal-edit-phone")
    # Closed and opened again, nothing is lost.
    agency.reload()
    expect(agency.locator(".appeal-row[open] textarea")).to_have_value("ارزیابان پیوست سوم را که گزارش اثر است ندیده‌اند.")
    agency.get_by_role("button", name="بازبینی و ثبت").click()
    agency.wait_for_url(re.compile("/file/$"))
    shot(agency, "appeal-file-phone")
    agency.get_by_role("button", name="ثبت اعتراض").click()
    agency.wait_for_url(re.compile("/appeals/[0-9]+/$"))
    appeal = Appeal.objects.get()
    assert appeal.status == "filed" and appeal.grounds.get().indicator in leaves(judged)

    officer = pages(user=factories.officer())
    officer.goto(reverse("appeal_list"))
    shot(officer, "appeal-list")
    officer.get_by_role("link", name=judged.subject.title_fa).click()
    shot(officer, "appeal-officer")
    officer.get_by_role("link", name="پذیرش برای بازبینی").click()
    officer.locator("[name=deadline]").fill("۱۴۲۰/۰۱/۲۰")
    shot(officer, "appeal-admit")
    officer.locator("main form .btn-primary").click()
    officer.wait_for_url(re.compile("/appeals/[0-9]+/$"))
    assert Entry.objects.get(review_of=judged).round.status == "draft"
    dark = pages(user=owner, theme="dark")
    dark.goto(appeal.get_absolute_url())
    expect(dark.locator(".appeal-scores")).to_be_visible()
    shot(dark, "appeal-dark")
