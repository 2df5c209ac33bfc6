"""Background work of the products room: copies of files for those who judge blind, calls to renew marks, certificates in bulk."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from products.models import CertificateBatch
from products.services import batches, nameless, renewals

# Younger than this, its own message is on its way.
PATIENCE = timedelta(seconds=20)


@shared_task
def make_copies():
    """Make the nameless copies that wait; beat asks for it too, for messages that were lost. Running it twice makes none twice."""
    nameless.make_waiting()


@shared_task
def call_to_renew():
    """Tell agencies which of their marks end soon; running it twice tells nobody twice."""
    renewals.call_due()


@shared_task
def make_certificates(batch_id):
    """Make the certificates that somebody asked for."""
    batches.make(batch_id)


@shared_task
def sweep_certificates():
    """Make what a lost message or a killed worker left, and take away files whose time is over."""
    waiting = CertificateBatch.objects.waiting().filter(asked_at__lt=timezone.now() - PATIENCE)
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        batches.make(pk)
    batches.sweep()
