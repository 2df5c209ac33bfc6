"""The mean of a panel at every node, with its standard error and 95 % interval."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

CONFIDENCE = 0.95


@dataclass(frozen=True)
class PanelMean:
    """Arrays nodes × panels; NaN where there is nothing to say."""

    value: np.ndarray
    standard_error: np.ndarray  # NaN with fewer than two assessors
    low: np.ndarray
    high: np.ndarray
    raters: np.ndarray


def panel_mean(values, starts):
    """Average `values` (nodes × sheets, NaN for no value) over panels.

    The sheets of a panel stand together; panel i is the columns from starts[i] to starts[i + 1], none is empty.
    """
    starts = np.asarray(starts)
    nodes, sheets = values.shape
    if not len(starts):
        nothing = np.empty((nodes, 0))
        return PanelMean(nothing, nothing, nothing, nothing, nothing.astype(int))
    sizes = np.diff(np.append(starts, sheets))
    valued = ~np.isnan(values)
    raters = np.add.reduceat(valued.astype(int), starts, axis=1)
    mean = _divide(np.add.reduceat(np.where(valued, values, 0.0), starts, axis=1), raters, raters > 0)
    # Rounding must not carry a mean past its own parts: three times the same value is that value, with error 0.
    mean = np.clip(mean, np.fmin.reduceat(values, starts, axis=1), np.fmax.reduceat(values, starts, axis=1))
    distance = np.where(valued, values - np.repeat(mean, sizes, axis=1), 0.0)
    variance = _divide(np.add.reduceat(distance**2, starts, axis=1), raters - 1, raters > 1)
    error = np.sqrt(_divide(variance, raters, raters > 1))
    half = error * t_quantile(raters - 1)
    return PanelMean(mean, error, np.clip(mean - half, 0.0, 100.0), np.clip(mean + half, 0.0, 100.0), raters)


def t_quantile(freedom):
    """Student's t for a two-sided 95 % interval; NaN without degrees of freedom."""
    freedom = np.asarray(freedom, dtype=float)
    return stdtrit(np.where(freedom > 0, freedom, np.nan), (1 + CONFIDENCE) / 2)


def _divide(above, below, where):
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=where)
