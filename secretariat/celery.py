"""The Celery application: messages only say "look now"; the database is the queue of record."""

import logging
import os

from celery import Celery
from celery.signals import beat_init, before_task_publish

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "secretariat.settings")

app = Celery("secretariat")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


HEARTBEAT = "secretariat.tasks.heartbeat"


@beat_init.connect
def show_life(**_kwargs):
    """In beat's process: note each heartbeat it sends as its own sign of life, and send the first at once.

    The worker that runs the heartbeat notes its own, so /healthz can tell which of the two is away.
    """
    before_task_publish.connect(_beat_lives, sender=HEARTBEAT)
    app.send_task(HEARTBEAT)


def _beat_lives(**_kwargs):
    from django.db import DatabaseError
    from django.utils import timezone

    from secretariat.models import Heartbeat

    try:
        Heartbeat.objects.update_or_create(name="beat", defaults={"at": timezone.now()})
    except DatabaseError:
        # Beat must go on beating; its scheduler itself waits for the database to come back.
        logging.getLogger(__name__).warning("beat could not note its heartbeat", exc_info=True)
