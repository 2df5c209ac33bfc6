"""How long things are kept; what is older goes."""

from datetime import timedelta

from axes.models import AccessAttempt, AccessLog
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from secretariat import sent_tables
from secretariat.models import FormKey, Letter, Notice, ResetRequest

FORM_KEYS = timedelta(days=2)
RESET_REQUESTS = timedelta(days=1)
WRONG_SIGN_INS = timedelta(days=30)
SIGN_INS = timedelta(days=180)
LETTERS = timedelta(days=90)
READ_NOTICES = timedelta(days=180)
NOTICES = timedelta(days=730)


def forget():
    """Delete what is past its time, and empty the tables that have served; gives {name: rows}."""
    now = timezone.now()
    gone = {
        "form keys": FormKey.objects.filter(created_at__lt=now - FORM_KEYS),
        "sessions": Session.objects.filter(expire_date__lt=now),
        "reset requests": ResetRequest.objects.filter(asked_at__lt=now - RESET_REQUESTS),
        # A letter still waiting is not old, however long it waits.
        "letters": Letter.objects.filter(created_at__lt=now - LETTERS).exclude(sent_at=None, given_up_at=None),
        "notices": Notice.objects.filter(Q(read_at__lt=now - READ_NOTICES) | Q(created_at__lt=now - NOTICES)),
        "wrong sign-ins": AccessAttempt.objects.filter(attempt_time__lt=now - WRONG_SIGN_INS),
        "sign-ins": AccessLog.objects.filter(attempt_time__lt=now - SIGN_INS),
    }
    return {name: rows.delete()[0] for name, rows in gone.items()} | {"tables sent": sent_tables.forget()}
