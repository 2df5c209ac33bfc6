"""The buttons of the assessor's sheet. Forty indicators of seven are drawn at once, so they are joined here, not in loops.

{{ row|buttons }}        the levels of a row's scale as radio buttons, with “not applicable” where allowed, and “no answer”
{{ row.share|plainly }}  a number for scripts, the same in every language
"""

from django import template
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from assessments.forms.assessments import NOT_APPLICABLE
from secretariat.templatetags.portal_text import num

register = template.Library()


@register.filter
def buttons(row):
    """One radio button a level; what stands is chosen, and an error is read out with each."""
    chosen, about = row.value, f' aria-describedby="e-r-{row.key}"' if row.error else ""
    faces = _faces(row.scale)
    return mark_safe(
        "".join(
            f'<label{look}><input type="radio" name="r-{row.key}" value="{value}"'
            f"{' checked' if value == chosen else ''}{about}>{face}</label>"
            for value, look, face in (faces if row.allow_na else [button for button in faces if button[0] != NOT_APPLICABLE])
        )
    )


def _faces(scale):
    """(value, class attribute, face) of every button, worked out once for all the rows that share a scale."""
    if "sheet_faces" not in vars(scale):
        levels = [(choice.value, "", _face(choice.number, choice.word)) for choice in scale.sheet_choices]
        apart = [
            (NOT_APPLICABLE, ' class="is-na"', _face(None, _("not applicable"))),
            ("", ' class="is-none"', _face(None, _("no answer"))),
        ]
        scale.sheet_faces = levels + apart
    return scale.sheet_faces


def _face(number, word):
    if number is None:
        return format_html("<span>{}</span>", word)
    return format_html("<span><b>{}</b>{}</span>", num(number), f" {word}" if word else "")


@register.filter
def plainly(value):
    return f"{value:.6g}"
