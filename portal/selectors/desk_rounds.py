"""Rounds on the officers' desk: what is late and by whom, what will miss its deadline, who asks for more time."""

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments.models import Assignment, Extension, Round
from assessments.selectors.progress import outlooks
from secretariat import calendar

NAMED = 3  # of those who are late, on one line


def open_rounds(most):
    """The open rounds, the nearest deadline first, each with `words` on how it stands."""
    rounds = list(
        Round.objects.filter(status="open")
        .annotate(
            asked=Count("entries__assignments", filter=Q(entries__assignments__status__in=["offered", "accepted", "submitted"])),
            done=Count("entries__assignments", filter=Q(entries__assignments__status="submitted")),
        )
        .order_by("deadline", "pk")[:most]
    )
    found = outlooks(rounds)
    for round_ in rounds:
        round_.words = _words(round_, found[round_.pk])
    return rounds


def _words(round_, outlook):
    counts = {"done": calendar.digits(round_.done), "asked": calendar.digits(round_.asked)}
    parts = [_("%(done)s of %(asked)s assessments submitted") % counts]
    if outlook.late:
        names = [f"{assessor} ({calendar.digits(sheets)})" for assessor, sheets in outlook.late[:NAMED]]
        shown = _(", ").join(names) + ("…" if len(outlook.late) > NAMED else "")
        parts.append(_("late: %(names)s") % {"names": shown})
    if outlook.misses_by:
        sentence = ngettext(
            "at this pace %(count)s working day too late", "at this pace %(count)s working days too late", outlook.misses_by
        )
        parts.append(sentence % {"count": calendar.digits(outlook.misses_by)})
    return " · ".join(parts)


def late_count(now):
    """How many assessments and answers are past their deadline in open rounds."""
    return Assignment.objects.filter(entry__excluded_at=None).pending().with_due().filter(due__lt=now).count()


def requests_for_time():
    """Requests for more time that wait for an answer, the oldest first."""
    waiting = Extension.objects.open().filter(assignment__in=Assignment.objects.pending())
    return waiting.select_related("assignment__assessor__user", "assignment__entry__subject").order_by("asked_at", "pk")


def request_words(request):
    """(title, note) of a request on the desk."""
    title = _("%(name)s asks for more time") % {"name": request.assignment.assessor}
    note = _("%(title)s, until %(day)s") % {"title": request.assignment.entry.subject, "day": calendar.long_date(request.asked_until)}
    return title, note


def progress_url(round_):
    return reverse("round_progress", args=[round_.pk])
