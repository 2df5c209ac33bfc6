"""Reads that see the whole house."""
