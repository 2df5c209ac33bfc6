"""What a sheet asks and how it is weighed, on the scale 0–100."""

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np

from assessments.scoring.scales import normalise
from assessments.scoring.tree import Tree

ROOT = "root"
# Answers are kept in ten-thousandths, so that they are compared and hashed without rounding.
SCALE = 10_000
# States of an answer as they enter the hash.
SCORED, NOT_APPLICABLE, UNANSWERED = 1, 2, 3


@dataclass(frozen=True)
class Node:
    """A node of a scheme; leaves have a `kind` of scale, the others none. `weight` counts among siblings."""

    key: str
    parent: str
    weight: float
    kind: str | None = None
    minimum: float = 0.0
    maximum: float | None = None
    gate: float | None = None  # below this value (0–100) the gate is failed
    measured: bool = False  # one value for the whole panel: says nothing about the assessors


class Scheme:
    """A tree of nodes, ready to be applied to any number of sheets."""

    def __init__(self, nodes):
        self.nodes = list(nodes)
        self.tree = Tree([(node.key, node.parent, node.weight) for node in self.nodes], ROOT)
        leaves = {node.key: node for node in self.nodes if node.kind is not None}
        if set(self.tree.leaves) != set(leaves):
            raise ValueError("exactly the leaves of a scheme have a scale")
        self.leaves = [leaves[key] for key in self.tree.leaves]
        self.leaf_nodes = np.array([self.tree.index[leaf.key] for leaf in self.leaves], dtype=np.intp)
        self.gates = np.array([np.nan if leaf.gate is None else leaf.gate for leaf in self.leaves])
        self.measured = np.array([leaf.measured for leaf in self.leaves], dtype=bool)
        # Nodes below which somebody judges; the rest are measured, their spread over a panel means nothing.
        self.judged = self.tree.upwards(~self.measured.reshape(-1, 1), np.logical_or)[:, 0]
        self.digest = hashlib.sha256(json.dumps(self.plain(), separators=(",", ":")).encode()).hexdigest()

    def plain(self):
        """The nodes as plain dicts, numbers as they are written: what the digest is taken of, and what a file holds."""
        return [
            {name: repr(float(value)) if isinstance(value, float | int) and not isinstance(value, bool) else value
             for name, value in asdict(node).items()}
            for node in self.nodes
        ]  # fmt: skip

    @classmethod
    def from_plain(cls, nodes):
        """The scheme that `plain` wrote; raises TypeError or ValueError for anything else."""
        numbers = ("weight", "minimum", "maximum", "gate")
        return cls(
            Node(**{name: float(value) if name in numbers and value is not None else value for name, value in node.items()})
            for node in nodes
        )

    def on_0_100(self, raw, targets=None):
        """Answers as given (leaves × sheets, NaN for none) on 0–100; `targets` likewise, for ratios."""
        out = np.empty_like(raw, dtype=float)
        for row, leaf in enumerate(self.leaves):
            target = None if targets is None else targets[row]
            out[row] = normalise(leaf.kind, raw[row], leaf.minimum, leaf.maximum, target)
        return out
