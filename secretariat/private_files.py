"""Private files on their way in and out: no bytes without their row, and nothing served but to be seen or saved."""

import logging
import re
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import FileResponse, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from secretariat import calendar, uploads
from secretariat.errors import RuleBroken

log = logging.getLogger(__name__)

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# A file opened in the browser can do nothing but be seen. A sandbox would stop Chromium's PDF reader, so PDF goes
# without that word; its active content was refused when it came in.
_SEALED = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


# --- in ------------------------------------------------------------------------------------------


@contextmanager
def kept_with_rows():
    """A list for stored files: where the block fails, their rows are not there, so the bytes must not be either."""
    kept = []
    try:
        yield kept
    except BaseException as error:
        for stored in kept:
            with suppress(OSError):
                stored.storage.delete(stored.name)
        if isinstance(error, OSError):
            log.exception("could not keep an uploaded file")
            raise RuleBroken(_("The file could not be kept just now. Try again in a few minutes."), field="file") from error
        raise


@contextmanager
def keeping(row, content, once=""):
    """Store a checked file with its row, after the block, in one transaction, locked the place and asked for room in it.

    `once` is the constraint that holds the same file off a second time.
    """
    try:
        with kept_with_rows() as kept, transaction.atomic():
            yield
            row.file.save(row.name, content, save=False)
            kept.append(row.file)
            row.save()
    except IntegrityError as error:
        if once and once in str(error):
            raise already_here(row.name) from None
        raise


def already_here(name):
    """The refusal of a file that is there already."""
    return RuleBroken(_("This file is already here, as “%(name)s”. Nothing more is needed.") % {"name": name}, field="file")


def ask_room(row, attached):
    """Refuse a file that is among `attached` already, or one more than may stand in one place. Raises RuleBroken."""
    attached = list(attached)
    same = next((file for file in attached if file.sha256 == row.sha256), None)
    if same is not None:
        raise already_here(same.name)
    if len(attached) >= settings.UPLOAD_MAX_FILES:
        raise RuleBroken(
            _("At most %(n)s files are taken here. Remove one, or put several pages into one PDF.")
            % {"n": calendar.digits(settings.UPLOAD_MAX_FILES)},
            field="file",
        )


# --- out -----------------------------------------------------------------------------------------


def answer(request, file, name):
    """Give a stored file (`file`, `content_type`, `size`) under `name`: as a download, or shown sealed where that is safe."""
    inline = request.GET.get("show") == "1" and file.content_type in uploads.INLINE
    stream = file.file.open("rb")
    response = _part(request, file, stream) if file.content_type in ("video/mp4", "audio/mpeg") else None
    if response is None:
        response = FileResponse(stream, content_type=file.content_type)
        response["Content-Length"] = file.size
    response["Content-Disposition"] = content_disposition_header(not inline, name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    seal = "object-src 'self'" if file.content_type == "application/pdf" else "sandbox"
    response["Content-Security-Policy"] = f"{_SEALED}; {seal}"
    return response


def _part(request, file, stream):
    """One part of a film or sound, so that a player can jump; None when the whole is wanted."""
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    begin = int(first) if first else max(0, file.size - int(last))
    end = min(int(last) if first and last else file.size - 1, file.size - 1)
    if begin > end:
        stream.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.size}"})
    response = FileResponse(_pieces(stream, begin, end - begin + 1), status=206, content_type=file.content_type)
    response["Content-Length"] = end - begin + 1
    response["Content-Range"] = f"bytes {begin}-{end}/{file.size}"
    response["Accept-Ranges"] = "bytes"
    return response


def _pieces(stream, begin, left):
    with stream:
        stream.seek(begin)
        while left > 0 and (piece := stream.read(min(left, 1 << 16))):
            left -= len(piece)
            yield piece
