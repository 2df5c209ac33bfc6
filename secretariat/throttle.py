"""Counting in the cache: how often something may be done from one place in a stretch of time."""

import time

from django.core.cache import cache
from redis.exceptions import RedisError


def allowed(what, who, limit, seconds):
    """Whether `who` may do `what` once more in this stretch of `seconds`. With the cache away everybody may."""
    key = f"throttle:{what}:{who}:{int(time.time() // seconds)}"
    try:
        cache.add(key, 0, seconds * 2)
        return cache.incr(key) <= limit
    except (RedisError, ValueError):
        return True
