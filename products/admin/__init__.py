"""The products room in Django admin, one module for each thing."""

from products.admin import kinds, marks

__all__ = ["kinds", "marks"]
