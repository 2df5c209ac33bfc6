"""Weight studies as they are read: what an expert has answered, how consistently, and what all say together."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import Comparison, Indicator, SetVersion, StudyExpert, StudyGroup, StudyItem, WeightStudy
from assessments.scoring import comparisons as engine
from assessments.selectors.sets import tree, walk

# The judgements that an expert is asked to look at again.
DOUBTS = 3


# --- what can be compared ------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A dimension of a version (or its top, `node` None) with the rows below it."""

    node: object
    children: list

    @property
    def code(self):
        return self.node.code if self.node else ""

    @property
    def title(self):
        return self.node.title if self.node else _("The dimensions")

    @property
    def pairs(self):
        return pairs_of(len(self.children))


def places(version):
    """Where at least two rows, and not more than can be compared, stand together. One query."""
    top = tree(version)
    every = [Place(None, top), *(Place(node, node.children) for node in walk(top))]
    return [place for place in every if 2 <= len(place.children) <= engine.MOST_ITEMS]


def pairs_of(count):
    """How many pairs `count` rows have."""
    return count * (count - 1) // 2


# --- one expert, one group -----------------------------------------------------------------------


@dataclass(frozen=True)
class Doubt:
    """A judgement that departs from the expert's others, with the answer that would fit them."""

    left: StudyItem
    right: StudyItem
    step: int
    fitting: int


class Answers:
    """What one expert answered on one group: {(left, right): step} by the positions of the items."""

    def __init__(self, group, steps):
        self.group, self.items, self.steps = group, group.rows, steps
        self.pairs = pairs_of(len(self.items))
        self.matrix = engine.matrix_of(len(self.items), {pair: engine.ratio(step) for pair, step in steps.items()})

    @property
    def done(self):
        return len(self.steps)

    @cached_property
    def separated(self):
        """Groups of items between which no comparison stands, as lists of items; empty when all hang together."""
        groups = engine.separated(self.matrix)
        return [] if len(groups) == 1 else [[self.items[n] for n in group] for group in groups]

    @property
    def is_connected(self):
        return not self.separated

    @cached_property
    def reading(self):
        """Weights and consistency, or None while the answers do not connect all items."""
        return engine.reading(self.matrix) if self.is_connected else None

    @property
    def is_unchecked(self):
        """No answer more than is needed: nothing that could contradict, so the ratio says nothing."""
        return self.is_connected and self.done == len(self.items) - 1

    @property
    def is_contradictory(self):
        return self.reading is not None and self.reading.consistency_ratio > engine.ACCEPTABLE_RATIO

    @cached_property
    def doubts(self):
        """The judgements least in keeping with the others, where another answer would fit better."""
        if self.reading is None or self.is_unchecked:
            return []
        found = engine.most_inconsistent(self.matrix, self.reading.weights, DOUBTS)
        doubts = [
            Doubt(self.items[one.left], self.items[one.right], self.steps[one.left, one.right], engine.nearest_step(one.fitting))
            for one in found
        ]
        return [doubt for doubt in doubts if doubt.step != doubt.fitting]

    @property
    def weighed(self):
        """(item, percent) pairs by these answers."""
        return list(zip(self.items, percents(self.reading.weights), strict=True))


def percents(weights):
    return [float(100 * weight) for weight in weights]


def groups_of(study):
    """The groups of a study, each with its items as `rows`. Two queries."""
    groups = list(StudyGroup.objects.filter(study=study).order_by("position"))
    rows = {}
    for item in StudyItem.objects.filter(group__study=study).order_by("group__position", "position"):
        rows.setdefault(item.group_id, []).append(item)
    for group in groups:
        group.rows = rows[group.pk]
    return groups


def answers_of(expert, groups):
    """The Answers of one expert, one for each group. One query."""
    return _answers([expert], groups)[expert.pk]


def _answers(experts, groups):
    """{expert: [Answers, one for each group]}."""
    place = {item.pk: (at, n) for at, group in enumerate(groups) for n, item in enumerate(group.rows)}
    steps = {expert.pk: [{} for _group in groups] for expert in experts}
    rows = Comparison.objects.filter(expert__in=[expert.pk for expert in experts])
    for expert, left, right, step in rows.values_list("expert", "left", "right", "step"):
        at, first = place[left]
        steps[expert][at][first, place[right][1]] = step
    return {
        expert: [Answers(group, given) for group, given in zip(groups, by_group, strict=True)]
        for expert, by_group in steps.items()
    }


# --- all experts together ------------------------------------------------------------------------


@dataclass
class Work:
    """An expert with his answers to every group."""

    expert: StudyExpert
    answers: list

    @property
    def done(self):
        return sum(one.done for one in self.answers)

    @property
    def pairs(self):
        return sum(one.pairs for one in self.answers)

    @property
    def is_complete(self):
        """Whether weights follow from the answers to every group."""
        return all(one.is_connected for one in self.answers)

    @property
    def worst(self):
        """The least consistent of his groups that can be judged, or None."""
        judged = [one for one in self.answers if one.reading is not None]
        return max(judged, key=lambda one: one.reading.consistency_ratio, default=None)

    @property
    def counts(self):
        return self.expert.finished_at is not None and self.expert.excluded_at is None


class Joined:
    """One group by the experts together: those that count, and all that finished where some were left out."""

    def __init__(self, group, works, at):
        self.group, self.items = group, group.rows
        finished = [(work.expert, work.answers[at]) for work in works if work.expert.finished_at]
        self.each = [(expert, answers, percents(answers.reading.weights)) for expert, answers in finished]
        self.counted = [one for one in self.each if one[0].excluded_at is None]
        self.reading = _join(self.counted)
        self.with_all = _join(self.each) if len(self.counted) < len(self.each) else None

    @property
    def is_connected(self):
        return self.reading is not None

    @property
    def is_unchecked(self):
        """As with one expert: together they answered no pair more than is needed."""
        pairs = {pair for _expert, answers, _percents in self.counted for pair in answers.steps}
        return self.is_connected and len(pairs) == len(self.items) - 1

    @property
    def is_contradictory(self):
        return self.is_connected and self.reading.consistency_ratio > engine.ACCEPTABLE_RATIO

    @property
    def disagreement(self):
        """The percent of weight that an expert would place otherwise than all together, on average."""
        if self.reading is None or len(self.counted) < 2:
            return None
        individuals = [answers.reading.weights for _expert, answers, _percents in self.counted]
        return 100 * engine.disagreement(self.reading.weights, individuals)

    @property
    def cross_check(self):
        """The largest difference, in percent, between these weights and those by the row geometric mean."""
        return 100 * float(np.abs(self.reading.weights - self.reading.row_means).max())

    @property
    def rows(self):
        """Item by item: the weights joined, with all, by row means, and of each expert, in percent."""
        columns = {
            "joined": self.reading and percents(self.reading.weights),
            "with_all": self.with_all and percents(self.with_all.weights),
            "row_mean": self.reading and percents(self.reading.row_means),
        }
        return [
            {
                "item": item,
                **{name: found[n] if found else None for name, found in columns.items()},
                "each": [(expert, weights[n]) for expert, _answers, weights in self.each],
            }
            for n, item in enumerate(self.items)
        ]


def _join(each):
    """What these experts' answers say together, or None without any."""
    return engine.reading(engine.joined([answers.matrix for _expert, answers, _percents in each])) if each else None


@dataclass
class Standing:
    """A study wholly: its experts with their work, its groups with what they say together."""

    works: list
    joined: list

    @property
    def counted(self):
        return [work for work in self.works if work.counts]

    @property
    def unfinished(self):
        return [work for work in self.works if work.expert.finished_at is None]


def standing(study):
    """Everything an officer sees of a study. Four queries, however many experts there are."""
    groups = groups_of(study)
    experts = list(StudyExpert.objects.filter(study=study).select_related("user", "excluded_by").order_by("pk"))
    answers = _answers(experts, groups)
    works = [Work(expert, answers[expert.pk]) for expert in experts]
    return Standing(works, [Joined(group, works, at) for at, group in enumerate(groups)])


# --- lists ---------------------------------------------------------------------------------------


def studies_with_counts(user):
    """Studies that `user` may see, with how many experts were asked and have finished."""
    return (
        WeightStudy.objects.visible_to(user)
        .select_related("version__set")
        .annotate(
            expert_count=Count("experts", distinct=True),
            finished_count=Count("experts", filter=Q(experts__finished_at__isnull=False), distinct=True),
        )
    )


def running_study(version):
    """The study of a version whose weights may still be adopted, or None."""
    return WeightStudy.objects.filter(version=version, status__in=rules.RUNNING_STUDIES).first()


def draft_of(set_id):
    """The draft of a set, or None."""
    return SetVersion.objects.filter(set=set_id, status=SetVersion.Status.DRAFT).first()


def waiting_for(user):
    """The open studies in which `user` has still to compare, nearest deadline first."""
    return (
        StudyExpert.objects.filter(user=user, study__status=rules.StudyStatus.OPEN, finished_at=None, excluded_at=None)
        .select_related("study__version__set")
        .order_by("study__deadline", "pk")
    )


def codes_below(version):
    """{code of a dimension ("" for the top): {code of a row below it: the row}} of a version. One query."""
    rows = list(Indicator.objects.filter(version=version))
    codes = {row.pk: row.code for row in rows}
    found = {}
    for row in rows:
        found.setdefault(codes.get(row.parent_id, ""), {})[row.code] = row
    return found
