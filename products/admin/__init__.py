"""The products room in Django admin, one module for each thing."""

from products.admin import exemplars, kinds, marks

__all__ = ["exemplars", "kinds", "marks"]
