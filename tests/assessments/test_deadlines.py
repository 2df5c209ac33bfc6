"""Until when each assessor has time: own deadlines, requests for more time, and requests to assess that lapse."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation

from assessments.models import Assignment, Extension, Round
from assessments.services import assessments, deadlines, rounds
from secretariat import calendar
from secretariat.errors import RuleBroken
from secretariat.models import Notice
from tests import factories
from tests.assessments import round_pages
from tests.assessments.asking_time import ahead, asked, filled, over
from tests.refusal import refused
from tests.together import PATIENCE, at_once, somebody_waits, wait_until

pytestmark = pytest.mark.django_db
Decision = Extension.Decision


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


# ------------------------------------------------------------------ the deadline that counts
def test_the_later_of_two_deadlines_counts(officer, given):
    assert given.deadline == given.entry.round.deadline
    deadlines.give_time(given.entry.round_id, [given.pk], ahead(days=30), by=officer, why="Illness")
    given = Assignment.objects.with_due().get(pk=given.pk)
    assert given.deadline == given.due == given.due_at
    rounds.extend_deadline(given.entry.round_id, ahead(days=50), by=officer, why="Holidays")
    given = Assignment.objects.with_due().get(pk=given.pk)
    assert given.deadline == given.due == given.entry.round.deadline > given.due_at


def test_after_the_deadline_nothing_is_submitted_and_more_time_opens_it_again(officer, given):
    version = filled(given)
    over(given)
    with pytest.raises(RuleBroken, match="Your deadline has passed"):
        assessments.submit(given.pk, by=given.assessor.user, version=version)
    deadlines.give_time(given.entry.round_id, [given.pk], ahead(days=1), by=officer, why="Illness")
    assert assessments.submit(given.pk, by=given.assessor.user, version=version).submitted_at


def test_the_database_takes_no_assessment_after_the_deadline(officer, given):
    other = factories.assignment(given.entry)
    over(given)
    with refused("submitted_in_time"):
        Assignment.objects.filter(pk=given.pk).update(status="submitted")
    deadlines.give_time(given.entry.round_id, [other.pk], ahead(days=1), by=officer, why="Illness")
    with transaction.atomic():
        round_pages.submit(other)
    with refused("submitted_in_time"):
        Assignment.objects.filter(pk=given.pk).update(status="submitted")


def test_the_database_takes_no_deadline_that_nobody_granted(officer, given):
    with refused("own_deadline_was_granted"):
        Assignment.objects.filter(pk=given.pk).update(due_at=ahead(days=90))
    deadlines.give_time(given.entry.round_id, [given.pk], ahead(days=30), by=officer, why="Illness")
    with refused("own_deadline_was_granted"):
        Assignment.objects.filter(pk=given.pk).update(due_at=F("due_at") + timedelta(days=1))
    with refused("own_deadline_was_granted"):
        Assignment.objects.filter(pk=given.pk).update(due_at=None)


@pytest.mark.django_db(transaction=True)
def test_a_submit_waits_for_the_round_that_is_being_closed():
    """Whoever submits while the deadline is moved is judged by the deadline that stands afterwards."""
    given = factories.assignment()
    version, held = filled(given), threading.Event()

    def move_back():
        with transaction.atomic():
            Round.objects.select_for_update(no_key=True).get(pk=given.entry.round_id)
            held.set()
            wait_until(somebody_waits)
            Round.objects.filter(pk=given.entry.round_id).update(deadline=timezone.now() - timedelta(seconds=1))

    def submit():
        held.wait(PATIENCE)
        return assessments.submit(given.pk, by=given.assessor.user, version=version)

    outcomes = at_once(move_back, submit)
    assert isinstance(outcomes[1], RuleBroken), outcomes
    assert Assignment.objects.get().status == "accepted"


# ------------------------------------------------------------------ given by an officer
def test_more_time_is_on_record_with_its_reason(officer, given):
    former, until = given.deadline, ahead(days=30)
    (moved,) = deadlines.give_time(given.entry.round_id, [given.pk], until, by=officer, why=" Illness ")
    extension = Extension.objects.get()
    assert (extension.former, extension.until, extension.decided_by, extension.decided_why) == (former, until, officer, "Illness")
    assert (extension.asked_by, extension.decision) == (None, "granted") and moved.due_at == until
    notice = Notice.objects.get(user=given.assessor.user)
    assert "Illness" in notice.text_en and given.entry.subject.title in notice.text_en


def test_more_time_for_several_tells_each_assessor_once(officer):
    entries = round_pages.entries(3)
    busy, other = factories.assessor(), factories.assessor()
    rows = [factories.assignment(entry, busy) for entry in entries] + [factories.assignment(entries[0], other)]
    moved = deadlines.give_time(entries[0].round_id, [row.pk for row in rows], ahead(days=30), by=officer, why="Nowruz")
    assert len(moved) == 4 and Extension.objects.count() == 4
    assert [Notice.objects.filter(user=person.user).count() for person in (busy, other)] == [1, 1]
    assert "3 products" in Notice.objects.get(user=busy.user).text_en


def test_those_who_have_as_much_time_already_are_left_as_they_are(officer, given):
    other = factories.assignment(given.entry)
    deadlines.give_time(given.entry.round_id, [given.pk], ahead(days=60), by=officer, why="Illness")
    moved = deadlines.give_time(given.entry.round_id, [given.pk, other.pk], ahead(days=30), by=officer, why="Nowruz")
    assert [row.pk for row in moved] == [other.pk]
    with pytest.raises(RuleBroken, match="later than the present deadline") as broken:
        deadlines.give_time(given.entry.round_id, [given.pk, other.pk], ahead(days=29), by=officer, why="Nowruz")
    assert broken.value.field == "until"


def test_who_gives_more_time_and_when(officer, given):
    give = deadlines.give_time
    with pytest.raises(RuleBroken, match="may not"):
        give(given.entry.round_id, [given.pk], ahead(days=30), by=given.assessor.user, why="x")
    with pytest.raises(RuleBroken, match="reason"):
        give(given.entry.round_id, [given.pk], ahead(days=30), by=officer, why=" ")
    over(given, days=5)
    with pytest.raises(RuleBroken, match="later than now"):
        give(given.entry.round_id, [given.pk], timezone.now() - timedelta(days=1), by=officer, why="x")
    done = factories.submitted_assessment().assignment
    with pytest.raises(RuleBroken, match="nothing left to do"):
        give(done.entry.round_id, [done.pk], ahead(days=30), by=officer, why="x")
    stranger = factories.assignment()
    with pytest.raises(RuleBroken, match="at least one"):
        give(given.entry.round_id, [stranger.pk], ahead(days=30), by=officer, why="x")
    Round.objects.filter(pk=stranger.entry.round_id).update(status="moderation")
    with pytest.raises(RuleBroken, match="not open"):
        give(stranger.entry.round_id, [stranger.pk], ahead(days=30), by=officer, why="x")
    assert not Extension.objects.exists()


# ------------------------------------------------------------------ asked for by the assessor
def test_an_assessor_asks_once_and_an_officer_grants(officer, given):
    request = asked(given)
    assert "Illness" in Notice.objects.get(user=officer).text_en
    with pytest.raises(RuleBroken, match="asked already"):
        asked(given)
    deadlines.answer_request(request.pk, Decision.GRANTED, by=officer, until=ahead(days=25), why="A week must do")
    given.refresh_from_db()
    request.refresh_from_db()
    assert given.due_at == request.until and request.decided_by == officer
    assert "A week must do" in Notice.objects.get(user=given.assessor.user).text_en
    with pytest.raises(RuleBroken, match="answered meanwhile: granted"):
        deadlines.answer_request(request.pk, Decision.REFUSED, by=officer, why="x")
    asked(given, ahead(days=90))  # later he may ask again


def test_a_refusal_needs_a_reason_and_leaves_the_deadline(officer, given):
    request = asked(given)
    with pytest.raises(RuleBroken, match="reason") as broken:
        deadlines.answer_request(request.pk, Decision.REFUSED, by=officer)
    assert broken.value.field == "why"
    deadlines.answer_request(request.pk, Decision.REFUSED, by=officer, why="The council meets on Sunday")
    given.refresh_from_db()
    assert given.due_at is None and "council meets" in Notice.objects.get(user=given.assessor.user).text_en


def test_what_was_asked_for_is_granted_when_nothing_else_is_said(officer, given):
    request = asked(given)
    deadlines.answer_request(request.pk, Decision.GRANTED, by=officer)
    given.refresh_from_db()
    assert given.due_at == request.asked_until


def test_time_given_unasked_answers_the_request_too(officer, given):
    request = asked(given)
    deadlines.give_time(given.entry.round_id, [given.pk], ahead(days=30), by=officer, why="For everybody")
    request.refresh_from_db()
    given.refresh_from_db()
    assert (request.decision, request.until) == ("granted", given.due_at)


def test_nobody_asks_for_another_or_after_the_round(officer, given):
    with pytest.raises(Assignment.DoesNotExist):
        deadlines.ask_time(given.pk, ahead(days=30), by=factories.assessor().user, why="x")
    with pytest.raises(RuleBroken, match="later than now"):
        asked(given, ahead(days=2))
    with pytest.raises(RuleBroken, match="reason"):
        asked(given, why=" ")
    request = asked(given)
    with pytest.raises(RuleBroken, match="may not"):
        deadlines.answer_request(request.pk, Decision.GRANTED, by=given.assessor.user)
    rounds.move_round(given.entry.round_id, "close", by=officer, why="Enough")
    with pytest.raises(RuleBroken, match="not open"):
        deadlines.answer_request(request.pk, Decision.GRANTED, by=officer)


def test_more_time_can_be_asked_for_after_the_deadline(given):
    over(given, days=3)
    assert asked(given, ahead(days=2)).pk


@pytest.mark.django_db(transaction=True)
def test_two_officers_answer_at_once():
    officers, given = [factories.officer(), factories.officer()], factories.assignment()
    request = asked(given)
    outcomes = at_once(
        lambda: deadlines.answer_request(request.pk, Decision.GRANTED, by=officers[0]),
        lambda: deadlines.answer_request(request.pk, Decision.REFUSED, by=officers[1], why="No"),
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Extension", "RuleBroken"]


# ------------------------------------------------------------------ what the database refuses
def bulk(assignment, **fields):
    return Extension.objects.bulk_create([Extension(assignment=assignment, **fields)])


def test_a_request_is_decided_wholly_or_not_at_all(officer, given):
    request = {"asked_by": given.assessor.user, "asked_until": ahead(days=30), "asked_why": "x"}
    whole = {"decided_by": officer, "decided_at": timezone.now(), "former": given.deadline}
    for wrong in (
        {**request, "decided_by": officer},
        {**request, "decision": "granted", **whole},
        {**request, "decision": "granted", **whole, "until": given.deadline},
        {**request, "decision": "refused", **whole},
        {**request, "decision": "lost", **whole, "until": ahead(days=40)},
    ):
        with refused("extension_decided_by_somebody_or_open"):
            bulk(given, **wrong)


def test_time_is_asked_for_or_given_for_a_reason(officer, given):
    whole = {"decision": "granted", "decided_by": officer, "decided_at": timezone.now(), "former": given.deadline, "until": ahead(days=40)}
    for wrong in (
        whole,
        {"asked_by": given.assessor.user, "asked_until": ahead(days=30)},
        {"asked_by": given.assessor.user, "asked_why": "x"},
        {},
    ):
        with refused("extension_asked_or_given_for_a_reason"):
            bulk(given, **wrong)


def test_there_is_one_open_request_an_assignment(given):
    request = {"asked_by": given.assessor.user, "asked_until": ahead(days=30), "asked_why": "x"}
    bulk(given, **request)
    with refused("one_open_request_an_assignment"):
        bulk(given, **request)


def test_what_was_decided_stays(officer, given):
    request = asked(given)
    with refused("decided_extension_stays"):
        Extension.objects.filter(pk=request.pk).update(asked_why="Something else")
    with refused("decided_extension_stays"):
        Extension.objects.filter(pk=request.pk).delete()
    deadlines.answer_request(request.pk, Decision.REFUSED, by=officer, why="No")
    with refused("decided_extension_stays"):
        Extension.objects.filter(pk=request.pk).update(decided_why="Perhaps")


# ------------------------------------------------------------------ answers that do not come
def test_an_offer_waits_for_its_answer_from_the_opening_on(officer):
    entry = factories.entry(factories.round_(answer_days=3))
    offer = rounds.assign(entry.pk, factories.assessor().pk, by=officer)
    assert offer.answer_by is None
    rounds.move_round(entry.round_id, "open", by=officer)
    later = rounds.assign(entry.pk, factories.assessor().pk, by=officer)
    offer.refresh_from_db()
    later.refresh_from_db()
    last = calendar.deadline(calendar.today(), 3).due
    assert calendar.day_of(offer.answer_by) == calendar.day_of(later.answer_by) == last
    assert "Your answer is awaited until" in Notice.objects.get(user=offer.assessor.user).text_en


def test_an_answer_is_never_awaited_beyond_the_deadline(officer):
    entry = factories.entry(factories.round_("open", answer_days=60, deadline=ahead(days=4)))
    offer = rounds.assign(entry.pk, factories.assessor().pk, by=officer)
    offer.refresh_from_db()
    assert offer.answer_by == entry.round.deadline


def test_without_days_to_answer_an_offer_just_waits(officer):
    entry = factories.entry(factories.round_("open", answer_days=0))
    offer = rounds.assign(entry.pk, factories.assessor().pk, by=officer)
    offer.refresh_from_db()
    assert offer.answer_by is None and deadlines.lapse_offers(ahead(days=400)) == 0


def test_unanswered_offers_lapse_once_and_both_sides_are_told(officer):
    entry = factories.entry(factories.round_("open"))
    offers = [rounds.assign(entry.pk, factories.assessor().pk, by=officer) for _ in range(2)]
    taken = rounds.assign(entry.pk, factories.assessor().pk, by=officer)
    rounds.answer(taken.pk, "accept", by=taken.assessor.user)
    assert deadlines.lapse_offers() == 0
    assert deadlines.lapse_offers(ahead(days=30)) == 2
    assert deadlines.lapse_offers(ahead(days=30)) == 0
    for offer in offers:
        offer.refresh_from_db()
        assert offer.status == "lapsed"
        assert offer.moves.filter(action="lapse", by=None).count() == 1
        assert Notice.objects.filter(user=offer.assessor.user, kind="assignment_lapsed").count() == 1
    told = Notice.objects.get(user=officer, kind="assignments_lapsed")
    assert told.text_en.startswith("2 requests")
    taken.refresh_from_db()
    assert taken.status == "accepted"


def test_whoever_lapsed_can_be_asked_again_with_a_new_time_to_answer(officer):
    entry = factories.entry(factories.round_("open"))
    offer = rounds.assign(entry.pk, factories.assessor().pk, by=officer)
    Assignment.objects.filter(pk=offer.pk).update(answer_by=timezone.now() - timedelta(days=1))
    deadlines.lapse_offers()
    with pytest.raises(RuleBroken, match="no longer possible"):
        rounds.answer(offer.pk, "accept", by=offer.assessor.user)
    again = rounds.assign(entry.pk, offer.assessor_id, by=officer)
    again.refresh_from_db()
    assert again.pk == offer.pk and again.status == "offered" and again.answer_by > timezone.now()


def test_offers_of_a_round_that_is_not_open_do_not_lapse(officer):
    entry = factories.entry(factories.round_("open"))
    rounds.assign(entry.pk, factories.assessor().pk, by=officer)
    rounds.move_round(entry.round_id, "close", by=officer, why="Enough")
    assert deadlines.lapse_offers(ahead(days=30)) == 0


@pytest.mark.django_db(transaction=True)
def test_an_answer_and_a_lapse_at_once_leave_one_of_them():
    officer = factories.officer()
    entry = factories.entry(factories.round_("open"))
    offer = rounds.assign(entry.pk, factories.assessor().pk, by=officer)
    outcomes = at_once(
        lambda: rounds.answer(offer.pk, "accept", by=offer.assessor.user),
        lambda: deadlines.lapse_offers(ahead(days=30)),
        lambda: deadlines.lapse_offers(ahead(days=30)),
    )
    offer.refresh_from_db()
    assert (offer.status == "accepted") == (not isinstance(outcomes[0], RuleBroken))
    assert offer.moves.exclude(action="offer").count() == 1
