"""Background work of the ground floor: letters, signs of life, forgetting."""

from celery import shared_task
from django.utils import timezone

from secretariat.models import Heartbeat


@shared_task
def heartbeat():
    """Sent by beat, run by a worker: one row shows that both live."""
    now = timezone.now()
    for name in ("worker", "beat"):
        Heartbeat.objects.update_or_create(name=name, defaults={"at": now})
