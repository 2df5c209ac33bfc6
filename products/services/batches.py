"""Certificates in bulk: asked for, made in the background mark by mark, cancelled, and swept away after some days."""

import logging
import tempfile
import zipfile
from datetime import timedelta
from pathlib import Path

from django.core.files import File
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products import certificates
from products.models import CertificateBatch, QualityMark
from products.selectors.marks import whole_marks
from secretariat import calendar
from secretariat.background import after_commit
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.private_files import kept_with_rows
from secretariat.rules import is_officer, serves_council
from secretariat.services import notices

log = logging.getLogger(__name__)

MOST = 2_000
LOST = timedelta(minutes=2)  # no sign of life for so long: the worker is dead. One mark takes seconds at most
MOST_ATTEMPTS = 5
KEPT = timedelta(days=7)
READY = gettext_lazy("The certificates you asked for are ready; the file is kept until %(day)s.")


class Stopped(Exception):
    """Nobody wants this file any more, or another worker makes it."""


@transaction.atomic
def ask_for_resolution(resolution, *, by):
    """Have the certificates of a resolution's marks made, also of those that are not public yet. Raises RuleBroken."""
    if not (is_officer(by) or serves_council(by, resolution.council_id)):
        raise RuleBroken(_("You may not do this."))
    return _ask(in_force(QualityMark.objects.filter(resolution=resolution)), by=by, resolution=resolution)


@transaction.atomic
def ask_for_register(found, query, *, by):
    """Have the certificates of the marks made that a query of the register finds. Raises RuleBroken."""
    if not is_officer(by):
        raise RuleBroken(_("You may not do this."))
    return _ask(in_force(found), by=by, query=query[:1000])


def in_force(marks):
    """Those of `marks` that have a certificate today, public or not."""
    today = timezone.localdate()
    return marks.filter(status="granted", valid_from__lte=today, valid_until__gte=today)


def _ask(found, *, by, **what):
    marks = list(found.order_by("product__agency__sort_key", "product__sort_key", "pk").values_list("pk", flat=True)[: MOST + 1])
    if not marks:
        raise RuleBroken(_("None of these marks is in force: there is no certificate to make."))
    if len(marks) > MOST:
        raise RuleBroken(_("These are too many at once: at most %(count)s.") % {"count": calendar.digits(MOST)})
    # The same asked again while it is being made is the same work.
    batch = CertificateBatch.objects.waiting().filter(asked_by=by, marks=marks, **what).first()
    if batch is None:
        batch = CertificateBatch.objects.create(asked_by=by, marks=marks, **what)
        after_commit("products.tasks.make_certificates", batch.pk)
    return batch


def cancel(batch_id, *, by):
    """Stop making a file; gives whether there was still something to stop."""
    batch = CertificateBatch.objects.visible_to(by).get(pk=batch_id)
    return bool(CertificateBatch.objects.waiting().filter(pk=batch.pk).update(cancelled_at=timezone.now()))


# --- the work ------------------------------------------------------------------------------------


def make(batch_id):
    """Make a file that waits; gives the batch, or None when nothing is to be done or somebody is at it.

    Safe to repeat and to kill: whoever takes over begins at the first mark, but what was set already lies in the cache.
    """
    batch = _claimed(batch_id)
    if batch is None:
        return None
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / batch.file_name
            skipped = _pack(batch, path)
            return _finish(batch, path, skipped)
    except Stopped:
        return None
    except Exception:
        log.exception("making certificates %s failed", batch_id)
        last = batch.attempt >= MOST_ATTEMPTS
        _mine(batch).update(beat_at=None, **({"failed_at": timezone.now()} if last else {}))
        return None


def _claimed(batch_id):
    now = timezone.now()
    idle = Q(beat_at=None) | Q(beat_at__lt=now - LOST)
    taken = CertificateBatch.objects.waiting().filter(idle, pk=batch_id).update(beat_at=now, attempt=F("attempt") + 1, done=0)
    return CertificateBatch.objects.select_related("asked_by", "resolution").get(pk=batch_id) if taken else None


def _mine(batch):
    return CertificateBatch.objects.waiting().filter(pk=batch.pk, attempt=batch.attempt)


def _pack(batch, path):
    skipped = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # PDFs are compressed already
        for number, pk in enumerate(batch.marks, 1):
            mark = whole_marks().get(pk=pk)
            if mark.is_in_force:
                for language in certificates.LANGUAGES:
                    archive.writestr(f"{language}/{mark.serial}-{language}.pdf", certificates.certificate(mark, language))
            else:
                skipped.append(mark.serial)
            if not _mine(batch).update(done=number, beat_at=timezone.now()):
                raise Stopped
    return skipped


@transaction.atomic
def _finish(batch, path, skipped):
    row = _mine(batch).select_for_update(of=("self",), no_key=True).first()
    if row is None:
        raise Stopped
    row.skipped, row.size = skipped, path.stat().st_size
    row.finished_at, row.beat_at = timezone.now(), None
    row.expires_at = row.finished_at + KEPT
    with kept_with_rows() as kept, path.open("rb") as content:
        row.file.save(row.file_name, File(content), save=False)
        kept.append(row.file)
        row.save()
    fa, en = both(READY, day=timezone.localdate(row.expires_at))
    notices.tell(
        row.asked_by, "certificates_ready", fa, en, link=row.get_absolute_url(), once=f"certificates-{row.pk}", mail=False
    )
    return row


def sweep():
    """Take away the files whose time is over; gives how many."""
    gone = 0
    for batch in CertificateBatch.objects.filter(expires_at__lt=timezone.now(), swept_at=None):
        name, storage = batch.file.name, batch.file.storage
        # The row first: bytes without a row are only forgotten bytes, a row without its bytes is a broken page.
        CertificateBatch.objects.filter(pk=batch.pk, swept_at=None).update(file="", swept_at=timezone.now())
        storage.delete(name)
        gone += 1
    return gone
