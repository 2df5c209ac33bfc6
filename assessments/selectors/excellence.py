"""A self-assessment as it is read: its criteria with what was said and shown, and how far the agencies of a year are."""

from dataclasses import dataclass, field

from django.db.models import Count, Exists, F, FloatField, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import rules as assessment_rules
from assessments.forms.assessments import Answer
from assessments.forms.excellence import Told, addresses
from assessments.models import (
    Assessor,
    CheckAnswer,
    ExcellenceCheck,
    ExcellenceYear,
    Indicator,
    LevelState,
    SelfAssessment,
    SelfScore,
)
from assessments.rules.excellence import SelfStatus, YearStatus
from assessments.selectors.assessments import Row, preview, spoken
from assessments.selectors.conflicts import agency_ties
from secretariat.calendar import digits
from secretariat.models import Agency
from secretariat.rules import represented_agencies
from secretariat.uploads import INLINE

# --- the criteria --------------------------------------------------------------------------------


@dataclass
class Criterion:
    """One criterion: its row of the framework, what the agency says, its files, and what a checker says of it."""

    row: Row
    told: Told = field(default_factory=Told)
    version: int = 0  # of the answer, 0 for none yet
    files: list = field(default_factory=list)
    check: Answer | None = None
    error: str = ""  # a sentence on the checker's level
    other: object = None  # what another window has saved meanwhile

    @property
    def pk(self):
        return self.row.pk

    @property
    def is_answered(self):
        return self.told.level.state != LevelState.UNANSWERED

    @property
    def is_begun(self):
        return bool(self.is_answered or self.told.done or self.told.links or self.files)

    @property
    def links(self):
        return addresses(self.told.links)

    @property
    def own_said(self):
        """The agency's level in words: (value, word); `check_said` and `other_said` likewise."""
        return spoken(self.told.level, self.row.scale)

    @property
    def check_said(self):
        return spoken(self.check or Answer(), self.row.scale)

    @property
    def other_said(self):
        return spoken(self.other.level, self.row.scale) if self.other else None

    def problems(self):
        """Why this answer cannot be submitted as it stands, as sentences."""
        found = []
        if not self.is_answered:
            found.append(_("This criterion has no level yet."))
        elif self.told.level.value is not None and self.told.level.value > self.row.scale.minimum and not self.told.done:
            found.append(_("Write what is done: a level above the lowest rests on something."))
        elif self.told.level.state == LevelState.NOT_APPLICABLE and not self.told.done:
            found.append(_("Write why this does not apply."))
        for line, opens in self.links:
            if not opens:
                found.append(_("“%(line)s” is no web address. It begins with https:// or http://.") % {"line": line[:80]})
        return found


class SelfSheet:
    """A framework with everything that was said on it: `sections` of (node, [Criterion])."""

    def __init__(self, framework_id):
        part = preview(framework_id).parts[0]
        self.sections = [(section.node, [Criterion(row) for row in section.rows]) for section in part.sections]
        self.criteria = [criterion for _node, criteria in self.sections for criterion in criteria]
        self.by_pk = {criterion.pk: criterion for criterion in self.criteria}

    @property
    def leaves(self):
        return {pk: criterion.row.node.indicator for pk, criterion in self.by_pk.items()}

    @property
    def done(self):
        return sum(criterion.is_answered for criterion in self.criteria)

    @property
    def coverage(self):
        """Percent of the weight that was rated."""
        return sum(one.row.share for one in self.criteria if one.told.level.state == LevelState.SCORED)

    def problems(self):
        """Why it cannot be submitted: (Criterion or None, sentence)."""
        found = [(one, sentence) for one in self.criteria for sentence in one.problems()]
        if not found and self.coverage < assessment_rules.LEAST_COVERAGE:
            sentence = _("Too much is “not applicable”: at least %(least)s%% of the weight must be rated.")
            found.append((None, sentence % {"least": digits(assessment_rules.LEAST_COVERAGE)}))
        return found

    def levels(self):
        """{criterion id: (state, value)} of the agency itself."""
        return {one.pk: (one.told.level.state, one.told.level.value) for one in self.criteria}

    def neighbours(self, pk):
        """The criteria before and after one, None at the ends."""
        at = self.criteria.index(self.by_pk[pk])
        before = self.criteria[at - 1] if at else None
        return before, self.criteria[at + 1] if at + 1 < len(self.criteria) else None


def sheet_of(self_assessment):
    """The framework of a year filled with an agency's answers and files. Three queries."""
    sheet = SelfSheet(self_assessment.year.framework_id)
    for answer in self_assessment.answers.all():
        criterion = sheet.by_pk[answer.indicator_id]
        criterion.told = Told(Answer(answer.state, answer.value), answer.done, answer.links)
        criterion.row.answer, criterion.version = criterion.told.level, answer.version
    editable = self_assessment.status == SelfStatus.DRAFT
    for file in self_assessment.files.attached():
        file.url = reverse("self_file", args=[file.pk]) + ("?show=1" if file.content_type in INLINE else "")
        file.remove_url = reverse("self_file_remove", args=[file.pk]) if editable else ""
        sheet.by_pk[file.indicator_id].files.append(file)
    return sheet


def with_check(sheet, check):
    """Put a checker's levels beside the agency's; returns the sheet."""
    said = check_answers(check.pk)
    for criterion in sheet.criteria:
        criterion.check = said.get(criterion.pk, Answer())
    return sheet


def check_answers(check_id):
    """{criterion id: Answer} of a check, the reason as its comment."""
    rows = CheckAnswer.objects.filter(external_check=check_id).values_list("indicator", "state", "value", "reason")
    return {pk: Answer(state, value, reason) for pk, state, value, reason in rows}


def check_problems(sheet):
    """What a check still lacks: (Criterion, sentence)."""
    found = []
    for one in sheet.criteria:
        if one.check.state == LevelState.UNANSWERED:
            found.append((one, _("This criterion has no level yet.")))
        elif not one.check.comment.strip():
            found.append((one, _("Write the reason.")))
    return found


# --- a year as officers see it -------------------------------------------------------------------


def agencies_of_year(year):
    """The member agencies, and others that took part, each with where it stands in the year."""
    mine = SelfAssessment.objects.filter(year=year, agency=OuterRef("pk"))

    def score(source):
        rows = SelfScore.objects.filter(
            self_assessment__year=year, self_assessment__agency=OuterRef("pk"), source=source, indicator=None
        )
        return Subquery(rows.values("value")[:1], output_field=FloatField())

    answered = mine.annotate(n=Count("answers", filter=~Q(answers__state=LevelState.UNANSWERED))).order_by().values("n")
    checkers = ExcellenceCheck.objects.active().filter(self_assessment__year=year, self_assessment__agency=OuterRef("pk"))
    return Agency.objects.filter(Q(is_member=True) | Exists(mine)).annotate(
        self_pk=Subquery(mine.values("pk")[:1]),
        self_status=Subquery(mine.values("status")[:1]),
        submitted_at=Subquery(mine.values("submitted_at")[:1]),
        answered=Subquery(answered[:1]),
        drawn=Exists(mine.filter(in_sample=True)),
        has_checker=Exists(checkers),
        own_score=score("own"),
        check_score=score("check"),
        difference=F("check_score") - F("own_score"),
    )


@dataclass(frozen=True)
class Standing:
    """How far the agencies of a year are, in numbers."""

    agencies: int
    begun: int
    submitted: int
    drawn: int
    waiting_for_a_checker: int
    checking: int
    to_confirm: int
    confirmed: int

    @property
    def not_begun(self):
        return self.agencies - self.begun - self.submitted

    @property
    def missing(self):
        return self.agencies - self.submitted


def standing_of(year):
    """The Standing of a year. Two queries."""
    counts = year.self_assessments.aggregate(
        begun=Count("pk", filter=Q(status=SelfStatus.DRAFT)),
        submitted=Count("pk", filter=~Q(status=SelfStatus.DRAFT)),
        drawn=Count("pk", filter=Q(in_sample=True)),
        checking=Count("pk", filter=Q(status=SelfStatus.CHECKING)),
        to_confirm=Count("pk", filter=Q(status=SelfStatus.CHECKED)),
        confirmed=Count("pk", filter=Q(status=SelfStatus.CONFIRMED)),
        with_checker=Count("pk", filter=Q(status=SelfStatus.CHECKING, checks__withdrawn_at=None, checks__isnull=False)),
    )
    agencies = Agency.objects.filter(Q(is_member=True) | Q(self_assessments__year=year)).distinct().count()
    return Standing(agencies=agencies, waiting_for_a_checker=counts["checking"] - counts.pop("with_checker"), **counts)


def not_submitted(year):
    """Member agencies that have not submitted in a year."""
    handed_in = SelfAssessment.objects.filter(year=year).handed_in()
    return Agency.objects.filter(is_member=True).exclude(pk__in=handed_in.values("agency"))


def years_with_counts(user):
    """Years with how many agencies began, submitted and were drawn."""
    return (
        ExcellenceYear.objects.visible_to(user)
        .select_related("framework__set")
        .annotate(
            begun_count=Count("self_assessments"),
            submitted_count=Count("self_assessments", filter=~Q(self_assessments__status=SelfStatus.DRAFT)),
            drawn_count=Count("self_assessments", filter=Q(self_assessments__in_sample=True)),
        )
    )


@dataclass(frozen=True)
class Stratum:
    """Agencies of one kind in a sample."""

    label: str
    submitted: int
    drawn: int


def strata(year):
    """The sample by kind of agency."""
    rows = (
        year.self_assessments.handed_in()
        .values("agency__kind")
        .annotate(submitted=Count("pk"), drawn=Count("pk", filter=Q(in_sample=True)))
        .order_by("agency__kind")
    )
    labels = dict(Agency.Kind.choices)
    return [Stratum(labels[row["agency__kind"]], row["submitted"], row["drawn"]) for row in rows]


# --- checkers ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """Somebody who may check an agency, and how many checks he has to do."""

    assessor: Assessor
    load: int

    @property
    def words(self):
        name = self.assessor.user.display_name
        named = f"{name} – {self.assessor.field}" if self.assessor.field else name
        if not self.load:
            return named
        checks = ngettext("%(n)s check to do", "%(n)s checks to do", self.load) % {"n": digits(self.load)}
        return f"{named} ({checks})"


def checker_candidates(self_assessment):
    """Active assessors without a tie to the agency, the least busy first; none who was taken off it before."""
    live = Q(
        excellence_checks__withdrawn_at=None,
        excellence_checks__submitted_at=None,
        excellence_checks__self_assessment__status=SelfStatus.CHECKING,
    )
    before = self_assessment.checks.values("assessor")
    roster = list(
        Assessor.objects.active()
        .exclude(pk__in=before)
        .select_related("user")
        .annotate(load=Count("excellence_checks", filter=live))
        .order_by("load", "user__sort_key", "pk")
    )
    tied = {assessor for assessor, _agency in agency_ties({self_assessment.agency_id}, roster)}
    return [Candidate(assessor, assessor.load) for assessor in roster if assessor.pk not in tied]


def my_checks(user):
    """The checks of an assessor, what is to be done first."""
    return (
        ExcellenceCheck.objects.filter(assessor__user=user, withdrawn_at=None)
        .select_related("self_assessment__year", "self_assessment__agency")
        .annotate(answered=Count("answers", filter=~Q(answers__state=LevelState.UNANSWERED)))
        .order_by(F("submitted_at").asc(nulls_first=True), "self_assessment__year__checks_due", "pk")
    )


def count_criteria(framework_id):
    """How many criteria a framework has."""
    return Indicator.objects.filter(version=framework_id, scale__isnull=False).count()


# --- the desk ------------------------------------------------------------------------------------


def waiting_for_agencies(user):
    """Open years in which an agency of this person has still to submit: (year, agency, SelfAssessment or None)."""
    own = represented_agencies(user)
    years = list(ExcellenceYear.objects.filter(status=YearStatus.OPEN)) if own else []
    if not years:
        return []
    there = {(row.year_id, row.agency_id): row for row in SelfAssessment.objects.filter(year__in=years, agency__in=own)}
    agencies = list(Agency.objects.filter(pk__in=own, is_member=True))
    found = [(year, agency, there.get((year.pk, agency.pk))) for year in years for agency in agencies]
    return [(year, agency, row) for year, agency, row in found if row is None or row.status == SelfStatus.DRAFT]


def waiting_for_checker(user):
    """Checks that this person has still to hand in, the most urgent first."""
    return my_checks(user).filter(submitted_at=None, self_assessment__status=SelfStatus.CHECKING)


def waiting_for_officers():
    """The year that is under way with its Standing; None when none is."""
    year = ExcellenceYear.objects.filter(status__in=[YearStatus.OPEN, YearStatus.CHECKING]).order_by("-year").first()
    return (year, standing_of(year)) if year else None
