"""Calibration items: rated by everybody, of use for comparing assessors, no part of the results."""

import pytest

from assessments.models import Entry, Round
from assessments.selectors.rounds import entries_with_progress, panel_warnings, progress_totals, why_not_publishable
from assessments.services import calibration, runs
from products.services.marks import deciding_scores
from tests import factories
from tests.assessments import scored_rounds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def judged():
    return scored_rounds.judged_round(products=8, assessors=5, panel=4)


def test_a_calibration_item_has_no_rank_and_the_others_move_up(judged):
    best = Entry.objects.get(round=judged, result__rank=1)
    severity = dict(judged.run.readings.values_list("assessor", "severity"))
    calibration.set_calibration(best.pk, True, by=factories.officer())
    assert best in Entry.objects.stale()
    runs.score_round(judged.pk)
    judged.refresh_from_db()
    best.refresh_from_db()
    assert best.result.rank is None and best.result.value is not None
    assert sorted(Entry.objects.filter(round=judged).ranked().values_list("result__rank", flat=True)) == list(range(1, 8))
    # What was rated of it still tells how strict its assessors are.
    after = dict(judged.run.readings.values_list("assessor", "severity"))
    assert after.keys() == severity.keys()
    assert all(abs(after[pk] - severity[pk]) < 1e-6 for pk in severity)
    assert list(runs.differences(judged.pk)) == []


def test_results_name_it_and_neither_panels_nor_results_wait_for_it(client, judged):
    item = judged.entries.first()
    calibration.set_calibration(item.pk, True, by=factories.officer())
    item.assignments.filter(status="submitted").exclude(pk=item.assignments.first().pk).update(status="withdrawn")
    runs.score_round(judged.pk, force=True)
    rows = {entry.pk: entry for entry in entries_with_progress(judged.entries.all())}
    assert rows[item.pk].missing == 0 and item not in panel_warnings(judged)
    assert progress_totals(entries_with_progress(judged.entries.all()))["missing"] == sum(
        row.missing for row in rows.values() if row.pk != item.pk
    )
    judged.refresh_from_db()
    assert not [words for words in why_not_publishable(judged) if str(item.subject) in words]
    client.force_login(factories.officer())
    assert "Calibration item" in client.get(f"/rounds/{judged.pk}/results/").content.decode()


def test_no_mark_rests_on_a_calibration_item(judged):
    item, other = judged.entries.all()[:2]
    calibration.set_calibration(item.pk, True, by=factories.officer())
    runs.score_round(judged.pk, force=True)
    Round.objects.filter(pk=judged.pk).update(status="moderation")
    factories.settled(judged)
    assert [score.entry for score in deciding_scores([item.subject, other.subject])] == [other]
