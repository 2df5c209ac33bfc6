"""Reminders by hand: an officer chooses the words, looks at the letters and sends them; the page of what went out."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from assessments.models import Reminder, Round
from assessments.services import reminders
from secretariat import calendar
from secretariat.errors import RuleBroken
from secretariat.models import Letter
from tests import factories
from tests.assessments import round_pages
from tests.assessments.reminding import DUE, at_work, bulk, on, working

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(in_english):
    with translation.override("en"):
        yield


@pytest.fixture
def officer():
    return factories.officer()


def by_hand(client, round_, step="send", **fields):
    url = reverse("round_remind", args=[round_.pk])
    words = {"subject_en": "Please: {round}", "text_en": "Dear {name}\n\n{products}\n\n{left}"}
    return client.post(url, {"step": step, **words, **fields})


def test_an_officer_looks_at_the_letters_and_then_sends_them(client, officer):
    round_ = factories.round_("open", deadline=calendar.last_moment(DUE))
    rows = [at_work(round_=round_) for _ in range(3)]
    client.force_login(officer)
    page = client.get(reverse("round_remind", args=[round_.pk]))
    assert all(is_chosen for _owed, is_chosen in page.context["rows"]) and "{products}" in page.content.decode()
    two = [row.assessor_id for row in rows[:2]]
    looked = by_hand(client, round_, "preview", assessor=two)
    words = looked.content.decode()
    assert looked.status_code == 200 and f"Please: {round_.title}" in words and rows[0].entry.subject.title in words
    assert len(looked.context["letters"]) == 2 and not Reminder.objects.exists()
    key = str(uuid.uuid4())
    for _ in range(2):  # a double click
        assert by_hand(client, round_, assessor=two, once_key=key).url == reverse("round_reminders", args=[round_.pk])
    assert [(row.kind, row.by, row.assessor_id) for row in Reminder.objects.order_by("assessor")] == [("hand", officer, pk) for pk in sorted(two)]
    assert Letter.objects.count() == 2
    page = client.get(reverse("round_reminders", args=[round_.pk])).content.decode()
    assert f"Please: {round_.title}" in page and officer.display_name in page and "waits to be sent" in page


def test_words_that_cannot_be_sent_are_explained_and_kept(client, officer):
    row = at_work()
    client.force_login(officer)
    for fields, words in (
        ({"text_en": "No list for {name}"}, "Leave {products}"),
        ({"text_en": "{products} {agency}"}, "stands for nothing"),
        ({"subject_en": "{secret}"}, "stands for nothing"),
    ):
        answer = by_hand(client, row.entry.round, assessor=row.assessor_id, **fields)
        page = answer.content.decode()
        assert answer.status_code == 422 and words in page and next(iter(fields.values())) in page
    nobody = by_hand(client, row.entry.round)
    assert nobody.status_code == 422 and "at least one assessor" in nobody.content.decode()
    assert not Reminder.objects.exists()


def test_requests_are_reminded_of_by_hand(client, officer):
    row = at_work(status="offered")
    at_work(round_=row.entry.round)
    client.force_login(officer)
    page = client.get(reverse("round_remind", args=[row.entry.round_id]) + "?about=answers")
    assert [owed.assessor for owed, _chosen in page.context["rows"]] == [row.assessor]
    assert by_hand(client, row.entry.round, about="answers", assessor=row.assessor_id).status_code == 302
    assert row.entry.subject.title in Reminder.objects.get().text


def test_whoever_submitted_meanwhile_is_not_reminded(officer):
    row = at_work()
    round_pages.submit(row)
    with pytest.raises(RuleBroken, match="owes anything any more"):
        reminders.remind(row.entry.round_id, Reminder.Kind.BEFORE, [row.assessor_id], by=officer)
    with pytest.raises(RuleBroken, match="may not"):
        reminders.remind(row.entry.round_id, Reminder.Kind.BEFORE, [row.assessor_id], by=row.assessor.user)
    with pytest.raises(RuleBroken, match="Leave"):
        reminders.remind(row.entry.round_id, Reminder.Kind.BEFORE, [row.assessor_id], by=officer, texts={"en": "Hurry"})
    Round.objects.update(status="moderation")
    with pytest.raises(RuleBroken, match="while the round is open"):
        reminders.remind(row.entry.round_id, Reminder.Kind.BEFORE, [row.assessor_id], by=officer)


def test_the_page_tells_what_went_out_what_is_planned_and_what_was_late(client, officer):
    row = at_work()
    reminders.send_due(on(working(-7)))
    reminders.tell_lateness(on(working(2)))
    client.force_login(officer)
    page = client.get(reverse("round_reminders", args=[row.entry.round_id])).content.decode()
    assert "7 working days before the deadline" in page and row.entry.subject.title in page
    assert calendar.long_date(working(3)) in page and "3 working days after the deadline" in page
    assert "told to: officers" in page
    Letter.objects.update(sent_at=timezone.now())
    assert "gone on" in client.get(reverse("round_reminders", args=[row.entry.round_id])).content.decode()


def test_a_round_that_is_over_sends_nothing(client, officer):
    round_ = factories.round_("moderation")
    client.force_login(officer)
    assert client.get(reverse("round_remind", args=[round_.pk])).url == reverse("round_reminders", args=[round_.pk])
    assert client.get(reverse("round_reminders", args=[round_.pk])).status_code == 200


@pytest.mark.parametrize("name", ["round_reminders", "round_remind"])
def test_strangers_find_nothing(client, name):
    row = at_work()
    url = reverse(name, args=[row.entry.round_id])
    assert client.get(url).status_code == 302
    for stranger in (row.assessor.user, factories.representative()):
        client.force_login(stranger)
        assert client.get(url).status_code == 404
        assert client.post(url).status_code in (404, 405)


def test_the_page_asks_the_database_as_often_for_thirty(client, officer):
    round_ = factories.round_("open", deadline=calendar.last_moment(DUE))
    client.force_login(officer)

    def queries(count):
        for _ in range(count):
            bulk(at_work(round_=round_))
        with CaptureQueriesContext(connection) as found:
            assert client.get(reverse("round_reminders", args=[round_.pk])).status_code == 200
            assert client.get(reverse("round_remind", args=[round_.pk])).status_code == 200
        return len(found)

    few = queries(1)
    assert queries(20) == few
