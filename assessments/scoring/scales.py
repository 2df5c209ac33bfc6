"""Turns what was answered into 0–100, by the kind of scale."""

import numpy as np


def normalise(kind, values, minimum=0.0, maximum=None, target=None):
    """Give `values` (an array, NaN where there is none) on 0–100, the better the higher.

    `target` belongs to ratios only: a number or an array like `values`; without one a ratio says nothing (NaN).
    """
    values = np.asarray(values, dtype=float)
    if kind in ("ratio", "ratio_inverse"):
        return _ratio(values, target, inverse=kind == "ratio_inverse")
    if kind == "boolean":
        share = values
    elif kind in ("ordinal", "number"):
        share = (values - minimum) / (maximum - minimum)
    elif kind == "inverse":
        share = (maximum - values) / (maximum - minimum)
    else:
        raise ValueError(f"unknown kind of scale: {kind}")
    return np.clip(100.0 * share, 0.0, 100.0)


def _ratio(values, target, *, inverse):
    target = np.broadcast_to(np.asarray(np.nan if target is None else target, dtype=float), values.shape)
    known = (target > 0) & ~np.isnan(values)
    if inverse:
        # The less the better: nothing at all is as good as reaching the target.
        above, below = target, values
        share = np.divide(above, below, out=np.ones_like(values), where=known & (values > 0))
    else:
        share = np.divide(values, target, out=np.zeros_like(values), where=known)
    return np.where(known, 100.0 * np.clip(share, 0.0, 1.0), np.nan)
