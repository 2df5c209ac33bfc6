"""What products are about, for choosing their assessors: the words of their kind, and their language where the kind asks for it."""

from assessments.traits import Traits
from products.models import Product

# A kind that wants assessors to know the product's language asks a choice question of this key, whose values are codes: fa, ar …
LANGUAGE = "language"


def product_traits(subjects):
    """{subject pk: Traits}. One query."""
    rows = Product.objects.filter(subject__in=subjects).values_list(
        "subject", "kind__title_fa", "kind__title_en", f"details__{LANGUAGE}"
    )
    return {
        subject: Traits(f"{fa} {en}", frozenset([language]) if isinstance(language, str) and language else frozenset())
        for subject, fa, en, language in rows
    }
