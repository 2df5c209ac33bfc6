"""Drafts of panels, past every model and service: what the database turns down by itself."""

import pytest

from assessments.models import Entry, PanelDraft, PanelDraftMove, PanelGap, PanelSeat, Round
from tests import factories
from tests.refusal import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry():
    return factories.entry()


@pytest.fixture
def draft(entry):
    return PanelDraft.objects.create(round=entry.round, status="ready")


def seat(draft, entry, **fields):
    return PanelSeat(draft=draft, entry=entry, assessor=factories.assessor(), **{"source": "solver", **fields})


def test_a_round_has_one_living_draft(draft):
    PanelDraft.objects.create(round=draft.round, status="discarded")
    with refused("one_living_draft_a_round"):
        PanelDraft.objects.create(round=draft.round)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("draft_status_known", {"status": "odd"}),
        ("draft_weight_known", {"weight": "odd"}),
        ("draft_progress_is_percent", {"progress": 101}),
        ("draft_floor_under_its_ceiling", {"floor": 5, "ceiling": 4}),
    ],
)
def test_a_draft_makes_sense(draft, name, wrong):
    with refused(name):
        PanelDraft.objects.filter(pk=draft.pk).update(**wrong)


def test_an_assessor_sits_in_a_panel_once(draft, entry):
    first = seat(draft, entry)
    first.save()
    with refused("seat_once_in_a_draft"):
        PanelSeat.objects.bulk_create([PanelSeat(draft=draft, entry=entry, assessor=first.assessor, source="hand")])


@pytest.mark.parametrize(
    ("name", "wrong"), [("seat_source_known", {"source": "odd"}), ("only_new_seats_are_locked", {"source": "barred", "is_locked": True})]
)
def test_a_seat_makes_sense(draft, entry, name, wrong):
    with refused(name):
        PanelSeat.objects.bulk_create([seat(draft, entry, **wrong)])


def test_seats_keep_to_the_round_of_their_draft(draft, entry):
    with refused("seats_keep_to_their_draft_on_insert"):
        PanelSeat.objects.bulk_create([seat(draft, factories.entry())])
    mine = seat(draft, entry)
    mine.save()
    with refused("seats_keep_to_their_draft_on_update"):
        PanelSeat.objects.filter(pk=mine.pk).update(entry=factories.entry())


def test_a_past_draft_does_not_change(draft, entry):
    mine = seat(draft, entry)
    mine.save()
    PanelDraft.objects.filter(pk=draft.pk).update(status="applied")
    with refused("seats_keep_to_their_draft_on_insert"):
        PanelSeat.objects.bulk_create([seat(draft, entry)])
    with refused("seats_keep_to_their_draft_on_update"):
        PanelSeat.objects.filter(pk=mine.pk).update(is_locked=True)
    with refused("seats_of_an_applied_draft_stay"):
        PanelSeat.objects.filter(pk=mine.pk).delete()


def test_what_was_done_to_a_draft_stays_on_record(draft):
    move = draft.moves.create(action="fill", target="filling")
    with refused("append_only"):
        PanelDraftMove.objects.filter(pk=move.pk).update(why="another")


def test_a_panel_is_left_short_for_a_reason_and_on_record(entry):
    officer = factories.officer()
    with refused("gap_lacks_somebody"):
        PanelGap.objects.bulk_create([PanelGap(entry=entry, missing=0, why="x", by=officer)])
    with refused("gap_with_a_reason"):
        PanelGap.objects.bulk_create([PanelGap(entry=entry, missing=1, why="", by=officer)])
    gap = PanelGap.objects.create(entry=entry, missing=1, why="x", by=officer)
    with refused("gaps_are_kept"):
        PanelGap.objects.filter(pk=gap.pk).update(why="another")
    with refused("gaps_are_kept"):
        PanelGap.objects.filter(pk=gap.pk).delete()


def test_what_everybody_rates_is_chosen_while_assessors_are_appointed(entry):
    Entry.objects.filter(pk=entry.pk).update(is_calibration=True)
    Round.objects.filter(pk=entry.round_id).update(status="moderation")
    with refused("calibration_is_settled_with_the_round"):
        Entry.objects.filter(pk=entry.pk).update(is_calibration=False)
