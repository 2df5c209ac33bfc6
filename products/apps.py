"""The products room as a Django application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProductsConfig(AppConfig):
    name = "products"
    verbose_name = _("Products")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        """Tell the assessments how products show themselves and what they are about, the councils what a grant of marks and an exemplar is."""
        from assessments import evidence, trail, traits
        from products.council_matter import MATTER
        from products.evidence import product_evidence
        from products.exemplar_matter import MATTER as EXEMPLARS
        from products.selectors.trail import marks
        from products.traits import product_traits
        from secretariat import matters

        evidence.register("product", product_evidence)
        trail.register(marks)
        matters.register("grant_marks", MATTER)
        matters.register("exemplars", EXEMPLARS)
        traits.register("product", product_traits)
