"""The services of rounds: what each does, whom it tells, and what it refuses."""

from decimal import Decimal

import pytest
from django.utils import timezone, translation

from assessments.models import (
    Affiliation,
    Assessment,
    Assignment,
    Entry,
    Indicator,
    Measurement,
    Round,
    ScoringRun,
    Sheet,
)
from assessments.services import measurements, rounds, runs
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from tests import factories
from tests.assessments.round_pages import measured_version, tomorrow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def officer():
    return factories.officer()


def refused(words=None):
    return pytest.raises(RuleBroken, match=words)


def submitted(entry, count=3):
    """Assessments handed in for an entry, past the form."""
    from django.db import transaction

    for _ in range(count):
        with transaction.atomic():
            row = factories.assignment(entry)
            Assessment.objects.create(assignment=row, submitted_at=timezone.now())
            Assignment.objects.filter(pk=row.pk).update(status="submitted")


# --- the round -----------------------------------------------------------------------------------


def test_create_round(officer):
    made = rounds.create_round(by=officer, title_fa="دور", deadline=tomorrow(), panel_size=4)
    assert (made.status, made.created_by, made.panel_size) == ("draft", officer, 4)
    with refused("may not"):
        rounds.create_round(by=factories.user(), title_fa="دور", deadline=tomorrow())


def test_edit_round_counts_versions_and_refuses_a_stale_form(officer):
    round_ = factories.round_()
    rounds.edit_round(round_.pk, by=officer, version=1, title_en="New", see_submitter="never")
    round_.refresh_from_db()
    assert (round_.title_en, round_.is_blind, round_.version) == ("New", True, 2)
    with pytest.raises(Stale) as stale:
        rounds.edit_round(round_.pk, by=officer, version=1, title_en="Newer")
    assert stale.value.current.title_en == "New"


def test_an_open_round_keeps_its_deadline_and_blindness(officer):
    round_ = factories.round_("open")
    rounds.edit_round(round_.pk, by=officer, version=1, panel_size=5, see_submitter="always")
    with refused("no longer be changed") as broken:
        rounds.edit_round(round_.pk, by=officer, version=2, see_submitter="never")
    assert broken.value.field == "see_submitter"
    with refused("no longer be changed"):
        rounds.edit_round(round_.pk, by=officer, version=2, deadline=tomorrow(90))


def test_extend_deadline(officer):
    row = factories.assignment(status="offered")
    round_ = row.entry.round
    rounds.extend_deadline(round_.pk, tomorrow(40), by=officer, why="Holidays")
    move = round_.moves.get(action="extend")
    assert (move.source, move.target, move.why, move.by) == ("open", "open", "Holidays", officer)
    assert "Holidays" in Notice.objects.get(user=row.assessor.user).text_en
    with refused("later than"):
        rounds.extend_deadline(round_.pk, tomorrow(2), by=officer, why="x")
    with refused("reason"):
        rounds.extend_deadline(round_.pk, tomorrow(50), by=officer, why=" ")
    with refused("open round"):
        rounds.extend_deadline(factories.round_().pk, tomorrow(50), by=officer, why="x")
    with refused("may not"):
        rounds.extend_deadline(round_.pk, tomorrow(50), by=row.assessor.user, why="x")


def test_opening_needs_entries_and_time_and_tells_who_was_chosen(officer):
    round_ = factories.round_()
    with refused("at least one product"):
        rounds.move_round(round_.pk, "open", by=officer)
    entry = factories.entry(round_)
    chosen = rounds.assign(entry.pk, factories.assessor().pk, by=officer)
    assert not Notice.objects.exists()
    Round.objects.filter(pk=round_.pk).update(deadline=tomorrow(-1))
    with refused("deadline"):
        rounds.move_round(round_.pk, "open", by=officer)
    Round.objects.filter(pk=round_.pk).update(deadline=tomorrow(3))
    rounds.move_round(round_.pk, "open", by=officer)
    assert Notice.objects.get().user == chosen.assessor.user


def test_closing_early_asks_for_a_reason(officer):
    row = factories.assignment()
    pk = row.entry.round_id
    with refused("1 assessment is still awaited") as broken:
        rounds.move_round(pk, "close", by=officer)
    assert broken.value.field == "why"
    assert rounds.move_round(pk, "close", by=officer, why="Enough").status == "moderation"


def test_closing_after_the_deadline_or_when_all_is_in_asks_nothing(officer):
    late = factories.assignment().entry.round
    Round.objects.filter(pk=late.pk).update(deadline=tomorrow(-1))
    assert rounds.move_round(late.pk, "close", by=officer).status == "moderation"
    entry = factories.entry()
    submitted(entry)
    assert rounds.move_round(entry.round_id, "close", by=officer).status == "moderation"


def test_reopen_and_cancel_need_a_reason_and_tell(officer):
    row = factories.assignment()
    pk = row.entry.round_id
    rounds.move_round(pk, "close", by=officer, why="x")
    with refused("reason"):
        rounds.move_round(pk, "reopen", by=officer)
    rounds.move_round(pk, "reopen", by=officer, why="Too soon")
    with refused("reason"):
        rounds.move_round(pk, "cancel", by=officer)
    Round.objects.get(pk=pk).moves.create(action="open", source="draft", target="open")
    rounds.move_round(pk, "cancel", by=officer, why="No money")
    assert sorted(Notice.objects.values_list("kind", flat=True)) == ["round_cancelled", "round_reopened"]


def test_only_officers_move_rounds():
    entry = factories.entry(factories.round_())
    for stranger in (factories.user(), factories.representative(), factories.assessor().user):
        with refused("may not"):
            rounds.move_round(entry.round_id, "open", by=stranger)
    assert Round.objects.get().status == "draft"


def test_results_stand_only_when_nothing_is_missing(officer):
    entry = factories.entry(versions=[measured_version()])
    few = factories.entry(entry.round)
    submitted(entry)
    submitted(few, 2)
    rounds.move_round(entry.round_id, "close", by=officer, why="x")
    Entry.objects.filter(pk=few.pk).update(inputs_version=1)
    with pytest.raises(rounds.NotPublishable) as broken:
        rounds.move_round(entry.round_id, "score", by=officer)
    fewer, unmeasured, stale = broken.value.problems
    assert few.subject.title in fewer and entry.subject.title not in fewer
    assert entry.subject.title in unmeasured and few.subject.title not in unmeasured
    assert few.subject.title in stale
    # What is left out with a reason holds nothing up.
    rounds.exclude_entry(few.pk, by=officer, why="Too few assessors")
    levels, ratio = Indicator.objects.filter(rater="secretariat").order_by("code")
    measurements.set_measurement(entry.pk, levels.pk, by=officer, value=Decimal(3))
    measurements.set_measurement(entry.pk, ratio.pk, by=officer, not_applicable=True)
    with pytest.raises(rounds.NotPublishable, match="still being computed"):
        rounds.move_round(entry.round_id, "score", by=officer)
    runs.score_round(entry.round_id)
    agency_reader = factories.representative(entry.subject.agency)
    assert rounds.move_round(entry.round_id, "score", by=officer).run.frozen_at
    assert not Notice.objects.filter(user=agency_reader).exists()
    assert rounds.move_round(entry.round_id, "confirm", by=officer).status == "confirmed"
    assert rounds.move_round(entry.round_id, "publish", by=officer).status == "published"
    assert Notice.objects.filter(user=agency_reader, kind="round_published").exists()


def test_a_published_round_changes_no_more(officer):
    entry = factories.entry(factories.round_("published"))
    for attempt in (
        lambda: rounds.exclude_entry(entry.pk, by=officer, why="x"),
        lambda: rounds.assign(entry.pk, factories.assessor().pk, by=officer),
        lambda: rounds.remove_entry(entry.pk, by=officer),
        lambda: measurements.set_measurement(entry.pk, 1, by=officer, value=Decimal(1)),
        lambda: rounds.move_round(entry.round_id, "reopen", by=officer, why="x"),
        lambda: rounds.add_subject(entry.round_id, factories.subject().pk, [(factories.published_set(), 100)], by=officer),
        lambda: rounds.edit_round(entry.round_id, by=officer, version=1, title_en="x"),
    ):
        with refused():
            attempt()


@pytest.mark.parametrize("status", ["scored", "confirmed"])
def test_fixed_scores_can_be_taken_back_until_they_are_published(officer, status):
    entry = factories.entry(factories.round_("open"))
    submitted(entry)
    runs.inputs_changed(entry.pk)
    runs.score_round(entry.round_id)
    for step in ("close", "score", "confirm")[: 2 if status == "scored" else 3]:
        rounds.move_round(entry.round_id, step, by=officer)
    fixed = Round.objects.get().run
    for attempt in (
        lambda: rounds.exclude_entry(entry.pk, by=officer, why="x"),
        lambda: rounds.move_round(entry.round_id, "reopen", by=officer, why="x"),
    ):
        with refused():
            attempt()
    with refused("Write the reason"):
        rounds.move_round(entry.round_id, "revise", by=officer)
    rounds.move_round(entry.round_id, "revise", by=officer, why="A measurement was mistyped")
    other = factories.entry(entry.round)
    rounds.exclude_entry(other.pk, by=officer, why="Came too late")
    runs.score_round(entry.round_id)
    rounds.move_round(entry.round_id, "score", by=officer)
    # What was fixed before stays on record beside what is fixed now.
    assert Round.objects.get().run != fixed and ScoringRun.objects.filter(frozen_at__isnull=False).count() == 2


def test_a_conflict_that_comes_to_light_takes_fixed_scores_back(officer):
    entry = factories.entry(factories.round_("open"))
    submitted(entry, 4)
    runs.inputs_changed(entry.pk)
    runs.score_round(entry.round_id)
    for step in ("close", "score", "confirm"):
        rounds.move_round(entry.round_id, step, by=officer)
    assessor = entry.assignments.first().assessor
    Affiliation.objects.create(assessor=assessor, agency=entry.subject.agency)
    fresh = Round.objects.get()
    assert fresh.status == "moderation" and fresh.moves.last().action == "revise"
    assert entry.assignments.get(assessor=assessor).status == "withdrawn"
    assert Entry.objects.get().is_stale and Notice.objects.filter(user=officer, kind="round_revised").count() == 1


# --- entries -------------------------------------------------------------------------------------


def test_subjects_of_one_composition_share_a_sheet(officer):
    round_ = factories.round_()
    common, kind = factories.published_set(code="common"), factories.published_set(code="book")
    versions = [(common, Decimal(30)), (kind, Decimal(70))]
    first = rounds.add_subject(round_.pk, factories.subject().pk, versions, by=officer)
    second = rounds.add_subject(round_.pk, factories.subject().pk, versions, by=officer)
    other = rounds.add_subject(round_.pk, factories.subject().pk, [(kind, 100)], by=officer)
    assert first.sheet == second.sheet and first.sheet.key == "common:1+book:1"
    assert [part.weight for part in first.sheet.parts.all()] == [30, 70]
    assert other.sheet.key == "book:1"
    with refused("other weights"):
        rounds.add_subject(round_.pk, factories.subject().pk, [(common, 50), (kind, 50)], by=officer)


def test_what_may_not_be_added(officer):
    entry = factories.entry()
    version = factories.published_set()
    with refused("already"):
        rounds.add_subject(entry.round_id, entry.subject_id, [(version, 100)], by=officer)
    with refused("100 together"):
        rounds.add_subject(entry.round_id, factories.subject().pk, [(version, 90)], by=officer)
    with refused("No published"):
        rounds.add_subject(entry.round_id, factories.subject().pk, [], by=officer)
    draft = version.set.versions.create(number=2)
    with refused("not published"):
        rounds.add_subject(entry.round_id, factories.subject().pk, [(draft, 100)], by=officer)
    with refused("moderation"):
        rounds.add_subject(factories.round_("moderation").pk, factories.subject().pk, [(version, 100)], by=officer)
    with refused("may not"):
        rounds.add_subject(entry.round_id, factories.subject().pk, [(version, 100)], by=factories.representative())


def test_an_entry_goes_only_while_nobody_was_asked(officer):
    free, asked = factories.entry(), factories.assignment().entry
    rounds.remove_entry(free.pk, by=officer)
    assert not Entry.objects.filter(pk=free.pk).exists() and not Sheet.objects.filter(pk=free.sheet_id).exists()
    with refused("Assessors were asked"):
        rounds.remove_entry(asked.pk, by=officer)


def test_leaving_out_and_taking_back_stand_in_the_trail(officer):
    entry = factories.entry()
    with refused("reason"):
        rounds.exclude_entry(entry.pk, by=officer, why="")
    rounds.exclude_entry(entry.pk, by=officer, why="Withdrawn")
    with refused("already"):
        rounds.exclude_entry(entry.pk, by=officer, why="Again")
    rounds.include_entry(entry.pk, by=officer)
    assert list(entry.round.moves.values_list("action", flat=True)) == ["exclude", "include"]
    entry.refresh_from_db()
    assert entry.excluded_at is None


# --- measurements --------------------------------------------------------------------------------


def test_a_measurement_makes_scores_stale_only_when_it_changes(officer):
    entry = factories.entry(versions=[measured_version()])
    ratio = Indicator.objects.get(code="R")

    def write(**values):
        measurements.set_measurement(entry.pk, ratio.pk, by=officer, **values)
        entry.refresh_from_db()
        return entry.inputs_version

    assert write(value=Decimal(30), target=Decimal(40)) == 1
    assert write(value=Decimal("30.0"), target=Decimal(40)) == 1
    assert write(value=Decimal(30), target=Decimal(40), note="From the report") == 1
    assert Measurement.objects.get().note == "From the report"
    assert write(value=Decimal(31), target=Decimal(40)) == 2
    assert write(not_applicable=True) == 3
    assert write() == 4 and not Measurement.objects.exists()
    assert write() == 4


def test_a_measurement_is_checked_against_its_scale(officer):
    entry = factories.entry(versions=[measured_version()])
    expert, levels, ratio = Indicator.objects.filter(scale__isnull=False).order_by("code")
    for indicator, values, field in [
        (levels, {"value": Decimal(9)}, "value"),
        (levels, {"value": Decimal("2.5")}, "value"),
        (levels, {"not_applicable": True}, "not_applicable"),
        (ratio, {"value": Decimal(3)}, "target"),
        (ratio, {"value": Decimal(3), "target": Decimal(0)}, "target"),
        (ratio, {"value": Decimal(-3), "target": Decimal(1)}, "value"),
        (expert, {"value": Decimal(3)}, None),
    ]:
        with refused() as broken:
            measurements.set_measurement(entry.pk, indicator.pk, by=officer, **values)
        assert broken.value.field == field
    with refused("does not measure"):
        measurements.set_measurement(factories.entry().pk, levels.pk, by=officer, value=Decimal(3))
    with refused("may not"):
        measurements.set_measurement(entry.pk, levels.pk, by=factories.assessor().user, value=Decimal(3))
    assert not Measurement.objects.exists()
