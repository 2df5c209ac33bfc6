"""The years in figures: each round in the year of its publication, nothing unpublished, no mean of a few."""

from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from django.db import connection
from django.urls import reverse

from assessments.models import Entry, ScoringRun
from portal.selectors.overview import overview
from secretariat import charts
from secretariat.models import Province
from tests import council, factories

pytestmark = pytest.mark.django_db


def published(year, scores, agency=None, **fields):
    """A round published in the summer of a Jalali year, with a product for each of `scores`."""
    at = datetime(year + 621, 8, 1, tzinfo=UTC)
    round_ = factories.round_("open", deadline=at - timedelta(days=30), **fields)
    sheet = factories.sheet(round_, factories.published_set())
    for score in scores:
        subject = factories.product(status="accepted", agency_=agency or factories.agency()).subject
        factories.score(Entry.objects.create(round=round_, subject=subject, sheet=sheet), score)
    ScoringRun.objects.filter(round=round_).update(summary={"reliability": {"relative": 0.8}})
    factories.published(round_)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO assessments_roundmove (round_id, action, source, target, at, why) VALUES (%s, 'publish', 'confirmed', 'published', %s, '')",
            [round_.pk, at],
        )
    return round_


def test_each_round_counts_in_the_year_of_its_publication():
    published(1403, [60, 70, 80, 90, 50])
    two = published(1404, [40, 50])
    factories.settled(factories.round_("moderation"), "confirmed")
    told = overview()
    assert [(line.year, len(line.rounds), line.products) for line in told.years] == [(1403, 1, 5), (1404, 1, 2)]
    assert told.rounds[0].round == two and told.years[0].reliability == pytest.approx(0.8)
    # The middle of two products is told to nobody.
    assert told.years[0].middle == median([60, 70, 80, 90, 50]) and told.years[1].middle is None


def test_taking_part_counts_what_was_asked_and_what_came():
    entry = factories.entry(factories.round_("open"))
    for _n in range(3):
        factories.submitted_assessment(entry)
    for status in ("declined", "accepted", "withdrawn"):
        factories.assignment(entry, status=status)
    factories.score(entry, 70)
    factories.published(entry.round)
    (line,) = overview().rounds
    assert (line.asked, line.submitted, line.declined, line.assessors, line.share) == (5, 3, 1, 3, 60)


def test_agencies_and_provinces_in_all_years_and_in_one():
    province = Province.objects.order_by("pk").first() or Province.objects.create(iso="IR-23", name_fa="تهران", name_en="Tehran")
    agency = factories.agency(province=province)
    published(1403, [60, 70, 80, 90, 50], agency)
    published(1404, [40], agency)
    told = overview()
    assert [(line.name, line.judged, line.middle) for line in told.agencies] == [(str(agency), 6, 65)]
    assert [(line.name, line.judged) for line in told.provinces] == [(str(province), 6)]
    assert [(line.judged, line.middle) for line in overview(1404).agencies] == [(1, None)]


def test_demonstration_counts_only_by_itself():
    published(1403, [60], is_demo=True)
    assert overview().is_demo and len(overview().rounds) == 1
    published(1404, [70])
    told = overview()
    assert not told.is_demo and [line.year for line in told.years] == [1404]


def test_overview(client, in_english, django_assert_max_num_queries):
    client.force_login(factories.officer())
    assert "No round is published yet." in client.get(reverse("overview")).content.decode()
    agency = factories.agency()
    for year in (1402, 1403, 1404):
        published(year, [60, 70, 80, 90, 50], agency)
    with django_assert_max_num_queries(18):
        page = client.get(reverse("overview")).content.decode()
    assert "1403" in page and "0.80" in page and agency.name_en in page
    assert page.count('class="overview-column"') == 9  # products, reliability and marks of three years; nobody was asked
    assert client.get(reverse("overview"), {"year": "۱۴۰۳"}).status_code == 200
    for odd in ("1300", "99999"):
        assert client.get(reverse("overview"), {"year": odd}).status_code == (404 if odd == "1300" else 200)


def test_who_reads_it(client):
    council_member = council.seat(council.council()).user
    for person, code in ((council_member, 200), (factories.representative(), 404), (factories.assessor().user, 404)):
        client.force_login(person)
        assert client.get(reverse("overview")).status_code == code
    client.logout()
    assert client.get(reverse("overview")).status_code == 302


def test_columns_grow_from_where_reading_begins():
    rows = [("1", 5, "5"), ("2", None, ""), ("3", 10, "10")]
    left, right = charts.columns(rows), charts.columns(rows, mirrored=True)
    assert [one["height"] for one in left["columns"]] == [49, None, 98]
    assert left["columns"][0]["middle"] < left["columns"][2]["middle"]
    assert right["columns"][0]["middle"] > right["columns"][2]["middle"]
    assert charts.columns([])["columns"] == [] and charts.columns([("1", 0, "0")])["columns"][0]["height"] == 0
