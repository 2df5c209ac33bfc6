"""The command fair: variances, fair scores, severities and predictions of a table of ratings."""

from assessments.scoring.cli.files import read_fair
from assessments.scoring.crossed import Crossed


def fair(path):
    ratings = read_fair(path)
    design = Crossed(ratings.product, ratings.assessor, ratings.values, len(ratings.products), len(ratings.assessors))
    variances = design.fit()
    found = design.fair(variances)
    return {
        "reml_criterion": variances.criterion,
        "var_product": variances.product,
        "var_assessor": variances.assessor,
        "var_residual": variances.residual,
        "intercept": variances.intercept,
        "components": design.components()[0],
        "fair_score": _told(ratings.products, found.value, found.standard_error),
        # Told as strictness: positive for who gives less than others.
        "severity": _told(ratings.assessors, -found.severity, found.severity_error),
        "blup": dict(zip(ratings.products, design.posterior(variances).mean.tolist(), strict=True)),
    }


def _told(names, values, errors):
    pairs = zip(values.tolist(), errors.tolist(), strict=True)
    return {name: {"value": value, "se": error} for name, (value, error) in zip(names, pairs, strict=True)}
