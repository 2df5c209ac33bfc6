"""The roster: who joins it, and how a tie to an agency ends the assignments it forbids."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone, translation

from assessments.models import Affiliation, Assessment, Assessor, Assignment, ConflictOfInterest, Entry
from assessments.services import conflicts, roster, rounds
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Invitation, Notice, RoleGrant, Unit
from secretariat.signals import invitation_accepted
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def officer():
    return factories.officer()


def submitted():
    with transaction.atomic():
        row = factories.assignment()
        Assessment.objects.create(assignment=row, submitted_at=timezone.now())
        Assignment.objects.filter(pk=row.pk).update(status="submitted")
    row.refresh_from_db()
    return row


def affiliate(row):
    return Affiliation.objects.create(assessor=row.assessor, agency=row.entry.subject.agency)


def make_representative(row):
    return RoleGrant.objects.create(user=row.assessor.user, role="representative", agency=row.entry.subject.agency)


def make_unit_officer(row):
    unit = Unit.objects.create(agency=row.entry.subject.agency, kind="county", name_fa="شهرستان")
    return RoleGrant.objects.create(user=row.assessor.user, role="unit_officer", unit=unit)


def record_conflict(row):
    return conflicts.set_conflict(row.assessor_id, row.entry.subject_id, "Kin", by=factories.officer())


TIES = [affiliate, make_representative, make_unit_officer, record_conflict]


@pytest.mark.parametrize("tie", TIES)
@pytest.mark.parametrize("make", [factories.assignment, submitted])
def test_a_tie_that_comes_to_light_ends_the_assignment(tie, make, officer):
    row, elsewhere = make(), None
    elsewhere = factories.assignment(assessor_=row.assessor)
    was = row.status
    tie(row)
    row.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (row.status, elsewhere.status) == ("withdrawn", "accepted")
    move = row.moves.get()
    assert (move.action, move.by, bool(move.why)) == ("recuse", None, True)
    # A counted assessment makes the score stale; one that was never handed in leaves it alone.
    assert Entry.objects.get(pk=row.entry_id).inputs_version == (1 if was == "submitted" else 0)
    assert Notice.objects.filter(user=row.assessor.user, kind="assignment_recused").count() == 1
    assert Notice.objects.filter(user=officer, kind="assignment_recused").exists()


@pytest.mark.parametrize("tie", [affiliate, make_representative])
def test_a_published_round_is_history(tie):
    row = submitted()
    factories.published(row.entry.round)
    tie(row)
    row.refresh_from_db()
    assert row.status == "submitted" and not row.moves.exists()


def test_a_tie_that_is_over_changes_nothing():
    row = factories.assignment()
    Affiliation.objects.create(
        assessor=row.assessor, agency=row.entry.subject.agency, until=timezone.localdate() - timedelta(days=1)
    )
    row.refresh_from_db()
    assert row.status == "accepted"


def test_a_submitted_assessment_that_was_taken_back_can_be_asked_for_again(officer):
    row = submitted()
    tie = affiliate(row)
    with pytest.raises(RuleBroken, match="affiliated"):
        rounds.assign(row.entry_id, row.assessor_id, by=officer)
    tie.delete()
    again = rounds.assign(row.entry_id, row.assessor_id, by=officer)
    assert again.status == "offered"
    assert Assessment.objects.get(assignment=again).submitted_at is None


def test_who_accepts_an_invitation_to_assess_is_on_the_roster(officer):
    people = [factories.user(), factories.user()]
    for person, purpose in zip(people, ("assessor", "officer"), strict=True):
        invitation = Invitation(purpose=purpose, email=person.email, full_name="x", invited_by=officer, expires_at=timezone.now())
        invitation_accepted.send(sender=Invitation, invitation=invitation, user=person)
        invitation_accepted.send(sender=Invitation, invitation=invitation, user=person)
    assert list(Assessor.objects.values_list("user", flat=True)) == [people[0].pk]


def test_add_assessor(officer):
    person, agency, version = factories.user(), factories.agency(), factories.published_set()
    made = roster.add_assessor(
        person, by=officer, capacity=4, field_en="Books", expertise=[version.set], affiliations=[{"agency": agency, "note": "x"}]
    )
    assert (made.capacity, made.field_en, list(made.expertise.all())) == (4, "Books", [version.set])
    assert made.affiliations.get().agency == agency
    with pytest.raises(RuleBroken, match="on the roster already"):
        roster.add_assessor(person, by=officer)
    with pytest.raises(RuleBroken, match="may not"):
        roster.add_assessor(factories.user(), by=person)


def test_edit_assessor_writes_ties_and_refuses_a_stale_form(officer):
    assessor = factories.assessor()
    old, new = factories.agency(), factories.agency()
    tie = Affiliation.objects.create(assessor=assessor, agency=old)
    row = factories.assignment(factories.entry(subject_=factories.subject(new)), assessor)
    wanted = [{"id": None, "agency": new, "since": None, "until": None, "note": ""}]
    roster.edit_assessor(assessor.pk, by=officer, version=1, expertise=[], affiliations=wanted, capacity=3)
    assert not Affiliation.objects.filter(pk=tie.pk).exists() and assessor.affiliations.get().agency == new
    row.refresh_from_db()
    assert row.status == "withdrawn"
    with pytest.raises(Stale):
        roster.edit_assessor(assessor.pk, by=officer, version=1, expertise=[], affiliations=[])
    twice = wanted * 2
    with pytest.raises(RuleBroken, match="named twice"):
        roster.edit_assessor(assessor.pk, by=officer, version=2, expertise=[], affiliations=twice)
    assert assessor.affiliations.count() == 1


def test_staff_conflicts_are_set_by_officers_with_a_reason(officer):
    assessor, subject = factories.assessor(), factories.subject()
    with pytest.raises(RuleBroken, match="reason"):
        conflicts.set_conflict(assessor.pk, subject.pk, " ", by=officer)
    with pytest.raises(RuleBroken, match="may not"):
        conflicts.set_conflict(assessor.pk, subject.pk, "x", by=assessor.user)
    assert not ConflictOfInterest.objects.exists()
