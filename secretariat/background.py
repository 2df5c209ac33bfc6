"""The only door to Celery: ids in, never before the commit, and never fatal when the broker is away."""

import logging
from functools import partial

from django.core.cache import cache
from django.db import transaction
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)


def after_commit(task_path, *ids, wait=0):
    """Ask a worker to look at `ids` once the transaction has committed; with `wait`, so many seconds later.

    What is asked again within the wait is one message: the worker reads whatever was committed until it begins.

    The message is only a hint: the row that needs work says so itself, and beat sweeps up what a lost
    broker forgot. So a broker that does not answer is logged and never breaks the request.
    """
    task = import_string(task_path)  # now, so a typo fails here and not after the commit
    transaction.on_commit(partial(_send, task, ids, wait))


def _send(task, ids, wait):
    if wait and not cache.add(f"asked:{task.name}:{ids}", 1, wait):
        return
    try:
        task.apply_async(ids, retry=False, countdown=wait or None)
    except task.app.connection_for_write().recoverable_connection_errors as error:
        log.warning("broker away, %s%r waits for the sweeper: %s", task.name, ids, error)
    except Exception:
        # kombu wraps transport errors in its own classes; whatever it is, the work is on record.
        log.exception("could not queue %s%r; the sweeper will find it", task.name, ids)
