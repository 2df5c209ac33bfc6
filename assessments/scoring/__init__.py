"""Arithmetic of judgement on plain arrays; knows no Django.

    scheme = Scheme(nodes)                       what a sheet asks and how it is weighed
    answers = scheme.on_0_100(raw, targets)      leaves × sheets, NaN for no answer
    scores = score(scheme, answers, starts)      nodes × panels

`scheme.tree` gives the values of single sheets and what each leaf weighs in them.
"""

from assessments.scoring.method import (
    METHOD,
    NOT_APPLICABLE,
    ROOT,
    SCALE,
    SCORED,
    UNANSWERED,
    Node,
    Scheme,
    Scores,
    inputs_hash,
    score,
)

__all__ = [
    "METHOD",
    "NOT_APPLICABLE",
    "ROOT",
    "SCALE",
    "SCORED",
    "UNANSWERED",
    "Node",
    "Scheme",
    "Scores",
    "inputs_hash",
    "score",
]
