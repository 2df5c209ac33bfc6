"""Arithmetic of judgement on plain arrays; knows no Django."""
