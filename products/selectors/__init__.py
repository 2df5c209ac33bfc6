"""Reads of the products room that span models."""
