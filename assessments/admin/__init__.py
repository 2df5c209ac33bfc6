"""The assessments room in the administration."""

from assessments.admin import sets

__all__ = ["sets"]
