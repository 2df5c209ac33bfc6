"""Conflicts that the portal finds by itself, their sentences, and what comes of them."""

import pytest
from django.db import transaction
from django.utils import timezone, translation

from assessments.models import (
    Affiliation,
    Assessment,
    Assignment,
    ConflictOfInterest,
    ConflictWaiver,
    Entry,
    Relation,
    Round,
    SubjectMaker,
)
from assessments.selectors.conflicts import conflicts as conflicts_of
from assessments.selectors.conflicts import ties
from assessments.services import conflicts, rounds, waivers
from secretariat.errors import RuleBroken
from secretariat.models import Notice
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


SARA = {"first_name": "سارا", "last_name": "یوسفی"}


def makers(subject, *names):
    conflicts.set_makers(subject.pk, [(name, "author", None) for name in names])


def relation(assessor, name="دکتر سارا یوسفی", kind="kin"):
    return Relation.objects.create(assessor=assessor, kind=kind, name=name)


def submitted():
    with transaction.atomic():
        row = factories.assignment()
        Assessment.objects.create(assignment=row, submitted_at=timezone.now())
        Assignment.objects.filter(pk=row.pk).update(status="submitted")
    row.refresh_from_db()
    return row


# --- what comes to light while somebody is at work -------------------------------------------------


def a_relation_to_a_maker(row):
    makers(row.entry.subject, "سارا یوسفی")
    relation(row.assessor)


def a_maker_he_is_related_to(row):
    relation(row.assessor)
    makers(row.entry.subject, "سارا یوسفی")


def a_maker_of_his_name(row):
    row.assessor.user.first_name, row.assessor.user.last_name = "سارا", "یوسفی"
    row.assessor.user.save()
    makers(row.entry.subject, "خانم سارا یوسفی")


def his_name_becomes_a_makers(row):
    makers(row.entry.subject, "سارا یوسفی")
    row.assessor.user.first_name, row.assessor.user.last_name = "سارا", "یوسفی"
    row.assessor.user.save(update_fields=["first_name", "last_name"])


def his_account_handed_it_in(row):
    conflicts.set_makers(row.entry.subject_id, [("کسی", "handed it in", row.assessor.user)])


def a_head_he_is_related_to(row):
    relation(row.assessor)
    agency = row.entry.subject.agency
    agency.head = "سارا یوسفی"
    agency.save()


def a_representative_he_is_related_to(row):
    relation(row.assessor)
    factories.representative(row.entry.subject.agency, **SARA)


def a_representative_is_renamed(row):
    relation(row.assessor)
    speaker = factories.representative(row.entry.subject.agency)
    speaker.name_en = "x"
    speaker.first_name, speaker.last_name = "سارا", "یوسفی"
    speaker.save()


@pytest.mark.parametrize(
    "tie",
    [
        a_relation_to_a_maker,
        a_maker_he_is_related_to,
        a_maker_of_his_name,
        his_name_becomes_a_makers,
        his_account_handed_it_in,
        a_head_he_is_related_to,
        a_representative_he_is_related_to,
        a_representative_is_renamed,
    ],
)
@pytest.mark.parametrize("make", [factories.assignment, submitted])
def test_a_tie_by_name_ends_the_assignment(tie, make):
    row, officer = make(), factories.officer()
    beside = factories.assignment(entry_=row.entry)
    elsewhere = factories.assignment(assessor_=row.assessor)
    was = row.status
    tie(row)
    for one in (row, beside, elsewhere):
        one.refresh_from_db()
    assert (row.status, beside.status, elsewhere.status) == ("withdrawn", "accepted", "accepted")
    assert row.moves.get().action == "recuse" and row.moves.get().why
    assert Entry.objects.get(pk=row.entry_id).inputs_version == (1 if was == "submitted" else 0)
    with pytest.raises(RuleBroken, match="Conflict of interest"):
        rounds.assign(row.entry_id, row.assessor_id, by=officer)
    assert Notice.objects.filter(user=officer, kind="assignment_recused").exists()


def test_fixed_scores_go_back_to_moderation():
    row = submitted()
    Round.objects.filter(pk=row.entry.round_id).update(status="scored")
    relation(row.assessor)
    makers(row.entry.subject, "سارا یوسفی")
    row.refresh_from_db()
    assert row.status == "withdrawn" and Round.objects.get(pk=row.entry.round_id).status == "moderation"


def test_ties_to_others_change_nothing():
    row = factories.assignment()
    relation(row.assessor, "رضا کریمی")
    makers(row.entry.subject, "سارا یوسفی", "رضا کریمیان")
    factories.representative(row.entry.subject.agency, **SARA)
    row.refresh_from_db()
    assert row.status == "accepted" and conflicts_of([row.entry.subject], [row.assessor]) == {}


# --- who is behind a subject -----------------------------------------------------------------------


def test_makers_are_replaced_and_told_apart_by_name():
    subject, user = factories.subject(), factories.user()
    conflicts.set_makers(subject.pk, [("سارا یوسفی", "نویسنده", None), ("دکتر سارا یوسفی", "ناشر", None), ("–", "", None)])
    first = SubjectMaker.objects.get()
    assert (first.name, first.part) == ("سارا یوسفی", "نویسنده")
    conflicts.set_makers(subject.pk, [("سارا یوسفی", "ویراستار", user), ("رضا کریمی", "", None)])
    assert set(SubjectMaker.objects.values_list("name", "part", "user")) == {
        ("سارا یوسفی", "ویراستار", user.pk),
        ("رضا کریمی", "", None),
    }
    assert SubjectMaker.objects.filter(pk=first.pk).exists()


# --- the sentences ---------------------------------------------------------------------------------


def test_every_tie_is_told_and_the_firm_ones_first():
    subject, assessor = factories.subject(), factories.assessor(**SARA)
    agency = subject.agency
    Affiliation.objects.create(assessor=assessor, agency=agency, kind="former")
    makers(subject, "سارا یوسفی", "رضا کریمی")
    relation(assessor, "رضا کریمی", "spouse")
    factories.granted("representative", assessor.user, agency=agency)
    conflicts.set_conflict(assessor.pk, subject.pk, "Kin", by=factories.officer())
    whys = ties([subject], [assessor])[subject.pk, assessor.pk]
    assert [why.firm for why in whys] == [True, True, False, False, False]
    said = " ".join(why.sentence for why in whys)
    for words in ("agency representative", "worked there before", "سارا یوسفی (author)", "رضا کریمی is behind it (spouse)", "Kin"):
        assert words in said, words


def test_sentences_cost_the_same_for_many(django_assert_max_num_queries):
    subjects = [factories.subject() for _ in range(20)]
    assessors = [factories.assessor() for _ in range(20)]
    for subject, assessor in zip(subjects, assessors, strict=True):
        makers(subject, f"نام {subject.pk}")
        relation(assessor, f"نام {subject.pk}")
    with django_assert_max_num_queries(9):
        assert len(conflicts_of(subjects, assessors)) == 20


# --- staff's and one's own word --------------------------------------------------------------------


def test_what_staff_recorded_ends_with_a_reason_and_may_come_back():
    officer, row = factories.officer(), factories.assignment()
    made = conflicts.set_conflict(row.assessor_id, row.entry.subject_id, "Kin", by=officer)
    with pytest.raises(RuleBroken, match="reason"):
        conflicts.end_conflict(made.pk, by=officer, why=" ")
    with pytest.raises(RuleBroken, match="may not"):
        conflicts.end_conflict(made.pk, by=row.assessor.user, why="x")
    conflicts.end_conflict(made.pk, by=officer, why="Not kin after all")
    rounds.assign(row.entry_id, row.assessor_id, by=officer)
    with pytest.raises(RuleBroken, match="over already"):
        conflicts.end_conflict(made.pk, by=officer, why="x")
    conflicts.set_conflict(row.assessor_id, row.entry.subject_id, "Kin again", by=officer)
    row.refresh_from_db()
    assert row.status == "withdrawn" and ConflictOfInterest.objects.get().until is None


def test_what_he_declared_himself_stays_his():
    officer, row = factories.officer(), factories.assignment(status="offered")
    conflicts.set_conflict(row.assessor_id, row.entry.subject_id, "Staff says so", by=officer)
    declared = ConflictOfInterest.Source.DECLARED
    conflicts.set_conflict(row.assessor_id, row.entry.subject_id, "My wife", by=row.assessor.user, source=declared, kind="kin")
    made = conflicts.set_conflict(row.assessor_id, row.entry.subject_id, "Staff again", by=officer)
    made.refresh_from_db()
    assert (made.source, made.kind, made.reason) == ("declared", "kin", "My wife")
    with pytest.raises(RuleBroken, match="himself"):
        conflicts.end_conflict(made.pk, by=officer, why="x")


# --- waivers ---------------------------------------------------------------------------------------


@pytest.fixture
def tied():
    """An entry and an assessor who is a member of its agency."""
    entry, assessor = factories.entry(), factories.assessor()
    Affiliation.objects.create(assessor=assessor, agency=entry.subject.agency, kind="member")
    return entry, assessor


def test_a_waiver_from_asking_to_its_end(tied):
    entry, assessor = tied
    first, second = factories.officer(), factories.officer()
    waiver = waivers.ask(assessor.pk, entry.subject_id, "Nobody else knows this script", by=first)
    assert Notice.objects.filter(user=second, kind="waiver_asked").exists()
    with pytest.raises(RuleBroken, match="already"):
        waivers.ask(assessor.pk, entry.subject_id, "x", by=second)
    with pytest.raises(RuleBroken, match="may not"):
        waivers.grant(waiver.pk, by=first)
    with pytest.raises(RuleBroken, match="Conflict"):
        rounds.assign(entry.pk, assessor.pk, by=first)
    waiver = waivers.grant(waiver.pk, by=second)
    assert (waiver.status, waiver.granted_by) == ("granted", second) and "member" in waiver.lifts
    assert Notice.objects.filter(user=first, kind="waiver_decided").exists()
    row = rounds.assign(entry.pk, assessor.pk, by=first)
    with pytest.raises(RuleBroken, match="reason"):
        waivers.end(waiver.pk, by=first, why=" ")
    waivers.end(waiver.pk, by=first, why="It came to light that …")
    row.refresh_from_db()
    assert row.status == "withdrawn" and "affiliated" in row.moves.order_by("-pk").first().why
    assert [move.action for move in waiver.moves.all()] == ["ask", "grant", "end"]
    waivers.ask(assessor.pk, entry.subject_id, "Again", by=second)


def test_a_waiver_that_is_not_granted_lifts_nothing(tied):
    entry, assessor = tied
    first, second = factories.officer(), factories.officer()
    waiver = waivers.ask(assessor.pk, entry.subject_id, "x", by=first)
    with pytest.raises(RuleBroken, match="reason"):
        waivers.refuse(waiver.pk, by=second, why="")
    waivers.refuse(waiver.pk, by=second, why="Others know it too")
    with pytest.raises(RuleBroken, match="no longer possible"):
        waivers.grant(waiver.pk, by=second)
    with pytest.raises(RuleBroken, match="Conflict"):
        rounds.assign(entry.pk, assessor.pk, by=first)


def test_who_may_ask_and_for_what(tied):
    entry, assessor = tied
    officer = factories.officer()
    with pytest.raises(RuleBroken, match="may not"):
        waivers.ask(assessor.pk, entry.subject_id, "x", by=assessor.user)
    with pytest.raises(RuleBroken, match="reason"):
        waivers.ask(assessor.pk, entry.subject_id, " ", by=officer)
    with pytest.raises(RuleBroken, match="Nothing ties"):
        waivers.ask(factories.assessor().pk, entry.subject_id, "x", by=officer)
    factories.granted("representative", assessor.user, agency=entry.subject.agency)
    with pytest.raises(RuleBroken, match="No waiver lifts"):
        waivers.ask(assessor.pk, entry.subject_id, "x", by=officer)
    assert not ConflictWaiver.objects.exists()


def test_a_firm_tie_that_comes_later_ends_what_a_waiver_allowed(tied):
    entry, assessor = tied
    waiver = waivers.ask(assessor.pk, entry.subject_id, "x", by=factories.officer())
    factories.granted("representative", assessor.user, agency=factories.agency())
    waivers.grant(waiver.pk, by=factories.officer())
    row = rounds.assign(entry.pk, assessor.pk, by=factories.officer())
    makers(entry.subject, assessor.user.get_full_name())
    row.refresh_from_db()
    assert row.status == "withdrawn"
    with pytest.raises(RuleBroken, match="No waiver lifts"):
        waivers.ask(assessor.pk, entry.subject_id, "x", by=factories.officer())


def test_an_officer_who_assesses_grants_himself_nothing(tied):
    entry, assessor = tied
    waiver = waivers.ask(assessor.pk, entry.subject_id, "x", by=factories.officer())
    factories.granted("officer", assessor.user)
    with pytest.raises(RuleBroken, match="may not"):
        waivers.grant(waiver.pk, by=assessor.user)
