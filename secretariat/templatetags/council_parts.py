"""Parts of the meeting room: the motions of an agenda item, read once for the whole page."""

from django import template

from secretariat import rules
from secretariat.selectors.motions import motions_of

register = template.Library()


@register.simple_tag(takes_context=True)
def item_motions(context, meeting, item):
    """The motions of an agenda item as the reader sees them; those of all items come with the first one asked for."""
    # Kept with the page's own meeting: an included template forgets what it is given.
    if not hasattr(meeting, "motions_read"):
        meeting.motions_read = motions_of(meeting, context["request"].user)
    return meeting.motions_read.get(item.pk, [])


@register.simple_tag(takes_context=True)
def may_put_motion(context, meeting):
    """Whether the reader may put a motion on the agenda of this meeting."""
    return meeting.status in rules.LIVE_MEETINGS and rules.serves_council(context["request"].user, meeting.council_id)
