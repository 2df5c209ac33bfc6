"""“What if” in a real browser: sliders and sums by keyboard, the answer, phones, both themes, without scripts."""

import pytest
from playwright.sync_api import expect

from assessments.models import Entry
from assessments.services import runs
from tests import factories
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def judged():
    """Six products judged by four of five assessors, on a common set and their own."""
    round_ = factories.round_("open")
    sheet = factories.sheet(round_, factories.published_set(), factories.published_set(layer="common"))
    panel = [factories.assessor(last_name=f"داور{n}") for n in range(5)]
    for n in range(6):
        title = f"اثر {n} با عنوانی چنان بلند که در هیچ سطری به‌تنهایی جا نمی‌گیرد و باید کوتاه نوشته شود"
        entry = Entry.objects.create(round=round_, subject=factories.subject(title_fa=title), sheet=sheet)
        for k, person in enumerate(panel):
            if k != n % 5:
                values = {f"D{d}I{i}": 1 + (n * d + k * i) % 5 for d in (1, 2) for i in (1, 2)}
                factories.submitted_assessment(entry, values, assessor_=person)
    Entry.objects.filter(round=round_).update(inputs_version=1)
    runs.score_round(round_.pk)
    round_.sheet, round_.panel = sheet, panel
    return round_


def test_a_weight_is_slid_by_keyboard_and_the_sum_follows(pages, officer, judged):
    page = pages(user=officer)
    page.goto(f"/rounds/{judged.pk}/what-if/")
    page.get_by_text("وزن مجموعه‌ها").click()
    first, second = (page.locator(f"#id_part-{judged.sheet.pk}-{n}") for n in (1, 2))
    group = page.locator(f"#group-part-{judged.sheet.pk}")
    slider = group.locator("input[type=range]").first
    expect(slider).to_be_visible()
    slider.focus()
    page.keyboard.press("End")
    expect(first).to_have_value("۱۰۰")
    expect(slider).to_have_attribute("aria-valuetext", "۱۰۰٪")
    sum_ = group.locator("[data-sum]")
    expect(sum_).to_have_attribute("data-state", "wrong")
    expect(sum_.locator("[data-total]")).to_have_text("۱۳۰٪")
    first.fill("۴۵٫۵")
    expect(slider).to_have_value("46")
    second.fill("")
    group.get_by_role("button", name="پخش یکسان باقی‌مانده").click()
    page.wait_for_url(f"**/what-if/?part-{judged.sheet.pk}-1=45.5&part-{judged.sheet.pk}-2=54.5")
    expect(page.locator("#verdict")).to_be_visible()
    expect(first).to_have_value("۴۵٫۵")
    assert page.locator("#before-after tbody tr").count() == 6


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1280, "dark")])
def test_question_and_answer_fit_and_can_be_read(pages, officer, judged, width, theme):
    page = pages(user=officer, width=width, theme=theme)
    for query in ("", f"?out={judged.panel[0].pk}&cuts=20,50,80&mean=1"):
        page.goto(f"/rounds/{judged.pk}/what-if/{query}")
        page.evaluate("for (const part of document.querySelectorAll('.ask details, .whatif details')) part.open = true")
        assert faults_of(page) == []
    expect(page.locator(".dumbbell svg.forest-plot:visible")).to_have_count(1)


def test_without_scripts_the_form_asks_and_the_server_answers(pages, officer, judged):
    page = pages(user=officer, scripts=False)
    page.goto(f"/rounds/{judged.pk}/what-if/")
    page.get_by_text("ارزیابان کنار گذاشته‌شده").first.click()
    page.locator(f"#out-{judged.panel[2].pk}").check()
    page.get_by_role("button", name="محاسبه").click()
    page.wait_for_url(f"**/what-if/?out={judged.panel[2].pk}")
    assert page.locator("input[type=range]:visible").count() == 0
    expect(page.locator(".whatif-chips a")).to_have_count(1)
    page.locator(".whatif-chips a").click()
    page.wait_for_url("**/what-if/")
