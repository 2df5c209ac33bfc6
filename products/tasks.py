"""Background work of the products room: copies of files for those who judge blind, calls to renew marks."""

from celery import shared_task

from products.services import nameless, renewals


@shared_task
def make_copies():
    """Make the nameless copies that wait; beat asks for it too, for messages that were lost. Running it twice makes none twice."""
    nameless.make_waiting()


@shared_task
def call_to_renew():
    """Tell agencies which of their marks end soon; running it twice tells nobody twice."""
    renewals.call_due()
