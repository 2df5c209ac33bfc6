"""Copies of handed-in files for those who judge blind: made once in the background; officers keep back what still names its maker."""

import hashlib
import logging

from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products.models import NamelessCopy, ProductFile
from products.selectors.makers import makers_names
from secretariat.background import after_commit
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.nameless import CannotBare, bare, queue, words
from secretariat.private_files import kept_with_rows
from secretariat.rules import only_officers
from secretariat.services import notices

log = logging.getLogger(__name__)

Status = NamelessCopy.Status


def await_copies(version, files):
    """Note that these files of a version need a nameless copy, in the caller's transaction."""
    rows = [NamelessCopy(original=file, version=version) for file in files]
    NamelessCopy.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["original"], update_fields=["version", "tries", "next_try_at", "given_up_at"]
    )
    if rows:
        after_commit("products.tasks.make_copies")


def make_waiting(limit=50):
    """Make the copies that wait; gives how many were made."""
    copies = NamelessCopy.objects.select_related("original", "version__product__agency")
    return queue.work_off(copies, _make, _fail, limit=limit)


def _make(copy):
    """Make one copy, if it is not made yet, and look in it for the names of who handed it in last."""
    stripped, read = None, copy if copy.status == Status.READY else copy.original
    with read.file.open("rb") as stream:
        data = stream.read()
    if copy.status == Status.WAITING:
        if hashlib.sha256(data).hexdigest() != copy.original.sha256:
            raise CannotBare("the stored bytes are not those that were handed in")
        data = stripped = bare(data, copy.original.extension)
    _finish(copy, stripped, *_searched(copy, data))


def _searched(copy, data):
    """(finds, whether all of it could be read); a text that cannot be read at all is one that was not read."""
    try:
        text = words.text_of(data, copy.original.extension)
    except Exception:
        log.exception("the text of file %s could not be read", copy.original_id)
        return [], False
    finds = [{"word": word, "page": page} for word, page in words.found(text, makers_names(copy.version))]
    return finds, text.is_whole


def _finish(copy, stripped, finds, is_read):
    with kept_with_rows() as kept, transaction.atomic():
        row = (
            NamelessCopy.objects.select_for_update(of=("self",), no_key=True).select_related("original__product").get(pk=copy.pk)
        )
        if row.status == Status.WAITING and stripped is not None:
            row.file.save("copy", ContentFile(stripped), save=False)
            kept.append(row.file)
            row.status, row.made_at, row.size = Status.READY, timezone.now(), len(stripped)
            row.sha256, row.original_sha256 = hashlib.sha256(stripped).hexdigest(), row.original.sha256
        row.searched, row.finds, row.is_read, row.next_try_at = copy.version, finds, is_read, timezone.now()
        row.save()
        if finds and hasattr(copy.version, "screening"):
            _tell(row, NAMED_LATE, "names")


def _fail(copy):
    with transaction.atomic():
        row = (
            NamelessCopy.objects.select_for_update(of=("self",), no_key=True).select_related("original__product").get(pk=copy.pk)
        )
        if row.status == Status.WAITING:
            row.status = Status.FAILED
            _tell(row, NOT_MADE, "failed")
        row.searched, row.given_up_at = copy.version, timezone.now()
        row.save()


NOT_MADE = gettext_lazy(
    "A file of “%(title)s” could not be freed of its maker's name, so assessors of a blind round do not get it."
    " Ask the agency to print it to PDF and send that."
)
NAMED_LATE = gettext_lazy(
    "A file of “%(title)s”, which was screened already, names its maker. Look whether it must be kept back."
)
KEPT_BACK = gettext_lazy("“%(file)s” of “%(title)s” is not shown to assessors of blind rounds. Reason: %(why)s")


def _tell(copy, text, event):
    product = copy.original.product
    fa, en = both(text, title=product)
    link = reverse("product_file_sight", args=[copy.original_id])
    notices.tell_officers(f"nameless_{event}", fa, en, link=link, once=f"nameless-{event}-{copy.pk}-{copy.version_id}")


# --- by an officer's hand --------------------------------------------------------------------------


@transaction.atomic
def keep_back(file_id, *, by, why):
    """Keep a file from everybody who judges blind, with the reason, which its agency reads."""
    copy, why = _of(file_id, by), why.strip()
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    if copy.is_hidden:
        raise RuleBroken(_("This file is kept back already."))
    _decide(copy, why[:500], by)
    product = copy.original.product
    fa, en = both(KEPT_BACK, file=copy.original, title=product, why=why)
    notices.tell_agency(product.agency_id, "file_kept_back", fa, en, link=product.get_absolute_url())
    return copy


@transaction.atomic
def give_out(file_id, *, by):
    """Show a file that was kept back to assessors again."""
    copy = _of(file_id, by)
    if not copy.is_hidden:
        raise RuleBroken(_("This file is not kept back."))
    _decide(copy, "", by)
    return copy


def _decide(copy, why, by):
    copy.hidden_why, copy.decided_at, copy.decided_by = why, timezone.now(), by
    copy.save(update_fields=["hidden_why", "decided_at", "decided_by"])


def _of(file_id, by):
    only_officers(by=by)
    file = ProductFile.objects.get(pk=file_id)
    copy = NamelessCopy.objects.select_for_update(of=("self",), no_key=True).select_related("original__product")
    return copy.get(original=file)
