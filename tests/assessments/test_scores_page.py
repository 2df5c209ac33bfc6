"""Why this score: contributions that sum to it, and what each audience may read."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import translation
from rest_framework.test import APIClient

from assessments.models import Assessment, Assignment, Entry, Score
from assessments.selectors.score_readers import ScoreReader
from assessments.selectors.scores import Explanation, explain
from assessments.services import runs
from assessments.templatetags.score_pictures import chance, points
from secretariat.models import User
from tests import council, factories
from tests.assessments.scored_rounds import judged_round

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


@pytest.fixture
def fair():
    """An entry in the midst of a round whose assessors differ in severity."""
    round_ = judged_round(products=12, assessors=6, panel=4, missing=0.05, strengths="قوت")
    assert round_.run.is_fair
    return Entry.objects.filter(round=round_).order_by("result__rank")[5]


def _published(entry):
    factories.released(entry.round)
    factories.published(entry.round)
    entry.refresh_from_db()


# ------------------------------------------------------------------ what is shown adds up
def test_the_plain_mean_of_the_adjusted_lines_is_the_fair_score(fair):
    why = explain(fair, audience="staff")
    assert why.is_fair and len(why.counted) == 4
    assert sum(voice.adjusted for voice in why.voices) / 4 == pytest.approx(why.uncut, abs=1e-9)
    assert sum(voice.value for voice in why.voices) / 4 == pytest.approx(why.root.raw_mean, abs=1e-9)


def test_a_reader_with_a_pencil_finds_every_sum_right_to_the_last_digit():
    round_ = judged_round(products=12, assessors=6, panel=4, missing=0.05)
    for entry in Entry.objects.filter(round=round_).select_related("round"):
        why = explain(entry, audience="staff")
        assert sum(voice.shown_adjusted for voice in why.voices) == why.shown_sum == why.shown_uncut * 4
        assert sum(voice.shown_given for voice in why.voices) == why.shown_mean * 4
        assert all(voice.shown_given + voice.shown_correction == voice.shown_adjusted for voice in why.voices)
        assert why.shown_mean + why.shown_correction + why.shown_cut == why.shown_value
        for kind, whole in (("points", why.shown_mean), ("percent", Decimal(100))):
            for level in ("part", "dimension", "indicator"):
                assert sum(getattr(line, kind) for line in why.lines if line.kind == level) == whole
        for shown, exact in ((why.shown_value, why.root.value), (why.shown_mean, why.root.raw_mean)):
            assert float(shown) == pytest.approx(exact, abs=0.005)
        for voice in why.voices:
            assert float(voice.shown_adjusted) == pytest.approx(voice.adjusted, abs=0.021)


def test_a_score_beyond_the_scale_is_cut_and_says_so(fair):
    why = Explanation(fair, "staff", Score(value=100.0, raw_mean=97.004, adjustment=4.5, coverage=1))
    assert why.is_cut
    assert (why.shown_uncut, why.shown_cut, why.shown_value) == (Decimal("101.50"), Decimal("-1.50"), Decimal("100.00"))
    assert not explain(fair, audience="staff").is_cut


def test_what_left_the_tree_and_what_was_filled_in_is_named(in_english):
    entry = factories.entry(versions=[factories.published_set(allow_na=True)])
    for values in ((5, None, 3, 2), (4, None, 3, 1), (5, 5, None, 3)):
        factories.submitted_assessment(entry, dict(zip(("D1I1", "D1I2", "D2I1", "D2I2"), values, strict=True)))
    Entry.objects.update(inputs_version=1)
    runs.score_round(entry.round_id)
    entry.refresh_from_db()
    with translation.override("en"):
        said = [line.remarks for line in explain(entry, audience="staff").indicators]
    assert said[0] == said[3] == []
    assert said[1] == ["2 assessors: not applicable", "left the tree for the whole panel; its weight went to the others"]
    assert [words[:30] for words in said[2]] == ["1 assessor: not applicable", "the missing answer of 1 assess"]


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
    factories.released(judged.round)
    staff, seated, agency, public = (explain(judged, audience=name) for name in ("staff", "council", "agency", "public"))
    assert (staff.standing.place, seated.standing.place, agency.standing.place, public.standing.place) == (1, 1, None, None)
    assert {voice.name for voice in staff.voices} == {str(a.assessor.user) for a in Assignment.objects.all()}
    assert staff.voices[0].note_to_staff == "محرمانه 1"
    for told in (seated, agency):
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


# ------------------------------------------------------------------ how firmly it stands
def test_of_its_place_an_agency_learns_an_interval_and_the_public_nothing(fair):
    staff, seated, agency, public = (explain(fair, audience=name).standing for name in ("staff", "council", "agency", "public"))
    for told in (staff, seated):
        assert (told.place, told.products, told.top) == (6, 12, 1)
        assert told.place_low <= 6 <= told.place_high and 0 <= told.chance_top <= 1
    assert (agency.place, agency.alike, agency.chance_top, agency.top) == (None, 0, None, 0)
    assert (agency.place_low, agency.place_high, agency.products) == (staff.place_low, staff.place_high, 12)
    assert not public.says_place and public.products == 0
    for told in (staff, seated, agency, public):
        assert sum(band.chance for band in told.bands) == pytest.approx(1)
        (own,) = [band for band in told.bands if band.is_own]
        assert told.chance_other_band == pytest.approx(1 - own.chance)
        assert told.without_low <= fair.result.value <= told.without_high


def test_products_that_cannot_be_told_apart_are_counted(fair):
    same = Score.objects.filter(run=fair.result.run_id, group=fair.result.group).count()
    assert explain(fair, audience="staff").standing.alike == same - 1


def test_a_plain_mean_says_why_nothing_was_corrected_and_claims_no_probability(client, judged, in_english):
    html = _get(client, judged, factories.officer()).content.decode()
    assert "Nothing is corrected" in html and "So few ratings allow no statement" in html
    assert "Correction for severity" not in html and "band-strip" not in html


def test_of_separate_lists_each_is_a_list_of_its_own(in_english):
    round_ = judged_round(products=14, assessors=8, panel=3, parts=2)
    entry = Entry.objects.filter(round=round_).first()
    told = explain(entry, audience="staff").standing
    assert (told.products, told.part) == (7, entry.result.component)


def test_a_product_left_out_of_the_results_has_no_place(fair):
    Entry.objects.filter(pk=fair.pk).update(
        excluded_at=fair.added_at, excluded_by=factories.officer(), excluded_why="دیر", inputs_version=2
    )
    runs.score_round(fair.round_id)
    fair.refresh_from_db()
    told = explain(fair, audience="staff").standing
    assert not told.says_place and told.products == 0


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "less than 1%"), (0.004, "less than 1%"), (0.42, "42%"), (0.997, "more than 99%"), (1.0, "more than 99%")],
)
def test_a_probability_is_never_said_to_be_certain(value, said):
    with translation.override("en"):
        assert chance(value) == said


def test_points_carry_their_sign_whichever_way_the_page_reads():
    assert points(Decimal("-1.50")) == '<bdi dir="ltr">−۱٫۵۰</bdi>'
    with translation.override("en"):
        assert (points(Decimal("1.5")), points(Decimal("0.00"))) == ('<bdi dir="ltr">+1.50</bdi>', '<bdi dir="ltr">0.00</bdi>')


# ------------------------------------------------------------------ who may read it
def test_the_list_of_readable_entries_and_the_audience_of_each_agree(judged, fair):
    _published(judged)
    owed = factories.assignment(fair)
    officer_who_judges = factories.granted("officer", factories.assignment(fair).assessor.user)
    people = [
        AnonymousUser(), factories.officer(), officer_who_judges, owed.assessor.user, factories.user(), factories.representative(),
        factories.representative(judged.subject.agency), factories.representative(fair.subject.agency),
        council.seat(council.council()).user, Assignment.objects.filter(entry=judged).first().assessor.user,
    ]  # fmt: skip
    found = []
    for person in people:
        reader = ScoreReader(person if person.is_anonymous else User.objects.get(pk=person.pk))
        seen = set(reader.entries().values_list("pk", flat=True))
        told = {entry.pk: reader.audience(entry) for entry in Entry.objects.select_related("round", "subject")}
        assert seen == {pk for pk, audience in told.items() if audience is not None}
        found.append((told[judged.pk], told[fair.pk]))
    assert found == [
        (None, None), ("staff", "staff"), ("staff", None), (None, None), (None, None), (None, None),
        ("agency", None), (None, None), ("council", None), ("public", None),
    ]  # fmt: skip


def test_a_council_member_reads_it_after_publication_without_names(client, fair, in_english):
    person = council.seat(council.council()).user
    assert _get(client, fair, person).status_code == 404
    _published(fair)
    html = _get(client, fair, person).content.decode()
    assert "Assessor 1" in html and "Place 6 of 12" in html
    assert not [a for a in Assignment.objects.select_related("assessor__user") if str(a.assessor.user) in html]


def test_the_agencys_page_tells_nothing_of_the_others(client, fair, in_english):
    _published(fair)
    html = _get(client, fair, factories.representative(fair.subject.agency)).content.decode()
    assert "of 12" in html and "Place 6 of 12" not in html and "among the" not in html
    for other in Entry.objects.filter(round=fair.round).exclude(pk=fair.pk).select_related("subject__agency", "result"):
        assert other.subject.title not in html and other.subject.agency.name not in html
        assert f"{other.result.value:.2f}" not in html


# ------------------------------------------------------------------ the page
def test_the_page_of_a_fair_score_shows_the_whole_way(client, fair, in_english):
    html = _get(client, fair, factories.officer()).content.decode()
    why = explain(fair, audience="staff")
    for voice in why.voices:
        for figure in (voice.shown_given, voice.shown_adjusted):
            assert str(figure) in html
    assert f"sum to {why.shown_sum}; divided by 4 that is {why.shown_uncut}" in html
    for said in ("radar-plot", "band-strip", "Place 6 of 12", "were left out", why.run.inputs_hash, "numpy"):
        assert said in html
    assert all(version.get_absolute_url() in html for version in why.versions)
    assert not re.search(r"\sstyle=", html)


def test_a_radar_needs_three_dimensions(client, in_english):
    round_ = judged_round(products=3, assessors=3, panel=3, version=factories.published_set(dimensions=2))
    assert "radar-plot" not in _get(client, round_.entries.first(), factories.officer()).content.decode()


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
    with django_assert_max_num_queries(26) as few:
        client.get(reverse("entry_scores", args=[judged.pk]))
    for value in (1, 2, 3, 4, 5):
        factories.submitted_assessment(judged, value)
    runs.rescore_round(judged.round_id)
    with django_assert_max_num_queries(len(few)):
        client.get(reverse("entry_scores", args=[judged.pk]))


# ------------------------------------------------------------------ for programs
def _api(person):
    client = APIClient()
    client.force_authenticate(person)
    return client


def test_programs_read_scores_by_the_same_rules(fair):
    address, agent = f"/api/v1/scores/{fair.pk}/", factories.representative(fair.subject.agency)
    assert _api(agent).get(address).status_code == 404
    assert _api(factories.officer()).get(address).json()["audience"] == "staff"
    _published(fair)
    told = _api(agent).get(address).json()
    assert (told["audience"], told["standing"]["place"], told["standing"]["products"]) == ("agency", None, 12)
    assert told["score"]["is_final"] and told["score"]["value"] == fair.result.value
    mean = sum(line["adjusted"] for line in told["assessors"]) / 4
    assert mean == pytest.approx(told["score"]["raw_mean"] + told["score"]["adjustment"])
    assert sum(node["contribution"] for node in told["nodes"] if node["kind"] == "indicator") == pytest.approx(
        told["score"]["raw_mean"]
    )
    judge = Assignment.objects.filter(entry=fair).first().assessor.user
    assert _api(judge).get(address).json()["assessors"] == []
    assert _api(factories.representative()).get(address).status_code == 404
    assert _api(agent).get("/api/v1/scores/").json()["count"] == 1
    assert APIClient().get(address).status_code == 401
    assert "خانوادگی" not in str(told)


def test_the_list_of_scores_asks_the_same_number_of_questions_whatever_its_length(fair, django_assert_max_num_queries):
    client = _api(factories.officer())
    with django_assert_max_num_queries(8):
        assert client.get("/api/v1/scores/").json()["count"] == 12
