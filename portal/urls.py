"""Addresses of the portal room."""

urlpatterns = []
