"""My desk shows each role what waits for it, in a constant number of queries, and nothing of anybody else."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from secretariat import matters
from tests import council as make
from tests import factories

pytestmark = pytest.mark.django_db


def desk(client, user):
    client.force_login(user)
    page = client.get(reverse("desk"))
    assert page.status_code == 200
    return page.content.decode()


def test_the_anonymous_is_sent_to_sign_in(client):
    answer = client.get(reverse("desk"))
    assert answer.status_code == 302
    assert reverse("sign_in") in answer["Location"]


def test_somebody_without_a_role_is_told_what_comes_next(client):
    assert "هنوز نقشی ندارید" in desk(client, factories.user())


def test_a_representative_sees_his_own_work_only(client):
    agency = factories.agency()
    mine = factories.product(agency_=agency, title_fa="پیش‌نویس خودمان")
    factories.product(title_fa="پیش‌نویس دیگران")
    page = desk(client, factories.representative(agency))
    assert "پیش‌نویس خودمان" in page
    assert reverse("product_edit", args=[mine.pk]) in page
    assert "پیش‌نویس دیگران" not in page


def test_an_officer_sees_the_queue_and_the_rounds(client):
    factories.product(status="submitted")
    round_ = factories.round_(status="open")
    page = desk(client, factories.officer())
    assert reverse("product_queue") in page
    assert round_.title_fa in page


def test_an_assessor_sees_what_is_next_and_not_the_others(client):
    mine, other = factories.assignment(), factories.assignment()
    page = desk(client, mine.assessor.user)
    assert reverse("assessment_form", args=[mine.pk]) in page
    assert other.entry.subject.title_fa not in page


def test_several_roles_share_one_desk(client):
    person = factories.officer()
    factories.assignment(assessor_=factories.assessor(user=person))
    page = desk(client, person)
    assert "ارزیابی‌های من" in page
    assert "برای غربالگری" in page


@pytest.mark.parametrize("role", ["representative", "officer", "assessor"])
def test_queries_do_not_grow(client, role):
    agency = factories.agency()
    kind = factories.product_kind()
    assessor = factories.assessor()
    people = {"representative": factories.representative(agency), "officer": factories.officer(), "assessor": assessor.user}
    client.force_login(people[role])

    def queries_after(n):
        for _ in range(n):
            factories.product(agency_=agency, kind=kind)
            factories.product(agency_=agency, kind=kind, status="submitted")
            factories.assignment(assessor_=assessor)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("desk"))
        return len(queries)

    few = queries_after(3)
    assert queries_after(27) == few <= 28


# ------------------------------------------------------------------ what is late, what will be, who asks for time
def test_officers_see_what_is_late_by_whom_and_who_asks_for_time(client, in_english):
    from datetime import timedelta

    from django.utils import timezone

    from assessments.models import Round
    from assessments.services import deadlines

    row = factories.assignment(assessor_=factories.assessor(last_name="Late"))
    request = deadlines.ask_time(row.pk, timezone.now() + timedelta(days=40), by=row.assessor.user, why="Illness")
    Round.objects.filter(pk=row.entry.round_id).update(deadline=timezone.now() - timedelta(days=1))
    page = desk(client, factories.officer())
    assert f"late: {row.assessor} (1)" in page and "Late assessments" in page
    assert reverse("assignment_list") + "?late=on" in page
    assert reverse("round_progress", args=[row.entry.round_id]) in page
    assert reverse("extension_answer", args=[request.pk]) in page and f"{row.assessor} asks for more time" in page
    deadlines.answer_request(request.pk, "granted", by=factories.officer())
    page = desk(client, factories.officer())
    assert "late:" not in page and reverse("extension_answer", args=[request.pk]) not in page


def test_the_requests_of_a_round_that_is_over_wait_for_nobody(client, in_english):
    from datetime import timedelta

    from django.utils import timezone

    from assessments.models import Round
    from assessments.services import deadlines

    row = factories.assignment()
    request = deadlines.ask_time(row.pk, timezone.now() + timedelta(days=40), by=row.assessor.user, why="Illness")
    Round.objects.update(status="moderation")
    assert reverse("extension_answer", args=[request.pk]) not in desk(client, factories.officer())


def test_what_is_voted_on_stands_on_the_desk_once(client):
    resolution = make.session()
    waiting = make.resolution(resolution.council, resolution.meeting)
    ballot = make.ballot(resolution, None)
    page = desk(client, resolution.council.seats.filter(role="member").first().user)
    assert reverse("ballot_vote", args=[ballot.pk]) in page and f'"{matters.page_of(waiting)}"' in page
    assert f'"{matters.page_of(resolution)}"' not in page
