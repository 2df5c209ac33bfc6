"""Arithmetic of judgement on plain arrays; knows no Django.

    scheme = Scheme(nodes)                          what a sheet asks and how it is weighed
    inputs = Inputs([Sheets(scheme, …)], …)         a whole round in canonical order
    result = compute(inputs)                        fair scores, intervals, ranks, readings, flags

Every method also stands alone: trees, weights, panels, agreement, comparisons, ranks, graphs, allocation of
assessors; `python -m assessments.scoring COMMAND PATH` runs each on files.
"""

import os

# Small systems, one after the other: more threads only wait for each other. Before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from assessments.scoring.inputs import ALGORITHM, Inputs, Sheets
from assessments.scoring.scheme import NOT_APPLICABLE, ROOT, SCALE, SCORED, UNANSWERED, Node, Scheme

__all__ = ["ALGORITHM", "NOT_APPLICABLE", "ROOT", "SCALE", "SCORED", "UNANSWERED", "Inputs", "Node", "Scheme", "Sheets", "compute"]


def compute(*args, **kwargs):
    """See `assessments.scoring.run.compute`; scipy is loaded only by those who compute."""
    from assessments.scoring.run import compute as run

    return run(*args, **kwargs)
