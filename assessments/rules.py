"""What may happen to rounds, assignments and assessments, and at whose hand. Reads nothing, writes nothing."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.rules import is_officer
from secretariat.templatetags.portal_text import num
from secretariat.workflow import Step, nobody

# A sheet with less of its nominal weight answered is refused (see docs/decisions.md).
LEAST_COVERAGE = 70
LEAST_PANEL = 3
# Where the bands of the total score begin (0–100), unless a round says otherwise.
CUTS = (70.0, 80.0, 90.0)
MOST_CUTS = 9


def default_cuts():
    return list(CUTS)


class VersionStatus(models.TextChoices):
    DRAFT = "draft", gettext_lazy("draft")
    PUBLISHED = "published", gettext_lazy("published")
    RETIRED = "retired", gettext_lazy("retired")


class RoundStatus(models.TextChoices):
    DRAFT = "draft", gettext_lazy("in preparation")
    OPEN = "open", gettext_lazy("open for assessment")
    MODERATION = "moderation", gettext_lazy("in moderation")
    SCORED = "scored", gettext_lazy("scores fixed")
    CONFIRMED = "confirmed", gettext_lazy("scores confirmed")
    PUBLISHED = "published", gettext_lazy("results published")
    APPEAL = "appeal", gettext_lazy("open to appeals")
    FINAL = "final", gettext_lazy("final")
    CANCELLED = "cancelled", gettext_lazy("cancelled")


class Sight(models.TextChoices):
    """When an assessor of a round is shown something."""

    NEVER = "never", gettext_lazy("never")
    AFTER_OWN = "after_own", gettext_lazy("after submitting his own assessment")
    ALWAYS = "always", gettext_lazy("from the beginning")


# What comes of other people's judgements nobody is shown before he has given his own.
LATE_SIGHT = [choice for choice in Sight.choices if choice[0] != Sight.ALWAYS]


class AssignmentStatus(models.TextChoices):
    OFFERED = "offered", gettext_lazy("waiting for an answer")
    ACCEPTED = "accepted", gettext_lazy("accepted")
    DECLINED = "declined", gettext_lazy("declined")
    SUBMITTED = "submitted", gettext_lazy("assessment submitted")
    WITHDRAWN = "withdrawn", gettext_lazy("withdrawn by the secretariat")


class StudyStatus(models.TextChoices):
    OPEN = "open", gettext_lazy("experts compare")
    CLOSED = "closed", gettext_lazy("comparing is over")
    ADOPTED = "adopted", gettext_lazy("weights adopted")
    CANCELLED = "cancelled", gettext_lazy("cancelled")


# Studies whose weights may still be adopted.
RUNNING_STUDIES = (StudyStatus.OPEN, StudyStatus.CLOSED)
# Assignments that still bind their assessor to the subject.
ACTIVE_ASSIGNMENTS = (AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED, AssignmentStatus.SUBMITTED)
# Those that still cost their assessor time.
PENDING_ASSIGNMENTS = (AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED)
# Rounds to which entries and assessors may be added.
EDITABLE_ROUNDS = (RoundStatus.DRAFT, RoundStatus.OPEN)
# Rounds whose scores still move with what is entered and decided.
LIVE_ROUNDS = (RoundStatus.DRAFT, RoundStatus.OPEN, RoundStatus.MODERATION)
# Rounds whose scores are fixed but not told yet: whoever finds a fault takes them back to moderation.
FIXED_ROUNDS = (RoundStatus.SCORED, RoundStatus.CONFIRMED)
# Rounds whose results everybody may read; what they said is history that only an appeal answers.
PUBLIC_ROUNDS = (RoundStatus.PUBLISHED, RoundStatus.APPEAL, RoundStatus.FINAL)
# Rounds that stand on a frozen run: councils may decide on their scores.
SETTLED_ROUNDS = FIXED_ROUNDS + PUBLIC_ROUNDS
# Rounds in which a conflict of interest that comes to light still takes the assessor off.
BINDING_ROUNDS = LIVE_ROUNDS + FIXED_ROUNDS


def is_assessor_of(user, assignment):
    return user.is_authenticated and assignment.assessor.user_id == user.pk


def _officer(user, obj):
    return is_officer(user)


def _round_has_entries(round_):
    if not round_.entries.exists():
        return _("Add at least one product to the round first.")
    return None


def _round_can_open(round_):
    if (refusal := _round_has_entries(round_)) is not None:
        return refusal
    if round_.deadline <= timezone.now():
        return _("The deadline of this round has passed. Set a later one first.")
    return None


def _round_is_open(assignment):
    if assignment.entry.round.status != RoundStatus.OPEN:
        return _("This round is not open for assessment.")
    return None


def _round_takes_work(assignment):
    """The round is open and there is still time."""
    if (refusal := _round_is_open(assignment)) is not None:
        return refusal
    if assignment.entry.round.deadline <= timezone.now():
        return _("The deadline of this round has passed. Ask the secretariat to extend it if you need more time.")
    return None


def _round_is_live(assignment):
    if assignment.entry.round.status not in EDITABLE_ROUNDS:
        return _("Assessors are appointed only while the round is in preparation or open.")
    return None


VERSION_MOVES = {
    "publish": Step((VersionStatus.DRAFT,), VersionStatus.PUBLISHED, _officer, gettext_lazy("Publish")),
    "retire": Step((VersionStatus.PUBLISHED,), VersionStatus.RETIRED, _officer, gettext_lazy("Retire"), needs_reason=True),
}

ROUND_MOVES = {
    "open": Step((RoundStatus.DRAFT,), RoundStatus.OPEN, _officer, gettext_lazy("Open the round"), refuse=_round_can_open),
    "close": Step((RoundStatus.OPEN,), RoundStatus.MODERATION, _officer, gettext_lazy("Close the round")),
    "score": Step((RoundStatus.MODERATION,), RoundStatus.SCORED, _officer, gettext_lazy("Fix the scores")),
    "confirm": Step((RoundStatus.SCORED,), RoundStatus.CONFIRMED, _officer, gettext_lazy("Confirm the scores")),
    "publish": Step((RoundStatus.CONFIRMED,), RoundStatus.PUBLISHED, _officer, gettext_lazy("Publish the results")),
    "reopen": Step((RoundStatus.MODERATION,), RoundStatus.OPEN, _officer, gettext_lazy("Reopen the round"), needs_reason=True),
    "revise": Step(
        FIXED_ROUNDS, RoundStatus.MODERATION, _officer, gettext_lazy("Take the scores back to moderation"), needs_reason=True
    ),
    "cancel": Step(
        BINDING_ROUNDS,
        RoundStatus.CANCELLED,
        _officer,
        gettext_lazy("Cancel the round"),
        needs_reason=True,
    ),
    # What the trail tells besides: these change no state and have services of their own.
    "extend": Step((), "", nobody, gettext_lazy("Deadline extended")),
    "exclude": Step((), "", nobody, gettext_lazy("Product left out of the results")),
    "include": Step((), "", nobody, gettext_lazy("Product taken back into the results")),
    "set_aside": Step((), "", nobody, gettext_lazy("Assessor set aside")),
    "take_back": Step((), "", nobody, gettext_lazy("Assessor counted again")),
    "release": Step((), "", nobody, gettext_lazy("Data for recomputation released")),
}

ASSIGNMENT_MOVES = {
    "accept": Step(
        (AssignmentStatus.OFFERED,), AssignmentStatus.ACCEPTED, is_assessor_of, gettext_lazy("Accept"), refuse=_round_takes_work
    ),
    "decline": Step(
        (AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED),
        AssignmentStatus.DECLINED,
        is_assessor_of,
        gettext_lazy("Decline"),
        needs_reason=True,
        refuse=_round_is_open,
    ),
    "submit": Step(
        (AssignmentStatus.ACCEPTED,),
        AssignmentStatus.SUBMITTED,
        is_assessor_of,
        gettext_lazy("Submit the assessment"),
        refuse=_round_takes_work,
    ),
    "reopen": Step(
        (AssignmentStatus.SUBMITTED,),
        AssignmentStatus.ACCEPTED,
        _officer,
        gettext_lazy("Reopen the assessment"),
        needs_reason=True,
        refuse=_round_is_open,
    ),
    "withdraw": Step(
        (AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED),
        AssignmentStatus.WITHDRAWN,
        _officer,
        gettext_lazy("Take the assignment back"),
        needs_reason=True,
    ),
    # The first asking makes the row; this asks again somebody who declined or whose assignment was taken back.
    "offer": Step(
        (AssignmentStatus.DECLINED, AssignmentStatus.WITHDRAWN),
        AssignmentStatus.OFFERED,
        _officer,
        gettext_lazy("Ask to assess"),
        refuse=_round_is_live,
    ),
    # The system's own step when a conflict of interest comes to light.
    "recuse": Step(
        (AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED, AssignmentStatus.SUBMITTED),
        AssignmentStatus.WITHDRAWN,
        nobody,
        gettext_lazy("Conflict of interest"),
        needs_reason=True,
    ),
}


def _somebody_counts(study):
    if not study.experts.filter(finished_at__isnull=False, excluded_at=None).exists():
        return _("No expert whose answers count has finished comparing.")
    return None


STUDY_MOVES = {
    "close": Step((StudyStatus.OPEN,), StudyStatus.CLOSED, _officer, gettext_lazy("End the comparing")),
    "reopen": Step(
        (StudyStatus.CLOSED,), StudyStatus.OPEN, _officer, gettext_lazy("Let the experts go on"), needs_reason=True
    ),
    "adopt": Step(
        (StudyStatus.CLOSED,), StudyStatus.ADOPTED, _officer, gettext_lazy("Adopt the weights"), refuse=_somebody_counts
    ),
    "cancel": Step(RUNNING_STUDIES, StudyStatus.CANCELLED, _officer, gettext_lazy("Cancel the study"), needs_reason=True),
    # What the trail tells besides.
    "invite": Step((), "", nobody, gettext_lazy("Experts invited")),
    "extend": Step((), "", nobody, gettext_lazy("Deadline extended")),
    "exclude": Step((), "", nobody, gettext_lazy("Expert's answers left out")),
    "include": Step((), "", nobody, gettext_lazy("Expert's answers taken back in")),
}


def why_not_comparable(study):
    """Why an expert cannot compare or finish now, as a sentence; None when he can."""
    if study.status != StudyStatus.OPEN:
        return _("The comparing is over; nothing can be changed any more.")
    if study.deadline <= timezone.now():
        return _("The time for comparing is over. Ask the secretariat for more if you need it; your answers are kept.")
    return None


def why_not_measurable(indicator, value, target, not_applicable):
    """(sentence, field) saying why these cannot be an indicator's measurement, or None. `value` None goes with N/A."""
    scale = indicator.scale
    if not_applicable:
        return None if indicator.allow_na else (_("This indicator cannot be “not applicable”."), "not_applicable")
    if value < scale.minimum or (scale.maximum is not None and value > scale.maximum):
        if scale.maximum is None:
            return _("The value must be at least %(least)s.") % {"least": num(scale.minimum)}, "value"
        bounds = {"least": num(scale.minimum), "most": num(scale.maximum)}
        return _("The value must be between %(least)s and %(most)s.") % bounds, "value"
    if scale.kind in ("ordinal", "inverse", "boolean") and (value - scale.minimum) % scale.step:
        return _("This is not one of the levels of the scale."), "value"
    if scale.kind == "ratio" and target is None:
        return _("The value is judged against a target: write the target too."), "target"
    if target is not None and target <= 0:
        return _("The target must be above zero."), "target"
    return None

# A dimension, a dimension within it, an indicator: more levels nobody reads.
DEEPEST_LEVEL = 3


def faults_of_tree(nodes):
    """Why this tree cannot be published: (primary key of the place or None, sentence) pairs; none when all is well.

    `nodes` are the uppermost nodes of `selectors.sets.tree`.
    """
    if not nodes:
        return [(None, _("Add at least one dimension with an indicator."))]
    faults = []
    if sum(node.weight for node in nodes) != 100:
        faults.append((None, _("The dimensions weigh %(sum)s together, not 100.") % {"sum": num(sum(n.weight for n in nodes))}))
    for node in nodes:
        faults += _faults_of_node(node, node.title)
    return faults


def _faults_of_node(node, place):
    faults = []
    if not node.title_fa or not node.title_en:
        faults.append((node.pk, _("“%(place)s” needs its title in both languages.") % {"place": place}))
    if node.is_leaf:
        if node.depth == 1:
            faults.append((node.pk, _("“%(place)s” stands outside the dimensions.") % {"place": place}))
        if node.scale.kind == "ratio" and node.rater != "secretariat":
            sentence = _("“%(place)s” is a ratio to a target: let the secretariat measure it.") % {"place": place}
            faults.append((node.pk, sentence))
        return faults
    if not node.children:
        return [*faults, (node.pk, _("“%(place)s” is a dimension without indicators.") % {"place": place})]
    if node.total != 100:
        sentence = _("In “%(place)s” the weights sum to %(sum)s, not 100.") % {"place": place, "sum": num(node.total)}
        faults.append((node.pk, sentence))
    for child in node.children:
        faults += _faults_of_node(child, child.title or child.code)
    return faults
