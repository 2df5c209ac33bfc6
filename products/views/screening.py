"""The officers' pages of screening: what waits, and one submission beside its checklist."""

from functools import cached_property

from django.contrib import messages
from django.db.models import Min
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from products.forms.screening import ScreeningForm
from products.models import Overlap, Product, ProductKind
from products.selectors import makers
from products.selectors import overlaps as overlap_selectors
from products.selectors import screening as selectors
from products.selectors.submissions import file_rows
from products.services.screening import ANSWERS, CHECKLIST, said_of, screen
from secretariat import calendar
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, DateRange, ListPage, Toggle
from secretariat.models import Agency
from secretariat.typed import keys

# --- the queue -----------------------------------------------------------------------------------


class Queue(ListPage):
    """What waits for screening, oldest first."""

    name = "screening"
    caption = gettext_lazy("Submissions waiting for screening")
    search = ("search_key", "agency__search_key")
    default_sort = "submitted"
    empty_title = gettext_lazy("Nothing waits for screening.")
    empty_text = gettext_lazy("When an agency hands a product in, it stands here and you are told.")
    filters = [
        Choice("agency", gettext_lazy("agency"), lambda request: _waiting_agencies()),
        Choice("kind", gettext_lazy("kind"), lambda request: _waiting_kinds()),
        DateRange("submitted", gettext_lazy("handed in"), "submitted_at"),
        Toggle("again", gettext_lazy("handed in again after a return"), lambda rows: rows.filter(version_number__gt=1)),
        Toggle("overlapping", gettext_lazy("with a likely overlap"), lambda rows: rows.filter(open_overlaps__gt=0)),
    ]

    def queryset(self):
        return selectors.waiting(self.request.user)

    def row_url(self, row):
        return reverse("screening_form", args=[row.pk])

    @cached_property
    def columns(self):
        return [
            Column("title", _("title"), sort="sort_key", link=True),
            Column("agency", _("agency"), sort="agency__sort_key", value="agency.name"),
            Column("kind", _("kind"), sort="kind__sort_key", value="kind.title"),
            Column("submitted", _("handed in"), sort="submitted_at", value="submitted_at", kind="datetime"),
            Column("waiting", _("working days waiting"), value=self.days_waiting, kind="number"),
            Column("version", _("version"), sort="version_number", value="version_number", kind="number"),
            Column("overlaps", _("open overlaps"), sort="open_overlaps", value="open_overlaps", kind="number"),
        ]

    def days_waiting(self, product):
        """Working days since it was handed in."""
        return calendar.working_days_between(product.submitted_at, calendar.today(), self._holidays, calendar.working_weekend())

    @cached_property
    def _holidays(self):
        oldest = self.queryset().aggregate(first=Min("submitted_at"))["first"]
        return calendar.holidays_between(oldest, calendar.today()) if oldest else {}


def _waiting_agencies():
    there = Product.objects.filter(status=Product.Status.SUBMITTED).values("agency")
    return [(agency.pk, agency.name) for agency in Agency.objects.filter(pk__in=there)]


def _waiting_kinds():
    there = Product.objects.filter(status=Product.Status.SUBMITTED).values("kind")
    return [(kind.pk, kind.title) for kind in ProductKind.objects.filter(pk__in=there)]


@officers_only
@require_safe
def product_queue(request):
    """What waits for screening, oldest first, with how long it has waited."""
    open_overlaps = Overlap.objects.waiting().count()
    return Queue(request).respond("products/screening_queue.html", {"open_overlaps": open_overlaps})


# --- one submission ------------------------------------------------------------------------------


@officers_only
@require_http_methods(["GET", "HEAD", "POST"])
@once
def screening_form(request, pk):
    """A submission beside its checklist; decide on it, with a reason beside every field that must be corrected."""
    products = Product.objects.visible_to(request.user).select_related("agency", "kind")
    product = get_object_or_404(products, pk=pk)
    version = _version_asked(request, product)
    overlaps = overlap_selectors.overlaps_of(product, request.user)
    waits = product.status == Product.Status.SUBMITTED and not hasattr(version, "screening")
    if request.method != "POST":
        form = ScreeningForm(version=version, overlaps=overlaps) if waits else None
        return _page(request, product, version, overlaps, form)
    form = ScreeningForm(request.POST, version=version, overlaps=overlaps)
    stale = ""
    if form.is_valid():
        try:
            decided = screen(
                version.pk,
                request.POST.get("decision", ""),
                form.checklist,
                form.field_reasons,
                form.cleaned_data["note"],
                by=request.user,
                overlap_decisions=form.overlap_decisions,
            )
            return _to_the_next(request, decided)
        except Stale as late:
            if isinstance(late.current, Overlap):
                form = _without_decided(request, version, overlaps, late, form)
            else:
                stale = str(late)
        except RuleBroken as broken:
            form.add_error(broken.field if broken.field in form.fields else None, str(broken))
    return _page(request, product, version, overlaps, form, stale=stale, status=409 if stale else 422)


def _version_asked(request, product):
    """The version that the form was opened on; by default the newest."""
    versions = product.versions.select_related("screening__by", "submitted_by").order_by("-number")
    asked = keys([request.POST.get("version", "")])
    version = versions.filter(pk__in=asked).first() if asked else versions.first()
    if version is None:
        raise Http404
    return version


def _without_decided(request, version, overlaps, late, form):
    """The same form when another officer decided on an overlap meanwhile: that stands, what was typed is told."""
    open_ones = [overlap for overlap in overlaps if overlap.decision == Overlap.Decision.OPEN]
    again = ScreeningForm(request.POST, version=version, overlaps=open_ones)
    _decision, reason = form.overlap_decisions[late.current.pk]
    written = _("You had written: “%(text)s”") % {"text": reason}
    again.add_error(None, f"{late} {written}")
    return again


def _page(request, product, version, overlaps, form, *, stale="", status=200):
    pairs = []
    for overlap in overlaps:
        name = f"overlap_{overlap.pk}"
        asked = form is not None and f"{name}_decision" in form.fields
        pairs.append(
            overlap_selectors.pair(overlap, product.pk, (form[f"{name}_decision"], form[f"{name}_reason"]) if asked else None)
        )
    newer = product.versions.filter(number__gt=version.number).exists()
    page = {
        "product": product,
        "version": version,
        "screening": getattr(version, "screening", None),
        "form": form,
        "parts": selectors.parts_of(version, form),
        "said": version.content,
        "files": file_rows([place.file for place in version.placed_files.select_related("file")]),
        "sights": makers.sights(version),
        "named": makers.named_in_answers(version),
        "pairs": pairs,
        "stale": stale,
        "checked": _checked(version) if form is None else [],
        "newer": newer,
        "next": selectors.next_waiting(request.user, after=product.pk) if form is None or stale else None,
    }
    return render(request, "products/screening_form.html", page, status=status)


def _checked(version):
    """[(sentence, answer)] of the checklist of a version that was screened."""
    screening = getattr(version, "screening", None)
    answers = screening.checklist if screening else {}
    return [(sentence, ANSWERS[answers[code]]) for code, sentence in CHECKLIST.items() if answers.get(code) in ANSWERS]


def _to_the_next(request, decided):
    """Say what was decided and go on with the product that has waited longest."""
    action = {Product.Status.ACCEPTED: "accept", Product.Status.RETURNED: "return"}.get(decided.status, "refuse")
    following = selectors.next_waiting(request.user, after=decided.pk)
    then = _("This is the next one.") if following else _("Nothing else waits.")
    messages.success(request, f"{said_of(decided, action)} {then}")
    if following is None:
        return redirect("product_queue")
    return redirect("screening_form", following.pk)
