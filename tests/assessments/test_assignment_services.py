"""Asking assessors and their answers: who is asked, who is not and why, and what an answer brings about."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from assessments.models import (
    Affiliation,
    Assignment,
    ConflictOfInterest,
)
from assessments.services import rounds
from secretariat.errors import RuleBroken
from secretariat.models import Notice
from tests import factories
from tests.assessments.round_pages import tomorrow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def officer():
    return factories.officer()


# --- assigning -----------------------------------------------------------------------------------


def test_assign_offers_tells_and_numbers(officer):
    entry = factories.entry()
    rows = [rounds.assign(entry.pk, factories.assessor().pk, by=officer) for _ in range(3)]
    assert [row.alias for row in rows] == [1, 2, 3]
    assert {row.status for row in rows} == {"offered"}
    notice = Notice.objects.get(user=rows[0].assessor.user)
    assert entry.subject.title_en in notice.text_en and entry.subject.title_fa in notice.text_fa
    assert notice.link == f"/assignments/{rows[0].pk}/answer/"
    assert rows[0].moves.get().by == officer


def affiliated(assessor, subject):
    Affiliation.objects.create(assessor=assessor, agency=subject.agency)


def to_be_affiliated(assessor, subject):
    Affiliation.objects.create(assessor=assessor, agency=subject.agency, since=timezone.localdate() + timedelta(days=9))


def representing(assessor, subject):
    factories.granted("representative", assessor.user, agency=subject.agency)


def serving_a_unit(assessor, subject):
    unit = subject.agency.units.create(kind="library", name_fa="کتابخانه")
    factories.granted("unit_officer", assessor.user, unit=unit)


def declared(assessor, subject):
    ConflictOfInterest.objects.create(assessor=assessor, subject=subject, source="declared", reason="Brother", by=assessor.user)


def barred_by_staff(assessor, subject):
    ConflictOfInterest.objects.create(assessor=assessor, subject=subject, source="staff", reason="Editor", by=factories.officer())


def serving_in_the_secretariat(assessor, subject):
    factories.granted("officer", assessor.user)


def inactive(assessor, subject):
    type(assessor).objects.filter(pk=assessor.pk).update(is_active=False)


def busy(assessor, subject):
    factories.assignment(assessor_=assessor)
    type(assessor).objects.filter(pk=assessor.pk).update(capacity=1)


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [
        (affiliated, "affiliated with Agency"),
        (to_be_affiliated, "affiliated with Agency"),
        (representing, "representative.* in Agency"),
        (serving_a_unit, "unit officer.* in Agency"),
        (declared, "Declared.*Brother"),
        (barred_by_staff, "Excluded by the secretariat: Editor"),
        (serving_in_the_secretariat, "Works in the secretariat"),
        (inactive, "not active"),
        (busy, "as many as agreed"),
    ],
)
def test_who_is_not_asked_and_why(officer, obstacle, words):
    entry, assessor = factories.entry(), factories.assessor()
    obstacle(assessor, entry.subject)
    with pytest.raises(RuleBroken, match=words):
        rounds.assign(entry.pk, assessor.pk, by=officer)
    made, refusals = rounds.assign_many(entry.round_id, [(entry.pk, assessor.pk)], by=officer)
    assert not made and len(refusals) == 1 and not entry.assignments.exists()


def test_bulk_assignment_refuses_only_what_it_must(officer):
    round_ = factories.round_("open")
    entries = [factories.entry(round_, versions=[factories.published_set()]) for _ in range(3)]
    assessors = [factories.assessor() for _ in range(2)]
    affiliated(assessors[0], entries[1].subject)
    type(assessors[1]).objects.filter(pk=assessors[1].pk).update(capacity=2)
    pairs = [(entry.pk, assessor.pk) for assessor in assessors for entry in entries]
    made, refusals = rounds.assign_many(round_.pk, pairs, by=officer)
    assert len(made) == 4
    assert [(entry.pk, assessor.pk) for entry, assessor, _why in refusals] == [
        (entries[1].pk, assessors[0].pk),
        (entries[2].pk, assessors[1].pk),
    ]
    # One notice a person.
    assert Notice.objects.filter(kind="assignment_offered").count() == 2
    with pytest.raises(RuleBroken, match="already"):
        rounds.assign(entries[0].pk, assessors[0].pk, by=officer)


def test_an_entry_of_another_round_is_not_reached(officer):
    entry, other = factories.entry(), factories.entry()
    made, refusals = rounds.assign_many(entry.round_id, [(other.pk, factories.assessor().pk)], by=officer)
    assert (made, refusals) == ([], [])


def test_assigning_costs_the_same_for_few_and_many(officer, django_assert_max_num_queries):
    round_ = factories.round_("open")
    entries = [factories.entry(round_, versions=[factories.published_set()]) for _ in range(6)]
    assessors = [factories.assessor() for _ in range(5)]
    with django_assert_max_num_queries(60):
        made, _ = rounds.assign_many(round_.pk, [(e.pk, a.pk) for e in entries for a in assessors], by=officer)
    assert len(made) == 30


def test_only_officers_assign():
    entry = factories.entry()
    with pytest.raises(RuleBroken, match="may not"):
        rounds.assign(entry.pk, factories.assessor().pk, by=factories.assessor().user)


# --- answering -----------------------------------------------------------------------------------


def test_accept():
    row = factories.assignment(status="offered")
    assert rounds.answer(row.pk, "accept", by=row.assessor.user).status == "accepted"
    with pytest.raises(RuleBroken, match="no longer possible"):
        rounds.answer(row.pk, "accept", by=row.assessor.user)


def test_decline_with_a_reason_tells_the_officers(officer):
    row = factories.assignment(status="offered")
    with pytest.raises(RuleBroken, match="reason"):
        rounds.answer(row.pk, "decline", by=row.assessor.user)
    rounds.answer(row.pk, "decline", by=row.assessor.user, why="No time")
    assert "No time" in Notice.objects.get(user=officer).text_en
    assert not ConflictOfInterest.objects.exists()


def test_declining_for_a_conflict_bars_the_subject_in_every_round():
    row = factories.assignment(status="offered")
    other = factories.assignment(factories.entry(subject_=row.entry.subject), row.assessor)
    rounds.answer(row.pk, "decline", by=row.assessor.user, why="My book", conflict=True)
    conflict = ConflictOfInterest.objects.get()
    assert (conflict.source, conflict.reason, conflict.subject) == ("declared", "My book", row.entry.subject)
    other.refresh_from_db()
    assert other.status == "withdrawn" and other.moves.get().action == "recuse"
    with pytest.raises(RuleBroken, match="cannot accept"):
        rounds.answer(factories.assignment(status="offered").pk, "accept", by=row.assessor.user, conflict=True)


def test_nobody_answers_for_another():
    row = factories.assignment(status="offered")
    for other in (factories.assessor().user, factories.officer()):
        with pytest.raises(Assignment.DoesNotExist):
            rounds.answer(row.pk, "accept", by=other)


@pytest.mark.parametrize(("status", "days"), [("moderation", 5), ("open", -1), ("draft", 5), ("cancelled", 5)])
def test_nothing_is_accepted_out_of_time(status, days):
    row = factories.assignment(factories.entry(factories.round_(status, deadline=tomorrow(days))), status="offered")
    with pytest.raises(RuleBroken, match=r"not open|has passed"):
        rounds.answer(row.pk, "accept", by=row.assessor.user)


def test_withdraw_and_ask_again(officer):
    row = factories.assignment()
    with pytest.raises(RuleBroken, match="reason"):
        rounds.withdraw(row.pk, by=officer, why="")
    with pytest.raises(RuleBroken, match="may not"):
        rounds.withdraw(row.pk, by=row.assessor.user, why="x")
    rounds.withdraw(row.pk, by=officer, why="Ill")
    assert "Ill" in Notice.objects.get(user=row.assessor.user).text_en
    again = rounds.assign(row.entry_id, row.assessor_id, by=officer)
    assert (again.pk, again.status, again.alias) == (row.pk, "offered", row.alias)
    assert list(again.moves.values_list("action", flat=True)) == ["withdraw", "offer"]
