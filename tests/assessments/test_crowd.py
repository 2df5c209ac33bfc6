"""Fifty assessors write and submit at the same time, on the real web server with a real worker."""

import time

import pytest

from assessments.models import Assessment, Entry, Rating
from assessments.services import runs
from tests.assessments import crowd

pytestmark = pytest.mark.django_db(transaction=True)

ASSESSORS, INDICATORS = 50, 4


def test_fifty_at_once_lose_nothing_double_nothing_and_are_scored_right(tmp_path):
    people = crowd.seats(ASSESSORS, INDICATORS)
    with crowd.programs(tmp_path) as port:
        crowd.run(port, people)
        _until(lambda: not Entry.objects.stale().exists(), tmp_path)
    assert list(crowd.faults(people)) == []
    assert Assessment.objects.counted().count() == ASSESSORS
    assert Rating.objects.count() == ASSESSORS * INDICATORS
    assert Entry.objects.filter(result__isnull=False).count() == -(-ASSESSORS // crowd.PANEL)
    assert list(runs.differences()) == []
    assert "Traceback" not in (tmp_path / "web.log").read_text()


def _until(condition, folder, limit=60):
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, (folder / "worker.log").read_text()[-3000:]
        time.sleep(0.2)
