"""Every write of the assessments room."""
