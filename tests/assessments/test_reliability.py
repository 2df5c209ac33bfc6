"""How far results can be relied on, and what they tell of the assessors: arithmetic, words, who may read, pages."""

from statistics import NormalDist
from types import SimpleNamespace

import numpy as np
import pytest
from django.db import connection
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.models import Assessor, AssessorReading, Assignment, Entry, Round, Score, ScoringRun, SetAside
from assessments.scoring.crossed import Crossed
from assessments.scoring.matrix import reading_order
from assessments.selectors import assessor_report, reliability
from assessments.selectors.readers import COUNCIL, STAFF, reader_of
from assessments.services import runs
from secretariat.models import RoleGrant
from tests import council as make
from tests import factories
from tests.assessments import scored_rounds

database = pytest.mark.django_db


@pytest.fixture
def judged():
    return scored_rounds.judged_round(products=9, assessors=5, panel=4)


@pytest.fixture
def officer():
    return factories.officer()


def ask(client, person, name, *args):
    client.force_login(person)
    return client.get(reverse(name, args=args))


# ------------------------------------------------------------------ arithmetic
def test_two_products_just_told_apart_stand_in_their_order_in_three_of_four_draws():
    rng, products, assessors = np.random.default_rng(3), 400, 60
    product = np.repeat(np.arange(products), 5)
    assessor = np.concatenate([rng.choice(assessors, 5, replace=False) for _ in range(products)])
    y = 60 + rng.normal(0, 8, products)[product] + rng.normal(0, 4, assessors)[assessor] + rng.normal(0, 6, product.size)
    design = Crossed(product, assessor, y)
    variances = design.fit()
    fair = design.fair(variances).value
    found = {"product": variances.product, "assessor": variances.assessor, "residual": variances.residual}
    (present,) = [panel for panel in reliability._panels(found, 5.0) if panel.is_present]
    draws = design.posterior(variances).draws(2000, rng)
    order = np.argsort(fair)
    gaps = fair[order[None, :]] - fair[order[:, None]]
    lower, upper = np.nonzero(np.abs(gaps - present.apart) < 0.02 * present.apart)
    assert len(lower) > 200
    agree = (draws[order[upper]] > draws[order[lower]]).mean()
    assert agree == pytest.approx(0.75, abs=0.015)


def test_larger_panels_are_expected_to_do_better_and_the_correction_never_harms():
    panels = reliability._panels({"product": 60.0, "assessor": 30.0, "residual": 40.0}, 4.2)
    assert [panel.size for panel in panels] == [3, 4.2, 5, 7, 9]
    assert [panel.fair for panel in panels] == sorted(panel.fair for panel in panels)
    assert [panel.apart for panel in panels] == sorted((panel.apart for panel in panels), reverse=True)
    assert all(panel.fair > panel.plain for panel in panels)
    five = panels[2]
    assert (five.fair, five.plain) == (pytest.approx(60 / 68), pytest.approx(60 / 74))
    assert five.error == pytest.approx(8**0.5)
    assert five.apart == pytest.approx(NormalDist().inv_cdf(0.75) * (2 * 8 / (60 / 68)) ** 0.5)


edges = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 6)), min_size=1, max_size=40, unique=True)


@given(edges)
@settings(max_examples=60, deadline=None)
def test_the_reading_order_is_an_order_in_which_parts_stand_together(pairs):
    product, assessor = np.array(pairs).T
    columns, rows, parts = reading_order(product, assessor, 12, 7)
    assert sorted(columns) == list(range(12)) and sorted(rows) == list(range(7))
    rated = np.unique(assessor)
    assert set(np.flatnonzero(parts < 0)) == set(range(7)) - set(rated.tolist())
    in_order = parts[np.argsort(rows)]
    in_order = in_order[in_order >= 0]
    assert list(in_order) == sorted(in_order), "each part is one block, counted in reading order"
    # The columns of one part's products are a block as well.
    of_product = np.full(12, -1)
    of_product[product] = parts[assessor]
    by_column = of_product[np.argsort(columns)]
    by_column = by_column[by_column >= 0]
    assert list(by_column) == sorted(by_column)


def test_who_shares_a_product_is_of_one_part():
    _columns, _rows, parts = reading_order([0, 0, 1, 2], [0, 1, 1, 2], 3, 4)
    assert parts.tolist() == [0, 0, 1, -1]


# ------------------------------------------------------------------ the report
@database
@pytest.mark.parametrize(
    ("found", "level"),
    [(0.95, "strong"), (0.9, "strong"), (0.85, "good"), (0.7, "fair"), (0.6, "weak"), (0.2, "poor"), (0.0, "poor")],
)
def test_the_verdict_follows_the_reliability(found, level):
    run = ScoringRun(method="fair", summary={"reliability": {"relative": found}})
    assert reliability._verdict(run)[0] == level


@database
def test_the_report_of_a_round_says_what_its_run_found(judged):
    told, summary = reliability.report(judged, STAFF), judged.run.summary
    assert [share.key for share in told.shares] == ["product", "assessor", "residual"]
    assert sum(share.share for share in told.shares) == pytest.approx(1)
    assert told.present.fair == pytest.approx(summary["reliability"]["relative"])
    assert told.present.plain == pytest.approx(summary["reliability"]["absolute"])
    assert told.present.error == pytest.approx(summary["reliability"]["sem_relative"])
    variances = summary["nodes"]["root"]
    total = sum(variances[key] for key in ("product", "assessor", "residual"))
    assert told.single_plain == pytest.approx(variances["product"] / total)
    root = Score.objects.filter(run=judged.run, part=None, indicator=None)
    assert told.groups == len(set(root.values_list("component", "group")))
    assert told.answered == pytest.approx(sum(root.values_list("coverage", flat=True)) / 9)
    assert [line.kind for line in told.dimensions] == ["part", "dimension", "dimension", "dimension"]
    assert len(told.nodes) == 1 + 3 + 6
    measured = next(line for line in told.nodes if line.title.endswith("1.2"))
    assert measured.reliability is None, "nobody rates what the secretariat measures"
    assert all(line.reliability is not None for line in told.dimensions)


@database
def test_too_few_ratings_are_no_ground_for_a_verdict():
    entry = factories.entry()
    for value in (5, 4, 3):
        factories.submitted_assessment(entry, value)
    Entry.objects.filter(pk=entry.pk).update(inputs_version=1)
    runs.score_round(entry.round_id)
    told = reliability.report(Round.objects.get(pk=entry.round_id), STAFF)
    assert (told.level, told.shares, told.panels, told.present, told.panel_for_aim) == ("unknown", [], [], None, None)


@database
def test_parts_that_nobody_joins_are_named_to_staff_and_counted_for_the_council():
    round_ = scored_rounds.judged_round(products=8, assessors=8, panel=4, parts=2)
    told = reliability.report(round_, STAFF)
    assert (told.level, [(part.products, part.count) for part in told.components]) == ("apart", [(4, 4), (4, 4)])
    everybody = sorted(str(person) for person in Assessor.objects.all())
    assert sorted(name for part in told.components for name in part.assessors) == everybody
    assert all(not part.assessors for part in reliability.report(round_, COUNCIL).components)
    joined = reliability.links(round_)
    assert [line.part for line in joined.lines] == [1] * 4 + [2] * 4
    assert {row // 4 == column // 4 for column, row in joined.dots} == {True}


@database
def test_a_panel_for_the_aim_reaches_it_and_one_assessor_less_does_not():
    variances = {"product": 20.0, "assessor": 10.0, "residual": 60.0}
    told = reliability.Report(
        ScoringRun(), STAFF, "weak", "", reliability._shares(variances), reliability._panels(variances, 3.0)
    )
    assert told.panel_for_aim == 12
    assert reliability._reliability(variances, 12).relative >= 0.8 > reliability._reliability(variances, 11).relative


@database
def test_the_links_count_every_sheet_that_counts(judged):
    person = Assessor.objects.filter(assignments__entry__round=judged).first()
    told = reliability.links(judged)
    assert (told.products, told.assessors, len(told.dots)) == (9, 5, 36)
    assert sum(line.products for line in told.lines) == 36
    assert {line.colleagues for line in told.lines} == {4}
    SetAside.objects.create(round=judged, assessor=person, why="دلیل", by=factories.officer())
    told = reliability.links(judged)
    assert (told.assessors, len(told.dots)) == (4, 36 - Assignment.objects.filter(assessor=person).count())


# ------------------------------------------------------------------ the assessors
@database
def test_the_mean_of_the_adjusted_totals_is_the_fair_score(judged):
    adjusted = {}
    for reading in assessor_report.readings(judged):
        lines = assessor_report.sheet_lines(assessor_report.judged_sheets(judged, reading.assessor), reading)
        assert sum(line.given for line in lines) / len(lines) == pytest.approx(reading.mean_given)
        for line in lines:
            adjusted.setdefault(line.entry.pk, []).append(line.adjusted)
            assert line.residual == pytest.approx(line.adjusted - line.fair)
    for score in Score.objects.filter(run=judged.run, part=None, indicator=None):
        assert np.mean(adjusted[score.entry_id]) == pytest.approx(score.raw_mean + score.adjustment)


@database
def test_sheets_are_read_in_as_many_queries_for_many_as_for_one(judged):
    reading = assessor_report.readings(judged).first()
    sheets = list(assessor_report.judged_sheets(judged, reading.assessor))
    counts = []
    for some in (sheets[:1], sheets):
        with CaptureQueriesContext(connection) as queries:
            assert len(assessor_report.sheet_lines(some, reading)) == len(some)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("infit", "sheets", "fit"),
    [
        (1.0, 30, "fits"),
        (1.6, 40, "scatters"),
        (1.6, 6, "fits"),
        (0.4, 40, "even"),
        (0.4, 6, "fits"),
        (2.5, 6, "scatters"),
        (None, 9, ""),
    ],
)
def test_a_misfit_is_told_only_beyond_what_few_sheets_scatter(infit, sheets, fit):
    assert assessor_report.fit_of(AssessorReading(infit=infit, sheets=sheets)) == fit


@database
def test_the_card_says_more_or_less_and_that_it_is_corrected(judged, in_english):
    with translation.override("en"):
        for reading in assessor_report.readings(judged):
            card = assessor_report.card(judged, reading.assessor_id)
            told = next(figure for figure in card.figures if figure.label == "Points above colleagues")
            if not assessor_report.is_beyond_chance(reading):
                assert "No difference in strictness" in told.sentence
            else:
                assert ("more than the colleagues" if reading.severity > 0 else "less than the colleagues") in told.sentence
                assert "nothing is to be done" in told.sentence
    assert assessor_report.card(judged, factories.assessor().pk) is None


# ------------------------------------------------------------------ who may read
@database
def test_officers_read_always_and_councils_once_the_results_stand(client, judged, officer):
    member = make.seat(make.council()).user
    agency = factories.representative()
    assert (reader_of(officer, judged), reader_of(member, judged)) == (STAFF, None)
    assert ask(client, officer, "round_reliability", judged.pk).status_code == 200
    assert ask(client, member, "round_reliability", judged.pk).status_code == 404
    scored_rounds.published(judged)
    assert reader_of(member, judged) == COUNCIL
    assert ask(client, member, "round_reliability", judged.pk).status_code == 200
    assert ask(client, agency, "round_reliability", judged.pk).status_code == 404
    client.logout()
    assert client.get(reverse("round_reliability", args=[judged.pk])).status_code == 302


@database
def test_the_council_reads_no_name_of_an_assessor(client, judged, officer):
    ScoringRun.objects.filter(pk=judged.run_id).update(
        summary={**judged.run.summary, "fragile_assessors": [Assessor.objects.first().pk]}
    )
    scored_rounds.published(judged)
    names = [str(person) for person in Assessor.objects.all()]
    member = make.seat(make.council()).user
    theirs = ask(client, member, "round_reliability", judged.pk).content.decode()
    ours = ask(client, officer, "round_reliability", judged.pk).content.decode()
    assert all(name in ours for name in names)
    assert not any(name in theirs for name in names)
    assert reverse("round_assessors", args=[judged.pk]) not in theirs


@database
@pytest.mark.parametrize("role", ["member", "assessor", "agency"])
def test_reports_on_assessors_are_for_officers_alone(client, judged, role):
    scored_rounds.published(judged)
    person = Assessor.objects.filter(assignments__entry__round=judged).first()
    who = {"member": lambda: make.seat(make.council()).user, "assessor": lambda: person.user, "agency": factories.representative}[
        role
    ]()
    for name, args in (("round_assessors", []), ("round_assessor", [person.pk]), ("round_set_aside", [person.pk])):
        assert ask(client, who, name, judged.pk, *args).status_code == 404


@database
def test_an_officer_who_is_on_a_panel_reads_once_he_has_submitted_everything(client, judged):
    person = Assessor.objects.filter(assignments__entry__round=judged).first()
    RoleGrant.objects.create(user=person.user, role="officer")
    assert ask(client, person.user, "round_reliability", judged.pk).status_code == 200
    other = factories.entry(judged, versions=[factories.published_set()])
    Assignment.objects.create(entry=other, assessor=person, status="accepted", alias=9)
    for name, args in (("round_reliability", []), ("round_assessors", []), ("round_assessor", [person.pk])):
        assert ask(client, person.user, name, judged.pk, *args).status_code == 403


# ------------------------------------------------------------------ pages
@database
def test_the_page_says_its_verdict_first(client, judged, officer, in_english):
    page = ask(client, officer, "round_reliability", judged.pk).content.decode()
    verdict = reliability.report(judged, STAFF).verdict
    assert verdict.split("'")[0] in page
    assert page.index(verdict[:40]) < page.index("Why totals differ") < page.index("this round") < page.index("Krippendorff")
    assert page.count('<path class="links-row') == 5


@database
def test_an_empty_round_says_that_nothing_was_computed(client, officer, in_english):
    round_ = factories.entry().round
    assert "Nothing was computed yet" in ask(client, officer, "round_reliability", round_.pk).content.decode()
    assert "No assessor is in this list." in ask(client, officer, "round_assessors", round_.pk).content.decode()
    assert "No question is raised." in ask(client, officer, "round_questions", round_.pk).content.decode()


@database
def test_the_page_stands_when_everybody_was_set_aside_after_the_run(client, judged, officer, in_english):
    SetAside.objects.bulk_create(
        SetAside(round=judged, assessor=row, why="looked at", by=officer) for row in Assessor.objects.filter(assignments__entry__round=judged).distinct()
    )
    answer = ask(client, officer, "round_reliability", judged.pk)
    assert answer.status_code == 200 and "How the round hangs together" in answer.text
    assert not reliability.links(judged).lines


@database
def test_the_list_of_assessors_goes_from_strict_to_mild_and_into_excel(client, judged, officer, in_english):
    page = ask(client, officer, "round_assessors", judged.pk).content.decode()
    strictest = assessor_report.readings(judged).order_by("severity").first()
    first = page[page.index("<tbody>") :]
    assert str(strictest.assessor) in first[: first.index("</tr>")]
    assert page.count("caterpillar-point") == 2 * 5  # in two shapes
    book = client.get(reverse("round_assessors", args=[judged.pk]), {"export": "xlsx"})
    assert book.status_code == 200 and book["Content-Type"].endswith("sheet")


@database
def test_many_assessors_are_drawn_side_by_side(client, officer):
    rows = [
        SimpleNamespace(pk=n, assessor="نام", severity=n - 20.0, severity_error=1.0, low=n - 22.0, high=n - 18.0)
        for n in range(40)
    ]
    drawn = Template("{% load report_pictures %}{% caterpillar rows %}").render(Context({"rows": rows}))
    assert drawn.count("<circle") == 2 * 40 and drawn.count("is-hollow") == 2 * 3
    assert 'viewBox="0 0 340 260"' in drawn


@database
@pytest.mark.parametrize("name", ["round_reliability", "round_assessors", "round_assessor"])
def test_pages_take_as_many_queries_for_large_rounds_as_for_small(client, officer, name):
    version, counts = scored_rounds.measured_set(), []
    for products, assessors in ((8, 5), (14, 7)):
        round_ = scored_rounds.judged_round(products=products, assessors=assessors, panel=4, version=version)
        args = [Assessor.objects.filter(assignments__entry__round=round_).first().pk] if name == "round_assessor" else []
        ask(client, officer, name, round_.pk, *args)
        with CaptureQueriesContext(connection) as queries:
            assert ask(client, officer, name, round_.pk, *args).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


@database
def test_the_card_shows_every_sheet_with_what_is_left_over(client, judged, officer, in_english):
    reading = assessor_report.readings(judged).first()
    page = ask(client, officer, "round_assessor", judged.pk, reading.assessor_id).content.decode()
    for line in assessor_report.sheet_lines(assessor_report.judged_sheets(judged, reading.assessor), reading):
        assert str(line.entry.subject) in page and f"{line.given:.1f}" in page
    assert "Points above colleagues" in page and "residual-point" in page
    assert ask(client, officer, "round_assessor", judged.pk, factories.assessor().pk).status_code == 404
