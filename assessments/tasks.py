"""Background work of the assessments room: bring scores up to date, write what is released of them."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from assessments.models import Entry, RoundBundle
from assessments.services import bundles, runs
from secretariat.models import User

log = logging.getLogger(__name__)

# Younger than this, a round's own message is on its way.
PATIENCE = timedelta(seconds=20)


@shared_task
def score_round(round_id):
    """Compute a round whose inputs changed."""
    runs.score_round(round_id)


@shared_task
def compute_now(round_id, user_id):
    """Compute a round because somebody asked for it."""
    runs.score_round(round_id, by=User.objects.get(pk=user_id))


@shared_task
def sweep_scores():
    """Find rounds whose message was lost with the broker or the worker, and compute them here and now."""
    waiting = Entry.objects.stale().filter(inputs_changed_at__lt=timezone.now() - PATIENCE)
    for round_id in waiting.order_by("round").values_list("round", flat=True).distinct():
        try:
            runs.score_round(round_id)
        except Exception:
            # One round that cannot be computed must not keep the others waiting.
            log.exception("computing round %s failed", round_id)


@shared_task
def make_bundle(bundle_id):
    """Write the data for recomputation that an officer asked for."""
    bundles.make_bundle(bundle_id)


@shared_task
def sweep_bundles():
    """Find bundles whose message was lost, and make them here and now."""
    waiting = RoundBundle.objects.filter(released_at=None, refused="", asked_at__lt=timezone.now() - PATIENCE)
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        try:
            bundles.make_bundle(pk)
        except Exception:
            log.exception("making bundle %s failed", pk)
