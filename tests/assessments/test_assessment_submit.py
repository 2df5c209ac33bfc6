"""Submitting, reading and reopening a sheet; completeness, deadlines, double submits and races."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from assessments.models import Assessment, Assignment, Entry, Indicator, Rating, Score
from assessments.services import assessments as services
from assessments.services import runs
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from tests import factories
from tests.together import at_once

pytestmark = pytest.mark.django_db


def _person(assignment):
    return assignment.assessor.user


def _url(assignment, name):
    return reverse(name, args=[assignment.pk])


def _fill(assignment, value="4", *, without=(), comments=None, version=0):
    leaves = Indicator.objects.filter(version__sheet_parts__sheet=assignment.entry.sheet, scale__isnull=False)
    fields = {f"r-{leaf.pk}": value for leaf in leaves if leaf.code not in without}
    fields.update({f"c-{leaf.pk}": comments[leaf.code] for leaf in leaves if leaf.code in (comments or {})})
    return services.save_draft(assignment.pk, fields, by=_person(assignment), version=version).assessment


@pytest.fixture
def assignment():
    return factories.assignment()


@pytest.fixture
def filled(assignment):
    _fill(assignment)
    return assignment


@pytest.fixture
def seat(client, assignment):
    client.force_login(_person(assignment))
    return client


# ------------------------------------------------------------------ submitting
def test_review_then_submit(seat, filled, in_english, django_capture_on_commit_callbacks):
    page = seat.get(_url(filled, "assessment_submit"))
    assert "The sheet is complete" in page.content.decode()
    answer = seat.post(_url(filled, "assessment_submit"), {"version": "1"})
    assert answer.headers["Location"] == _url(filled, "assessment_detail")
    filled.refresh_from_db()
    assert filled.status == "submitted"
    assert Assessment.objects.get().submitted_at is not None
    assert filled.moves.get().action == "submit"
    entry = Entry.objects.get()
    assert (entry.inputs_version, entry.is_stale) == (1, True)
    html = seat.get(answer.headers["Location"]).content.decode()
    assert "has arrived" in html and "level 4" in html
    # The sheet is closed: its address leads to the page for reading.
    assert seat.get(_url(filled, "assessment_form")).headers["Location"] == answer.headers["Location"]
    with pytest.raises(RuleBroken):
        _fill(filled, "1", version=2)


def test_an_unfinished_sheet_is_refused_with_links_to_what_is_missing(seat, assignment, in_english):
    _fill(assignment, without=("D1I2", "D2I1"))
    page = seat.post(_url(assignment, "assessment_submit"), {"version": "1"})
    html = page.content.decode()
    assert page.status_code == 400
    assert "2 things are missing" in html
    for code in ("D1I2", "D2I1"):
        assert f"{_url(assignment, 'assessment_form')}#q-{Indicator.objects.get(code=code).pk}" in html
    assignment.refresh_from_db()
    assert assignment.status == "accepted"
    with pytest.raises(services.Incomplete):
        services.submit(assignment.pk, by=_person(assignment), version=1)


def test_an_empty_sheet_is_refused(assignment):
    with pytest.raises(services.Incomplete) as refused:
        services.submit(assignment.pk, by=_person(assignment), version=0)
    assert len(refused.value.problems) == 4


@pytest.mark.parametrize(("not_applicable", "accepted"), [(("D1I1",), True), (("D1I1", "D2I1"), False)])
def test_at_least_seventy_percent_must_be_rated(not_applicable, accepted):
    assignment = factories.assignment(factories.entry(versions=[factories.published_set(allow_na=True)]))
    _fill(assignment, without=not_applicable)
    leaves = Indicator.objects.filter(code__in=not_applicable, version__sheet_parts__sheet=assignment.entry.sheet)
    services.save_draft(assignment.pk, {f"r-{leaf.pk}": "na" for leaf in leaves}, by=_person(assignment), version=1)
    if accepted:
        services.submit(assignment.pk, by=_person(assignment), version=2)
        assert Assessment.objects.counted().count() == 1
    else:
        with pytest.raises(services.Incomplete) as refused:
            services.submit(assignment.pk, by=_person(assignment), version=2)
        ((row, sentence),) = refused.value.problems
        assert row is None
        assert "70" in sentence or "۷۰" in sentence


def test_a_failed_gate_wants_a_comment():
    from assessments.models import IndicatorSet, SetVersion

    set_ = IndicatorSet.objects.create(code="gated", title_fa="س", title_en="G", layer="kind")
    version = SetVersion.objects.create(set=set_, number=1)
    top = Indicator.objects.create(version=version, code="D", title_fa="ب", weight=100)
    Indicator.objects.create(
        version=version, parent=top, code="G", title_fa="د", weight=100, scale=factories.scale(), gate_least=50
    )
    version.status, version.published_at = "published", timezone.now()
    version.save()
    assignment = factories.assignment(factories.entry(versions=[version]))
    _fill(assignment, "2")
    with pytest.raises(services.Incomplete) as refused:
        services.submit(assignment.pk, by=_person(assignment), version=1)
    assert [row.code for row, _sentence in refused.value.problems] == ["G"]
    _fill(assignment, "2", comments={"G": "زیرا چنین است"}, version=1)
    services.submit(assignment.pk, by=_person(assignment), version=2)
    runs.score_round(assignment.entry.round_id)
    assert Score.objects.filter(entry=assignment.entry, gate_failed=True).count() == 4


def test_after_the_deadline_the_answers_are_kept_and_submitting_is_refused(seat, filled, in_english):
    round_ = filled.entry.round
    round_.deadline = timezone.now() - timedelta(hours=1)
    round_.save()
    page = seat.post(_url(filled, "assessment_submit"), {"version": "1"})
    assert page.status_code == 400
    assert "deadline" in page.content.decode()
    _fill(filled, "5", version=1)
    assert Rating.objects.filter(value=5).count() == 4


def test_a_closed_round_takes_no_assessment(filled):
    round_ = filled.entry.round
    round_.status = "moderation"
    round_.save()
    with pytest.raises(RuleBroken):
        services.submit(filled.pk, by=_person(filled), version=1)
    assert Assessment.objects.get().submitted_at is None


def test_what_was_not_reviewed_is_not_submitted(filled):
    _fill(filled, "1", version=1)
    with pytest.raises(Stale):
        services.submit(filled.pk, by=_person(filled), version=1)
    assert Assessment.objects.get().submitted_at is None


def test_a_double_click_submits_once_and_shows_the_first_result(seat, filled):
    fields = {"version": "1", "once_key": str(uuid.uuid4())}
    first = seat.post(_url(filled, "assessment_submit"), fields)
    second = seat.post(_url(filled, "assessment_submit"), fields)
    assert first.headers["Location"] == second.headers["Location"] == _url(filled, "assessment_detail")
    assert filled.moves.count() == 1
    assert Entry.objects.get().inputs_version == 1


@pytest.mark.django_db(transaction=True)
def test_two_submits_at_the_same_moment_count_once(filled):
    results = at_once(*[lambda: services.submit(filled.pk, by=_person(filled), version=1)] * 2)
    assert sorted(type(result).__name__ for result in results) == ["Assessment", "RuleBroken"]
    assert filled.moves.count() == 1
    assert Entry.objects.get().inputs_version == 1


@pytest.mark.django_db(transaction=True)
def test_an_autosave_and_a_submit_at_the_same_moment_leave_a_whole_sheet(filled):
    results = at_once(lambda: services.submit(filled.pk, by=_person(filled), version=1), lambda: _fill(filled, "1", version=1))
    values = set(Rating.objects.values_list("value", flat=True))
    if Assessment.objects.get().submitted_at:
        assert values == {4}  # submitted as reviewed; the late save was refused
    else:
        assert values == {1}  # saved first; the submit of the older page was refused
    assert sum(isinstance(result, RuleBroken) for result in results) == 1


@pytest.mark.django_db(transaction=True)
def test_reopening_while_scoring_leaves_no_wrong_score(filled):
    officer = factories.officer()
    for value in (5, 2):
        factories.submitted_assessment(filled.entry, value)
    services.submit(filled.pk, by=_person(filled), version=1)
    at_once(
        lambda: runs.score_round(filled.entry.round_id),
        lambda: services.reopen(filled.pk, by=officer, why="بازنگری"),
        lambda: runs.score_round(filled.entry.round_id),
    )
    runs.score_round(filled.entry.round_id)
    assert Score.objects.get(current_of=filled.entry).raters == 2
    assert list(runs.differences()) == []


# ------------------------------------------------------------------ reading
def test_nobody_reads_anothers_sheet_before_or_after(client, filled):
    services.submit(filled.pk, by=_person(filled), version=1)
    colleague = factories.assignment(filled.entry)
    for person in (_person(colleague), factories.user(), factories.representative(filled.entry.subject.agency)):
        client.force_login(person)
        assert client.get(_url(filled, "assessment_detail")).status_code == 404


def test_an_officer_reads_submitted_sheets_with_names(client, filled, in_english):
    services.submit(filled.pk, by=_person(filled), version=1)
    client.force_login(factories.officer())
    html = client.get(_url(filled, "assessment_detail")).content.decode()
    assert _person(filled).display_name in html
    assert _url(filled, "assessment_reopen") in html


def test_an_officer_on_the_panel_reads_the_others_only_after_submitting(client, filled):
    officer = factories.officer()
    own = factories.assignment(filled.entry, factories.assessor(user=officer))
    services.submit(filled.pk, by=_person(filled), version=1)
    client.force_login(officer)
    assert client.get(_url(filled, "assessment_detail")).status_code == 404
    assert client.get(_url(filled, "assessment_reopen")).status_code == 404
    _fill(own)
    services.submit(own.pk, by=officer, version=1)
    assert client.get(_url(filled, "assessment_detail")).status_code == 200


# ------------------------------------------------------------------ reopening
@pytest.fixture
def submitted(filled):
    services.submit(filled.pk, by=_person(filled), version=1)
    return filled


def test_an_officer_reopens_with_a_reason_and_the_assessor_is_told(client, submitted, in_english):
    client.force_login(factories.officer())
    page = client.post(_url(submitted, "assessment_reopen"), {"why": " "})
    assert page.status_code == 400
    answer = client.post(_url(submitted, "assessment_reopen"), {"why": "دو شاخص جابه‌جا شده است"})
    assert answer.status_code == 302
    submitted.refresh_from_db()
    assert submitted.status == "accepted"
    assert Assessment.objects.get().submitted_at is None
    assert submitted.moves.last().why == "دو شاخص جابه‌جا شده است"
    assert Entry.objects.get().inputs_version == 2
    notice = Notice.objects.get(user=_person(submitted))
    assert "دو شاخص" in notice.text_fa
    assert notice.link == _url(submitted, "assessment_form")
    client.force_login(_person(submitted))
    html = client.get(_url(submitted, "assessment_form")).content.decode()
    assert "دو شاخص جابه‌جا شده است" in html and 'value="4" checked' in html
    # Changed and handed in anew; the first submission stays in the history.
    _fill(submitted, "5", version=3)
    services.submit(submitted.pk, by=_person(submitted), version=4)
    assert [move.action for move in submitted.moves.all()] == ["submit", "reopen", "submit"]


def test_only_officers_reopen_and_only_what_is_submitted_in_an_open_round(client, submitted):
    assert client.post(_url(submitted, "assessment_reopen")).headers["Location"].startswith(reverse("sign_in"))
    for person in (_person(submitted), factories.user()):
        client.force_login(person)
        assert client.post(_url(submitted, "assessment_reopen"), {"why": "x"}).status_code == 404
        with pytest.raises(RuleBroken):
            services.reopen(submitted.pk, by=person, why="x")
    officer = factories.officer()
    client.force_login(officer)
    round_ = submitted.entry.round
    round_.status = "moderation"
    round_.save()
    page = client.post(_url(submitted, "assessment_reopen"), {"why": "نوشتهٔ من"})
    assert page.status_code == 400
    assert "نوشتهٔ من" in page.content.decode()
    round_.status = "open"
    round_.save()
    services.reopen(submitted.pk, by=officer, why="x")
    with pytest.raises(RuleBroken):
        services.reopen(submitted.pk, by=officer, why="x")
    assert Assignment.objects.get(pk=submitted.pk).status == "accepted"
