"""The pages of deadlines: asking for more time, answering, giving it to several, and where own deadlines are shown."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from assessments.models import Assignment, Extension, Round
from assessments.services import deadlines
from secretariat import calendar
from tests import factories
from tests.assessments import round_pages
from tests.assessments.asking_time import asked, filled, over

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(in_english):
    with translation.override("en"):
        yield


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def given():
    """An accepted assignment of an open round."""
    return factories.assignment()


def test_the_assessor_asks_on_a_page(client, given):
    client.force_login(given.assessor.user)
    url = reverse("assignment_more_time", args=[given.pk])
    assert url in client.get(reverse("my_assessments")).content.decode()
    assert client.get(url).status_code == 200
    wrong = client.post(url, {"until": round_pages.jalali(2), "why": "Illness"})
    assert wrong.status_code == 422 and "Illness" in wrong.content.decode() and not Extension.objects.exists()
    fields = {"until": round_pages.jalali(40), "why": "Illness", "once_key": str(uuid.uuid4())}
    assert client.post(url, fields).url == client.post(url, fields).url == reverse("my_assessments")
    assert Extension.objects.get().asked_until == calendar.last_moment(timezone.localdate() + timedelta(days=40))
    assert "asked already" in client.get(url).content.decode()


def test_a_late_sheet_shows_where_to_ask(client, given):
    over(given)
    client.force_login(given.assessor.user)
    page = client.get(reverse("assessment_form", args=[given.pk])).content.decode()
    assert reverse("assignment_more_time", args=[given.pk]) in page


def test_own_deadlines_are_shown_wherever_a_deadline_is(client, officer, given):
    filled(given)
    over(given)
    deadlines.give_time(given.entry.round_id, [given.pk], calendar.last_moment(timezone.localdate() + timedelta(days=33)), by=officer, why="Illness")
    day = calendar.short_date(timezone.localdate() + timedelta(days=33))
    long_day = calendar.long_date(timezone.localdate() + timedelta(days=33))
    client.force_login(given.assessor.user)
    for name in ("my_assessments", "desk"):
        assert long_day in client.get(reverse(name)).content.decode(), name
    form = client.get(reverse("assessment_form", args=[given.pk]))
    left = calendar.remaining(timezone.localdate() + timedelta(days=33))
    assert left in form.content.decode() and form.context["late"] is False
    assert client.get(reverse("assessment_submit", args=[given.pk])).context["late"] is False
    client.force_login(officer)
    assert day in client.get(reverse("assignment_list")).content.decode()
    assert client.get(reverse("assignment_list") + "?late=on").context["list"].total == 0
    page = client.get(reverse("entry_detail", args=[given.entry_id])).content.decode()
    assert long_day in page and "Illness" in page and officer.display_name in page


def test_an_officer_answers_on_a_page(client, officer, given):
    request = asked(given)
    client.force_login(officer)
    url = reverse("extension_answer", args=[request.pk])
    assert url in client.get(reverse("entry_detail", args=[given.entry_id])).content.decode()
    page = client.get(url).content.decode()
    assert "Illness" in page and given.assessor.user.display_name in page
    assert client.post(url, {"decision": "refuse", "until": "", "why": ""}).status_code == 422
    assert client.post(url, {"decision": "grant", "until": round_pages.jalali(30), "why": ""}).status_code == 302
    assert Extension.objects.get().decision == "granted"
    assert "granted it until" in client.get(url).content.decode()
    late = client.post(url, {"decision": "refuse", "until": "", "why": "No"})
    assert late.status_code == 422 and "granted it until" in late.content.decode()


def test_an_officer_gives_several_more_time_on_a_page(client, officer):
    entries = round_pages.entries(3)
    busy = factories.assessor()
    rows = [factories.assignment(entry, busy) for entry in entries]
    other = factories.assignment(entries[0])
    client.force_login(officer)
    url = reverse("round_more_time", args=[entries[0].round_id])
    chosen = client.get(f"{url}?assessor={busy.pk}").context["rows"]
    assert {row.pk for row, is_chosen in chosen if is_chosen} == {row.pk for row in rows}
    typed = {"until": round_pages.jalali(40), "why": "Nowruz"}
    nobody = client.post(url, typed)
    assert nobody.status_code == 422 and "at least one assignment" in nobody.content.decode() and 'value="' in nobody.content.decode()
    assert client.post(url, {**typed, "assignment": [rows[0].pk, rows[1].pk]}).status_code == 302
    assert Assignment.objects.exclude(due_at=None).count() == 2
    other.refresh_from_db()
    assert other.due_at is None
    Round.objects.update(status="moderation")
    assert client.get(url).status_code == 302


@pytest.mark.parametrize("name", ["assignment_more_time", "extension_answer", "round_more_time"])
def test_strangers_find_nothing_and_the_anonymous_signs_in(client, given, name):
    pk = {"assignment_more_time": given.pk, "extension_answer": asked(given).pk, "round_more_time": given.entry.round_id}[name]
    url = reverse(name, args=[pk])
    assert "sign-in" in client.get(url).url or "sign_in" in client.get(url).url
    client.force_login(factories.assessor().user)
    assert client.get(url).status_code == 404
    assert client.post(url, {"until": round_pages.jalali(40), "why": "x"}).status_code == 404


def test_the_page_of_more_time_asks_the_database_as_often_for_thirty(client, officer):
    client.force_login(officer)
    round_ = factories.round_("open")

    def queries():
        with CaptureQueriesContext(connection) as found:
            assert client.get(reverse("round_more_time", args=[round_.pk])).status_code == 200
        return len(found)

    factories.assignment(round_pages.entries(1, round_)[0])
    few = queries()
    for entry in round_pages.entries(10, round_):
        factories.assignment(entry)
        factories.assignment(entry)
    assert queries() == few
