"""Addresses of the assessments room."""

urlpatterns = []
