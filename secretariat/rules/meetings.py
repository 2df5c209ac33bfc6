"""The states of a meeting and who moves it."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy

from secretariat.rules.people import serves_council
from secretariat.workflow import Step


class MeetingStatus(models.TextChoices):
    PLANNED = "planned", gettext_lazy("planned")
    CALLED = "called", gettext_lazy("called")
    IN_SESSION = "in_session", gettext_lazy("in session")
    HELD = "held", gettext_lazy("held")
    CANCELLED = "cancelled", gettext_lazy("cancelled")


LIVE_MEETINGS = (MeetingStatus.PLANNED, MeetingStatus.CALLED, MeetingStatus.IN_SESSION)
# Whoever comes within it was there from the beginning, as minutes have it.
LATE_AFTER = timedelta(minutes=5)
# Working days in which those who were there are asked to sign approved minutes, and how many before its end they are reminded.
SIGN_WITHIN, REMIND_TO_SIGN = 5, 2
# What was said and decided there can be written down.
SETTLED_MEETINGS = (MeetingStatus.IN_SESSION, MeetingStatus.HELD)


def keeps_papers(user, obj):
    """Of whatever belongs to one council: its secretary or its chair."""
    return serves_council(user, obj.council_id)


_BEFORE = (MeetingStatus.PLANNED, MeetingStatus.CALLED)

MEETING_MOVES = {
    "call": Step((MeetingStatus.PLANNED,), MeetingStatus.CALLED, keeps_papers, gettext_lazy("Call the meeting")),
    # From "planned" too: the papers of a meeting that nobody called here are entered afterwards.
    "start": Step(_BEFORE, MeetingStatus.IN_SESSION, keeps_papers, gettext_lazy("Open the session")),
    "end": Step((MeetingStatus.IN_SESSION,), MeetingStatus.HELD, keeps_papers, gettext_lazy("End the session")),
    "cancel": Step(_BEFORE, MeetingStatus.CANCELLED, keeps_papers, gettext_lazy("Cancel the meeting"), needs_reason=True),
}
