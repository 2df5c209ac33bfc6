"""The list of resolutions: whose, found by what words, and which of them hold today."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from secretariat.models import Resolution
from secretariat.rules import Force
from secretariat.selectors.resolutions import with_force
from tests import council as make
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
URL = reverse("resolution_list")


def adopted(council_, **fields):
    """A resolution that a council's three members adopted at a meeting of its own."""
    made = make.resolution(council_, make.in_session(council_), kind="general", **fields)
    for seat in council_.seats.all() or [make.seat(council_) for _n in range(3)]:
        make.presence(made.meeting, seat)
    return make.adopted(made)


def forces():
    return dict(with_force(Resolution.objects.all()).values_list("title", "force"))


def test_a_member_reads_those_of_the_own_councils_and_officers_all(client):
    mine, other = make.council(), make.council()
    make.resolution(mine, kind="general", title="Rules of judging")
    make.resolution(other, kind="general", title="Plan of the year")
    member = make.seat(mine).user
    client.force_login(member)
    text = client.get(URL).text
    assert "Rules of judging" in text and "Plan of the year" not in text
    client.force_login(factories.officer())
    text = client.get(URL).text
    assert "Rules of judging" in text and "Plan of the year" in text
    client.force_login(factories.granted("representative", agency=factories.agency()))
    assert client.get(URL).status_code == 404


def test_each_leads_to_the_page_on_which_it_is_read(client):
    council = make.council()
    words, marks = make.resolution(council, kind="general"), make.resolution(council)
    client.force_login(factories.officer())
    text = client.get(URL).text
    assert reverse("resolution_detail", args=[words.pk]) in text and reverse("decision_board", args=[marks.pk]) in text


def test_words_are_found_in_title_and_text_however_they_are_written(client):
    council = make.council()
    make.resolution(council, kind="general", title="آیین‌نامهٔ کتاب", text="داوری")
    make.resolution(council, kind="general", title="برنامهٔ سال", text="بودجه")
    client.force_login(factories.officer())
    assert "برنامهٔ سال" not in client.get(URL, {"q": "آيين نامه كتاب"}).text
    found = client.get(URL, {"q": "بودجه"}).text
    assert "برنامهٔ سال" in found and "کتاب" not in found


def test_what_holds_today_is_told_from_days_and_from_later_resolutions(client):
    council, today = make.council(), timezone.localdate()
    first = adopted(council, title="first")
    adopted(council, title="ended", in_force_until=today - timedelta(days=1))
    adopted(council, title="coming", in_force_from=today + timedelta(days=1))
    adopted(council, title="last day", in_force_until=today)
    make.resolution(council, kind="general", title="draft", supersedes=first)
    adopted(council, title="later", supersedes=first, in_force_from=today + timedelta(days=1))
    assert forces() == {
        "first": Force.IN_FORCE, "ended": Force.ENDED, "coming": Force.COMING, "last day": Force.IN_FORCE, "draft": "", "later": Force.COMING,
    }  # fmt: skip
    adopted(council, title="now", supersedes=first)
    assert forces()["first"] == Force.SUPERSEDED
    client.force_login(factories.officer())
    text = client.get(URL, {"force": "superseded"}).text
    assert "first" in text and "last day" not in text


def test_many_cost_the_same_as_few(client):
    def cost():
        with CaptureQueriesContext(connection) as asked:
            assert client.get(URL).status_code == 200
        return len(asked)

    client.force_login(make.seat(council := make.council()).user)
    make.resolution(council, kind="general")
    client.get(URL)
    few = cost()
    for n in range(30):
        make.resolution(council, kind="general" if n % 2 else "grant_marks")
    assert cost() == few
