"""Files of a product over HTTP: up by a plain form or piece by piece with progress, down to whom it concerns."""

from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
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
from secretariat.private_files import answer
from secretariat.rules import is_officer, represents


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
    return answer(request, file, name_for(request.user, file))


def name_for(user, file):
    """The agency's own name of a file, or a neutral one for an assessor of a blind round."""
    if is_officer(user) or represents(user, file.product.agency_id):
        return file.name
    judged = Assignment.objects.filter(
        assessor__user=user, status__in=("accepted", "submitted"), entry__subject=file.product.subject_id
    )
    if judged.exclude(entry__round__see_submitter="always").exists():
        return neutral_name(VersionFile.objects.filter(file=file).select_related("file").latest("version__number"))
    return file.name
