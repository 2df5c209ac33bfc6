"""The public register of quality marks: searched, filtered and sorted as a list, and as open data for everybody's own use."""

from django.contrib.auth.decorators import login_not_required
from django.db.models import Q
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from products import rules
from products.models import ProductKind, QualityMark
from products.selectors import open_register
from products.services import batches
from secretariat import calendar, spreadsheets
from secretariat.errors import refusals_told
from secretariat.gate import once
from secretariat.lists import BulkAction, Choice, Column, ListPage, RowAction, Toggle
from secretariat.models import Agency, Resolution
from secretariat.rules import ResolutionStatus, is_officer

STANDINGS = [
    ("granted", _("in force")),
    ("coming", rules.OUT_OF_TIME["coming"]),
    ("expired", rules.OUT_OF_TIME["expired"]),
    ("suspended", _("suspended")),
    ("revoked", _("revoked")),
]


def _by_standing(queryset, value):
    today = timezone.localdate()
    on_day = {
        "granted": {"valid_from__lte": today, "valid_until__gte": today},
        "coming": {"valid_from__gt": today},
        "expired": {"valid_until__lt": today},
    }
    return queryset.filter(status="granted", **on_day[value]) if value in on_day else queryset.filter(status=value)


def _agencies(request):
    holders = QualityMark.objects.public().values("product__agency")
    return [(agency.pk, agency.name) for agency in Agency.objects.filter(pk__in=holders)]


def _kinds(request):
    return [(kind.pk, kind.title) for kind in ProductKind.objects.all()]


def _years(request):
    serials = QualityMark.objects.public().values_list("serial", flat=True)
    return [(year, calendar.digits(year)) for year in sorted({serial[:4] for serial in serials}, reverse=True)]


def _resolutions(request):
    granted = Resolution.objects.filter(status=ResolutionStatus.ADOPTED, kind=Resolution.Kind.GRANT_MARKS)
    rows = granted.select_related("council").order_by("-adopted_at", "-pk")
    return [(row.pk, f"{calendar.digits(row.reference)} – {row.council}") for row in rows]


class MarkList(ListPage):
    name = "quality-marks"
    caption = _("Register of quality marks")
    columns = [
        Column("product", _("Product"), sort="product__sort_key", value="product.title", link=True),
        Column("agency", _("Agency"), sort="product__agency__sort_key", value="product.agency.name"),
        Column("kind", _("Kind"), sort="product__kind__sort_key", value="product.kind.title", shown=False),
        Column("level", _("Level"), sort="level", kind="badge"),
        Column("score", _("Score"), sort="score_value", value="score_value", kind="number", places=1),
        Column("low", _("Interval from"), value="score_low", kind="number", places=1, shown=False),
        Column("high", _("Interval to"), value="score_high", kind="number", places=1, shown=False),
        Column("raters", _("Assessors"), value="score.raters", kind="number", shown=False),
        Column("serial", _("Serial"), sort="serial", kind="code", template="products/cells/serial.html"),
        Column("granted", _("Granted on"), sort="granted_at", value="granted_at", kind="date"),
        Column("until", _("Valid until"), sort="valid_until", value="valid_until", kind="date"),
        Column(
            "renews",
            _("Renews"),
            value=lambda row: row.renews.serial if row.renews else "",
            template="products/cells/renews.html",
            shown=False,
        ),
        Column("state", _("State"), template="products/cells/standing.html", value="standing_text"),
    ]
    filters = [
        Choice("level", _("Level"), rules.MarkLevel.choices),
        Choice("kind", _("Kind"), _kinds, lookup="product__kind"),
        Choice("agency", _("Agency"), _agencies, lookup="product__agency"),
        Choice("year", _("Year"), _years, apply=lambda queryset, year: queryset.filter(serial__startswith=f"{year}-")),
        Choice("resolution", _("Resolution"), _resolutions),
        Choice("state", _("State"), STANDINGS, apply=_by_standing),
        Toggle("ending", _("Ends soon"), lambda marks: marks.ending()),
    ]
    search = ("product__search_key", "product__agency__search_key", "serial")
    default_sort = "-granted"
    exports_csv = True
    empty_title = _("No mark fits.")
    empty_text = _("Leave out a filter, or search for another word.")

    def __init__(self, request):
        super().__init__(request)
        if is_officer(request.user):
            confirm = _("Make the certificates of these marks, in Persian and in English, as one file?")
            self.bulk = [BulkAction("certificates", _("Make certificates"), confirm=confirm)]

    def queryset(self):
        return (
            QualityMark.objects.public()
            .filter(~Q(serial=None))
            .select_related("product__agency", "product__kind", "score", "renews")
        )

    def row_url(self, row):
        return reverse("product_public", args=[row.product_id])

    def row_actions(self, row):
        return [RowAction(_("Verify"), reverse("mark_verify", args=[row.serial]), "patch-check")]


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def mark_list(request):
    """The register of all marks that were ever published; officers have the certificates of chosen ones made."""
    page = MarkList(request)
    if request.method == "POST":
        if not is_officer(request.user):
            raise Http404
        with refusals_told(request):
            _action, chosen = page.bulk_choice()
            return redirect(batches.ask_for_register(chosen, request.GET.urlencode(), by=request.user))
    return page.respond("products/mark_list.html")


@login_not_required
@require_safe
def mark_open_data(request):
    """What the open data hold, column by column, and on what terms they are given."""
    context = {"columns": open_register.COLUMNS, "licence": open_register.LICENCE, "licence_url": open_register.LICENCE_URL}
    return render(request, "products/mark_open_data.html", context)


@login_not_required
@require_safe
def mark_register(request, form):
    """The register as a table with stable columns: all of it, or what the filters of the list leave."""
    if form not in ("csv", "json"):
        raise Http404
    rows = open_register.rows(MarkList(request).filtered.order_by("granted_at", "pk"))
    name = f"quality-marks-{timezone.localdate():%Y-%m-%d}"
    if form == "csv":
        response = spreadsheets.csv_download(name, open_register.COLUMNS, (row.values() for row in rows))
    else:
        response = JsonResponse(open_register.told(rows), json_dumps_params={"ensure_ascii": False})
        response["Content-Disposition"] = f'attachment; filename="{name}.json"'
    response["Link"] = f'<{open_register.LICENCE_URL}>; rel="license"'
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "public, max-age=60"
    return response
