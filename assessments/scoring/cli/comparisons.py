"""The command ahp: weights from matrices of pairwise comparisons, one of each expert."""

from fractions import Fraction

from assessments.scoring import comparisons
from assessments.scoring.cli.files import read_object


def ahp(path):
    """Join the experts' judgements by their geometric mean; null is a judgement left out.

    An expert whose own comparisons do not hang together has no weights; `separated` then names the groups of rows.
    """
    matrices = read_object(path).get("matrices")
    if not isinstance(matrices, list) or not matrices:
        raise ValueError("expected a list of matrices, one of each expert")
    matrices = [_matrix(matrix, expert) for expert, matrix in enumerate(matrices, 1)]
    group = comparisons.reading(comparisons.joined(matrices))
    return {
        **_told(group),
        "row_geometric_mean_weights": group.row_means,
        "individual": [_individual(matrix) for matrix in matrices],
        "completed": group.completed,
    }


def _individual(matrix):
    groups = comparisons.separated(matrix)
    if len(groups) > 1:
        return {"weights": None, "lambda_max": None, "CR": None, "separated": groups}
    return _told(comparisons.reading(matrix))


def _told(found):
    return {"weights": found.weights, "lambda_max": found.lambda_max, "CR": found.consistency_ratio}


def _matrix(matrix, expert):
    try:
        if not isinstance(matrix, list) or not all(isinstance(row, list) and len(row) == len(matrix) for row in matrix):
            raise ValueError("a matrix of comparisons has as many rows as columns, at least one")
        return comparisons.checked([[_number(cell) for cell in row] for row in matrix])
    except ValueError as error:
        raise ValueError(f"matrix {expert}: {error}") from None


def _number(cell):
    """A number, or a fraction in words such as 1/3; NaN for null."""
    if cell is None:
        return float("nan")
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise ValueError(f"{cell!r} is neither a number nor null")
    try:
        value = float(Fraction(cell))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ValueError(f"{cell!r} is not a number") from None
    return value
