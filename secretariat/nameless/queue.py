"""Copies that wait to be made: each row is claimed by one worker, tried again when it failed by chance, and not for ever."""

import logging
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from secretariat.nameless.errors import CannotBare

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)  # longer than any one file takes; a worker that died leaves it for the next
MOST_TRIES = 5


def work_off(copies, make, fail, *, limit):
    """Make the copies that wait, each claimed first, so that two workers never make the same one; gives how many were made.

    `copies` is the queryset of their model with all that `make` asks of a copy. What fails for good is told to `fail` at once.
    """
    made = 0
    for pk in list(copies.waiting().order_by("next_try_at", "pk").values_list("pk", flat=True)[:limit]):
        copy = claimed(copies, pk)
        if copy is None:
            continue
        try:
            make(copy)
            made += 1
        except CannotBare as refusal:
            log.warning("no nameless copy %s of file %s: %s", copy._meta.label, copy.original_id, refusal)
            fail(copy)
        except Exception:
            log.exception("making the nameless copy %s of file %s failed", copy._meta.label, copy.original_id)
            if copy.tries >= MOST_TRIES:
                fail(copy)
    return made


def claimed(copies, pk):
    """The row, if nobody else took it meanwhile: taking it moves its next try beyond the time of one making."""
    taken = copies.waiting().filter(pk=pk).update(next_try_at=timezone.now() + LEASE, tries=F("tries") + 1)
    return copies.get(pk=pk) if taken else None
