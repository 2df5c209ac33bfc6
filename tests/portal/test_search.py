"""The search folds Persian, finds across the house, and never shows what the searcher may not see."""

import pytest
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db


def search(client, words, user=None):
    if user:
        client.force_login(user)
    page = client.get(reverse("search"), {"q": words})
    assert page.status_code == 200
    return page.content.decode()


@pytest.mark.parametrize("words", ["كتابخانه ها", "کتابخانهها", "کتابخانه‌ها", "کِتابخانه‌ها"])
def test_half_spaces_and_arabic_letters_make_no_difference(client, words):
    factories.agency(name_fa="نهاد کتابخانه‌های عمومی")
    assert "نهاد کتابخانه‌های عمومی" in search(client, words)


def test_a_draft_is_found_by_its_agency_and_officers_only(client):
    product = factories.product(title_fa="راز سربه‌مهر")
    assert "راز سربه‌مهر</a>" not in search(client, "سربه‌مهر")
    assert "راز سربه‌مهر</a>" not in search(client, "سربه‌مهر", factories.representative())
    assert "راز سربه‌مهر</a>" in search(client, "سربه‌مهر", factories.representative(product.agency))
    assert "راز سربه‌مهر</a>" in search(client, "سربه‌مهر", factories.officer())


def test_an_assessor_finds_neither_products_nor_people(client):
    assignment = factories.assignment()
    product = factories.product(title_fa="راز سربه‌مهر", agency_=assignment.entry.subject.agency)
    factories.user(last_name="سربه‌مهر")
    page = search(client, "سربه‌مهر", assignment.assessor.user)
    assert product.get_absolute_url() not in page
    assert "چیزی پیدا نشد" in page


def test_draft_indicators_are_not_found(client):
    from assessments.models import Indicator, IndicatorSet, SetVersion

    version = SetVersion.objects.create(
        set=IndicatorSet.objects.create(code="s", title_fa="x", title_en="x", layer="kind"), number=1
    )
    Indicator.objects.create(version=version, code="Z", title_fa="شاخص پنهانی", weight=100)
    assert "شاخص پنهانی" not in search(client, "پنهانی")


@pytest.mark.parametrize("words", ["", "ا", "%", "_", "'; drop table x; --", "\x00", "<script>", "آ" * 5000])
def test_hostile_words_do_no_harm(client, words):
    page = client.get(reverse("search"), {"q": words})
    assert page.status_code == 200
    assert b"<script>alert" not in page.content
