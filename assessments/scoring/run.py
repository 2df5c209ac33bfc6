"""One computation of a whole round: fair scores at every node, and what may be said of the order of the totals."""

from dataclasses import dataclass, field

import numpy as np

from assessments.scoring import agreement, studies
from assessments.scoring.crossed import Crossed
from assessments.scoring.flags import assessor_flags
from assessments.scoring.graphs import connectivity
from assessments.scoring.inputs import ALGORITHM
from assessments.scoring.panel import panel_mean
from assessments.scoring.scheme import ROOT
from assessments.scoring.standings import Design, Standings, standings

NORMAL_95 = 1.959963984540054
# What is told of every node, and of the root besides: the names of the arrays, in the order in which they are written.
OF_NODE = (
    "value", "standard_error", "low", "high", "raw_mean", "adjustment", "raters", "coverage", "gate_failed",
)  # fmt: skip


@dataclass
class NodeScores:
    """One node over its products (numbers, rising); arrays follow `products`, NaN where there is nothing to say."""

    key: str
    products: np.ndarray
    value: np.ndarray
    raw_mean: np.ndarray
    adjustment: np.ndarray  # NaN where the plain mean stands
    standard_error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    raters: np.ndarray
    coverage: np.ndarray
    gate_failed: np.ndarray
    variances: object = None  # crossed.Variances where severity could be told


@dataclass
class Readings:
    """What is told of each assessor with a counted sheet; arrays follow `assessors`."""

    assessors: np.ndarray
    sheets: np.ndarray
    mean_given: np.ndarray
    severity: np.ndarray
    severity_error: np.ndarray
    infit: np.ndarray
    outfit: np.ndarray
    slope: np.ndarray
    spread: np.ndarray
    straight: np.ndarray
    weight: np.ndarray


@dataclass
class Result:
    """Everything a run says; the same inputs give the same bytes."""

    digest: str
    is_fair: bool  # the totals are adjusted for severity; else they are plain means of the panels
    nodes: dict  # key → NodeScores
    standings: Standings
    readings: Readings
    flags: list = field(default_factory=list)
    pairs: list = field(default_factory=list)
    summary: dict = field(default_factory=dict)

    @property
    def root(self):
        return self.nodes[ROOT]


def compute(inputs, beat=lambda share: None, *, statements=True):
    """Compute a round of at least one product. `beat` hears how far it is, 0–1, and may raise to stop it.

    Without `statements` only the scores are computed: no probabilities, sensitivity, readings or flags.
    """
    if not inputs.groups:
        raise ValueError("a round without products has no scores")
    digest = inputs.digest()
    values = [group.values() for group in inputs.groups]
    places = {}
    for number, group in enumerate(inputs.groups):
        for row, key in enumerate(group.scheme.tree.keys):
            places.setdefault(key, []).append((number, row))
    nodes, design = {}, None
    for count, (key, rows) in enumerate(places.items()):
        nodes[key], fitted = _node(key, rows, inputs.groups, values)
        design = fitted if key == ROOT else design
        beat(0.7 * (count + 1) / len(places))
    _fail_gates(inputs.groups, nodes)
    root = nodes[ROOT]
    sheets = _totals(inputs.groups, values)
    links = _links(sheets, inputs)
    result = Result(digest, design is not None, nodes, None, None)
    result.standings = standings(inputs, root, design, links.product, digest if statements else None)
    beat(0.9)
    result.readings = _readings(inputs, sheets, root, design, result, values if statements else None)
    result.summary = _summary(inputs, nodes, sheets, links, result)
    beat(1.0)
    return result


# ------------------------------------------------------------------ nodes
def _node(key, rows, groups, values):
    """NodeScores, and the fitted design where there was enough to fit."""
    products = np.concatenate([groups[number].products for number, _row in rows])
    product = np.concatenate([groups[number].product for number, _row in rows])
    assessor = np.concatenate([groups[number].assessor for number, _row in rows])
    given = np.concatenate([values[number][0][row] for number, row in rows])
    coverage = np.concatenate([values[number][1][row] for number, row in rows])
    # Groups come one after the other; from here on products rise.
    order = np.argsort(product, kind="stable")
    product, assessor, given, coverage = product[order], assessor[order], given[order], coverage[order]
    products = np.sort(products)
    judged, starts = np.unique(product, return_index=True)
    at = np.searchsorted(products, judged)
    mean = panel_mean(given[None, :], starts)
    number, row = rows[0]
    rated = bool(groups[number].scheme.judged[row])
    node = NodeScores(
        key,
        products,
        value=_spread(mean.value[0], at, products),
        raw_mean=_spread(mean.value[0], at, products),
        adjustment=np.full(len(products), np.nan),
        standard_error=_spread(mean.standard_error[0], at, products) if rated else np.full(len(products), np.nan),
        low=_spread(mean.low[0], at, products) if rated else np.full(len(products), np.nan),
        high=_spread(mean.high[0], at, products) if rated else np.full(len(products), np.nan),
        raters=_spread(mean.raters[0], at, products, 0).astype(int) if rated else np.zeros(len(products), dtype=int),
        coverage=np.clip(_spread(_means(coverage, starts), at, products, 0.0), 0.0, 1.0),
        gate_failed=np.zeros(len(products), dtype=bool),
    )
    return node, _adjust(node, product, assessor, given) if rated else None


def _adjust(node, product, assessor, given):
    """Put fair scores in the place of plain means, where the ratings are enough to tell severity."""
    known = ~np.isnan(given)
    if not known.any():
        return None
    names, codes = np.unique(assessor[known], return_inverse=True)
    places = np.searchsorted(node.products, product[known])
    crossed = Crossed(places, codes, given[known], products=len(node.products), assessors=len(names))
    if not crossed.is_estimable:
        return None
    node.variances = crossed.fit()
    fair = crossed.fair(node.variances)
    node.adjustment = fair.value - node.raw_mean
    node.value = np.clip(fair.value, 0.0, 100.0)
    node.standard_error = fair.standard_error
    # The interval is cut at the ends of the scale and never loses the score it belongs to.
    node.low = np.clip(fair.value - NORMAL_95 * fair.standard_error, 0.0, node.value)
    node.high = np.clip(fair.value + NORMAL_95 * fair.standard_error, node.value, 100.0)
    return Design(crossed, names, places, codes, given[known])


def _fail_gates(groups, nodes):
    """A gate is failed where the score of its indicator lies below it, and at every node above."""
    for group in groups:
        if not len(group.products) or np.isnan(group.scheme.gates).all():
            continue
        scores = np.array([_at(nodes[leaf.key], group.products) for leaf in group.scheme.leaves])
        with np.errstate(invalid="ignore"):  # no value is not a failed gate
            failed = group.scheme.tree.upwards(scores < group.scheme.gates[:, None], np.logical_or)
        for row, key in enumerate(group.scheme.tree.keys):
            node = nodes[key]
            node.gate_failed[np.searchsorted(node.products, group.products)] = failed[row]


def _at(node, products):
    return node.value[np.searchsorted(node.products, products)]


def _spread(found, at, products, nothing=np.nan):
    """Values of the judged products among all of the node."""
    whole = np.full(len(products), nothing, dtype=float)
    whole[at] = found
    return whole


def _means(values, starts):
    sizes = np.diff(np.append(starts, len(values)))
    return np.add.reduceat(values, starts) / sizes if len(starts) else np.empty(0)


# ------------------------------------------------------------------ assessors
@dataclass
class _Sheets:
    """Every counted sheet of the round with its total."""

    product: np.ndarray
    assessor: np.ndarray
    total: np.ndarray


def _totals(groups, values):
    product = np.concatenate([group.product for group in groups]) if groups else np.empty(0, dtype=int)
    assessor = np.concatenate([group.assessor for group in groups]) if groups else np.empty(0, dtype=int)
    total = np.concatenate([found[0][0] for found in values]) if groups else np.empty(0)
    known = ~np.isnan(total)
    return _Sheets(product[known], assessor[known], total[known])


@dataclass
class _Links:
    """The parts of the round that assessors join, by product and by assessor; -1 without a sheet."""

    product: np.ndarray
    assessor: np.ndarray
    fragile: list  # assessors without whom a part falls apart


def _links(sheets, inputs):
    products, product = np.unique(sheets.product, return_inverse=True)
    assessors, assessor = np.unique(sheets.assessor, return_inverse=True)
    found = connectivity(product, assessor, len(products), len(assessors))
    links = _Links(np.full(inputs.products, -1), np.full(inputs.assessors, -1), assessors[found.fragile_assessors].tolist())
    links.product[products], links.assessor[assessors] = found.product_labels, found.assessor_labels
    return links


def _readings(inputs, sheets, root, design, result, values):
    names, codes, counts = np.unique(sheets.assessor, return_inverse=True, return_counts=True)
    nothing = np.full(len(names), np.nan)
    readings = Readings(names, counts, np.bincount(codes, sheets.total, len(names)) / counts, *([nothing] * 8))
    if design is None:
        return readings
    fair = design.crossed.fair(root.variances)
    readings.severity, readings.severity_error = fair.severity, fair.severity_error
    if values is None:
        return readings
    product, assessor, answers = _answers(inputs.groups, values)
    found = assessor_flags(product, assessor, answers, products=inputs.products, assessors=inputs.assessors)
    told = found.readings
    readings.infit, readings.outfit, readings.slope = told.infit[names], told.outfit[names], told.slope[names]
    readings.spread, readings.straight = told.spread[names], told.straightlined[names]
    readings.weight = result.standings.weights
    result.flags, result.pairs = found.assessors, found.pairs
    return readings


def _answers(groups, values):
    """Every sheet's answers to what assessors judge, sheets × all indicators of the round, NaN where not asked."""
    keys = {}
    for group in groups:
        for leaf in group.scheme.leaves:
            if not leaf.measured:
                keys.setdefault(leaf.key, len(keys))
    blocks = []
    for group, (found, _coverage) in zip(groups, values, strict=True):
        block = np.full((len(group.product), len(keys)), np.nan)
        for leaf, row in zip(group.scheme.leaves, group.scheme.leaf_nodes, strict=True):
            if not leaf.measured:
                block[:, keys[leaf.key]] = found[row]
        blocks.append(block)
    product = np.concatenate([group.product for group in groups])
    return product, np.concatenate([group.assessor for group in groups]), np.concatenate(blocks)


# ------------------------------------------------------------------ the round as a whole
def _summary(inputs, nodes, sheets, links, result):
    """What is told of the run as a whole, as plain numbers: kept with it and shown on the page of its reliability."""
    root = nodes[ROOT]
    ranked = inputs.ranked[root.products] & ~np.isnan(root.value)
    summary = {
        "algorithm": ALGORITHM,
        "products": int(ranked.sum()),
        "assessors": len(np.unique(sheets.assessor)),
        "sheets": len(sheets.total),
        "ratings": inputs.ratings,
        "top": result.standings.top,
        "cuts": [float(cut) for cut in inputs.cuts],
        "draws": result.standings.draws,
        "alpha": _number(agreement.alpha(sheets.product, sheets.total, "interval", inputs.products)),
        "components": _components(result.standings, links),
        "fragile_assessors": links.fragile,
        "nodes": {key: _variances(node) for key, node in nodes.items() if node.variances is not None},
    }
    if result.is_fair:
        found = root.variances
        told = studies.reliability(found.product, found.assessor, found.residual, root.raters[ranked])
        summary["reliability"] = {name: _number(value) for name, value in vars(told).items()}
        apart = studies.separation(result.readings.severity, result.readings.severity_error)
        summary["separation"] = {name: _number(value) for name, value in vars(apart).items()}
    return summary


def _components(told, links):
    """Products and assessors of each part, where the ranked products fall into more than one."""
    parts = range(1, told.component.max(initial=0) + 1)
    if len(parts) < 2:
        return []
    mine = [np.flatnonzero(told.component == part) for part in parts]
    return [
        {"products": products.tolist(), "assessors": np.flatnonzero(links.assessor == links.product[products[0]]).tolist()}
        for products in mine
    ]


def _variances(node):
    found = node.variances
    return {"product": found.product, "assessor": found.assessor, "residual": found.residual, "sheets": int(node.raters.sum())}


def _number(value):
    """A float that JSON can hold."""
    return float(value) if np.isfinite(value) else None
