"""Who is joined with whom by ratings: the parts of a design, its fragile links, and what would join the parts.

Products and assessors are the two sides of a graph, a rating is an edge. Scores of different parts cannot be compared.
Everything takes positions: row n says that assessor[n] rates product[n]; the same pair may come twice.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Connectivity:
    """The parts of a design, numbered from 0 by size, the largest first; label -1 for who has no rating.

    The parts take linear time in compiled code. The fragile links are found when they are first asked for, in linear
    time too but in Python: some 40 ms for 10,000 ratings.
    """

    count: int
    product_labels: np.ndarray
    assessor_labels: np.ndarray
    sizes: np.ndarray  # products and assessors together, descending
    _ratings: tuple = field(repr=False)

    @property
    def fragile_products(self):
        """Positions of the products without which a part falls apart (articulation points)."""
        return self._links[0]

    @property
    def fragile_assessors(self):
        """Positions of the assessors without whom a part falls apart, be it only that a product loses its one rating."""
        return self._links[1]

    @property
    def splitting_assessors(self):
        """Positions of the fragile assessors without whom ratings remain on both sides, no longer comparable."""
        return self._links[2]

    @cached_property
    def _links(self):
        products, nodes = len(self.product_labels), len(self.product_labels) + len(self.assessor_labels)
        product, assessor = self._ratings
        ends = np.append(product, assessor + products), np.append(assessor + products, product)
        fragile, splitting = _articulation(csr_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(nodes, nodes)))
        return (
            np.flatnonzero(fragile[:products]),
            np.flatnonzero(fragile[products:]),
            np.flatnonzero(splitting[products:]),
        )


@dataclass(frozen=True)
class Bridge:
    """One more assignment, `assessor` to `product`, that joins two parts."""

    assessor: int
    product: int
    from_component: int  # the assessor's
    to_component: int  # the product's


def connectivity(product, assessor, products, assessors):
    """The parts of the design of these ratings among `products` products and `assessors` assessors."""
    product, assessor = np.asarray(product, dtype=np.int64), np.asarray(assessor, dtype=np.int64)
    # One assessor stands for each product: who shares a product is joined with that one, so assessors alone make the graph.
    stands = np.full(products, -1)
    stands[product] = assessor
    _count, met = connected_components(_pairs(stands[product], assessor, assessors), directed=False)
    met = np.append(np.where(np.bincount(assessor, minlength=assessors) > 0, met, -1), -1)
    found = np.append(met[stands], met[:-1])
    names, first, found, sizes = np.unique(found, return_index=True, return_inverse=True, return_counts=True)
    # Parts of equal size stand in the order of their first product; who has no rating (-1) stands last and is in none.
    order = np.lexsort((first, -sizes, names < 0))
    count = int((names >= 0).sum())
    number = np.empty(len(names), dtype=int)
    number[order] = np.arange(len(names))
    labels = np.where(number < count, number, -1)[found]
    return Connectivity(count, labels[:products], labels[products:], sizes[order[:count]], (product, assessor))


def joining(product, assessor, products, assessors, *, forbidden=(), choices=2):
    """What few assignments would join all parts: a list with one tuple per missing link, the best Bridge first.

    The parts grow together, one at a time, around the largest. Each bridge takes the assessor with the lightest load who may,
    and for him the product with the fewest ratings; up to `choices` bridges per link join the same two sides, by another
    assessor if one may. Only the first of each tuple is counted on. `forbidden` says which (product, assessor) must not be:
    a function of the two, or a collection of pairs. Where conflicts allow no more links the list is shorter than parts - 1.
    """
    found = connectivity(product, assessor, products, assessors)
    may = _permission(forbidden)
    load = np.bincount(np.asarray(assessor, dtype=int), minlength=assessors)
    panel = np.bincount(np.asarray(product, dtype=int), minlength=products)
    whole = np.arange(found.count) == 0
    links = []
    while not whole.all():
        bridge = next(_bridges(found, whole, load, panel, may), None)
        if bridge is None:
            break
        new = bridge.from_component if whole[bridge.to_component] else bridge.to_component
        links.append(_alternatives(bridge, new, found, whole, load, panel, may, choices))
        load[bridge.assessor] += 1
        panel[bridge.product] += 1
        whole[new] = True
    return links


def _alternatives(bridge, new, found, whole, load, panel, may, choices):
    """`bridge` and what joins the part `new` to the whole as well: other assessors first, then the same with other products."""
    chosen, rest = [bridge], []
    for other in _bridges(found, whole, load, panel, may, new):
        if len(chosen) >= choices:
            break
        if all(other.assessor != one.assessor for one in chosen):
            chosen.append(other)
        elif other != bridge and len(rest) < choices:
            rest.append(other)
    return tuple((chosen + rest)[:choices])


def _bridges(found, whole, load, panel, may, new=None):
    """All bridges between the whole and the other parts (or the part `new` alone), the lightest assessor's first."""
    products = np.argsort(panel, kind="stable")
    products = products[found.product_labels[products] >= 0]
    part = found.product_labels[products]
    inside = whole[part]
    outside = ~inside if new is None else part == new
    for assessor in np.argsort(load, kind="stable").tolist():
        home = int(found.assessor_labels[assessor])
        if home < 0 or (not whole[home] and new is not None and home != new):
            continue
        for product in products[outside if whole[home] else inside].tolist():
            if may(product, assessor):
                yield Bridge(assessor, product, home, int(found.product_labels[product]))


def _permission(forbidden):
    if callable(forbidden):
        return lambda product, assessor: not forbidden(product, assessor)
    pairs = {(int(product), int(assessor)) for product, assessor in forbidden}
    return lambda product, assessor: (product, assessor) not in pairs


def _pairs(one, other, nodes):
    """The graph of these edges, each once. In compiled code a table of yes and no is far quicker than sorting, if it is small."""
    if nodes**2 <= 1 << 24:
        table = np.zeros(nodes**2, dtype=bool)
        table[one * nodes + other] = True
        one, other = np.divmod(np.flatnonzero(table), max(1, nodes))
    return csr_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(nodes, nodes))


def _articulation(graph):
    """(articulation, splitting): nodes that hold a part together; splitting if ratings remain on more than one side.

    Hopcroft and Tarjan, Algorithm 447 (CACM 16, 1973), with a stack of its own in place of recursion.
    """
    starts, ends = graph.indptr.tolist(), graph.indices.tolist()
    nodes = len(starts) - 1
    found, low, size = [0] * nodes, [0] * nodes, [1] * nodes  # in order of discovery from 1; lowest reached; nodes below
    fragile, splitting = np.zeros(nodes, dtype=bool), np.zeros(nodes, dtype=bool)
    cut = [[] for _ in range(nodes)]  # sizes of the branches that hang on a node alone
    parent, position = [-1] * nodes, starts[:-1]
    time = 0
    for root in range(nodes):
        if found[root] or starts[root] == starts[root + 1]:
            continue
        time += 1
        found[root] = low[root] = time
        path, met = [root], [root]
        while path:
            node = path[-1]
            if position[node] < starts[node + 1]:
                other = ends[position[node]]
                position[node] += 1
                if not found[other]:
                    time += 1
                    found[other] = low[other] = time
                    parent[other] = node
                    path.append(other)
                    met.append(other)
                elif other != parent[node] and found[other] < low[node]:
                    low[node] = found[other]
                continue
            path.pop()
            if path:
                above = path[-1]
                size[above] += size[node]
                low[above] = min(low[above], low[node])
                if low[node] >= found[above]:
                    cut[above].append(size[node])
        for node in met:
            # A single node that falls off has no rating left, so it parts nothing that could be compared.
            rest = len(met) - 1 - sum(cut[node])
            sides = [*cut[node], rest] if rest else cut[node]
            fragile[node] = len(sides) > 1
            splitting[node] = sum(side > 1 for side in sides) > 1
    return fragile, splitting
