"""How the commands speak to the person who started them."""

import sys
import time

_STARTED = time.monotonic()


def say(message):
    """Print one line with the seconds since the start."""
    print(f"[{time.monotonic() - _STARTED:6.2f}s] {message}", flush=True)


def die(message):
    """End with a plain sentence instead of a traceback."""
    sys.exit(f"{message}")
