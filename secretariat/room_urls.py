"""Addresses of the ground floor's own pages."""

urlpatterns = []
