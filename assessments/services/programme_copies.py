"""Copies of programmes' files for those who judge blind: made in the background, once; the row is the queue."""

import hashlib

from django.core.files.base import ContentFile
from django.db import transaction

from assessments.models import ProgrammeCopy
from secretariat.nameless import CannotBare, bare, queue
from secretariat.private_files import kept_with_rows

Status = ProgrammeCopy.Status


def make_waiting(limit=50):
    """Make the copies that wait; gives how many were made."""
    return queue.work_off(ProgrammeCopy.objects.select_related("original"), _make, _fail, limit=limit)


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
