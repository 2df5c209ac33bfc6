"""The one place where scores are asked for, computed, stored, frozen and checked: one run for a whole round."""

import logging
import platform
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import scipy
from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments import rules, scoring
from assessments.models import Assessment, Entry, ModeratedScore, Round, Score, ScoringRun
from assessments.selectors.score_inputs import round_inputs
from assessments.services import disagreements, run_rows
from secretariat.background import after_commit
from secretariat.errors import RuleBroken
from secretariat.rules import only_officers

log = logging.getLogger(__name__)

# Changes within so many seconds are computed together.
DEBOUNCE = 2
# A run that gave no sign of life for so long was killed with its worker.
LOST = timedelta(minutes=2)
BEAT = timedelta(seconds=0.5)
# How many runs of a round at work are kept besides the current one; later ones all stay.
KEPT_PROVISIONAL = 5
# Stored and recomputed numbers may differ by the last bits of another processor, never by more.
TOLERANCE = 1e-9

Status = ScoringRun.Status


class Stopped(Exception):
    """Somebody cancelled the run, or it was taken for lost."""


# ------------------------------------------------------------------ asking
@transaction.atomic
def inputs_changed(entry_id):
    """Say that a counted rating or a measurement of this entry changed; call it in the transaction of the change."""
    Entry.objects.filter(pk=entry_id).update(inputs_version=F("inputs_version") + 1, inputs_changed_at=timezone.now())
    _ask(Entry.objects.values_list("round", flat=True).get(pk=entry_id))


@transaction.atomic
def round_changed(round_id, entries=None):
    """Say that something changed on which the scores of `entries` (all judged ones of the round) rest."""
    entries = Entry.objects.filter(round=round_id) if entries is None else entries
    entries.filter(inputs_version__gt=0).update(inputs_version=F("inputs_version") + 1, inputs_changed_at=timezone.now())
    _ask(round_id)


def _ask(round_id):
    after_commit("assessments.tasks.score_round", round_id, wait=DEBOUNCE)


# ------------------------------------------------------------------ computing
def score_round(round_id, *, by=None, force=False):
    """Compute a round and make it current; gives the run, or None when nothing is to be done or somebody is at it.

    Safe to repeat, to run twice at once and to kill: what changes meanwhile stays marked stale and is asked for again.
    """
    run = _begin(round_id, by, force)
    if run is None:
        return None
    try:
        with _one_moment():
            read = round_inputs(round_id)
        result = scoring.compute(read.inputs, _Beat(run))
        stored = _store(run, read, result)
    except Stopped:
        return None
    except BaseException:
        ScoringRun.objects.filter(pk=run.pk, status=Status.RUNNING).update(status=Status.FAILED, finished_at=timezone.now())
        raise
    _forget_old(round_id)
    if Entry.objects.stale().filter(round=round_id).exists():
        _ask(round_id)
    return stored


def rescore_round(round_id=None, say=lambda count: None):
    """Compute a round anew, or all whose scores are not fixed; returns how many entries have scores. `say` hears the count."""
    count = 0
    for pk in _scorable(round_id).exclude(status__in=rules.SETTLED_ROUNDS).values_list("pk", flat=True):
        score_round(pk, force=True)
        count += Entry.objects.filter(round=pk, result__isnull=False).count()
        say(count)
    return count


@transaction.atomic
def cancel_run(run_id, *, by):
    """Stop a run at work: the round is computed again with the next change, or when somebody asks for it."""
    only_officers(by=by)
    run = ScoringRun.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.status != Status.RUNNING:
        raise RuleBroken(_("This computation is over already."))
    run.status, run.finished_at = Status.CANCELLED, timezone.now()
    run.save(update_fields=["status", "finished_at"])
    return run


def _scorable(round_id):
    """Rounds that have something to be computed, or had."""
    counted = Assessment.objects.counted().filter(assignment__entry__round=OuterRef("pk"))
    touched = Entry.objects.filter(round=OuterRef("pk"), inputs_version__gt=0)
    rounds = Round.objects.filter(Exists(counted) | Exists(touched)).order_by("pk")
    return rounds if round_id is None else rounds.filter(pk=round_id)


@transaction.atomic
def _begin(round_id, by, force):
    """A new run, unless the results stand, nothing is stale, or another run is alive."""
    round_ = Round.objects.select_for_update(no_key=True).get(pk=round_id)
    if round_.is_settled:
        return None
    if not force and not Entry.objects.stale().filter(round=round_).exists():
        return None
    running = ScoringRun.objects.filter(round=round_, status=Status.RUNNING)
    running.filter(beat_at__lt=timezone.now() - LOST).update(status=Status.FAILED, finished_at=timezone.now())
    if running.exists():
        return None
    return ScoringRun.objects.create(round=round_, phase=round_.status, asked_by=by, supersedes_id=round_.run_id)


class _Beat:
    """Tells how far a run is; raises Stopped once nobody wants it any more."""

    def __init__(self, run):
        self.run, self.last = run, timezone.now()

    def __call__(self, share):
        now = timezone.now()
        if now - self.last < BEAT:
            return
        self.last = now
        if not ScoringRun.objects.filter(pk=self.run.pk, status=Status.RUNNING).update(beat_at=now, progress=int(100 * share)):
            raise Stopped


@contextmanager
def _one_moment():
    """One moment of the database, however long the reading takes."""
    with transaction.atomic():
        if len(connection.atomic_blocks) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


# ------------------------------------------------------------------ storing
@transaction.atomic
def _store(run, read, result):
    """Write what was computed and make it current, all at once; gives the run, or None where a later one stands.

    Raises Stopped for a run that somebody stopped, or that was taken for lost.
    """
    # Whoever publishes or stores takes this lock first.
    round_ = Round.objects.select_for_update(no_key=True).get(pk=run.round_id)
    if not ScoringRun.objects.select_for_update(no_key=True).filter(pk=run.pk, status=Status.RUNNING).exists():
        raise Stopped
    if round_.is_settled or _somebody_was_later(read):
        run.delete()  # it has nothing, and nobody stopped it: it was overtaken
        return None
    run_rows.write_scores(run.pk, read, result)
    run_rows.write_moderated(run.pk, read)
    run_rows.write_readings(run.pk, read, result)
    run_rows.write_flags(round_.pk, read, result)
    disagreements.apply(round_, read)
    _finish(run, round_, read, result)
    run_rows.point_entries(run.pk, read)
    return run


def _somebody_was_later(read):
    """Whether scores of a later moment than `read` stand already."""
    seen = dict(zip(read.entries.tolist(), read.versions.tolist(), strict=True))
    stored = Entry.objects.filter(pk__in=seen).values_list("pk", "scored_version")
    return any(scored > max(seen[pk], 1) for pk, scored in stored)


def _finish(run, round_, read, result):
    run.status, run.finished_at, run.progress = Status.DONE, timezone.now(), 100
    run.method = ScoringRun.Method.FAIR if result.is_fair else ScoringRun.Method.PANEL_MEAN
    run.algorithm, run.inputs_hash = scoring.ALGORITHM, result.digest
    run.libraries = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    run.component_count = max(1, int(result.standings.component.max(initial=0)))
    run.summary = run_rows.named_summary(result.summary, read)
    run.supersedes_id = round_.run_id
    run.save()
    Round.objects.filter(pk=round_.pk).update(run=run)


@transaction.atomic
def _forget_old(round_id):
    """Let go of runs of a round at work that nothing rests on, but for the last few."""
    round_ = Round.objects.select_for_update(no_key=True).get(pk=round_id)
    old = ScoringRun.objects.filter(round=round_, kept_because="", frozen_at=None).exclude(pk=round_.run_id)
    for relation in Score._meta.related_objects:
        if relation.on_delete is models.PROTECT:
            old = old.exclude(Exists(relation.related_model.objects.filter(**{f"{relation.field.name}__run": OuterRef("pk")})))
    over = old.filter(Q(phase__in=rules.EDITABLE_ROUNDS) | ~Q(status=Status.DONE)).exclude(status=Status.RUNNING)
    for pk in list(over.order_by("-pk").values_list("pk", flat=True)[KEPT_PROVISIONAL:]):
        run_rows.drop(pk)


# ------------------------------------------------------------------ freezing
def freeze(round_, *, separate_lists=False):
    """Fix the current run: from now on the scores of the round are its. The round is locked by the caller."""
    ScoringRun.objects.filter(pk=round_.run_id, frozen_at=None).update(frozen_at=timezone.now())
    Round.objects.filter(pk=round_.pk).update(separate_lists=separate_lists)


# ------------------------------------------------------------------ checking
def differences(round_id=None):
    """Sentences on every difference between the stored scores and a computation from the raw ratings."""
    for round_ in _scorable(round_id) if round_id is None else Round.objects.filter(pk=round_id):
        with _one_moment():
            yield from _differences(round_)
    strays = Entry.objects.filter(result__isnull=False, round__run=None)
    for pk in strays.values_list("pk", flat=True):
        yield f"entry {pk}: a result without a run"


def _differences(round_):
    round_.refresh_from_db()
    read = round_inputs(round_.pk)
    for pk in Entry.objects.stale().filter(round=round_).order_by("pk").values_list("pk", flat=True):
        yield f"entry {pk}: its scores are stale"
    result = scoring.compute(read.inputs)
    rows = run_rows.score_rows(read, result)
    if not rows and round_.run_id is None:
        return
    if round_.run_id is None:
        yield f"round {round_.pk}: it was never computed"
        return
    if round_.run.algorithm != scoring.ALGORITHM:
        yield f"round {round_.pk}: computed by {round_.run.algorithm}, not by {scoring.ALGORITHM}"
        return
    if round_.run.inputs_hash != result.digest:
        yield f"round {round_.pk}: inputs_hash is {round_.run.inputs_hash}, computed {result.digest}"
    stored = {row[:3]: row[3:] for row in Score.objects.filter(run=round_.run_id).values_list(*run_rows.KEYS, *run_rows.FIGURES)}
    for key, right in rows.items():
        yield from _compared(key, stored.pop(key, None), right)
    for key in sorted(stored, key=str):
        yield f"{_place(key)}: a score that no node asks for"
    yield from _differing_agreements(round_, read)
    pointed = Entry.objects.filter(round=round_).exclude(result=None).values_list("pk", "result__run")
    for pk, run in pointed:
        if run != round_.run_id:
            yield f"entry {pk}: its result is not of the current run"


def _differing_agreements(round_, read):
    rows = ModeratedScore.objects.filter(run=round_.run_id).values_list("entry", "mean", "value", "digest")
    stored, right = {entry: figures for entry, *figures in rows}, run_rows.moderated_rows(read)
    for entry in sorted(stored.keys() | right.keys()):
        found, computed = stored.get(entry), right.get(entry)
        if found is None or computed is None or not _same(found, list(computed)):
            yield f"entry {entry}, with what was agreed: stored {found}, computed {computed}"


def _compared(key, found, right):
    if found is None:
        yield f"{_place(key)}: the score is missing"
        return
    for name, stored, computed in zip(run_rows.FIGURES, found, right, strict=True):
        if not _same(stored, computed):
            yield f"{_place(key)}: {name} is {stored}, computed {computed}"


def _same(stored, computed):
    if isinstance(stored, list) and isinstance(computed, list):
        return len(stored) == len(computed) and all(map(_same, stored, computed))
    if isinstance(stored, float) and isinstance(computed, float):
        return abs(stored - computed) <= TOLERANCE
    return stored == computed


def _place(key):
    entry, part, indicator = key
    return f"entry {entry}, " + ("root" if part is None else f"part {part}" if indicator is None else f"indicator {indicator}")
