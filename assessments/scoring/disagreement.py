"""How far the assessors of a panel lie apart, and what agreed values would make of their total."""

import hashlib
from dataclasses import dataclass

import numpy as np

from assessments.scoring.inputs import feed
from assessments.scoring.scheme import NOT_APPLICABLE, SCALE, SCORED

# Rounding must not decide whether a limit is reached.
SLACK = 1e-9
AGREED = "agreed/1"


@dataclass
class Gaps:
    """The distance between the highest and the lowest value of each judged product of a group; NaN where fewer than two gave one."""

    products: np.ndarray  # numbers, rising
    totals: np.ndarray  # of the assessors' totals, points of 100
    leaves: np.ndarray  # leaves × products, of what was rated on each indicator


def gaps(group):
    """The gaps of the panels of `group` (Sheets). Only what somebody rated is compared: no N/A, no skipped or measured answer."""
    starts, scheme = group.starts, group.scheme
    given, filled, _left_out = group.answers()
    rated = np.where(scheme.measured[:, None], np.nan, given)
    totals = scheme.tree.values(filled)[0][:1]
    # Whoever rated nothing has no total of his own, whatever was measured for him.
    totals = np.where(np.isnan(rated).all(axis=0), np.nan, totals)
    return Gaps(group.product[starts], _ranges(totals, starts)[0], _ranges(rated, starts))


def weighed(group):
    """What the gap on each indicator means for the total: its mean share of it × the gap (leaves × judged products, points)."""
    starts, (_given, filled, _left_out) = group.starts, group.answers()
    leaves = gaps(group).leaves
    if not len(starts):
        return leaves
    sizes = np.diff(np.append(starts, len(group.product)))
    return np.add.reduceat(group.scheme.tree.shares(filled), starts, axis=1) / sizes * leaves


def _ranges(values, starts):
    if not len(starts):
        return np.empty((values.shape[0], 0))
    several = np.add.reduceat((~np.isnan(values)).astype(int), starts, axis=1) > 1
    widest = np.fmax.reduceat(values, starts, axis=1) - np.fmin.reduceat(values, starts, axis=1)
    return np.where(several, widest, np.nan)


def reaches(gap, limit):
    """Whether a gap counts as disagreement; a limit of 0 asks for nothing. NaN never does."""
    return np.asarray(gap) >= limit - SLACK if limit else np.zeros(np.shape(gap), dtype=bool)


def found(told, of_total, of_leaf):
    """{product: [(leaf row, or None for the total, gap), …]} of every product at or beyond a limit, the total first."""
    reasons = {}
    for place in np.flatnonzero(reaches(told.totals, of_total)).tolist():
        reasons[int(told.products[place])] = [(None, float(told.totals[place]))]
    for row, place in np.argwhere(reaches(told.leaves, of_leaf)).tolist():
        reasons.setdefault(int(told.products[place]), []).append((row, float(told.leaves[row, place])))
    return reasons


# ------------------------------------------------------------------ agreed values
@dataclass
class Agreed:
    """The total of one product with agreed values in the place of its panel's means."""

    mean: float  # as the panel left it, before any agreement
    value: float  # with the agreed values; NaN where nothing is left to be weighed
    digest: str


def agreed_totals(group, agreed):
    """{product: Agreed} where something was agreed; `agreed` is {product: {leaf row: (state, amount)}}, on the leaves' scales.

    Everything else stays as it is: skipped answers filled, what does not apply left out, measured values as measured. With
    nothing agreed the total is the plain mean of the panel; a product that nobody judged has none.
    """
    _given, filled, _left_out = group.answers()
    totals = group.scheme.tree.values(filled)[0][0]
    made = {}
    for product, values in agreed.items():
        columns = slice(*np.searchsorted(group.product, [product, product + 1]))
        judged = filled[:, columns][:, ~np.isnan(totals[columns])]
        if judged.shape[1]:
            made[product] = _agreed(group, columns, product, judged, values)
    return made


def _agreed(group, columns, product, judged, values):
    sizes = (~np.isnan(judged)).sum(axis=1)
    means = np.divide(np.nansum(judged, axis=1), sizes, out=np.full(len(sizes), np.nan), where=sizes > 0)
    raw = np.full((len(means), 1), np.nan)
    for row, (state, amount) in values.items():
        raw[row] = amount / SCALE if state == SCORED else np.nan
    rows = list(values)
    replaced = means.copy()
    replaced[rows] = group.scheme.on_0_100(raw)[rows, 0]
    both, _coverage = group.scheme.tree.values(np.stack([means, replaced], axis=1))
    return Agreed(float(both[0, 0]), float(both[0, 1]), _digest(group, columns, product, values))


def _digest(group, columns, product, agreed):
    """SHA-256 over everything the total follows from, whoever of the panel said what."""
    digest = hashlib.sha256(f"{AGREED}\n{group.scheme.digest}\n".encode())
    said = np.concatenate([group.states[:, columns], group.amounts[:, columns]])
    feed(digest, said[:, np.lexsort(said)])
    feed(digest, sorted(group.measured.get(product, [])))
    for row, (state, amount) in sorted(agreed.items()):
        digest.update(f"{group.scheme.leaves[row].key}\n".encode())
        feed(digest, [state, amount if state != NOT_APPLICABLE else 0])
    return digest.hexdigest()
