"""Screening: an officer checks a submission for completeness and accepts it, returns it with reasons, or refuses it."""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products import content
from products.models import Overlap, Product, Screening, SubmissionVersion
from products.services import overlaps
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.rules import is_officer
from secretariat.services import notices
from secretariat.workflow import advance

CHECKLIST = {
    "identity": gettext_lazy("The product is described well enough to know what it is."),
    "kind": gettext_lazy("It was submitted under the right kind."),
    "evidence": gettext_lazy("The files and links open and show the product itself."),
    "creators": gettext_lazy("The creators are named with their part in the work."),
    "rights": gettext_lazy("The agency is entitled to submit it (own work, commissioned, or with consent)."),
    "period": gettext_lazy("It falls within the period of this call."),
    "nameless": gettext_lazy("What assessors read does not name its maker, so that it can be judged blind."),
}
ANSWERS = {"yes": gettext_lazy("yes"), "no": gettext_lazy("no"), "not_needed": gettext_lazy("not needed here")}
LONGEST_REASON = 2000


@transaction.atomic
def screen(version_id, decision, checklist, field_reasons, note, *, by, overlap_decisions=None):
    """Decide on one submission version. Returns the product as it then stands.

    `checklist` answers every item of CHECKLIST with one of ANSWERS; `field_reasons` maps form fields to what
    must be corrected (needed, or a note, when returning). `overlap_decisions` are decisions on open overlaps made
    along with it: {overlap's primary key: (decision, reason)}. Only the newest version can be screened, once.
    Raises Stale when the agency has withdrawn or handed in again meanwhile, or another officer was faster, and
    RuleBroken for an incomplete check.
    """
    if not is_officer(by):
        raise RuleBroken(_("You may not do this."))
    version = SubmissionVersion.objects.get(pk=version_id)
    product = Product.objects.select_for_update(of=("self",), no_key=True).get(pk=version.product_id)
    _check_fresh(product, version)
    if decision not in Screening.Decision.values:
        raise RuleBroken(_("Choose a decision."), field="decision")
    for overlap_id, (said, why) in (overlap_decisions or {}).items():
        _decide_overlap(product, overlap_id, said, why, by)
    checklist = {code: checklist.get(code, "") for code in CHECKLIST}
    field_reasons = {name: why.strip() for name, why in field_reasons.items() if why.strip()}
    note = note.strip()
    _check(product, version, decision, checklist, field_reasons, note)
    Screening.objects.create(
        version=version, decision=decision, checklist=checklist, field_reasons=field_reasons, note=note, by=by
    )
    why = note or " – ".join(field_reasons.values())
    product = advance(Product.objects.select_related("agency"), product.pk, decision, by=by, why=why)
    _tell(product, decision, version)
    return product


def _check_fresh(product, version):
    """Refuse what is no longer the submission that waits, and say what happened to it."""
    done = Screening.objects.filter(version=version).select_related("by").first()
    if done is not None:
        raise Stale(
            _("%(who)s has screened this submission meanwhile: %(decision)s.")
            % {"who": done.by, "decision": done.get_decision_display()},
            current=product,
        )
    if product.versions.filter(number__gt=version.number).exists():
        raise Stale(_("The agency has submitted a newer version meanwhile."), current=product)
    if product.status != Product.Status.SUBMITTED:
        raise Stale(
            _("This submission no longer waits for screening: its state is now “%(state)s”.")
            % {"state": product.get_status_display()},
            current=product,
        )


def _decide_overlap(product, overlap_id, decision, reason, by):
    """Decide on one overlap of the product; what is wrong belongs to that overlap's own fields of the form."""
    if not Overlap.objects.touching(product.pk).filter(pk=overlap_id).exists():
        raise RuleBroken(_("This overlap is no longer likely; look at the page again."), field="overlaps")
    try:
        overlaps.decide(overlap_id, decision, reason, by=by, seen=Overlap.Decision.OPEN)
    except Stale:
        raise
    except RuleBroken as broken:
        raise RuleBroken(broken.message, field=f"overlap_{overlap_id}_{broken.field}") from broken


def _check(product, version, decision, checklist, field_reasons, note):
    missing = [code for code in CHECKLIST if checklist[code] not in ANSWERS]
    if missing:
        raise RuleBroken(_("Answer every item of the checklist."), field=f"check_{missing[0]}")
    known = {name for name, _label in content.field_labels(version.content)}
    if unknown := field_reasons.keys() - known:
        raise RuleBroken(_("The submission has no field “%(name)s”.") % {"name": min(unknown)})
    for name, why in [*field_reasons.items(), ("note", note)]:
        if len(why) > LONGEST_REASON:
            field = name if name == "note" else f"why_{name}"
            raise RuleBroken(_("This is too long: at most %(n)s characters.") % {"n": LONGEST_REASON}, field=field)
    if decision == Screening.Decision.ACCEPT:
        _check_acceptable(product, checklist, field_reasons)
    if decision == Screening.Decision.RETURN and not (field_reasons or note):
        raise RuleBroken(_("Say at least for one field what must be corrected, or write a note."), field="note")
    if decision == Screening.Decision.REFUSE and not note:
        raise RuleBroken(_("Write the reason."), field="note")


def _check_acceptable(product, checklist, field_reasons):
    failed = [code for code in CHECKLIST if checklist[code] == "no"]
    if failed:
        raise RuleBroken(
            _("An item of the checklist is answered “no”: return the submission or correct the answer."),
            field=f"check_{failed[0]}",
        )
    if field_reasons:
        raise RuleBroken(
            _("Something stands to be corrected: return the submission, or take the mark off the field."),
            field=f"why_{next(iter(field_reasons))}",
        )
    if Overlap.objects.touching(product.pk).waiting().exists():
        raise RuleBroken(_("Decide on every likely overlap first."), field="overlaps")
    if product.overlaps.filter(decision=Overlap.Decision.DUPLICATE).exists():
        raise RuleBroken(
            _("It was found to be a duplicate of another agency's product: do not accept it, or decide on the overlap anew."),
            field="overlaps",
        )


_TEXTS = {
    Screening.Decision.ACCEPT: gettext_lazy("“%(title)s” was accepted for assessment."),
    Screening.Decision.RETURN: gettext_lazy("“%(title)s” was returned for correction; the reasons stand beside the fields."),
    Screening.Decision.REFUSE: gettext_lazy("“%(title)s” was not accepted; the reason is on its page."),
}


def said_of(product, decision):
    """What a decision means for a product, in one sentence of the reader's language."""
    return _TEXTS[decision] % {"title": product.title}


def _tell(product, decision, version):
    fa, en = both(lambda: said_of(product, decision))
    notices.tell_agency(
        product.agency_id, f"screening_{decision}", fa, en, link=product.get_absolute_url(), once=f"screening-{version.pk}"
    )
