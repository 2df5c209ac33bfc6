"""How indicators, their gates and their changes are put into words."""

from decimal import Decimal

from django import template
from django.utils.translation import gettext as _

from assessments.models import Indicator, Scale
from secretariat.templatetags.portal_text import num, percent

register = template.Library()


@register.filter
def gate_words(node):
    """What the gate of an indicator asks for: “at least “acceptable””."""
    if node.gate_least is None:
        return ""
    return _gate(node.scale, node.gate_least)


def _gate(scale, least):
    levels = [level for level in scale.levels if level.share >= least] if scale else []
    if not levels:
        return _("at least %(value)s of 100") % {"value": num(least)}
    level = min(levels, key=lambda level: level.share)
    word = level.word or num(level.value)
    if scale.kind == Scale.Kind.INVERSE:
        return _("no worse than “%(level)s”") % {"level": word}
    if scale.kind == Scale.Kind.BOOLEAN:
        return _("must be “%(level)s”") % {"level": word}
    return _("at least “%(level)s”") % {"level": word}


@register.filter
def written(value, name):
    """A field's value as it stands in a list of changes."""
    if value is None or value == "" or value == []:
        return _("nothing")
    if name == "weight":
        return percent(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "rater":
        return dict(Indicator.Rater.choices).get(value, value)
    if name == "sources":
        return "؛ ".join(source["title"] for source in value)
    if isinstance(value, Decimal):
        return num(value)
    return value


@register.filter
def bar_width(value, most=100):
    """The width of a bar as an SVG length, whatever language the page is in."""
    return f"{min(100, float(value) * 100 / float(most or 100)):.2f}%"
