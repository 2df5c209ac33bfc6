"""The results of a round as a ranked list, or as separate lists where its parts cannot be compared; and how they came about."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from operator import or_

from django.core.cache import cache
from django.db.models import Case, Count, F, Max, Min, OuterRef, Q, Subquery, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments.models import Assessor, AssessorReading, Entry, IndicatorSet, ModeratedScore, Score, ScoringRun
from assessments.scoring.crossed import LEAST_ASSESSORS, LEAST_FREEDOM, LEAST_PRODUCTS
from assessments.selectors.rounds import awaiting_computation
from assessments.selectors.standing import Band, sought
from secretariat.bilingual import in_language
from secretariat.calendar import digits, reads_persian

# A statement of which the chance is below 0.75 is not made: of two products, of a band, of a place among those sought.
UNSURE = 0.25
MOST_NAMES = 8
KEPT = 600  # seconds

_OF_SCORE = (
    "low", "high", "standard_error", "raters", "coverage", "raw_mean", "adjustment",
    "p_top", "p_misclassified", "without_low", "without_high", "robust",
)  # fmt: skip
# What was left out since the run was computed still has these there.
_OF_PLACE = ("component", "rank", "rank_low", "rank_high", "group")


# --- the list ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Products of one list that cannot be told apart from the first of them."""

    size: int
    first: int  # rank
    last: int


@dataclass(frozen=True)
class Part:
    """A list of its own: products that may be compared with one another."""

    number: int
    products: int
    sought: int


@dataclass(frozen=True)
class AsAWhole:
    """What follows from a run alone."""

    parts: dict  # number → Part
    groups: dict  # (part number, group number) → Group
    fragile: list  # names, at most MOST_NAMES
    fragile_count: int
    missing: list  # sentences: what a run of plain means lacked


def run_as_a_whole(run):
    """The AsAWhole of a run. A run never changes, so this is kept for a while, in the reader's language."""
    key = f"results:{run.pk}:{run.inputs_hash[:16]}:{'fa' if reads_persian() else 'en'}"
    return cache.get_or_set(key, lambda: _read_whole(run), KEPT)


def _read_whole(run):
    ranked = Score.objects.filter(run=run, part=None, indicator=None, rank__isnull=False)
    counted = ranked.values_list("component", "group").annotate(Count("pk"), Min("rank"), Max("rank"))
    sizes, groups = {}, {}
    for part, group, size, first, last in counted.order_by("component", "group"):
        sizes[part] = sizes.get(part, 0) + size
        if group is not None:
            groups[part, group] = Group(size, first, last)
    parts = {number: Part(number, size, sought(run, size)) for number, size in sizes.items()}
    keys = run.summary.get("fragile_assessors", [])
    people = Assessor.objects.filter(pk__in=keys).select_related("user").order_by("user__sort_key", "pk")[:MOST_NAMES]
    names = [str(assessor) for assessor in people] if keys else []
    return AsAWhole(parts, groups, names, len(keys), [] if run.is_fair else what_is_missing(run))


class Results:
    """What a page of results knows of its round as a whole."""

    def __init__(self, round_):
        self.round, self.run = round_, round_.run
        self.cuts = list(round_.run.summary.get("cuts", round_.cuts) if round_.run else round_.cuts)

    @cached_property
    def _told(self):
        return run_as_a_whole(self.run) if self.run else AsAWhole({}, {}, [], 0, [])

    @property
    def parts(self):
        return self._told.parts

    @property
    def fragile(self):
        """The first names of those without whom the round would fall apart, and how many more there are."""
        return self._told.fragile, self._told.fragile_count - len(self._told.fragile)

    @property
    def is_connected(self):
        return self.run is None or self.run.is_connected

    @property
    def is_fair(self):
        return self.run is not None and self.run.is_fair

    @property
    def ranked(self):
        return sum(part.products for part in self.parts.values())

    def entries(self):
        """The entries of the round with the figures of their totals; None where there is nothing to say."""
        figures = {name: F(f"result__{name}") for name in _OF_SCORE}
        places = {name: Case(When(excluded_at=None, is_calibration=False, then=F(f"result__{name}"))) for name in _OF_PLACE}
        entries = Entry.objects.filter(round=self.round).select_related("subject__agency")
        agreed = ModeratedScore.objects.filter(run=self.round.run_id, entry=OuterRef("pk")).values("value")
        return entries.annotate(
            score=F("result__value"), gate=F("result__gate_failed"), agreed=Subquery(agreed), **figures, **places
        )

    def part_of(self, row):
        return self.parts.get(row.component)

    def group_of(self, row):
        """The group of a row that has company in it, or None."""
        group = self._told.groups.get((row.component, row.group))
        return group if group is not None and group.size > 1 else None

    def is_sought(self, row):
        part = self.part_of(row)
        return part is not None and row.rank is not None and row.rank <= part.sought

    # -- bands

    @cached_property
    def bands(self):
        """The bands of the total, the lowest first."""
        return [Band(begin, end, 0.0, False) for begin, end in pairwise([None, *self.cuts, None])]

    def band_of(self, value):
        return None if value is None else self.bands[bisect_right(self.cuts, value)]

    def in_band(self, entries, place):
        band = self.bands[int(place)]
        within = Q(score__isnull=False)
        if band.begin is not None:
            within &= Q(score__gte=band.begin)
        if band.end is not None:
            within &= Q(score__lt=band.end)
        return entries.filter(within)

    # -- what must be said beside a score

    def is_near_an_edge(self, row):
        return row.p_misclassified is not None and row.p_misclassified > UNSURE

    def is_at_the_line(self, row):
        """Whether it is among those sought cannot be told."""
        return row.rank is not None and row.p_top is not None and UNSURE < row.p_top < 1 - UNSURE

    def is_sensitive(self, row):
        """Its band would be another if some one assessor were left out."""
        own = self.band_of(row.score)
        return any(value is not None and self.band_of(value) is not own for value in (row.without_low, row.without_high) if own)

    def sensitive(self):
        """`is_sensitive` as a condition of `entries`."""
        across = [Q(score__gte=cut, without_low__lt=cut) | Q(score__lt=cut, without_high__gte=cut) for cut in self.cuts]
        return reduce(or_, across, Q(pk__in=[]))

    def noteworthy(self):
        """{key: (label, condition of `entries`)} of what a list of results can be narrowed to."""
        return {
            "line": (_("at the line of those sought"), Q(rank__isnull=False, p_top__gt=UNSURE, p_top__lt=1 - UNSURE)),
            "edge": (_("near a band's edge"), Q(p_misclassified__gt=UNSURE)),
            "sensitive": (_("hangs on one assessor"), self.sensitive()),
            "gate": (_("failed a gate"), Q(gate=True)),
            "unscored": (_("without a score"), Q(score=None)),
            "out": (_("left out"), Q(excluded_at__isnull=False)),
        }


def kinds_and_agencies(round_):
    """(sets, agencies) that take part in a round, as (key, label) to choose from, sorted. One query."""
    path = "sheet__parts__version__set"
    rows = Entry.objects.filter(round=round_).values_list(
        path, f"{path}__layer", f"{path}__title_fa", f"{path}__title_en",
        "subject__agency", "subject__agency__name_fa", "subject__agency__name_en",
    )  # fmt: skip
    sets, agencies = {}, {}
    for set_, layer, set_fa, set_en, agency, agency_fa, agency_en in rows.distinct().order_by():
        agencies[agency] = in_language(agency_fa, agency_en)
        if layer == IndicatorSet.Layer.KIND:
            sets[set_] = in_language(set_fa, set_en)
    return [sorted(found.items(), key=lambda one: one[1]) for found in (sets, agencies)]


# --- how they came about -------------------------------------------------------------------------


@dataclass
class RunState:
    """The current run of a round, the one at work, and what waits for it."""

    current: ScoringRun | None
    running: ScoringRun | None
    stale: int  # entries whose inputs changed since
    is_stopped: bool = False  # somebody stopped the run that these changes had asked for

    @property
    def is_moving(self):
        return self.running is not None or (self.stale > 0 and not self.is_stopped)

    @property
    def word(self):
        """The state in one word with how far it is in quarters: what is worth saying aloud again."""
        if self.running is not None:
            return f"running-{self.running.progress // 25}"
        if self.is_stopped:
            return "stopped"
        return "stale" if self.stale else f"done-{self.current.pk if self.current else 0}"


def run_state(round_):
    """Where the computation of a round stands. One query, another where nothing was computed yet or something waits."""
    wanted = ScoringRun.objects.filter(Q(pk=round_.run_id) | Q(round=round_, status=ScoringRun.Status.RUNNING))
    waiting = Entry.objects.stale().filter(round=OuterRef("round")).order_by().values("round").annotate(n=Count("pk")).values("n")
    rows = list(wanted.select_related("asked_by").annotate(stale=Subquery(waiting)))
    found = {run.status: run for run in rows}
    stale = (rows[0].stale or 0) if rows else Entry.objects.stale().filter(round=round_).count()
    running = found.get(ScoringRun.Status.RUNNING)
    stopped = bool(stale) and running is None and not awaiting_computation().filter(round=round_).exists()
    return RunState(found.get(ScoringRun.Status.DONE), running, stale, stopped)


def what_is_missing(run):
    """Sentences on what a run of plain means lacked to tell how strict each assessor is."""
    judged = Score.objects.filter(run=run, part=None, indicator=None, raters__gt=0)
    products, paired = judged.count(), judged.filter(raters__gte=2).count()
    readings = AssessorReading.objects.filter(run=run)
    assessors, several = readings.count(), readings.filter(sheets__gte=2).count()
    freedom = run.summary.get("sheets", 0) - products - assessors + run.component_count
    found = []
    if paired < LEAST_PRODUCTS:
        found.append(
            ngettext(
                "%(least)s products with two assessments or more are needed; there is %(count)s.",
                "%(least)s products with two assessments or more are needed; there are %(count)s.",
                paired,
            )
            % {"least": digits(LEAST_PRODUCTS), "count": digits(paired)}
        )
    if several < LEAST_ASSESSORS:
        found.append(
            ngettext(
                "%(least)s assessors who judged two products or more are needed; there is %(count)s.",
                "%(least)s assessors who judged two products or more are needed; there are %(count)s.",
                several,
            )
            % {"least": digits(LEAST_ASSESSORS), "count": digits(several)}
        )
    if freedom < LEAST_FREEDOM:
        lacking = LEAST_FREEDOM - freedom
        found.append(
            ngettext(
                "%(count)s more assessment of these products by these assessors is needed, so that they share enough of them.",
                "%(count)s more assessments of these products by these assessors are needed, so that they share enough of them.",
                lacking,
            )
            % {"count": digits(lacking)}
        )
    return found
