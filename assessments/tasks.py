"""Background work of the assessments room: bring scores up to date."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from assessments.models import Entry
from assessments.services import scores

log = logging.getLogger(__name__)

# Younger than this, an entry's own message is on its way.
PATIENCE = timedelta(seconds=20)
AT_ONCE = 500


@shared_task
def score_entry(entry_id):
    """Compute the scores of an entry whose inputs changed."""
    scores.store_scores(entry_id)


@shared_task
def sweep_scores():
    """Find entries whose message was lost with the broker or the worker, and compute them here and now."""
    waiting = Entry.objects.stale().filter(inputs_changed_at__lt=timezone.now() - PATIENCE).order_by("inputs_changed_at")
    ids = list(waiting.values_list("pk", flat=True)[:AT_ONCE])
    try:
        scores.store_stale(ids)
    except Exception:
        # One entry that cannot be computed must not keep the others waiting: each by itself.
        log.exception("sweeping %s entries together failed", len(ids))
        for entry_id in ids:
            score_entry.apply_async((entry_id,), retry=False)
