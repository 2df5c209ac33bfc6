"""The one refusal of this package."""


class CannotBare(Exception):
    """No copy can be made that surely tells nothing of its maker."""
