"""Changed copies of a round's inputs, and what two results of one round differ in: for asking “what if”, never for storing.

    changed = reweighted(without_assessors(inputs, [3]), {"common:1": 40})
    difference = compared(totals(inputs), totals(changed))

Products and assessors keep their numbers in every copy, so that results can be laid beside one another. A change that
changes nothing gives inputs of the same digest.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

import numpy as np

from assessments.scoring import compute, ranks
from assessments.scoring.crossed import Crossed
from assessments.scoring.inputs import Sheets
from assessments.scoring.panel import panel_mean
from assessments.scoring.scheme import ROOT, UNANSWERED, Node, Scheme
from assessments.scoring.standings import standings
from assessments.scoring.weights import WHOLE, percentages

PAIRS_AT_ONCE = 1 << 22


# ------------------------------------------------------------------ changed inputs
def without_assessors(inputs, numbers):
    """The inputs without the sheets of these assessors (numbers within the round)."""
    out = np.asarray(list(numbers), dtype=np.int64)
    return replace(inputs, groups=[_kept(group, ~np.isin(group.assessor, out)) for group in inputs.groups])


def without_products(inputs, numbers):
    """The inputs without these products: neither ranked, nor telling anything of their assessors' severity."""
    out = np.asarray(list(numbers), dtype=np.int64)
    ranked = inputs.ranked.copy()
    ranked[out] = False
    groups = []
    for group in inputs.groups:
        stays = _kept(group, ~np.isin(group.product, out))
        stays.products = group.products[~np.isin(group.products, out)]
        stays.measured = {product: rows for product, rows in group.measured.items() if product not in set(out.tolist())}
        groups.append(stays)
    return replace(inputs, groups=groups, ranked=ranked)


def reweighted(inputs, weights):
    """The inputs with other weights, {key of a node: weight ≥ 0}, percent among its siblings.

    Siblings that are not named share what is left of 100 in their old proportions; where nothing is left, or all are
    named, everything is scaled so that they weigh 100 together. A key that stands in several schemes is changed in all
    of them, (digest of the scheme, key) in that one alone. Raises ValueError for a key that no scheme has, a weight
    that cannot be used, and siblings that would weigh nothing together.
    """
    groups, found = [], set()
    for group in inputs.groups:
        mine = {}
        for key in group.scheme.tree.keys[1:]:
            for name in (key, (group.scheme.digest, key)):
                if name in weights:
                    mine[key] = _weight(key, weights[name])
                    found.add(name)
        groups.append(replace(group, scheme=_reweighted(group.scheme, mine)))
    if unknown := set(weights) - found:
        raise ValueError(f"no node is called {sorted(map(str, unknown))[0]}")
    return replace(inputs, groups=groups)


def other_bands(inputs, cuts):
    """The inputs with bands of the total that begin at `cuts` (0–100, rising; ValueError else)."""
    cuts = tuple(float(cut) for cut in cuts)
    if any(not 0 < cut < 100 for cut in cuts) or any(low >= high for low, high in pairwise(cuts)):
        raise ValueError("bands begin at rising values between 0 and 100")
    return replace(inputs, cuts=cuts)


def other_top(inputs, top):
    """The inputs with another number of products sought; None is a tenth."""
    if top is not None and top < 1:
        raise ValueError("at least one product is sought")
    return replace(inputs, top=top)


@dataclass(frozen=True)
class Carried:
    """Which indicators an exchange of versions left without their answers: codes, sorted."""

    answered: list  # in both versions, on the same scale
    only_before: list  # their answers fall away
    only_after: list  # nobody answered them: they have no value
    other_scale: list  # in both, but on scales that cannot be compared: nobody answered the new one


def on_other_version(inputs, part, nodes):
    """(inputs, Carried): the inputs with the part `part` of their schemes exchanged for another version of its set.

    `nodes` are the Nodes of the new version: its part under the root first (its weight is that of the old part), then
    everything below it. The keys of indicators end in "/code"; answers are carried over by code, where kind and bounds of
    the scale and who rates it are the same. Groups without the part stay. Raises ValueError when no group has it.
    """
    if not any(part in group.scheme.tree.index for group in inputs.groups):
        raise ValueError(f"no node is called {part}")
    groups, told = [], None
    for group in inputs.groups:
        if part in group.scheme.tree.index:
            group, told = _exchanged(group, part, nodes)
        groups.append(group)
    return replace(inputs, groups=groups), told


def _kept(group, columns):
    """A copy with some columns only."""
    return Sheets(
        group.scheme, group.products, group.product[columns], group.assessor[columns],
        group.states[:, columns], group.amounts[:, columns], dict(group.measured),
    )  # fmt: skip


def _weight(key, value):
    weight = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not (weight.is_finite() and weight >= 0):
        raise ValueError(f"node {key} has no weight that can be used")
    return weight


def _reweighted(scheme, weights):
    changed = {}
    for parent in {scheme.tree.parents[key] for key in weights}:
        children = dict(scheme.tree.children(parent))
        wanted = {key: weights.get(key) for key in children}
        # Untouched weights stay to the last bit, whatever they sum to.
        if any(weight is not None and float(weight) != children[key] for key, weight in wanted.items()):
            changed.update(_shared(parent, children, wanted))
    if not changed:
        return scheme
    return Scheme(replace(node, weight=changed.get(node.key, node.weight)) for node in scheme.nodes)


def _shared(parent, children, wanted):
    """Weights of siblings that sum to 100: those wanted as they were said, the rest in the proportions they had."""
    others = [key for key, weight in wanted.items() if weight is None]
    rest = WHOLE - sum(weight for weight in wanted.values() if weight is not None)
    if others and rest > 0:
        shares = percentages([Decimal(repr(children[key])) for key in others], rest)
        wanted = {**wanted, **dict(zip(others, shares, strict=True))}
    wanted = {key: weight or Decimal(0) for key, weight in wanted.items()}
    if not any(wanted.values()):
        raise ValueError(f"the nodes below {parent} would weigh nothing")
    if sum(wanted.values()) != WHOLE:
        wanted = dict(zip(wanted, percentages(wanted.values()), strict=True))
    return {key: float(weight) for key, weight in wanted.items()}


def _exchanged(group, part, nodes):
    old = group.scheme
    below = _below(old, part)
    new_part = replace(nodes[0], weight=dict(old.tree.children(ROOT))[part])
    kept = [node for node in old.nodes if node.key not in below]
    at = next(number for number, node in enumerate(old.nodes) if node.key == part)
    at = sum(node.key not in below for node in old.nodes[:at])
    scheme = Scheme([*kept[:at], new_part, *nodes[1:], *kept[at:]])
    source, told = _sources(old, scheme, below, {node.key for node in nodes})
    states = np.full((len(scheme.leaves), len(group.product)), UNANSWERED, dtype=group.states.dtype)
    amounts = np.zeros(states.shape, dtype=group.amounts.dtype)
    rows = np.array(sorted(source), dtype=np.intp)
    from_rows = np.array([source[row] for row in rows], dtype=np.intp)
    states[rows], amounts[rows] = group.states[from_rows], group.amounts[from_rows]
    to_row = {before: after for after, before in source.items()}
    measured = {
        product: sorted((to_row[row], *said) for row, *said in answers if row in to_row)
        for product, answers in group.measured.items()
    }
    return Sheets(scheme, group.products, group.product, group.assessor, states, amounts, measured), told


def _below(scheme, part):
    """The keys of a part and of everything below it."""
    found = {part}
    for key in scheme.tree.keys:  # parents before children
        if scheme.tree.parents.get(key) in found:
            found.add(key)
    return found


def _sources(old, new, below, fresh):
    """({row of a leaf of `new`: row in `old` that its answers come from}, Carried)."""
    rows = old.tree.leaf_index
    by_code = {key.rpartition("/")[2]: key for key in rows if key in below}
    source, answered, only_after, other_scale = {}, [], [], []
    for row, leaf in enumerate(new.leaves):
        code = leaf.key.rpartition("/")[2]
        if leaf.key not in fresh:
            source[row] = rows[leaf.key]
        elif code not in by_code:
            only_after.append(code)
        elif _scale(leaf) == _scale(old.leaves[rows[by_code[code]]]):
            source[row] = rows[by_code[code]]
            answered.append(code)
        else:
            other_scale.append(code)
    only_before = set(by_code) - set(answered) - set(other_scale)
    return source, Carried(*map(sorted, (answered, only_before, only_after, other_scale)))


def _scale(leaf):
    return leaf.kind, leaf.minimum, leaf.maximum, leaf.measured


# ------------------------------------------------------------------ results
class _Totals(Sheets):
    """Sheets of which only the totals are looked at."""

    def __init__(self, whole):
        leaf = Node("total", ROOT, 100.0, "number", 0.0, 100.0, measured=not whole.scheme.judged[0])
        self.whole = whole
        super().__init__(
            Scheme([leaf]), whole.products, whole.product, whole.assessor, whole.states, whole.amounts, whole.measured
        )

    def values(self):
        values, coverage = self.whole.values()
        return values[[0, 0]], coverage[[0, 0]]


def totals(inputs):
    """The Result of the totals alone, without statements: what `compute` says of them, in a fraction of its time.

    It has no other nodes, no failed gates, and its digest is not that of the round.
    """
    return compute(replace(inputs, groups=[_Totals(group) for group in inputs.groups]), statements=False)


def plain_mean(inputs, result):
    """`result` as it would be with the plain mean of the panels for its totals; no intervals."""
    root, nothing = result.root, np.full(len(result.root.products), np.nan)
    plain = replace(
        root, value=root.raw_mean, adjustment=nothing, standard_error=nothing, low=nothing, high=nothing, variances=None
    )
    told = standings(inputs, plain, None, result.standings.component - 1, None)
    return replace(result, is_fair=False, nodes={**result.nodes, ROOT: plain}, standings=told)


@dataclass(frozen=True)
class Influence:
    """What becomes of the totals without one assessor, in points; of the ranked products that keep a total."""

    assessor: int
    sheets: int
    largest: float  # of the changes in either direction, with its sign
    product: int  # where it happens, -1 for nowhere
    mean: float  # of the absolute changes, of all these products
    unjudged: int  # ranked products that nobody else judged


def influences(inputs, result):
    """An Influence of each assessor with a sheet, by number; `result` is that of the inputs.

    As for `Standings.without_low` the variances stay those of the whole round, and skipped answers as they were filled.
    """
    product, assessor, total = (
        np.concatenate(parts)
        for parts in zip(*((group.product, group.assessor, group.values()[0][0]) for group in inputs.groups), strict=True)
    )
    order = np.argsort(product, kind="stable")
    order = order[~np.isnan(total[order])]
    product, assessor, total = product[order], assessor[order], total[order]
    whole = np.full(inputs.products, np.nan)
    whole[result.root.products] = result.root.raw_mean + np.nan_to_num(result.root.adjustment)
    ranked = inputs.ranked & ~np.isnan(whole)
    found = []
    for number in np.unique(assessor).tolist():
        kept = assessor != number
        without = _scores_of(product[kept], assessor[kept], total[kept], inputs.products, result.root.variances)
        stays = np.flatnonzero(ranked & ~np.isnan(without))
        change = without[stays] - whole[stays]
        most = int(np.abs(change).argmax()) if len(stays) else -1
        found.append(
            Influence(
                number,
                int((~kept).sum()),
                float(change[most]) if len(stays) else 0.0,
                int(stays[most]) if len(stays) else -1,
                float(np.abs(change).mean()) if len(stays) else 0.0,
                int(ranked.sum()) - len(stays),
            )
        )
    return found


def _scores_of(product, assessor, total, products, variances):
    """Scores of sheets with these totals, products rising: fair ones, or plain means without `variances`."""
    scores = np.full(products, np.nan)
    if not len(product):
        return scores
    judged, starts, codes = np.unique(product, return_index=True, return_inverse=True)
    if variances is None:
        scores[judged] = panel_mean(total[None, :], starts).value[0]
    else:
        names, rated_by = np.unique(assessor, return_inverse=True)
        scores[judged] = Crossed(codes, rated_by, total, len(judged), len(names)).fair(variances).value
    return scores


# ------------------------------------------------------------------ differences
@dataclass
class Comparison:
    """Two results of one round side by side; arrays follow its products, NaN, 0 or -1 where there is nothing."""

    score_before: np.ndarray
    score_after: np.ndarray
    rank_before: np.ndarray
    rank_after: np.ndarray
    band_before: np.ndarray  # counted from the uppermost, 0
    band_after: np.ndarray
    top_before: np.ndarray
    top_after: np.ndarray
    tau: float  # Kendall's τ-b over the products that stand in both; NaN with nothing to compare
    reversed_share: float  # of the pairs that can be compared, those whose order turned round, 0–1

    @property
    def delta(self):
        """Points by which the score changed."""
        return self.score_after - self.score_before

    @property
    def places(self):
        """Ranks won (positive) or lost; 0 where a product has no rank before or after."""
        return np.where((self.rank_before > 0) & (self.rank_after > 0), self.rank_before - self.rank_after, 0)

    @property
    def largest(self):
        """The largest change of a score in either direction, in points; 0 with nothing to compare."""
        known = np.abs(self.delta[~np.isnan(self.delta)])
        return float(known.max(initial=0.0))

    @property
    def other_band(self):
        return (self.band_before >= 0) & (self.band_after >= 0) & (self.band_before != self.band_after)

    @property
    def enters(self):
        return self.top_after & ~self.top_before

    @property
    def leaves(self):
        return self.top_before & ~self.top_after

    @property
    def appears(self):
        """Ranked only after the change."""
        return (self.rank_before == 0) & (self.rank_after > 0)

    @property
    def vanishes(self):
        """Ranked only before the change."""
        return (self.rank_before > 0) & (self.rank_after == 0)


def compared(before, after):
    """The Comparison of two Results of one round."""
    standing = before.standings, after.standings
    scores = [_scores(result) for result in (before, after)]
    tau, turned = agreement(*scores, *(told.component for told in standing))
    return Comparison(
        *scores,
        *(told.rank for told in standing),
        *(_bands(found, result.summary["cuts"]) for found, result in zip(scores, (before, after), strict=True)),
        *(_among_the_sought(told) for told in standing),
        tau,
        turned,
    )


def _scores(result):
    """The totals of the ranked products of the round."""
    root, told = result.root, result.standings
    scores = np.full(len(told.rank), np.nan)
    scores[root.products] = root.value
    return np.where(told.rank > 0, scores, np.nan)


def _bands(scores, cuts):
    known = ~np.isnan(scores)
    bands = np.full(len(scores), -1)
    bands[known] = len(cuts) - ranks.grades(scores[known], cuts)
    return bands


def _among_the_sought(told):
    """Which products are among the best; of parts that cannot be compared, each is owed its share of the places."""
    among = np.zeros(len(told.rank), dtype=bool)
    standing = np.count_nonzero(told.rank)
    for component in range(1, told.component.max(initial=0) + 1):
        mine = told.component == component
        places = max(1, round(told.top * np.count_nonzero(mine) / standing))
        among |= mine & (told.rank > 0) & (told.rank <= places)
    return among


def agreement(before, after, part_before, part_after):
    """(τ-b, share of pairs reversed) of two sets of scores (NaN: none) over the pairs within one part both times.

    Parts are numbers from 0; τ-b is Kendall's (Biometrika 33, 1945), NaN with nothing to compare.
    """
    both = np.flatnonzero(~np.isnan(before) & ~np.isnan(after))
    before, after, parts = before[both], after[both], part_before[both] * (part_after.max(initial=0) + 1) + part_after[both]
    concordant = discordant = tied_before = tied_after = pairs = 0
    step = max(1, PAIRS_AT_ONCE // max(1, len(both)))
    for start in range(0, len(both), step):
        rows = slice(start, start + step)
        comparable = parts[rows, None] == parts[None, :]
        # Each pair is met twice, and each product once with itself.
        first = np.sign(before[rows, None] - before[None, :])
        second = np.sign(after[rows, None] - after[None, :])
        order = first * second * comparable
        concordant += int((order > 0).sum())
        discordant += int((order < 0).sum())
        tied_before += int((comparable & (first == 0)).sum())
        tied_after += int((comparable & (second == 0)).sum())
        pairs += int(comparable.sum())
    if pairs <= len(both):
        return float("nan"), 0.0
    strict = float(pairs - tied_before) * float(pairs - tied_after)
    tau = (concordant - discordant) / strict**0.5 if strict else float("nan")
    return tau, discordant / (pairs - len(both))
