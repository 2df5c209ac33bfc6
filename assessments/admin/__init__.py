"""The assessments room in the administration."""

from assessments.admin import rounds, sets

__all__ = ["rounds", "sets"]
