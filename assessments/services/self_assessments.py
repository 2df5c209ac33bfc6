"""An agency's hand on its self-assessment: begin, keep answers and files, submit; and an officer's: give it back."""

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.forms.assessments import Answer
from assessments.forms.excellence import MOST_LINKS, Told, addresses, read_answer
from assessments.models import ExcellenceYear, Indicator, SelfAnswer, SelfAssessment, SelfFile, SelfScore
from assessments.rules import excellence as rules
from assessments.selectors import excellence as selectors
from assessments.selectors.excellence_scores import METHOD, worked_out
from secretariat import calendar, workflow
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Agency
from secretariat.private_files import ask_room, keeping
from secretariat.rules import represents
from secretariat.services import notices

SUBMITTED = gettext_lazy("%(agency)s submitted its self-assessment of %(year)s.")
RETURNED = gettext_lazy(
    "The self-assessment of %(year)s was given back to your agency, so that it can be changed and submitted anew. Reason: %(why)s"
)


class Incomplete(RuleBroken):
    """It cannot be submitted yet; `problems` are (Criterion or None, sentence)."""

    def __init__(self, problems):
        super().__init__(_("The self-assessment is not complete yet."))
        self.problems = problems


@dataclass
class Saved:
    """What came of saving an answer: the row as it stands, and a sentence where the level could not be kept."""

    answer: SelfAnswer
    told: Told
    error: str = ""
    typed: str | None = None


@transaction.atomic
def start(year_id, agency_id, *, by):
    """Begin an agency's self-assessment in an open year; what is there already is given."""
    years = ExcellenceYear.objects.all() if by is None else ExcellenceYear.objects.visible_to(by)
    year = years.get(pk=year_id)
    agency = Agency.objects.get(pk=agency_id)
    if by is not None and not represents(by, agency.pk):
        raise RuleBroken(_("You do not represent this agency."))
    if not agency.is_member:
        raise RuleBroken(_("Only member agencies take part."))
    there = SelfAssessment.objects.filter(year=year, agency=agency).first()
    if there is not None:
        return there
    if year.status != rules.YearStatus.OPEN:
        raise RuleBroken(_("The answering of this year is over."))
    try:
        with transaction.atomic():
            return SelfAssessment.objects.create(year=year, agency=agency, started_by=by)
    except IntegrityError:  # somebody of the agency began at this very moment
        return SelfAssessment.objects.get(year=year, agency=agency)


@transaction.atomic
def save_answer(self_assessment_id, indicator_id, values, *, by, version):
    """Keep what was typed on one criterion (fields level, done, links); a level that cannot be read is told, the rest kept.

    `version` is that of the answer the page was opened with, 0 for none yet. Raises Stale when another window has saved
    something else since; then nothing is written, and `current` is a Saved of what stands.
    """
    own = _at_work(self_assessment_id, by)
    indicator = Indicator.objects.select_related("scale").get(pk=indicator_id, version=own.year.framework_id, scale__isnull=False)
    row = own.answers.filter(indicator=indicator).first()
    known = Told(Answer(row.state, row.value), row.done, row.links) if row else Told()
    reading = read_answer(values, indicator, known)
    if reading.told == known:
        return Saved(row or SelfAnswer(self_assessment=own, indicator=indicator, version=0), known, reading.error, reading.typed)
    if version != (row.version if row else 0):
        raise Stale(_("This answer was saved from another window meanwhile."), Saved(row, known))
    if len(addresses(reading.told.links)) > MOST_LINKS:
        raise RuleBroken(_("At most %(n)s links are taken.") % {"n": calendar.digits(MOST_LINKS)}, field="links")
    row = row or SelfAnswer(self_assessment=own, indicator=indicator, version=0)
    row.state, row.value = reading.told.level.state, reading.told.level.value
    row.done, row.links, row.changed_by = reading.told.done, reading.told.links, by
    row.version += 1
    row.save()
    _touch(own)
    return Saved(row, reading.told, reading.error, reading.typed)


def attach(self_assessment_id, indicator_id, upload, *, by):
    """Check one uploaded file and keep it as evidence on a criterion."""
    row, content = SelfFile.of(upload, by=by, self_assessment_id=self_assessment_id, indicator_id=indicator_id)
    with keeping(row, content, once="evidence_once_a_criterion"):
        own = _at_work(self_assessment_id, by)
        Indicator.objects.get(pk=indicator_id, version=own.year.framework_id, scale__isnull=False)
        ask_room(row, own.files.attached().filter(indicator=indicator_id))
        _touch(own)
    return row


@transaction.atomic
def detach(file_id, *, by):
    """Take a file out of the draft; it stays on record. Doing it twice is no harm."""
    file = SelfFile.objects.get(pk=file_id)
    own = _at_work(file.self_assessment_id, by)
    if file.removed_at is None:
        file.take_out()
        _touch(own)
    return file


@transaction.atomic
def submit(self_assessment_id, *, by, version):
    """Hand it in: it is frozen, and its scores are worked out and kept."""
    own = _locked(self_assessment_id, by)
    if own.status == rules.SelfStatus.DRAFT:
        # Otherwise it has gone through already: `advance` says so.
        if own.version != version:
            raise Stale(_("Somebody of your agency changed an answer meanwhile. Look at it again before you submit."), own)
        if refusal := rules.why_not_submittable(own):
            raise RuleBroken(refusal)
        sheet = selectors.sheet_of(own)
        if problems := sheet.problems():
            raise Incomplete(problems)
    moved = workflow.advance(_rows(by), own.pk, "submit", by=by, submitted_at=timezone.now(), submitted_by=by)
    keep_scores(moved, SelfScore.Source.OWN, sheet.levels())
    notices.tell_officers(
        "excellence_submitted",
        *both(SUBMITTED, agency=own.agency, year=own.year.year),
        link=moved.get_absolute_url(),
        mail=False,
    )
    return moved


@transaction.atomic
def give_back(self_assessment_id, *, by, why):
    """Open a submitted self-assessment to its agency again, with a reason; its scores go until it is submitted anew."""
    own = workflow.advance(_rows(by), self_assessment_id, "return", by=by, why=why, submitted_at=None, submitted_by=None)
    own.scores.filter(source=SelfScore.Source.OWN).delete()
    notices.tell_agency(
        own.agency_id,
        "excellence_returned",
        *both(RETURNED, year=own.year.year, why=why.strip()),
        link=reverse("self_assessment", args=[own.pk]),
    )
    return own


def keep_scores(self_assessment, source, levels):
    """Work out the scores of one side's levels and keep them. The row must be locked by the caller."""
    worked = worked_out(self_assessment.year.framework_id, levels)
    SelfScore.objects.bulk_create(
        SelfScore(
            self_assessment=self_assessment,
            source=source,
            indicator_id=indicator,
            value=value,
            coverage=coverage,
            method=METHOD,
            inputs_hash=worked.digest,
        )
        for indicator, (value, coverage) in worked.nodes.items()
    )
    return worked


def _rows(by):
    rows = SelfAssessment.objects.all() if by is None else SelfAssessment.objects.visible_to(by)
    return rows.select_related("year", "agency")


def _locked(self_assessment_id, by):
    return _rows(by).select_for_update(of=("self",), no_key=True).get(pk=self_assessment_id)


def _at_work(self_assessment_id, by):
    """The agency's own, locked, if it may be changed now: every write passes through here, one after the other."""
    own = _locked(self_assessment_id, by)
    if by is not None and not represents(by, own.agency_id):
        raise RuleBroken(_("Only the agency itself answers."))
    if refusal := rules.why_not_answerable(own):
        raise RuleBroken(refusal)
    return own


def _touch(own):
    own.version += 1
    own.save(update_fields=["version", "saved_at"])
