"""The products room in Django admin, one module for each thing."""

from products.admin import kinds

__all__ = ["kinds"]
