"""Whole numbers as a program sends them with a form: versions, pages, keys. What people type is read by fields."""


def whole(text, otherwise=-1):
    """The number that `text` is, or `otherwise` for anything else: other signs, none at all, or more than fits a column."""
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def keys(texts):
    """The primary keys among what was chosen on a page, in its order; what can be none is left out."""
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]
