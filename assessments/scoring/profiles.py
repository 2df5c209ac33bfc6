"""Profiles of sheets (which indicators stand above the sheet's own mark), and pairs of assessors whose profiles agree."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Agreements:
    """Pairs of assessors, one array each: how their profiles correlate, against what their products explain."""

    first: np.ndarray
    second: np.ndarray
    shared: np.ndarray  # products both have profiles of
    correlation: np.ndarray
    expected: np.ndarray  # correlation that the products' own profiles leave between any two assessors
    freedom: np.ndarray  # answers behind a correlation, less what was estimated from them


class Profiles:
    """Sheets × indicators, each sheet summing to 0 over what it answers; 0 where `answered` is false.

    `product` and `assessor` are positions, one a sheet.
    """

    def __init__(self, product, assessor, levelled, answered, products, assessors):
        self.product, self.assessor, self.products, self.assessors = product, assessor, products, assessors
        self.answered, self.count = answered, answered.sum(axis=1)
        own = np.where(answered, levelled, 0.0).sum(axis=1) / np.maximum(self.count, 1)
        self.values = np.where(answered, levelled - own[:, None], 0.0)
        self.others = np.bincount(product, minlength=products)[product] - 1

    def unexplained(self):
        """Variance within each sheet that the rest of its panel does not explain."""
        trust = self._trust(self.others, *self.variances())
        left = np.where(self.answered, self.values - trust[:, None] * self._rest(), 0.0)
        return (left**2).sum(axis=1) / np.maximum(self.count - 1, 1)

    def without_habits(self):
        """The profiles less what each assessor gives every product: an indicator always marked down is no copying."""
        size = (self.assessors, self.values.shape[1])
        total, number = np.zeros(size), np.zeros(size)
        np.add.at(total, self.assessor, self.values)
        np.add.at(number, self.assessor, self.answered)
        habit = total / np.maximum(number, 1)
        return Profiles(
            self.product, self.assessor, self.values - habit[self.assessor], self.answered, self.products, self.assessors
        )

    def agreements(self, least_shared):
        """Correlations of all pairs of assessors with `least_shared` products or more in common.

        On each product the profile that the rest of the panel shows is taken out, as far as so few can show it: of the
        variance `shared` that a product gives all its sheets, m other sheets leave shared·own/(own + m·shared).
        """
        shared, own = self.variances()
        total = self._total()
        order = np.argsort(self.product, kind="stable")
        last = np.searchsorted(self.product[order], self.product[order], side="right") - 1
        rows, first, step = [], np.flatnonzero(last > np.arange(last.size)), 1
        while first.size:  # all pairs within every panel, by their distance in the order
            rows.append(self._products(order[first], order[first + step], total, shared, own))
            step += 1
            first = first[last[first] >= first + step]
        if not rows or not own:
            nothing = np.empty(0)
            return Agreements(nothing, nothing, nothing, nothing, nothing, nothing)
        pair, *sums = (np.concatenate(column) for column in zip(*rows, strict=True))
        pairs, place, number = np.unique(pair, return_inverse=True, return_counts=True)
        both, one, two, expected, answers = (np.bincount(place, column) for column in sums)
        freedom = answers - 3
        # A profile much flatter than is usual (a twentieth in squares) has no shape that could have been copied.
        kept = (number >= least_shared) & (freedom >= least_shared) & (np.minimum(one, two) > 0.05 * own * answers)
        kept &= pairs // self.assessors != pairs % self.assessors
        pairs, answers = pairs[kept], answers[kept]
        return Agreements(
            pairs // self.assessors,
            pairs % self.assessors,
            number[kept],
            np.clip(both[kept] / np.sqrt(one[kept] * two[kept]), -1.0, 1.0),
            expected[kept] / answers,
            freedom[kept],
        )

    def _products(self, one, two, total, shared, own):
        """For pairs of sheets: the pair of assessors, Σxy, Σx², Σy², expected correlation × answers, answers."""
        others = self.others[one] - 1
        trust = self._trust(others, shared, own)
        rest = (total[self.product[one]] - self.values[one] - self.values[two]) * (trust / np.maximum(others, 1))[:, None]
        common = self.answered[one] & self.answered[two]
        x, y = (np.where(common, self.values[sheet] - rest, 0.0) for sheet in (one, two))
        left = shared * (1 - trust)
        answers = np.maximum(common.sum(axis=1) - 1.0, 0.0)
        lower, upper = np.minimum(self.assessor[one], self.assessor[two]), np.maximum(self.assessor[one], self.assessor[two])
        expected = left / (left + own) if own else np.zeros(others.size)
        return (
            lower * self.assessors + upper,
            np.einsum("si,si->s", x, y),
            np.einsum("si,si->s", x, x),
            np.einsum("si,si->s", y, y),
            expected * answers,
            answers,
        )

    def _total(self):
        total = np.zeros((self.products, self.values.shape[1]))
        np.add.at(total, self.product, self.values)
        return total

    def _rest(self):
        """The mean profile of the other sheets of each sheet's product; 0 with none."""
        return (self._total()[self.product] - self.values) / np.maximum(self.others, 1)[:, None] * (self.others > 0)[:, None]

    def variances(self):
        """Variance per answer: what the sheets of one product share, and what is each sheet's own."""
        answers = np.maximum(self.count - 1, 0).astype(float)
        if not answers.sum():
            return 0.0, 0.0
        total = float((self.values**2).sum() / answers.sum())
        together = float(answers[self.others > 0].sum())
        shared = float((self.values * self._rest()).sum()) / together if together else 0.0
        shared = min(max(shared, 0.0), total)
        # What rounding leaves of a table without profiles is none.
        own = total - shared
        return (shared, own) if own > 1e-12 * max(total, 1.0) else (total, 0.0)

    @staticmethod
    def _trust(number, shared, own):
        """How far the mean profile of `number` sheets shows the product's own, 0–1."""
        return number * shared / (number * shared + own) if own else (number > 0) * (shared > 0.0)
