"""The picture of a round in time, drawn on the server.

{% load progress_pictures %}
{% round_gantt progress lines %}     the phases of the round and a bar for each of these lines of selectors.progress; its table stands beside it
{% for words, tone, icon in line|line_state %}
"""

from datetime import datetime, time, timedelta
from itertools import pairwise

from django import template
from django.utils.translation import gettext as _

from assessments import rules
from assessments.selectors import phases
from secretariat import calendar, charts

register = template.Library()

MOST_TICKS = 7


@register.filter
def line_state(line):
    """[(words, tone, icon)] of how an assessor stands."""
    return [
        {
            "late": (_("late"), "danger", "alarm"),
            "slow": (_("at this pace too late"), "warning", "speedometer"),
            "working": (_("at work"), "info", "pencil"),
            "asked": (_("has not answered"), "neutral", "hourglass-split"),
            "done": (_("done"), "success", "check-circle"),
            "left": (_("no longer on the panel"), "neutral", "dash-circle"),
        }[line.state]
    ]


@register.inclusion_tag("assessments/pictures/round_gantt.html")
def round_gantt(progress, lines):
    """The timetable of a round with a bar for each line, in two shapes."""
    if not lines:
        return {"shapes": []}
    now = progress.now
    strip = _phases(progress.round, now)
    expected = progress.expected
    ends = [progress.last_deadline, now, *(line.last for line in lines if line.submitted)]
    begins = [line.asked_at for line in lines] + [span[0] for span in strip if span[3] != "draft"]
    # What is foretold is drawn as far as half of what is known; the words beside the picture say the rest.
    far = max(ends) + (max(ends) - min(begins)) / 2
    if expected is not None:
        ends.append(min(far, expected[2] or far))
    first, last = calendar.day_of(min(begins)), calendar.day_of(max(ends)) + timedelta(days=1)
    begin, end = _midnight(first), _midnight(last)
    marks = [(progress.round.deadline.timestamp(), _("deadline"), "deadline")]
    if progress.round.is_open:
        marks.append((now.timestamp(), _("today"), "today"))
    zone = None
    if expected is not None and expected[0] is not None and expected[0].timestamp() < end:
        zone = expected[0].timestamp(), min(end, expected[2].timestamp() if expected[2] else end)
    shapes = charts.gantt(
        [_row(line, now) for line in lines],
        begin,
        end,
        [(_midnight(day), calendar.day_and_month(day)) for day in calendar.days_to_mark(first, last, MOST_TICKS)],
        mirrored=calendar.reads_persian(),
        spans=[(max(begin, one.timestamp()), min(end, other.timestamp()), str(label), kind) for one, other, label, kind in strip
               if other.timestamp() > begin and one.timestamp() < end],
        marks=marks,
        zone=zone,
    )  # fmt: skip
    return {"shapes": shapes, "has_zone": zone is not None, "is_open": progress.round.is_open}


def _midnight(day):
    return datetime.combine(day, time(), calendar.TEHRAN).timestamp()


def _phases(round_, now):
    """(from, to, label, kind) of every phase that the round has been in, and of those whose dates are planned."""
    picture = phases.picture(round_)
    reached = [phase for phase in picture.phases if phase.reached is not None]
    over = round_.status in (rules.RoundStatus.FINAL, rules.RoundStatus.CANCELLED)
    strip = [(phase.reached, after.reached, phase.label, phase.status) for phase, after in pairwise(reached)]
    if not over:
        strip.append((reached[-1].reached, now, reached[-1].label, reached[-1].status))
        ahead = [phase for phase in picture.phases if phase.planned is not None and phase.planned > now]
        for phase in ahead[:1]:
            strip.append((now, phase.planned, reached[-1].label, "planned"))
    return strip


def _row(line, now):
    """A line as bars: asked, accepted and not begun, at work, late."""
    stamp = datetime.timestamp
    stop = line.submitted[-1] if not line.owed and line.submitted else now
    bars, at = [], line.asked_at
    for until, kind in ((line.accepted_at, "asked"), (line.started_at, "waiting")):
        if until is not None and until > at:
            bars.append((stamp(at), stamp(until), kind))
            at = until
    if line.started_at is not None:
        bars.append((stamp(at), stamp(stop), "work"))
    elif line.owed:
        bars.append((stamp(at), stamp(now), "waiting" if line.accepted_at else "asked"))
    if line.late and line.deadline < now:
        bars.append((stamp(line.deadline), stamp(now), "late"))
    own = stamp(line.deadline) if line.deadline is not None else None
    return {"label": str(line.assessor), "bars": bars, "points": [stamp(at) for at in line.submitted], "limit": own}
