"""Disagreements in a real browser: a panel's discussion from its being found to the agreed total, and one more assessor by one click."""

import os
import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessments.models import ModeratedScore, Moderation, Proposal, Round
from assessments.services import discussions, runs
from tests import factories
from tests.assessments import disputed
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SHOTS", "")
COMMENT = "داستان‌ها روان نوشته شده است، ولی پیوند تصویر و متن در فصل‌های پایانی سست می‌شود."
TITLE = "مجموعهٔ داستان‌های کوتاه برای نوجوانان با عنوانی که در یک سطر جا نمی‌گیرد"


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def press(page, selector):
    """Press and wait for the answer."""
    with page.expect_navigation():
        page.locator(selector).click()


def dispute(**fields):
    """Two products of one round on which panels lie apart, and one on which they agree; comments as people write them."""
    version = factories.published_set(dimensions=2, indicators=3, allow_na=True)
    round_ = disputed.round_(title_fa="دور پاییز", title_en="Autumn", see_submitter="never", **fields)
    entry = factories.entry(round_, factories.subject(title_fa=TITLE, title_en="Stories"), [version])
    same = dict.fromkeys(("D1I1", "D1I2", "D1I3", "D2I1", "D2I2", "D2I3"), 4)
    for values in ({**same, "D1I2": 1, "D2I3": 2}, same, {**same, "D1I2": 5, "D2I3": None}):
        factories.submitted_assessment(entry, values, comment=COMMENT)
    for values in (disputed.TOGETHER, disputed.APART):
        other = disputed.another_entry(entry)
        for value in values:
            factories.submitted_assessment(other, value)
        runs.inputs_changed(other.pk)
    disputed.computed(entry)
    return Moderation.objects.select_related("entry__round").get(entry=entry)


def fits(page):
    """Nothing is wider than the window, and axe finds nothing."""
    assert faults_of(page) == [], page.url


def test_a_panel_discusses_under_numbers_and_agrees(pages):
    officer, moderation = factories.officer(), dispute(moderation="consensus")
    staff = pages(user=officer)
    staff.goto(reverse("round_detail", args=[moderation.entry.round_id]))
    staff.get_by_role("navigation", name="صفحه‌های دور").get_by_role("link", name="رفع اختلاف").click()
    expect(staff.locator(".dot-strip")).to_have_count(2)
    shot(staff, "list")
    fits(staff)
    staff.get_by_role("link", name=TITLE).click()
    staff.wait_for_url(re.compile("/moderations/[0-9]+/$"))
    shot(staff, "raised")
    staff.locator("main a.btn-primary").click()
    expect(staff.locator("[name=indicators]:checked")).to_have_count(2)  # those beyond the limit
    shot(staff, "open")
    fits(staff)
    press(staff, "main form .btn-primary")

    one, two, three = disputed.people(moderation.entry)
    phone = pages(user=one, width=390)
    phone.goto(reverse("desk"))
    phone.get_by_role("link", name=TITLE).first.click()
    expect(phone.locator(".note-title").first).to_contain_text("ارزیاب ۱")
    shot(phone, "panel-phone")
    fits(phone)
    point = moderation.reasons.filter(kind="indicator").first().indicator
    section = phone.locator(f"#p-{point.pk}")
    section.locator(".point-form > summary").click()
    section.locator(f"[name=p{point.pk}-value][value='3']").check()
    press(phone, f"#p-{point.pk} .point-form button")  # without a reason
    expect(phone.locator(f"#p-{point.pk} .field-error").first).to_be_visible()
    assert phone.locator(f"[name=p{point.pk}-value][value='3']").is_checked()
    phone.locator(f"[name=p{point.pk}-why]").fill("با خواندن توضیح دیگران می‌پذیرم که سخت گرفته‌ام.")
    shot(phone, "panel-phone-refused")
    press(phone, f"#p-{point.pk} .point-form button")
    assert Proposal.objects.get().value == 3
    phone.locator("[name=text]").fill("تصویرهای فصل سه را دوباره ببینید.")
    phone.locator("[name=about]").select_option(str(point.pk))
    press(phone, "#discussion button")
    expect(phone.locator(".said-own")).to_contain_text("شما")

    desk = pages(user=two)
    desk.goto(moderation.get_absolute_url())
    expect(desk.locator(".said")).to_contain_text("ارزیاب ۱")
    desk.locator("[name=text]").fill("موافقم؛ مقدار میانه مناسب است.")
    press(desk, "#discussion button")
    shot(desk, "panel-desk")
    fits(desk)
    source = desk.content()
    for person in (one, three, officer):
        assert person.last_name not in source and person.username not in source

    staff.goto(moderation.get_absolute_url())
    for indicator in moderation.points.values_list("indicator", flat=True):
        form = staff.locator(f"#p-{indicator}")
        form.locator(".point-form > summary").click()
        form.locator(f"[name=p{indicator}-value][value='3']").check()
        form.locator(f"[name=p{indicator}-comment]").fill("هیئت پس از دیدن دوبارهٔ فصل سه بر این مقدار توافق کرد.")
        press(staff, f"#p-{indicator} .point-form button")
    shot(staff, "moderated")
    fits(staff)
    staff.locator("#settle [value=agreed]").check()
    staff.locator("#settle [name=why]").fill("هیئت در هر دو شاخص به توافق رسید.")
    press(staff, "#settle button")
    runs.score_round(moderation.entry.round_id)
    made = ModeratedScore.objects.get()
    staff.goto(reverse("entry_scores", args=[moderation.entry_id]))
    expect(staff.get_by_text("آنچه هیئت پس از آن بر آن توافق کرد")).to_be_visible()
    shot(staff, "why")
    fits(staff)
    assert made.value != made.mean
    dark = pages(user=three, theme="dark")
    dark.goto(moderation.get_absolute_url())
    expect(dark.get_by_text("گفت‌وگو پایان یافته است")).to_be_visible()
    shot(dark, "panel-dark")
    fits(dark)


def test_one_click_asks_one_more_assessor_who_judges_in_moderation(pages):
    officer, moderation = factories.officer(), dispute()
    factories.assessor(first_name="مریم", last_name="کاوه")
    Round.objects.update(status="moderation")
    staff = pages(user=officer, width=390)
    staff.goto(reverse("round_moderation", args=[moderation.entry.round_id]))
    shot(staff, "list-phone")
    fits(staff)
    staff.goto(moderation.get_absolute_url())
    shot(staff, "raised-phone")
    fits(staff)
    press(staff, "form[action$='/summon/'] .btn-primary")
    expect(staff.get_by_text("یک ارزیاب دیگر داوری می‌کند").first).to_be_visible()

    person = Moderation.objects.get(pk=moderation.pk).summoned.get().assessor
    further = pages(user=person.user)
    further.goto(reverse("my_assessments"))
    further.locator("main a.btn-primary").first.click()
    further.locator("[name=declaration][value=none]").check()
    press(further, "button[name=decision][value=accept]")
    further.wait_for_url(re.compile("/assessments/[0-9]+/$"))
    assert COMMENT not in further.content()  # blind of the others
    for question in further.locator("[data-q]").all():
        question.locator(".levels label").nth(2).click()
    further.locator("[name=strengths]").fill("روشن و سنجیده")
    expect(further.locator("[data-autosave-status]").first).to_contain_text("ذخیره شد")
    press(further, "button[name=then][value=review]")
    press(further, "main form .btn-primary")
    further.wait_for_url(re.compile("/read/$"))
    assert Moderation.objects.get(pk=moderation.pk).summoned.get().status == "submitted"

    runs.score_round(moderation.entry.round_id)
    dark = pages(user=officer, theme="dark")
    dark.goto(moderation.get_absolute_url())
    expect(dark.locator("#settle [value=third]")).to_have_count(1)
    shot(dark, "third-dark")
    fits(dark)
    dark.locator("#settle [value=third]").check()
    dark.locator("#settle [name=why]").fill("داوری تازه نزدیک میانگین است.")
    press(dark, "#settle button")
    dark.goto(reverse("round_moderation", args=[moderation.entry.round_id]) + "?limits=1")
    shot(dark, "limits-dark")
    fits(dark)
    assert Moderation.objects.get(pk=moderation.pk).outcome == "third"


def test_without_scripts_everything_works(pages):
    moderation, officer = disputed.discussion()
    one = disputed.people(moderation.entry)[0]
    page = pages(user=one, scripts=False)
    page.goto(moderation.get_absolute_url())
    page.locator("[name=text]").fill("بدون اسکریپت")
    page.locator("#discussion button").click()
    expect(page.locator(".said")).to_contain_text("بدون اسکریپت")
    discussions.say(moderation.pk, "پاسخ", by=officer)
    page.reload()
    expect(page.locator(".said-secretariat")).to_contain_text("دبیرخانه")
