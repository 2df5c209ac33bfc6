"""The sheet as it is read and filled in: its parts, sections and rows, and how far the assessor has come."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import F
from django.utils.translation import gettext as _

from assessments import rules
from assessments.forms.assessments import TEXTS, Answer, plain
from assessments.models import Assignment, Indicator, Rating
from assessments.models.conflicted import Conflicted
from assessments.scoring.scales import normalise
from assessments.selectors.sets import Node, nested, walk
from secretariat.rules import is_officer

State = Rating.State


def workable(user):
    """Assignments that `user` fills in or has filled in himself; none where a conflict of interest stands in the way.

    Narrower than `visible_to`: officers see every sheet and write in none.
    """
    return _without_conflict(Assignment.objects.filter(assessor__user=user).active())


def on_behalf(user):
    """Assignments of others whose paper sheets `user`, an officer, may type in: never of a product he still has to judge."""
    if not is_officer(user):
        return Assignment.objects.none()
    undecided = Assignment.objects.filter(assessor__user=user, status__in=rules.PENDING_ASSIGNMENTS)
    others = Assignment.objects.visible_to(user).exclude(assessor__user=user).exclude(entry__in=undecided.values("entry"))
    return _without_conflict(others.active())


def _without_conflict(assignments):
    return assignments.exclude(Conflicted("assessor", "entry__subject"))


# ------------------------------------------------------------------ the sheet
@dataclass(frozen=True)
class Choice:
    """One level of a scale as a button."""

    value: str  # as the field carries it
    number: Decimal | None  # shown on the button; None where the word says it all
    word: str


@dataclass
class Row:
    """One indicator with what is said on it."""

    node: Node
    share: Decimal  # percent of the whole sheet
    answer: Answer = field(default_factory=Answer)
    error: str = ""
    typed: str | None = None  # a refused value, as it was typed
    comment_error: str = ""
    comment_typed: str | None = None
    other: Answer | None = None  # what another window has saved meanwhile
    measurement: object = None

    def __getattr__(self, name):
        if name.startswith("__") or name == "node":
            raise AttributeError(name)
        return getattr(self.node, name)

    @property
    def pk(self):
        return self.node.indicator.pk

    @property
    def key(self):
        """The primary key as the names of the fields carry it, whatever language the page is in."""
        return str(self.pk)

    @property
    def is_question(self):
        """The assessor is asked this; headings and what the secretariat measures are only read."""
        return not self.measured

    @property
    def measured(self):
        return self.node.rater == Indicator.Rater.SECRETARIAT

    @property
    def value(self):
        return self.answer.typed if self.typed is None else self.typed

    @property
    def comment(self):
        return self.answer.comment if self.comment_typed is None else self.comment_typed

    @property
    def not_applicable(self):
        return self.value == "na"

    @property
    def choices(self):
        """The levels as buttons; none where a number is typed."""
        return choices(self.node.scale)

    @property
    def said(self):
        """The answer in words, for reading."""
        return spoken(self.answer, self.node.scale)

    @property
    def other_said(self):
        return spoken(self.other, self.node.scale) if self.other else None

    @property
    def gate_failed(self):
        if self.node.gate_least is None or self.answer.value is None or self.node.scale.kind == "ratio":
            return False
        scale = self.node.scale
        on_100 = normalise(scale.kind, [float(self.answer.value)], float(scale.minimum), float(scale.maximum))
        return bool(on_100[0] < float(self.node.gate_least))


def _levels(scale):
    """The levels of a scale, worked out once for all the rows that share it."""
    if "sheet_levels" not in vars(scale):
        scale.sheet_levels = scale.levels
    return scale.sheet_levels


def choices(scale):
    """The levels of a scale as buttons, made once for all the rows that share it."""
    if "sheet_choices" not in vars(scale):
        yes_or_no = scale.kind == "boolean"
        scale.sheet_choices = [
            Choice(
                plain(level.value),
                None if yes_or_no else level.value,
                level.word or (yes_or_no and (_("yes") if level.value else _("no"))) or "",
            )
            for level in _levels(scale)
        ]
    return scale.sheet_choices


def spoken(answer, scale):
    """An answer in words: (value, word)."""
    if answer.state == State.NOT_APPLICABLE:
        return None, _("not applicable")
    if answer.value is None:
        return None, _("not answered")
    if scale.kind == "boolean":
        return None, _("yes") if answer.value else _("no")
    return answer.value, next((level.word for level in _levels(scale) if level.value == answer.value), "")


@dataclass
class Section:
    """An uppermost dimension: its headings and rows in reading order."""

    node: Node
    items: list  # Row, or a Node for a heading within the section

    @property
    def rows(self):
        return [item for item in self.items if isinstance(item, Row)]

    @property
    def asked(self):
        return [row for row in self.rows if not row.measured]

    @property
    def done(self):
        return sum(row.answer.state != State.UNANSWERED for row in self.asked)


@dataclass
class Part:
    """One set version within the sheet."""

    version: object
    weight: Decimal
    sections: list


class Sheet:
    """A whole sheet: parts → sections → rows."""

    def __init__(self, parts):
        self.parts = parts
        self.rows = [row for part in parts for section in part.sections for row in section.rows]
        self.asked = [row for row in self.rows if not row.measured]
        self.leaves = {row.pk: row.node.indicator for row in self.asked}

    def fill(self, answers):
        """Put answers ({indicator id: Answer}) into the rows."""
        for row in self.rows:
            row.answer = answers.get(row.pk, Answer())
        return self

    def measure(self, measurements):
        """Put the secretariat's measurements ({indicator id: Measurement}) into the rows."""
        for row in self.rows:
            found = row.measurement = measurements.get(row.pk)
            if found is not None:
                row.answer = Answer(State.NOT_APPLICABLE if found.not_applicable else State.SCORED, found.value, found.note)
        return self

    @property
    def done(self):
        return sum(row.answer.state != State.UNANSWERED for row in self.asked)

    @property
    def coverage(self):
        """Percent of the weight the assessor answers for that he rated; “not applicable” is not rated."""
        whole = sum(row.share for row in self.asked)
        rated = sum(row.share for row in self.asked if row.answer.state == State.SCORED)
        return rated * 100 / whole if whole else Decimal(0)

    @property
    def missing(self):
        return [row for row in self.asked if row.answer.state == State.UNANSWERED]

    @property
    def failed_gates(self):
        return [row for row in self.asked if row.gate_failed]

    def problems(self):
        """Why the sheet cannot be submitted as it stands: (row or None, sentence)."""
        found = [(row, _("This indicator has no answer yet.")) for row in self.missing]
        if not found and self.coverage < rules.LEAST_COVERAGE:
            sentence = _(
                "Too much is “not applicable”: only %(coverage)s%% of the weight is rated, at least %(least)s%% is needed."
                " If the indicators do not fit this product, decline with the reason or write to the secretariat."
            )
            found.append((None, sentence % {"coverage": int(self.coverage), "least": rules.LEAST_COVERAGE}))
        for row in self.failed_gates:
            if not row.answer.comment.strip():
                found.append((row, _("This answer fails a requirement for the mark: write in a comment why.")))
        return found


def sheet(sheet_id):
    """The empty sheet of an entry, in one query."""
    rows = list(
        Indicator.objects.filter(version__sheet_parts__sheet=sheet_id)
        .annotate(part_position=F("version__sheet_parts__position"), part_weight=F("version__sheet_parts__weight"))
        .select_related("scale", "version__set")
        .order_by("part_position", "position", "pk")
    )
    by_part = {}
    for row in rows:
        by_part.setdefault(row.part_position, []).append(row)
    return Sheet([_part(own, own[0].version, own[0].part_weight) for own in by_part.values()])


def preview(version):
    """The sheet as assessors will see it, of one version by itself, draft or published."""
    rows = list(Indicator.objects.filter(version=version).select_related("scale", "version__set").order_by("position", "pk"))
    return Sheet([_part(rows, version, Decimal(100))] if rows else [])


def _part(indicators, version, weight):
    scales = {}
    for indicator in indicators:
        if indicator.scale_id is not None:
            indicator.scale = scales.setdefault(indicator.scale_id, indicator.scale)
    return Part(version, weight, [_section(node, weight) for node in nested(indicators)])


def _section(top, weight):
    items = []
    for node in walk([top]):
        if node.is_leaf:
            items.append(Row(node, node.effective * weight / 100))
        elif node is not top:
            items.append(node)
    return Section(top, items)


def answers_of(assessment_id):
    """{indicator id: Answer} of an assessment."""
    rows = Rating.objects.filter(assessment=assessment_id).values_list("indicator", "state", "value", "comment")
    return {pk: Answer(state, value, comment) for pk, state, value, comment in rows}


def filled_sheet(assignment, assessment):
    """The sheet of an assignment with its answers and the secretariat's measurements."""
    found = sheet(assignment.entry.sheet_id).fill(answers_of(assessment.pk) if assessment else {})
    if len(found.asked) < len(found.rows):
        found.measure({row.indicator_id: row for row in assignment.entry.measurements.all()})
    return found


def fields_of(sheet, assessment):
    """Every field of a filled sheet as it is stored, by its name in the form."""
    fields = {name: getattr(assessment, name, "") for name in TEXTS}
    for row in sheet.asked:
        fields[f"r-{row.key}"], fields[f"c-{row.key}"] = row.answer.typed, row.answer.comment
    return fields
