"""What may happen to versions of indicator sets, and what must hold in their trees and in what is measured by them."""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.rules import officers
from secretariat.templatetags.portal_text import num
from secretariat.workflow import Step

# A dimension, a dimension within it, an indicator: more levels nobody reads.
DEEPEST_LEVEL = 3


class VersionStatus(models.TextChoices):
    DRAFT = "draft", gettext_lazy("draft")
    PUBLISHED = "published", gettext_lazy("published")
    RETIRED = "retired", gettext_lazy("retired")


VERSION_MOVES = {
    "publish": Step((VersionStatus.DRAFT,), VersionStatus.PUBLISHED, officers, gettext_lazy("Publish")),
    "retire": Step((VersionStatus.PUBLISHED,), VersionStatus.RETIRED, officers, gettext_lazy("Retire"), needs_reason=True),
}


def why_not_measurable(indicator, value, target, not_applicable):
    """(sentence, field) saying why these cannot be an indicator's measurement, or None. `value` None goes with N/A."""
    scale = indicator.scale
    if not_applicable:
        return None if indicator.allow_na else (_("This indicator cannot be “not applicable”."), "not_applicable")
    if value < scale.minimum or (scale.maximum is not None and value > scale.maximum):
        if scale.maximum is None:
            return _("The value must be at least %(least)s.") % {"least": num(scale.minimum)}, "value"
        bounds = {"least": num(scale.minimum), "most": num(scale.maximum)}
        return _("The value must be between %(least)s and %(most)s.") % bounds, "value"
    if scale.kind in ("ordinal", "inverse", "boolean") and (value - scale.minimum) % scale.step:
        return _("This is not one of the levels of the scale."), "value"
    if scale.kind == "ratio" and target is None:
        return _("The value is judged against a target: write the target too."), "target"
    if target is not None and target <= 0:
        return _("The target must be above zero."), "target"
    return None


def faults_of_tree(nodes):
    """Why this tree cannot be published: (primary key of the place or None, sentence) pairs; none when all is well.

    `nodes` are the uppermost nodes of `selectors.sets.tree`.
    """
    if not nodes:
        return [(None, _("Add at least one dimension with an indicator."))]
    faults = []
    if sum(node.weight for node in nodes) != 100:
        faults.append((None, _("The dimensions weigh %(sum)s together, not 100.") % {"sum": num(sum(n.weight for n in nodes))}))
    for node in nodes:
        faults += _faults_of_node(node, node.title)
    return faults


def _faults_of_node(node, place):
    faults = []
    if not node.title_fa or not node.title_en:
        faults.append((node.pk, _("“%(place)s” needs its title in both languages.") % {"place": place}))
    if node.is_leaf:
        if node.depth == 1:
            faults.append((node.pk, _("“%(place)s” stands outside the dimensions.") % {"place": place}))
        if node.scale.kind == "ratio" and node.rater != "secretariat":
            sentence = _("“%(place)s” is a ratio to a target: let the secretariat measure it.") % {"place": place}
            faults.append((node.pk, sentence))
        return faults
    if not node.children:
        return [*faults, (node.pk, _("“%(place)s” is a dimension without indicators.") % {"place": place})]
    if node.total != 100:
        sentence = _("In “%(place)s” the weights sum to %(sum)s, not 100.") % {"place": place, "sum": num(node.total)}
        faults.append((node.pk, sentence))
    for child in node.children:
        faults += _faults_of_node(child, child.title or child.code)
    return faults
