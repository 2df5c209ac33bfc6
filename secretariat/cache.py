"""A Redis cache that may be away: a miss instead of an error page."""

import logging

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class ForgivingRedisCache(RedisCache):
    """Whatever is cached here can be had again, so a silent Redis makes a page slower and never breaks it."""

    def _or(self, fallback, method, *args, **kwargs):
        try:
            return method(*args, **kwargs)
        except RedisError as error:
            log.warning("cache away: %s", error)
            return fallback

    def get(self, key, default=None, version=None):
        return self._or(default, super().get, key, default, version)

    def get_many(self, keys, version=None):
        return self._or({}, super().get_many, keys, version)

    def add(self, *args, **kwargs):
        return self._or(True, super().add, *args, **kwargs)

    def set(self, *args, **kwargs):
        return self._or(None, super().set, *args, **kwargs)

    def touch(self, *args, **kwargs):
        return self._or(False, super().touch, *args, **kwargs)

    def delete(self, *args, **kwargs):
        return self._or(False, super().delete, *args, **kwargs)

    def has_key(self, *args, **kwargs):
        return self._or(False, super().has_key, *args, **kwargs)
