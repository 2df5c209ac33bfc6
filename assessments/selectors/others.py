"""What an assessor is shown of the others who judge the same thing, once his own judgement is given: as his round says."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from assessments.blindness import shown_to
from assessments.models import Assessment
from assessments.selectors.assessments import Sheet, filled_sheet, spoken
from assessments.selectors.score_readers import ScoreReader
from assessments.selectors.scores import explain
from secretariat.calendar import digits


@dataclass
class Peer:
    """Another assessor with what he said; `label` is his name only where the round shows names."""

    label: str
    strengths: str = ""
    improvements: str = ""
    answers: dict = field(default_factory=dict)  # {indicator id: Rating}


@dataclass
class Others:
    """The page of one assignment: what is not shown by the round is empty here."""

    shown: object
    peers: list = field(default_factory=list)
    sheet: Sheet | None = None  # the reader's own, each of its rows with `beside`: (peer, said, comment) of the others
    names: list = field(default_factory=list)  # where names are shown and what they said is not
    why: object = None  # the explanation of the score, cut as for the public; None while it would give somebody away


def beside(assignment):
    """The others' assessments that this assignment's assessor may read."""
    if not shown_to(assignment).ratings:
        return Assessment.objects.none()
    return Assessment.objects.counted().filter(assignment__entry=assignment.entry_id).exclude(assignment=assignment)


def may_look(assignment):
    """Whether the round shows this assessor anything of the others by now."""
    shown = shown_to(assignment)
    return shown.ratings or shown.names or shown.aggregates


def others_of(assignment):
    """What the assessor of a submitted assignment is shown of the others and of what came of it."""
    shown = shown_to(assignment)
    told = Others(shown)
    if shown.ratings:
        rows = beside(assignment).select_related("assignment__assessor__user").prefetch_related("ratings")
        told.peers = [_peer(row, shown) for row in rows.order_by("assignment__alias")]
        told.sheet = _side_by_side(assignment, told.peers)
    elif shown.names:
        counted = Assessment.objects.counted().filter(assignment__entry=assignment.entry_id).exclude(assignment=assignment)
        people = counted.select_related("assignment__assessor__user").order_by("assignment__assessor__user__sort_key", "pk")
        told.names = [row.assignment.assessor.user.display_name for row in people]
    if shown.aggregates:
        entry, reader = assignment.entry, ScoreReader(assignment.assessor.user)
        found = reader.entries().filter(pk=entry.pk).select_related("round", "result").first()
        audience = reader.audience(found) if found else None
        told.why = explain(found, audience=audience) if audience else None
    return told


def _peer(assessment, shown):
    assignment = assessment.assignment
    name = assignment.assessor.user.display_name if shown.names else _("Assessor %(n)s") % {"n": digits(assignment.alias)}
    answers = {rating.indicator_id: rating for rating in assessment.ratings.all()}
    return Peer(name, assessment.strengths, assessment.improvements, answers)


def _side_by_side(assignment, peers):
    sheet = filled_sheet(assignment, assignment.assessment)
    for row in sheet.asked:
        said = [(peer, peer.answers.get(row.pk)) for peer in peers]
        row.beside = [(peer, spoken(rating, row.node.scale), rating.comment) for peer, rating in said if rating is not None]
    return sheet
