"""The method in force: what is computed from the sheets of a panel, under which name, from which inputs.

Another engine stands beside this one as a module with the same three names: METHOD, score, inputs_hash.
"""

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from assessments.scoring.panel import panel_mean
from assessments.scoring.scales import normalise
from assessments.scoring.tree import Tree

METHOD = "panel-mean/1"
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
    """What a sheet asks and how it is weighed, ready to be applied to any number of sheets."""

    def __init__(self, nodes):
        self.nodes = list(nodes)
        self.tree = Tree([(node.key, node.parent, node.weight) for node in self.nodes], ROOT)
        leaves = {node.key: node for node in self.nodes if node.kind is not None}
        if set(self.tree.leaves) != set(leaves):
            raise ValueError("exactly the leaves of a scheme have a scale")
        self.leaves = [leaves[key] for key in self.tree.leaves]
        self.gates = np.array([np.nan if leaf.gate is None else leaf.gate for leaf in self.leaves])
        judged = np.array([[not leaf.measured] for leaf in self.leaves], dtype=bool).reshape(-1, 1)
        # Nodes below which somebody judges; the rest are measured, their spread over a panel means nothing.
        self.judged = self.tree.upwards(judged, np.logical_or)
        self.digest = hashlib.sha256(json.dumps(self._plain(), separators=(",", ":")).encode()).hexdigest()

    def _plain(self):
        return [
            [n.key, n.parent, repr(float(n.weight)), n.kind, repr(float(n.minimum)), n.maximum if n.maximum is None else repr(float(n.maximum)),
             n.gate if n.gate is None else repr(float(n.gate)), n.measured]
            for n in self.nodes
        ]  # fmt: skip

    def on_0_100(self, raw, targets=None):
        """Answers as given (leaves × sheets, NaN for none) on 0–100; `targets` likewise, for ratios."""
        out = np.empty_like(raw, dtype=float)
        for row, leaf in enumerate(self.leaves):
            target = None if targets is None else targets[row]
            out[row] = normalise(leaf.kind, raw[row], leaf.minimum, leaf.maximum, target)
        return out


@dataclass(frozen=True)
class Scores:
    """Arrays nodes × panels, rows as in `scheme.tree.keys`; NaN where there is nothing to say."""

    value: np.ndarray
    standard_error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    raters: np.ndarray
    coverage: np.ndarray
    gate_failed: np.ndarray


def score(scheme, answers, starts):
    """Score panels from `answers` on 0–100 (leaves × sheets); panel i begins at column starts[i]."""
    values, coverage = scheme.tree.values(answers)
    panel = panel_mean(values, starts)
    sizes = np.diff(np.append(starts, answers.shape[1]))
    covered = np.add.reduceat(coverage, starts, axis=1) / sizes if len(starts) else np.empty((len(values), 0))
    at_leaves = panel.value[[scheme.tree.index[leaf.key] for leaf in scheme.leaves]]
    with np.errstate(invalid="ignore"):  # no value is not a failed gate
        failed = at_leaves < scheme.gates[:, None]
    return Scores(
        value=panel.value,
        standard_error=np.where(scheme.judged, panel.standard_error, np.nan),
        low=np.where(scheme.judged, panel.low, np.nan),
        high=np.where(scheme.judged, panel.high, np.nan),
        raters=np.where(scheme.judged, panel.raters, 0),
        coverage=np.clip(covered, 0.0, 1.0),
        gate_failed=scheme.tree.upwards(failed, np.logical_or),
    )


def inputs_hash(scheme, names, states, amounts, measured=()):
    """SHA-256 of everything a panel's scores follow from, in canonical order.

    `names` are the assessors' numbers, `states` and `amounts` (ten-thousandths) are assessors × leaves in the order
    of `scheme.leaves`; `measured` are (leaf row, state, amount, target) of what the secretariat measured.
    """
    order = np.argsort(names, kind="stable")
    digest = hashlib.sha256(f"{METHOD}\n{scheme.digest}\n".encode())
    for block in (np.asarray(names)[order], np.asarray(states)[order], np.asarray(amounts)[order], sorted(measured)):
        numbers = np.ascontiguousarray(np.asarray(block, dtype=">i8"))
        digest.update(f"{numbers.size}\n".encode())
        digest.update(numbers.tobytes())
    return digest.hexdigest()
