"""Files of a product over HTTP: up by a plain form or piece by piece with progress, down to whom it concerns."""

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assessments.blindness import judged_blind
from assessments.models import Assignment
from products.evidence import neutral_name
from products.forms.screening import KeepBackForm
from products.models import NamelessCopy, Product, ProductFile, VersionFile
from products.models.council_readers import never_named
from products.selectors import makers
from products.selectors.submissions import file_rows
from products.services.files import attach, detach
from products.services.nameless import give_out, keep_back
from secretariat import calendar
from secretariat.errors import RuleBroken, refusals_told
from secretariat.gate import officers_only, once
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
    with refusals_told(request):
        detach(file.pk, by=request.user)
        messages.success(request, _("“%(name)s” was removed.") % {"name": file.name})
    return redirect(reverse("product_edit", args=[file.product_id]) + "#files")


@require_GET
def product_file(request, pk):
    """Give a file to whom it concerns: as a download, or shown sealed when it is a picture or a PDF.

    Whoever judges blind, or decides where nobody is named, gets the nameless copy; an officer may ask to see that one
    (`?as=assessor`).
    """
    file = get_object_or_404(ProductFile.objects.visible_to(request.user).select_related("product", "nameless"), pk=pk)
    blind = reads_blind(request.user, file)
    if not blind and not (request.GET.get("as") == "assessor" and is_officer(request.user)):
        return answer(request, file, file.name)
    copy = getattr(file, "nameless", None)
    if copy is None or copy.status != NamelessCopy.Status.READY:
        raise Http404
    place = VersionFile.objects.filter(file=file).select_related("file").latest("version__number")
    return answer(request, copy, neutral_name(place))


@officers_only
@require_http_methods(["GET", "HEAD", "POST"])
@once
def product_file_sight(request, pk):
    """What assessors of a blind round get of a file, what still names its maker, and keeping it back from them."""
    file = get_object_or_404(ProductFile.objects.visible_to(request.user).select_related("product__agency"), pk=pk)
    place = VersionFile.objects.filter(file=file).select_related("version__product__agency").order_by("-version__number").first()
    if place is None:
        raise Http404
    form = KeepBackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            keep_back(pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Assessors of blind rounds do not get this file any more; its agency was told."))
            return redirect("product_file_sight", pk)
    sight = next(sight for sight in makers.sights(place.version) if sight.file.pk == pk)
    context = {"file": file, "product": file.product, "sight": sight, "trail": makers.decisions_on(sight.copy), "form": form}
    return render(request, "products/product_file_sight.html", context, status=422 if form.errors else 200)


@officers_only
@require_POST
@once
def product_file_give_out(request, pk):
    """Show a file that was kept back to assessors again."""
    get_object_or_404(ProductFile.objects.visible_to(request.user).filter(nameless__isnull=False), pk=pk)
    with refusals_told(request):
        give_out(pk, by=request.user)
        messages.success(request, _("Assessors of blind rounds get this file again."))
    return redirect("product_file_sight", pk)


def reads_blind(user, file):
    """Whether this reader of the file may not know whose it is."""
    if is_officer(user) or represents(user, file.product.agency_id):
        return False
    judged = Assignment.objects.filter(assessor__user=user, status__in=("accepted", "submitted"), entry__subject=file.product.subject_id)
    if judged.exists():
        return judged_blind(user).filter(pk__in=judged.values("pk")).exists()
    return never_named().filter(pk=file.product_id).exists()
