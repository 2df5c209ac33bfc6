"""Writes of the products room: whatever changes a status, several rows, or queues work."""
