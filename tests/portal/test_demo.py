"""The large demonstration is consistent, and the lists cost the same for three of its products and for sixty."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import Assignment, Round
from assessments.selectors.rounds import candidates
from assessments.services import rounds, runs
from products.models import Product
from products.services.round_entries import add_products
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


def test_sixty_products_cost_no_more_queries_than_three(ground, client):
    client.force_login(factories.officer())
    call_command("demo", products=3, assessors=10, seed=1)
    few = [queries_of(client, url) for url in lists()]
    call_command("demo", products=60, assessors=20, seed=2)
    many = [queries_of(client, url) for url in lists()]
    assert many == few
    assert max(many) <= 12

    assert Product.objects.filter(is_demo=True).count() == 63
    assert Assignment.objects.filter(status="submitted").count() == 5 * 63
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


def test_products_can_wait_for_a_round_that_is_judged_later(ground):
    call_command("demo", products=12, assessors=10, panel=3, seed=3, waiting=True)
    assert Product.objects.filter(is_demo=True, status="accepted").count() == 12 and not Assignment.objects.exists()
    officer = factories.officer()
    round_ = factories.round_("draft")
    entries, _left_out = add_products(round_.pk, list(Product.objects.filter(is_demo=True).values_list("pk", flat=True)), by=officer)
    for n, entry in enumerate(entries):
        chosen = [one for one in candidates(entry) if not one.refusal][n % 3 : n % 3 + 3]
        rounds.assign_many(round_.pk, [(entry.pk, one.assessor.pk) for one in chosen], by=officer)
    rounds.move_round(round_.pk, "open", by=officer)
    with pytest.raises(CommandError, match="no open round"):
        call_command("demo", judge=latest_round().pk + 1)
    call_command("demo", judge=round_.pk)
    assert Assignment.objects.filter(status="submitted").count() == 36
    runs.score_round(round_.pk)
    assert list(runs.differences()) == [] and not round_.entries.filter(result=None).exists()
