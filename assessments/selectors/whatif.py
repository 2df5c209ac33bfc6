"""What officers may ask of a round with “what if”: what can be changed in it, and what would come of it. Writes nothing."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments.models import Assessor, AssessorReading, Entry, Indicator, SetVersion
from assessments.scoring import Inputs, whatif
from assessments.selectors.score_inputs import RoundInputs, round_inputs, version_nodes
from secretariat.calendar import digits

# Beyond so many answers a page would keep its reader waiting; the engine itself takes far more.
MOST_RATINGS = 500_000


# ------------------------------------------------------------------ what can be changed
@dataclass
class Weight:
    """One weight among its siblings; `name` is its word in the address of a scenario."""

    name: str
    title: str
    default: Decimal


@dataclass
class WeightGroup:
    """Siblings that weigh 100 together."""

    key: str
    title: str
    note: str
    weights: list


@dataclass
class AssessorChoice:
    """An assessor whose sheets count in the round."""

    pk: int
    name: str
    sheets: int
    severity: float | None  # points above the others, in the current run


@dataclass
class VersionChoice:
    """A set version that the round uses, and the other published ones of its set; `chosen` is the one in force."""

    used: SetVersion
    others: list
    products: int
    chosen: SetVersion
    nodes: list = field(default_factory=list)  # the indicators of `chosen`

    @property
    def name(self):
        return f"version-{self.used.pk}"

    @property
    def code(self):
        """What the engine calls the part that it is now."""
        return f"{self.used.set.code}:{self.used.number}"


@dataclass
class Choices:
    """Everything of a round that a scenario may change, beside its inputs as they are."""

    round: object
    read: RoundInputs
    assessors: list
    versions: list
    parts: list  # WeightGroup
    places: dict  # name of a part's weight → [(digest of a scheme, key)]

    @property
    def groups(self):
        """Every WeightGroup: the parts of the compositions, then the uppermost nodes of each version in force."""
        return [*self.parts, *(group for choice in self.versions if (group := _top_of(choice)) is not None)]


def choices(round_, wanted):
    """The Choices of a round; `wanted` {name of a VersionChoice: number} says which other versions are in force."""
    read = round_inputs(round_.pk)
    versions = _versions(read, wanted)
    parts, places = _parts(read)
    return Choices(round_, read, _assessors(round_, read), versions, parts, places)


def _assessors(round_, read):
    sheets = np.zeros(len(read.assessors), dtype=int)
    for group in read.inputs.groups:
        sheets += np.bincount(group.assessor, minlength=len(sheets))
    severity = dict(AssessorReading.objects.filter(run=round_.run_id).values_list("assessor", "severity"))
    people = Assessor.objects.filter(pk__in=read.assessors.tolist()).select_related("user").order_by("user__sort_key", "pk")
    number = {pk: n for n, pk in enumerate(read.assessors.tolist())}
    return [AssessorChoice(a.pk, a.user.display_name, int(sheets[number[a.pk]]), severity.get(a.pk)) for a in people]


def _versions(read, wanted):
    used, products = {}, defaultdict(int)
    for group, layout in zip(read.inputs.groups, read.layouts, strict=True):
        for part in layout.parts:
            used[part.version_id] = part.version
            products[part.version_id] += len(group.products)
    ever_published = SetVersion.objects.exclude(status=SetVersion.Status.DRAFT).select_related("set").order_by("number")
    others = defaultdict(list)
    for version in ever_published.filter(set__in={version.set_id for version in used.values()}):
        others[version.set_id].append(version)
    found = []
    for pk, version in used.items():
        choice = VersionChoice(version, [other for other in others[version.set_id] if other.pk != pk], products[pk], version)
        number = wanted.get(choice.name)
        choice.chosen = next((other for other in choice.others if other.number == number), version)
        found.append(choice)
    found.sort(key=lambda choice: (-choice.products, choice.used.set.sort_key or "", choice.used.pk))
    below = defaultdict(list)
    chosen = {choice.chosen.pk for choice in found}
    for indicator in Indicator.objects.filter(version__in=chosen).select_related("scale").order_by("version", "position", "pk"):
        below[indicator.version_id].append(indicator)
    for choice in found:
        choice.nodes = below[choice.chosen.pk]
    return found


def _parts(read):
    """(groups, places) of the weights of the parts: sheets of the same layers and weights are changed together."""
    shapes = defaultdict(list)
    for group, layout in zip(read.inputs.groups, read.layouts, strict=True):
        if len(layout.parts) > 1:
            shapes[tuple((part.version.set.layer, part.weight) for part in layout.parts)].append((group, layout))
    groups, places = [], {}
    for shape, members in sorted(shapes.items(), key=lambda item: len(item[0])):
        key = f"part-{min(layout.parts[0].sheet_id for _group, layout in members)}"
        products = sum(len(group.products) for group, _layout in members)
        weights = []
        for place, (layer, weight) in enumerate(shape):
            alike = {layout.parts[place].version.set_id: layout.parts[place].version.set for _group, layout in members}
            label = next(iter(alike.values())).title if len(alike) == 1 else _LAYERS[layer]()
            weights.append(Weight(f"{key}-{place + 1}", label, weight))
            places[weights[-1].name] = [
                (group.scheme.digest, group.scheme.tree.children(group.scheme.tree.root)[place][0]) for group, _layout in members
            ]
        groups.append(WeightGroup(key, " + ".join(weight.title for weight in weights), _of_products(products), weights))
    return groups, places


_LAYERS = {
    "common": lambda: _("Common indicators"),
    "kind": lambda: _("Indicators of the kind"),
    "overlay": lambda: _("Additional indicators"),
    "organisation": lambda: _("Self-assessment"),
}


def _of_products(count):
    return ngettext("%(count)s product", "%(count)s products", count) % {"count": digits(count)}


def _top_of(choice):
    top = [node for node in choice.nodes if node.parent_id is None]
    if len(top) < 2:
        return None
    weights = [Weight(f"node-{node.pk}", node.title, node.weight) for node in top]
    return WeightGroup(choice.name, choice.chosen.set.title, _of_products(choice.products), weights)


# ------------------------------------------------------------------ what would come of it
@dataclass(frozen=True)
class Scenario:
    """What is asked: changes only, all of them valid for the Choices they were read against."""

    out: tuple = ()  # ids of assessors left out
    weights: dict = field(default_factory=dict)  # name → Decimal
    cuts: tuple | None = None
    top: int | None = None
    plain: bool = False


@dataclass
class Row:
    """A product before and after; scores and ranks are None where there is none."""

    entry: Entry
    before: float | None
    after: float | None
    rank_before: int | None
    rank_after: int | None
    band_before: int | None  # 0 is the uppermost
    band_after: int | None
    enters: bool
    leaves: bool

    @property
    def delta(self):
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def places(self):
        """Ranks won (positive) or lost."""
        return None if self.rank_before is None or self.rank_after is None else self.rank_before - self.rank_after

    @property
    def places_lost(self):
        return -self.places

    @property
    def other_band(self):
        return None not in (self.band_before, self.band_after) and self.band_before != self.band_after


@dataclass
class Answer:
    """What a scenario would give beside what the engine says of the round as it is."""

    rows: list  # Row, in the order of the new ranks
    comparison: whatif.Comparison
    before: object  # scoring.run.Result
    after: object
    inputs: Inputs  # of the scenario
    carried: list  # (VersionChoice, whatif.Carried)

    @property
    def tops(self):
        """How many products are sought, before and after."""
        return self.before.standings.top, self.after.standings.top


def changed_inputs(chosen, scenario):
    """(Inputs, [(VersionChoice, Carried)]) of a scenario."""
    carried, keys = [], {}
    parts = {
        place: scenario.weights[name] for name, places in chosen.places.items() if name in scenario.weights for place in places
    }
    inputs = whatif.reweighted(chosen.read.inputs, parts)
    for choice in chosen.versions:
        nodes, names = version_nodes(choice.chosen, choice.nodes, 100.0)
        keys.update((f"node-{pk}", key) for pk, key in names.items())
        if choice.chosen != choice.used:
            inputs, told = whatif.on_other_version(inputs, choice.code, nodes)
            carried.append((choice, told))
    inputs = whatif.reweighted(inputs, {keys[name]: weight for name, weight in scenario.weights.items() if name in keys})
    number = {pk: n for n, pk in enumerate(chosen.read.assessors.tolist())}
    inputs = whatif.without_assessors(inputs, [number[pk] for pk in scenario.out])
    if scenario.cuts is not None:
        inputs = whatif.other_bands(inputs, scenario.cuts)
    if scenario.top is not None:
        inputs = whatif.other_top(inputs, scenario.top)
    return inputs, carried


def answer(chosen, scenario):
    """The Answer to a scenario, computed here and now and kept nowhere."""
    before = whatif.totals(chosen.read.inputs)
    inputs, carried = changed_inputs(chosen, scenario)
    after = whatif.totals(inputs)
    if scenario.plain:
        after = whatif.plain_mean(inputs, after)
    comparison = whatif.compared(before, after)
    return Answer(_rows(chosen, comparison), comparison, before, after, inputs, carried)


def _rows(chosen, told):
    entries = Entry.objects.filter(round=chosen.round).select_related("subject__agency").in_bulk()
    columns = (
        _or_none(told.score_before, np.isnan(told.score_before)),
        _or_none(told.score_after, np.isnan(told.score_after)),
        _or_none(told.rank_before, told.rank_before == 0),
        _or_none(told.rank_after, told.rank_after == 0),
        _or_none(told.band_before, told.band_before < 0),
        _or_none(told.band_after, told.band_after < 0),
        told.enters.tolist(),
        told.leaves.tolist(),
    )
    rows = [Row(entries[pk], *said) for pk, *said in zip(chosen.read.entries.tolist(), *columns, strict=True)]
    rows = [row for row in rows if row.before is not None or row.after is not None]
    return sorted(rows, key=lambda row: (row.rank_after is None, row.rank_after, row.rank_before or 0, row.entry.pk))


def _or_none(values, nothing):
    return [None if empty else value for value, empty in zip(values.tolist(), nothing.tolist(), strict=True)]


@dataclass
class AssessorInfluence:
    """What becomes of the totals without one assessor: see `scoring.whatif.Influence`."""

    assessor: AssessorChoice
    largest: float
    mean: float
    unjudged: int
    entry: Entry | None  # where the largest change happens
    is_fragile: bool  # without him the round falls into parts that cannot be compared


def influences(chosen):
    """An AssessorInfluence of each assessor, the most influential first."""
    read = chosen.read
    before = whatif.totals(read.inputs)
    people = {person.pk: person for person in chosen.assessors}
    found = whatif.influences(read.inputs, before)
    fragile = set(before.summary["fragile_assessors"])
    wanted = {int(read.entries[told.product]) for told in found if told.product >= 0}
    entries = Entry.objects.select_related("subject").in_bulk(wanted)
    told = [
        AssessorInfluence(
            people[int(read.assessors[one.assessor])],
            one.largest,
            one.mean,
            one.unjudged,
            entries[int(read.entries[one.product])] if one.product >= 0 else None,
            one.assessor in fragile,
        )
        for one in found
    ]
    return sorted(told, key=lambda one: (-abs(one.largest), one.assessor.name, one.assessor.pk))
