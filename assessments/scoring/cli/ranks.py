"""The command rank: places, grades and pairs of products whose scores follow a joint normal law."""

import hashlib
import json

import numpy as np

from assessments.scoring import ranks
from assessments.scoring.cli.files import read_object


def rank(path):
    """Only `top1` and `topk` are drawn; the seed is the SHA-256 of the input in canonical form. pairs[i][j] is P(i above j)."""
    mean, cov, k, cuts = _read(read_object(path))
    canonical = json.dumps([mean.tolist(), cov.tolist(), k, cuts.tolist()])
    seed = int.from_bytes(hashlib.sha256(canonical.encode()).digest())
    top1, topk = ranks.normal_tops(mean, cov, (1, k), seed)
    grade_prob = ranks.normal_grades(mean, np.sqrt(np.diag(cov)), cuts)
    return {
        "top1": top1,
        "topk": topk,
        "grade_prob": grade_prob,
        "misclassification": ranks.misclassification(grade_prob, mean, cuts),
        "pairs": ranks.normal_beats(mean, cov),
        "ranks": ranks.shared_ranks(mean),
    }


def _read(case):
    for name in ("mean", "cov", "k", "cuts"):
        if name not in case:
            raise ValueError(f"{name} is missing")
    mean, cov, cuts = _numbers(case, "mean", 1), _numbers(case, "cov", 2), _numbers(case, "cuts", 1)
    if not len(mean):
        raise ValueError("mean holds no product")
    if cov.shape != (len(mean), len(mean)):
        raise ValueError(f"cov must be {len(mean)} × {len(mean)}, as many as mean")
    if not np.allclose(cov, cov.T, rtol=1e-9, atol=1e-9 * np.abs(cov).max()):
        raise ValueError("cov is not symmetric")
    eigenvalues = np.linalg.eigvalsh(cov)
    if eigenvalues[0] <= len(mean) * np.finfo(float).eps * eigenvalues[-1]:
        raise ValueError("cov is not positive definite")
    if (np.diff(cuts) <= 0).any():
        raise ValueError("cuts must ascend")
    k = case["k"]
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= len(mean):
        raise ValueError(f"k must be a whole number from 1 to {len(mean)}")
    return mean, cov, k, cuts


def _numbers(case, name, dimensions):
    try:
        array = np.array(case[name], dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers only, in rows of one length") from None
    if not array.size and dimensions == 1:
        array = array.reshape(0)
    if array.ndim != dimensions or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers in {dimensions} dimension{'s' * (dimensions > 1)}")
    return array
