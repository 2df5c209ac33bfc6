"""Rounds by the clock: at the dates that a round keeps it takes its step by the same service as at an officer's hand."""

import logging

from django.db import transaction
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy

from assessments.models import Round
from assessments.selectors import phases as selectors
from assessments.services import rounds
from secretariat.bilingual import both
from secretariat.services.notices import tell_officers

log = logging.getLogger(__name__)

REFUSED = gettext_lazy("“%(round)s” was to take a step by itself on %(day)s – %(step)s – and could not: %(why)s")


def keep_time(now=None):
    """Let every round whose date has come take its step; gives how many moved. Safe to repeat, to run twice at once and late."""
    now, moved = now or timezone.now(), 0
    for pk in list(selectors.rounds_on_the_move(now).values_list("pk", flat=True)):
        try:
            moved += advance_by_date(pk, now) is not None
        except Exception:
            log.exception("round %s could not keep its date", pk)  # the others do not wait for it
    return moved


@transaction.atomic
def advance_by_date(round_id, now):
    """Let one round take the step that is due; gives it, or None when nothing is due or a rule refuses.

    A refusal is told to the officers, once for each planned time; the step is tried again until it succeeds or its date is moved.
    """
    round_ = Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
    step = selectors.planned_step(round_)
    if step is None or step.at > now:
        return None
    if selectors.obstacles(round_, step.action):
        _tell_refusal(round_, step)
        return None
    return rounds.move_round(round_id, step.action, by=None)


def _tell_refusal(round_, step):
    words = both(
        REFUSED,
        round=round_,
        day=step.at,
        step=round_.MOVES[step.action].label,
        why=lazy(lambda: " ".join(selectors.obstacles(round_, step.action)), str)(),
    )
    once = f"date:{round_.pk}:{step.action}:{step.at.timestamp():.0f}"
    tell_officers("round_stuck", *words, link=round_.get_absolute_url(), once=once)
