"""Reads that span the models of the ground floor."""
