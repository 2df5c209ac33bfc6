"""An agency asks for the renewal of a mark on a telephone, and an officer answers: the whole way in a real browser."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from products.models import RenewalRequest
from tests import council as make
from tests import factories
from tests.axe import faults_of
from tests.products.test_decision_evidence import handed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_from_the_button_to_the_answer(pages):
    product, _file, _version = handed_in()
    mark = make.granted_mark(product=make.scored_product(product=product))
    until = timezone.localdate() + timedelta(days=40)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE products_qualitymark SET valid_from = %s, valid_until = %s", [until - timedelta(days=730), until])
        cursor.execute("SET session_replication_role = DEFAULT")
    factories.published_set(layer="common")
    round_ = factories.round_(status="draft")
    page = pages(user=factories.representative(product.agency), width=390)
    page.goto(mark.get_absolute_url())
    assert faults_of(page) == []
    page.click(f'form[action="{reverse("renewal_start", args=[mark.pk])}"] button')
    page.wait_for_url("**/edit/")
    page.fill("textarea[name=changes]", "ویراست دوم")
    page.wait_for_selector('[data-autosave-status][data-state="saved"]')
    asked = RenewalRequest.objects.get()
    assert asked.changes == "ویراست دوم" and faults_of(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click("button[value=send]")
    page.wait_for_url(f"**{asked.get_absolute_url()}")
    assert faults_of(page) == []
    page = pages(user=factories.officer(), theme="dark")
    page.goto(reverse("desk"))
    page.click(f'a[href="{reverse("renewal_list")}?status=sent"]')
    page.click(f'a[href="{asked.get_absolute_url()}"]')
    page.click(f'a[href="{reverse("renewal_answer", args=[asked.pk])}"]')
    assert faults_of(page) == []
    page.select_option("select[name=round]", str(round_.pk))
    page.click("#accept ~ form button")
    page.wait_for_url(f"**{asked.get_absolute_url()}")
    assert faults_of(page) == [] and round_.entries.filter(subject=product.subject).exists()
