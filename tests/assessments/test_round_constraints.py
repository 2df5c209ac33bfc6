"""What the database itself refuses of rounds, rosters and assignments, however the row is written."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assessments.models import (
    Affiliation,
    Assessor,
    Assignment,
    ConflictOfInterest,
    Entry,
    Measurement,
    Round,
    Sheet,
    SheetPart,
    Subject,
)
from secretariat.models import RoleGrant, Unit
from tests import factories
from tests.refusal import refused, settle

pytestmark = pytest.mark.django_db


def bulk_assign(entry, assessor, **fields):
    return Assignment.objects.bulk_create([Assignment(entry=entry, assessor=assessor, **{"alias": 1, **fields})])[0]


def test_a_panel_has_at_least_three():
    round_ = factories.round_()
    with refused("panel_has_at_least_three"):
        Round.objects.filter(pk=round_.pk).update(panel_size=2)


@pytest.mark.parametrize(
    ("make", "model", "rule"),
    [(factories.round_, Round, "round_status_known"), (factories.assignment, Assignment, "assignment_status_known")],
)
def test_unknown_states_are_refused(make, model, rule):
    row = make()
    with refused(rule):
        model.objects.filter(pk=row.pk).update(status="lost")


def test_the_parts_of_a_sheet_weigh_100_at_the_commit():
    sheet = factories.sheet(factories.round_(), factories.published_set(), factories.published_set())
    with refused("parts_weigh_100"):
        SheetPart.objects.filter(sheet=sheet, position=1).update(weight=60)
    SheetPart.objects.filter(sheet=sheet, position=1).update(weight=60)
    SheetPart.objects.filter(sheet=sheet, position=2).update(weight=40)
    settle()


def test_a_part_taken_out_of_a_sheet_is_refused():
    sheet = factories.sheet(factories.round_(), factories.published_set(), factories.published_set())
    with refused("parts_weigh_100"):
        SheetPart.objects.filter(sheet=sheet, position=2).delete()


@pytest.mark.parametrize("weight", [0, -1, "100.000001"])
def test_a_part_of_a_sheet_weighs_something_and_at_most_all(weight):
    part = factories.entry().sheet.parts.get()
    with refused("part_weight_within_0_100"):
        SheetPart.objects.filter(pk=part.pk).update(weight=weight)


def test_a_sheet_stands_once_in_a_round_and_a_version_once_in_a_sheet():
    sheet = factories.entry().sheet
    with refused("sheet_unique_in_round"):
        Sheet.objects.bulk_create([Sheet(round=sheet.round, key=sheet.key)])
    with refused("version_once_in_a_sheet"):
        SheetPart.objects.bulk_create([SheetPart(sheet=sheet, version=sheet.parts.get().version, weight=50, position=2)])


def test_a_subject_enters_a_round_once():
    entry = factories.entry()
    with refused("subject_once_in_a_round"):
        Entry.objects.bulk_create([Entry(round=entry.round, subject=entry.subject, sheet=entry.sheet)])


def test_scores_never_claim_to_know_more_than_the_inputs():
    entry = factories.entry()
    with refused("scored_never_ahead_of_inputs"):
        Entry.objects.filter(pk=entry.pk).update(scored_version=1)


def test_an_entry_is_left_out_only_with_name_and_reason():
    entry = factories.entry()
    with refused("excluded_with_a_reason"):
        Entry.objects.filter(pk=entry.pk).update(excluded_at=timezone.now())


def test_an_assessor_is_assigned_once_to_an_entry():
    assignment = factories.assignment()
    with refused("assessor_once_an_entry"):
        bulk_assign(assignment.entry, assignment.assessor, alias=7)


def test_pseudonyms_are_unique_and_positive():
    assignment = factories.assignment()
    with refused("alias_unique_in_entry"):
        bulk_assign(assignment.entry, factories.assessor(), alias=assignment.alias)
    with refused("alias_positive"):
        Assignment.objects.filter(pk=assignment.pk).update(alias=0)


def test_an_affiliation_ends_after_it_begins():
    tie = Affiliation.objects.create(assessor=factories.assessor(), agency=factories.agency())
    today = timezone.localdate()
    with refused("affiliation_ends_after_it_begins"):
        Affiliation.objects.filter(pk=tie.pk).update(since=today, until=today - timedelta(days=1))


def test_an_affiliation_and_a_conflict_are_named_once():
    tie = Affiliation.objects.create(assessor=factories.assessor(), agency=factories.agency())
    with refused("affiliation_named_once"):
        Affiliation.objects.bulk_create([Affiliation(assessor=tie.assessor, agency=tie.agency)])
    subject = factories.subject()
    rows = [
        ConflictOfInterest(assessor=tie.assessor, subject=subject, source="staff", reason="x", by=factories.officer())
        for _ in "ab"
    ]
    with refused("conflict_named_once"):
        ConflictOfInterest.objects.bulk_create(rows)


def test_the_agency_of_an_entered_subject_stays():
    entry = factories.entry()
    with refused("owner_of_an_entered_subject_stays"):
        Subject.objects.filter(pk=entry.subject_id).update(agency=factories.agency())


def test_the_agency_of_a_subject_outside_rounds_may_change():
    subject = factories.subject()
    assert Subject.objects.filter(pk=subject.pk).update(agency=factories.agency()) == 1


# --- conflicts: the assignment comes second -------------------------------------------------------


def _affiliated(assessor, agency, days=None):
    until = None if days is None else timezone.localdate() + timedelta(days=days)
    Affiliation.objects.create(assessor=assessor, agency=agency, until=until)


def _representative(assessor, agency):
    RoleGrant.objects.create(user=assessor.user, role="representative", agency=agency)


def _unit_officer(assessor, agency):
    unit = Unit.objects.create(agency=agency, kind="province", name_fa="اداره")
    RoleGrant.objects.create(user=assessor.user, role="unit_officer", unit=unit)


@pytest.mark.parametrize("tie", [_affiliated, _representative, _unit_officer])
def test_an_assessor_tied_to_the_agency_is_refused(tie):
    entry, assessor = factories.entry(), factories.assessor()
    tie(assessor, entry.subject.agency)
    with refused("no_assignment_with_a_conflict"):
        bulk_assign(entry, assessor)
    # An ended assignment binds nobody; making it active again does.
    row = bulk_assign(entry, assessor, status="withdrawn")
    with refused("no_assignment_with_a_conflict"):
        Assignment.objects.filter(pk=row.pk).update(status="offered")


def test_a_declared_conflict_with_the_subject_is_refused():
    entry, assessor = factories.entry(), factories.assessor()
    ConflictOfInterest.objects.create(
        assessor=assessor, subject=entry.subject, source="declared", reason="خویشاوند", by=assessor.user
    )
    with refused("no_assignment_with_a_conflict"):
        bulk_assign(entry, assessor)


def test_a_tie_that_is_over_or_to_another_agency_is_no_conflict():
    entry, assessor = factories.entry(), factories.assessor()
    _affiliated(assessor, entry.subject.agency, days=-1)
    _affiliated(assessor, factories.agency())
    bulk_assign(entry, assessor)
    settle()
    assert entry.assignments.count() == 1


# --- conflicts: the tie comes second, past the services --------------------------------------------


def test_an_affiliation_written_in_bulk_beside_a_live_assignment_is_refused():
    assignment = factories.assignment()
    agency = assignment.entry.subject.agency
    with refused("affiliation_leaves_no_live_assignment"):
        Affiliation.objects.bulk_create([Affiliation(assessor=assignment.assessor, agency=agency)])


def test_an_affiliation_lengthened_in_bulk_is_refused():
    assignment = factories.assignment()
    tie = Affiliation(
        assessor=assignment.assessor, agency=assignment.entry.subject.agency, until=timezone.localdate() - timedelta(days=3)
    )
    Affiliation.objects.bulk_create([tie])
    settle()
    with refused("affiliation_leaves_no_live_assignment"):
        Affiliation.objects.filter(pk=tie.pk).update(until=None)


def test_a_role_written_in_bulk_beside_a_live_assignment_is_refused():
    assignment = factories.assignment()
    agency = assignment.entry.subject.agency
    with refused("role_leaves_no_live_assignment"):
        RoleGrant.objects.bulk_create([RoleGrant(user=assignment.assessor.user, role="representative", agency=agency)])


def test_a_role_in_a_unit_written_in_bulk_is_refused():
    assignment = factories.assignment()
    unit = Unit.objects.create(agency=assignment.entry.subject.agency, kind="county", name_fa="شهرستان")
    with refused("role_leaves_no_live_assignment"):
        RoleGrant.objects.bulk_create([RoleGrant(user=assignment.assessor.user, role="unit_officer", unit=unit)])


def test_a_conflict_written_in_bulk_beside_a_live_assignment_is_refused():
    assignment = factories.assignment()
    tie = {"assessor": assignment.assessor, "subject": assignment.entry.subject, "source": "staff", "reason": "x"}
    with refused("conflict_leaves_no_live_assignment"):
        ConflictOfInterest.objects.bulk_create([ConflictOfInterest(**tie, by=factories.officer())])


def test_what_a_published_round_said_is_not_undone_by_a_later_tie():
    assignment = factories.assignment()
    factories.published(assignment.entry.round)
    Affiliation.objects.bulk_create([Affiliation(assessor=assignment.assessor, agency=assignment.entry.subject.agency)])
    settle()
    assert Affiliation.objects.count() == 1


# --- the state of the round ------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["draft", "moderation", "published", "cancelled"])
def test_nothing_is_accepted_in_a_round_that_is_not_open(status):
    assignment = factories.assignment(factories.entry(factories.round_(status)), status="offered")
    with refused("judged_while_the_round_is_open"):
        Assignment.objects.filter(pk=assignment.pk).update(status="accepted")


# --- measurements ----------------------------------------------------------------------------------


@pytest.fixture
def measured():
    """(entry, levels indicator, ratio indicator), both measured by the secretariat."""
    from assessments.models import Indicator, IndicatorSet, SetVersion

    set_ = IndicatorSet.objects.create(code="measured", title_fa="سنجه", title_en="Measured", layer="kind")
    version = SetVersion.objects.create(set=set_, number=1)
    top = Indicator.objects.create(version=version, code="D", title_fa="بعد", weight=100)
    rows = [
        Indicator.objects.create(
            version=version, parent=top, code=f"I{n}", title_fa="شاخص", weight=weight, scale=scale, rater=rater, allow_na=na
        )
        for n, (scale, rater, na, weight) in enumerate(
            [
                (factories.scale(), "secretariat", False, 30),
                (factories.scale("ratio"), "secretariat", True, 30),
                (factories.scale(), "expert", False, 40),
            ]
        )
    ]
    version.status, version.published_at = "published", timezone.now()
    version.save()
    return factories.entry(versions=[version]), *rows


def test_measurements_fit_their_indicator(measured):
    entry, levels, ratio, _expert = measured
    Measurement.objects.bulk_create([Measurement(entry=entry, indicator=levels, value=3)])
    Measurement.objects.bulk_create([Measurement(entry=entry, indicator=ratio, value=30, target=40)])
    for wrong in ({"value": 6}, {"value": 0}, {"value": "2.5"}, {"value": None, "not_applicable": True}):
        with refused("measurement_fits_its_indicator"):
            Measurement.objects.filter(indicator=levels).update(**wrong)
    for name, wrong in [
        ("measurement_fits_its_indicator", {"target": None}),
        ("target_positive", {"target": 0}),
        ("measurement_fits_its_indicator", {"value": -1}),
    ]:
        with refused(name):
            Measurement.objects.filter(indicator=ratio).update(**wrong)
    with refused("measured_or_not_applicable"):
        Measurement.objects.filter(indicator=ratio).update(value=None)


def test_only_what_the_sheet_asks_the_secretariat_is_measured(measured):
    entry, levels, _ratio, expert = measured
    with refused("measurement_fits_its_indicator"):
        Measurement.objects.bulk_create([Measurement(entry=entry, indicator=expert, value=3)])
    with refused("measurement_fits_its_indicator"):
        Measurement.objects.bulk_create([Measurement(entry=factories.entry(), indicator=levels, value=3)])
    Measurement.objects.bulk_create([Measurement(entry=entry, indicator=levels, value=3)])
    with refused("measured_once_an_entry"):
        Measurement.objects.bulk_create([Measurement(entry=entry, indicator=levels, value=4)])


def test_the_trail_of_rounds_and_assignments_is_only_added_to():
    assignment = factories.assignment()
    round_ = assignment.entry.round
    round_.moves.create(action="open", source="draft", target="open")
    assignment.moves.create(action="offer", target="offered")
    for moves in (round_.moves, assignment.moves):
        with refused("append_only"):
            moves.update(why="rewritten")
        with refused("append_only"):
            moves.all().delete()


def test_one_person_is_on_the_roster_once():
    assessor = factories.assessor()
    with refused("assessments_assessor_user_id_key"):
        Assessor.objects.bulk_create([Assessor(user=assessor.user)])


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("round_opens_before_its_deadline", {"opens_at": timezone.now() + timedelta(days=30)}),
        ("round_is_published_after_its_deadline", {"publish_at": timezone.now() + timedelta(days=1)}),
        ("answers_and_appeals_have_bounds", {"answer_days": 61}),
        ("answers_and_appeals_have_bounds", {"appeal_days": 61}),
        ("appeals_are_taken_until_a_day", {"status": "appeal"}),
        ("reminders_lie_within_reach", {"remind_before": [0]}),
        ("reminders_lie_within_reach", {"remind_after": [3, 61]}),
        ("reminders_lie_within_reach", {"remind_offers": [61]}),
        ("reminders_lie_within_reach", {"escalate_after": [0, 2]}),
    ],
)
def test_a_timetable_that_cannot_be_kept_is_refused(rule, fields):
    round_ = factories.round_("open")
    with refused(rule):
        Round.objects.filter(pk=round_.pk).update(**fields)
