"""Addresses of the portal room."""

from django.urls import include, path

urlpatterns = [
    path("api/", include("portal.api")),
]
