"""Writes of the ground floor: whatever changes a status, several rows, or queues work."""
