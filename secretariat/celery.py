"""The Celery application: messages only say "look now"; the database is the queue of record."""

import os

from celery import Celery
from celery.signals import beat_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "secretariat.settings")

app = Celery("secretariat")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@beat_init.connect
def show_life(**_kwargs):
    """Let beat show itself when it starts, not a heartbeat later: /healthz waits for this."""
    app.send_task("secretariat.tasks.heartbeat")
