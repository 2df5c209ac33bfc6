"""Reads of the assessments room that span models."""
