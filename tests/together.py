"""Two and more at the same moment: threads that start together, each on a connection of its own."""

import threading
import time
from contextlib import contextmanager

from django.db import connection, transaction

PATIENCE = 60  # seconds; only who stands still for good takes so long, however slow the machine is


def at_once(*jobs):
    """Let the jobs start together; gives what each returned or raised, in their order."""
    start, outcomes = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(place, job):
        try:
            start.wait(PATIENCE)
            outcomes[place] = job()
        except Exception as error:  # the outcome under test
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 2 * PATIENCE
    for thread in threads:
        thread.join(end - time.monotonic())
        assert not thread.is_alive(), "a deadlock"
    return outcomes


def somebody_waits():
    """Tell whether another connection waits for a lock that this one's transaction holds."""
    with connection.cursor() as cursor:
        # Not pg_stat_activity: within a transaction it stays as it was first read.
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))")
        return cursor.fetchone()[0]


def wait_until(condition):
    """Wait for what another thread does."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "the other one did not come so far"
        time.sleep(0.02)


@contextmanager
def meanwhile(act):
    """The block is a transaction that `act`, begun after it in a thread of its own, runs into and waits for; gives the list of what came of it."""
    outcomes = []

    def run():
        try:
            with transaction.atomic():
                outcomes.append(act())
        except Exception as error:  # the outcome under test
            outcomes.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    with transaction.atomic():
        yield outcomes
        thread.start()
        wait_until(lambda: somebody_waits() or outcomes)
        assert not outcomes, f"it did not wait: {outcomes}"
    thread.join(PATIENCE)
    assert outcomes, "a deadlock"
