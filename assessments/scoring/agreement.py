"""How far assessors agree: Krippendorff's alpha, and intraclass correlations of complete and of incomplete tables."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import fdtri

METRICS = ("nominal", "ordinal", "interval", "ratio")
CONFIDENCE = 0.95
# What is smaller beside 1 is the rounding of what cancels.
ROUNDING = 1e-12
# Cells of the table of squared differences held at once (16 MB of floats).
_BLOCK = 2_000_000


@dataclass(frozen=True)
class Coefficient:
    """A coefficient with its 95 % interval; NaN where the ratings do not say."""

    value: float
    lo: float
    hi: float


@dataclass(frozen=True)
class Incomplete:
    """One-way coefficients of a table with empty cells; `components` are its parts without a common judge."""

    single: float
    average: float
    components: int
    mean_ratings: float  # Ebel's mean number of ratings of a target


def alpha(unit, value, metric, units=None):
    """Krippendorff's alpha of the values given to units: 1 is perfect agreement, 0 what chance gives, below 0 worse.

    `unit` are positions (0…units−1), `value` what one assessor gave that unit; NaN is no value, and a unit with one value
    is passed over. `metric` is one of METRICS; ratio asks for values of at least 0. Alpha is NaN when nothing could have
    been disagreed about: no unit with two values, all values the same, or a ratio of negative values. ValueError for an
    unknown metric or arrays of different lengths.

    Krippendorff (2011), Computing Krippendorff's alpha-reliability. With m values in a unit and n in all,
    α = 1 − (n−1) Σ_u D_u/(m_u−1) / D, D summing the squared differences of ordered pairs; for differences on a line
    D_u = 2 m_u SS_u, so interval takes O(n) and, on mid-ranks, ordinal O(n log n); nominal counts equal values,
    O(n log n); ratio takes O(V²) time for V different values, in little memory.
    """
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric}; known: {', '.join(METRICS)}")
    unit, value = np.asarray(unit, dtype=np.intp), np.asarray(value, dtype=float)
    if unit.ndim != 1 or unit.shape != value.shape:
        raise ValueError("units and values must be two lists of one length")
    if np.isinf(value).any():
        raise ValueError("values must be finite")
    given = ~np.isnan(value)
    if not given.all():
        unit, value = unit[given], value[given]
    size = np.bincount(unit, minlength=units or 0)
    if (size == 1).any():
        paired = size[unit] > 1
        unit, value = unit[paired], value[paired]
        size = np.where(size == 1, 0, size)
    if value.size == 0 or value.min() == value.max() or (metric == "ratio" and value.min() < 0):
        return math.nan
    if metric == "nominal":
        observed, expected = _nominal(unit, value, size)
    elif metric == "ratio":
        observed, expected = _ratio(unit, value, size)
    else:
        observed, expected = _interval(unit, value if metric == "interval" else _middle_ranks(value), size)
    return float(1 - (value.size - 1) * observed / expected)


def _interval(unit, value, size):
    centred = value - value.mean()
    expected = 2 * value.size * float(centred @ centred)
    # Distances from the unit's own mean, not squares less a squared sum: equal values must come out as no difference.
    own = np.bincount(unit, centred, size.size) / np.maximum(size, 1)
    centred -= own[unit]
    centred *= centred
    squares = np.bincount(unit, centred, size.size)
    return 2 * float((size / np.maximum(size - 1, 1)) @ squares), expected


def _middle_ranks(value):
    _levels, code, count = np.unique(value, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - count / 2)[code]


def _cells(unit, value):
    """The different values of every unit, ordered by unit: (unit, code of the value, count); and values and counts overall."""
    levels, code, count = np.unique(value, return_inverse=True, return_counts=True)
    cell, times = np.unique(unit * levels.size + code, return_counts=True)
    return cell // levels.size, cell % levels.size, times.astype(float), levels, count.astype(float)


def _nominal(unit, value, size):
    cell_unit, _code, times, _levels, count = _cells(unit, value)
    same = np.bincount(cell_unit, times**2, size.size)
    observed = float(((size.astype(float) ** 2 - same) / np.maximum(size - 1, 1)).sum())
    return observed, value.size**2 - float(count @ count)


def _ratio(unit, value, size):
    cell_unit, code, times, levels, count = _cells(unit, value)
    observed, share = 0.0, times / np.maximum(size[cell_unit] - 1, 1)
    last = np.searchsorted(cell_unit, cell_unit, side="right") - 1
    first, step = np.flatnonzero(last > np.arange(last.size)), 1
    while first.size:  # every pair of different values within a unit, by their distance in the list
        apart = _squared_ratio(levels[code[first]], levels[code[first + step]])
        observed += 2 * float((share[first] * times[first + step]) @ apart)
        step += 1
        first = first[last[first] >= first + step]
    expected, rows = 0.0, max(1, _BLOCK // levels.size)
    for start in range(0, levels.size, rows):
        below = slice(start, start + rows)
        apart = _squared_ratio(levels[below, None], levels[start:])
        weighed = count[below] @ apart * count[start:]
        expected += float(weighed[:rows].sum() + 2 * weighed[rows:].sum())
    return observed, expected


def _squared_ratio(one, other):
    total = one + other
    return np.divide(one - other, total, out=np.zeros(total.shape), where=total != 0) ** 2


def icc(table):
    """The six intraclass correlations of a complete table (targets × judges): {name: Coefficient} with 95 % intervals.

    ICC1 one-way, ICC2 judges random (agreement), ICC3 judges fixed (consistency), each of one rating and, with k, of the
    mean of all judges. Negative values stand as they come; NaN where there is no variance, and for the mean of judges
    where that of one is −1/(k−1) or less. ValueError for an empty cell and for fewer than two targets or judges.

    Shrout and Fleiss (1979), Psychological Bulletin 86, 420–428; McGraw and Wong (1996) for the interval of ICC2, which
    ICC2k takes over by Spearman and Brown.
    """
    table = np.asarray(table, dtype=float)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError("at least two targets and two judges are needed")
    if not np.isfinite(table).all():
        raise ValueError("a cell is empty; these forms need a complete table")
    n, k = table.shape
    centred = table - table.mean()
    targets, judges = centred.mean(axis=1, keepdims=True), centred.mean(axis=0, keepdims=True)
    between = _settled(k * (targets**2).sum() / (n - 1), table)
    within = _settled(((centred - targets) ** 2).sum() / (n * (k - 1)), table)
    judged = _settled(n * (judges**2).sum() / (k - 1), table)
    error = _settled(((centred - targets - judges) ** 2).sum() / ((n - 1) * (k - 1)), table)
    one, one_k = _consistency(between, within, n - 1, n * (k - 1), k)
    three, three_k = _consistency(between, error, n - 1, (n - 1) * (k - 1), k)
    two = _agreement(between, judged, error, n, k)
    two_k = Coefficient(_stepped(two.value, k), _stepped(two.lo, k), _stepped(two.hi, k))
    return {"ICC1": one, "ICC2": two, "ICC3": three, "ICC1k": one_k, "ICC2k": two_k, "ICC3k": three_k}


def _consistency(between, within, freedom, freedom_within, k):
    """The correlation of one rating and of the mean of k, from two mean squares and their degrees of freedom."""
    tail = (1 + CONFIDENCE) / 2
    limits = float(fdtri(freedom, freedom_within, tail)), 1 / float(fdtri(freedom_within, freedom, tail))
    # Multiplied out, so that no disagreement at all (within = 0) needs no case of its own.
    levels = [(between - f * within, between + (k - 1) * f * within) for f in (1.0, *limits)]
    return Coefficient(*(_over(*level) for level in levels)), Coefficient(*(_over(top, between) for top, _below in levels))


def _agreement(between, judged, error, n, k):
    value = _over(between - error, between + (k - 1) * error + k * (judged - error) / n)
    if math.isnan(value):
        return Coefficient(value, math.nan, math.nan)
    rest = (n * (1 + (k - 1) * value) - k * value) * error
    above = (k - 1) * (n - 1) * (k * value * judged + rest) ** 2
    below = (n - 1) * (k * value * judged) ** 2 + rest**2
    freedom = above / below if below > 0 else 1.0  # no error and no severity: every freedom gives the same limits
    tail = (1 + CONFIDENCE) / 2
    high, low = float(fdtri(n - 1, freedom, tail)), float(fdtri(freedom, n - 1, tail))
    other = k * judged + (k * n - k - n) * error
    return Coefficient(
        value,
        _over(n * (between - high * error), high * other + n * between),
        _over(n * (low * between - error), other + n * low * between),
    )


def _stepped(single, k):
    """The correlation of means of k ratings from that of one; NaN from −1/(k−1) down, where it has no meaning."""
    below = 1 + (k - 1) * single
    return k * single / below if below > ROUNDING else math.nan


def icc_incomplete(table):
    """The one-way correlations of a table (targets × judges) with empty cells (NaN).

    A target with one rating counts towards the differences between targets and says nothing of those within; targets
    without ratings are passed over. Negative values stand as they come. NaN where no target was rated twice, or 0/0.
    `components` counts the parts of the table that share neither target nor judge: beyond 1, targets of different
    parts were never compared. ValueError for fewer than two rated targets.

    Ebel (1951), Psychometrika 16, 407–424: analysis of variance with k₀ = (N − Σk_i²/N)/(n−1) ratings a target.
    """
    table = np.asarray(table, dtype=float)
    if table.ndim != 2:
        raise ValueError("a table of targets × judges is needed")
    target, judge = np.nonzero(~np.isnan(table))
    ratings = table[target, judge]
    if not np.isfinite(ratings).all():
        raise ValueError("ratings must be finite")
    _names, target, count = np.unique(target, return_inverse=True, return_counts=True)
    n, total = count.size, ratings.size
    if n < 2:
        raise ValueError("at least two rated targets are needed")
    centred = ratings - ratings.mean()
    means = np.bincount(target, centred) / count
    between = _settled((count @ means**2) / (n - 1), ratings)
    mean_ratings = (total - float(count @ count) / total) / (n - 1)
    components = _components(target, judge, n, table.shape[1])
    if total == n:
        return Incomplete(math.nan, math.nan, components, mean_ratings)
    within = _settled(((centred - means[target]) ** 2).sum() / (total - n), ratings)
    single = _over(between - within, between + (mean_ratings - 1) * within)
    return Incomplete(single, _over(between - within, between), components, mean_ratings)


def _components(target, judge, targets, judges):
    edges = coo_array((np.ones(target.size), (target, targets + judge)), shape=(targets + judges,) * 2)
    _count, label = connected_components(edges, directed=False)
    return np.unique(label[:targets]).size


def _settled(square, ratings):
    """A mean square, 0 where it is only the rounding of the ratings: 0/0 must not look like a figure."""
    return float(square) if square > (1e-13 * np.abs(ratings).max()) ** 2 else 0.0


def _over(above, below):
    """A share of variance; NaN where chance left no variance, or less than none, to take a share of."""
    return above / below if below > 0 else math.nan
