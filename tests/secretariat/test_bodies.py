"""The public pages of councils: the tree of them, and who sits in one."""

from datetime import timedelta
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from secretariat.rules.voting import VotingRule
from tests import council as make
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def page(client, council):
    return client.get(reverse("council_detail", args=[council.pk]))


def test_anybody_sees_which_councils_there_are_and_under_which(client):
    policy = make.council(name_en="Policy council")
    commission = make.council(name_en="Commission of books", parent=policy, kind="commission")
    make.council(name_en="Ended committee", is_active=False)
    make.seat(commission)
    make.seat(commission, ends_on=timezone.localdate() - timedelta(days=1))
    text = client.get(reverse("council_list")).text
    assert text.index("Policy council") < text.index("Commission of books") and "1 seat" in text and "no seats yet" in text
    assert "Ended committee" not in text and reverse("council_detail", args=[commission.pk]) in text


def test_a_council_says_who_sits_in_it_the_chair_first_and_who_did(client):
    council = make.council(mandate_en="It decides on marks.")
    today = timezone.localdate()
    for name, role in (("Zahra", "observer"), ("Amir", "member"), ("Yalda", "chair"), ("Babak", "secretary")):
        make.seat(council, factories.user(name_en=name), role=role)
    make.seat(council, factories.user(name_en="Former"), ends_on=today - timedelta(days=3))
    make.seat(council, factories.user(name_en="Coming"), starts_on=today + timedelta(days=3))
    text = page(client, council).text
    places = [text.index(name) for name in ("Yalda", "Babak", "Amir", "Zahra", "Earlier seats", "Former")]
    assert places == sorted(places) and "Coming" not in text and "It decides on marks." in text


def test_a_council_says_by_which_rules_it_votes(client):
    council = make.council()
    make.follow(council, VotingRule(of="all", share=Fraction(2, 3), strict=False, secret=True), "mark_gold")
    text = page(client, council).text
    places = [text.index(words) for words in ("at least two thirds of all seats", "The vote is secret", "more than half of the votes")]
    assert places == sorted(places) and text.count("The vote is secret") == 1


def test_only_grants_of_marks_are_public_and_lead_to_the_register(client):
    adopted, other = make.granted_mark(), make.granted_mark()
    make.resolution(adopted.resolution.council, title="Not decided")
    text = page(client, adopted.resolution.council).text
    assert adopted.resolution.title in text and "Not decided" not in text
    register = f"{reverse('mark_list')}?resolution={adopted.resolution_id}"
    assert register in text
    found = client.get(register).text
    assert adopted.product.title in found and other.product.title not in found


def test_the_head_finds_what_sets_councils_up(client):
    council = make.council()
    assert reverse("council_import") not in client.get(reverse("council_list")).text
    client.force_login(factories.granted("secretary"))
    assert reverse("council_import") in client.get(reverse("council_list")).text
    assert reverse("admin:secretariat_council_change", args=[council.pk]) in page(client, council).text


def test_the_pages_cost_the_same_for_many(client):
    def cost(address):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    council = make.council()
    make.seat(council)
    addresses = [reverse("council_list"), reverse("council_detail", args=[council.pk])]
    few = [cost(address) for address in addresses]
    for _one in range(30):
        make.seat(council)
        make.seat(make.council(parent=council))
    assert [cost(address) for address in addresses] == few
