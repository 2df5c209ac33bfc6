"""What people type, made into clean values."""
