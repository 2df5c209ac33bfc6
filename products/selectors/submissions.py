"""What a product's page tells: its state, who holds it now and what comes next, its trail, and why it came back."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from assessments.models import Entry
from products import content
from products.models import Product
from secretariat import calendar
from secretariat.rules import is_officer, represents


@dataclass(frozen=True)
class Standing:
    """Who holds a product now, and what comes next, in sentences."""

    holder: str
    next: str


def standing_of(product, reader):
    """Say who holds a product now and what comes next."""
    status = Product.Status
    agency = _("your agency") if represents(reader, product.agency_id) else _("the agency")
    if product.status == status.DRAFT:
        return Standing(agency, _("Fill in what is missing and hand it in."))
    if product.status == status.SUBMITTED:
        return Standing(
            _("the secretariat"), _("An officer checks whether it is complete, and accepts it or returns it with reasons.")
        )
    if product.status == status.RETURNED:
        return Standing(agency, _("Correct the fields that carry a reason and hand it in again."))
    if product.status == status.REFUSED:
        return Standing(_("nobody"), _("It was not accepted; the reason is in the trail below."))
    if product.status == status.WITHDRAWN:
        return Standing(_("nobody"), _("It was withdrawn. Anything new begins with a new product."))
    return _accepted(product)


def _accepted(product):
    mark = product.marks.exclude(status__in=("proposed", "dropped")).order_by("-pk").first()
    if mark is not None:
        return Standing(_("nobody"), _("The council has decided; see the mark on this page."))
    entry = Entry.objects.filter(subject=product.subject_id).exclude(round__status="cancelled").select_related("round").last()
    if entry is None or entry.round.status == "draft":
        return Standing(_("the secretariat"), _("It is put into the next round of assessment."))
    if entry.round.status == "open":
        return Standing(
            _("the assessors"),
            _("They submit their assessments by %(day)s.") % {"day": calendar.long_date(entry.round.deadline)},
        )
    if not entry.round.is_public:
        return Standing(_("the secretariat"), _("The assessment is over; its results are being checked before they are published."))
    return Standing(_("the council"), _("The results are published; the council decides on the mark."))


@dataclass(frozen=True)
class Named:
    """Somebody as the reader of a trail may know him."""

    display_name: str


@dataclass(frozen=True)
class Line:
    """One line of a product's trail, shaped like a Move for the timeline."""

    action: str
    source: str
    target: str
    at: Any
    by: Any
    why: str = ""

    @property
    def by_id(self):
        """Whether a person stands behind it."""
        return getattr(self.by, "pk", True) if self.by else None


def trail(product, reader):
    """The lines of a product's trail, oldest first. The agency reads “the secretariat” where an officer acted."""
    of_agency, staff = ("submit", "withdraw"), is_officer(reader)
    lines = [Line(_("Draft begun"), "", Product.Status.DRAFT, product.created_at, product.created_by)]
    for move in product.moves.select_related("by"):
        by = move.by if staff or move.action in of_agency else Named(_("the secretariat"))
        lines.append(Line(move.action, move.source, move.target, move.at, move.by and by, move.why))
    return lines


def reasons_to_correct(product):
    """{form field: what must be corrected} from the last screening of a returned product, and the note beside them."""
    if product.status != Product.Status.RETURNED:
        return {}, ""
    version = product.versions.select_related("screening").first()
    screening = getattr(version, "screening", None)
    return (screening.field_reasons, screening.note) if screening else ({}, "")


def field_labels(version):
    """[(form field, label)] of what a version says; the screening form asks reasons for these."""
    return content.field_labels(version.content)


def file_rows(files, *, removable=False):
    """Files as the list of files shows them."""
    return [
        SimpleNamespace(
            name=file.name,
            note=file.note,
            size=file.size,
            content_type=file.content_type,
            url=reverse("product_file", args=[file.pk]),
            remove_url=reverse("product_file_remove", args=[file.pk]) if removable else "",
        )
        for file in files
    ]
