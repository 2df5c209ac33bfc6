"""What the database refuses of ties, makers and waivers, and beside which of them it lets nobody judge, however they are written."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assessments.models import (
    Affiliation,
    Assessor,
    Assignment,
    ConflictOfInterest,
    ConflictWaiver,
    Entry,
    Relation,
    Round,
    SubjectMaker,
    WaiverMove,
)
from secretariat.models import Agency, RoleGrant, Unit, User
from tests import factories
from tests.refusal import refused, settle, sql

pytestmark = pytest.mark.django_db


def related(assessor, name="سارا یوسفی", **fields):
    return Relation.objects.bulk_create([Relation(**{"assessor": assessor, "kind": "kin", "name": name, **fields})])[0]


def made_by(subject, name="سارا یوسفی", user=None):
    return SubjectMaker.objects.bulk_create([SubjectMaker(subject=subject, name=name, user=user)])[0]


def affiliated(assessor, agency, **fields):
    return Affiliation.objects.bulk_create([Affiliation(**{"assessor": assessor, "agency": agency, "kind": "member", **fields})])[0]


def asked(assessor, subject, **fields):
    return ConflictWaiver.objects.bulk_create(
        [ConflictWaiver(**{"assessor": assessor, "subject": subject, "reason": "x", "asked_by": factories.officer(), **fields})]
    )[0]


def granted(assessor, subject):
    return asked(assessor, subject, status="granted", granted_by=factories.officer(), granted_at=timezone.now())


def assign(entry, assessor, status="offered"):
    return Assignment.objects.bulk_create([Assignment(entry=entry, assessor=assessor, alias=1, status=status)])[0]


# --- the rows themselves --------------------------------------------------------------------------


def test_a_unit_of_an_affiliation_is_of_its_agency():
    assessor, agency = factories.assessor(), factories.agency()
    unit = Unit.objects.create(agency=agency, kind="county", name_fa="شهرستان")
    tie = affiliated(assessor, agency, unit=unit)
    with refused("affiliated_unit_is_of_its_agency"):
        sql("UPDATE assessments_affiliation SET agency_id = %s WHERE id = %s", factories.agency().pk, tie.pk)


@pytest.mark.parametrize(
    ("table", "make", "rule"),
    [
        ("affiliation", lambda p: affiliated(p, factories.agency()), "affiliation_kind_known"),
        ("relation", related, "relation_kind_known"),
    ],
)
def test_kinds_of_ties_are_known_ones(table, make, rule):
    row = make(factories.assessor())
    with refused(rule):
        sql(f"UPDATE assessments_{table} SET kind = 'friend' WHERE id = %s", row.pk)


def conflict(assessor=None, subject=None):
    rows = [
        ConflictOfInterest(
            assessor=assessor or factories.assessor(),
            subject=subject or factories.subject(),
            source="staff",
            reason="x",
            by=factories.officer(),
        )
    ]
    return ConflictOfInterest.objects.bulk_create(rows)[0]


def test_a_conflict_has_a_known_kind_or_none():
    with refused("conflict_kind_known"):
        ConflictOfInterest.objects.filter(pk=conflict().pk).update(kind="friend")


@pytest.mark.parametrize(
    ("make", "model", "rule"),
    [
        (lambda: related(factories.assessor()), Relation, "relation_ends_after_it_begins"),
        (conflict, ConflictOfInterest, "conflict_ends_after_it_begins"),
    ],
)
def test_ties_end_after_they_begin(make, model, rule):
    today = timezone.localdate()
    with refused(rule):
        model.objects.filter(pk=make().pk).update(since=today, until=today - timedelta(days=1))


def test_relations_and_makers_have_a_name_and_stand_once():
    assessor, subject = factories.assessor(), factories.subject()
    related(assessor)
    made_by(subject)
    with refused("relation_named_once"):
        related(assessor, "دکتر سارا  يوسفي")
    with refused("maker_named_once"):
        made_by(subject, "خانم سارا یوسفی")
    with refused("relation_names_somebody"):
        related(assessor, "«–»")
    with refused("maker_has_a_name"):
        made_by(subject, " . ")


def test_an_assessor_stays_the_person_and_an_entry_its_subject():
    row = factories.assignment()
    with refused("assessor_stays_the_person"):
        Assessor.objects.filter(pk=row.assessor_id).update(user=factories.user())
    with refused("entry_keeps_its_subject"):
        Entry.objects.filter(pk=row.entry_id).update(subject=factories.subject())


# --- a relation, a maker or a speaker there first -------------------------------------------------


def by_maker(entry, assessor):
    related(assessor)
    made_by(entry.subject)


def by_head(entry, assessor):
    related(assessor)
    Agency.objects.filter(pk=entry.subject.agency_id).update(head="دکتر سارا یوسفی")


def by_representative(entry, assessor):
    related(assessor)
    factories.representative(entry.subject.agency, first_name="سارا", last_name="یوسفی")


def by_unit_officer_in_english(entry, assessor):
    related(assessor, "Sara Yousefi")
    unit = Unit.objects.create(agency=entry.subject.agency, kind="county", name_fa="شهرستان")
    factories.granted("unit_officer", unit=unit, name_en="Dr. Sara Yousefi")


def by_his_name(entry, assessor):
    User.objects.filter(pk=assessor.user_id).update(first_name="سارا", last_name="یوسفی")
    made_by(entry.subject, "سارا یوسفی")


def by_his_account(entry, assessor):
    made_by(entry.subject, "نام دیگر", assessor.user)


@pytest.mark.parametrize(
    "tie", [by_maker, by_head, by_representative, by_unit_officer_in_english, by_his_name, by_his_account, None]
)
def test_nobody_is_assigned_beside_a_tie_by_name(tie):
    entry, assessor = factories.entry(), factories.assessor()
    if tie is None:  # a name that somebody else bears
        related(assessor, "سارا یوسفیان")
        made_by(entry.subject)
        assign(entry, assessor)
        return settle()
    tie(entry, assessor)
    settle()
    with refused("no_assignment_with_a_conflict"):
        assign(entry, assessor)
    row = assign(entry, assessor, "withdrawn")
    with refused("no_assignment_with_a_conflict"):
        sql("UPDATE assessments_assignment SET status = 'accepted' WHERE id = %s", row.pk)
    with refused("no_assignment_with_a_conflict"):
        other = assign(factories.entry(), assessor)
        sql("UPDATE assessments_assignment SET entry_id = %s, alias = 9 WHERE id = %s", entry.pk, other.pk)


# --- the assignment there first --------------------------------------------------------------------


def test_a_relation_written_past_the_services_is_refused():
    row = factories.assignment()
    made_by(row.entry.subject)
    over = related(row.assessor, until=timezone.localdate() - timedelta(days=1))
    settle()
    with refused("relation_leaves_no_live_assignment"):
        related(row.assessor, kind="spouse")
    with refused("relation_leaves_no_live_assignment"):
        sql("UPDATE assessments_relation SET until = NULL WHERE id = %s", over.pk)


def test_a_maker_written_past_the_services_is_refused():
    row = factories.assignment()
    related(row.assessor)
    other = made_by(row.entry.subject, "نام دیگر")
    with refused("maker_leaves_no_live_assignment"):
        made_by(row.entry.subject)
    with refused("maker_leaves_no_live_assignment"):
        sql("UPDATE assessments_subjectmaker SET name = 'آقای سارا یوسفی' WHERE id = %s", other.pk)
    with refused("maker_leaves_no_live_assignment"):
        sql("UPDATE assessments_subjectmaker SET user_id = %s WHERE id = %s", row.assessor.user_id, other.pk)


def test_a_role_of_somebody_related_is_refused():
    row = factories.assignment()
    related(row.assessor)
    speaker = factories.user(first_name="سارا", last_name="یوسفی")
    with refused("role_leaves_no_live_assignment"):
        RoleGrant.objects.bulk_create([RoleGrant(user=speaker, role="representative", agency=row.entry.subject.agency)])


def test_a_new_name_or_head_past_the_services_is_refused():
    row, agency = factories.assignment(), None
    agency = row.entry.subject.agency
    related(row.assessor)
    made_by(row.entry.subject, "رضا کریمی")
    speaker = factories.representative(agency)
    settle()
    with refused("head_leaves_no_live_assignment"):
        Agency.objects.filter(pk=agency.pk).update(head="سارا یوسفی")
    with refused("name_leaves_no_live_assignment"):
        User.objects.filter(pk=speaker.pk).update(first_name="سارا", last_name="یوسفی")
    with refused("name_leaves_no_live_assignment"):
        User.objects.filter(pk=row.assessor.user_id).update(first_name="رضا", last_name="کریمی")


def test_a_round_comes_back_without_its_conflicts():
    row = factories.assignment()
    Round.objects.filter(pk=row.entry.round_id).update(status="cancelled")
    affiliated(row.assessor, row.entry.subject.agency)
    settle()
    with refused("no_conflict_comes_back_with_a_round"):
        Round.objects.filter(pk=row.entry.round_id).update(status="open")


# --- waivers ---------------------------------------------------------------------------------------


def test_a_waiver_takes_a_reason_and_two_officers():
    assessor, subject = factories.assessor(), factories.subject()
    with refused("waiver_has_a_reason"):
        asked(assessor, subject, reason="")
    row = asked(assessor, subject)
    with refused("one_open_waiver_a_pair"):
        asked(assessor, subject)
    settle()
    moment = timezone.now()
    rows = ConflictWaiver.objects.filter(pk=row.pk)
    with refused("waiver_granted_by_a_second_officer"):
        rows.update(status="granted", granted_by=row.asked_by, granted_at=moment)
    for wrong in (
        {"status": "granted"},
        {"status": "granted", "granted_at": moment},
        {"status": "refused", "ended_at": moment},
        {"status": "ended", "ended_at": moment, "ended_why": "x"},
        {"status": "gone"},
    ):
        with refused("waiver_state_fits_its_hands"):
            rows.update(**wrong)


def test_a_waiver_stays_as_it_was_asked():
    row = asked(factories.assessor(), factories.subject())
    settle()
    for change in ({"reason": "y"}, {"assessor": factories.assessor()}, {"subject": factories.subject()}):
        with refused("waiver_says_what_was_asked"):
            ConflictWaiver.objects.filter(pk=row.pk).update(**change)
    with refused("waiver_stays_on_record"):
        sql("DELETE FROM assessments_conflictwaiver WHERE id = %s", row.pk)
    move = WaiverMove.objects.create(waiver=row, action="ask", target="asked")
    with refused("append_only"):
        WaiverMove.objects.filter(pk=move.pk).update(why="y")


def by_membership(entry, assessor):
    affiliated(assessor, entry.subject.agency)


def by_staff(entry, assessor):
    conflict(assessor, entry.subject)


@pytest.mark.parametrize("tie", [by_membership, by_staff, by_maker, by_head, by_representative])
def test_a_granted_waiver_lifts_a_tie_until_it_ends(tie):
    entry, assessor = factories.entry(), factories.assessor()
    tie(entry, assessor)
    waiver = asked(assessor, entry.subject)
    with refused("no_assignment_with_a_conflict"):
        assign(entry, assessor)
    moment = timezone.now()
    rows = ConflictWaiver.objects.filter(pk=waiver.pk)
    rows.update(status="granted", granted_by=factories.officer(), granted_at=moment)
    assign(entry, assessor)
    settle()
    with refused("no_assignment_with_a_conflict"):  # for this one subject only
        elsewhere = factories.entry(subject_=factories.subject(entry.subject.agency))
        tie(elsewhere, assessor) if tie is by_staff else None
        if tie is by_maker:
            made_by(elsewhere.subject)
        assign(elsewhere, assessor)
    with refused("waiver_ends_with_its_assignment"):
        rows.update(status="ended", ended_at=moment, ended_why="x")


def by_work(entry, assessor):
    affiliated(assessor, entry.subject.agency, kind="employee")


def by_role(entry, assessor):
    RoleGrant.objects.bulk_create([RoleGrant(user=assessor.user, role="representative", agency=entry.subject.agency)])


def by_his_word(entry, assessor):
    row = conflict(assessor, entry.subject)
    ConflictOfInterest.objects.filter(pk=row.pk).update(source="declared")


@pytest.mark.parametrize("tie", [by_work, by_role, by_his_word, by_his_name, by_his_account])
def test_no_waiver_lifts_a_firm_tie(tie):
    entry, assessor = factories.entry(), factories.assessor()
    tie(entry, assessor)
    granted(assessor, entry.subject)
    settle()
    with refused("no_assignment_with_a_conflict"):
        assign(entry, assessor)
