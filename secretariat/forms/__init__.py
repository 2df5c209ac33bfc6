"""Forms of the ground floor: what people type, made clean."""
