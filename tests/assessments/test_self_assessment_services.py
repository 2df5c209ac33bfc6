"""A year of self-assessment by its services: opening, answering, submitting, drawing by lot, checking, confirming."""

from datetime import timedelta

import pgtrigger
import pytest
from django.utils import timezone, translation

from assessments.models import ExcellenceYear, SelfAnswer, SelfAssessment, SelfFile, SelfScore
from assessments.selectors import excellence as selectors
from assessments.selectors import excellence_results as results
from assessments.selectors.excellence_scores import worked_out
from assessments.services import excellence_checks, excellence_years, self_assessments
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice, RoleGrant
from tests import factories, specimens
from tests.assessments import self_assessing as make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


# --- the year ------------------------------------------------------------------------------------


def test_opening_a_year_asks_every_member_agency():
    member = factories.representative(factories.agency())
    outsider = factories.representative(factories.agency(is_member=False))
    year = make.year()
    assert year.status == "open" and [move.action for move in year.moves.all()] == ["open"]
    assert Notice.objects.filter(user=member, kind="excellence_opened").count() == 1
    assert not Notice.objects.filter(user=outsider).exists()


def test_a_year_is_opened_once_and_by_officers():
    make.year(number=1402)
    with pytest.raises(RuleBroken) as broken:
        make.year(number=1402)
    assert broken.value.field == "year"
    with pytest.raises(RuleBroken):
        make.year(by=factories.user(), number=1401)


def test_a_cancelled_year_may_be_opened_anew():
    year = make.year()
    excellence_years.move_year(year.pk, "cancel", by=factories.officer(), why="اشتباه بود")
    assert make.year().status == "open"


def test_only_a_framework_for_agencies_is_taken():
    for unfit in (factories.published_set(), None):
        if unfit is None:
            unfit = make.framework()
            unfit.set.versions.update(status="retired")
        with pytest.raises(RuleBroken) as broken:
            make.year(framework_=unfit)
        assert broken.value.field == "framework"


def test_editing_knows_who_saved_first():
    year, officer = make.year(), factories.officer()
    excellence_years.edit_year(year.pk, by=officer, version=1, check_percent=20)
    with pytest.raises(Stale) as stale:
        excellence_years.edit_year(year.pk, by=officer, version=1, check_percent=90)
    assert stale.value.current.check_percent == 20


def test_extending_moves_the_checkers_deadline_and_tells_only_those_at_work():
    year = make.year()
    done = make.submitted(year)
    user = factories.representative(factories.agency())
    Notice.objects.all().delete()
    apart = year.checks_due - year.deadline
    later = year.deadline + timedelta(days=5)
    extended = excellence_years.extend(year.pk, later, by=factories.officer(), why="تعطیلات")
    assert (extended.deadline, extended.checks_due) == (later, later + apart)
    assert Notice.objects.filter(user=user, kind="excellence_extended").exists()
    assert not Notice.objects.filter(user=done.submitted_by, kind="excellence_extended").exists()


def test_a_reminder_goes_to_those_that_have_not_submitted_once_a_day():
    year = make.year()
    done, late = make.submitted(year), factories.representative(factories.agency())
    agencies = type(done.agency).objects.all()
    for _time in range(2):
        excellence_years.remind(year.pk, agencies, by=factories.officer())
    assert Notice.objects.filter(user=late, kind="excellence_reminded").count() == 1
    assert not Notice.objects.filter(user=done.submitted_by, kind="excellence_reminded").exists()
    with pytest.raises(RuleBroken):
        excellence_years.remind(year.pk, agencies.filter(pk=done.agency_id), by=factories.officer())


# --- the agency ----------------------------------------------------------------------------------


def test_beginning_twice_gives_the_same():
    year, agency = make.year(), factories.agency()
    first, user = make.begun(year, agency)
    second, _other = make.begun(year, agency, by=factories.representative(agency))
    assert first == second
    with pytest.raises(RuleBroken):
        self_assessments.start(year.pk, factories.agency().pk, by=user)


def test_an_answer_is_kept_and_a_wrong_level_spoils_nothing_else():
    own, user = make.begun(make.year())
    leaf = make.leaves(own.year)[0]
    saved = self_assessments.save_answer(own.pk, leaf.pk, {"level": "۴", "done": "كار", "links": ""}, by=user, version=0)
    assert (saved.answer.value, saved.answer.done, saved.answer.version) == (4, "کار", 1)
    saved = self_assessments.save_answer(own.pk, leaf.pk, {"level": "9", "done": "بیشتر"}, by=user, version=1)
    row = SelfAnswer.objects.get()
    assert saved.error and saved.typed == "9"
    assert (row.value, row.done) == (4, "بیشتر")


def test_two_windows_do_not_overwrite_one_another():
    own, user = make.begun(make.year())
    leaf, colleague = make.leaves(own.year)[0], factories.representative(own.agency)
    self_assessments.save_answer(own.pk, leaf.pk, {"done": "یکی"}, by=user, version=0)
    with pytest.raises(Stale) as stale:
        self_assessments.save_answer(own.pk, leaf.pk, {"done": "دیگری"}, by=colleague, version=0)
    assert stale.value.current.told.done == "یکی"
    # The same words typed twice are no conflict, and another criterion is free.
    self_assessments.save_answer(own.pk, leaf.pk, {"done": "یکی"}, by=colleague, version=0)
    self_assessments.save_answer(own.pk, make.leaves(own.year)[1].pk, {"done": "دیگری"}, by=colleague, version=0)
    assert SelfAnswer.objects.count() == 2


def test_nobody_else_answers_for_an_agency():
    own, _user = make.begun(make.year())
    leaf = make.leaves(own.year)[0]
    with pytest.raises(RuleBroken):
        self_assessments.save_answer(own.pk, leaf.pk, {"done": "x"}, by=factories.officer(), version=0)
    with pytest.raises(SelfAssessment.DoesNotExist):
        self_assessments.save_answer(own.pk, leaf.pk, {"done": "x"}, by=factories.representative(), version=0)


def test_files_come_once_and_go_only_from_a_draft():
    own, user = make.begun(make.year())
    leaf = make.leaves(own.year)[0]
    file = self_assessments.attach(own.pk, leaf.pk, specimens.upload(specimens.pdf(), "گزارش.pdf"), by=user)
    assert (file.name, file.content_type) == ("گزارش.pdf", "application/pdf")
    with pytest.raises(RuleBroken, match="گزارش"):
        self_assessments.attach(own.pk, leaf.pk, specimens.upload(specimens.pdf()), by=user)
    with pytest.raises(RuleBroken):
        self_assessments.attach(own.pk, leaf.pk, specimens.upload(b"MZ" + bytes(100), "a.pdf"), by=user)
    self_assessments.detach(file.pk, by=user)
    self_assessments.detach(file.pk, by=user)
    assert SelfFile.objects.get().removed_at is not None
    other = self_assessments.attach(own.pk, leaf.pk, specimens.upload(specimens.pdf()), by=user)
    make.answer_all(own, user)
    self_assessments.submit(own.pk, by=user, version=own.version)
    with pytest.raises(RuleBroken):
        self_assessments.detach(other.pk, by=user)


def test_what_is_missing_is_told_before_it_is_submitted():
    own, user = make.begun(make.year())
    make.answer_all(own, user, done="")
    with pytest.raises(self_assessments.Incomplete) as incomplete:
        self_assessments.submit(own.pk, by=user, version=own.version)
    assert len(incomplete.value.problems) == 4
    own, user = make.begun(own.year)
    make.answer_all(own, user, links="سایت ما")
    with pytest.raises(self_assessments.Incomplete, match="complete"):
        self_assessments.submit(own.pk, by=user, version=own.version)
    own, user = make.begun(own.year)
    make.answer_all(own, user, level=1, done="")  # the lowest level needs no proof
    assert self_assessments.submit(own.pk, by=user, version=own.version).status == "submitted"


def test_too_much_that_does_not_apply_is_refused():
    year = make.year(framework_=make.framework(allow_na=True))
    own, user = make.begun(year)
    make.answer_all(own, user, level=["na", "na", 4, 4])
    with pytest.raises(self_assessments.Incomplete) as incomplete:
        self_assessments.submit(own.pk, by=user, version=own.version)
    assert [criterion for criterion, _sentence in incomplete.value.problems] == [None]


def test_submitting_freezes_and_keeps_the_scores():
    own = make.submitted(make.year(), level=[1, 2, 4, 5])
    scores = {row.indicator_id and row.indicator.code: row for row in own.scores.select_related("indicator")}
    assert len(scores) == 7 and {row.source for row in scores.values()} == {"own"}
    assert scores[None].value == pytest.approx(50) and scores[None].coverage == 1
    assert scores["D1"].value == pytest.approx(12.5) and scores["D2I2"].value == 100
    with pytest.raises(RuleBroken):
        self_assessments.save_answer(own.pk, make.leaves(own.year)[0].pk, {"level": "5"}, by=own.submitted_by, version=1)


def test_what_does_not_apply_is_no_zero():
    year = make.year(framework_=make.framework(allow_na=True, indicators=4, dimensions=1))
    own = make.submitted(year, level=["na", 5, 5, 5])
    total = own.scores.get(indicator=None)
    assert (total.value, total.coverage) == (100, 0.75)


def test_the_same_levels_give_the_same_digest_and_others_another():
    first, second = make.submitted(make.year()), None
    levels = {answer.indicator_id: (answer.state, answer.value) for answer in first.answers.all()}
    again = worked_out(first.year.framework_id, levels)
    assert {again.digest} == set(first.scores.values_list("inputs_hash", flat=True))
    pk = next(iter(levels))
    second = worked_out(first.year.framework_id, {**levels, pk: ("scored", 2)})
    assert second.digest != again.digest


def test_after_the_deadline_it_can_be_written_but_not_submitted():
    year = make.year()
    own, user = make.begun(year)
    ExcellenceYear.objects.filter(pk=year.pk).update(deadline=timezone.now() - timedelta(hours=1))
    make.answer_all(own, user)
    with pytest.raises(RuleBroken, match="deadline"):
        self_assessments.submit(own.pk, by=user, version=own.version)


def test_submitting_knows_who_changed_something_meanwhile():
    own, user = make.begun(make.year())
    make.answer_all(own, user)
    with pytest.raises(Stale):
        self_assessments.submit(own.pk, by=user, version=own.version - 1)


def test_giving_back_opens_it_and_takes_the_scores_along():
    own = make.submitted(make.year())
    with pytest.raises(RuleBroken):
        self_assessments.give_back(own.pk, by=factories.officer(), why=" ")
    back = self_assessments.give_back(own.pk, by=factories.officer(), why="پیوست خوانا نیست")
    assert back.status == "draft" and back.submitted_at is None and not back.scores.exists()
    assert Notice.objects.filter(user=own.submitted_by, kind="excellence_returned").exists()
    again = self_assessments.submit(own.pk, by=own.submitted_by, version=back.version)
    assert again.scores.count() == 7
    assert [move.action for move in again.moves.all()] == ["submit", "return", "submit"]


# --- the draw ------------------------------------------------------------------------------------


def test_the_sample_is_drawn_by_kind_and_the_rest_stands():
    officer, year = factories.officer(), make.year(percent=50)
    for kind in ["ministry"] * 4 + ["council"] * 2:
        make.submitted(year, agency=factories.agency(kind=kind))
    late, _user = make.begun(year)
    with pytest.raises(RuleBroken, match="not submitted"):
        excellence_years.draw_sample(year.pk, by=officer)
    excellence_years.draw_sample(year.pk, by=officer, why="همه رسیده است")
    year.refresh_from_db()
    assert year.status == "checking" and len(year.seed) == 32
    by_kind = {stratum.label: (stratum.submitted, stratum.drawn) for stratum in selectors.strata(year)}
    assert sorted(by_kind.values()) == [(2, 1), (4, 2)]
    assert year.self_assessments.filter(status="checking").count() == 3
    assert year.self_assessments.filter(status="confirmed", in_sample=False).count() == 3
    late.refresh_from_db()
    assert late.status == "draft" and late.lot == ""


def test_the_sample_can_be_drawn_again_from_the_record():
    _year, rows = make.drawn(percent=40, count=5)
    drawn = {row.agency.slug for row in rows if row.in_sample}
    assert len(drawn) == 2
    lots = sorted((row.lot, row.agency.slug) for row in rows)
    assert drawn == {slug for _lot, slug in lots[:2]}


def test_drawing_needs_somebody_and_happens_once():
    year, officer = make.year(), factories.officer()
    with pytest.raises(RuleBroken, match="No agency"):
        excellence_years.draw_sample(year.pk, by=officer, why="x")
    year, _rows = make.drawn(number=1402)
    with pytest.raises(RuleBroken):
        excellence_years.draw_sample(year.pk, by=officer, why="x")


# --- the check -----------------------------------------------------------------------------------


def test_a_checker_with_a_tie_is_neither_offered_nor_taken():
    _year, (own,) = make.drawn()
    tied, free = factories.assessor(), factories.assessor()
    tied.affiliations.create(agency=own.agency)
    offered = [candidate.assessor for candidate in selectors.checker_candidates(own)]
    assert free in offered and tied not in offered
    with pytest.raises(RuleBroken) as broken:
        excellence_checks.appoint(own.pk, tied.pk, by=factories.officer())
    assert broken.value.field == "assessor"


def test_a_second_checker_waits_for_the_first_to_be_taken_off():
    _year, (own,) = make.drawn()
    check = make.appointed(own)
    with pytest.raises(RuleBroken):
        make.appointed(own)
    excellence_checks.withdraw(check.pk, by=factories.officer(), why="وقت ندارد")
    again = make.appointed(own)
    assert again.pk != check.pk
    assert Notice.objects.filter(user=check.assessor.user, kind="check_withdrawn").exists()
    assert check.assessor not in [candidate.assessor for candidate in selectors.checker_candidates(own)]


def test_a_check_needs_every_level_and_every_reason():
    _year, (own,) = make.drawn()
    check = make.appointed(own)
    user, leaf = check.assessor.user, make.leaves(own.year)[0]
    saved = excellence_checks.save_check(check.pk, {f"r-{leaf.pk}": "3"}, by=user, version=1)
    with pytest.raises(excellence_checks.Unfinished) as unfinished:
        excellence_checks.submit_check(check.pk, by=user, version=saved.check.version)
    assert len(unfinished.value.problems) == 4
    with pytest.raises(Stale):
        excellence_checks.save_check(check.pk, {f"r-{leaf.pk}": "2"}, by=user, version=1)


def test_the_check_stands_beside_the_agencys_own_levels():
    _year, (own,) = make.drawn(level=4)
    make.checked(own, level=3)
    own.refresh_from_db()
    assert own.status == "checked"
    totals = dict(own.scores.filter(indicator=None).values_list("source", "value"))
    assert totals == {"own": 75, "check": 50}
    assert {answer.value for answer in own.answers.all()} == {4}
    confirmed = excellence_checks.confirm(own.pk, by=factories.officer())
    result = results.result_of(confirmed, tell_check=True)
    assert confirmed.status == "confirmed" and result.total.difference == -25


def test_who_checked_does_not_confirm():
    _year, (own,) = make.drawn()
    officer = factories.officer()
    make.checked(own, assessor=factories.assessor(user=officer))
    with pytest.raises(RuleBroken, match="yourself"):
        excellence_checks.confirm(own.pk, by=officer)


def test_a_check_given_back_is_opened_and_its_scores_go():
    _year, (own,) = make.drawn()
    check = make.checked(own)
    excellence_checks.give_back(check.pk, by=factories.officer(), why="دلیل معیار دوم روشن نیست")
    own.refresh_from_db()
    check.refresh_from_db()
    assert own.status == "checking" and check.submitted_at is None
    assert not own.scores.filter(source="check").exists() and own.scores.filter(source="own").exists()
    excellence_checks.submit_check(check.pk, by=check.assessor.user, version=check.version)


def test_a_checker_may_decline_and_somebody_else_is_asked():
    _year, (own,) = make.drawn()
    officer, check = factories.officer(), make.appointed(own)
    excellence_checks.decline(check.pk, by=check.assessor.user, why="همکار این دستگاه بوده‌ام")
    assert Notice.objects.filter(user=officer, kind="check_declined").exists()
    with pytest.raises(type(check).DoesNotExist):
        excellence_checks.save_check(check.pk, {}, by=check.assessor.user, version=1)
    make.appointed(own)


@pytest.mark.parametrize("handed_in", [False, True])
@pytest.mark.parametrize("kind", ["affiliation", "role"])
def test_a_tie_that_comes_later_ends_the_check(kind, handed_in):
    _year, (own,) = make.drawn()
    check = make.checked(own) if handed_in else make.appointed(own)
    if kind == "affiliation":
        check.assessor.affiliations.create(agency=own.agency)
    else:
        RoleGrant.objects.create(user=check.assessor.user, role="representative", agency=own.agency)
    check.refresh_from_db()
    own.refresh_from_db()
    assert check.withdrawn_at and own.status == "checking"
    assert not own.scores.filter(source="check").exists()


def test_what_was_confirmed_outlives_a_later_tie():
    _year, (own,) = make.drawn()
    check = make.checked(own)
    excellence_checks.confirm(own.pk, by=factories.officer())
    check.assessor.affiliations.create(agency=own.agency)
    check.refresh_from_db()
    assert check.withdrawn_at is None


def test_what_was_drawn_may_stand_unchecked_for_a_reason():
    _year, (own,) = make.drawn()
    check = make.appointed(own)
    with pytest.raises(RuleBroken):
        excellence_checks.release(own.pk, by=factories.officer(), why="")
    released = excellence_checks.release(own.pk, by=factories.officer(), why="کسی نماند")
    check.refresh_from_db()
    assert released.status == "confirmed" and check.withdrawn_at


def test_a_year_closes_when_all_is_confirmed_and_then_never_changes():
    year, (own,) = make.drawn()
    officer = factories.officer()
    with pytest.raises(RuleBroken, match="not confirmed"):
        excellence_years.move_year(year.pk, "close", by=officer)
    make.checked(own)
    excellence_checks.confirm(own.pk, by=officer)
    assert excellence_years.move_year(year.pk, "close", by=officer).status == "closed"


# --- results -------------------------------------------------------------------------------------


def test_of_the_others_only_quartiles_and_only_of_five():
    _year, rows = make.drawn(percent=0, count=4)
    assert results.result_of(rows[0], tell_check=True).agencies == 0
    _year, rows = make.drawn(percent=0, count=5, number=1402, level=[1, 2, 3, 4])
    result = results.result_of(rows[0], tell_check=True)
    assert result.agencies == 5 and result.total.quartiles.median == pytest.approx(37.5)


def test_while_agencies_answer_nothing_is_told_of_the_others():
    year = make.year()
    rows = [make.submitted(year) for _n in range(5)]
    assert results.result_of(rows[0], tell_check=True).agencies == 0


def test_year_against_year_goes_by_the_codes_of_the_framework():
    agency, framework = factories.agency(), make.framework()
    officer = factories.officer()
    first = make.year(officer, framework, number=1401, percent=0)
    make.submitted(first, 2, agency)
    excellence_years.draw_sample(first.pk, by=officer, why="x")
    second = make.year(officer, framework, number=1402, percent=0)
    own = make.submitted(second, 4, agency)
    result = results.result_of(own, tell_check=True)
    assert result.total.change == 50 and result.previous.year.year == 1401
    assert result.years[0].points == [(1401, 25.0), (1402, 75.0)]
    assert {line.change for line in result.dimensions} == {50}


def test_the_checks_tell_how_far_agencies_judge_themselves_off():
    year, (first, _second) = make.drawn(count=2, level=4)
    make.checked(first, level=3)
    summary = results.check_summary(year)
    assert (summary.checked, summary.mean) == (1, -25)


def test_a_score_is_that_of_its_levels_after_everything():
    _year, rows = make.drawn(count=3, level=[1, 3, 5, 2])
    make.checked(rows[0], level=2)
    assert list(results.differences()) == []
    with pgtrigger.ignore("assessments.SelfScore:self_scores_stay"):
        SelfScore.objects.filter(self_assessment=rows[0], source="check", indicator=None).update(value=99)
    assert [str(rows[0].pk) in sentence and "check" in sentence for sentence in results.differences()] == [True]
