"""Copies of programmes' files for those who judge blind: made in the background, once; the row is the queue."""

import hashlib
import logging
from datetime import timedelta

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from assessments.models import ProgrammeCopy
from secretariat.nameless import CannotBare, bare
from secretariat.private_files import kept_with_rows

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)  # longer than any one file takes; a worker that died leaves it for the next
MOST_TRIES = 5
Status = ProgrammeCopy.Status


def make_waiting(limit=50):
    """Make the copies that wait, each claimed first, so that two workers never make the same one; gives how many were made."""
    made = 0
    for pk in list(ProgrammeCopy.objects.waiting().order_by("pk").values_list("pk", flat=True)[:limit]):
        taken = ProgrammeCopy.objects.waiting().filter(pk=pk).update(next_try_at=timezone.now() + LEASE, tries=F("tries") + 1)
        if not taken:
            continue
        copy = ProgrammeCopy.objects.select_related("original").get(pk=pk)
        try:
            _make(copy)
            made += 1
        except CannotBare as refusal:
            log.warning("no nameless copy of programme file %s: %s", copy.original_id, refusal)
            _fail(copy)
        except Exception:
            log.exception("making a nameless copy of programme file %s failed", copy.original_id)
            if copy.tries >= MOST_TRIES:
                _fail(copy)
    return made


def _make(copy):
    with copy.original.file.open("rb") as stream:
        data = stream.read()
    if hashlib.sha256(data).hexdigest() != copy.original.sha256:
        raise CannotBare("the stored bytes are not those that were handed in")
    stripped = bare(data, copy.original.extension)
    with kept_with_rows() as kept, transaction.atomic():
        row = ProgrammeCopy.objects.select_for_update(of=("self",), no_key=True).select_related("original").get(pk=copy.pk)
        if row.status != Status.WAITING:
            return
        row.file.save("copy", ContentFile(stripped), save=False)
        kept.append(row.file)
        row.status, row.size, row.sha256 = Status.READY, len(stripped), hashlib.sha256(stripped).hexdigest()
        row.save()


def _fail(copy):
    ProgrammeCopy.objects.filter(pk=copy.pk, status=Status.WAITING).update(status=Status.FAILED)
