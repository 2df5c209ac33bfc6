"""How far one can rely on the results of a round: what its run measured, put into sentences that need no statistics."""

from dataclasses import dataclass, field
from math import ceil, floor, sqrt
from statistics import NormalDist

import numpy as np
from django.db.models import Avg
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from scipy.sparse import csr_array

from assessments.models import Assessor, Assignment, Indicator, Score, ScoringRun, SetAside, SetVersion
from assessments.scoring import studies
from assessments.scoring.matrix import reading_order
from assessments.scoring.scheme import ROOT
from assessments.selectors.readers import STAFF
from assessments.selectors.sets import nested, walk
from secretariat.templatetags.portal_text import num

# Sizes of panels for which the expected reliability is told.
PANELS = (3, 5, 7, 9)
# From each of these reliabilities (E ρ²) on one may say so much; the usual bounds of measurement in the social sciences.
STRONG, GOOD, FAIR, WEAK = 0.9, 0.8, 0.7, 0.5
AIM = GOOD
# Two products stand apart when three of four draws agree on their order (see assessments.scoring.ranks).
THREE_OF_FOUR = NormalDist().inv_cdf(0.75)
NEARLY_SURE = NormalDist().inv_cdf(0.975)
# More lines than these are folded.
MANY_DIMENSIONS = 30
# More marks than these do not fit into a picture that anybody could read.
MOST_PRODUCTS, MOST_ASSESSORS = 1000, 200


@dataclass
class Share:
    """One source of the differences between ratings."""

    key: str  # "product", "assessor", "residual"
    label: str
    sentence: str
    variance: float
    share: float  # 0–1

    @property
    def percent(self):
        return 100 * self.share


@dataclass
class Panel:
    """What panels of one size are expected to give."""

    size: float
    fair: float  # E ρ²
    plain: float  # Φ
    error: float  # points
    apart: float  # points by which two products must differ to be told apart
    is_present: bool = False

    @property
    def is_whole(self):
        return _is_about(self.size, round(self.size))


@dataclass
class NodeLine:
    """A part, dimension or indicator with its own reliability at the panels of this round."""

    kind: str
    title: str
    number: str
    depth: int
    reliability: float | None
    error: float | None  # points
    shares: list  # of product, severity, residual, 0–1

    @property
    def percents(self):
        return [100 * share for share in self.shares]


@dataclass
class AssessorLine:
    """Whom an assessor joins: how many products, how many colleagues on them."""

    assessor: Assessor
    products: int
    colleagues: int
    is_fragile: bool
    part: int  # from 1


@dataclass
class Links:
    """The assessor–product graph, ordered for drawing: `dots` are (product place, assessor place)."""

    products: int = 0
    lines: list = field(default_factory=list)  # AssessorLine in the order of the rows
    dots: list = field(default_factory=list)

    @property
    def assessors(self):
        return len(self.lines)

    @property
    def is_drawn(self):
        return 0 < self.products <= MOST_PRODUCTS and 0 < self.assessors <= MOST_ASSESSORS

    def span(self, name):
        """The least and the most of a count over the assessors, in words."""
        counts = [getattr(line, name) for line in self.lines] or [0]
        least, most = num(min(counts)), num(max(counts))
        return least if least == most else _("%(low)s to %(high)s") % {"low": least, "high": most}

    @property
    def loads(self):
        return self.span("products")

    @property
    def colleagues(self):
        return self.span("colleagues")


@dataclass
class Component:
    """A part of the round that no assessor joins to another."""

    number: int
    products: int
    assessors: list  # of names, for staff alone
    count: int  # of assessors


@dataclass
class Report:
    """Everything the page of reliability shows, cut to its audience; see `report`."""

    run: ScoringRun
    audience: str
    level: str  # "strong", "good", "fair", "weak", "poor", "unknown", "apart"
    verdict: str
    shares: list = field(default_factory=list)
    panels: list = field(default_factory=list)
    single_fair: float | None = None  # intraclass correlations of one assessor alone
    single_plain: float | None = None
    groups: int = 0
    ranked: int = 0
    answered: float | None = None  # share of the weight that was answered, 0–1
    nodes: list = field(default_factory=list)
    components: list = field(default_factory=list)
    fragile: list = field(default_factory=list)  # names, for staff alone
    aside: int = 0

    @property
    def summary(self):
        return self.run.summary

    @property
    def is_staff(self):
        return self.audience == STAFF

    @property
    def present(self):
        return next((panel for panel in self.panels if panel.is_present), None)

    @property
    def panel_for_aim(self):
        """How many assessors a product would need for a reliability of AIM; None when it is reached or cannot be."""
        told = {share.key: share.variance for share in self.shares}
        if not told or self.present is None or self.present.fair >= AIM or not told["product"]:
            return None
        # A panel that just reaches it must not be missed by the last bit.
        return ceil(AIM / (1 - AIM) * told["residual"] / told["product"] - 1e-9)

    @property
    def strata(self):
        """Levels of strictness that can be told apart, a whole number; None where that is not known."""
        found = (self.summary.get("separation") or {}).get("strata")
        return None if found is None else max(1, floor(found))

    @property
    def answered_percent(self):
        return None if self.answered is None else 100 * self.answered

    @property
    def missing_percent(self):
        return None if self.answered is None else 100 - 100 * self.answered

    @property
    def dimensions(self):
        return [line for line in self.nodes if line.kind != "indicator"]

    @property
    def has_many_dimensions(self):
        return len(self.dimensions) > MANY_DIMENSIONS

    @property
    def shown_nodes(self):
        """The dimensions, or of many sets only the sets themselves."""
        return [line for line in self.nodes if line.kind == "part"] if self.has_many_dimensions else self.dimensions

    @property
    def fragile_count(self):
        return len(self.summary.get("fragile_assessors", []))


def report(round_, audience):
    """The Report on the current run of a round, or None without one. The number of queries does not depend on its size."""
    run = round_.run
    if run is None:
        return None
    told = Report(run, audience, *_verdict(run))
    root = Score.objects.filter(run=run, part=None, indicator=None, rank__isnull=False)
    told.ranked = run.summary.get("products", 0)
    told.groups = root.filter(group__isnull=False).values("component", "group").distinct().count()
    told.answered = root.aggregate(mean=Avg("coverage"))["mean"]
    told.aside = SetAside.objects.filter(round=round_, ended_at=None).count()
    variances = run.summary.get("nodes", {}).get(ROOT)
    if run.is_fair and variances:
        told.shares = _shares(variances)
        told.panels = _panels(variances, run.summary["reliability"]["panel"])
        single = _reliability(variances, 1)
        told.single_fair, told.single_plain = single.relative, single.absolute
        told.nodes = _nodes(round_, run.summary)
    told.components = _components(run, audience)
    if audience == STAFF:
        told.fragile = _names(run.summary.get("fragile_assessors", []))
    return told


# --- the verdict ---------------------------------------------------------------------------------


def _verdict(run):
    if not run.is_connected:
        return "apart", _(
            "The products fall into %(count)s parts that no assessor joins: one can compare within a part, never between two."
        ) % {"count": num(run.component_count)}
    found = (run.summary.get("reliability") or {}).get("relative")
    if not run.is_fair or found is None:
        return "unknown", _(
            "There are too few ratings to tell how far one can rely on the order of the products: the plain mean of each panel stands."
        )
    return next((level, sentence) for least, level, sentence in _levels() if found >= least)


def _levels():
    return (
        (STRONG, "strong", _("One can rely on these results very well: the scores tell the quality of the products, hardly the panel.")),
        (GOOD, "good", _("One can rely on these results well; only products close to one another may change places.")),
        (FAIR, "fair", _("One can rely on these results fairly well: the upper and the lower products stand, in the middle places are uncertain.")),
        (WEAK, "weak", _("One can rely on these results only roughly: they tell strong products from weak ones, not neighbours from one another.")),
        (0.0, "poor", _("One can hardly rely on the order of these results: chance and taste of the panel weigh more than the products.")),
    )  # fmt: skip


# --- where the differences come from -------------------------------------------------------------


def _shares(variances):
    total = sum(variances[key] for key in ("product", "assessor", "residual"))
    words = {
        "product": (_("Products"), _("what the products themselves differ in: this is what one wants to measure")),
        "assessor": (_("Strictness"), _("what strict and mild assessors differ in: the fair score takes this out")),
        "residual": (_("The rest"), _("taste, chance, and what one assessor sees in one product: more assessors even it out")),
    }
    return [
        Share(key, label, sentence, variances[key], variances[key] / total if total else 0.0)
        for key, (label, sentence) in words.items()
    ]


def _reliability(variances, size):
    return studies.reliability(variances["product"], variances["assessor"], variances["residual"], [size])


def _panels(variances, present):
    """Expected reliabilities of panels of some sizes, that of this round among them."""
    found = []
    others = [float(size) for size in PANELS if not _is_about(size, present)]
    for size in sorted([*others, present]):
        told = _reliability(variances, size)
        found.append(Panel(size, told.relative, told.absolute, told.sem_relative, _apart(told, THREE_OF_FOUR), size == present))
    return found


def _is_about(size, other):
    """Whether two panel sizes are printed the same."""
    return abs(size - other) < 0.05


def _apart(told, quantile):
    """Points by which two fair scores must differ so that the share of draws which agree on their order is that of `quantile`.

    Draws shrink a difference d to ρd with variance 2ρ·sem² (ρ: E ρ²), so that d·√ρ = quantile·√2·sem.
    """
    return quantile * sqrt(2) * told.sem_relative / sqrt(told.relative) if told.relative > 0 else float("inf")


def nearly_sure(report_):
    """Points by which two products must differ for the order to be nearly sure (39 of 40); None where that is not known."""
    variances = report_.summary.get("nodes", {}).get(ROOT)
    if report_.present is None:
        return None
    return _apart(_reliability(variances, report_.present.size), NEARLY_SURE)


# --- dimensions ----------------------------------------------------------------------------------


def _nodes(round_, summary):
    """A NodeLine for every node of the round's trees, in reading order; two queries."""
    told, size, lines = summary.get("nodes", {}), summary["reliability"]["panel"], []
    versions = list(
        SetVersion.objects.filter(sheet_parts__sheet__round=round_).select_related("set").distinct().order_by("set__layer", "pk")
    )
    below = {}
    for indicator in Indicator.objects.filter(version__in=versions).select_related("scale").order_by("version", "position", "pk"):
        below.setdefault(indicator.version_id, []).append(indicator)
    for place, version in enumerate(versions, 1):
        name = f"{version.set.code}:{version.number}"
        lines.append(_node("part", version.set.title, str(place), 0, told.get(name), size))
        for node in walk(nested(below.get(version.pk, []))):
            kind = "indicator" if node.is_leaf else "dimension"
            lines.append(_node(kind, node.title, node.number, node.depth, told.get(f"{name}/{node.code}"), size))
    return lines


def _node(kind, title, number, depth, variances, size):
    if not variances:
        return NodeLine(kind, title, number, depth, None, None, [])
    told = _reliability(variances, size)
    shares = [share.share for share in _shares(variances)]
    known = told.relative == told.relative
    return NodeLine(kind, title, number, depth, told.relative if known else None, told.sem_relative, shares)


# --- who joins what ------------------------------------------------------------------------------


def _components(run, audience):
    parts = run.summary.get("components", [])
    names = {}
    if audience == STAFF and parts:
        names = {row.pk: str(row) for row in _people([pk for part in parts for pk in part["assessors"]])}
    return [
        Component(
            place, len(part["entries"]), sorted(names[pk] for pk in part["assessors"] if pk in names), len(part["assessors"])
        )
        for place, part in enumerate(parts, 1)
    ]


def _people(ids):
    return Assessor.objects.filter(pk__in=ids).select_related("user").order_by("user__sort_key", "pk")


def _names(ids):
    return [str(row) for row in _people(ids)] if ids else []


def links(round_):
    """Who rated what among the counted sheets of a round, in an order that shows the parts; three queries."""
    aside = SetAside.objects.filter(round=round_, ended_at=None).values("assessor")
    counted = Assignment.objects.filter(entry__round=round_, status=Assignment.Status.SUBMITTED).exclude(assessor__in=aside)
    pairs = np.fromiter(counted.values_list("entry", "assessor").iterator(), dtype=(np.int64, 2)).reshape(-1, 2)
    products, product = np.unique(pairs[:, 0], return_inverse=True)
    assessors, assessor = np.unique(pairs[:, 1], return_inverse=True)
    columns, rows, parts = reading_order(product, assessor, len(products), len(assessors))
    fragile = set(round_.run.summary.get("fragile_assessors", [])) if round_.run else set()
    rated = csr_array((np.ones(len(pairs)), (assessor, product)), shape=(len(assessors), len(products)))
    loads, colleagues = rated.sum(axis=1), np.diff((rated @ rated.T).indptr) - 1
    people = {row.pk: row for row in _people(assessors.tolist())}
    lines = [
        AssessorLine(people[pk], int(loads[n]), int(colleagues[n]), pk in fragile, int(parts[n]) + 1)
        for n, pk in enumerate(assessors.tolist())
    ]
    return Links(
        len(products),
        [lines[n] for n in np.argsort(rows, kind="stable").tolist()],
        sorted(zip(columns[product].tolist(), rows[assessor].tolist(), strict=True)),
    )


def words_on_alpha(run):
    """What Krippendorff's α of the totals says, in a clause; the bounds are those of Krippendorff 2004."""
    alpha = run.summary.get("alpha")
    if alpha is None:
        return _("cannot be told")
    if not run.is_fair:
        return _("from too few ratings to be judged by")
    if alpha >= 0.8:
        return _("the assessors agree well")
    if alpha >= 0.667:
        return _("the assessors agree fairly")
    return (
        _("single assessors differ much, therefore a panel and the correction are needed")
        if alpha > 0
        else _("single assessors do not agree")
    )


def words_on_groups(groups, products):
    return ngettext(
        "%(products)s product falls into %(groups)s groups that can be told apart.",
        "%(products)s products fall into %(groups)s groups that can be told apart.",
        products,
    ) % {"products": num(products), "groups": num(groups)}
