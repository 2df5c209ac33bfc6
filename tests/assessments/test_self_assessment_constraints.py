"""What the database itself refuses in a year of self-assessment, whatever code writes."""

import pytest
from django.db import transaction
from django.utils import timezone

from assessments.models import (
    Affiliation,
    CheckAnswer,
    ExcellenceCheck,
    ExcellenceYear,
    SelfAnswer,
    SelfAssessment,
    SelfFile,
    SelfScore,
)
from assessments.services import excellence_checks, excellence_years, self_assessments
from secretariat.models import RoleGrant
from tests import factories, specimens
from tests.assessments import self_assessing as make
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db


# --- the year ------------------------------------------------------------------------------------


def test_a_year_stands_within_its_bounds():
    year = make.year()
    with refused("one_self_assessment_a_year"):
        sql(
            "INSERT INTO assessments_excellenceyear (year, framework_id, status, deadline, checks_due, check_percent, note,"
            " is_demo, seed, created_at, version) SELECT year, framework_id, status, deadline, checks_due, check_percent,"
            " note, is_demo, seed, created_at, version FROM assessments_excellenceyear"
        )
    for rule, column, value in (
        ("excellence_year_is_jalali", "year", 2024),
        ("checked_share_is_a_percent", "check_percent", 101),
        ("excellence_year_status_known", "status", "other"),
        ("checked_exactly_once_the_sample_is_drawn", "status", "checking"),
        ("checked_exactly_once_the_sample_is_drawn", "seed", "chosen"),
    ):
        with refused(rule):
            ExcellenceYear.objects.filter(pk=year.pk).update(**{column: value})


def test_a_year_that_agencies_answer_keeps_its_terms():
    year = make.year()
    make.begun(year)
    for change in ({"year": 1399}, {"framework": make.framework()}):
        with refused("excellence_year_keeps_its_terms", "framework"):
            ExcellenceYear.objects.filter(pk=year.pk).update(**change)
    drawn, _rows = make.drawn(number=1402)
    with refused("excellence_year_keeps_its_terms", "drawn sample"):
        ExcellenceYear.objects.filter(pk=drawn.pk).update(seed="another")
    make.checked(_rows[0])
    excellence_checks.confirm(_rows[0].pk, by=factories.officer())
    excellence_years.move_year(drawn.pk, "close", by=factories.officer())
    with refused("excellence_year_keeps_its_terms"):
        ExcellenceYear.objects.filter(pk=drawn.pk).update(note="x")


def test_agencies_are_judged_by_a_published_framework_of_their_own():
    for unfit in (factories.published_set(), make.framework()):
        if unfit.set.layer == "organisation":
            sql("UPDATE assessments_setversion SET status = 'retired' WHERE id = %s", unfit.pk)
        with refused("excellence_framework_is_for_agencies"):
            ExcellenceYear.objects.create(
                year=1403, framework=unfit, deadline=timezone.now(), checks_due=timezone.now(), check_percent=10
            )


# --- a self-assessment ---------------------------------------------------------------------------


def test_one_self_assessment_an_agency_and_year():
    own, _user = make.begun(make.year())
    with refused("one_self_assessment_an_agency_and_year"):
        SelfAssessment.objects.create(year=own.year, agency=own.agency)


def test_a_self_assessment_is_what_its_state_says():
    own, _user = make.begun(make.year())
    rows = SelfAssessment.objects.filter(pk=own.pk)
    with refused("self_assessment_submitted_exactly_when_dated"):
        rows.update(submitted_at=timezone.now())
    with refused("drawn_by_lot"):
        rows.update(in_sample=True)
    _year, (drawn,) = make.drawn(number=1402)
    with refused("self_assessment_status_known"):
        SelfAssessment.objects.filter(pk=drawn.pk).update(status="other")
    _year, (free,) = make.drawn(number=1401, percent=0)
    with refused("only_the_sample_is_checked"):
        SelfAssessment.objects.filter(pk=free.pk).update(status="checking")


def test_what_was_submitted_is_frozen():
    own = make.submitted(make.year())
    rows = SelfAssessment.objects.filter(pk=own.pk)
    for change in ({"agency": factories.agency()}, {"version": 99}, {"submitted_by": None}):
        with refused("submitted_self_assessment_is_frozen"):
            rows.update(**change)
    with refused("submitted_self_assessment_is_frozen"):
        sql("DELETE FROM assessments_selfassessment WHERE id = %s", own.pk)
    with refused("self_answer_fits_a_draft", "frozen"):
        SelfAnswer.objects.filter(self_assessment=own).update(value=5)
    with refused("self_answer_fits_a_draft", "frozen"):
        sql("DELETE FROM assessments_selfanswer WHERE self_assessment_id = %s", own.pk)
    _year, (drawn,) = make.drawn(number=1402)
    with refused("submitted_self_assessment_is_frozen"):
        SelfAssessment.objects.filter(pk=drawn.pk).update(in_sample=False, status="confirmed")


def test_a_self_assessment_moves_with_its_year():
    own = make.submitted(make.year())
    with refused("self_assessment_moves_with_its_year"):
        SelfAssessment.objects.filter(pk=own.pk).update(status="confirmed")
    year, _rows = make.drawn(number=1402)
    with refused("self_assessment_moves_with_its_year"):
        SelfAssessment.objects.create(year=year, agency=factories.agency())


def test_what_is_submitted_has_its_scores():
    own, user = make.begun(make.year())
    with refused("submitted_with_its_scores"):
        SelfAssessment.objects.filter(pk=own.pk).update(status="submitted", submitted_at=timezone.now())
    make.answer_all(own, user)
    own = self_assessments.submit(own.pk, by=user, version=own.version)
    with refused("submitted_with_its_scores"):
        SelfAssessment.objects.filter(pk=own.pk).update(status="draft", submitted_at=None, submitted_by=None)
    _year, (drawn,) = make.drawn(number=1402)
    with refused("submitted_with_its_scores"):
        SelfAssessment.objects.filter(pk=drawn.pk).update(status="checked")


def test_an_answer_fits_its_criterion():
    own, _user = make.begun(make.year())
    leaf, other = make.leaves(own.year)[0], make.framework()
    foreign = other.indicators.filter(scale__isnull=False).first()
    dimension = own.year.framework.indicators.filter(scale=None).first()
    for indicator, state, value in (
        (leaf, "scored", 6),
        (leaf, "scored", "2.5"),
        (leaf, "na", None),
        (foreign, "scored", 3),
        (dimension, "blank", None),
    ):
        with refused("self_answer_fits_a_draft", "fit"):
            SelfAnswer.objects.create(self_assessment=own, indicator=indicator, state=state, value=value)
    with refused("self_level_exactly_when_it_has_a_value"):
        SelfAnswer.objects.create(self_assessment=own, indicator=leaf, state="scored", value=None)
    SelfAnswer.objects.create(self_assessment=own, indicator=leaf)
    with refused("one_self_answer_a_criterion"):
        SelfAnswer.objects.create(self_assessment=own, indicator=leaf)


def test_evidence_stays_as_it_was_uploaded():
    own, user = make.begun(make.year())
    leaf = make.leaves(own.year)[0]
    file = self_assessments.attach(own.pk, leaf.pk, specimens.upload(specimens.pdf()), by=user)
    rows = SelfFile.objects.filter(pk=file.pk)
    with refused("uploaded_file_stays"):
        rows.update(name="other.pdf")
    with refused("uploaded_file_stays"):
        sql("DELETE FROM assessments_selffile WHERE id = %s", file.pk)
    copy = {name: getattr(file, name) for name in ("name", "extension", "content_type", "size", "sha256")}
    with refused("evidence_once_a_criterion"):
        SelfFile.objects.create(self_assessment=own, indicator=leaf, file="x", **copy)
    with refused("selffile_not_empty"):
        SelfFile.objects.create(self_assessment=own, indicator=leaf, file="x", **{**copy, "size": 0, "sha256": "0"})
    make.answer_all(own, user)
    self_assessments.submit(own.pk, by=user, version=own.version)
    with refused("evidence_belongs_to_a_draft"):
        rows.update(removed_at=timezone.now())
    with refused("evidence_belongs_to_a_draft"):
        SelfFile.objects.create(self_assessment=own, indicator=leaf, file="x", **{**copy, "sha256": "1"})


def test_scores_stay_with_what_was_submitted():
    own = make.submitted(make.year())
    total = own.scores.get(indicator=None)
    with refused("self_scores_stay"):
        SelfScore.objects.filter(pk=total.pk).update(value=100)
    with refused("self_scores_stay"):
        sql("DELETE FROM assessments_selfscore WHERE id = %s", total.pk)
    fields = {"coverage": 1, "method": "x", "inputs_hash": "x", "self_assessment": own}
    with refused("one_self_score_a_node"):
        SelfScore.objects.create(source="own", **fields)
    with refused("self_score_source_known"):
        SelfScore.objects.create(source="other", **fields)
    with refused("self_score_within_its_bounds"):
        SelfScore.objects.create(source="check", value=101, **fields)


# --- the check -----------------------------------------------------------------------------------


def test_nobody_checks_an_agency_he_is_tied_to():
    _year, (own,) = make.drawn()
    by_affiliation, by_role = factories.assessor(), factories.assessor()
    Affiliation.objects.create(assessor=by_affiliation, agency=own.agency)
    RoleGrant.objects.create(user=by_role.user, role="representative", agency=own.agency)
    for tied in (by_affiliation, by_role):
        with refused("no_check_with_a_tie", "tied"):
            ExcellenceCheck.objects.create(self_assessment=own, assessor=tied)
    waiting = make.submitted(make.year(number=1402))
    with refused("no_check_with_a_tie", "drawn"):
        ExcellenceCheck.objects.create(self_assessment=waiting, assessor=factories.assessor())
    check = make.appointed(own)
    with refused("one_checker_at_a_time"):
        ExcellenceCheck.objects.create(self_assessment=own, assessor=factories.assessor())
    with refused("no_check_with_a_tie", "keeps"):
        ExcellenceCheck.objects.filter(pk=check.pk).update(assessor=factories.assessor())
    with refused("check_ended_with_a_reason"):
        ExcellenceCheck.objects.filter(pk=check.pk).update(withdrawn_at=timezone.now())


def test_no_check_outlives_a_tie():
    _year, (own,) = make.drawn()
    check = make.appointed(own)
    with refused("affiliation_leaves_no_live_check"):
        Affiliation.objects.bulk_create([Affiliation(assessor=check.assessor, agency=own.agency)])
    with refused("role_leaves_no_live_check"):
        RoleGrant.objects.bulk_create([RoleGrant(user=check.assessor.user, role="representative", agency=own.agency)])


def test_a_check_is_complete_and_then_frozen():
    _year, (own,) = make.drawn()
    check = make.appointed(own)
    with refused("handed_in_check_is_complete"):
        ExcellenceCheck.objects.filter(pk=check.pk).update(submitted_at=timezone.now())
    excellence_checks.withdraw(check.pk, by=factories.officer(), why="وقت ندارد")
    done = make.checked(own)
    rows = ExcellenceCheck.objects.filter(pk=done.pk)
    for change in ({"version": 99}, {"submitted_at": None}):
        with refused("handed_in_check_is_frozen"):
            rows.update(**change)
    with refused("handed_in_check_is_frozen"):
        sql("DELETE FROM assessments_excellencecheck WHERE id = %s", done.pk)
    with refused("handed_in_check_is_frozen"):
        ExcellenceCheck.objects.filter(pk=check.pk).update(withdrawn_why="x")
    with refused("check_answer_fits_an_open_check", "frozen"):
        CheckAnswer.objects.filter(external_check=done).update(value=5)
    with refused("check_answer_fits_an_open_check", "frozen"):
        sql("DELETE FROM assessments_checkanswer WHERE external_check_id = %s", done.pk)


def test_a_checkers_answer_fits_its_criterion():
    _year, (own,) = make.drawn()
    check, leaf = make.appointed(own), make.leaves(own.year)[0]
    for state, value in (("scored", 6), ("scored", "1.5"), ("na", None)):
        with refused("check_answer_fits_an_open_check", "fit"):
            CheckAnswer.objects.create(external_check=check, indicator=leaf, state=state, value=value)
    with refused("check_level_exactly_when_it_has_a_value"):
        CheckAnswer.objects.create(external_check=check, indicator=leaf, state="scored")
    CheckAnswer.objects.create(external_check=check, indicator=leaf)
    with refused("one_check_answer_a_criterion"):
        CheckAnswer.objects.create(external_check=check, indicator=leaf)


def test_moves_are_told_once():
    year, (own,) = make.drawn()
    for moves in (year.moves, own.moves):
        with refused("append_only"), transaction.atomic():
            moves.update(why="x")
