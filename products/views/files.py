"""Files of a product over HTTP: up by a plain form or piece by piece with progress, down to whom it concerns."""

import re

from django.contrib import messages
from django.http import FileResponse, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from assessments.models import Assignment
from products.evidence import neutral_name
from products.models import Product, ProductFile, VersionFile
from products.selectors.submissions import file_rows
from products.services.files import attach, detach
from secretariat import calendar
from secretariat.errors import RuleBroken
from secretariat.gate import once
from secretariat.rules import is_officer, represents
from secretariat.uploads import INLINE

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# A file opened in the browser can do nothing but be seen. A sandbox would stop Chromium's PDF reader, so PDF goes
# without that word; its active content was refused when it came in.
_SEALED = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def _wants_json(request):
    return "application/json" in request.headers.get("Accept", "")


@require_POST
def product_file_upload(request, pk):
    """Take one or several files for a draft."""
    return _by_script(request, pk) if _wants_json(request) else _by_form(request, pk)


@once
def _by_form(request, pk):
    product, kept, refused = _taken(request, pk)
    for name, sentence in refused:
        messages.error(request, f"{name}: {sentence}" if name else sentence)
    for file in kept:
        messages.success(request, _("“%(name)s” was added.") % {"name": file.name})
    return redirect(reverse("product_edit", args=[product.pk]) + "#files")


def _by_script(request, pk):
    # No one-time key here: a file that arrives twice is known by its content.
    return _told(request, *_taken(request, pk))


def _taken(request, pk):
    """The product, the files that were kept, and (name, sentence) of those that were not."""
    product = get_object_or_404(Product.objects.visible_to(request.user), pk=pk)
    uploads, kept, refused = request.FILES.getlist("file"), [], []
    for upload in uploads:
        try:
            kept.append(attach(product.pk, upload, by=request.user, note=request.POST.get("note", "")))
        except RuleBroken as refusal:
            refused.append((upload.name, str(refusal)))
    if not uploads:
        refused.append(("", _("Choose a file first.")))
    return product, kept, refused


def _told(request, product, kept, refused):
    """The answer to the browser's own upload: the files as they now stand, or the sentence."""
    rows = file_rows(product.files.attached(), removable=True)
    body = {
        "files": [{"id": file.pk, "name": file.name, "size": file.size} for file in kept],
        "html": render_to_string("products/_product_files.html", {"files": rows}, request),
        "said": _("Added: %(n)s") % {"n": calendar.digits(len(kept))},
        "errors": [{"name": name, "message": sentence} for name, sentence in refused],
    }
    if refused:
        body["message"] = refused[0][1]
    return JsonResponse(body, status=422 if refused and not kept else 201)


@require_POST
@once
def product_file_remove(request, pk):
    """Take a file out of the draft."""
    file = get_object_or_404(ProductFile.objects.filter(product__in=Product.objects.visible_to(request.user)), pk=pk)
    try:
        detach(file.pk, by=request.user)
        messages.success(request, _("“%(name)s” was removed.") % {"name": file.name})
    except RuleBroken as refusal:
        messages.error(request, str(refusal))
    return redirect(reverse("product_edit", args=[file.product_id]) + "#files")


@require_GET
def product_file(request, pk):
    """Give a file to whom it concerns: as a download, or shown sealed when it is a picture or a PDF."""
    file = get_object_or_404(ProductFile.objects.visible_to(request.user).select_related("product"), pk=pk)
    inline = request.GET.get("show") == "1" and file.content_type in INLINE
    stream = file.file.open("rb")
    response = _part(request, file, stream) if file.content_type in ("video/mp4", "audio/mpeg") else None
    if response is None:
        response = FileResponse(stream, content_type=file.content_type)
        response["Content-Length"] = file.size
    response["Content-Disposition"] = content_disposition_header(not inline, name_for(request.user, file))
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    seal = "object-src 'self'" if file.content_type == "application/pdf" else "sandbox"
    response["Content-Security-Policy"] = f"{_SEALED}; {seal}"
    return response


def name_for(user, file):
    """The agency's own name of a file, or a neutral one for an assessor of a blind round."""
    if is_officer(user) or represents(user, file.product.agency_id):
        return file.name
    judged = Assignment.objects.filter(
        assessor__user=user, status__in=("accepted", "submitted"), entry__subject=file.product.subject_id
    )
    if judged.filter(entry__round__is_blind=True).exists():
        return neutral_name(VersionFile.objects.filter(file=file).select_related("file").latest("version__number"))
    return file.name


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
