"""What people type into the assessments room, made clean."""
