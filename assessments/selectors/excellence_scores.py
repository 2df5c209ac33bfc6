"""The one place where the scores of a self-assessment are worked out: levels in, a value for every node out."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from assessments import scoring
from assessments.models import Indicator, LevelState, SetVersion
from assessments.selectors.score_inputs import version_nodes

METHOD = "levels/1"  # raised whenever the same levels would give other numbers


@dataclass(frozen=True)
class Worked:
    """Values by indicator id (None for the whole): (value 0–100 or None, coverage 0–1), and the digest of what went in."""

    nodes: dict
    digest: str

    @property
    def total(self):
        return self.nodes[None]


def worked_out(framework_id, answers):
    """The scores of levels {indicator id: (state, value)} by a framework; what is missing is no zero."""
    version = SetVersion.objects.select_related("set").get(pk=framework_id)
    indicators = list(Indicator.objects.filter(version=version).select_related("scale").order_by("position", "pk"))
    nodes, keys = version_nodes(version, indicators, 100.0)
    scheme = scoring.Scheme(nodes)
    pk_of = {key: pk for pk, key in keys.items()}
    raw, said = np.full((len(scheme.leaves), 1), np.nan), []
    for row, leaf in enumerate(scheme.leaves):
        state, value = answers.get(pk_of[leaf.key], (LevelState.UNANSWERED, None))
        if state == LevelState.SCORED:
            raw[row, 0] = float(value)
        said.append([leaf.key, str(state), None if value is None else f"{value:.4f}"])
    values, coverage = scheme.tree.values(scheme.on_0_100(raw))
    rows = {pk: scheme.tree.index[key] for pk, key in keys.items()} | {None: scheme.tree.index[scoring.ROOT]}
    found = {
        pk: (None if np.isnan(values[row, 0]) else float(values[row, 0]), float(coverage[row, 0])) for pk, row in rows.items()
    }
    text = json.dumps([METHOD, scheme.digest, said], separators=(",", ":"))
    return Worked(found, hashlib.sha256(text.encode()).hexdigest())
