"""Certificates in bulk: what was asked for and how far it is, for officers and those who keep a council's papers."""

from django.contrib import messages
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from products.models import CertificateBatch, QualityMark
from products.services import batches
from secretariat.errors import RuleBroken
from secretariat.gate import once
from secretariat.lists import Column, ListPage
from secretariat.models import Resolution
from secretariat.rules import is_officer, served_councils, serves_council


class BatchList(ListPage):
    name = "certificates"
    caption = gettext_lazy("Certificates in bulk")
    columns = [
        Column("what", gettext_lazy("Of what"), value=str, link=True),
        Column("asked", gettext_lazy("Asked for"), sort="asked_at", value="asked_at", kind="datetime"),
        Column("by", gettext_lazy("By"), value="asked_by.display_name"),
        Column("total", gettext_lazy("Marks"), value="total", kind="number"),
        Column("state", gettext_lazy("State"), template="products/cells/batch_state.html", value="state_text"),
    ]
    default_sort = "-asked"
    exports = False
    empty_title = gettext_lazy("No certificates were asked for yet.")
    empty_text = gettext_lazy("Begin from a resolution that granted marks, or from the register.")

    def queryset(self):
        return CertificateBatch.objects.visible_to(self.request.user).select_related("resolution__council", "asked_by")


def _only_keepers(user):
    if not (is_officer(user) or served_councils(user) is None or served_councils(user)):
        raise Http404


def _batch(request, pk):
    return get_object_or_404(
        CertificateBatch.objects.visible_to(request.user).select_related("resolution__council", "asked_by"), pk=pk
    )


@require_safe
def certificate_batches(request):
    """What was asked for, the newest first."""
    _only_keepers(request.user)
    return BatchList(request).respond("products/certificate_batches.html")


@require_http_methods(["GET", "HEAD", "POST"])
@once
def certificate_batch_new(request, pk):
    """Ask once more, then have the certificates of a resolution's marks made."""
    resolutions = Resolution.objects.visible_to(request.user).filter(kind=Resolution.Kind.GRANT_MARKS)
    resolution = get_object_or_404(resolutions.select_related("council"), pk=pk)
    if not (is_officer(request.user) or serves_council(request.user, resolution.council_id)):
        raise Http404
    refusal = ""
    if request.method == "POST":
        try:
            return redirect(batches.ask_for_resolution(resolution, by=request.user))
        except RuleBroken as refused:
            refusal = str(refused)
    granted = QualityMark.objects.filter(resolution=resolution).exclude(status__in=["proposed", "dropped"])
    count = batches.in_force(granted).count()
    context = {"resolution": resolution, "count": count, "others": granted.count() - count, "refusal": refusal}
    return render(request, "products/certificate_batch_new.html", context, status=422 if refusal else 200)


@require_safe
def certificate_batch(request, pk):
    """How far it is, and the file when it is done."""
    return render(request, "products/certificate_batch.html", {"batch": _batch(request, pk)})


@never_cache
@require_safe
def certificate_batch_status(request, pk):
    """The box alone, as it asks for itself while the certificates are being made."""
    return render(request, "products/_batch_status.html", {"batch": _batch(request, pk)})


@require_POST
@once
def certificate_batch_cancel(request, pk):
    """Stop making it."""
    batch = _batch(request, pk)
    if batches.cancel(batch.pk, by=request.user):
        messages.success(request, _("Stopped. No file was made."))
    else:
        messages.info(request, _("There was nothing left to stop."))
    return redirect(batch)


@never_cache
@require_safe
def certificate_batch_file(request, pk):
    """The file itself, as long as it is kept."""
    batch = _batch(request, pk)
    if batch.state != "done":
        raise Http404
    response = FileResponse(batch.file.open("rb"), as_attachment=True, filename=batch.file_name, content_type="application/zip")
    response["X-Content-Type-Options"] = "nosniff"
    return response
