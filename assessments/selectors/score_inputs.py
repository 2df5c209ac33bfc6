"""What scores follow from: the shape of a sheet and what the panels answered, read as plain arrays in few queries."""

import hashlib
import io
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from django.db import connection

from assessments import scoring
from assessments.models import Entry, Indicator, Measurement, ModeratedRating, Round, SheetPart

_STATES = {"scored": scoring.SCORED, "na": scoring.NOT_APPLICABLE, "blank": scoring.UNANSWERED}
# One row of PostgreSQL's binary COPY below: every field comes with its length, none is null.
_ROW = np.dtype(
    [("fields", ">i2")]
    + [
        part
        for name, kind in (("entry", ">i8"), ("assessor", ">i8"), ("indicator", ">i8"), ("state", ">i2"), ("amount", ">i8"))
        for part in ((f"{name}_length", ">i4"), (name, kind))
    ]
)
_HEADER, _TRAILER = 19, 2
_RATINGS = """
    COPY (
        SELECT g.entry_id, g.assessor_id, r.indicator_id,
               (CASE r.state WHEN 'scored' THEN {scored} WHEN 'na' THEN {na} ELSE {blank} END)::smallint,
               coalesce(r.value * {scale}, 0)::bigint
        FROM assessments_assignment g
        JOIN assessments_assessment a ON a.assignment_id = g.id AND a.submitted_at IS NOT NULL
        JOIN assessments_rating r ON r.assessment_id = a.id
        WHERE g.status = 'submitted' AND g.entry_id IN ({{entries}})
          AND NOT EXISTS (SELECT 1 FROM assessments_entry e JOIN assessments_setaside x ON x.round_id = e.round_id
                          WHERE e.id = g.entry_id AND x.assessor_id = g.assessor_id AND x.ended_at IS NULL)
    ) TO STDOUT (FORMAT BINARY)
""".format(scale=scoring.SCALE, **_STATES)


@dataclass
class Layout:
    """A sheet's scheme, and which rows of the database its nodes are: `nodes` follow `scheme.tree.keys`."""

    scheme: scoring.Scheme
    nodes: list  # (part id or None, indicator id or None)
    leaf_rows: dict  # indicator id → row of the leaf
    parts: list = field(repr=False, default_factory=list)  # SheetPart
    indicators: dict = field(repr=False, default_factory=dict)  # id → Indicator

    def row(self, part_id=None, indicator_id=None):
        return self.rows[(part_id, indicator_id)]

    def __post_init__(self):
        self.rows = {node: row for row, node in enumerate(self.nodes)}


def layouts(sheet_ids):
    """{sheet id: Layout} in two queries."""
    parts = list(
        SheetPart.objects.filter(sheet__in=set(sheet_ids)).select_related("version__set").order_by("sheet", "position", "pk")
    )
    below = defaultdict(list)
    indicators = Indicator.objects.filter(version__in={part.version_id for part in parts}).select_related("scale")
    for indicator in indicators.order_by("version", "position", "pk"):
        below[indicator.version_id].append(indicator)
    by_sheet = defaultdict(list)
    for part in parts:
        by_sheet[part.sheet_id].append(part)
    return {sheet_id: _layout(by_sheet[sheet_id], below) for sheet_id in sheet_ids}


def _layout(parts, below):
    nodes, rows, indicators = [], {scoring.ROOT: (None, None)}, {}
    for part in parts:
        mine = below[part.version_id]
        made, keys = version_nodes(part.version, mine, float(part.weight))
        nodes += made
        rows[made[0].key] = (part.pk, None)
        rows.update((keys[indicator.pk], (part.pk, indicator.pk)) for indicator in mine)
        indicators.update((indicator.pk, indicator) for indicator in mine)
    scheme = scoring.Scheme(nodes)
    leaf_rows = {rows[leaf.key][1]: row for row, leaf in enumerate(scheme.leaves)}
    return Layout(scheme, [rows[key] for key in scheme.tree.keys], leaf_rows, parts, indicators)


def version_nodes(version, indicators, weight):
    """(nodes, {indicator id: key}) of a set version as a part of a scheme that weighs `weight`: the part first."""
    # Keys are made of codes, so that the hash of the inputs means the same in every database.
    name = f"{version.set.code}:{version.number}"
    keys = {indicator.pk: f"{name}/{indicator.code}" for indicator in indicators}
    below = [_node(indicator, keys[indicator.pk], keys.get(indicator.parent_id, name)) for indicator in indicators]
    return [scoring.Node(name, scoring.ROOT, weight), *below], keys


def _node(indicator, key, parent):
    scale = indicator.scale
    if scale is None:
        return scoring.Node(key, parent, float(indicator.weight))
    return scoring.Node(
        key,
        parent,
        float(indicator.weight),
        scale.kind,
        float(scale.minimum),
        None if scale.maximum is None else float(scale.maximum),
        None if indicator.gate_least is None else float(indicator.gate_least),
        indicator.rater == Indicator.Rater.SECRETARIAT,
    )


@dataclass
class RoundInputs:
    """A round as the engine takes it, and which rows of the database its numbers are."""

    inputs: scoring.Inputs
    layouts: list  # of each group of the inputs
    entries: np.ndarray  # id by product number
    assessors: np.ndarray  # id by assessor number
    versions: np.ndarray  # of the entries' inputs, as they were read
    # What panels agreed on in moderation: entry id → {indicator id: (state, amount)}. It stands beside the scores.
    agreed: dict = field(default_factory=dict)


def round_inputs(round_id):
    """The whole round, in eight queries; read it within one snapshot of the database (see services.runs)."""
    round_ = Round.objects.only("cuts", "top", "code_salt").get(pk=round_id)
    found = Entry.objects.filter(round=round_id)
    found = found.values_list("pk", "sheet", "inputs_version", "excluded_at", "is_calibration")
    by_id = {row[0]: row for row in found}
    entries = _coded(by_id, round_.code_salt)
    rows = [by_id[pk] for pk in entries.tolist()]
    ratings = _ratings(list(by_id))
    assessors = _coded(np.unique(ratings["assessor"]).tolist(), round_.code_salt)
    groups, shapes = _groups(rows, entries, assessors, ratings)
    ranked = np.array([row[3] is None and not row[4] for row in rows], dtype=bool)
    inputs = scoring.Inputs(groups, len(entries), len(assessors), ranked, tuple(round_.cuts), round_.top)
    versions = np.array([row[2] for row in rows], dtype=np.int64)
    return RoundInputs(inputs, shapes, entries, assessors, versions, agreed_values(Entry.objects.filter(round=round_id)))


def agreed_values(entries):
    """{entry id: {indicator id: (state, amount)}} of what the panels of `entries` agreed on; the last word on each."""
    rows = ModeratedRating.objects.filter(
        moderation__entry__in=entries, moderation__status="closed", moderation__outcome="agreed"
    ).order_by("moderation__settled_at", "moderation", "number")
    agreed = defaultdict(dict)
    for entry, indicator, state, value in rows.values_list("moderation__entry", "indicator", "state", "value"):
        agreed[entry][indicator] = (_STATES[state], _amount(value))
    return dict(agreed)


def panel_inputs(entry):
    """One entry alone: (Sheets with the entry as product 0, its Layout, assessor ids by number)."""
    (group,), (shape,), assessors = entries_inputs([entry])
    return group, shape, assessors


def entries_inputs(entries):
    """Some entries alone, numbered as they come: ([Sheets], their Layouts, assessor ids by number)."""
    ratings = _ratings([entry.pk for entry in entries])
    assessors = np.unique(ratings["assessor"]).astype(np.int64)
    rows = [(entry.pk, entry.sheet_id, entry.inputs_version, entry.excluded_at) for entry in entries]
    return *_groups(rows, np.array([entry.pk for entry in entries], dtype=np.int64), assessors, ratings), assessors


def _coded(ids, salt):
    """Ids in an order of the round's own, which tells nothing of names, nor of who or what came first."""
    return np.array(sorted(ids, key=lambda pk: hashlib.sha256(f"{salt}:{pk}".encode()).digest()), dtype=np.int64)


def _numbers(ids, wanted):
    """The position in `ids` of each of `wanted`."""
    order = np.argsort(ids)
    return order[np.searchsorted(ids, wanted.astype(np.int64), sorter=order)]


def _groups(rows, entries, assessors, ratings):
    """(Sheets, Layout) of each composition among the entries, as two lists in the order of the schemes' digests."""
    sheet_of = {pk: sheet for pk, sheet, *_rest in rows}
    shapes = layouts(sorted(set(sheet_of.values())))
    number = {pk: n for n, pk in enumerate(entries.tolist())}
    measured = _measured(list(sheet_of), sheet_of, shapes)
    product, assessor = _numbers(entries, ratings["entry"]), _numbers(assessors, ratings["assessor"])
    sheets = np.array([row[1] for row in rows], dtype=np.int64)
    made = []
    for sheet, shape in shapes.items():
        mine = np.flatnonzero(sheets == sheet)
        of_sheet = np.isin(product, mine)
        answered = {number[pk]: measured[pk] for pk in entries[mine].tolist() if pk in measured}
        made.append((_sheets(shape, mine, product[of_sheet], assessor[of_sheet], ratings[of_sheet], answered), shape))
    made.sort(key=lambda pair: pair[1].scheme.digest)
    return [group for group, _shape in made], [shape for _group, shape in made]


def _sheets(shape, products, product, assessor, ratings, measured):
    # One number for an assessor's sheet; sorted, the sheets of a product stand together in the order of the codes.
    names, column = np.unique((product << 32) | assessor, return_inverse=True)
    known = np.array(sorted(shape.leaf_rows), dtype=np.int64)
    row_of = np.array([shape.leaf_rows[indicator] for indicator in known.tolist()], dtype=np.intp)
    rows = row_of[np.searchsorted(known, ratings["indicator"].astype(np.int64))]
    states = np.full((len(known), len(names)), scoring.UNANSWERED, dtype=np.int64)
    amounts = np.zeros((len(known), len(names)), dtype=np.int64)
    states[rows, column], amounts[rows, column] = ratings["state"], ratings["amount"]
    return scoring.Sheets(shape.scheme, products, names >> 32, names & 0xFFFFFFFF, states, amounts, measured)


def _ratings(entry_ids):
    if not entry_ids:
        return np.empty(0, dtype=_ROW)
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(_RATINGS.format(entries=",".join(str(int(pk)) for pk in entry_ids)), buffer)
    content = buffer.getbuffer()
    return np.frombuffer(content, dtype=_ROW, offset=_HEADER, count=(len(content) - _HEADER - _TRAILER) // _ROW.itemsize)


def _measured(entry_ids, sheet_of, shapes):
    found = defaultdict(list)
    rows = Measurement.objects.filter(entry__in=entry_ids)
    for entry, indicator, value, target, na in rows.values_list("entry", "indicator", "value", "target", "not_applicable"):
        row = shapes[sheet_of[entry]].leaf_rows.get(indicator)
        if row is not None:
            state = scoring.NOT_APPLICABLE if na else scoring.SCORED
            found[entry].append((row, state, _amount(value), _amount(target)))
    return {entry: sorted(values) for entry, values in found.items()}


def _amount(value):
    return 0 if value is None else int(value * Decimal(scoring.SCALE))
