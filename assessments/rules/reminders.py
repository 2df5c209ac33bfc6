"""When somebody is reminded, in working days, and which words of a letter stand for what."""

import string

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Nobody gets a letter before the work of the day begins (the hour in Tehran).
FIRST_HOUR = 8
# What may stand in the text of a reminder, in braces.
PLACEHOLDERS = {
    "name": gettext_lazy("the name of the assessor"),
    "round": gettext_lazy("the title of the round"),
    "products": gettext_lazy("his products, a line each with its deadline"),
    "deadline": gettext_lazy("the nearest of his deadlines"),
    "left": gettext_lazy("how many working days are left or have passed"),
}


def stage_before(left, stages):
    """The nearest stage that has come with `left` working days to go, or None: with 7, 3, 1 and two days left it is 3."""
    return min((stage for stage in stages if left <= stage), default=None)


def stage_after(passed, stages):
    """The farthest stage that has come `passed` working days afterwards, or None."""
    return max((stage for stage in stages if passed >= stage), default=None)


def fault_of_text(text):
    """Why this text of a reminder cannot be sent, as a sentence, or None."""
    if (fault := fault_of_subject(text)) is not None:
        return fault
    if "products" not in _names(text):
        return _("Leave {products} in the text: without it nobody knows what he is reminded of.")
    return None


def fault_of_subject(text):
    """Why the words in braces of this text stand for nothing, as a sentence, or None."""
    try:
        unknown = [name for name in _names(text) if name not in PLACEHOLDERS]
    except ValueError:
        return _("A brace is not closed. Braces are only for the words that stand for something, like {name}.")
    if not unknown:
        return None
    return _("This stands for nothing: %(words)s. Known are: %(known)s.") % {
        "words": ", ".join(f"{{{name}}}" for name in unknown),
        "known": ", ".join(f"{{{name}}}" for name in PLACEHOLDERS),
    }


def _names(text):
    """What stands in braces, whole: “{name!r}” is not a name."""
    parts = string.Formatter().parse(text)
    return [f"{name}{'!' + how if how else ''}{':' + spec if spec else ''}" for _said, name, spec, how in parts if name is not None]


def filled_in(text, values):
    """The text with its words in braces replaced; `text` has no fault."""
    return string.Formatter().vformat(text, (), values)
