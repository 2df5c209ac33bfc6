"""The pages of the assessments room; HTTP only."""
