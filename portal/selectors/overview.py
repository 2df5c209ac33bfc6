"""The years in figures, for those who lead: rounds, taking part, reliability, and what agencies and provinces brought.

Only rounds whose results are published count, each in the Jalali year in which it was published. Demonstration rounds count
only where there is no other.
"""

from dataclasses import dataclass, field
from statistics import median, quantiles

from django.db.models import Count, F, Max, OuterRef, Q, Subquery

from assessments.models import Assignment, Entry, Round, RoundMove
from assessments.rules import PUBLIC_ROUNDS
from products.models import Product, QualityMark
from secretariat.bilingual import in_language
from secretariat.calendar import day_of
from secretariat.persian.dates import to_jalali

# A mean of fewer products says more of chance than of an agency, and lets single scores be guessed.
LEAST_SHOWN = 5


@dataclass
class RoundLine:
    """One published round."""

    round: Round
    year: int
    products: int = 0
    asked: int = 0  # assessments that were asked for
    submitted: int = 0
    declined: int = 0
    assessors: int = 0
    reliability: float | None = None  # of the panel's fair scores, 0–1

    @property
    def share(self):
        """Percent of the assessments asked for that were submitted."""
        return 100 * self.submitted / self.asked if self.asked else None


@dataclass
class YearLine:
    """What happened in one Jalali year."""

    year: int
    rounds: list = field(default_factory=list)
    scores: list = field(default_factory=list)
    marks: int = 0

    def total(self, name):
        return sum(getattr(line, name) for line in self.rounds)

    @property
    def products(self):
        return self.total("products")

    @property
    def submitted(self):
        return self.total("submitted")

    @property
    def share(self):
        asked = self.total("asked")
        return 100 * self.submitted / asked if asked else None

    @property
    def reliability(self):
        """The mean over the rounds that have one, each weighed by its products."""
        known = [(line.reliability, line.products) for line in self.rounds if line.reliability is not None and line.products]
        return sum(value * count for value, count in known) / sum(count for _value, count in known) if known else None

    @property
    def middle(self):
        return median(self.scores) if len(self.scores) >= LEAST_SHOWN else None

    @property
    def quarters(self):
        """Between which scores the middle half lies."""
        if len(self.scores) < LEAST_SHOWN:
            return None
        low, _middle, high = quantiles(self.scores, n=4, method="inclusive")
        return low, high


@dataclass
class OwnerLine:
    """What an agency, or the agencies of a province, brought to the rounds."""

    name: str
    key: object
    handed_in: int = 0
    judged: int = 0
    marks: int = 0
    scores: list = field(default_factory=list)

    @property
    def middle(self):
        return median(self.scores) if len(self.scores) >= LEAST_SHOWN else None


@dataclass
class Overview:
    years: list  # YearLine, the oldest first
    rounds: list  # RoundLine, the newest first
    agencies: list  # OwnerLine
    provinces: list
    is_demo: bool

    @property
    def known_years(self):
        return [line.year for line in self.years]


def overview(year=None):
    """The figures of all years, and what agencies and provinces brought in all of them or in one. Seven queries."""
    rounds, is_demo = _rounds()
    years = {}
    for line in rounds:
        years.setdefault(line.year, YearLine(line.year)).rounds.append(line)
    of_round = {line.round.pk: line for line in rounds}
    agencies, provinces = {}, {}
    entries = Entry.objects.ranked().filter(round__in=of_round, result__value__isnull=False)
    found = entries.values_list(
        "round", "result__value", "subject__agency", "subject__agency__name_fa", "subject__agency__name_en",
        "subject__agency__province", "subject__agency__province__name_fa", "subject__agency__province__name_en",
    )  # fmt: skip
    for round_id, value, *owner in found:
        line = of_round[round_id]
        line.products += 1
        years[line.year].scores.append(value)
        if year in (None, line.year):
            for one in _owners(agencies, provinces, owner):
                one.judged += 1
                one.scores.append(value)
    _handed_in(agencies, provinces, year, is_demo)
    _marks(agencies, provinces, years, year, is_demo)
    return Overview(
        sorted(years.values(), key=lambda line: line.year),
        sorted(rounds, key=lambda line: (line.year, line.round.pk), reverse=True),
        sorted(agencies.values(), key=lambda line: (-line.judged, -line.handed_in, line.name)),
        sorted(provinces.values(), key=lambda line: (-line.judged, -line.handed_in, line.name)),
        is_demo,
    )


def _rounds():
    published = RoundMove.objects.filter(round=OuterRef("pk"), action="publish").order_by().values("round")
    rows = Round.objects.filter(status__in=PUBLIC_ROUNDS).select_related("run")
    rows = list(rows.annotate(published_at=Subquery(published.annotate(last=Max("at")).values("last"))))
    is_demo = bool(rows) and all(row.is_demo for row in rows)
    lines = [
        RoundLine(row, year_of(row.published_at or row.deadline), reliability=_reliability(row.run))
        for row in rows
        if is_demo or not row.is_demo
    ]
    asked = (
        Assignment.objects.filter(entry__round__in=[line.round for line in lines], entry__excluded_at=None)
        .order_by()
        .values("entry__round")
        .annotate(
            asked=Count("pk", filter=~Q(status="withdrawn")),
            submitted=Count("pk", filter=Q(status="submitted")),
            declined=Count("pk", filter=Q(status="declined")),
            assessors=Count("assessor", filter=Q(status="submitted"), distinct=True),
        )
    )
    counts = {row.pop("entry__round"): row for row in asked}
    for line in lines:
        for name, count in counts.get(line.round.pk, {}).items():
            setattr(line, name, count)
    return lines, is_demo


def _reliability(run):
    told = (run.summary if run else {}).get("reliability") or {}
    return told.get("relative")


def _owners(agencies, provinces, owner):
    """The lines of an agency and of its province: `owner` is key and names of both."""
    agency, fa, en, province, province_fa, province_en = owner
    found = [agencies.setdefault(agency, OwnerLine(in_language(fa, en), agency))]
    if province is not None:
        found.append(provinces.setdefault(province, OwnerLine(in_language(province_fa, province_en), province)))
    return found


_OWNER = ("agency", "agency__name_fa", "agency__name_en", "agency__province", "agency__province__name_fa", "agency__province__name_en")


def _handed_in(agencies, provinces, year, is_demo):
    handed_in = Product.objects.exclude(submitted_at=None)
    if not is_demo:
        handed_in = handed_in.filter(is_demo=False)
    for at, *owner in handed_in.values_list("submitted_at", *_OWNER):
        if year in (None, year_of(at)):
            for one in _owners(agencies, provinces, owner):
                one.handed_in += 1


def _marks(agencies, provinces, years, year, is_demo):
    granted = QualityMark.objects.exclude(granted_at=None)
    if not is_demo:
        granted = granted.filter(product__is_demo=False)
    for at, *owner in granted.values_list("granted_at", *(F(f"product__{name}") for name in _OWNER)):
        in_year = year_of(at)
        if in_year in years:
            years[in_year].marks += 1
        if year in (None, in_year):
            for one in _owners(agencies, provinces, owner):
                one.marks += 1


def year_of(instant):
    """The Jalali year of a moment, in Tehran."""
    return to_jalali(day_of(instant)).year
