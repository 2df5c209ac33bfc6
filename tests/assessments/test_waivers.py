"""The pages on which waivers are asked for, granted, refused and ended."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import Affiliation, ConflictOfInterest, ConflictWaiver
from assessments.services import rounds, waivers
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

WHY = "Nobody else reads this script"


@pytest.fixture
def officer(client):
    user = factories.officer(first_name="Nader", last_name="Rahimi")
    client.force_login(user)
    return user


def tied(entry=None, assessor=None):
    entry, assessor = entry or factories.entry(), assessor or factories.assessor()
    Affiliation.objects.create(assessor=assessor, agency=entry.subject.agency, kind="member")
    return entry, assessor


def asked():
    entry, assessor = tied()
    return waivers.ask(assessor.pk, entry.subject_id, WHY, by=factories.officer())


def test_waivers_are_for_officers(client, officer):
    waiver = asked()
    urls = [
        reverse("waiver_list"),
        reverse("waiver_detail", args=[waiver.pk]),
        reverse("waiver_new", args=[waiver.assessor_id]),
        reverse("waiver_move", args=[waiver.pk, "refuse"]),
    ]
    assert [client.get(url).status_code for url in urls] == [200] * 4
    assert client.get(reverse("waiver_move", args=[waiver.pk, "sell"])).status_code == 404
    for stranger in (waiver.assessor.user, factories.representative(), factories.user()):
        client.force_login(stranger)
        assert {client.get(url).status_code for url in urls} | {client.post(url).status_code for url in urls} == {404}
    client.logout()
    assert all("next=" in client.get(url).url for url in urls)


def test_waiver_new_lists_only_what_a_waiver_can_lift(client, officer):
    entry, assessor = tied()
    firm = factories.entry()
    tied(firm, assessor)
    ConflictOfInterest.objects.create(assessor=assessor, subject=firm.subject, source="declared", reason="x", by=assessor.user)
    factories.entry()
    url = reverse("waiver_new", args=[assessor.pk])
    choices = client.get(f"{url}?subject={entry.subject_id}").context["form"]
    assert [subject.pk for subject in choices.fields["subject"].queryset] == [entry.subject_id]
    response = client.post(url, {"subject": entry.subject_id, "reason": ""})
    assert response.status_code == 422 and not ConflictWaiver.objects.exists()
    response = client.post(url, {"subject": firm.subject_id, "reason": "x"})
    assert response.status_code == 422
    response = client.post(url, {"subject": entry.subject_id, "reason": WHY})
    made = ConflictWaiver.objects.get()
    assert response.url == reverse("waiver_detail", args=[made.pk]) and made.asked_by == officer
    assert "nothing to waive" in client.get(url).content.decode()


def test_the_way_to_a_waiver_begins_where_somebody_cannot_be_asked(client, officer):
    entry, assessor = tied()
    page = client.get(reverse("round_assign", args=[entry.pk])).content.decode()
    assert f"{reverse('waiver_new', args=[assessor.pk])}?subject={entry.subject_id}" in page
    Affiliation.objects.update(kind="employee")
    page = client.get(reverse("round_assign", args=[entry.pk])).content.decode()
    assert reverse("waiver_new", args=[assessor.pk]) not in page


def test_waiver_move_grants_and_ends(client, officer):
    waiver = asked()
    entry = waiver.subject.entries.get()
    detail = client.get(waiver.get_absolute_url()).content.decode()
    assert WHY in detail and "affiliated" in detail and "Grant the waiver" in detail
    assert client.post(reverse("waiver_move", args=[waiver.pk, "grant"])).url == waiver.get_absolute_url()
    waiver.refresh_from_db()
    assert (waiver.status, waiver.granted_by) == ("granted", officer)
    row = rounds.assign(entry.pk, waiver.assessor_id, by=officer)
    for name in ("entry_detail", "entry_scores"):
        page = client.get(reverse(name, args=[entry.pk])).content.decode()
        assert WHY in page and str(waiver.asked_by) in page and str(officer) in page
    url = reverse("waiver_move", args=[waiver.pk, "end"])
    assert client.post(url, {"why": ""}).status_code == 422
    client.post(url, {"why": "No longer needed"})
    row.refresh_from_db()
    assert row.status == "withdrawn"
    again = client.post(url, {"why": "x"})
    assert again.status_code == 422 and "no longer possible" in again.content.decode()


def test_nobody_grants_what_he_asked_for(client):
    waiver = asked()
    client.force_login(waiver.asked_by)
    assert "Grant the waiver" not in client.get(waiver.get_absolute_url()).content.decode()
    response = client.post(reverse("waiver_move", args=[waiver.pk, "grant"]))
    assert response.status_code == 422 and "may not" in response.content.decode()


def test_waiver_list_costs_the_same_for_1_and_30(client, officer):
    def count():
        with CaptureQueriesContext(connection) as caught:
            client.get(reverse("waiver_list") + "?size=50")
        return len(caught)

    asked()
    count()
    few = count()
    for _ in range(29):
        asked()
    assert count() == few <= 10
