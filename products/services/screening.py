"""Screening: an officer checks a submission for completeness and accepts it, returns it with reasons, or refuses it."""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products.models import Overlap, Product, Screening, SubmissionVersion
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.services import notices
from secretariat.workflow import advance

CHECKLIST = {
    "identity": gettext_lazy("The product is described well enough to know what it is."),
    "kind": gettext_lazy("It was submitted under the right kind."),
    "evidence": gettext_lazy("The files and links open and show the product itself."),
    "creators": gettext_lazy("The creators are named with their part in the work."),
    "rights": gettext_lazy("The agency is entitled to submit it (own work, commissioned, or with consent)."),
    "period": gettext_lazy("It falls within the period of this call."),
}
ANSWERS = {"yes": gettext_lazy("yes"), "no": gettext_lazy("no"), "not_needed": gettext_lazy("not needed here")}


@transaction.atomic
def screen(version_id, decision, checklist, field_reasons, note, *, by):
    """Decide on one submission version. Returns the product as it then stands.

    `checklist` answers every item of CHECKLIST with one of ANSWERS; `field_reasons` maps form fields to what
    must be corrected (needed, or a note, when returning). Only the newest version can be screened, once.
    Raises Stale when the agency has withdrawn or handed in again meanwhile, RuleBroken for an incomplete check.
    """
    version = SubmissionVersion.objects.select_related("product").get(pk=version_id)
    product = Product.objects.select_for_update(of=("self",), no_key=True).get(pk=version.product_id)
    newest = product.versions.order_by("-number").first()
    if newest.pk != version.pk or Screening.objects.filter(version=version).exists():
        raise Stale(_("This submission was screened or replaced meanwhile."), current=product)
    field_reasons = {name: why.strip() for name, why in field_reasons.items() if why.strip()}
    _check(product, decision, checklist, field_reasons, note)
    Screening.objects.create(
        version=version, decision=decision, checklist=checklist, field_reasons=field_reasons, note=note.strip(), by=by
    )
    why = note.strip() or " – ".join(field_reasons.values())
    product = advance(Product.objects.select_related("agency"), product.pk, decision, by=by, why=why)
    _tell(product, decision, version)
    return product


def _check(product, decision, checklist, field_reasons, note):
    missing = [code for code in CHECKLIST if checklist.get(code) not in ANSWERS]
    if missing:
        raise RuleBroken(_("Answer every item of the checklist."), field=f"check_{missing[0]}")
    if decision == Screening.Decision.ACCEPT:
        failed = [code for code in CHECKLIST if checklist[code] == "no"]
        if failed:
            raise RuleBroken(
                _("An item of the checklist is answered “no”: return the submission or correct the answer."),
                field=f"check_{failed[0]}",
            )
        if product.overlaps.filter(decision=Overlap.Decision.OPEN).exists():
            raise RuleBroken(_("Decide on every likely overlap first."), field="overlaps")
    if decision == Screening.Decision.RETURN and not (field_reasons or note.strip()):
        raise RuleBroken(_("Say at least for one field what must be corrected."), field="note")
    if decision == Screening.Decision.REFUSE and not note.strip():
        raise RuleBroken(_("Write the reason."), field="note")


_TEXTS = {
    Screening.Decision.ACCEPT: gettext_lazy("“%(title)s” was accepted for assessment."),
    Screening.Decision.RETURN: gettext_lazy("“%(title)s” was returned for correction; the reasons stand beside the fields."),
    Screening.Decision.REFUSE: gettext_lazy("“%(title)s” was not accepted; the reason is on its page."),
}


def _tell(product, decision, version):
    fa, en = both(lambda: _TEXTS[decision] % {"title": product.title})
    notices.tell_agency(
        product.agency_id, f"screening_{decision}", fa, en, link=product.get_absolute_url(), once=f"screening-{version.pk}"
    )
