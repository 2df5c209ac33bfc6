"""The register of marks as open data: stable columns, each described, every row with its day and its licence."""

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from products import certificates
from products.models import MarkMove
from secretariat.services.letters import absolute

LICENCE = "CC BY 4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"
# Programs rely on names and order: a column may be added at the end, none is renamed or taken out.
COLUMNS = {
    "serial": _("The serial of the mark, printed on the certificate."),
    "level": _("commended, quality or gold."),
    "standing": _("What is true on the day of the file: granted (in force), coming, expired, suspended or revoked."),
    "since": _("Since which day it is suspended or revoked."),
    "why": _("Why it was suspended or revoked, as published."),
    "product_id": _("Number of the product in the portal."),
    "product_fa": _("Title in Persian."),
    "product_en": _("Title in English."),
    "kind": _("Code of the kind of product."),
    "kind_fa": _("The kind in Persian."),
    "kind_en": _("The kind in English."),
    "agency": _("Short name of the agency."),
    "agency_fa": _("The agency in Persian."),
    "agency_en": _("The agency in English."),
    "score": _("The score out of 100 on which the decision rests."),
    "score_low": _("Lower end of its 95% interval; empty where there is none."),
    "score_high": _("Upper end of its 95% interval."),
    "assessors": _("How many independent assessors judged it."),
    "resolution": _("Jalali year and number of the resolution."),
    "council_fa": _("The council in Persian."),
    "council_en": _("The council in English."),
    "granted_on": _("The day of the grant (Gregorian, ISO 8601, like all days here)."),
    "valid_from": _("The first day on which it holds."),
    "valid_until": _("The last one."),
    "renews": _("The serial of the mark of the same product that it follows."),
    "verify_url": _("The page on which anybody verifies it."),
    "as_of": _("The day of which the row is true."),
    "licence": _("On what terms you may use the row."),
}
ENDED = ("suspended", "revoked")


def rows(marks):
    """{column: value} for each of `marks`, in one query."""
    told = MarkMove.objects.filter(mark=OuterRef("pk"), target=OuterRef("status"), mark__status__in=ENDED).order_by("-pk")
    marks = marks.select_related("product__agency", "product__kind", "score", "resolution__council", "renews").annotate(
        since=Subquery(told.values("at")[:1]), why=Subquery(told.values("why")[:1])
    )
    today = timezone.localdate().isoformat()
    for mark in marks.iterator(chunk_size=1000):
        values = _values(mark) | {"as_of": today, "licence": LICENCE}
        yield {column: values[column] for column in COLUMNS}


def _values(mark):
    product, agency, resolution = mark.product, mark.product.agency, mark.resolution
    return {
        "serial": mark.serial,
        "level": mark.level,
        "standing": mark.standing,
        "since": _day(mark.since),
        "why": mark.why or None,
        "product_id": product.pk,
        "product_fa": product.title_fa,
        "product_en": product.title_en or None,
        "kind": product.kind.code,
        "kind_fa": product.kind.title_fa,
        "kind_en": product.kind.title_en,
        "agency": agency.slug,
        "agency_fa": agency.name_fa,
        "agency_en": agency.name_en,
        "score": round(mark.score_value, 2),
        "score_low": mark.score_low if mark.score_low is None else round(mark.score_low, 2),
        "score_high": mark.score_high if mark.score_high is None else round(mark.score_high, 2),
        "assessors": mark.score.raters,
        "resolution": f"{resolution.year}/{resolution.number}",
        "council_fa": resolution.council.name_fa,
        "council_en": resolution.council.name_en,
        "granted_on": _day(mark.granted_at),
        "valid_from": mark.valid_from.isoformat(),
        "valid_until": mark.valid_until.isoformat(),
        "renews": mark.renews.serial if mark.renews else None,
        "verify_url": certificates.verify_url(mark),
    }


def _day(moment):
    return timezone.localdate(moment).isoformat() if moment else None


def told(found):
    """The rows with what must be known of them, as JSON gives them."""
    return {
        "title": "Register of quality marks",
        "generated_at": timezone.localtime().isoformat(timespec="seconds"),
        "licence": {"name": LICENCE, "url": LICENCE_URL},
        "columns": absolute(reverse("mark_open_data")),
        "marks": list(found),
    }
