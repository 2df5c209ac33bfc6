"""Building indicator sets: drafts are edited here, published ones never again."""

from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import Indicator, IndicatorSet, SetVersion
from assessments.scoring.weights import spread_rest
from assessments.selectors import sets as selectors
from assessments.selectors.comparisons import running_study
from secretariat.errors import RuleBroken, Stale
from secretariat.rules import only_officers
from secretariat.workflow import advance

COPIED = [
    "code", "title_fa", "title_en", "guidance_fa", "guidance_en", "position", "weight", "scale_id", "rater", "allow_na",
    "unit_fa", "unit_en", "gate_least", "sources",
]  # fmt: skip


def _take_draft(version_id, edition, by):
    """Lock a draft, see that it is the edition the form was made from, and count this edit."""
    only_officers(by=by)
    version = SetVersion.objects.select_for_update(of=("self",), no_key=True).select_related("set").get(pk=version_id)
    if version.status != SetVersion.Status.DRAFT:
        raise RuleBroken(_("A published version never changes. Make a new version from it."))
    if edition is not None and version.edition != edition:
        raise Stale(_("Somebody else changed this draft while you were working on it. Nothing of yours was saved yet."), version)
    version.edition += 1
    SetVersion.objects.filter(pk=version.pk).update(edition=F("edition") + 1)
    return version


# --- sets and their versions ---------------------------------------------------------------------


@transaction.atomic
def create_set(*, by, **fields):
    """Make a set with an empty first draft; returns the draft."""
    only_officers(by=by)
    try:
        with transaction.atomic():
            made = IndicatorSet.objects.create(**fields)
    except IntegrityError:
        raise RuleBroken(_("There is already a set with this code."), field="code") from None
    return SetVersion.objects.create(set=made, number=1)


@transaction.atomic
def new_version(set_id, *, by):
    """Draft the next version as a copy of the published one (or, without one, of the newest)."""
    only_officers(by=by)
    # The set's row serialises two officers who press the button together.
    set_ = IndicatorSet.objects.select_for_update(no_key=True).get(pk=set_id)
    versions = {version.status: version for version in set_.versions.order_by("number")}
    if draft := versions.get(SetVersion.Status.DRAFT):
        raise RuleBroken(_("There is already a draft of this set: version %(number)s.") % {"number": draft.number})
    base = versions.get(SetVersion.Status.PUBLISHED) or versions.get(SetVersion.Status.RETIRED)
    number = set_.versions.aggregate(last=Max("number"))["last"] or 0
    made = SetVersion.objects.create(set=set_, number=number + 1, based_on=base)
    if base:
        _copy(selectors.tree(base), made, None)
    return made


def _copy(nodes, version, copies):
    """Copy a tree level by level, one statement each."""
    while nodes:
        fresh = [
            Indicator(
                version=version,
                parent=copies[node.parent.pk] if node.parent else None,
                **{name: getattr(node, name) for name in COPIED},
            )
            for node in nodes
        ]
        copies = dict(zip((node.pk for node in nodes), Indicator.objects.bulk_create(fresh), strict=True))
        nodes = [child for node in nodes for child in node.children]


@transaction.atomic
def describe(version_id, *, edition, by, **fields):
    """Write the titles and introduction of the set and what is new in this draft."""
    version = _take_draft(version_id, edition, by)
    for obj, names in ((version, ("note_fa", "note_en")), (version.set, ("title_fa", "title_en", "intro_fa", "intro_en"))):
        given = [name for name in names if name in fields]
        for name in given:
            setattr(obj, name, fields[name])
        obj.save(update_fields=given)
    return version


@transaction.atomic
def discard(version_id, *, edition, by):
    """Delete a draft; a set that never had another version goes with it."""
    version = _take_draft(version_id, edition, by)
    if running_study(version):
        raise RuleBroken(_("Experts are asked about the weights of this draft. Adopt or cancel that study first."))
    set_ = version.set
    version.delete()
    if not set_.versions.exists():
        set_.delete()
    return set_


@transaction.atomic
def publish(version_id, *, by, edition=None):
    """Publish a draft and retire the version it replaces; raises RuleBroken naming every place that is not ready."""
    only_officers(by=by)
    set_id = SetVersion.objects.values_list("set_id", flat=True).get(pk=version_id)
    IndicatorSet.objects.select_for_update(no_key=True).get(pk=set_id)
    version = SetVersion.objects.select_for_update(of=("self",), no_key=True).get(pk=version_id)
    if edition is not None and version.edition != edition:
        raise Stale(_("The draft was changed after you opened this page. Look at the differences again."), version)
    nodes = selectors.tree(version)
    if version.status == SetVersion.Status.DRAFT and (faults := rules.faults_of_tree(nodes)):
        raise RuleBroken(" ".join(sentence for _place, sentence in faults))
    former = SetVersion.objects.filter(set_id=set_id, status=SetVersion.Status.PUBLISHED).exclude(pk=version_id).first()
    if former and version.status == SetVersion.Status.DRAFT:
        why = _("Replaced by version %(number)s.") % {"number": version.number}
        advance(SetVersion.objects.all(), former.pk, "retire", by=by, why=why)
    return advance(
        SetVersion.objects.all(),
        version_id,
        "publish",
        by=by,
        published_at=timezone.now(),
        content_hash=selectors.content_hash(nodes),
    )


def retire(version_id, *, by, why):
    """Take a published version out of use without a successor."""
    return advance(SetVersion.objects.all(), version_id, "retire", by=by, why=why)


# --- dimensions and indicators -------------------------------------------------------------------


@transaction.atomic
def save_weights(version_id, weights, *, edition, by):
    """Write typed weights: {primary key of a node: Decimal}; nodes that are gone meanwhile are passed over."""
    version = _take_draft(version_id, edition, by)
    _write_weights(version, weights)
    return version


def _write_weights(version, weights):
    rows = version.indicators.in_bulk(list(weights))
    changed = [row for pk, row in rows.items() if row.weight != weights[pk]]
    for row in changed:
        row.weight = weights[row.pk]
    Indicator.objects.bulk_update(changed, ["weight"])


@transaction.atomic
def spread(version_id, parent_id, *, edition, by):
    """Complete the weights of one group of siblings to 100 (`parent_id` None: the uppermost)."""
    version = _take_draft(version_id, edition, by)
    rows = list(version.indicators.filter(parent=parent_id).order_by("position", "pk"))
    for row, weight in zip(rows, spread_rest([row.weight for row in rows]), strict=True):
        row.weight = weight
    Indicator.objects.bulk_update(rows, ["weight"])
    return version


@transaction.atomic
def save_node(version_id, *, edition, by, pk=None, weights=None, **fields):
    """Add a dimension or indicator (without `pk`) or change one; `weights` are others typed beside it.

    A node put under another dimension goes to its end.
    """
    version = _take_draft(version_id, edition, by)
    if weights:
        _write_weights(version, weights)
    node = _node(version, pk) if pk else Indicator(version=version)
    if not fields.get("code"):
        fields.pop("code", None)  # an emptied code stays what it was
    parent = fields.pop("parent", node.parent)
    if parent is not None:
        parent = _node(version, parent.pk)
    moved = pk is None or (parent and parent.pk) != node.parent_id
    for name, value in fields.items():
        setattr(node, name, value)
    if node.scale_id is None:
        node.gate_least, node.allow_na, node.unit_fa, node.unit_en = None, False, "", ""
        node.rater = Indicator.Rater.EXPERT
    if moved:
        _refuse_bad_place(version, node, parent)
        node.parent = parent
        last = version.indicators.filter(parent=parent).aggregate(last=Max("position"))["last"]
        node.position = (last or 0) + 1
    if not node.code:
        node.code = free_code(version, node)
    if version.indicators.filter(code=node.code).exclude(pk=node.pk).exists():
        raise RuleBroken(_("This code is taken by another row of this set."), field="code")
    node.save()
    return node


def _node(version, pk):
    node = version.indicators.filter(pk=pk).first()
    if node is None:
        raise Stale(_("This row was deleted meanwhile."), None)
    return node


def _refuse_bad_place(version, node, parent):
    nodes = {n.pk: n for n in selectors.walk(selectors.tree(version))}
    if parent is None:
        if node.scale_id is not None:
            raise RuleBroken(_("An indicator stands within a dimension."), field="parent")
        return
    place = nodes[parent.pk]
    if place.is_leaf:
        raise RuleBroken(_("Choose a dimension."), field="parent")
    moving = nodes.get(node.pk)
    ancestors = {place.pk}
    while place.parent:
        place = place.parent
        ancestors.add(place.pk)
    if node.pk in ancestors:
        raise RuleBroken(_("A dimension cannot stand within itself."), field="parent")
    # A dimension needs room for its indicators.
    height = _height(moving) if moving else (1 if node.scale_id else 2)
    if nodes[parent.pk].depth + height > rules.DEEPEST_LEVEL:
        raise RuleBroken(_("This would be too deep: a dimension, one within it, and indicators are all."), field="parent")


def _height(node):
    return 1 if node.is_leaf else 1 + max((_height(child) for child in node.children), default=1)


def free_code(version, node):
    """A short code that nobody in the version has: D1, D2 … for dimensions, I1, I2 … for indicators."""
    taken = set(version.indicators.values_list("code", flat=True))
    letter = "D" if node.scale_id is None else "I"
    number = 1
    while f"{letter}{number}" in taken:
        number += 1
    return f"{letter}{number}"


@transaction.atomic
def move_node(version_id, pk, steps, *, edition, by):
    """Move a node up (-1) or down (+1) among its siblings."""
    version = _take_draft(version_id, edition, by)
    node = _node(version, pk)
    rows = list(version.indicators.filter(parent=node.parent_id).order_by("position", "pk"))
    place = rows.index(node)
    target = min(max(place + steps, 0), len(rows) - 1)
    rows.insert(target, rows.pop(place))
    for position, row in enumerate(rows, 1):
        row.position = position
    Indicator.objects.bulk_update(rows, ["position"])
    return version


@transaction.atomic
def delete_node(version_id, pk, *, edition, by):
    """Delete a node of a draft with everything below it."""
    version = _take_draft(version_id, edition, by)
    _node(version, pk).delete()
    return version
