"""What everybody reads of exemplars: the gallery, one page for each, and the files that its agency lets go."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assessments.selectors.score_readers import PUBLIC
from assessments.selectors.scores import explain
from products import rules
from products.evidence import neutral_name
from products.models import Exemplar, ExemplarFile, ExemplarPoint, NamelessCopy, ProductKind
from products.selectors import exemplars as selectors
from products.views.exemplars import page_parts
from secretariat import calendar, persian
from secretariat.lists import Choice, Column, ListPage
from secretariat.models import Agency, Resolution
from secretariat.private_files import answer
from secretariat.rules import is_officer, represents

WHOLE = ("product__agency", "product__kind", "score__entry__round", "resolution__council", "resolution__meeting")


# --- the gallery ---------------------------------------------------------------------------------


def _kinds(request):
    shown = Exemplar.objects.shown().values("product__kind")
    return [(kind.pk, kind.title) for kind in ProductKind.objects.filter(pk__in=shown)]


def _agencies(request):
    shown = Exemplar.objects.shown().values("product__agency")
    return [(agency.pk, agency.name) for agency in Agency.objects.filter(pk__in=shown)]


def _dimensions(request):
    """By their words: the same dimension stands in the versions of many sets."""
    points = ExemplarPoint.objects.filter(exemplar__in=Exemplar.objects.shown()).select_related("dimension")
    return sorted({point.dimension.title_fa: point.dimension.title for point in points}.items())


def _of_dimension(rows, title):
    return rows.filter(pk__in=ExemplarPoint.objects.filter(dimension__title_fa=title).values("exemplar"))


def _years(request):
    days = Exemplar.objects.shown().dates("published_at", "day")
    return [(year, calendar.digits(year)) for year in sorted({persian.to_jalali(day).year for day in days}, reverse=True)]


def _of_year(rows, year):
    first = persian.to_gregorian(int(year), 1, 1)
    return rows.filter(published_at__date__gte=first, published_at__date__lt=persian.to_gregorian(int(year) + 1, 1, 1))


def _resolutions(request):
    named = Resolution.objects.filter(pk__in=Exemplar.objects.shown().values("resolution")).select_related("council")
    return [(one.pk, f"{one.council}، {calendar.digits(one.reference)}") for one in named]


class ExemplarList(ListPage):
    name = "exemplars"
    caption = gettext_lazy("Exemplars")
    columns = [
        Column("product", gettext_lazy("Product"), sort="product__sort_key", value="product.title", link=True),
        Column("agency", gettext_lazy("Agency"), sort="product__agency__sort_key", value="product.agency.name"),
        Column("kind", gettext_lazy("Kind"), sort="product__kind__sort_key", value="product.kind.title"),
        Column("score", gettext_lazy("Score"), sort="score_value", value="score_value", kind="number", places=1),
        Column("reason", gettext_lazy("Why it is an exemplar"), value="reason"),
        Column("published", gettext_lazy("Published on"), sort="published_at", value="published_at", kind="date"),
    ]
    filters = [
        Choice("kind", gettext_lazy("Kind"), _kinds, lookup="product__kind"),
        Choice("dimension", gettext_lazy("Exemplary in"), _dimensions, apply=_of_dimension),
        Choice("agency", gettext_lazy("Agency"), _agencies, lookup="product__agency"),
        Choice("year", gettext_lazy("Year"), _years, apply=_of_year),
        Choice("resolution", gettext_lazy("Resolution"), _resolutions),
    ]
    search = ("search_key", "product__search_key", "product__agency__search_key")
    search_label = gettext_lazy("Search in the exemplars")
    default_sort = "-published"
    rows_template = "products/exemplar_cards.html"
    empty_title = gettext_lazy("No exemplar is published yet.")
    empty_text = gettext_lazy("Exemplars appear here on the day a council names them and their agency has consented.")

    def queryset(self):
        rows = Exemplar.objects.shown().select_related("product__agency", "product__kind")
        return rows.prefetch_related("points__score__indicator")

    def row_url(self, row):
        return reverse("exemplar_public", args=[row.pk])


@login_not_required
@require_safe
def exemplar_list(request):
    """Every exemplar that is shown today."""
    return ExemplarList(request).respond("products/exemplar_list.html")


# --- one of them ---------------------------------------------------------------------------------


@login_not_required
@require_safe
def exemplar_public(request, pk):
    """One exemplar: in what it is one, what others can learn, the evidence, who decided; of a former one, that it ended and why."""
    exemplar = get_object_or_404(Exemplar.objects.public().select_related(*WHOLE), pk=pk)
    if not exemplar.is_shown:
        return render(request, "products/exemplar_gone.html", _end_of(exemplar), status=410)
    mark = selectors.living_mark(exemplar.product)
    context = {
        **page_parts(exemplar, agreed_only=True),
        "mark": mark,
        "explanation": explain(exemplar.score.entry, audience=PUBLIC) if exemplar.score.entry.round.is_public else None,
        "works_at_it": is_officer(request.user) or represents(request.user, exemplar.product.agency_id),
    }
    return render(request, "products/exemplar_public.html", context)


def _end_of(exemplar):
    """Since when it is no longer shown; the secretariat's reason is told, an agency need not give one to everybody."""
    last = exemplar.moves.filter(target=rules.ExemplarStatus.RETIRED).order_by("-pk").first()
    successor = selectors.shown_of(exemplar.product)
    return {"exemplar": exemplar, "last": last, "by_agency": last.action == "take_down", "successor": successor}


@login_not_required
@require_safe
def exemplar_file(request, pk, evidence):
    """A file of evidence without what programs write into files: to everybody once published with its agency's word."""
    rows = ExemplarFile.objects.filter(exemplar=pk, pk=evidence).select_related("exemplar__product", "place__file__nameless")
    row = get_object_or_404(rows)
    exemplar, user = row.exemplar, request.user
    within = Exemplar.objects.visible_to(user).filter(pk=pk).exists()
    writes = within and (is_officer(user) or represents(user, exemplar.product.agency_id))
    if not (writes or (row.agreed and (within or exemplar.is_shown))):
        raise Http404
    copy = getattr(row.place.file, "nameless", None)
    if copy is None or copy.status != NamelessCopy.Status.READY:
        raise Http404
    return answer(request, copy, neutral_name(row.place))
