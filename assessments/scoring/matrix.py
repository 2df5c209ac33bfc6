"""An order of products and assessors in which a drawing of who rated what shows its parts and its bands."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, reverse_cuthill_mckee


def reading_order(product, assessor, products, assessors):
    """(place of each product, place of each assessor, part of each assessor), positions counted from 0.

    Row n of the ratings says that assessor[n] rated product[n]. Whoever shares much stands close together (reverse
    Cuthill–McKee 1969), the parts that nobody joins one after the other, the largest first; part -1 is without a rating.
    """
    product, assessor = np.asarray(product, dtype=np.int64), np.asarray(assessor, dtype=np.int64)
    nodes = products + assessors
    if not nodes:  # nobody's sheet counts (any more)
        return (np.zeros(0, dtype=np.int64),) * 3
    ends = np.append(product, assessor + products), np.append(assessor + products, product)
    graph = coo_array((np.ones(2 * len(product), dtype=np.int8), ends), shape=(nodes, nodes)).tocsr()
    _count, parts = connected_components(graph, directed=False)
    sizes = np.bincount(parts, minlength=1)
    rated = np.zeros(nodes, dtype=bool)
    rated[ends[0]] = True
    rank = np.empty(nodes, dtype=np.int64)
    rank[reverse_cuthill_mckee(graph, symmetric_mode=True)] = np.arange(nodes)
    # Parts of equal size keep the order of their labels; who has no rating comes last.
    order = np.lexsort((rank, parts, -sizes[parts], ~rated))
    seen, label = {}, np.full(nodes, -1)
    for node in order[rated[order]].tolist():
        label[node] = seen.setdefault(int(parts[node]), len(seen))
    return _places(order[order < products]), _places(order[order >= products] - products), label[products:]


def _places(order):
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places
