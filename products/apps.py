"""The products room as a Django application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProductsConfig(AppConfig):
    name = "products"
    verbose_name = _("Products")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        """Tell the assessments how products show themselves beside the form, and what they are about."""
        from assessments import evidence, trail, traits
        from products.evidence import product_evidence
        from products.selectors.trail import marks
        from products.traits import product_traits

        evidence.register("product", product_evidence)
        trail.register(marks)
        traits.register("product", product_traits)
