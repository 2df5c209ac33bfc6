"""Turns a computed round into rows and writes them: scores by COPY, readings, flags, pointers."""

import io

import numpy as np
from django.db import connection

from assessments.models import AssessorReading, ModeratedScore, ScoringFlag
from assessments.scoring.disagreement import agreed_totals
from assessments.scoring.run import OF_NODE
from assessments.scoring.standings import OF_ROOT

KEYS = ("entry_id", "part_id", "indicator_id")
FIGURES = (*OF_NODE, *OF_ROOT)
_READINGS = (
    "sheets", "mean_given", "severity", "severity_error", "infit", "outfit", "slope", "spread", "straight", "weight",
)  # fmt: skip

_POINT = """
    UPDATE assessments_entry e
    SET result_id = s.id, scored_at = now(),
        inputs_version = greatest(e.inputs_version, least(1, seen.version + (s.id IS NOT NULL)::int)),
        scored_version = greatest(seen.version, (s.id IS NOT NULL)::int)
    FROM unnest(%s::bigint[], %s::bigint[]) AS seen (entry_id, version)
    LEFT JOIN assessments_score s
        ON s.run_id = %s AND s.entry_id = seen.entry_id AND s.part_id IS NULL AND s.indicator_id IS NULL
    WHERE e.id = seen.entry_id AND (s.id IS NOT NULL OR e.result_id IS NOT NULL OR e.scored_version <> seen.version)
"""


# ------------------------------------------------------------------ scores
def score_rows(read, result):
    """{(entry id, part id, indicator id): the figures in the order of FIGURES} of every node of every judged entry."""
    return {
        (entry, part, indicator): figures
        for entries, part, indicator, columns in _nodes(read, result)
        for entry, figures in zip(entries, zip(*columns, strict=True), strict=True)
    }


def _nodes(read, result):
    """(entry ids, part id, indicator id, a column for each of FIGURES) of every node of every composition."""
    for group, layout in zip(read.inputs.groups, read.layouts, strict=True):
        mine = _judged(group, read)
        entries, nothing = read.entries[mine].tolist(), [None] * len(mine)
        for key, (part, indicator) in zip(group.scheme.tree.keys, layout.nodes, strict=True):
            of_root = _of_root(result.standings, mine) if part is None else [nothing] * len(OF_ROOT)
            yield entries, part, indicator, _of_node(result.nodes[key], mine) + of_root


def _judged(group, read):
    """Products of a group that have or had something to be scored."""
    counted = np.isin(group.products, group.product)
    return group.products[counted | (read.versions[group.products] > 0)]


def _of_node(node, products):
    at = np.searchsorted(node.products, products)
    return [_plain(getattr(node, name)[at]) for name in OF_NODE]


def _of_root(told, products):
    columns = []
    for name in OF_ROOT:
        found = getattr(told, name)[products]
        if found.ndim == 2:
            columns.append([None if np.isnan(row).any() else row.tolist() for row in found])
        else:
            columns.append([number or None for number in found.tolist()] if found.dtype.kind == "i" else _plain(found))
    return columns


def _plain(values):
    return [None if value != value else value for value in values.tolist()]


def write_scores(run_id, read, result):
    """One COPY of all rows."""
    buffer = io.StringIO()
    for entries, part, indicator, columns in _nodes(read, result):
        ids = f"\t{_cell(part)}\t{_cell(indicator)}\t"
        figures = map("\t".join, zip(*map(_cells, columns), strict=True))
        buffer.writelines(f"{run_id}\t{entry}{ids}{told}\n" for entry, told in zip(entries, figures, strict=True))
    buffer.seek(0)
    columns = ", ".join(f'"{name}"' for name in ("run_id", *KEYS, *FIGURES))
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY assessments_score ({columns}) FROM STDIN", buffer)


def _cells(column):
    """A column as COPY reads it; most are all numbers or all empty, which is not asked again for each of them."""
    kinds = set(map(type, column))
    if kinds <= {float, int, bool}:
        return list(map(str, column))
    return ["\\N"] * len(column) if kinds == {type(None)} else list(map(_cell, column))


def _cell(value):
    if value is None:
        return "\\N"
    if isinstance(value, list):
        return "{" + ",".join(map(repr, value)) + "}"
    return str(value)


# ------------------------------------------------------------------ with what panels agreed
def moderated_rows(read):
    """{entry id: (mean, value, digest)} of every judged entry whose panel agreed on something."""
    rows = {}
    for group, layout in zip(read.inputs.groups, read.layouts, strict=True):
        agreed = {
            product: {layout.leaf_rows[indicator]: said for indicator, said in read.agreed[entry].items()}
            for product, entry in zip(group.products.tolist(), read.entries[group.products].tolist(), strict=True)
            if entry in read.agreed
        }
        for product, made in agreed_totals(group, agreed).items() if agreed else ():
            value = None if np.isnan(made.value) else made.value
            rows[int(read.entries[product])] = (made.mean, value, made.digest)
    return rows


def write_moderated(run_id, read):
    ModeratedScore.objects.bulk_create(
        ModeratedScore(run_id=run_id, entry_id=entry, mean=mean, value=value, digest=digest)
        for entry, (mean, value, digest) in moderated_rows(read).items()
    )


def point_entries(run_id, read):
    """Let each entry point at its total in this run, and know which of its inputs were seen."""
    with connection.cursor() as cursor:
        cursor.execute(_POINT, [read.entries.tolist(), read.versions.tolist(), run_id])


def drop(run_id):
    """Delete a run with all that hangs on it; nothing else may rest on it."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM assessments_score WHERE run_id = %s", [run_id])
        cursor.execute("DELETE FROM assessments_assessorreading WHERE run_id = %s", [run_id])
        cursor.execute("DELETE FROM assessments_moderatedscore WHERE run_id = %s", [run_id])
        cursor.execute(
            "UPDATE assessments_scoringrun SET supersedes_id = NULL WHERE supersedes_id = %s AND frozen_at IS NULL", [run_id]
        )
        cursor.execute("DELETE FROM assessments_scoringrun WHERE id = %s", [run_id])


# ------------------------------------------------------------------ assessors
def write_readings(run_id, read, result):
    told = result.readings
    columns = zip(*(_plain(np.asarray(getattr(told, name))) for name in _READINGS), strict=True)
    AssessorReading.objects.bulk_create(
        AssessorReading(run_id=run_id, assessor_id=assessor, **dict(zip(_READINGS, figures, strict=True)))
        for assessor, figures in zip(read.assessors[told.assessors].tolist(), columns, strict=True)
    )


def _known(value):
    return None if np.isnan(value) else value


def write_flags(round_id, read, result):
    """Bring the round's flags up to date: new ones are raised, those no longer seen are kept if they were answered."""
    found = [
        (flag.kind, int(read.assessors[flag.assessor]), None, flag.figure, _known(flag.z), flag.p, flag.sheets)
        for flag in result.flags
    ] + [
        (
            "pair",
            *sorted((int(read.assessors[pair.first]), int(read.assessors[pair.second]))),
            pair.correlation,
            None,
            pair.p,
            pair.shared,
        )
        for pair in result.pairs
    ]
    flags = ScoringFlag.objects.filter(round=round_id)
    known = {(flag.kind, flag.assessor_id, flag.other_id): flag for flag in flags}
    raised = set()
    for kind, assessor, other, figure, strength, chance, sheets in found:
        raised.add((kind, assessor, other))
        flag = known.get((kind, assessor, other)) or ScoringFlag(
            round_id=round_id, kind=kind, assessor_id=assessor, other_id=other
        )
        flag.figure, flag.strength, flag.chance, flag.sheets, flag.is_raised = figure, strength, chance, sheets, True
        flag.save()
    for key, flag in known.items():
        if key in raised:
            continue
        if flag.decision:
            flag.is_raised = False
            flag.save(update_fields=["is_raised"])
        else:
            flag.delete()


def named_summary(summary, read):
    """The summary with ids of the database in the place of numbers."""
    entries, assessors = read.entries.tolist(), read.assessors.tolist()
    named = dict(summary)
    named["components"] = [
        {"entries": [entries[n] for n in part["products"]], "assessors": [assessors[n] for n in part["assessors"]]}
        for part in summary["components"]
    ]
    named["fragile_assessors"] = [assessors[n] for n in summary["fragile_assessors"]]
    return named
