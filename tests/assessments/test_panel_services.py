"""Drafts of panels from rows to rows: filled, changed by hand, filled again, mended, applied."""

import random
from collections import Counter

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessments.models import Affiliation, Assessor, Assignment, Entry, PanelDraft, PanelSeat, Round, SetAside
from assessments.selectors.conflicts import conflicts
from assessments.selectors.panels import preview, troubles
from assessments.services import calibration, panel_seats, panels, rounds
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from tests import factories
from tests.assessments.filled_rounds import filled, seats, unfilled_round

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def officer():
    return factories.officer()


def sizes(draft):
    return Counter(entry for entry, _assessor in seats(draft))


def loads(draft):
    return Counter(assessor for _entry, assessor in seats(draft))


class Undone(Exception):
    """The example is over: nothing of it stays."""


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1), st.sampled_from(["even", "both", "fit"]), st.booleans())
def test_a_filled_draft_keeps_every_rule(seed, weight, stands):
    draw = random.Random(seed)
    try:
        with transaction.atomic():
            round_, people = unfilled_round(draw.randint(1, 9), draw.randint(3, 9), tied=draw.randint(0, 3), seed=seed)
            for person in people:
                Assessor.objects.filter(pk=person.pk).update(capacity=draw.randint(0, 9))
            entries = list(round_.entries.all())
            if stands:
                # Panels that were begun stay, whoever was asked since.
                for entry in draw.sample(entries, (len(entries) + 1) // 2):
                    barred = conflicts([entry.subject], people)
                    free = [one for one in people if (entry.subject_id, one.pk) not in barred]
                    for one in draw.sample(free, min(len(free), draw.randint(1, 3))):
                        factories.assignment(entry, one, "offered")
            before = set(Assignment.objects.values_list("entry", "assessor"))
            draft = filled(round_, weight=weight)
            _check(draft, entries, people, before)
            hold = seats(draft, source="solver")[:2]
            for entry, assessor in hold:
                panel_seats.set_lock(draft.pk, entry, assessor, True, by=factories.officer())
            panels.refill(draft.pk, by=factories.officer(), seed=draw.randint(1, 99))
            panels.fill(draft.pk)
            assert set(hold) <= set(seats(draft))
            _check(draft, entries, people, before)
            if draft.seats.new().exists():
                draft.refresh_from_db()
                panels.apply(draft.pk, by=factories.officer(), version=draft.version)
                after = set(Assignment.objects.values_list("entry", "assessor"))
                assert before <= after == set(seats(draft))
            raise Undone
    except Undone:
        pass


def _check(draft, entries, people, before):
    chosen = set(seats(draft))
    assert before <= chosen and len(chosen) == len(seats(draft))
    barred = conflicts([entry.subject for entry in entries], people)
    subject = {entry.pk: entry.subject_id for entry in entries}
    assert not [pair for pair in chosen if (subject[pair[0]], pair[1]) in barred]
    had, now = Counter(assessor for _entry, assessor in before), loads(draft)
    for person in Assessor.objects.all():
        assert now[person.pk] <= max(person.capacity, had[person.pk])
    lacking = {entry.pk: 3 - sizes(draft)[entry.pk] for entry in entries}
    assert all(missing >= 0 for missing in lacking.values())
    draft.refresh_from_db()
    assert bool(draft.figures["problem"]) == any(lacking.values())
    assert preview(draft).short == sum(missing > 0 for missing in lacking.values())
    assert troubles(draft) == {}


def test_filling_gives_exact_panels_even_loads_and_one_part(officer):
    round_, _people = unfilled_round(20, 10, tied=4, sets=2)
    draft = filled(round_, officer, weight="even")
    assert draft.status == "ready" and set(sizes(draft).values()) == {3} and len(sizes(draft)) == 20
    assert sorted(loads(draft).values()) == [6] * 10
    told = preview(draft)
    assert (told.parts, told.short, told.seat_count, told.new_count) == (1, 0, 60, 60)
    assert draft.figures["added"] == 60 and draft.figures["problem"] is None
    assert [move.action for move in draft.moves.all()] == ["fill", "filled"]
    assert not Assignment.objects.exists()


def test_expertise_counts(officer):
    round_, people = unfilled_round(8, 8, sets=2)
    draft = filled(round_, officer, weight="fit")
    experts = {person.pk: set(person.expertise.values_list("pk", flat=True)) for person in people}
    wanted = {entry.pk: entry.sheet.parts.get().version.set_id for entry in round_.entries.all()}
    matching = sum(wanted[entry] in experts[assessor] for entry, assessor in seats(draft))
    # One part must hold the two kinds together; all but that is for experts.
    assert matching >= 21
    told = preview(draft)
    assert 0.7 < told.fit <= told.best_fit <= 1


def test_the_same_seed_gives_the_same_panels(officer):
    round_, _people = unfilled_round()
    first = seats(filled(round_, officer, seed=5))
    panels.discard(PanelDraft.objects.get().pk, by=officer)
    assert seats(filled(round_, officer, seed=5)) == first


def test_a_round_has_one_living_draft_and_only_while_assessors_are_appointed(officer):
    round_, _people = unfilled_round(3, 4)
    panels.start(round_.pk, by=officer)
    with pytest.raises(RuleBroken, match="already"):
        panels.start(round_.pk, by=officer)
    Round.objects.filter(pk=round_.pk).update(status="moderation")
    with pytest.raises(RuleBroken):
        panels.start(round_.pk, by=officer)
    with pytest.raises(RuleBroken):
        panels.start(factories.round_().pk, by=officer)
    with pytest.raises(RuleBroken):
        panels.start(round_.pk, by=factories.representative())


def test_who_takes_part_is_chosen(officer):
    round_, people = unfilled_round(4, 8, sets=2)
    other = factories.assessor()
    first = people[0].expertise.get()
    chosen = {"sets": [first.pk], "in": [other.pk], "out": [people[0].pk]}
    draft = filled(round_, officer, taking_part=chosen)
    assert set(loads(draft)) == {people[2].pk, people[4].pk, people[6].pk, other.pk}
    panel_seats.choose(draft.pk, people[0].pk, True, by=officer)
    panel_seats.choose(draft.pk, people[2].pk, False, by=officer)
    panels.refill(draft.pk, by=officer)
    panels.fill(draft.pk)
    assert set(loads(draft)) == {people[0].pk, people[4].pk, people[6].pk, other.pk}


def test_a_ceiling_and_a_floor_hold(officer):
    round_, _people = unfilled_round(8, 8)
    draft = filled(round_, officer, floor=2, ceiling=4, weight="fit")
    assert set(sizes(draft).values()) == {3} and set(loads(draft).values()) <= {2, 3, 4}


def test_a_shortage_is_told_and_the_rest_is_filled(officer):
    round_, _people = unfilled_round(6, 5, capacity=3)
    draft = filled(round_, officer)
    assert len(seats(draft)) == 15
    problem = draft.figures["problem"]
    assert (problem["side"], problem["needed"], problem["available"], problem["everyone"]) == ("products", 18, 15, True)
    told = preview(draft)
    short = [entry for entry in round_.entries.all() if told.gap(entry)]
    assert len(short) == 3 and told.short == 3
    gap = told.gap(short[0])
    assert (gap.missing, gap.seated, gap.full, gap.free) == (1, 2, 3, 0)


def test_nobody_of_the_secretariat_and_nobody_set_aside_is_placed(officer):
    round_, people = unfilled_round(3, 6)
    factories.granted("officer", user_=people[0].user)
    SetAside.objects.create(round=round_, assessor=people[1], why="x", by=officer)
    factories.assignment(round_.entries.first(), people[1], "offered")
    draft = filled(round_, officer)
    assert not {people[0].pk, people[1].pk} & set(loads(draft))
    # What he judged counts for no panel.
    assert set(sizes(draft).values()) == {3}


def test_whoever_declined_is_not_placed_again(officer):
    round_, people = unfilled_round(1, 4, status="open")
    entry = round_.entries.get()
    factories.assignment(entry, people[0], "declined")
    assert people[0].pk not in loads(filled(round_, officer))


# --- by hand -------------------------------------------------------------------------------------


def test_what_is_changed_by_hand_outlives_the_next_filling(officer):
    round_, people = unfilled_round(4, 8)
    draft = filled(round_, officer)
    entry = round_.entries.first().pk
    on = [assessor for place, assessor in seats(draft) if place == entry]
    off = next(person.pk for person in people if person.pk not in on)
    panel_seats.drop(draft.pk, entry, on[0], by=officer)
    panel_seats.add(draft.pk, entry, off, by=officer)
    assert preview(draft).gap(round_.entries.first()) is None
    panels.refill(draft.pk, by=officer, seed=99)
    panels.fill(draft.pk)
    panel = {assessor for place, assessor in seats(draft) if place == entry}
    assert off in panel and on[0] not in panel and len(panel) == 3
    panel_seats.allow(draft.pk, entry, on[0], by=officer)
    assert not draft.seats.filter(source="barred").exists()
    assert {"drop", "add"} <= {move.action for move in draft.moves.all()}


def test_placing_by_hand_is_refused_with_the_reason(officer):
    round_, _people = unfilled_round(2, 5, capacity=1)
    draft = filled(round_, officer)
    entry = round_.entries.first()
    seated = next(assessor for place, assessor in seats(draft) if place == entry.pk)
    with pytest.raises(RuleBroken, match="already"):
        panel_seats.add(draft.pk, entry.pk, seated, by=officer)
    elsewhere = next(assessor for place, assessor in seats(draft) if place != entry.pk)
    with pytest.raises(RuleBroken, match="at work on 1 product"):
        panel_seats.add(draft.pk, entry.pk, elsewhere, by=officer)
    tied = factories.assessor()
    Affiliation.objects.create(assessor=tied, agency=entry.subject.agency)
    with pytest.raises(RuleBroken):
        panel_seats.add(draft.pk, entry.pk, tied.pk, by=officer)
    with pytest.raises(RuleBroken):
        panel_seats.add(draft.pk, entry.pk, factories.assessor().pk, by=factories.representative())


def test_seats_of_those_who_were_asked_are_not_dropped(officer):
    round_, people = unfilled_round(1, 5)
    entry = round_.entries.get()
    factories.assignment(entry, people[0], "offered")
    draft = filled(round_, officer)
    assert draft.seats.get(assessor=people[0]).source == "existing"
    with pytest.raises(RuleBroken):
        panel_seats.drop(draft.pk, entry.pk, people[0].pk, by=officer)


def test_two_seats_are_exchanged_where_no_rule_forbids_it(officer):
    round_, _people = unfilled_round(4, 12)
    draft = filled(round_, officer)
    # Neither judges the other's product yet.
    there = seats(draft)
    pairs = ((a, b) for a in there for b in there if a[0] != b[0])
    a, b = next((a, b) for a, b in pairs if (a[0], b[1]) not in there and (b[0], a[1]) not in there)
    first, second = (round_.entries.get(pk=place) for place, _assessor in (a, b))
    before = loads(draft)
    panel_seats.swap(draft.pk, a, b, by=officer)
    assert {(first.pk, b[1]), (second.pk, a[1])} <= set(seats(draft)) and not {a, b} & set(seats(draft))
    assert loads(draft) == before and draft.seats.filter(is_locked=True).count() == 2
    Affiliation.objects.create(assessor_id=a[1], agency=first.subject.agency)
    with pytest.raises(RuleBroken):
        panel_seats.swap(draft.pk, (first.pk, b[1]), (second.pk, a[1]), by=officer)


# --- two at once, and what changes meanwhile -----------------------------------------------------


def test_a_draft_that_somebody_changed_is_not_applied_unseen(officer):
    round_, _people = unfilled_round(4, 8)
    draft = filled(round_, officer)
    seen = draft.version
    panel_seats.drop(draft.pk, *seats(draft)[0], by=factories.officer())
    with pytest.raises(Stale):
        panels.apply(draft.pk, by=officer, version=seen)
    with pytest.raises(Stale):
        panels.refill(draft.pk, by=officer, version=seen)
    assert not Assignment.objects.exists()


def test_what_no_longer_holds_is_told_mended_and_then_applied(officer):
    round_, _people = unfilled_round(6, 9)
    draft = filled(round_, officer)
    entry, assessor = seats(draft)[0]
    away = next(pk for place, pk in seats(draft) if pk != assessor)
    gone = round_.entries.last()
    Affiliation.objects.create(assessor_id=assessor, agency=Entry.objects.get(pk=entry).subject.agency)
    Assessor.objects.filter(pk=away).update(is_active=False)
    rounds.exclude_entry(gone.pk, by=officer, why="x")
    wrong = troubles(draft)
    assert (entry, assessor) in wrong
    assert {pair for pair in seats(draft) if pair[1] == away or pair[0] == gone.pk} <= set(wrong)
    with pytest.raises(panels.NotApplicable) as refused:
        panels.apply(draft.pk, by=officer, version=draft.version)
    assert refused.value.troubles.keys() == wrong.keys() and not Assignment.objects.exists()
    draft.refresh_from_db()
    assert draft.status == "ready"
    panels.mend(draft.pk, by=officer)
    panels.fill(draft.pk)
    draft.refresh_from_db()
    assert troubles(draft) == {} and (entry, assessor) not in seats(draft) and gone.pk not in sizes(draft)
    assert set(sizes(draft).values()) == {3}
    panels.apply(draft.pk, by=officer, version=draft.version)
    assert set(Assignment.objects.values_list("entry", "assessor")) == set(seats(draft))


def test_panels_that_others_completed_meanwhile_get_no_more(officer):
    round_, people = unfilled_round(2, 8)
    draft = filled(round_, officer)
    entry = round_.entries.first()
    for person in people:
        if not draft.seats.filter(entry=entry, assessor=person).exists() and entry.assignments.count() < 3:
            rounds.assign(entry.pk, person.pk, by=officer)
    assert {pair[0] for pair in troubles(draft)} == {entry.pk} and len(troubles(draft)) == 3


# --- applying ------------------------------------------------------------------------------------


def test_applying_in_an_open_round_tells_each_person_once(officer):
    round_, _people = unfilled_round(6, 6, status="open")
    draft = filled(round_, officer)
    moved, count = panels.apply(draft.pk, by=officer, version=draft.version)
    assert moved.status == "applied" and count == 18
    assert Assignment.objects.filter(status="offered", offered_by=officer).count() == 18
    assert Notice.objects.filter(kind="assignment_offered").count() == 6
    with pytest.raises(RuleBroken):
        panels.apply(draft.pk, by=officer, version=draft.version)


def test_applying_in_preparation_tells_nobody_before_the_round_opens(officer):
    round_, _people = unfilled_round(3, 4)
    draft = filled(round_, officer)
    panels.apply(draft.pk, by=officer, version=draft.version)
    assert not Notice.objects.exists()
    rounds.move_round(round_.pk, "open", by=officer)
    assert Notice.objects.filter(kind="assignment_offered").count() == 4


def test_a_later_draft_touches_only_what_is_missing(officer):
    round_, _people = unfilled_round(5, 8, status="open")
    first = filled(round_, officer)
    panels.apply(first.pk, by=officer, version=first.version)
    before = set(Assignment.objects.values_list("pk", "entry", "assessor"))
    Entry.objects.create(round=round_, subject=factories.subject(), sheet=round_.entries.first().sheet)
    rounds.withdraw(Assignment.objects.first().pk, by=officer, why="x")
    draft = filled(round_, officer)
    assert draft.figures["added"] == 4
    panels.apply(draft.pk, by=officer, version=draft.version)
    assert before < set(Assignment.objects.values_list("pk", "entry", "assessor"))
    assert Assignment.objects.count() == len(before) + 4


def test_a_draft_that_places_nobody_is_not_applied(officer):
    round_, _people = unfilled_round(1, 1)
    Assessor.objects.update(is_active=False)
    draft = filled(round_, officer)
    assert draft.figures["problem"]["needed"] == 3
    with pytest.raises(RuleBroken, match="nobody"):
        panels.apply(draft.pk, by=officer, version=draft.version)


# --- calibration ---------------------------------------------------------------------------------


def test_everybody_at_work_rates_the_calibration_items(officer):
    round_, people = unfilled_round(9, 8, tied=3, capacity=6)
    chosen = round_.entries.first()
    calibration.set_calibration(chosen.pk, True, by=officer)
    draft = filled(round_, officer)
    barred = conflicts([chosen.subject], people)
    at_work = {assessor for entry, assessor in seats(draft) if entry != chosen.pk}
    rating = {assessor for entry, assessor in seats(draft) if entry == chosen.pk}
    assert rating == {pk for pk in at_work if (chosen.subject_id, pk) not in barred}
    assert max(loads(draft).values()) <= 6
    assert {size for entry, size in sizes(draft).items() if entry != chosen.pk} == {3}
    assert preview(draft).parts == 1 and round_.moves.get().action == "calibrate"
    calibration.set_calibration(chosen.pk, False, by=officer)
    assert round_.moves.count() == 2
    with pytest.raises(RuleBroken):
        calibration.set_calibration(chosen.pk, True, by=factories.representative())


# --- in the background ---------------------------------------------------------------------------


def test_a_filling_that_was_stopped_writes_nothing(officer, monkeypatch):
    round_, _people = unfilled_round(4, 6)
    draft = panels.start(round_.pk, by=officer)
    monkeypatch.setattr(panels, "BEAT", panels.timedelta(0))
    real = panels.computed

    def stopped_meanwhile(wish, say):
        panels.stop(draft.pk, by=officer)
        return real(wish, say)

    monkeypatch.setattr(panels, "computed", stopped_meanwhile)
    assert panels.fill(draft.pk) is None
    draft.refresh_from_db()
    assert draft.status == "ready" and not draft.seats.exists()


def test_only_one_worker_fills(officer, monkeypatch):
    round_, _people = unfilled_round(3, 5)
    draft = panels.start(round_.pk, by=officer)
    real = panels.computed

    def another_comes(wish, say):
        assert panels.fill(draft.pk) is None
        return real(wish, say)

    monkeypatch.setattr(panels, "computed", another_comes)
    panels.fill(draft.pk)
    assert PanelDraft.objects.get().status == "ready" and len(seats(draft)) == 9
    assert panels.fill(draft.pk) is None


def test_a_fault_leaves_the_draft_usable_and_says_so(officer, monkeypatch):
    round_, _people = unfilled_round(3, 5)
    draft = panels.start(round_.pk, by=officer)

    def broken(wish, say):
        raise ZeroDivisionError

    monkeypatch.setattr(panels, "computed", broken)
    with pytest.raises(ZeroDivisionError):
        panels.fill(draft.pk)
    draft.refresh_from_db()
    assert draft.status == "ready" and draft.figures["failed"] and draft.moves.last().action == "fail"


def test_the_sweeper_finds_what_a_lost_broker_forgot(officer):
    from assessments.tasks import sweep_panels

    round_, _people = unfilled_round(3, 5)
    draft = panels.start(round_.pk, by=officer)
    PanelDraft.objects.filter(pk=draft.pk).update(beat_at="2020-01-01T00:00Z")
    sweep_panels()
    assert PanelDraft.objects.get().status == "ready"


def test_filling_costs_the_same_queries_for_few_and_many(officer, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for products, assessors in ((3, 5), (30, 20)):
        round_, _people = unfilled_round(products, assessors)
        draft = panels.start(round_.pk, by=officer)
        with CaptureQueriesContext(connection) as caught:
            panels.fill(draft.pk)
        counts.append(len(caught))
        with CaptureQueriesContext(connection) as caught:
            panels.apply(draft.pk, by=officer, version=PanelDraft.objects.get(pk=draft.pk).version)
        counts.append(len(caught))
    assert counts[0] == counts[2] and counts[1] == counts[3] <= 60
    assert PanelSeat.objects.count() > 60
