"""The public face: true numbers, both languages, nothing that is not public."""

import pytest
from django.urls import reverse

from secretariat import calendar
from tests import council as make
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["home", "about", "search", "robots", "sitemap"])
def test_it_opens_for_everybody(client, name):
    assert client.get(reverse(name)).status_code == 200


def test_the_numbers_are_counted(client):
    factories.published_set(dimensions=2, indicators=2)
    factories.agency(is_member=False)
    page = client.get(reverse("home")).content.decode()
    assert "<dd>۴</dd>" in page  # published indicators


def test_serials_stand_in_the_digits_of_the_reader(client):
    serial = make.granted_mark().serial
    assert f">{calendar.digits(serial)}<" in client.get(reverse("home")).content.decode()
    client.cookies["language"] = "en"
    assert f">{serial}<" in client.get(reverse("home")).content.decode()


def test_a_visitor_gets_a_304_until_something_changes(client):
    first = client.get(reverse("home"))
    again = client.get(reverse("home"), HTTP_IF_NONE_MATCH=first["ETag"])
    assert again.status_code == 304
    factories.published_set()
    assert client.get(reverse("home"), HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 200


def test_english_readers_read_english(client):
    client.cookies["language"] = "en"
    page = client.get(reverse("home")).content.decode()
    assert '<html lang="en" dir="ltr"' in page
    assert "A short history" in page
    assert "Khordad 1388" in page


def test_the_sitemap_names_only_public_pages(client):
    product = factories.product(status="accepted")
    page = client.get(reverse("sitemap")).content.decode()
    assert reverse("about") in page
    assert product.get_absolute_url() not in page


def test_the_sitemap_names_published_rounds_only(client):
    done, shown, running = factories.round_("published"), factories.round_("published", is_demo=True), factories.round_("open")
    page = client.get(reverse("sitemap")).content.decode()
    there = [reverse("round_public", args=[round_.pk]) in page for round_ in (done, shown, running)]
    assert there == [True, False, False]
