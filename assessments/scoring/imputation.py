"""Fills what an assessor skipped with what he and his panel lead one to expect."""

import numpy as np


def fill_skipped(answers, starts, skipped):
    """Leaves × sheets with the `skipped` cells filled by sheet effect + indicator effect of their own panel, least squares.

    `answers` are on 0–100, NaN where there is none; panel i begins at column starts[i]. Leaving a skipped item out
    would reward whoever skips the hard ones, and zero would punish him. A leaf that nobody in the panel rated stays empty.
    """
    answers = np.array(answers, dtype=float)
    sizes = np.diff(np.append(starts, answers.shape[1]))
    concerned = np.add.reduceat(skipped.any(axis=0).astype(int), starts) > 0 if len(starts) else np.zeros(0, dtype=bool)
    for size in np.unique(sizes[concerned]):
        # All panels of one size at once: panels × sheets × leaves.
        columns = np.asarray(starts)[concerned & (sizes == size)][:, None] + np.arange(size)
        cells = answers[:, columns].transpose(1, 2, 0)
        expected = _additive(cells)
        wanted = skipped[:, columns].transpose(1, 2, 0) & ~np.isnan(expected)
        answers[:, columns] = np.where(wanted, expected, cells).transpose(2, 0, 1)
    return answers


def _additive(cells):
    """Sheet + leaf effect of each panel (panels × sheets × leaves), cut at 0 and 100; NaN where nobody rated the leaf."""
    seen = ~np.isnan(cells)
    values = np.where(seen, cells, 0.0)
    seen = seen.astype(float)
    of_leaf = seen.sum(axis=1)
    share = np.divide(1.0, of_leaf, out=np.zeros_like(of_leaf), where=of_leaf > 0)
    # The leaves are eliminated; what remains is one small singular system a panel, solved with the smallest norm.
    system = np.eye(cells.shape[1]) * seen.sum(axis=2)[:, :, None] - np.einsum("pjl,pl,pkl->pjk", seen, share, seen)
    right = values.sum(axis=2) - np.einsum("pjl,pl->pj", seen, share * values.sum(axis=1))
    sheet = np.einsum("pjk,pk->pj", np.linalg.pinv(system, hermitian=True), right)
    leaf = share * (values.sum(axis=1) - np.einsum("pjl,pj->pl", seen, sheet))
    expected = np.clip(sheet[:, :, None] + leaf[:, None, :], 0.0, 100.0)
    return np.where(of_leaf[:, None, :] > 0, expected, np.nan)
