"""One pass over crossed ratings: the sums from which everything later is computed without touching them again."""

import numpy as np
import scipy.sparse as sp

# Rows of at most so many different sizes are summed up size by size; with more (or larger sums) they are weighed anew.
MOST_SIZES = 24
MOST_SUMS = 4_000_000  # floats: 32 MB
# Panels up to this size are squared by counting pairs, larger ones by a sparse product.
MOST_PAIRED = 8
ROWS_AT_ONCE = 20_000


def counted(rows, columns, shape):
    """How often each row was rated by each column (csr): columns rising within a row, pairs that come twice added up.

    Sorting one number a pair takes a third of the time in which scipy turns a list of pairs into a table.
    """
    width = shape[1]
    kind = np.int32 if shape[0] * width < 1 << 31 else np.int64
    places = rows.astype(kind) * width + columns.astype(kind)
    places.sort()
    times = np.ones(len(places))
    if (places[1:] == places[:-1]).any():
        places, times = np.unique(places, return_counts=True)
        rows = places // width
    sizes = np.bincount(rows, minlength=shape[0])
    begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    columns = (places - np.repeat(np.arange(shape[0]) * width, sizes)).astype(np.int32)
    return sp.csr_array((times.astype(float, copy=False), columns, begins), shape=shape)


class Rows:
    """The levels of one factor (rows) against those of the other (columns), as they are when rows are absorbed.

    `counts` (csr, rows × columns) says how often, or with what weight, a row was rated by a column; `totals` are the
    sums of the ratings of each row. Row r is summed up in the vector f = (counts of r, their sum n, total of r), and
    `moments(w)` gives Σ w(n) f f′ over all rows, whose size does not depend on the ratings.
    """

    def __init__(self, counts, totals):
        self.counts, self.totals = counts, totals
        self.columns = counts.shape[1]
        self.sizes = counts @ np.ones(self.columns)
        self.distinct, self._multiple = np.unique(self.sizes[self.sizes > 0], return_counts=True)
        self._groups = None
        if len(self.distinct) <= MOST_SIZES and len(self.distinct) * (self.columns + 2) ** 2 <= MOST_SUMS:
            plain = bool((counts.data == 1).all())
            self._groups = [_Group(self, size, plain) for size in self.distinct]
            self._sums = np.array([group.sums for group in self._groups]).reshape(-1, self.columns + 2, self.columns + 2)

    def moments(self, weight):
        """Σ weight(n) f f′ over the rows with ratings: (columns + 2) squared; `weight` takes an array of sizes."""
        if self._groups is not None:
            return np.tensordot(weight(self.distinct), self._sums, 1)
        each = np.zeros(len(self.sizes))
        each[self.sizes > 0] = weight(self.sizes[self.sizes > 0])
        return _sums(self.counts, self.sizes, self.totals, each)

    def over(self, function):
        """The sum of function(n) over the rows with ratings."""
        return float(self._multiple @ function(self.distinct))

    def quadratic(self, matrix):
        """c′ matrix c for the counts c of every row; `matrix` is symmetric."""
        if self._groups is None:
            return _quadratic(self.counts, matrix)
        out = np.zeros(len(self.sizes))
        for group in self._groups:
            out[group.rows] = group.quadratic(self.counts, matrix)
        return out


class _Group:
    """The rows of one size."""

    def __init__(self, rows, size, plain):
        self.rows = np.flatnonzero(rows.sizes == size)
        self.panels = None
        totals = rows.totals[self.rows]
        if not plain or size > MOST_PAIRED:
            self.sums = _sums(rows.counts[self.rows], rows.sizes[self.rows], totals)
            return
        columns, size = rows.columns, int(size)
        # Places × rows: the columns that rated, each once.
        self.panels = rows.counts.indices[rows.counts.indptr[self.rows] + np.arange(size)[:, None]]
        self.sums = np.zeros((columns + 2, columns + 2))
        square, loads = self.sums[:columns, :columns], np.bincount(self.panels.ravel(), minlength=columns)
        for first in range(1, size):
            pairs = (self.panels[first].astype(np.int64) * columns + self.panels[:first]).ravel()
            square += np.bincount(pairs, minlength=columns**2).reshape(columns, columns)
        square += square.T.copy()
        square[np.diag_indices(columns)] = loads
        by_column = np.bincount(self.panels.ravel(), np.tile(totals, size), columns)
        _border(self.sums, size * loads, by_column, len(totals) * size**2, size * totals.sum(), totals @ totals)

    def quadratic(self, counts, matrix):
        if self.panels is None:
            return _quadratic(counts[self.rows], matrix)
        flat, diagonal = np.ascontiguousarray(matrix).ravel(), np.diag(matrix).copy()
        out = np.zeros(len(self.rows))
        starts = self.panels * matrix.shape[0]
        for first, panel in enumerate(self.panels):
            out += diagonal.take(panel)
            for second in range(first):
                out += 2 * flat.take(starts[second] + panel)
        return out


def _sums(counts, sizes, totals, weights=None):
    """Σ w f f′ over these rows."""
    columns = counts.shape[1]
    turned = counts.T if weights is None else counts.T @ sp.diags_array(weights)
    weights = np.ones(len(sizes)) if weights is None else weights
    sums = np.empty((columns + 2, columns + 2))
    sums[:columns, :columns] = (turned @ counts).toarray()
    numbers = (weights * sizes) @ sizes, (weights * sizes) @ totals, (weights * totals) @ totals
    _border(sums, turned @ sizes, turned @ totals, *numbers)
    return sums


def _border(sums, with_sizes, with_totals, sizes, mixed, totals):
    """Fill the last two rows and columns of Σ w f f′."""
    sums[:-2, -2] = sums[-2, :-2] = with_sizes
    sums[:-2, -1] = sums[-1, :-2] = with_totals
    sums[-2:, -2:] = [[sizes, mixed], [mixed, totals]]


def _quadratic(counts, matrix):
    out = np.empty(counts.shape[0])
    for start in range(0, len(out), ROWS_AT_ONCE):
        block = counts[start : start + ROWS_AT_ONCE]
        out[start : start + ROWS_AT_ONCE] = np.asarray(block.multiply(block @ matrix).sum(axis=1)).ravel()
    return out
