"""What is frozen as it was told: its one spelling, and the hash by which a later change shows."""

import hashlib
import json


def spelled(told):
    """Plain values as the one text that is hashed; changed, it would let every stored hash seem wrong."""
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(told):
    """SHA-256 of plain values in their one spelling."""
    return hashlib.sha256(spelled(told).encode()).hexdigest()
