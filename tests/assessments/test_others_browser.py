"""The others' assessments, and a file as those get it who judge blind, in a real browser: read, kept back, no longer there."""

import os

import pytest
from django.urls import reverse
from django.utils import timezone

from assessments.models import Assignment, Entry
from assessments.services import runs
from products.models import Product
from products.services import nameless, submission
from tests import factories, named_files, specimens
from tests.axe import faults_of
from tests.products.test_product_service import COMPLETE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SHOTS")


def look(page, address, name):
    page.goto(address)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    assert faults_of(page) == [], address


@pytest.fixture
def handed_in():
    """A product of two files, one of which names its maker on its page: (product, representative)."""
    agency = factories.agency(name_fa="انتشارات زرگنده", name_en="Zargandeh Press")
    person = factories.representative(agency)
    draft = submission.start(agency, factories.product_kind(), by=person)
    pages = named_files.text_pdf("چاپ نخست، انتشارات زرگنده، تهران")
    submission.attach(draft.pk, specimens.upload(pages, "شناسنامهٔ زرگنده.pdf"), by=person)
    submission.attach(draft.pk, specimens.upload(named_files.docx("Zargandeh"), "متن.docx"), by=person)
    answers = {**COMPLETE["answers"], "title_fa": "کتاب باران", "summary": "کتابی از انتشارات زرگنده دربارهٔ باران"}
    saved = submission.save_draft(draft.pk, {**COMPLETE, "answers": answers}, by=person, version=draft.version)
    submission.submit(draft.pk, by=person, version=saved.version)
    nameless.make_waiting()
    return draft, person


def judged(product, **policy):
    """An assessor who has submitted beside two others."""
    Product.objects.filter(pk=product.pk).update(status="accepted")
    product.refresh_from_db()
    round_ = factories.round_("open", title_fa="دور پاییز", see_submitter="never", **policy)
    entry = factories.entry(round_, product.subject)
    for n in range(2):
        factories.submitted_assessment(
            entry, 2 + n, comment="زبان کتاب برای این سن روان است، اما تصویرها با متن هم‌خوان نیستند.",
            strengths="نثر پاکیزه و موضوعی که کمتر به آن پرداخته‌اند.", improvements="تصویرها و صفحه‌آرایی.",
        )  # fmt: skip
    mine = factories.submitted_assessment(entry, 4, factories.assessor(first_name="مینا", last_name="خواننده"), comment="روان و شیرین.")
    Entry.objects.filter(pk=entry.pk).update(inputs_version=1, inputs_changed_at=timezone.now())
    runs.score_round(round_.pk)
    return Assignment.objects.select_related("assessor__user").get(pk=mine.assignment_id)


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 390), ("en", "dark", 1280)])
def test_the_others_are_read_side_by_side(pages, handed_in, language, theme, width):
    product, _person = handed_in
    mine = judged(product, see_ratings="after_own", see_aggregates="after_own")
    page = pages(user=mine.assessor.user, language=language, theme=theme, width=width)
    page.goto(reverse("assessment_detail", args=[mine.pk]))
    page.locator(f"a[href='{reverse('assessment_others', args=[mine.pk])}']").click()
    page.wait_for_url("**" + reverse("assessment_others", args=[mine.pk]))
    look(page, page.url, f"others-{language}-{theme}-{width}")
    assert page.locator(".beside").count() == 4 and page.locator(".beside-said > div").count() == 12
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "زرگنده" not in page.content() and "Zargandeh" not in page.content()


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 1280)])
def test_an_officer_looks_as_assessors_do_and_keeps_a_file_back(pages, handed_in, theme, width):
    product, _person = handed_in
    officer = factories.officer()
    page = pages(user=officer, theme=theme, width=width)
    look(page, reverse("screening_form", args=[product.pk]), f"screening-{theme}-{width}")
    blind = page.locator("#blind")
    assert blind.locator(".note-warning").is_visible() and "زرگنده" in blind.inner_text()
    file = product.files.first()
    look(page, reverse("product_file_sight", args=[file.pk]), f"sight-{theme}-{width}")
    page.fill("[name=why]", "در صفحهٔ نخست نام ناشر آمده است؛ لطفاً نسخه‌ای بی‌نام بفرستید.")
    page.click("form .btn-primary")
    page.locator(".screen-rows").last.wait_for()
    look(page, page.url, f"kept-back-{theme}-{width}")
    Product.objects.filter(pk=product.pk).update(status="accepted")
    product.refresh_from_db()
    work = factories.assignment(factories.entry(factories.round_("open", see_submitter="never"), product.subject))
    reader = pages(user=work.assessor.user, theme=theme, width=width)
    reader.goto(reverse("assessment_form", args=[work.pk]))
    assert reader.locator(f"a[href^='{reverse('product_file', args=[file.pk])}']").count() == 0
    assert reader.locator("[data-evidence] a[href*='/products/files/']").count() == 1
