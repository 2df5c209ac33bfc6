"""The command verify: whether the published figures of a bundle follow from its ratings."""

from assessments.scoring import bundle


def verify(path):
    return bundle.verify(path)
