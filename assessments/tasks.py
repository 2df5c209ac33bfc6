"""Background work of the assessments room: bring scores up to date, write what is released of them, keep the dates of rounds."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from assessments.models import Moderation, PanelDraft, RoundBundle
from assessments.selectors.replacements import short_panels
from assessments.selectors.rounds import awaiting_computation
from assessments.services import (
    bundles,
    deadlines,
    moderations,
    panels,
    phases,
    programme_copies,
    reminders,
    replacements,
    runs,
)
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
    waiting = awaiting_computation().filter(inputs_changed_at__lt=timezone.now() - PATIENCE)
    _each(waiting.order_by("round").values_list("round", flat=True).distinct(), runs.score_round)


@shared_task
def summon_waiting(round_id):
    """Ask one more assessor about every disagreement of a round that waits for one."""
    moderations.summon_waiting(round_id)


@shared_task
def sweep_summons():
    """Find disagreements that nobody was asked about: the message was lost, or somebody has time again."""
    rounds = Moderation.objects.filter(status="raised", entry__round__summons_itself=True, entry__round__moderation="third")
    _each(rounds.order_by("entry__round").values_list("entry__round", flat=True).distinct(), moderations.summon_waiting)


@shared_task
def make_bundle(bundle_id):
    """Write the data for recomputation that an officer asked for."""
    bundles.make_bundle(bundle_id)


@shared_task
def sweep_bundles():
    """Find bundles whose message was lost, and make them here and now."""
    waiting = RoundBundle.objects.filter(released_at=None, refused="", asked_at__lt=timezone.now() - PATIENCE)
    _each(waiting.order_by("pk").values_list("pk", flat=True), bundles.make_bundle)


@shared_task
def fill_panels(draft_id):
    """Fill a draft of panels that an officer asked for."""
    panels.fill(draft_id)


@shared_task
def sweep_panels():
    """Find drafts whose message was lost with the broker or the worker, and fill them here and now."""
    waiting = PanelDraft.objects.filter(status=PanelDraft.Status.FILLING)
    waiting = waiting.exclude(beat_at__gte=timezone.now() - panels.LOST)
    _each(waiting.order_by("pk").values_list("pk", flat=True), panels.fill)


@shared_task
def keep_time():
    """Let what has come due happen: requests lapse, rounds open, close, are published and become final."""
    deadlines.lapse_offers()
    phases.keep_time()


@shared_task
def remind():
    """Remind whoever owes something on the days that the rounds ask for, and tell the secretariat what is late."""
    reminders.send_due()
    reminders.tell_lateness()


@shared_task
def make_programme_copies():
    """Make the nameless copies of programmes' files that wait; beat asks for it too. Running it twice makes none twice."""
    programme_copies.make_waiting()


@shared_task
def replace_lost(round_id):
    """Ask somebody else in the place of those whom the panels of a round have lost."""
    replacements.replace_lost(round_id)


@shared_task
def sweep_replacements():
    """Look at every open round that replaces by itself: somebody may have become free, a message may have been lost."""
    waiting = short_panels().filter(lost_count__gt=0, round__replaces_itself=True)
    _each(waiting.order_by("round").values_list("round", flat=True).distinct(), replacements.replace_lost)


def _each(ids, act):
    """Do it for each; one that fails, whatever the fault, is told to the log and must not keep the others waiting."""
    for pk in ids:
        try:
            act(pk)
        except Exception:
            log.exception("%s(%s) failed", act.__name__, pk)
