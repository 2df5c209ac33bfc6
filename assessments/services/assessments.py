"""What an assessor does with the sheet: save the draft, submit it; and what officers do: reopen it."""

from dataclasses import dataclass

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments import rules
from assessments.forms.assessments import read
from assessments.models import Assessment, Assignment
from assessments.selectors import assessments as selectors
from assessments.services.runs import inputs_changed
from secretariat import workflow
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.services import notices

_UPSERT = """
    INSERT INTO assessments_rating AS r (assessment_id, indicator_id, state, value, comment)
    SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::numeric[], %s::text[])
    ON CONFLICT (assessment_id, indicator_id) DO UPDATE
        SET (state, value, comment) = (excluded.state, excluded.value, excluded.comment)
"""


@dataclass
class Saved:
    """What came of saving: the assessment, the sheet as it now stands, and what could not be kept."""

    assessment: Assessment
    sheet: selectors.Sheet
    errors: dict  # field name → sentence
    typed: dict  # field name → what was refused, as it was typed
    answers: dict  # what was typed and could be read, where it differs from what stood: indicator id → Answer
    texts: dict


class Incomplete(RuleBroken):
    """The sheet is not ready; `problems` are (row or None, sentence)."""

    def __init__(self, problems):
        super().__init__(_("The assessment is not complete yet."))
        self.problems = problems


@transaction.atomic
def save_draft(assignment_id, values, *, by, version, on_behalf=False):
    """Keep what was typed so far (fields as in `forms.assessments.read`); what cannot be read is told, the rest is kept.

    `version` is that of the assessment the page was opened with, 0 for none yet. Raises Stale when another window has
    saved since; then nothing is written, and `current` holds what stands: a Saved. `on_behalf`: see `type_in`.
    """
    assignment = _locked(assignment_id, by, on_behalf)
    if assignment.status != Assignment.Status.ACCEPTED:
        raise RuleBroken(_("This assessment can no longer be changed."))
    if not rules.takes_work(assignment):
        raise RuleBroken(_("This round is not open for assessment."))
    assessment = Assessment.objects.filter(assignment=assignment).first()
    sheet = selectors.sheet(assignment.entry.sheet_id)
    known = selectors.answers_of(assessment.pk) if assessment else {}
    reading = read(values, sheet.leaves, known)
    if version != (assessment.version if assessment else 0):
        sheet.fill(known)
        raise Stale(_("This sheet was saved from another window meanwhile."), _saved(assessment, sheet, reading))
    if assessment is None:
        assessment = Assessment.objects.create(assignment=assignment, **reading.texts)
    else:
        for name, text in reading.texts.items():
            setattr(assessment, name, text)
        assessment.version += 1
        assessment.save(update_fields=[*reading.texts, "version", "saved_at"])
    if reading.answers:
        columns = zip(*((pk, a.state, a.value, a.comment) for pk, a in reading.answers.items()), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, [assessment.pk, *(list(column) for column in columns)])
    return _saved(assessment, sheet.fill({**known, **reading.answers}), reading)


TYPED_IN = gettext_lazy(
    "%(officer)s of the secretariat typed answers of yours on “%(subject)s” into the portal, as they stand in the sheet that"
    " you sent. Look at them: only you can submit the assessment."
)


@transaction.atomic
def type_in(assignment_id, values, *, by, version):
    """Save what an assessor wrote on paper, by an officer's hand. The trail says who did it, the assessor is told, and
    nobody but he himself can submit.
    """
    saved = save_draft(assignment_id, values, by=by, version=version, on_behalf=True)
    assignment = Assignment.objects.select_related("assessor__user", "entry__subject").get(pk=assignment_id)
    assignment.moves.create(action="type_in", source=assignment.status, target=assignment.status, by=by)
    notices.tell(
        assignment.assessor.user,
        "paper_typed_in",
        *both(TYPED_IN, officer=by.display_name, subject=assignment.entry.subject),
        link=reverse("assessment_form", args=[assignment.pk]),
    )
    return saved


def _saved(assessment, sheet, reading):
    return Saved(assessment, sheet, reading.errors, reading.typed, reading.answers, reading.texts)


@transaction.atomic
def submit(assignment_id, *, by, version):
    """Hand the sheet in: it is frozen, counts in the scores, and the assignment moves on."""
    _hold_round(assignment_id)
    assignment = _locked(assignment_id, by)
    assessment = Assessment.objects.filter(assignment=assignment).first()
    if assignment.status == Assignment.Status.ACCEPTED:
        # Otherwise it has gone through already or was taken back: `advance` says so.
        if assessment is None:
            raise Incomplete(selectors.filled_sheet(assignment, None).problems())
        if assessment.version != version:
            raise Stale(_("This sheet was saved from another window meanwhile. Look at it again before you submit."), assessment)
        if assignment.is_past_deadline:
            raise RuleBroken(_("Your deadline has passed. Ask the secretariat for more time; your answers are kept."))
        if problems := selectors.filled_sheet(assignment, assessment).problems():
            raise Incomplete(problems)
        assessment.submitted_at = timezone.now()
        assessment.version += 1
        assessment.save(update_fields=["submitted_at", "version", "saved_at"])
    moved = workflow.advance(
        Assignment.objects.select_related("assessor", "entry__round", "entry__subject", "summoned_by"), assignment_id, "submit", by=by
    )
    inputs_changed(moved.entry_id)
    if moved.summoned_by_id is not None:
        notices.tell_officers(
            "further_judgement",
            *both(FURTHER, subject=moved.entry.subject),
            link=moved.summoned_by.get_absolute_url(),
            mail=False,
        )
    return assessment


FURTHER = gettext_lazy("One more assessor has judged “%(subject)s”: the disagreement of its panel can be settled.")
REOPENED = gettext_lazy(
    "Your assessment of “%(subject)s” was opened again, so that you can change and submit it anew. Reason: %(why)s"
)


@transaction.atomic
def reopen(assignment_id, *, by, why):
    """Give a submitted sheet back to its assessor; it counts no more until it is submitted again."""
    _hold_round(assignment_id)
    assignments = Assignment.objects.select_related("assessor__user", "entry__round", "entry__subject", "summoned_by")
    assignment = workflow.advance(assignments, assignment_id, "reopen", by=by, why=why)
    assessment = Assessment.objects.get(assignment=assignment)
    assessment.submitted_at = None
    assessment.version += 1
    assessment.save(update_fields=["submitted_at", "version"])
    inputs_changed(assignment.entry_id)
    notices.tell(
        assignment.assessor.user,
        "assessment_reopened",
        *both(REOPENED, subject=assignment.entry.subject, why=why.strip()),
        link=reverse("assessment_form", args=[assignment.pk]),
    )
    return assessment


def _locked(assignment_id, by, on_behalf=False):
    """The assignment of this assessor, locked: every write to his sheet passes through here, one after the other."""
    found = selectors.on_behalf(by) if on_behalf else selectors.workable(by)
    return found.select_related("entry__round", "summoned_by").select_for_update(of=("self",), no_key=True).get(pk=assignment_id)


def _hold_round(assignment_id):
    """Keep the round from being closed and its deadline from being moved until this transaction ends. Others may do the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.id FROM assessments_round r JOIN assessments_entry e ON e.round_id = r.id"
            " JOIN assessments_assignment g ON g.entry_id = e.id WHERE g.id = %s FOR SHARE OF r",
            [assignment_id],
        )
        if cursor.fetchone() is None:
            raise Assignment.DoesNotExist
