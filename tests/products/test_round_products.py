"""Accepted products on their way into a round: by what they are judged, who may add them, and that each enters once."""

import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import Entry, SetVersion
from products.models import Product
from products.selectors.judging import compositions, set_versions_for
from products.services.round_entries import add_products
from secretariat.errors import RuleBroken
from tests import factories
from tests.together import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def common():
    return factories.published_set(layer="common", code="common")


@pytest.fixture
def overlay():
    return factories.published_set(layer="overlay", code="child_overlay")


@pytest.fixture
def officer(client):
    person = factories.officer()
    client.force_login(person)
    return person


@pytest.fixture
def round_():
    return factories.round_()


def address(round_):
    return reverse("round_add_products", args=[round_.pk])


def preview(client, round_, *products, **fields):
    said = {"bulk_action": "preview", "row": [product.pk for product in products], **fields}
    return client.post(address(round_), said)


def add(client, round_, *products, key=None):
    chosen = ",".join(str(product.pk) for product in products)
    return client.post(address(round_), {"step": "add", "products": chosen, "once_key": key or str(uuid.uuid4())})


# --- by what a product is judged -----------------------------------------------------------------


def test_a_product_is_judged_by_its_kind_and_the_common_set(common):
    product = factories.product("accepted")
    own = SetVersion.objects.get(set=product.kind.indicator_set)
    assert set_versions_for(product) == [(common, Decimal(30)), (own, Decimal(70))]


def test_a_product_for_children_has_the_overlay_too(common, overlay):
    product = factories.product("accepted", audience="children")
    own = SetVersion.objects.get(set=product.kind.indicator_set)
    assert set_versions_for(product) == [(common, Decimal(25)), (own, Decimal(55)), (overlay, Decimal(20))]


def test_only_published_versions_judge(common):
    product = factories.product("accepted")
    own = SetVersion.objects.get(set=product.kind.indicator_set)
    SetVersion.objects.create(set=own.set, number=2)
    assert own in [version for version, _weight in set_versions_for(product)]
    SetVersion.objects.filter(pk=own.pk).update(status="retired")
    with pytest.raises(RuleBroken) as broken:
        set_versions_for(product)
    assert own.set.title_en in str(broken.value) and product.kind.title_en in str(broken.value)


def test_what_is_lacking_is_said_all_at_once():
    product = factories.product("accepted", audience="children")
    SetVersion.objects.filter(set=product.kind.indicator_set).update(status="retired")
    assert len(compositions([product])[product.pk].problems) == 3


def test_many_products_are_composed_with_the_same_queries_as_one(common, overlay):
    products = [factories.product("accepted", audience=audience) for audience in ("general", "children", "experts") * 4]
    with CaptureQueriesContext(connection) as one:
        compositions(products[:1])
    with CaptureQueriesContext(connection) as many:
        composed = compositions(products)
    assert len(one) == len(many)
    assert all(sum(weight for _version, weight in found.parts) == 100 for found in composed.values())


# --- the page ------------------------------------------------------------------------------------


def test_only_officers_find_the_page(client, common, round_):
    product = factories.product("accepted")
    assert reverse("sign_in") in client.get(address(round_)).url
    for person in (factories.representative(product.agency), factories.assessor().user, factories.user()):
        client.force_login(person)
        assert client.get(address(round_)).status_code == 404
        assert add(client, round_, product).status_code == 404
    assert not Entry.objects.exists()
    with pytest.raises(RuleBroken):
        add_products(round_.pk, [product.pk], by=factories.representative(product.agency))


def test_the_list_has_accepted_products_that_are_not_in_the_round(client, officer, common, round_):
    free, inside, elsewhere = (factories.product("accepted") for _n in range(3))
    factories.product("submitted")
    factories.entry(round_, inside.subject)
    factories.entry(factories.round_("open"), elsewhere.subject)
    shown = {row.pk: row for row in client.get(address(round_)).context["list"].page.rows}
    assert set(shown) == {free.pk, elsewhere.pk} and shown[elsewhere.pk].other_rounds == 1
    fresh = client.get(address(round_), {"fresh": "on"}).context["list"].page.rows
    assert [row.pk for row in fresh] == [free.pk]
    assert [row.pk for row in client.get(address(round_), {"kind": free.kind_id}).context["list"].page.rows] == [free.pk]


def test_the_list_asks_the_same_queries_for_three_and_for_thirty(client, officer, round_):
    kind = factories.product_kind()

    def asked(to):
        for _n in range(to - Product.objects.count()):
            factories.product("accepted", kind=kind)
        client.get(address(round_))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address(round_), {"size": 100}).status_code == 200
        return len(queries)

    assert asked(3) == asked(30)


def test_the_preview_adds_nothing_and_shows_each_composition(client, officer, common, overlay, round_):
    kind = factories.product_kind()
    grown, young = factories.product("accepted", kind=kind), factories.product("accepted", kind=kind, audience="children")
    answer = preview(client, round_, grown, young)
    groups = {tuple(weight for _version, weight in parts): members for parts, members in answer.context["groups"]}
    assert groups == {(30, 70): [grown], (25, 55, 20): [young]}
    assert "70%" in answer.content.decode() and "55%" in answer.content.decode()
    assert not Entry.objects.exists()


def test_the_preview_reaches_across_pages_and_follows_the_filter(client, officer, common, round_):
    kind = factories.product_kind()
    for _n in range(27):
        factories.product("accepted", kind=kind)
    factories.product("accepted")
    answer = client.post(f"{address(round_)}?kind={kind.pk}", {"bulk_action": "preview", "bulk_all": "1"})
    assert len(answer.context["addable"]) == 27


def test_a_kind_without_a_published_set_is_explained_and_left_out(client, officer, common, round_):
    good, bad = factories.product("accepted"), factories.product("accepted", title_en="The one without a set")
    SetVersion.objects.filter(set=bad.kind.indicator_set).update(status="retired")
    answer = preview(client, round_, good, bad)
    page = answer.content.decode()
    assert answer.context["addable"] == [good.pk]
    assert bad.kind.indicator_set.title_en in page and "has no published version" in page and "The one without a set" in page
    answer = add(client, round_, good, bad)
    assert answer.status_code == 302
    assert [entry.subject_id for entry in Entry.objects.all()] == [good.subject_id]


def test_adding_enters_each_with_its_sheet_once(client, officer, common, overlay, round_):
    kind = factories.product_kind()
    products = [factories.product("accepted", kind=kind) for _n in range(2)]
    products.append(factories.product("accepted", kind=kind, audience="children"))
    key = str(uuid.uuid4())
    first, second = add(client, round_, *products, key=key), add(client, round_, *products, key=key)
    assert first.status_code == second.status_code == 302 and first.url == second.url == round_.get_absolute_url()
    assert {entry.subject_id for entry in Entry.objects.all()} == {product.subject_id for product in products}
    assert round_.sheets.count() == 2
    weights = {tuple(sheet.parts.values_list("weight", flat=True)) for sheet in round_.sheets.all()}
    assert weights == {(30, 70), (25, 55, 20)}


def test_what_was_entered_or_withdrawn_meanwhile_is_left_out_and_told(client, officer, common, round_):
    good, inside, gone = (factories.product("accepted") for _n in range(3))
    add_products(round_.pk, [inside.pk], by=officer)
    Product.objects.filter(pk=gone.pk).update(status="withdrawn")
    entries, left_out = add_products(round_.pk, [good.pk, inside.pk, gone.pk], by=officer)
    assert [entry.subject_id for entry in entries] == [good.subject_id]
    assert [product.pk for product, _why in left_out] == [inside.pk, gone.pk]
    answer = client.post(address(round_), {"step": "add", "products": str(gone.pk)}, follow=True)
    assert "was not added" in answer.content.decode()
    assert Entry.objects.count() == 2


@pytest.mark.parametrize("status", ["moderation", "published", "cancelled"])
def test_nothing_is_added_to_a_round_that_is_over(client, officer, common, status):
    over, product = factories.round_(status), factories.product("accepted")
    assert client.get(address(over)).url == over.get_absolute_url()
    assert add(client, over, product).url == over.get_absolute_url()
    with pytest.raises(RuleBroken):
        add_products(over.pk, [product.pk], by=officer)
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"bulk_action": "preview"},
        {"bulk_action": "eat", "row": ["1"]},
        {"bulk_action": "preview", "row": ["99999999"]},
        {"step": "add"},
        {"step": "add", "products": "x,²," + "9" * 40},
    ],
)
def test_bad_input_is_explained(client, officer, round_, said):
    factories.product("accepted")
    answer = client.post(address(round_), said)
    assert answer.status_code == 422 and answer.context["refusal"]
    assert not Entry.objects.exists()


def test_a_thousand_is_the_most_at_once(officer, round_):
    with pytest.raises(RuleBroken):
        add_products(round_.pk, list(range(1, 1002)), by=officer)


@pytest.mark.django_db(transaction=True)
def test_two_officers_at_once_enter_each_product_once():
    factories.published_set(layer="common", code="common")
    round_, kind = factories.round_(), factories.product_kind()
    products = [factories.product("accepted", kind=kind).pk for _n in range(4)]
    officers = [factories.officer() for _n in range(3)]
    outcomes = at_once(*(lambda by=by: add_products(round_.pk, products, by=by) for by in officers))
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)], outcomes
    assert sum(len(added) for added, *_rest in outcomes) == round_.entries.count() == len(products)
