"""Whole numbers as a program sends them with a form: versions, pages, keys. What people type is read by fields."""


def whole(text, otherwise=-1):
    """The number that `text` is, or `otherwise` for anything else: other signs, none at all, or more than fits a column."""
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise
