"""A real worker takes work from the real queue, and the queue keeps what no worker has taken."""

import pytest

from secretariat.models import Heartbeat
from secretariat.tasks import heartbeat


def _lives():
    return Heartbeat.objects.filter(name="worker").exists()


def test_a_worker_runs_what_is_queued(worker):
    assert not _lives()
    heartbeat.apply_async(retry=False)
    assert worker.wait_for(_lives)


@pytest.mark.django_db(transaction=True)
def test_work_queued_while_no_worker_runs_is_done_by_the_next(request):
    heartbeat.apply_async(retry=False)
    assert not _lives()
    assert request.getfixturevalue("worker").wait_for(_lives)
