"""The command gstudy: variances and coefficients of a crossed product × assessor × indicator study."""

from assessments.scoring import studies
from assessments.scoring.cli.files import read_ratings


def gstudy(path):
    _names, columns, values = read_ratings(path, keys=studies.FACETS)
    found = studies.study(*(positions for _ids, positions in columns), values[:, 0])
    return {
        "components": found.components,
        "G_relative": found.relative,
        "Phi_absolute": found.absolute,
        "G_relative_indicators_fixed": found.relative_fixed,
        "sem_relative": found.sem_relative,
        "sem_absolute": found.sem_absolute,
    }
