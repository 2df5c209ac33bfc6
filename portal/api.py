"""The root of the API: every room's resources under one address, with schema and documentation."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import DefaultRouter

from assessments.api import IndicatorSetViewSet
from portal.views import api_docs
from products.api import MarkViewSet, ProductKindViewSet, ProductViewSet

router = DefaultRouter()
router.include_root_view = False
router.register("sets", IndicatorSetViewSet, basename="api-set")
router.register("kinds", ProductKindViewSet, basename="api-kind")
router.register("products", ProductViewSet, basename="api-product")
router.register("marks", MarkViewSet, basename="api-mark")


def _open(patterns):
    """DRF asks for permission itself, in its own words: the sign-in page is of no use to a program."""
    for pattern in patterns:
        pattern.callback = login_not_required(pattern.callback)
    return patterns


urlpatterns = [
    path("v1/", include(_open(router.urls))),
    path("schema/", login_not_required(SpectacularAPIView.as_view()), name="api_schema"),
    path("docs/", api_docs.api_docs, name="api_docs"),
]
