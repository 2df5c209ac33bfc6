"""The root of the API: every room's resources under one address, with schema and documentation."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView

from assessments.api import IndicatorSetViewSet, RoundViewSet, ScoreViewSet
from portal.views import api_docs
from products.api import MarkViewSet, ProductKindViewSet, ProductViewSet

router = DefaultRouter()
router.include_root_view = False
# One address a thing: “.json” behind it would be a second door to it.
router.include_format_suffixes = False
router.register("sets", IndicatorSetViewSet, basename="api-set")
router.register("rounds", RoundViewSet, basename="api-round")
router.register("scores", ScoreViewSet, basename="api-score")
router.register("kinds", ProductKindViewSet, basename="api-kind")
router.register("products", ProductViewSet, basename="api-product")
router.register("marks", MarkViewSet, basename="api-mark")


@extend_schema(exclude=True)
class NotFoundView(APIView):
    """An address below /api/v1/ that is nothing's: said in JSON, as everything there is."""

    permission_classes = [AllowAny]

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        raise NotFound


def _open(patterns):
    """DRF asks for permission itself, in its own words: the sign-in page is of no use to a program."""
    for pattern in patterns:
        pattern.callback = login_not_required(pattern.callback)
    return patterns


urlpatterns = [
    path("v1/", include(_open(router.urls))),
    # With the slash at the end, so that an address without one is still led to it.
    re_path(r"^v1/(?:[\s\S]*/)?\Z", login_not_required(NotFoundView.as_view()), name="api_not_found"),
    path("schema/", login_not_required(SpectacularAPIView.as_view()), name="api_schema"),
    path("docs/", api_docs.api_docs, name="api_docs"),
]
