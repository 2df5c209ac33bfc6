"""What scores follow from: the shape of a sheet and what a panel answered, read as plain arrays in few queries."""

import io
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from django.db import connection

from assessments import scoring
from assessments.models import Entry, Indicator, Measurement, SheetPart

_STATES = {"scored": scoring.SCORED, "na": scoring.NOT_APPLICABLE, "blank": scoring.UNANSWERED}
# One row of PostgreSQL's binary COPY below: every field comes with its length, none is null.
_ROW = np.dtype(
    [("fields", ">i2")]
    + [
        part
        for name, kind in (("entry", ">i8"), ("alias", ">i8"), ("indicator", ">i8"), ("state", ">i2"), ("amount", ">i8"))
        for part in ((f"{name}_length", ">i4"), (name, kind))
    ]
)
_HEADER, _TRAILER = 19, 2
_RATINGS = """
    COPY (
        SELECT g.entry_id, g.alias::bigint, r.indicator_id,
               (CASE r.state WHEN 'scored' THEN {scored} WHEN 'na' THEN {na} ELSE {blank} END)::smallint,
               coalesce(r.value * {scale}, 0)::bigint
        FROM assessments_assignment g
        JOIN assessments_assessment a ON a.assignment_id = g.id AND a.submitted_at IS NOT NULL
        JOIN assessments_rating r ON r.assessment_id = a.id
        WHERE g.status = 'submitted' AND g.entry_id IN ({{entries}})
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
        # Keys are made of codes, so that the hash of the inputs means the same in every database.
        name = f"{part.version.set.code}:{part.version.number}"
        nodes.append(scoring.Node(name, scoring.ROOT, float(part.weight)))
        rows[name] = (part.pk, None)
        keys = {indicator.pk: f"{name}/{indicator.code}" for indicator in below[part.version_id]}
        for indicator in below[part.version_id]:
            nodes.append(_node(indicator, keys[indicator.pk], keys.get(indicator.parent_id, name)))
            rows[keys[indicator.pk]] = (part.pk, indicator.pk)
            indicators[indicator.pk] = indicator
    scheme = scoring.Scheme(nodes)
    leaf_rows = {rows[leaf.key][1]: row for row, leaf in enumerate(scheme.leaves)}
    return Layout(scheme, [rows[key] for key in scheme.tree.keys], leaf_rows, parts, indicators)


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
class Panels:
    """The counted answers of entries on one sheet: a column is one assessor's sheet, an entry's columns stand together."""

    layout: Layout
    entries: np.ndarray  # ids of entries, those without a counted assessment too
    owner: np.ndarray  # for each column the position of its entry in `entries`
    aliases: np.ndarray  # for each column the assessor's number
    states: np.ndarray  # leaves × columns
    amounts: np.ndarray  # leaves × columns, ten-thousandths
    measured: dict  # entry id → [(leaf row, state, amount, target amount)]

    @property
    def answers(self):
        """Leaves × columns on 0–100, what was measured filled in for the whole panel."""
        states, amounts = self.states.copy(), self.amounts.copy()
        targets = np.full(amounts.shape, np.nan)
        for position, entry in enumerate(self.entries.tolist()):
            if entry not in self.measured:
                continue
            columns = np.flatnonzero(self.owner == position)
            for row, state, amount, target in self.measured[entry]:
                if self.layout.scheme.leaves[row].measured:
                    states[row, columns], amounts[row, columns] = state, amount
                targets[row, columns] = target / scoring.SCALE if target else np.nan
        raw = np.where(states == scoring.SCORED, amounts / scoring.SCALE, np.nan)
        return self.layout.scheme.on_0_100(raw, targets)

    @property
    def judged(self):
        """Positions of the entries that have a counted assessment, and where the columns of each begin."""
        return np.unique(self.owner, return_index=True)

    def hashes(self):
        """The hash of the inputs of every entry, in their order."""
        bounds = np.searchsorted(self.owner, np.arange(len(self.entries) + 1))
        return [
            scoring.inputs_hash(
                self.layout.scheme,
                self.aliases[start:end],
                self.states[:, start:end].T,
                self.amounts[:, start:end].T,
                self.measured.get(entry, ()),
            )
            for entry, start, end in zip(self.entries.tolist(), bounds[:-1], bounds[1:], strict=True)
        ]


def panels(entry_ids):
    """One Panels for each sheet among these entries; five queries however many there are."""
    sheet_of = dict(Entry.objects.filter(pk__in=entry_ids).order_by("pk").values_list("pk", "sheet_id"))
    ratings = _ratings(list(sheet_of))
    shapes = layouts(sorted(set(sheet_of.values())))
    measured = _measured(list(sheet_of), sheet_of, shapes)
    return [_panels(sheet, shape, sheet_of, ratings, measured) for sheet, shape in shapes.items()]


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


def _panels(sheet, shape, sheet_of, ratings, measured):
    entries = np.array([entry for entry, of in sheet_of.items() if of == sheet], dtype=np.int64)
    mine = ratings[np.isin(ratings["entry"], entries)]
    # One number for an assessor's sheet; sorted, the sheets of an entry stand together in the order of their aliases.
    names, column = np.unique((mine["entry"].astype(np.int64) << 16) | mine["alias"], return_inverse=True)
    known = np.array(sorted(shape.leaf_rows), dtype=np.int64)
    row_of = np.array([shape.leaf_rows[indicator] for indicator in known.tolist()], dtype=np.intp)
    rows = row_of[np.searchsorted(known, mine["indicator"].astype(np.int64))]
    states = np.full((len(known), len(names)), scoring.UNANSWERED, dtype=np.int64)
    amounts = np.zeros((len(known), len(names)), dtype=np.int64)
    states[rows, column], amounts[rows, column] = mine["state"], mine["amount"]
    owner = np.searchsorted(entries, names >> 16)
    return Panels(
        shape, entries, owner, names & 0xFFFF, states, amounts, {e: measured[e] for e in entries.tolist() if e in measured}
    )
