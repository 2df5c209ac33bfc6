"""Councils in the admin: seats, meetings, votes and resolutions."""
