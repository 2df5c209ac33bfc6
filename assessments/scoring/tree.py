"""Weighted means up a tree, over all sheets at once; what has no value never counts as zero."""

import numpy as np


class Tree:
    """A tree of weighted nodes, laid out once and then applied to any number of sheets.

    `edges` are (node, parent, weight) in the order in which they are shown; weights count among siblings only
    and need not sum to anything. Arrays are nodes × sheets (row `index[key]`) or leaves × sheets, NaN for no value.
    """

    def __init__(self, edges, root="root"):
        self._children = {}
        parents = {}
        for key, parent, weight in edges:
            if key in parents or key == root:
                raise ValueError(f"node {key} stands in the tree twice")
            if not (np.isfinite(float(weight)) and float(weight) >= 0):
                raise ValueError(f"node {key} has no weight that can be used")
            parents[key] = parent
            self._children.setdefault(parent, []).append((key, float(weight)))
        self.root = root
        self.parents = parents
        self.keys = [root]
        for key in self.keys:  # grows while it is read: breadth first, so every parent stands before its children
            self.keys.extend(child for child, _weight in self._children.get(key, ()))
        if len(self.keys) != len(parents) + 1:
            raise ValueError("some nodes do not hang on the root")
        self.index = {key: row for row, key in enumerate(self.keys)}
        self.leaves = [key for key, _parent, _weight in edges if key not in self._children] if parents else []
        self.leaf_index = {key: row for row, key in enumerate(self.leaves)}

    def children(self, key):
        """The (node, weight) pairs below `key`."""
        return self._children.get(key, ())

    def values(self, answers):
        """Carry leaf values upwards: (values, coverage), both nodes × sheets.

        A node is Σw·v / Σw over the children that have a value; with none it has none. Coverage is the share of
        its nominal weight that was answered, 0–1.
        """
        answers = np.asarray(answers, dtype=float)
        shape = (len(self.keys), answers.shape[1])
        values, coverage = np.empty(shape), np.empty(shape)
        for key in reversed(self.keys):
            row = self.index[key]
            if key in self._children:
                self._join(row, self._children[key], values, coverage)
            elif key == self.root:
                values[row], coverage[row] = np.nan, 0.0
            else:
                values[row] = answers[self.leaf_index[key]]
                coverage[row] = ~np.isnan(values[row])
        return values, coverage

    def _join(self, row, children, values, coverage):
        weighed = np.zeros(values.shape[1])
        weight_of_valued = np.zeros(values.shape[1])
        covered = np.zeros(values.shape[1])
        least, most = np.full(values.shape[1], np.inf), np.full(values.shape[1], -np.inf)
        total = 0.0
        for child, weight in children:
            value = values[self.index[child]]
            covered += weight * coverage[self.index[child]]
            total += weight
            if weight == 0:
                continue
            valued = ~np.isnan(value)
            weighed += np.where(valued, weight * value, 0.0)
            weight_of_valued += weight * valued
            least, most = np.fmin(least, value), np.fmax(most, value)
        some = weight_of_valued > 0
        mean = np.divide(weighed, weight_of_valued, out=np.full_like(weighed, np.nan), where=some)
        # Rounding must not carry a mean past its own children: five times the same value is that value.
        values[row] = np.where(some, np.clip(mean, least, most), np.nan)
        coverage[row] = np.clip(covered / total, 0.0, 1.0) if total else 0.0

    def shares(self, answers):
        """What each leaf weighs in the root of each sheet (leaves × sheets): they sum to 1, and share × value to the root."""
        answers = np.asarray(answers, dtype=float)
        values, _coverage = self.values(answers)
        share = np.zeros_like(values)
        share[0] = ~np.isnan(values[0])
        for key in self.keys:
            children = [(self.index[child], weight) for child, weight in self.children(key)]
            if not children:
                continue
            rows = [row for row, _weight in children]
            weights = np.array([weight for _row, weight in children])[:, None] * ~np.isnan(values[rows])
            total = weights.sum(axis=0)
            share[rows] = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0) * share[self.index[key]]
        return share[[self.index[leaf] for leaf in self.leaves]]

    def upwards(self, at_leaves, join=np.add):
        """Join leaf rows (leaves × anything) up the tree with `join` (sum, or logical or): nodes × anything."""
        at_leaves = np.asarray(at_leaves)
        joined = np.zeros((len(self.keys), *at_leaves.shape[1:]), dtype=at_leaves.dtype)
        for leaf, row in self.leaf_index.items():
            joined[self.index[leaf]] = at_leaves[row]
        for key in reversed(self.keys[1:]):
            above = self.index[self.parents[key]]
            joined[above] = join(joined[above], joined[self.index[key]])
        return joined
