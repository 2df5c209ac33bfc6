"""Two hands at the same moment: real transactions in threads on one PostgreSQL."""

import threading

import pytest
from django.db import transaction
from django.utils import timezone

from assessments.models import Affiliation, Assessment, Assessor, Assignment, AssignmentMove, Round
from assessments.services import rounds
from secretariat.errors import RuleBroken
from secretariat.models import RoleGrant
from tests import factories
from tests.together import PATIENCE, at_once, somebody_waits, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_officers_ask_the_same_assessor_at_once():
    officers, entry, assessor = [factories.officer(), factories.officer()], factories.entry(), factories.assessor()
    outcomes = at_once(*(lambda by=by: rounds.assign(entry.pk, assessor.pk, by=by) for by in officers))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Assignment", "RuleBroken"]
    assert entry.assignments.count() == 1 and AssignmentMove.objects.count() == 1


def test_capacity_holds_when_two_officers_ask_about_different_products():
    officers, assessor = [factories.officer(), factories.officer()], factories.assessor()
    Assessor.objects.update(capacity=1)
    entries = [factories.entry(), factories.entry()]
    outcomes = at_once(
        *(lambda e=e, by=by: rounds.assign(e.pk, assessor.pk, by=by) for e, by in zip(entries, officers, strict=True))
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Assignment", "RuleBroken"]
    assert Assignment.objects.count() == 1


def test_pseudonyms_stay_apart_when_two_are_asked_at_once():
    officer, entry = factories.officer(), factories.entry()
    assessors = [factories.assessor() for _ in range(4)]
    outcomes = at_once(*(lambda a=a: rounds.assign(entry.pk, a.pk, by=officer) for a in assessors))
    assert sorted(row.alias for row in outcomes) == [1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["affiliation", "role"])
@pytest.mark.parametrize("first", ["tie", "assignment", "together"])
def test_a_tie_added_while_assigning_leaves_no_conflicted_assignment(kind, first):
    officer, entry, assessor = factories.officer(), factories.entry(), factories.assessor()
    agency = entry.subject.agency
    began, ended = threading.Event(), threading.Event()

    def in_turn(me, act):
        """Act within a transaction; who is first stays in it until the other one has run into it (waits for a lock, or has ended)."""
        if first not in (me, "together"):
            began.wait(PATIENCE)
        try:
            with transaction.atomic():
                made = act()
                if first == me:
                    began.set()
                    wait_until(lambda: somebody_waits() or ended.is_set())
            return made
        finally:
            ended.set()

    def tie():
        if kind == "affiliation":
            Affiliation.objects.create(assessor=assessor, agency=agency)
        else:
            RoleGrant.objects.create(user=assessor.user, role="representative", agency=agency)

    jobs = {"tie": tie, "assignment": lambda: rounds.assign(entry.pk, assessor.pk, by=officer)}
    tied, assigned = at_once(*(lambda me=me, act=act: in_turn(me, act) for me, act in jobs.items()))
    assert tied is None
    assert not Assignment.objects.active().exists()
    if first == "tie":
        assert isinstance(assigned, RuleBroken) and not Assignment.objects.exists()
    if first == "assignment":
        assert Assignment.objects.get().moves.order_by("pk").last().action == "recuse"


def test_a_tie_past_the_services_meets_an_assignment_past_the_services():
    """Both written by raw bulk inserts at once: one of the two transactions is refused by the database."""
    entry, assessor = factories.entry(), factories.assessor()
    both_wrote = threading.Barrier(2)

    def tie():
        with transaction.atomic():
            Affiliation.objects.bulk_create([Affiliation(assessor=assessor, agency=entry.subject.agency)])
            both_wrote.wait(PATIENCE)

    def assign():
        with transaction.atomic():
            Assignment.objects.bulk_create([Assignment(entry=entry, assessor=assessor, alias=1)])
            both_wrote.wait(PATIENCE)

    outcomes = at_once(tie, assign)
    assert sum(outcome is not None for outcome in outcomes) == 1
    assert not (Affiliation.objects.exists() and Assignment.objects.active().exists())


def test_submitting_while_a_tie_is_added_ends_without_deadlock():
    row = factories.assignment()

    def submit():
        with transaction.atomic():
            Assessment.objects.create(assignment=row, submitted_at=timezone.now())
            Assignment.objects.filter(pk=row.pk, status="accepted").update(status="submitted")

    _submitted, tie = at_once(submit, lambda: Affiliation.objects.create(assessor=row.assessor, agency=row.entry.subject.agency))
    assert isinstance(tie, Affiliation)
    assert not Assignment.objects.active().exists()


def test_closing_while_somebody_accepts():
    officer, row = factories.officer(), factories.assignment(status="offered")
    for outcome in at_once(
        lambda: rounds.move_round(row.entry.round_id, "close", by=officer, why="Now"),
        lambda: rounds.answer(row.pk, "accept", by=row.assessor.user),
    ):
        assert isinstance(outcome, Round | Assignment | RuleBroken) or "not open for assessment" in str(outcome)
    row.refresh_from_db()
    assert Round.objects.get().status == "moderation" and row.status in ("offered", "accepted")
