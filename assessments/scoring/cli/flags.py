"""The command flags: questions about the assessors of a table of sheets, and about pairs of them."""

import numpy as np

from assessments.scoring import flags as questions
from assessments.scoring.cli.files import read_ratings


def flags(path):
    """Every column but product and assessor is an indicator; the table's own least and most answers are 0 and 100."""
    _indicators, ((products, product), (assessors, assessor)), answers = read_ratings(path, values=None)
    pair, count = np.unique(np.stack([product, assessor]), axis=1, return_counts=True)
    if (count > 1).any():
        one, two = pair[:, np.argmax(count > 1)]
        raise ValueError(f"assessor {assessors[two]} has {count.max()} sheets on product {products[one]}")
    if np.isnan(answers).all():
        raise ValueError("nothing was answered")
    least, most = np.nanmin(answers), np.nanmax(answers)
    answers = (answers - least) * (100 / (most - least) if most > least else 0.0)
    found = questions.assessor_flags(product, assessor, answers, products=len(products), assessors=len(assessors))
    asked = {}
    for flag in found.assessors:
        asked.setdefault(assessors[flag.assessor], []).append(flag.kind)
    return {"assessors": asked, "pairs": [[assessors[pair.first], assessors[pair.second]] for pair in found.pairs]}
