"""A published round as everybody reads it: how it was computed, how far it can be relied on, and the data to check it."""

import math
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.models import Round, RoundBundle, Score, ScoringRun, SetVersion
from secretariat.templatetags.portal_text import num, percent

# With fewer totals a picture without names would still tell whose they are.
LEAST_PICTURED = 5
# From this share of true differences on, scores are called so (usual bounds of reliability coefficients).
GRADES = (
    (0.9, gettext_lazy("Differences between products can be relied on very well.")),
    (0.8, gettext_lazy("Differences between products can be relied on.")),
    (0.7, gettext_lazy("Large differences between products can be relied on, small ones cannot.")),
    (-math.inf, gettext_lazy("Only very large differences between products can be relied on.")),
)


@dataclass
class List:
    """A list of products that may be compared with one another; totals without names."""

    number: int
    values: list  # rising

    @property
    def count(self):
        return len(self.values)

    @property
    def is_pictured(self):
        return self.count >= LEAST_PICTURED


@dataclass
class OpenRound:
    """Everything the public page of a round shows."""

    round: Round
    run: ScoringRun
    bundle: RoundBundle | None
    lists: list
    versions: list  # the set versions that were judged by
    published_at: datetime | None
    reliability: list = field(default_factory=list)  # sentences

    @property
    def summary(self):
        return self.run.summary

    @property
    def is_fair(self):
        return self.run.is_fair

    @property
    def products(self):
        return sum(one.count for one in self.lists)


def released_bundle(run):
    """The released bundle of a run, or None."""
    return RoundBundle.objects.filter(run=run, released_at__isnull=False).first()


def open_round(round_):
    """What is told of a published round; the caller has made sure that it is published."""
    run = round_.run
    lists = {}
    totals = Score.objects.filter(run=run, part=None, indicator=None, rank__isnull=False, value__isnull=False)
    for component, value in totals.order_by("component", "value").values_list("component", "value"):
        lists.setdefault(component, List(component, [])).values.append(value)
    versions = SetVersion.objects.filter(sheet_parts__sheet__round=round_).select_related("set").distinct()
    move = round_.moves.filter(action="publish").order_by("-pk").first()
    return OpenRound(
        round_,
        run,
        released_bundle(run),
        [lists[component] for component in sorted(lists)],
        list(versions.order_by("set__sort_key", "number")),
        move.at if move else run.frozen_at,
        reliability_in_words(run),
    )


def reliability_in_words(run):
    """How far the scores of a run can be relied on, as sentences with their figures; none without a fair fit."""
    told, root = run.summary.get("reliability"), run.summary.get("nodes", {}).get("root")
    if not run.is_fair or not told or not root:
        return []
    said = []
    relative = told.get("relative")
    if relative is not None:
        grade = next(words for least, words in GRADES if relative >= least)
        said.append(
            _(
                "%(true)s of the differences between the scores are differences between the products, the rest is chance. %(grade)s"
            )
            % {"true": percent(100 * relative, 0), "grade": grade}
        )
    if told.get("sem_relative") is not None:
        said.append(_("By chance alone a score is usually off by %(points)s points.") % {"points": num(told["sem_relative"], 1)})
    spread = num(math.sqrt(max(0.0, root["assessor"])), 1)
    said.append(
        _("Assessors differ in severity: usually one lies %(points)s points from the average of all. That is corrected.")
        % {"points": spread}
    )
    alpha = run.summary.get("alpha")
    if alpha is not None:
        said.append(
            _("Before any correction two assessors agree on a product by %(alpha)s, where 0 is chance and 1 is full agreement.")
            % {"alpha": num(alpha, 2)}
        )
    return said
