"""What a run is computed from: the sheets of a round in canonical order, their fingerprint, and their values up the tree."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from assessments.scoring.imputation import fill_skipped
from assessments.scoring.scheme import NOT_APPLICABLE, SCALE, SCORED, Scheme

ALGORITHM = "fair/1"


@dataclass
class Sheets:
    """The products judged by one scheme; a column is one assessor's sheet.

    Products and assessors are numbers within the round. `states` and `amounts` (ten-thousandths) are leaves × columns.
    In whatever order the columns come, they are kept by product, then assessor.
    """

    scheme: Scheme
    products: np.ndarray  # all on this sheet, rising, judged or not
    product: np.ndarray
    assessor: np.ndarray
    states: np.ndarray
    amounts: np.ndarray
    measured: dict = field(default_factory=dict)  # product → [(leaf row, state, amount, target)], sorted

    def __post_init__(self):
        order = np.lexsort((self.assessor, self.product))
        self.products = np.sort(np.asarray(self.products, dtype=np.int64))
        self.product = np.asarray(self.product, dtype=np.int64)[order]
        self.assessor = np.asarray(self.assessor, dtype=np.int64)[order]
        self.states, self.amounts = self.states[:, order], self.amounts[:, order]

    @property
    def starts(self):
        """Where the columns of each judged product begin."""
        return np.unique(self.product, return_index=True)[1]

    def values(self):
        """(values, coverage), both nodes × columns: sheets carried up the tree.

        Rows of leaves hold only what was given; coverage is the share of nominal weight that was answered, 0–1.
        """
        given, filled, _left_out = self.answers()
        values, _coverage = self.scheme.tree.values(filled)
        values[self.scheme.leaf_nodes] = given
        _values, coverage = self.scheme.tree.values(given)
        return values, coverage

    def answers(self):
        """(given, filled, left_out) on 0–100: leaves × columns twice, and leaves × judged products.

        An indicator that at least as many of a panel call not applicable as rate it leaves the tree for the whole panel
        (`left_out`). Elsewhere a missing answer is filled with what sheet and indicator lead to expect.
        """
        starts = self.starts
        states, answers = self._answers()
        if not len(starts):
            return answers, answers, np.empty((len(self.scheme.leaves), 0), dtype=bool)
        rated = np.add.reduceat((states == SCORED).astype(int), starts, axis=1)
        declined = np.add.reduceat((states == NOT_APPLICABLE).astype(int), starts, axis=1)
        left_out = (declined > 0) & (declined >= rated)
        sizes = np.diff(np.append(starts, len(self.product)))
        given = np.where(np.repeat(left_out, sizes, axis=1), np.nan, answers)
        skipped = np.isnan(given) & ~np.repeat(left_out, sizes, axis=1) & ~self.scheme.measured[:, None]
        # A sheet without any rating says nothing and is not filled.
        skipped &= ~np.isnan(np.where(self.scheme.measured[:, None], np.nan, given)).all(axis=0)
        return given, fill_skipped(given, starts, skipped), left_out

    def _answers(self):
        """States, and answers on 0–100, what was measured filled in for the whole panel."""
        states, amounts = self.states.copy(), self.amounts.copy()
        targets = np.full(amounts.shape, np.nan)
        for product, rows in self.measured.items():
            columns = slice(*np.searchsorted(self.product, [product, product + 1]))
            for row, state, amount, target in rows:
                if self.scheme.measured[row]:
                    states[row, columns], amounts[row, columns] = state, amount
                targets[row, columns] = target / SCALE if target else np.nan
        raw = np.where(states == SCORED, amounts / SCALE, np.nan)
        return states, self.scheme.on_0_100(raw, targets)


@dataclass
class Inputs:
    """A whole round: everything its results follow from."""

    groups: list  # Sheets, one for each scheme; kept in the order of the schemes' digests
    products: int
    assessors: int
    ranked: np.ndarray  # which products stand in the results; the others only help to tell the severity of assessors
    cuts: tuple = ()  # where the bands of the total begin, rising
    top: int | None = None  # how many products are sought; None is a tenth

    def __post_init__(self):
        self.groups = sorted(self.groups, key=lambda group: group.scheme.digest)

    @property
    def ratings(self):
        """How many answers were rated."""
        return sum(int((group.states == SCORED).sum()) for group in self.groups)

    def digest(self):
        """SHA-256 over the canonical form: equal inputs, whatever order they were read in, have equal digests."""
        digest = hashlib.sha256(f"{ALGORITHM}\n{self.products} {self.assessors} {self.top}\n".encode())
        digest.update(repr([float(cut) for cut in self.cuts]).encode())
        feed(digest, self.ranked)
        for group in self.groups:
            digest.update(f"\n{group.scheme.digest}\n".encode())
            for block in (group.products, group.product, group.assessor, group.states, group.amounts):
                feed(digest, block)
            for product in sorted(group.measured):
                feed(digest, [product])
                feed(digest, sorted(group.measured[product]))
        return digest.hexdigest()


def feed(digest, block):
    """Add an array of whole numbers to a digest, its shape first."""
    numbers = np.ascontiguousarray(np.asarray(block, dtype=">i8"))
    digest.update(f"{numbers.shape}\n".encode())
    digest.update(numbers.tobytes())
