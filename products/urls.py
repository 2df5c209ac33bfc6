"""Addresses of the products room."""

urlpatterns = []
