"""What the tests of disagreements share: panels that lie apart, and one whose members discuss."""

from assessments.models import Assessor, Entry, Moderation, Round
from assessments.services import discussions, moderations, runs
from tests import factories

APART = (1, 4, 4)  # 0, 75 and 75 of 100
TOGETHER = (4, 4, 4)
WHY = "برگه‌ها با هم خوانده شد"


def round_(status="open", **fields):
    """A round with the usual limits."""
    return factories.round_(status, **{"gap_total": 20, "gap_indicator": 40, **fields})


def judged(entry, *values):
    """Submit an assessment for each of `values`, and compute the round."""
    for value in values:
        factories.submitted_assessment(entry, value)
    computed(entry)
    return entry


def computed(entry):
    runs.inputs_changed(entry.pk)
    runs.score_round(entry.round_id)
    entry.refresh_from_db()
    return entry


def dispute(*values, status="open", **fields):
    """A disagreement, found: of three assessors unless `values` say otherwise."""
    round__ = round_(**fields)
    entry = judged(factories.entry(round__), *(values or APART))
    Round.objects.filter(pk=round__.pk).update(status=status)
    return Moderation.objects.select_related("entry__round").get(entry=entry)


def discussion(*values, **fields):
    """A panel that discusses everything it differs on; gives the disagreement and the moderator."""
    officer = factories.officer()
    moderation = dispute(*values, **{"moderation": "consensus", **fields})
    moderations.discuss(moderation.pk, points(moderation), by=officer)
    moderation.refresh_from_db()
    return moderation, officer


def points(moderation):
    from assessments.selectors.moderations import widest

    return [one.indicator.pk for one in widest(moderation)]


def people(entry):
    """The users of a panel, by number."""
    return [row.assessor.user for row in entry.assignments.select_related("assessor__user").order_by("alias")]


def agreed(moderation, officer, raw="3"):
    """Write the same agreed value on every point, and settle as agreed."""
    for point in moderation.points.all():
        discussions.agree(moderation.pk, point.indicator_id, raw, "پس از گفت‌وگو", by=officer)
    moderations.settle(moderation.pk, "agreed", WHY, by=officer)
    runs.score_round(moderation.entry.round_id)
    moderation.refresh_from_db()
    return moderation


def further(moderation, officer=None):
    """Somebody free is summoned; gives the assignment."""
    person = factories.assessor()
    return moderations.summon(moderation.pk, person.pk, by=officer or factories.officer())


def another_entry(entry):
    return Entry.objects.create(round=entry.round, subject=factories.subject(), sheet=entry.sheet)


def assessor_of(user):
    return Assessor.objects.get(user=user)
