"""Background work of the ground floor: letters, signs of life, forgetting."""

from celery import shared_task
from django.utils import timezone

from secretariat.models import Heartbeat
from secretariat.services import action_reminders, agreement_reviews, letters, passwords, retention, signatures


@shared_task
def send_mail():
    """Answer who asked for a new password, then send the letters that wait. Running it twice sends nothing twice."""
    passwords.answer_requests()
    letters.send_waiting()


@shared_task
def heartbeat():
    """Run by a worker: its row shows that one lives. Beat writes its own row when it sends this (see celery.py)."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})


@shared_task
def forget_expired():
    """Forget what has served: form keys, expired sessions, old letters, read notices, lifted lock-outs."""
    retention.forget()


@shared_task
def remind_of_actions():
    """Remind of action items whose day is near or past, and escalate. Running it twice tells nobody twice."""
    action_reminders.remind()


@shared_task
def remind_to_sign():
    """Remind those who were at a meeting and have not signed its minutes. Running it twice tells nobody twice."""
    signatures.remind()


@shared_task
def put_reviews():
    """Put the yearly reviews that are due on the agenda of the next meeting. Running it twice puts nothing twice."""
    agreement_reviews.put_due()
