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
    products, product = _numbered([edge[0] for edge in edges])
    assessors, assessor = _numbered([edge[1] for edge in edges])
    found = connectivity(product, assessor, len(products), len(assessors))
    return {
        "components": found.count,
        "sizes": found.sizes,
        "articulation_assessors": [assessors[place] for place in found.fragile_assessors],
        "articulation_products": [products[place] for place in found.fragile_products],
        "splitting_assessors": [assessors[place] for place in found.splitting_assessors],
    }


def _is_id(value):
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _numbered(ids):
    """The distinct ids in the order of their first mention, and the place of each; 1 and "1" are two ids."""
    place = {}
    numbers = [place.setdefault((type(name), name), len(place)) for name in ids]
    return [name for _type, name in place], numbers
