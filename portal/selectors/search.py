"""One search over everything public and everything the person may see; each group starts at its own `visible_to`."""

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from assessments.models import Indicator, Round
from products.models import Exemplar, Product, QualityMark
from secretariat import matters, persian, rules
from secretariat.models import Agency, Resolution, User
from secretariat.text_columns import folded

SHOWN = 8
SHORTEST = 2


@dataclass(frozen=True)
class Hit:
    title: str
    url: str
    note: str = ""


@dataclass(frozen=True)
class Group:
    title: str
    hits: list
    more: bool


def found(user, words):
    """Groups of hits for the typed `words`; nothing for less than two letters."""
    key = persian.search_key(words)
    if len(key) < SHORTEST:
        return []
    groups = [
        _marked(key),
        _exemplars(key),
        _products(user, key),
        _indicators(key),
        _agencies(user, key),
        _rounds(user, key),
        _resolutions(user, key),
        _people(user, key),
    ]
    return [group for group in groups if group and group.hits]


def _group(title, rows, hit):
    rows = list(rows[: SHOWN + 1])
    return Group(title, [hit(row) for row in rows[:SHOWN]], len(rows) > SHOWN)


def _marked(key):
    marks = (
        QualityMark.objects.public()
        .filter(Q(product__search_key__contains=key) | Q(product__agency__search_key__contains=key) | Q(serial=key))
        .select_related("product__agency")
        .order_by("-granted_at", "-pk")
    )
    return _group(
        _("Quality marks"),
        marks,
        lambda mark: Hit(mark.product.title, mark.get_absolute_url(), f"{mark.get_level_display()} – {mark.product.agency.name}"),
    )


def _exemplars(key):
    exemplars = (
        Exemplar.objects.shown()
        .filter(Q(search_key__contains=key) | Q(product__search_key__contains=key) | Q(product__agency__search_key__contains=key))
        .select_related("product__agency")
        .order_by("-published_at", "-pk")
    )
    return _group(
        _("Exemplars"),
        exemplars,
        lambda row: Hit(row.product.title, reverse("exemplar_public", args=[row.pk]), row.product.agency.name),
    )


def _products(user, key):
    if not user.is_authenticated:
        return None
    products = (
        Product.objects.visible_to(user)
        .filter(search_key__contains=key)
        .select_related("agency", "kind")
        .order_by("-changed_at", "-pk")
    )
    return _group(
        _("Products"),
        products,
        lambda product: Hit(str(product), product.get_absolute_url(), f"{product.agency.name} – {product.get_status_display()}"),
    )


def _indicators(key):
    """Indicators of the versions in force; folded in the query itself, for there are only hundreds."""
    indicators = (
        Indicator.objects.filter(version__status="published")
        .annotate(key=folded("title_fa", "title_en"))
        .filter(key__contains=key)
        .select_related("version__set")
        .order_by("version__set__sort_key", "position", "pk")
    )
    return _group(_("Indicators"), indicators, lambda row: Hit(row.title, row.version.get_absolute_url(), row.version.set.title))


def _agencies(user, key):
    agencies = Agency.objects.visible_to(user).filter(search_key__contains=key).order_by("sort_key", "pk")
    return _group(_("Agencies"), agencies, lambda agency: Hit(agency.name, agency.get_absolute_url(), agency.get_kind_display()))


def _rounds(user, key):
    """Rounds are officers' and assessors' business; their titles are not for the public search."""
    if not user.is_authenticated:
        return None
    rounds = Round.objects.visible_to(user)
    if not rules.is_officer(user):
        rounds = rounds.filter(entries__assignments__assessor__user=user).distinct()
    rounds = rounds.annotate(key=folded("title_fa", "title_en")).filter(key__contains=key).order_by("-created_at", "-pk")
    url = (lambda row: row.get_absolute_url()) if rules.is_officer(user) else (lambda row: reverse("my_assessments"))
    return _group(_("Rounds"), rounds, lambda row: Hit(row.title, url(row), row.get_status_display()))


def _resolutions(user, key):
    if not user.is_authenticated:
        return None
    resolutions = Resolution.objects.visible_to(user).annotate(key=folded("title", "text")).filter(key__contains=key)
    return _group(
        _("Resolutions"),
        resolutions.select_related("council").order_by("-register_no", "-pk"),
        lambda row: Hit(str(row), matters.page_of(row), f"{row.council} – {row.get_status_display()}"),
    )


def _people(user, key):
    if not rules.is_officer(user):
        return None
    people = User.objects.filter(is_active=True, search_key__contains=key).order_by("sort_key", "pk")
    url = "admin:secretariat_user_change" if user.is_superuser else None
    return _group(
        _("People"),
        people,
        lambda person: Hit(person.display_name, reverse(url, args=[person.pk]) if url else "", person.username),
    )
