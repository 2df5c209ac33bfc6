"""The addresses of the whole house; every room brings its own."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from secretariat.views import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("admin/", admin.site.urls),
    path("", include("secretariat.room_urls")),
    path("", include("assessments.urls")),
    path("", include("products.urls")),
    path("", include("portal.urls")),
]

handler404 = "secretariat.views.errors.not_found"
handler400 = "secretariat.views.errors.refused"
handler403 = "secretariat.views.errors.forbidden"
handler500 = "secretariat.views.errors.broken"
