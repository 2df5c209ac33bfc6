"""The commands alpha, icc and icc-incomplete: how far the assessors of a table agree."""

from dataclasses import asdict

import numpy as np

from assessments.scoring import agreement
from assessments.scoring.cli.files import read_table


def alpha(path):
    _units, table = read_table(path, named=True)
    unit, assessor = np.nonzero(~np.isnan(table))
    values = table[unit, assessor]
    return {metric: agreement.alpha(unit, values, metric, units=len(table)) for metric in agreement.METRICS}


def icc(path):
    _targets, table = read_table(path, named=True)
    return {name: asdict(coefficient) for name, coefficient in agreement.icc(table).items()}


def icc_incomplete(path):
    _nothing, table = read_table(path, named=False)
    found = agreement.icc_incomplete(table)
    return {"ICC1": found.single, "ICCk": found.average, "components": found.components}
