"""What the ground floor announces to the rooms above it."""

from django.dispatch import Signal

# Sent inside the transaction in which somebody accepts an invitation: `invitation`, `user`.
invitation_accepted = Signal()
