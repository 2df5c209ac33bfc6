"""A year of self-assessment in a real browser: answered, submitted, drawn, checked, confirmed, read; and no page with a fault."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from assessments.models import ExcellenceCheck, ExcellenceYear, SelfAnswer, SelfAssessment
from secretariat import persian
from tests import factories, specimens
from tests.assessments import self_assessing as make
from tests.axe import faults_of, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def day(days):
    return persian.short(timezone.localdate() + timedelta(days=days))


def test_from_the_opening_to_the_result(pages, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    officer, framework = factories.officer(), make.framework(dimensions=3, indicators=1)
    agency = factories.agency(name_en="The Agency", name_fa="دستگاه نمونه")
    user, checker = factories.representative(agency), factories.assessor(last_name="Checker", name_en="The Checker")
    faults = []

    def looked_at(page, what):
        faults.extend(f"{what}: {fault}" for fault in faults_of(page))
        page.set_viewport_size({"width": 390, "height": 900})
        faults.extend(f"{what} on a phone: {fault}" for fault in too_wide(page))
        page.set_viewport_size({"width": 1280, "height": 900})

    desk = pages(user=officer, language="en")
    desk.goto(reverse("excellence_list"))
    desk.get_by_role("link", name="Open a year").click()
    looked_at(desk, "new year")
    desk.get_by_label("Framework").select_option(str(framework.pk))
    desk.get_by_label("Deadline of the agencies").fill(day(5))
    desk.get_by_label("Deadline of the checkers").fill(day(30))
    desk.get_by_label("Share of the agencies").fill("100")
    desk.get_by_role("button", name="Open the year").click()
    expect(desk.get_by_text("The year is open")).to_be_visible()
    year = ExcellenceYear.objects.get()

    page = pages(user=user, language="en")
    page.goto("/desk/")
    page.get_by_role("main").get_by_role("link", name=f"Self-assessment of {year.year}", exact=True).click()
    looked_at(page, "agency's years")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("link", name="Answer").first.click()
    looked_at(page, "one criterion")
    page.get_by_role("radio", name="level 4").check()
    page.get_by_label("What is done").fill("The plan is reviewed every year.")
    expect(page.locator("[data-autosave-status]")).to_have_attribute("data-state", "saved")
    assert SelfAnswer.objects.get().value == 4
    proof = tmp_path / "proof.pdf"
    proof.write_bytes(specimens.pdf())
    page.get_by_label("Add a file").set_input_files(str(proof))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#files").get_by_role("link", name="proof.pdf")).to_be_visible()
    for level in (3, 5):
        page.get_by_role("button", name="Save and next").click()
        page.get_by_role("radio", name=f"level {level}").check()
        page.get_by_label("What is done").fill("It is done.")
    page.get_by_role("button", name="Save and to the overview").click()
    expect(page.get_by_text("3 of 3 criteria answered")).to_be_visible()
    looked_at(page, "overview")
    page.get_by_role("link", name="Check and submit").click()
    looked_at(page, "review")
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("dialog").get_by_role("button", name="Submit").click()
    expect(page.get_by_text("The self-assessment was submitted.")).to_be_visible()
    own = SelfAssessment.objects.get()

    desk.goto(year.get_absolute_url())
    looked_at(desk, "year")
    desk.get_by_role("link", name="Draw the sample").click()
    looked_at(desk, "draw")
    desk.get_by_role("button", name="Draw the sample").click()
    desk.get_by_role("link", name="The Agency").first.click()
    desk.get_by_role("link", name="Appoint a checker").click()
    desk.get_by_label("The Checker").check()
    looked_at(desk, "appoint")
    desk.get_by_role("button", name="Appoint").click()
    expect(desk.get_by_text("The checker is appointed")).to_be_visible()

    judge = pages(user=checker.user, language="en")
    judge.goto("/desk/")
    judge.get_by_role("main").get_by_role("link", name="The Agency", exact=True).click()
    looked_at(judge, "check")
    for criterion in judge.locator("article").all():
        criterion.get_by_role("radio", name="level 2").check()
        criterion.get_by_label("Reason").fill("Seen, but only in parts.")
    expect(judge.locator("[data-autosave-status]")).to_have_attribute("data-state", "saved")
    judge.get_by_role("button", name="Review and hand in").click()
    judge.get_by_role("button", name="Hand in").click()
    judge.get_by_role("dialog").get_by_role("button", name="Hand in").click()
    expect(judge.get_by_text("Thank you. The check was handed in.")).to_be_visible()
    assert ExcellenceCheck.objects.get().submitted_at

    desk.goto(own.get_absolute_url())
    desk.get_by_role("link", name="Confirm").click()
    expect(desk.get_by_role("table")).to_contain_text("−50.0")
    looked_at(desk, "confirm")
    desk.get_by_role("button", name="Confirm").click()

    page.goto(reverse("self_assessment_result", args=[own.pk]))
    expect(page.get_by_text("The external check").first).to_be_visible()
    expect(page.get_by_text("The Checker")).to_have_count(0)
    looked_at(page, "result")
    persian_page = pages(user=user, language="fa", theme="dark")
    persian_page.goto(reverse("self_assessment_result", args=[own.pk]))
    faults.extend(f"result in Persian: {fault}" for fault in faults_of(persian_page))
    assert not faults, "\n".join(faults)
