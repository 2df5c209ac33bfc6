"""The command tree: values and coverage of every inner node of every sheet."""

import math

import numpy as np

from assessments.scoring.cli.files import read_object
from assessments.scoring.scales import normalise
from assessments.scoring.tree import Tree

# The answer kinds of the file, as (kind of scale, least, most).
KINDS = {
    "bool": ("boolean", 0, 1),
    "scale15": ("ordinal", 1, 5),
    "scale100": ("number", 0, 100),
    "quant_up": ("ratio", 0, None),
    "quant_down": ("ratio_inverse", 0, None),
}


def tree(path):
    case = read_object(path)
    shape = Tree([(name, parent, weight) for name, parent, weight in case["tree"]])
    sheets = case["sheets"]
    for sheet in sheets:
        if strange := sorted(set(sheet) - set(shape.leaves)):
            raise ValueError(f"{strange[0]} is not a leaf of the tree")
    answers = np.full((len(shape.leaves), len(sheets)), np.nan)
    for row, leaf in enumerate(shape.leaves):
        kind, least, most = KINDS[case["kinds"][leaf]]
        given = [np.nan if sheet.get(leaf) is None else float(sheet[leaf]) for sheet in sheets]
        answers[row] = normalise(kind, given, least, most, case.get("targets", {}).get(leaf))
    values, coverage = shape.values(answers)
    inner = [key for key in shape.keys if shape.children(key)]
    return {
        "results": [
            {"nodes": {key: _told(values[shape.index[key], column], coverage[shape.index[key], column]) for key in inner}}
            for column in range(len(sheets))
        ]
    }


def _told(value, coverage):
    return {"value": None if math.isnan(value) else float(value), "coverage": float(coverage)}
