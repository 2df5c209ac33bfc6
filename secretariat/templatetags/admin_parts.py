"""What the administration's own templates need beyond Django's."""

from django import template

register = template.Library()


@register.filter
def named(bound):
    """A field in a table cell, named to a screen reader by its column."""
    return bound.as_widget(attrs={"aria-label": bound.label})
