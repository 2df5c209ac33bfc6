"""What an assessor says of himself, and what comes of it at once."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from assessments.models import Affiliation, Assessor, Availability, ExpertiseField, Relation
from assessments.services import conflicts
from secretariat.models import Notice, Province, Unit
from tests import factories
from tests.assessments.test_roster import lines

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

URL = "/my-assessments/profile/"


@pytest.fixture
def me(client):
    assessor = factories.assessor()
    client.force_login(assessor.user)
    return assessor


def test_only_assessors_have_a_profile(client, me):
    assert reverse("assessor_profile") == URL and client.get(URL).status_code == 200
    for stranger in (factories.user(), factories.officer()):
        client.force_login(stranger)
        assert client.get(URL).status_code == client.post(URL).status_code == 404
    client.logout()
    assert "next=" in client.get(URL).url


def test_what_he_says_is_kept_and_told(client, me):
    officer, agency, field = factories.officer(), factories.agency(), ExpertiseField.objects.create(name_fa="شعر", name_en="Poetry")
    province = Province.objects.create(iso="IR-99", name_fa="استان", name_en="Province")
    unit = Unit.objects.create(agency=agency, kind="county", name_fa="اداره", name_en="Office")
    typed = {
        "version": 1,
        "expertise_fields": [field.pk],
        "field_fa": "قصیده",
        "languages": ["fa", "ku"],
        "province": province.pk,
        "capacity": 99,  # not his to say
        "is_active": "",
        **lines("ties", {"agency": agency.pk, "kind": "contract", "unit": "اداره", "until": "۱۵۰۰/۰۱/۰۱"}),
        **lines("kin", {"name": "دکتر سارا يوسفي", "kind": "spouse"}, {"name": "", "kind": "kin"}),
        **lines("periods", {"since": "۱۴۰۰/۰۱/۰۱", "until": "۱۴۰۰/۰۲/۰۱", "capacity": "۰", "note": "سفر"}),
    }
    assert client.post(URL, typed).url == URL
    me.refresh_from_db()
    assert (me.field_fa, me.languages, me.province, me.capacity, me.is_active) == ("قصیده", ["fa", "ku"], province, 15, True)
    assert list(me.expertise_fields.all()) == [field]
    tie, kin, period = me.affiliations.get(), me.relations.get(), me.periods.get()
    assert (tie.agency, tie.unit, tie.kind, tie.by) == (agency, unit, "contract", me.user)
    assert (kin.name, kin.kind, kin.by) == ("دکتر سارا یوسفی", "spouse", me.user)
    assert (period.capacity, period.note) == (0, "سفر")
    assert "affiliations، relations، times of availability" in Notice.objects.get(user=officer, kind="assessor_changed").text_en
    page = client.get(URL).content.decode()
    assert "دکتر سارا یوسفی" in page and "1500/01/01" in page


def test_a_tie_he_tells_ends_his_assignment(client, me):
    row, elsewhere = factories.assignment(assessor_=me), factories.assignment(assessor_=me)
    conflicts.set_makers(elsewhere.entry.subject_id, [("سارا یوسفی", "", None)])
    said = {
        "version": 1,
        **lines("ties", {"agency": row.entry.subject.agency_id, "kind": "member"}),
        **lines("kin", {"name": "سارا یوسفی", "kind": "kin"}),
        **lines("periods"),
    }
    client.post(URL, said)
    row.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (row.status, elsewhere.status) == ("withdrawn", "withdrawn")


def test_what_others_recorded_stays(client, me):
    agency = factories.agency(name_en="Radio")
    theirs = Affiliation.objects.create(assessor=me, agency=agency, by=factories.officer())
    mine = Affiliation.objects.create(assessor=me, agency=factories.agency(), by=me.user)
    assert "Recorded by the secretariat" in client.get(URL).content.decode()
    rows = lines("ties", {"id": theirs.pk, "agency": agency.pk, "kind": "former", "DELETE": "on"}, initial=1)
    client.post(URL, {"version": 1, **rows, **lines("kin"), **lines("periods")})
    assert list(me.affiliations.values_list("pk", "kind")) == [(theirs.pk, "employee")]
    assert not Affiliation.objects.filter(pk=mine.pk).exists()


def test_nothing_typed_is_lost_when_something_is_wrong(client, me):
    agency = factories.agency()
    wrong = {
        "version": 1,
        "field_en": "Odes",
        **lines("ties", {"agency": agency.pk, "unit": "نیست"}, {"agency": "", "note": "بی‌دستگاه"}),
        **lines("kin", {"name": "سارا", "since": "1402/01/01", "until": "1401/01/01"}),
        **lines("periods", {"since": "1402/01/01", "capacity": "x"}, {"since": "", "capacity": "3"}),
    }
    response = client.post(URL, wrong)
    page = response.content.decode()
    assert response.status_code == 422 and not Relation.objects.exists()
    for words in ("Odes", "نیست", "بی‌دستگاه", "سارا", "no unit of this name", "Choose an agency", "before the beginning", "first day"):
        assert words in page, words
    overlapping = lines("periods", {"since": "1402/01/01", "capacity": "1"}, {"since": "1402/02/01", "capacity": "2"})
    response = client.post(URL, {"version": 1, **lines("ties"), **lines("kin"), **overlapping})
    assert response.status_code == 422 and "Two periods overlap" in response.content.decode()


def test_a_stale_page_shows_what_stands_and_writes_nothing(client, me):
    Assessor.objects.filter(pk=me.pk).update(field_en="Prose", version=2)
    response = client.post(URL, {"version": 1, "field_en": "Odes", **lines("ties"), **lines("kin"), **lines("periods")})
    page = response.content.decode()
    assert response.status_code == 422 and "Prose" in page and 'value="Odes"' in page
    me.refresh_from_db()
    assert me.field_en == "Prose"


def test_periods_may_trade_their_time(client, me):
    today = timezone.localdate()
    first = Availability.objects.create(assessor=me, since=today, until=today + timedelta(days=5), capacity=1)
    second = Availability.objects.create(assessor=me, since=today + timedelta(days=6), until=today + timedelta(days=9), capacity=2)

    def typed(row, other):
        return {"id": row.pk, "since": other.since.strftime("%Y/%m/%d"), "until": other.until.strftime("%Y/%m/%d"), "capacity": row.capacity}

    first.refresh_from_db()
    second.refresh_from_db()
    rows = lines("periods", typed(first, second), typed(second, first), initial=2)
    assert client.post(URL, {"version": 1, **lines("ties"), **lines("kin"), **rows}).status_code == 302
    assert list(me.periods.values_list("capacity", flat=True)) == [2, 1]
