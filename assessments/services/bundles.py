"""The data for recomputation of a published round: asked for by an officer, written and checked in the background, released once."""

import hashlib
import logging
import tempfile
from datetime import timedelta
from pathlib import Path

from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments.models import Round, RoundBundle
from assessments.scoring import bundle
from assessments.selectors.bundles import bundle_texts
from secretariat.background import after_commit
from secretariat.errors import RuleBroken
from secretariat.rules import only_officers

log = logging.getLogger(__name__)

# Making that gave no sign of life for so long was killed with its worker.
LOST = timedelta(minutes=10)
Refusal = RoundBundle.Refusal


@transaction.atomic
def ask_bundle(round_id, *, by):
    """Ask for the bundle of a published round; asked twice it is made once. After a refusal it may be asked for again."""
    only_officers(by=by)
    round_ = Round.objects.select_for_update(of=("self",), no_key=True).select_related("run").get(pk=round_id)
    if not round_.is_public:
        raise RuleBroken(_("Only what published results rest on is released."))
    asked = {"asked_by": by, "asked_at": timezone.now()}
    row, made = RoundBundle.objects.get_or_create(run=round_.run, defaults=asked)
    if row.is_released:
        raise RuleBroken(_("The data of this round are released already; they do not change."))
    if row.refused:
        RoundBundle.objects.filter(pk=row.pk).update(**asked, refused="", progress=0, beat_at=None)
    if made or row.refused:
        after_commit("assessments.tasks.make_bundle", row.pk)
    return RoundBundle.objects.get(pk=row.pk)


def make_bundle(bundle_id):
    """Write, check and release a bundle that was asked for; gives it, or None when nothing is to be done or somebody is at it.

    Safe to repeat and to kill. What does not follow from the ratings is not released: the row says why.
    """
    if not _claim(bundle_id):
        return None
    row = RoundBundle.objects.select_related("run__round", "asked_by").get(pk=bundle_id)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / row.name
            write_bundle(row.run, path)
            _tell(row, 50)
            check = bundle.verify(path)
            if not check["reproduced"]:
                log.error("the figures of run %s do not follow from its ratings: %s", row.run_id, check)
                return _refuse(row, Refusal.FIGURES)
            _tell(row, 95)
            return _release(row, path)
    except RuleBroken:
        return _refuse(row, Refusal.RATINGS)
    except BaseException:
        _refuse(row, Refusal.BROKEN)
        raise


def write_bundle(run, path):
    """Write the bundle of a computed run to a file; raises RuleBroken where its ratings are no longer the same."""
    texts = bundle_texts(run)
    with path.open("wb") as file:
        bundle.pack(file, texts)


def _claim(bundle_id):
    now = timezone.now()
    idle = Q(beat_at=None) | Q(beat_at__lt=now - LOST)
    waiting = RoundBundle.objects.filter(idle, pk=bundle_id, released_at=None, refused="")
    return waiting.update(beat_at=now, progress=5)


def _tell(row, progress):
    RoundBundle.objects.filter(pk=row.pk, released_at=None).update(progress=progress, beat_at=timezone.now())


def _refuse(row, reason):
    RoundBundle.objects.filter(pk=row.pk, released_at=None).update(refused=reason, beat_at=None, progress=0)


@transaction.atomic
def _release(row, path):
    stands = RoundBundle.objects.select_for_update(no_key=True).get(pk=row.pk)
    if stands.is_released:
        return stands
    row.size, row.sha256 = path.stat().st_size, _sha256(path)
    with path.open("rb") as content:
        row.file.save(row.name, File(content), save=False)
    row.released_at, row.progress, row.beat_at = timezone.now(), 100, None
    row.save()
    round_ = row.run.round
    round_.moves.create(
        action="release", source=round_.status, target=round_.status, by=row.asked_by, why=f"SHA-256 {row.sha256}"
    )
    return row


def _sha256(path):
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
