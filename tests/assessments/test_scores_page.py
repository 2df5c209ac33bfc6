"""Why this score: contributions that sum to it, and what each audience may read."""

import re

import pytest
from django.urls import reverse
from django.utils import translation

from assessments.models import Assessment, Assignment, Entry
from assessments.selectors.scores import explain
from assessments.services import runs
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged():
    """Two parts (70 and 30), three assessors, one answer that does not apply."""
    entry = factories.entry(
        versions=[factories.published_set(allow_na=True), factories.published_set(layer="common", allow_na=True)]
    )
    codes = [f"D{d}I{i}" for d in (1, 2) for i in (1, 2)]
    for n, values in enumerate(((5, 4, 3, 2), (4, None, 3, 1), (5, 5, None, None)), 1):
        said = dict(zip(codes, values, strict=True))
        factories.submitted_assessment(entry, said, comment=f"گفتهٔ {n}", strengths=f"قوت {n}", note_to_staff=f"محرمانه {n}")
    Entry.objects.update(inputs_version=1)
    runs.score_round(entry.round_id)
    entry.refresh_from_db()
    return entry


def _published(entry):
    factories.published(entry.round)


def test_contributions_of_every_level_sum_to_the_score(judged):
    why = explain(judged, audience="staff")
    assert not why.stale
    total = why.root.value
    assert 0 < total < 100
    for kind in ("part", "dimension", "indicator"):
        lines = [line for line in why.lines if line.kind == kind]
        assert sum(line.contribution for line in lines) == pytest.approx(total, abs=1e-9)
        assert sum(line.share for line in lines) == pytest.approx(1, abs=1e-12)
    assert sum(voice.value for voice in why.voices) / 3 == pytest.approx(total, abs=1e-9)
    assert [line.not_applicable for line in why.indicators] == [0, 1, 1, 1] * 2


def test_each_audience_reads_what_it_may(judged):
    staff, council, agency, public = (explain(judged, audience=name) for name in ("staff", "council", "agency", "public"))
    assert {voice.name for voice in staff.voices} == {str(a.assessor.user) for a in Assignment.objects.all()}
    assert staff.voices[0].note_to_staff == "محرمانه 1"
    for told in (council, agency):
        assert [voice.name for voice in told.voices] == [""] * 3
        assert [voice.note_to_staff for voice in told.voices] == [""] * 3
        assert [voice.assignment_id for voice in told.voices] == [None] * 3
        assert told.voices[1].strengths == "قوت 2"
        assert told.voices[0].comments[0][1] == "گفتهٔ 1"
    with translation.override("en"):
        assert [voice.label for voice in agency.voices] == ["Assessor 1", "Assessor 2", "Assessor 3"]
    assert public.voices == []
    assert public.root.value == staff.root.value
    assert len(public.indicators) == 8


def test_while_the_score_is_being_computed_anew_nothing_is_explained(judged):
    runs.inputs_changed(judged.pk)
    judged.refresh_from_db()
    why = explain(judged, audience="staff")
    assert why.stale
    assert (why.lines, why.voices) == ([], [])


def test_without_a_score_there_is_nothing_to_explain():
    why = explain(factories.entry(), audience="staff")
    assert why.root is None


def test_a_wide_spread_is_told_to_staff(judged):
    assert explain(judged, audience="staff").is_wide
    same = factories.entry()
    for value in (4, 4, 4):
        factories.submitted_assessment(same, value)
    runs.rescore_round(same.round_id)
    same.refresh_from_db()
    assert not explain(same, audience="staff").is_wide


# ------------------------------------------------------------------ the page
def _get(client, entry, person):
    client.force_login(person)
    return client.get(reverse("entry_scores", args=[entry.pk]))


def test_an_officer_reads_everything(client, judged, in_english):
    html = _get(client, judged, factories.officer()).content.decode()
    why = explain(judged, audience="staff")
    assert why.run.inputs_hash in html
    assert why.run.algorithm in html
    assert f"{why.root.value:.2f}" in html
    for voice in why.voices:
        assert voice.name in html
    assert "محرمانه 1" in html
    assert not re.search(r"\sstyle=", html)


def test_before_publication_nobody_else_reads_a_score(client, judged):
    agency, assessor = judged.subject.agency, Assignment.objects.first().assessor.user
    assert client.get(reverse("entry_scores", args=[judged.pk])).headers["Location"].startswith(reverse("sign_in"))
    for person in (factories.representative(agency), assessor, factories.user(), factories.representative()):
        assert _get(client, judged, person).status_code == 404


def test_after_publication_the_agency_reads_the_words_without_names(client, judged, in_english):
    _published(judged)
    page = _get(client, judged, factories.representative(judged.subject.agency))
    html = page.content.decode()
    assert page.status_code == 200
    assert "Assessor 1" in html and "قوت 1" in html and "گفتهٔ 2" in html
    assert "محرمانه" not in html
    for assignment in Assignment.objects.select_related("assessor__user"):
        assert str(assignment.assessor.user) not in html
    assert _get(client, judged, factories.representative()).status_code == 404


def test_after_publication_an_assessor_reads_the_result_without_the_others_lines(client, judged, in_english):
    _published(judged)
    page = _get(client, judged, Assignment.objects.first().assessor.user)
    html = page.content.decode()
    assert page.status_code == 200
    assert "Assessor 1" not in html and "قوت" not in html


def test_an_officer_who_still_has_to_judge_sees_no_aggregate(client, judged):
    officer = factories.officer()
    own = factories.assignment(judged, factories.assessor(user=officer))
    assert _get(client, judged, officer).status_code == 404
    assert not Assessment.objects.filter(assignment=own).exists()


def test_the_number_of_queries_does_not_grow_with_the_panel(client, judged, django_assert_max_num_queries):
    officer = factories.officer()
    _get(client, judged, officer)
    with django_assert_max_num_queries(30) as few:
        client.get(reverse("entry_scores", args=[judged.pk]))
    for value in (1, 2, 3, 4, 5):
        factories.submitted_assessment(judged, value)
    runs.rescore_round(judged.round_id)
    with django_assert_max_num_queries(len(few)):
        client.get(reverse("entry_scores", args=[judged.pk]))
