"""What everybody may read of marks: the register, the check of a serial, the certificate, a product that holds one."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from assessments.selectors.score_readers import PUBLIC
from assessments.selectors.scores import explain
from products import certificates, serials
from products.models import Product
from products.selectors import exemplars
from products.selectors import marks as selectors
from products.selectors.renewals import standings
from secretariat.errors import RuleBroken

# Of several marks of a product: what is true today before what begins, and both before what was; then the newest.
IN_FRONT = ("granted", "suspended", "coming")


@login_not_required
@require_safe
def mark_verify_form(request):
    """Asks for a serial and leads to what is true of it."""
    typed = request.GET.get("serial", "").strip()
    if not typed:
        return render(request, "products/mark_verify_form.html", {"example": serials.EXAMPLE})
    try:
        return redirect("mark_verify", serials.read(typed))
    except RuleBroken as refusal:
        context = {"typed": typed, "refusal": refusal, "example": serials.EXAMPLE, "near": selectors.mistyped_for(typed)}
        return render(request, "products/mark_verify_form.html", context, status=400)


@login_not_required
@require_safe
def mark_verify(request, serial):
    """Says exactly what is true of a serial today; the QR code of a certificate leads here."""
    try:
        canonical = serials.read(serial)
    except RuleBroken as refusal:
        context = {"typed": serial, "refusal": refusal, "example": serials.EXAMPLE, "near": selectors.mistyped_for(serial)}
        return render(request, "products/mark_verify_form.html", context, status=404)
    if canonical != serial:
        return redirect("mark_verify", canonical)
    mark = selectors.public_mark(canonical)
    if mark is None:
        context = {"serial": canonical, "mark": None, "near": selectors.mistyped_for(canonical)}
        return render(request, "products/mark_verify.html", context, status=404)
    return render(
        request,
        "products/mark_verify.html",
        selectors.verification(mark) | {"renewal": standings([mark], request.user).get(mark.pk)},
    )


@login_not_required
@require_safe
def mark_certificate(request, serial):
    """The certificate as a PDF, while the mark is in force; afterwards a page that says why there is none."""
    language = request.GET.get("lang", "fa")
    if language not in certificates.LANGUAGES:
        raise Http404
    mark = get_object_or_404(selectors.whole_marks().visible_to(request.user).exclude(serial=None), serial=serial)
    if not mark.is_in_force:
        context = selectors.verification(mark) | {"no_certificate": True}
        return render(request, "products/mark_verify.html", context, status=410)
    response = HttpResponse(certificates.certificate(mark, language), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="quality-mark-{mark.serial}-{language}.pdf"'
    # A mark can be suspended at any moment: nobody keeps the certificate without asking again.
    response["Cache-Control"] = "no-cache"
    return response


@login_not_required
@require_safe
def product_public(request, pk):
    """The public page of a product with a published mark: the mark, the score and why it is so."""
    product = get_object_or_404(Product.objects.public().select_related("agency", "kind"), pk=pk)
    marks = list(selectors.marks_of(product))
    # The mark that is true today stands in front; the others are told below.
    current = min(marks, key=lambda mark: IN_FRONT.index(mark.standing) if mark.standing in IN_FRONT else len(IN_FRONT))
    explanation = None
    if current.score.entry.round.is_public:
        explanation = explain(current.score.entry, audience=PUBLIC)
    return render(
        request,
        "products/product_public.html",
        {
            "product": product,
            "mark": current,
            "past": [mark for mark in marks if mark.pk != current.pk],
            "reason": selectors.last_reason(current),
            "explanation": explanation,
            "exemplar": exemplars.shown_of(product),
            "certificate_url": reverse("mark_certificate", args=[current.serial]) if current.is_in_force else "",
        },
    )
