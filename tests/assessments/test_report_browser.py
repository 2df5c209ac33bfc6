"""The report on assessors, the questions and the reliability in a real browser: a whole decision, phones, themes, axe."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessments.models import Assessor, ScoringFlag, SetAside
from tests import factories
from tests.assessments import scored_rounds
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "اثر با عنوانی چنان بلند که در هیچ سطری به‌تنهایی جا نمی‌گیرد و باید در چند سطر نوشته شود"


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def judged():
    """Nine products, five assessors, two questions: one about an assessor, one about a pair."""
    round_ = scored_rounds.judged_round(
        products=9, assessors=5, panel=4, subject=lambda n: factories.subject(title_fa=f"{LONG} {n}", title_en=f"Work {n}")
    )
    round_.people = list(Assessor.objects.order_by("pk"))
    one, two = round_.people[:2]
    said = {"round": round_, "sheets": 7, "figure": 0.5, "chance": 0.0001}
    round_.halo = ScoringFlag.objects.create(kind="halo", assessor=one, strength=-4.2, **said)
    round_.pair = ScoringFlag.objects.create(kind="pair", assessor=one, other=two, **said)
    return round_


def look(page, address):
    page.goto(address)
    page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true })")
    assert faults_of(page) == [], address


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 390), ("en", "dark", 1280)])
def test_every_page_is_readable(pages, officer, judged, language, theme, width):
    page, person = pages(user=officer, language=language, theme=theme, width=width), judged.people[0]
    for name, args in (
        ("round_assessors", [judged.pk]),
        ("round_assessor", [judged.pk, person.pk]),
        ("round_questions", [judged.pk]),
        ("question_detail", [judged.pair.pk]),
        ("round_reliability", [judged.pk]),
        ("round_set_aside", [judged.pk, person.pk]),
    ):
        look(page, reverse(name, args=args))


def test_an_officer_goes_from_a_question_to_a_decision_and_back(pages, officer, judged):
    page, person = pages(user=officer), judged.people[0]
    page.goto(reverse("round_detail", args=[judged.pk]))
    tab = page.get_by_role("navigation", name="صفحه‌های دور").get_by_role("link", name="پرسش‌ها")
    expect(tab).to_contain_text("۲")
    tab.click()
    page.get_by_role("link", name="آیا هر شاخص جداگانه سنجیده شده است؟").click()
    page.get_by_role("link", name=f"کنار گذاشتن ارزیابی‌های {person}…").click()
    # What would change stands there before anything is done.
    expect(page.get_by_text("چه چیزی تغییر می‌کند")).to_be_visible()
    assert not SetAside.objects.exists()
    page.get_by_label("دلیل").fill("پس از گفت‌وگو روشن شد که برگه‌ها ناتمام خوانده شده بود")
    page.get_by_role("button", name="کنار گذاشتن ارزیابی‌ها").click()
    expect(page.get_by_text("نمی‌آید").first).to_be_visible()
    made = SetAside.objects.get()
    assert (made.assessor, made.by) == (person, officer)
    # Setting aside has answered both questions about him.
    page.goto(reverse("round_questions", args=[judged.pk]))
    expect(page.locator("tbody .state", has_text="ارزیابی‌ها کنار گذاشته شد")).to_have_count(2)
    page.goto(reverse("round_assessor", args=[judged.pk, person.pk]))
    page.get_by_role("link", name="به حساب آوردن دوباره").click()
    page.get_by_label("دلیل").fill("برگه‌ها دوباره خوانده شد و درست بود")
    page.get_by_role("button", name="به حساب آوردن دوباره").click()
    expect(page.get_by_text("پیش‌تر کنار گذاشته بود")).to_be_visible()
    # The question is open again: now it is answered in words.
    page.goto(reverse("question_detail", args=[judged.halo.pk]))
    expect(page.get_by_text("پاسخ‌های پیشین")).to_be_visible()
    page.get_by_label("با ارزیاب گفت‌وگو شد").check()
    page.get_by_label("آنچه روشن شد").fill("ارزیاب توضیح داد که شاخص‌ها را جداگانه دیده است")
    page.get_by_role("button", name="ثبت پاسخ").click()
    page.wait_for_url(f"**{reverse('round_questions', args=[judged.pk])}")
    judged.halo.refresh_from_db()
    assert (judged.halo.decision, judged.halo.answered_by) == ("talked", officer)
    expect(page.get_by_role("navigation", name="صفحه‌های دور").get_by_role("link", name="پرسش‌ها")).to_contain_text("۱")
