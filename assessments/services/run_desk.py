"""What officers do with runs by hand: have a round computed now, keep a run for comparison. Stopping one is `runs.cancel_run`."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments.models import Entry, Round, ScoringRun
from assessments.services import runs
from secretariat.background import after_commit
from secretariat.errors import RuleBroken
from secretariat.rules import only_officers


@transaction.atomic
def compute_now(round_id, *, by):
    """Have a round computed in the background, whether or not something changed.

    The wish is on record as stale scores, so that it outlives the broker and two wishes at once make one run. Raises
    RuleBroken while a run is at work, when the results stand, and when nobody has submitted anything.
    """
    only_officers(by=by)
    round_ = Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
    if round_.is_settled:
        raise RuleBroken(_("The scores of this round are fixed: they are not computed any more."))
    # One that gave no sign of life for long was killed with its worker; the next to begin buries it.
    alive = ScoringRun.objects.filter(round=round_, status=ScoringRun.Status.RUNNING, beat_at__gte=timezone.now() - runs.LOST)
    if alive.exists():
        raise RuleBroken(_("The round is being computed at this moment."))
    if not Entry.objects.filter(round=round_, inputs_version__gt=0).exists():
        raise RuleBroken(_("Nobody has submitted an assessment yet: there is nothing to compute."))
    runs.round_changed(round_.pk)
    after_commit("assessments.tasks.compute_now", round_.pk, by.pk)


@transaction.atomic
def keep(run_id, *, by, why):
    """Keep a run for comparison, with a note on why; an empty note lets it go the way of the others."""
    only_officers(by=by)
    run = ScoringRun.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.status != ScoringRun.Status.DONE:
        raise RuleBroken(_("Only a computation that was finished can be kept."))
    if run.frozen_at:
        raise RuleBroken(_("The published results are kept for ever as they are."))
    run.kept_because = why.strip()
    run.save(update_fields=["kept_because"])
    return run
