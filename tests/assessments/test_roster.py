"""The pages of the roster of assessors."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import Affiliation, Assessor, ConflictOfInterest
from tests import factories
from tests.assessments import round_pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def officer(client):
    user = factories.officer()
    client.force_login(user)
    return user


def ties(*rows, initial=0):
    """The formset of affiliations as a browser sends it."""
    sent = {"ties-TOTAL_FORMS": len(rows), "ties-INITIAL_FORMS": initial}
    for place, row in enumerate(rows):
        sent.update({f"ties-{place}-{name}": value for name, value in row.items()})
    return sent


def addresses():
    assessor = factories.assessor()
    return [reverse("assessor_list"), reverse("assessor_new")] + [
        reverse(name, args=[assessor.pk]) for name in ("assessor_detail", "assessor_edit", "assessor_conflict")
    ]


def test_officers_find_every_page_and_others_none(client, officer):
    urls = addresses()
    assert [client.get(url).status_code for url in urls] == [200] * 5
    for stranger in (factories.user(), factories.assessor().user, factories.representative()):
        client.force_login(stranger)
        assert [client.get(url).status_code for url in urls] == [404] * 5
        assert {client.post(url, {}).status_code for url in urls} == {404}
    client.logout()
    assert all("next=" in client.get(url).url for url in urls)


def test_assessor_list_filters_and_searches(client, officer):
    version = factories.published_set()
    fit = factories.assessor(first_name="مریم", last_name="کاظمی")
    fit.expertise.add(version.set)
    other = factories.assessor()
    Assessor.objects.filter(pk=other.pk).update(is_active=False)

    def shown(**query):
        return {row["pk"] for row in client.get(reverse("assessor_list"), query).context["list"].rows}

    assert shown() == {fit.pk, other.pk}
    assert shown(expertise=version.set_id) == {fit.pk}
    assert shown(active="no") == {other.pk}
    assert shown(q="كاظمي") == {fit.pk}


def test_assessor_list_costs_the_same_for_3_and_30(client, officer):
    def count(url):
        client.get(url)
        with CaptureQueriesContext(connection) as caught:
            client.get(url)
        return len(caught)

    for _ in range(3):
        factories.assignment()
    few = count(reverse("assessor_list"))
    for _ in range(27):
        factories.assignment()
    assert count(reverse("assessor_list") + "?size=50") == few <= 10


def test_assessor_new(client, officer):
    person, agency, version = factories.user(), factories.agency(), factories.published_set()
    typed = {"user": person.pk, "field_fa": "ادبیات", "capacity": "۸", "is_active": "on", "expertise": [version.set_id]}
    tie = {"agency": agency.pk, "since": "۱۴۰۰/۰۱/۰۱", "until": "", "note": "عضو هیئت"}
    response = client.post(reverse("assessor_new"), {**typed, **ties(tie, {"agency": ""})})
    made = Assessor.objects.get()
    assert response.url == f"/assessors/{made.pk}/"
    assert (made.user, made.capacity, made.field_fa, list(made.expertise.all())) == (person, 8, "ادبیات", [version.set])
    affiliation = made.affiliations.get()
    assert (affiliation.agency, affiliation.since.strftime("%Y/%m/%d"), affiliation.until) == (agency, "1400/01/01", None)


def test_assessor_new_explains_and_keeps(client, officer):
    agency = factories.agency()
    wrong = {"agency": agency.pk, "since": "1402/01/01", "until": "1401/01/01", "note": "نگه دار"}
    response = client.post(reverse("assessor_new"), {"capacity": "x", "field_fa": "شعر", **ties(wrong, {"since": "1400/13/01"})})
    page = response.content.decode()
    assert response.status_code == 422 and not Assessor.objects.exists()
    for words in ("شعر", "نگه دار", "1401/01/01", "before the beginning", "no month 13", "not a number"):
        assert words in page, words


def test_assessor_edit_changes_ties_and_refuses_a_stale_form(client, officer):
    assessor, gone, come = factories.assessor(), factories.agency(), factories.agency()
    tie = Affiliation.objects.create(assessor=assessor, agency=gone)
    url = reverse("assessor_edit", args=[assessor.pk])
    rows = ties({"id": tie.pk, "agency": gone.pk, "DELETE": "on"}, {"agency": come.pk}, initial=1)
    typed = {"field_en": "Poetry", "capacity": "5", "is_active": "on", "version": "1", **rows}
    assert client.post(url, typed).status_code == 302
    assert [row.agency for row in assessor.affiliations.all()] == [come]
    response = client.post(url, {**typed, "field_en": "Prose"})
    page = response.content.decode()
    assert response.status_code == 422 and "Poetry" in page and 'value="Prose"' in page
    assessor.refresh_from_db()
    assert assessor.field_en == "Poetry"


def test_an_affiliation_of_another_assessor_is_not_reached(client, officer):
    assessor, strange = factories.assessor(), factories.assessor()
    theirs = Affiliation.objects.create(assessor=strange, agency=factories.agency())
    rows = ties({"id": theirs.pk, "agency": theirs.agency_id, "note": "moved"}, initial=0)
    client.post(reverse("assessor_edit", args=[assessor.pk]), {"capacity": "5", "version": "1", **rows})
    theirs.refresh_from_db()
    assert (theirs.assessor, theirs.note) == (strange, "")
    assert assessor.affiliations.get().agency == theirs.agency


def test_assessor_conflict_ends_what_is_under_way(client, officer):
    row = factories.assignment()
    url = reverse("assessor_conflict", args=[row.assessor_id])
    response = client.post(url, {"subject": row.entry.subject_id, "reason": ""})
    assert response.status_code == 422
    assert client.post(url, {"subject": row.entry.subject_id, "reason": "Kin"}).status_code == 302
    assert ConflictOfInterest.objects.get().source == "staff"
    row.refresh_from_db()
    assert row.status == "withdrawn"
    assert "Kin" in client.get(reverse("assessor_detail", args=[row.assessor_id])).content.decode()


def test_assessor_detail_shows_work_and_ties(client, officer):
    assessor = factories.assessor()
    entry = round_pages.entries(1)[0]
    factories.assignment(entry, assessor)
    Affiliation.objects.create(assessor=assessor, agency=factories.agency(name_en="Radio"), since="1400-02-03")
    page = client.get(reverse("assessor_detail", args=[assessor.pk])).content.decode()
    assert entry.subject.title_en in page and "Radio" in page and "1 of 15" in page
