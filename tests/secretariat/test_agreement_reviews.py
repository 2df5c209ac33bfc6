"""The yearly review of an agreement: it comes on the next agenda by itself, once, with its paper; or the desk says why not."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from secretariat import calendar, tasks
from secretariat.errors import RuleBroken
from secretariat.models import AgendaItem, AgreementReview, Notice, ReviewOnAgenda
from secretariat.selectors import agreement_reviews as selectors
from secretariat.selectors.agreement_reviews import anniversary
from secretariat.services import agreement_reviews, agreements, meetings
from tests import council as make
from tests import doing, factories
from tests.refusal import refused as refused_by
from tests.together import at_once

pytestmark = pytest.mark.django_db


def agreement(days_ago=400, **fields):
    """A signed agreement in force for so long, with one commitment."""
    fields.setdefault("valid_from", calendar.today() - timedelta(days=days_ago))
    made = doing.agreement(**fields)
    doing.action(agreement=made, title="گزارش فصلی")
    return made


def planned(council, days=7, **fields):
    return make.meeting(council, starts_at=timezone.now() + timedelta(days=days), **fields)


@pytest.mark.parametrize(
    ("first", "today", "expected"),
    [
        (date(2024, 3, 20), date(2025, 3, 20), None),  # 1403/01/01, and the day before 1404/01/01
        (date(2024, 3, 20), date(2025, 3, 21), date(2025, 3, 21)),
        (date(2025, 3, 20), date(2026, 3, 19), None),  # 30 Esfand of a leap year: 29 Esfand a year later
        (date(2025, 3, 20), date(2026, 3, 20), date(2026, 3, 20)),
        (date(2020, 1, 25), date(2026, 11, 21), date(2026, 1, 25)),
        (date(2026, 1, 25), date(2025, 12, 1), None),
    ],
)
def test_a_review_is_due_every_jalali_year(first, today, expected):
    assert anniversary(first, today) == expected


def test_what_is_due_comes_on_the_next_planned_agenda_once_with_its_paper(client):
    one = agreement()
    keeper = make.keeper(one.council)
    planned(one.council, days=30)
    planned(one.council, days=1, status="called")  # what people were told stays as it is
    next_one = planned(one.council, days=9)
    make.item(next_one, title="نخست", position=1)
    for _time in range(3):
        tasks.put_reviews()
    row = ReviewOnAgenda.objects.get()
    assert (row.item.meeting, row.item.position, row.agreement) == (next_one, 2, one)
    assert one.title_fa in row.item.title
    assert [line["title"] for line in row.paper.lines] == ["گزارش فصلی"]
    assert AgreementReview.objects.count() == 1
    assert Notice.objects.get(user=keeper).link == reverse("meeting_detail", args=[next_one.pk])
    client.force_login(make.seat(one.council).user)
    page = client.get(reverse("meeting_detail", args=[next_one.pk])).content.decode()
    assert reverse("agreement_review", args=[row.paper_id]) in page
    assert client.get(reverse("agreement_review", args=[row.paper_id])).status_code == 200
    client.force_login(factories.officer())
    page = client.get(reverse("agreement_detail", args=[one.pk])).content.decode()
    assert reverse("meeting_detail", args=[next_one.pk]) in page


@pytest.mark.parametrize("reason", ["first year", "draft", "ended", "no commitment", "reviewed by hand"])
def test_what_is_not_due_stays_away(reason):
    one = agreement(days_ago=300 if reason == "first year" else 400, status={"draft": "draft", "ended": "ended"}.get(reason, "signed"))
    if reason == "no commitment":
        one.commitments.update(status="cancelled")
    if reason == "reviewed by hand":
        agreements.review(one.pk, by=None)
    planned(one.council)
    assert agreement_reviews.put_due() == 0
    assert not AgendaItem.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_task_delivered_twice_at_one_moment_puts_it_once():
    one = agreement()
    planned(one.council)
    assert not any(isinstance(outcome, Exception) for outcome in at_once(*[agreement_reviews.put_due] * 3))
    assert AgendaItem.objects.count() == ReviewOnAgenda.objects.count() == AgreementReview.objects.count() == 1


def test_without_a_meeting_the_desk_says_so_and_a_plan_brings_it(client, in_english, django_capture_on_commit_callbacks):
    one = agreement()
    keeper = make.keeper(one.council)
    for _time in range(2):
        assert agreement_reviews.put_due() == 0
    assert Notice.objects.filter(user=keeper).count() == 1
    client.force_login(keeper)
    desk = client.get(reverse("desk")).content.decode()
    assert f"Annual review: {one}" in desk
    assert f"{reverse('meeting_new')}?council={one.council_id}" in desk
    assert selectors.waiting({one.council_id + 1}) == []
    with django_capture_on_commit_callbacks(execute=True):
        meeting = meetings.plan(one.council_id, timezone.now() + timedelta(days=5), by=keeper)
    agreement_reviews.put_due()  # as the worker does
    assert meeting.agenda.get().review_put.agreement == one
    assert "Annual review: " not in client.get(reverse("desk")).content.decode()


def test_it_is_taken_off_with_a_reason_and_stays_off_this_year(client, in_english):
    one = agreement()
    keeper, meeting = make.keeper(one.council), planned(one.council)
    agreement_reviews.put_due()
    item = meeting.agenda.get()
    client.force_login(keeper)
    address = reverse("meeting_edit", args=[meeting.pk])
    page = client.get(address).content.decode()
    assert "Why it is taken off" in page
    typed = {
        "day": "1500/01/01", "clock": "10:00", "minutes_planned": "60", "place": "", "item-TOTAL_FORMS": "1", "item-INITIAL_FORMS": "1",
        "item-0-pk": str(item.pk), "item-0-place": "1", "item-0-kind": item.kind, "item-0-title": item.title, "item-0-off": "on",
    }  # fmt: skip
    refused = client.post(address, typed)
    assert refused.status_code == 422 and "Write the reason." in refused.content.decode()
    assert meeting.agenda.count() == 1
    with pytest.raises(RuleBroken, match=item.title):
        meetings.set_agenda(meeting.pk, [], by=keeper)
    assert client.post(address, {**typed, "item-0-why_off": "دستگاه مهلت خواست"}).status_code == 302
    row = ReviewOnAgenda.objects.get()
    assert (row.item, row.why, row.taken_off_by) == (None, "دستگاه مهلت خواست", keeper)
    assert agreement_reviews.put_due() == 0
    assert not meeting.agenda.exists() and selectors.waiting(None) == []
    client.force_login(factories.officer())
    assert "دستگاه مهلت خواست" in client.get(reverse("agreement_detail", args=[one.pk])).content.decode()
    # A year later it comes again.
    [later] = selectors.due(row.due_on + timedelta(days=367))
    assert 364 < (later.due_on - row.due_on).days < 367


def test_from_a_cancelled_meeting_it_moves_to_the_next_one():
    one = agreement()
    by, first, second = make.keeper(one.council), planned(one.council, days=3), planned(one.council, days=10)
    agreement_reviews.put_due()
    meetings.cancel(first.pk, "تعطیل شد", by=by)
    assert agreement_reviews.put_due() == 1
    assert agreement_reviews.put_due() == 0
    row = ReviewOnAgenda.objects.get()
    assert row.item.meeting == second
    assert AgendaItem.objects.count() == 2


def test_rules_of_the_row():
    one = agreement()
    planned(one.council)
    agreement_reviews.put_due()
    row, by = ReviewOnAgenda.objects.get(), factories.user()
    with refused_by("review_put_on_an_agenda_once_a_year"):
        ReviewOnAgenda.objects.create(agreement=one, due_on=row.due_on, item=make.item(planned(one.council)), paper=row.paper)
    with refused_by("review_taken_off_whole"):
        ReviewOnAgenda.objects.filter(pk=row.pk).update(item=None)
    with refused_by("review_on_an_agenda_is_kept"):
        ReviewOnAgenda.objects.filter(pk=row.pk).delete()
    ReviewOnAgenda.objects.filter(pk=row.pk).update(item=None, taken_off_at=timezone.now(), taken_off_by=by, why="مهلت")
    with refused_by("review_taken_off_stays_so"):
        ReviewOnAgenda.objects.filter(pk=row.pk).update(why="دیگر")
