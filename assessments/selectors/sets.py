"""Indicator sets as they are read: the tree of a version, its fingerprint, and how two versions differ."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Prefetch, Q
from django.utils.translation import gettext as _

from assessments.models import Indicator, IndicatorSet, SetVersion
from assessments.scoring.weights import WHOLE
from secretariat.digests import digest


@dataclass
class Node:
    """A dimension or an indicator in its place; every field of the Indicator itself can be read through it."""

    indicator: Indicator
    number: str  # "2.3", counted from the top
    depth: int  # 1 for the uppermost
    effective: Decimal  # percent within the whole version
    parent: "Node | None" = field(default=None, repr=False)
    children: list["Node"] = field(default_factory=list, repr=False)
    is_last: bool = False

    def __getattr__(self, name):
        if name.startswith("__") or name == "indicator":
            raise AttributeError(name)
        return getattr(self.indicator, name)

    @property
    def total(self):
        """What the children weigh together; 100 when all is well."""
        return total_of(self.children)

    @property
    def leaves(self):
        """The indicators below (or the node itself, if it is one)."""
        return [node for node in walk([self]) if node.is_leaf]

    @property
    def gate_level(self):
        """The level that the gate asks for, or None for a bare number or no gate."""
        if self.gate_least is None:
            return None
        passing = [level for level in self.scale.levels if level.share >= self.gate_least]
        return min(passing, key=lambda level: level.share, default=None)


def tree(version):
    """The uppermost nodes of a version (an object or a primary key), children nested in order. One query."""
    return nested(Indicator.objects.filter(version=version).select_related("scale").order_by("position", "pk"))


def nested(rows):
    """The uppermost nodes of one version's indicators, given in order, children nested."""
    below = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    return _nest(below, None, "", 1, WHOLE, None)


def _nest(below, parent_id, prefix, depth, share, parent):
    nodes = []
    for place, row in enumerate(below.get(parent_id, ()), 1):
        effective = share * row.weight / WHOLE
        node = Node(row, f"{prefix}{place}", depth, effective, parent)
        node.children = _nest(below, row.pk, f"{node.number}.", depth + 1, effective, node)
        nodes.append(node)
    if nodes:
        nodes[-1].is_last = True
    return nodes


def walk(nodes):
    """Every node, parents before children, in reading order."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def total_of(nodes):
    """The sum of the nodes' own weights."""
    return sum((node.weight for node in nodes), Decimal(0))


def content_hash(nodes):
    """SHA-256 of everything in a tree that bears on judging, written canonically."""
    return digest([_canonical(node) for node in nodes])


def _canonical(node):
    scale = node.scale
    return {
        "code": node.code,
        "title": [node.title_fa, node.title_en],
        "guidance": [node.guidance_fa, node.guidance_en],
        "weight": f"{node.weight:.6f}",
        "scale": scale
        and [scale.code, scale.kind, f"{scale.minimum:.4f}", scale.maximum and f"{scale.maximum:.4f}", f"{scale.step:.4f}", scale.anchors],
        "rater": node.rater,
        "na": node.allow_na,
        "unit": [node.unit_fa, node.unit_en],
        "gate": None if node.gate_least is None else f"{node.gate_least:.2f}",
        "sources": node.sources,
        "children": [_canonical(child) for child in node.children],
    }  # fmt: skip


# --- differences ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class FieldChange:
    """One thing that differs: `name` is the field, `old` and `new` raw values (the template writes them out)."""

    name: str
    label: str
    old: object
    new: object


@dataclass
class Difference:
    """What happened from one version to the next, node by node, matched by code."""

    added: list[Node]
    removed: list[Node]
    changed: list[tuple[Node, Node, list[FieldChange]]]
    unchanged: int

    def __bool__(self):
        return bool(self.added or self.removed or self.changed)


def diff(old, new):
    """Compare two versions (or two trees already read)."""
    old, new = (nodes if isinstance(nodes, list) else tree(nodes) for nodes in (old, new))
    before = {node.code: node for node in walk(old)}
    after = {node.code: node for node in walk(new)}
    displaced = _displaced(before, after)
    changed = []
    for code, node in after.items():
        if code in before and (fields := _field_changes(before[code], node, code in displaced)):
            changed.append((before[code], node, fields))
    return Difference(
        added=[node for code, node in after.items() if code not in before],
        removed=[node for code, node in before.items() if code not in after],
        changed=changed,
        unchanged=sum(1 for code in after if code in before) - len(changed),
    )


def _field_changes(was, now, displaced):
    names = [
        ("title_fa", _("Title (Persian)")),
        ("title_en", _("Title (English)")),
        ("guidance_fa", _("Guidance (Persian)")),
        ("guidance_en", _("Guidance (English)")),
        ("weight", _("Weight")),
        ("scale", _("Scale")),
        ("gate_least", _("Gate")),
        ("rater", _("Who gives the value")),
        ("allow_na", _("May be “not applicable”")),
        ("unit_fa", _("Unit (Persian)")),
        ("unit_en", _("Unit (English)")),
        ("sources", _("Sources")),
    ]
    changes = [
        FieldChange(name, label, getattr(was, name), getattr(now, name))
        for name, label in names
        if getattr(was, name) != getattr(now, name)
    ]
    home = [node.parent and node.parent.code for node in (was, now)]
    if home[0] != home[1]:
        changes.append(FieldChange("parent", _("Dimension"), was.parent and was.parent.title, now.parent and now.parent.title))
    elif displaced:
        changes.append(FieldChange("number", _("Order"), was.number, now.number))
    return changes


def _displaced(before, after):
    """Codes that changed their place among the siblings they kept: the fewest that explain the new order."""
    rows = {}
    for code, node in after.items():
        if code in before and _home(node) == _home(before[code]):
            rows.setdefault(_home(node), []).append(code)
    moved = set()
    for codes in rows.values():
        places = [list(before).index(code) for code in codes]
        moved.update(code for code, stays in zip(codes, _in_rising_order(places), strict=True) if not stays)
    return moved


def _home(node):
    return node.parent.code if node.parent else None


def _in_rising_order(places):
    """Which of the places belong to a longest rising sequence (so that one indicator moved up is one change)."""
    best = []  # for each place: (length, its predecessor) of the longest rising sequence that ends here
    for n, place in enumerate(places):
        best.append(max(((best[m][0] + 1, m) for m in range(n) if places[m] < place), default=(1, None)))
    kept = [False] * len(places)
    n = max(range(len(places)), key=lambda n: best[n][0], default=None)
    while n is not None:
        kept[n], n = True, best[n][1]
    return kept


# --- lists ---------------------------------------------------------------------------------------


def sets_for(user):
    """Sets with the versions that `user` may see (newest first, counted), those of the public first by kind."""
    versions = (
        SetVersion.objects.visible_to(user)
        .annotate(
            leaf_count=Count("indicators", filter=Q(indicators__scale__isnull=False)),
            gate_count=Count("indicators", filter=Q(indicators__gate_least__isnull=False)),
        )
        .order_by("-number")
    )
    sets = IndicatorSet.objects.filter(pk__in=SetVersion.objects.visible_to(user).values("set"))
    return sets.prefetch_related(Prefetch("versions", versions, to_attr="seen_versions"))
