"""The one place where scores are asked for, written and checked."""

import logging

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from assessments import scoring
from assessments.models import Assessment, Entry, Score
from assessments.selectors.score_inputs import panels
from secretariat.background import after_commit

log = logging.getLogger(__name__)

BATCH = 2000
# Stored and recomputed numbers may differ by the last bits of another processor, never by more.
TOLERANCE = 1e-9
_NUMBERS = ("value", "standard_error", "low", "high", "coverage")

_UPSERT = """
    INSERT INTO assessments_score AS s (entry_id, part_id, indicator_id, value, standard_error, low, high, raters, coverage,
                                        gate_failed, method, inputs_hash)
    SELECT n.entry_id, n.part_id, n.indicator_id, n.value, n.standard_error, n.low, n.high, n.raters, n.coverage,
           n.gate_failed, %s, h.inputs_hash
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::float8[], %s::float8[], %s::float8[], %s::float8[],
                %s::smallint[], %s::float8[], %s::boolean[])
         AS n (entry_id, part_id, indicator_id, value, standard_error, low, high, raters, coverage, gate_failed)
    JOIN unnest(%s::bigint[], %s::text[]) AS h (entry_id, inputs_hash) USING (entry_id)
    ON CONFLICT (entry_id, part_id, indicator_id) DO UPDATE
        SET (value, standard_error, low, high, raters, coverage, gate_failed, method, inputs_hash)
          = (excluded.value, excluded.standard_error, excluded.low, excluded.high, excluded.raters, excluded.coverage,
             excluded.gate_failed, excluded.method, excluded.inputs_hash)
        WHERE (s.value, s.standard_error, s.low, s.high, s.raters, s.coverage, s.gate_failed, s.method, s.inputs_hash)
              IS DISTINCT FROM
              (excluded.value, excluded.standard_error, excluded.low, excluded.high, excluded.raters, excluded.coverage,
               excluded.gate_failed, excluded.method, excluded.inputs_hash)
"""
# Rows of nodes that the entry's sheet no longer has. The root is a node of every sheet: a mark may rest on it.
_DROP_STRANGE = """
    DELETE FROM assessments_score s USING assessments_entry e
    WHERE e.id = s.entry_id AND e.id = ANY(%s) AND s.part_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM assessments_sheetpart p LEFT JOIN assessments_indicator i ON i.version_id = p.version_id
        WHERE p.id = s.part_id AND p.sheet_id = e.sheet_id AND (s.indicator_id IS NULL OR i.id = s.indicator_id))
"""
_MARK_SCORED = """
    UPDATE assessments_entry e
    SET inputs_version = greatest(e.inputs_version, 1), scored_version = greatest(e.inputs_version, 1), scored_at = now()
    WHERE e.id = ANY(%s)
"""


@transaction.atomic
def inputs_changed(entry_id):
    """Say that a counted rating or a measurement of this entry changed; call it in the transaction of the change."""
    Entry.objects.filter(pk=entry_id).update(inputs_version=F("inputs_version") + 1, inputs_changed_at=timezone.now())
    after_commit("assessments.tasks.score_entry", entry_id)


def store_scores(entry_id):
    """Bring the scores of one entry up to date; does nothing when they are. Safe to repeat and to run twice at once."""
    return _store(Entry.objects.stale().filter(pk=entry_id))


def store_stale(entry_ids):
    """Bring several entries up to date in one go, leaving those on which somebody is at work."""
    return _store(Entry.objects.stale().filter(pk__in=entry_ids), skip_locked=True)


def rescore_round(round_id=None, say=lambda count: None):
    """Compute every judged entry anew, of one round or of all; returns how many. `say` hears the count as it grows."""
    count = 0
    for batch in _batches(_scorable(round_id)):
        count += _store(Entry.objects.filter(pk__in=batch))
        say(count)
    return count


def _scorable(round_id):
    """Ids of the entries that have something to be computed, or had."""
    counted = Assessment.objects.counted().filter(assignment__entry=OuterRef("pk"))
    entries = Entry.objects.filter(Q(inputs_version__gt=0) | Exists(counted))
    if round_id is not None:
        entries = entries.filter(round=round_id)
    return list(entries.order_by("pk").values_list("pk", flat=True))


def _batches(ids):
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


@transaction.atomic
def _store(entries, *, skip_locked=False):
    """Lock, read, compute, write; returns the number of entries."""
    # Whoever changes an input raises the entry's number under this same lock before he commits: while it is held,
    # what is read below is all there is.
    locked = entries.order_by("pk").select_for_update(no_key=True, skip_locked=skip_locked)
    ids = list(locked.values_list("pk", flat=True))
    if not ids:
        return 0
    computed = [_computed(group) for group in panels(ids)]
    with connection.cursor() as cursor:
        for rows, hashes in computed:
            columns = [_array(rows[name]) for name in (*_KEYS, "value", "standard_error", "low", "high", "raters", "coverage")]
            columns.append(_array(rows["gate_failed"]))
            cursor.execute(_UPSERT, [scoring.METHOD, *columns, _array(hashes), list(hashes.values())])
        cursor.execute(_DROP_STRANGE, [ids])
        cursor.execute(_MARK_SCORED, [ids])
    return len(ids)


_KEYS = ("entry_id", "part_id", "indicator_id")


def _computed(group):
    """Every node of every entry of a group as columns, and {entry id: hash of its inputs}."""
    nodes, entries = len(group.layout.nodes), len(group.entries)
    judged, starts = group.judged
    got = scoring.score(group.layout.scheme, group.answers, starts)
    rows = {
        "entry_id": np.tile(group.entries, nodes).tolist(),
        "part_id": [part for part, _indicator in group.layout.nodes for _ in range(entries)],
        "indicator_id": [indicator for _part, indicator in group.layout.nodes for _ in range(entries)],
    }
    blanks = {"raters": 0, "coverage": 0.0, "gate_failed": False}
    for name in (*_NUMBERS, "raters", "gate_failed"):
        found = getattr(got, name)
        whole = np.full((nodes, entries), blanks.get(name, np.nan), dtype=found.dtype)
        whole[:, judged] = found
        rows[name] = [None if cell != cell else cell for cell in whole.ravel().tolist()]
    return rows, dict(zip(group.entries.tolist(), group.hashes(), strict=True))


def _array(values):
    """A PostgreSQL array as text: many times faster than adapting every element."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


# ------------------------------------------------------------------ checking
def differences(round_id=None):
    """Sentences on every difference between the stored scores and a computation from the raw ratings."""
    with transaction.atomic():
        if len(connection.atomic_blocks) == 1:
            # One moment of the database, however long the reading takes.
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for batch in _batches(_scorable(round_id) + _with_needless_scores(round_id)):
            yield from _differences(batch)


def _with_needless_scores(round_id):
    entries = Entry.objects.filter(Exists(Score.objects.filter(entry=OuterRef("pk")))).order_by("pk")
    if round_id is not None:
        entries = entries.filter(round=round_id)
    known = set(_scorable(round_id))
    return [pk for pk in entries.values_list("pk", flat=True) if pk not in known]


def _differences(ids):
    states = Entry.objects.filter(pk__in=ids).order_by("pk").values_list("pk", "inputs_version", "scored_version")
    stale = {pk for pk, inputs, scored in states if scored < inputs or inputs == 0}
    for pk in sorted(stale):
        yield f"entry {pk}: its scores are stale"
    names = (*_KEYS, *_NUMBERS, "raters", "gate_failed", "method", "inputs_hash")
    stored = {
        row[:3]: dict(zip(names[3:], row[3:], strict=True)) for row in Score.objects.filter(entry__in=ids).values_list(*names)
    }
    for group in panels(ids):
        rows, hashes = _computed(group)
        for position, key in enumerate(zip(*(rows[name] for name in _KEYS), strict=True)):
            right = {name: rows[name][position] for name in (*_NUMBERS, "raters", "gate_failed")}
            right.update(method=scoring.METHOD, inputs_hash=hashes[key[0]])
            yield from _compared(key, stored.pop(key, None), right)
    for key in sorted(stored, key=str):
        yield f"{_place(key)}: a score that no node asks for"


def _compared(key, found, right):
    if found is None:
        yield f"{_place(key)}: the score is missing"
        return
    for name, value in right.items():
        if not _same(found[name], value):
            yield f"{_place(key)}: {name} is {found[name]}, computed {value}"


def _same(stored, computed):
    if isinstance(stored, float) and isinstance(computed, float):
        return abs(stored - computed) <= TOLERANCE
    return stored == computed


def _place(key):
    entry, part, indicator = key
    return f"entry {entry}, " + ("root" if part is None else f"part {part}" if indicator is None else f"indicator {indicator}")
