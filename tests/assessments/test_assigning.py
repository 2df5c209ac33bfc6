"""Pages on which officers ask and follow, and assessors answer."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.models import Affiliation, Assignment, ConflictOfInterest, Entry, Round
from tests import factories
from tests.assessments import round_pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def officer(client):
    user = factories.officer()
    client.force_login(user)
    return user


def text(response):
    return response.content.decode()


# --- one entry -----------------------------------------------------------------------------------


def test_round_assign_shows_the_fit_the_rest_and_why_not(client, officer):
    entry = round_pages.entries(1)[0]
    fit, other, barred = (factories.assessor() for _ in range(3))
    fit.expertise.add(entry.sheet.parts.get().version.set)
    Affiliation.objects.create(assessor=barred, agency=entry.subject.agency)
    response = client.get(reverse("round_assign", args=[entry.pk]))
    assert [candidate.assessor for candidate, _chosen in response.context["free"]] == [fit, other]
    assert [candidate.assessor for candidate in response.context["barred"]] == [barred]
    assert "Is affiliated with" in text(response) and f'value="{barred.pk}"' not in text(response)
    key = uuid.uuid4()
    typed = {"assessor": [fit.pk, other.pk], "once_key": key}
    assert client.post(reverse("round_assign", args=[entry.pk]), typed).url == f"/entries/{entry.pk}/"
    client.post(reverse("round_assign", args=[entry.pk]), typed)
    assert entry.assignments.count() == 2


def test_a_conflicted_assessor_cannot_be_smuggled_in(client, officer):
    entry, barred = round_pages.entries(1)[0], factories.assessor()
    Affiliation.objects.create(assessor=barred, agency=entry.subject.agency)
    response = client.post(reverse("round_assign", args=[entry.pk]), {"assessor": [barred.pk]})
    assert response.status_code == 422 and "Conflict of interest" in text(response)
    assert client.post(reverse("round_assign", args=[entry.pk]), {}).status_code == 422
    assert not Assignment.objects.exists()


def test_round_assign_bulk_previews_then_asks(client, officer):
    entries = round_pages.entries(2)
    free, barred = factories.assessor(), factories.assessor()
    Affiliation.objects.create(assessor=barred, agency=entries[0].subject.agency)
    url = reverse("round_assign_bulk", args=[entries[0].round_id])
    typed = {"entry": [entry.pk for entry in entries], "assessor": [free.pk, barred.pk]}
    response = client.post(url, {**typed, "step": "preview"})
    assert response.status_code == 200 and (response.context["accepted"], response.context["refused"]) == (3, 1)
    assert "Is affiliated with" in text(response) and not Assignment.objects.exists()
    assert client.post(url, {**typed, "step": "confirm"}).status_code == 302
    assert set(Assignment.objects.values_list("entry", "assessor")) == {
        (entries[0].pk, free.pk), (entries[1].pk, free.pk), (entries[1].pk, barred.pk),
    }  # fmt: skip
    assert client.post(url, {"step": "preview"}).status_code == 422


def test_round_assign_bulk_stays_small(client, officer):
    round_ = round_pages.entries(60)[0].round
    for _ in range(70):
        factories.assessor()
    response = client.get(reverse("round_assign_bulk", args=[round_.pk]))
    assert len(response.content) < 100_000


def test_entry_detail_leads_to_what_may_be_done(client, officer):
    entry = round_pages.entries(1)[0]
    at_work, done = factories.assignment(entry), factories.assignment(entry)
    round_pages.submit(done)
    page = text(client.get(reverse("entry_detail", args=[entry.pk])))
    assert reverse("assignment_withdraw", args=[at_work.pk]) in page
    assert reverse("assignment_withdraw", args=[done.pk]) not in page
    assert reverse("assessment_reopen", args=[done.pk]) in page


def test_entry_remove_exclude_include(client, officer):
    free, asked = round_pages.entries(2)
    factories.assignment(asked)
    assert client.post(reverse("entry_remove", args=[free.pk])).url == f"/rounds/{free.round_id}/"
    assert client.post(reverse("entry_remove", args=[asked.pk])).url == f"/entries/{asked.pk}/"
    assert list(Entry.objects.all()) == [asked]
    assert client.post(reverse("entry_exclude", args=[asked.pk]), {"why": ""}).status_code == 422
    assert client.post(reverse("entry_exclude", args=[asked.pk]), {"why": "Withdrawn"}).status_code == 302
    assert "Withdrawn" in text(client.get(reverse("entry_detail", args=[asked.pk])))
    assert client.post(reverse("entry_include", args=[asked.pk])).status_code == 302
    asked.refresh_from_db()
    assert asked.excluded_at is None


@pytest.mark.parametrize("name", ["entry_remove", "entry_include", "entry_exclude", "round_assign"])
def test_strangers_and_the_anonymous_change_no_entry(client, name):
    entry = round_pages.entries(1)[0]
    url = reverse(name, args=[entry.pk])
    assert client.post(url).status_code == 302 and "next=" in client.post(url).url
    for stranger in (factories.representative(entry.subject.agency), factories.assignment(entry).assessor.user):
        client.force_login(stranger)
        assert client.post(url, {"why": "x", "assessor": factories.assessor().pk}).status_code == 404
    assert Entry.objects.get().excluded_at is None and Assignment.objects.count() == 1


# --- following -----------------------------------------------------------------------------------


def test_assignment_list_filters(client, officer):
    late = factories.assignment()
    Round.objects.filter(pk=late.entry.round_id).update(deadline=timezone.now() - timedelta(days=1))
    other = factories.assignment(status="declined")

    def shown(**query):
        return {row["pk"] for row in client.get(reverse("assignment_list"), query).context["list"].rows}

    assert shown() == {late.pk, other.pk}
    assert shown(late="on") == {late.pk}
    assert shown(status="declined") == {other.pk}
    assert shown(round=other.entry.round_id) == {other.pk}
    assert shown(assessor=late.assessor_id) == {late.pk}
    assert shown(q=other.entry.subject.title_fa) == {other.pk}


def test_assignment_withdraw(client, officer):
    row = factories.assignment()
    url = reverse("assignment_withdraw", args=[row.pk])
    assert client.post(url, {"why": ""}).status_code == 422
    assert client.post(url, {"why": "Ill"}).url == f"/entries/{row.entry_id}/"
    row.refresh_from_db()
    assert row.status == "withdrawn"
    response = client.post(url, {"why": "Ill again"})
    assert response.status_code == 422 and "Ill again" in text(response)
    client.force_login(row.assessor.user)
    assert client.post(url, {"why": "x"}).status_code == 404


# --- the assessor's side -------------------------------------------------------------------------


def test_my_assessments_groups_what_waits(client):
    assessor = factories.assessor()
    offered, accepted, done, declined = (
        factories.assignment(assessor_=assessor, status=status) for status in ("offered", "accepted", "accepted", "declined")
    )
    round_pages.submit(done)
    hidden = factories.assignment(factories.entry(factories.round_("draft")), assessor, status="offered")
    strange = factories.assignment()
    client.force_login(assessor.user)
    response = client.get(reverse("my_assessments"))
    work = response.context["work"]
    assert [work.to_answer, work.to_do, list(work.done), list(work.past)] == [[offered], [accepted], [done], [declined]]
    page = text(response)
    assert "working days left" in page
    for row in (hidden, strange):
        assert row.entry.subject.title_en not in page


def test_my_assessments_is_for_assessors(client):
    assert "next=" in client.get(reverse("my_assessments")).url
    client.force_login(factories.officer())
    assert client.get(reverse("my_assessments")).status_code == 404


def test_my_assessments_cost_the_same_for_3_and_30(client):
    few, many = factories.assessor(), factories.assessor()
    for assessor, count in ((few, 3), (many, 30)):
        for _ in range(count):
            factories.assignment(assessor_=assessor)
    counts = []
    for assessor in (few, many):
        client.force_login(assessor.user)
        client.get(reverse("my_assessments"))
        with CaptureQueriesContext(connection) as caught:
            client.get(reverse("my_assessments"))
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 14


def test_what_an_assessor_has_done_is_paged(client):
    assessor = factories.assessor()
    for _ in range(27):
        factories.assignment(assessor_=assessor, status="submitted")
    client.force_login(assessor.user)
    shown = [client.get(reverse("my_assessments"), {"page": page}).context["finished"].object_list for page in (1, 2)]
    assert [len(page) for page in shown] == [25, 2]


def test_accepting_needs_the_declaration(client):
    row = factories.assignment(status="offered")
    client.force_login(row.assessor.user)
    url = reverse("assignment_answer", args=[row.pk])
    page = text(client.get(url))
    assert row.entry.subject.agency.name_en in page and row.entry.subject.title_en in page
    response = client.post(url, {"decision": "accept"})
    assert response.status_code == 422 and "Declare this" in text(response)
    response = client.post(url, {"decision": "accept", "declaration": "conflict"})
    assert response.status_code == 422 and "cannot accept" in text(response)
    response = client.post(url, {"decision": "accept", "declaration": "none"})
    assert response.url == reverse("assessment_form", args=[row.pk])
    row.refresh_from_db()
    assert row.status == "accepted"


def test_declining_for_a_conflict(client):
    row = factories.assignment(status="offered")
    client.force_login(row.assessor.user)
    url = reverse("assignment_answer", args=[row.pk])
    response = client.post(url, {"decision": "decline", "declaration": "conflict"})
    assert response.status_code == 422 and "Write the reason" in text(response)
    assert client.post(url, {"decision": "decline", "declaration": "conflict", "why": "Mine"}).url == "/my-assessments/"
    assert ConflictOfInterest.objects.get().reason == "Mine"
    response = client.get(url)
    assert "nothing to answer" in text(response) and 'value="accept"' not in text(response)
    assert client.post(url, {"decision": "accept", "declaration": "none"}).status_code == 422


def test_a_blind_round_does_not_name_the_agency(client):
    row = factories.assignment(factories.entry(factories.round_("open", see_submitter="never")), status="offered")
    client.force_login(row.assessor.user)
    for url in (reverse("assignment_answer", args=[row.pk]), reverse("my_assessments")):
        page = text(client.get(url))
        assert row.entry.subject.title_en in page
        assert row.entry.subject.agency.name_en not in page and row.entry.subject.agency.slug not in page


def test_an_assessor_sees_no_other_and_no_aggregate_before_answering(client):
    row = factories.assignment(status="offered")
    other = factories.assignment(row.entry)
    round_pages.submit(other)
    round_pages.score(row.entry, 73.25)
    client.force_login(row.assessor.user)
    for url in (reverse("assignment_answer", args=[row.pk]), reverse("my_assessments")):
        page = text(client.get(url))
        assert "73.3" not in page and "73.25" not in page and other.assessor.user.last_name not in page


def test_nobody_answers_for_another_or_before_the_round_opens(client):
    row = factories.assignment(status="offered")
    url = reverse("assignment_answer", args=[row.pk])
    assert "next=" in client.get(url).url
    for stranger in (factories.assessor().user, factories.officer(), factories.representative(row.entry.subject.agency)):
        client.force_login(stranger)
        assert client.get(url).status_code == 404
        assert client.post(url, {"decision": "accept", "declaration": "none"}).status_code == 404
    early = factories.assignment(factories.entry(factories.round_("draft")), status="offered")
    client.force_login(early.assessor.user)
    assert client.get(reverse("assignment_answer", args=[early.pk])).status_code == 404


def test_past_the_deadline_one_may_only_decline(client):
    row = factories.assignment(status="offered")
    Round.objects.filter(pk=row.entry.round_id).update(deadline=timezone.now() - timedelta(hours=1))
    client.force_login(row.assessor.user)
    url = reverse("assignment_answer", args=[row.pk])
    page = text(client.get(url))
    assert 'value="accept"' not in page and 'value="decline"' in page and "deadline has passed" in page
    response = client.post(url, {"decision": "accept", "declaration": "none"})
    assert response.status_code == 422 and "deadline" in text(response)
