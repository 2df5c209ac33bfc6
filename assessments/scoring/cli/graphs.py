"""The command connect: the parts of a design of ratings and the links it hangs on."""

from assessments.scoring.cli.files import read_object
from assessments.scoring.graphs import connectivity


def connect(path):
    """Ids are numbers or texts and are told as they stand in the file; a product and an assessor may share one."""
    edges = read_object(path).get("edges")
    if not isinstance(edges, list) or not edges:
        raise ValueError("edges must be a list of [product, assessor], at least one")
    for edge in edges:
        if not isinstance(edge, list) or len(edge) != 2 or not all(_is_id(end) for end in edge):
            raise ValueError(f"{edge!r} is not [product, assessor]")
    # Told in the order of their first mention; 1 and "1" are two ids.
    products, assessors = ({_key(edge[side]): edge[side] for edge in edges} for side in (0, 1))
    product, assessor = (
        [list_of[_key(edge[side])] for edge in edges] for side, list_of in enumerate(map(_places, (products, assessors)))
    )
    found = connectivity(product, assessor, len(products), len(assessors))
    products, assessors = list(products.values()), list(assessors.values())
    return {
        "components": found.count,
        "sizes": found.sizes,
        "articulation_assessors": [assessors[place] for place in found.fragile_assessors],
        "articulation_products": [products[place] for place in found.fragile_products],
        "splitting_assessors": [assessors[place] for place in found.splitting_assessors],
    }


def _is_id(value):
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _key(value):
    return type(value), value


def _places(names):
    return {name: place for place, name in enumerate(names)}
