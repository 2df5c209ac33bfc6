"""What may be said of a total beside its value: its place in the round, the bands it may belong to, how firmly it stands."""

from bisect import bisect_right
from dataclasses import dataclass, field

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from assessments.models import Score
from secretariat.templatetags.portal_text import num


@dataclass
class Band:
    """A band of the total score, `begin` to `end` (None: open), with the chance that the product belongs in it, 0–1."""

    begin: float | None
    end: float | None
    chance: float
    is_own: bool  # the band of the score itself

    @property
    def percent(self):
        return 100 * self.chance

    @property
    def short_label(self):
        """The label where there is little room: 70–80."""
        if self.begin is None:
            return _("under %(end)s") % {"end": num(self.end)}
        if self.end is None:
            return _("from %(begin)s") % {"begin": num(self.begin)}
        return f"{num(self.begin)}–{num(self.end)}"

    @property
    def label(self):
        if self.begin is None:
            return _("below %(end)s") % {"end": num(self.end)}
        if self.end is None:
            return _("%(begin)s and above") % {"begin": num(self.begin)}
        return _("%(begin)s to below %(end)s") % {"begin": num(self.begin), "end": num(self.end)}


@dataclass
class Standing:
    """The standing of one total in its run. None, empty or 0: there is nothing to say, or it is not said to this audience."""

    products: int = 0  # that stand in the same list
    place: int | None = None  # exactly; for staff and council
    place_low: int | None = None  # 95 % interval of the place
    place_high: int | None = None
    alike: int = 0  # other products that cannot be told apart from it; for staff and council
    top: int = 0  # how many of its list are sought
    chance_top: float | None = None  # 0–1; for staff and council
    bands: list = field(default_factory=list)
    chance_other_band: float | None = None  # that it belongs in another band than that of its score, 0–1
    without_low: float | None = None  # range of the score when any one assessor is left out
    without_high: float | None = None
    robust: float | None = None
    part: int | None = None  # which of the lists that cannot be compared, where there are several

    @property
    def says_place(self):
        return self.place is not None or self.place_low is not None

    @property
    def is_sure_of_place(self):
        return self.place_low is not None and self.place_low == self.place_high

    @property
    def top_percent(self):
        return None if self.chance_top is None else 100 * self.chance_top

    @property
    def other_band_percent(self):
        return None if self.chance_other_band is None else 100 * self.chance_other_band


def standing_of(score, run, *, places, exact):
    """The standing of a total of `run`; `places` tells where it stands in the round, `exact` also what concerns the others.

    Whoever is told its place learns an interval and of how many; the rank itself, the chance of being among the best and
    how many are like it are for those who see the whole list.
    """
    told = Standing(
        bands=_bands(score, run.summary.get("cuts", [])),
        chance_other_band=score.p_misclassified,
        without_low=score.without_low,
        without_high=score.without_high,
        robust=score.robust,
    )
    if not places or score.rank is None:
        return told
    told.place_low, told.place_high = score.rank_low, score.rank_high
    told.part = score.component if run.component_count > 1 else None
    listed = Score.objects.filter(run=run, component=score.component, part=None, indicator=None, rank__isnull=False)
    counts = listed.aggregate(all=Count("pk"), group=Count("pk", filter=Q(group=score.group)))
    told.products = counts["all"]
    if exact:
        told.place, told.chance_top = score.rank, score.p_top
        told.alike = counts["group"] - 1 if score.group is not None else 0
        told.top = sought(run, counts["all"])
    return told


def sought(run, listed):
    """How many of this list are sought: of lists that cannot be compared, each has its share."""
    summary = run.summary
    share = listed / summary["products"] if summary.get("products") else 1
    return min(listed, max(1, round(summary.get("top", 0) * share)))


def _bands(score, cuts):
    if not score.p_bands or len(score.p_bands) != len(cuts) + 1:
        return []
    own = bisect_right(cuts, score.value)
    edges = [None, *cuts, None]
    return [Band(edges[place], edges[place + 1], chance, place == own) for place, chance in enumerate(score.p_bands)]
