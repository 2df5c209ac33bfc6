"""What the administration's own templates need beyond Django's."""

import re

from django import template
from django.contrib.admin.templatetags.admin_list import paginator_number
from django.utils.safestring import mark_safe

from secretariat import calendar

register = template.Library()


@register.filter
def named(bound):
    """A field in a table cell, named to a screen reader by its column."""
    return bound.as_widget(attrs={"aria-label": bound.label})


@register.simple_tag
def page_number(changelist, number):
    """Django's link to a page of a list, with its number in the reader's digits."""
    drawn = str(paginator_number(changelist, number))
    return mark_safe(re.sub(r"(?<=>)\d+(?=<)", lambda found: calendar.digits(found[0]), drawn))
