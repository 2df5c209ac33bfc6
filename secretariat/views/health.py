"""Whether the portal's parts are alive; secrets and versions stay inside."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from secretariat.models import Heartbeat

SILENCE = timedelta(seconds=60)


@login_not_required
@require_safe
def healthz(request):
    """`{"database": "up", "broker": "up", "worker": "up", "beat": "up", "status": "up"}`; 503 unless all are up."""
    state = {"database": _database(), "broker": _broker()}
    state |= _heartbeats() if state["database"] == "up" else {"worker": "unknown", "beat": "unknown"}
    healthy = all(value == "up" for value in state.values())
    return JsonResponse(state | {"status": "up" if healthy else "down"}, status=200 if healthy else 503)


def _database():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "down"
    return "up"


def _broker():
    try:
        with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
    except RedisError:
        return "down"
    return "up"


def _heartbeats():
    """Beat notes that it sent a heartbeat, a worker that it ran one."""
    recent = set(Heartbeat.objects.filter(at__gt=timezone.now() - SILENCE).values_list("name", flat=True))
    return {name: "up" if name in recent else "down" for name in ("worker", "beat")}
