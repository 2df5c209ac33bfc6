"""Matchings of products and assessors within bounds: the best one, the best in one part, or what makes them impossible.

Matrices are products × assessors. Every product takes exactly `need` assessors, every assessor from `floor` to `room`
products, each pair at most once and only where `open` allows it.
"""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, vstack
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from assessments.scoring.graphs import connectivity

# One part by cuts is a hard problem; beyond this many rounds, or branches in a round, it is given up.
MOST_ROUNDS, MOST_BRANCHES = 30, 2000
# Where not all can be had: what an empty seat costs, and a product below a floor, in units of what two choices for one seat
# can differ by; each further one of the same product or assessor costs more.
EMPTY, BELOW, MORE = 1e4, 50.0, 20.0


def best_matching(worth, open_pairs, need, floor, room, *, price=0.0, had=None, short=False):
    """The matching with the greatest `worth` as a boolean matrix; None if there is none.

    The n-th product of an assessor costs n × `price`, those that he `had` counted: the dearer, the more even the loads.
    With `short` there always is a matching: it leaves seats empty, as few as may be and rather one each of two products
    than two of one, and stays below floors where it must, likewise.
    A linear program: the matrix of a bipartite graph with convex costs at its nodes is totally unimodular, so every
    corner of what is allowed is whole.
    """
    product, assessor = np.nonzero(open_pairs)
    if not len(product):
        empty = short or not (need.any() or floor.any())
        return np.zeros(worth.shape, dtype=bool) if empty else None
    if price or short:
        return _priced_matching(worth, product, assessor, need, floor, room, price, had, short)
    by_product, by_assessor = _sides(product, assessor, worth.shape)
    found = linprog(
        -worth[product, assessor],
        A_ub=vstack([by_assessor, -by_assessor]),
        b_ub=np.append(room, -floor),
        A_eq=by_product,
        b_eq=need,
        bounds=(0, 1),
        method="highs-ds",  # the simplex: it ends in a corner
    )
    if found.status == 2:
        return None
    if found.x is None:
        raise RuntimeError(f"the panels could not be computed: {found.message}")
    return _matching(product, assessor, found.x, worth.shape)


def _priced_matching(worth, product, assessor, need, floor, room, price, had, short):
    """Beside the pairs there are columns for every step of a load and, if seats may stay empty, for every empty seat.

    Each step costs more than the one before, so the solver takes them in their order.
    """
    products, assessors = worth.shape
    pairs = len(product)
    step_of, step = _steps(room)
    lacks_of, lack = _steps(need if short else np.zeros(products, dtype=int))
    under_of, below = _steps(floor if short else np.zeros(assessors, dtype=int))
    unit = np.ptp(worth[product, assessor]) + price * (had + room).max(initial=0) + 1
    cost = np.concatenate(
        [
            -worth[product, assessor],
            price * (had[step_of] + step),
            unit * (EMPTY + MORE * lack),
            unit * (BELOW + MORE * below),
        ]
    )
    starts = np.cumsum([0, pairs, len(step_of), len(lacks_of), len(under_of)])

    def rows(size, *blocks):
        """A sparse matrix of (row of each column, first column, value) blocks."""
        row = np.concatenate([block[0] for block in blocks])
        column = np.concatenate([start + np.arange(len(block)) for block, start, _value in blocks])
        value = np.concatenate([np.full(len(block), value) for block, _start, value in blocks])
        return csr_array((value, (row, column)), shape=(size, starts[-1]))

    found = linprog(
        cost,
        A_ub=rows(assessors, (assessor, 0, -1.0), (under_of, starts[3], -1.0)),
        b_ub=-floor,
        A_eq=vstack(
            [
                rows(products, (product, 0, 1.0), (lacks_of, starts[2], 1.0)),
                rows(assessors, (assessor, 0, 1.0), (step_of, starts[1], -1.0)),
            ]
        ),
        b_eq=np.append(need, np.zeros(assessors)),
        bounds=(0, 1),
        method="highs-ds",
    )
    if found.status == 2:
        return None
    if found.x is None:
        raise RuntimeError(f"the panels could not be computed: {found.message}")
    return _matching(product, assessor, found.x[:pairs], worth.shape)


def _steps(counts):
    """(whose, number from 1) of so many steps each."""
    whose = np.repeat(np.arange(len(counts)), counts)
    return whose, np.arange(len(whose)) - np.repeat(np.cumsum(counts) - counts, counts) + 1


def best_joined_matching(worth, open_pairs, need, floor, room, kept):
    """The matching with the greatest `worth` that, with the pairs of `kept`, leaves one part; None if none was found.

    Each solution in parts gets a cut: from every part at least one pair must lead out (as against the subtours of a
    travelling salesman; Dantzig, Fulkerson and Johnson 1954). For small problems.
    """
    product, assessor = np.nonzero(open_pairs)
    loads = LinearConstraint(
        vstack(_sides(product, assessor, worth.shape), format="csr"), np.append(need, floor), np.append(need, room)
    )
    cuts = []
    for _ in range(MOST_ROUNDS):
        found = milp(
            -worth[product, assessor],
            constraints=[loads, LinearConstraint(np.array(cuts, dtype=float), 1, np.inf)] if cuts else [loads],
            bounds=Bounds(0, 1),
            integrality=np.ones(len(product)),
            options={"node_limit": MOST_BRANCHES},
        )
        if found.x is None:
            return None
        matching = _matching(product, assessor, found.x, worth.shape)
        parts = connectivity(*np.nonzero(matching | kept), *worth.shape)
        if parts.count <= 1:
            return matching
        cuts += [(parts.product_labels[product] == n) != (parts.assessor_labels[assessor] == n) for n in range(parts.count)]
    return None


def shortage(want, supply, open_pairs):
    """Who asks for more than can be had: (members, needed, available), or None if everybody can be served.

    Rows `want` so many columns each, a column serves at most `supply` rows, a row at most once. A set of rows cannot be
    served exactly if it wants more than Σ min(supply, rows of the set open to it) over the columns (Hall; Gale 1957). Told
    is one row if one alone is short, else all rows if they are short together, else a set none of whose rows could be left out.
    """
    rows = np.flatnonzero(want > 0)

    def available(members):
        return int(np.minimum(supply, open_pairs[members].sum(axis=0)).sum())

    for row in rows:
        if want[row] > available([row]):
            return [int(row)], int(want[row]), available([row])
    if want.sum() <= available(rows):
        members = _short_side(want, supply, open_pairs)
        if not len(members):
            return None
        # Who was needed for the shortage may be spare once others are gone: until nobody is.
        before = len(members) + 1
        while len(members) < before:
            before = len(members)
            for row in members:
                rest = members[members != row]
                if want[rest].sum() > available(rest):
                    members = rest
        rows = members
    return rows.tolist(), int(want[rows].sum()), available(rows)


def _short_side(want, supply, open_pairs):
    """The rows on the side of the source of a least cut of the flow that serves as much as it can; none if it serves all."""
    rows, columns = open_pairs.shape
    source, sink = rows + columns, rows + columns + 1
    row, column = np.nonzero(open_pairs)
    start = np.concatenate([np.full(rows, source), row, rows + np.arange(columns)])
    end = np.concatenate([np.arange(rows), rows + column, np.full(columns, sink)])
    capacity = np.concatenate([want, np.ones(len(row), dtype=int), supply]).astype(np.int32)
    network = csr_array((capacity, (start, end)), shape=(sink + 1, sink + 1))
    flow = maximum_flow(network, source, sink)
    if flow.flow_value == want.sum():
        return np.array([], dtype=int)
    left = network - flow.flow
    left.data[left.data < 0] = 0
    left.eliminate_zeros()
    reached = breadth_first_order(left, source, return_predecessors=False)
    return np.sort(reached[reached < rows])


def _sides(product, assessor, shape):
    every, ones = np.arange(len(product)), np.ones(len(product))
    return tuple(
        csr_array((ones, (side, every)), shape=(size, len(every))) for side, size in zip((product, assessor), shape, strict=True)
    )


def _matching(product, assessor, solution, shape):
    matching = np.zeros(shape, dtype=bool)
    matching[product, assessor] = solution > 0.5
    return matching
