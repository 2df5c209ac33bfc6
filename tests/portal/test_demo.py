"""The large demonstration is consistent, and the lists cost the same for three of its products and for three hundred."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import Assignment, Round
from assessments.services import runs
from products.models import Product
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def ground():
    call_command("starter", without_demo=True)


def latest_round():
    return Round.objects.order_by("-pk").first()


def queries_of(client, url):
    client.get(url)  # the first visit of a session writes into it
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def lists():
    return [reverse("product_list"), reverse("assignment_list"), reverse("round_results", args=[latest_round().pk])]


def test_three_hundred_products_cost_no_more_queries_than_three(ground, client):
    client.force_login(factories.officer())
    call_command("demo", products=3, assessors=10, seed=1)
    few = [queries_of(client, url) for url in lists()]
    call_command("demo", products=300, assessors=20, seed=2)
    many = [queries_of(client, url) for url in lists()]
    assert many == few
    assert max(many) <= 12

    assert Product.objects.filter(is_demo=True).count() == 303
    assert Assignment.objects.filter(status="submitted").count() == 5 * 303
    assert list(runs.differences()) == []
    tied = Assignment.objects.filter(assessor__affiliations__agency=F("entry__subject__agency"))
    assert not tied.exists()


def test_a_seed_is_used_once_and_a_panel_needs_enough_people(ground):
    call_command("demo", products=1, assessors=10, seed=1)
    with pytest.raises(CommandError, match="take another"):
        call_command("demo", products=1, assessors=10, seed=1)
    with pytest.raises(CommandError, match="too few"):
        call_command("demo", products=1, assessors=4, seed=2)
    assert Product.objects.count() == 1
