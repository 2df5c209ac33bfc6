"""A published round as everybody reads it: how it was computed, how far it can be relied on, and the data to check it."""

import math
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from assessments.models import Round, RoundBundle, Score, ScoringRun, SetVersion
from assessments.scoring.scheme import ROOT
from assessments.selectors.reliability import report, words_on_alpha
from assessments.selectors.score_readers import PUBLIC
from secretariat.templatetags.portal_text import num

# With fewer totals a picture without names would still tell whose they are.
LEAST_PICTURED = 5


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
        reliability_in_words(round_),
    )


def reliability_in_words(round_):
    """How far the scores of a round can be relied on, as sentences with their figures."""
    told = report(round_, PUBLIC)
    said, summary = [told.verdict], round_.run.summary
    error = summary.get("reliability", {}).get("sem_relative")
    if error is not None:
        said.append(_("By chance alone a score is usually off by %(points)s points.") % {"points": num(error, 1)})
    root = summary.get("nodes", {}).get(ROOT)
    if root:
        said.append(
            _("Assessors differ in severity: usually one lies %(points)s points from the average of all. That is corrected.")
            % {"points": num(math.sqrt(max(0.0, root["assessor"])), 1)}
        )
    alpha = summary.get("alpha")
    if alpha is not None:
        said.append(
            _(
                "Krippendorff’s alpha of the totals as they were given, 0 for chance and 1 for full agreement, is %(alpha)s: %(words)s."
            )
            % {"alpha": num(alpha, 2), "words": words_on_alpha(round_.run)}
        )
    return said
