"""What may happen to a round, and at whose hand."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.calendar import long_datetime
from secretariat.rules import officers
from secretariat.workflow import Step, nobody

LEAST_PANEL = 3
# Where the bands of the total score begin (0–100), unless a round says otherwise.
CUTS = (70.0, 80.0, 90.0)
MOST_CUTS = 9


def default_cuts():
    return list(CUTS)


# Working days, unless a round says otherwise: reminders before and after the deadline and after asking; how late an
# assessment is when officers are told of it, and when the heads of the secretariat are.
FARTHEST_REMINDER, LONGEST_ANSWER, LONGEST_APPEAL = 60, 60, 60


def remind_before():
    return [7, 3, 1]


def remind_after():
    return [1, 3]


def remind_offers():
    return [2]


def escalate_after():
    return [2, 5]


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


class Act(models.TextChoices):
    """What a phase of a round lets people do, in the words in which its page says so."""

    COMPOSE = "compose", gettext_lazy("Products and assessors are added.")
    ASSESS = "assess", gettext_lazy("Assessors fill in their sheets and submit them.")
    MODERATE = "moderate", gettext_lazy("Where assessors disagree, it is found and settled.")
    CORRECT = "correct", gettext_lazy("Measurements are entered; products and assessors are left out or counted again.")
    RECUSE = "recuse", gettext_lazy("A conflict of interest that comes to light takes the assessor off.")
    REVISE = "revise", gettext_lazy("Whoever finds a fault takes the scores back to moderation.")
    DECIDE = "decide", gettext_lazy("Councils decide on the scores.")
    READ = "read", gettext_lazy("Everybody reads the results.")
    APPEAL = "appeal", gettext_lazy("Agencies may appeal.")


# What each phase allows: the one table from which every question of the kind is answered.
ALLOWS = {
    RoundStatus.DRAFT: (Act.COMPOSE, Act.CORRECT, Act.RECUSE),
    RoundStatus.OPEN: (Act.COMPOSE, Act.ASSESS, Act.MODERATE, Act.CORRECT, Act.RECUSE),
    RoundStatus.MODERATION: (Act.MODERATE, Act.CORRECT, Act.RECUSE),
    RoundStatus.SCORED: (Act.REVISE, Act.RECUSE, Act.DECIDE),
    RoundStatus.CONFIRMED: (Act.REVISE, Act.RECUSE, Act.DECIDE),
    RoundStatus.PUBLISHED: (Act.DECIDE, Act.READ),
    RoundStatus.APPEAL: (Act.DECIDE, Act.READ, Act.APPEAL),
    RoundStatus.FINAL: (Act.DECIDE, Act.READ),
    RoundStatus.CANCELLED: (),
}


def rounds_that_allow(act):
    return tuple(status for status, acts in ALLOWS.items() if act in acts)


# Rounds to which entries and assessors may be added.
EDITABLE_ROUNDS = rounds_that_allow(Act.COMPOSE)
# Rounds whose scores still move with what is entered and decided.
LIVE_ROUNDS = rounds_that_allow(Act.CORRECT)
# Rounds whose scores are fixed but not told yet: whoever finds a fault takes them back to moderation.
FIXED_ROUNDS = rounds_that_allow(Act.REVISE)
# Rounds whose results everybody may read; what they said is history that only an appeal answers.
PUBLIC_ROUNDS = rounds_that_allow(Act.READ)
# Rounds that stand on a frozen run: councils may decide on their scores.
SETTLED_ROUNDS = rounds_that_allow(Act.DECIDE)
# Rounds in which a conflict of interest that comes to light still takes the assessor off.
BINDING_ROUNDS = rounds_that_allow(Act.RECUSE)


# Who has the next step of a round in hand.
HANDS = {
    RoundStatus.DRAFT: gettext_lazy("The secretariat chooses products and assessors and opens the round."),
    RoundStatus.OPEN: gettext_lazy("The assessors answer, assess and submit."),
    RoundStatus.MODERATION: gettext_lazy("The secretariat settles what is open and fixes the scores."),
    RoundStatus.SCORED: gettext_lazy("The secretariat confirms the scores."),
    RoundStatus.CONFIRMED: gettext_lazy("The secretariat publishes the results."),
    RoundStatus.PUBLISHED: gettext_lazy("The secretariat opens the time for appeals, or makes the results final."),
    RoundStatus.APPEAL: gettext_lazy("Agencies may appeal; then the results become final."),
    RoundStatus.FINAL: gettext_lazy("Nobody: the results are final."),
    RoundStatus.CANCELLED: gettext_lazy("Nobody: the round was cancelled."),
}
# The step that leads on from each phase.
ONWARD = {
    RoundStatus.DRAFT: "open",
    RoundStatus.OPEN: "close",
    RoundStatus.MODERATION: "score",
    RoundStatus.SCORED: "confirm",
    RoundStatus.CONFIRMED: "publish",
    RoundStatus.PUBLISHED: "finish",
    RoundStatus.APPEAL: "finish",
}
# What must be decided before the results of a round are final: callables that give a sentence about a round, or None.
# Whatever room takes appeals adds its own.
OPEN_MATTERS: list = []


def fault_of_dates(round_):
    """(sentence, field) saying why a round cannot keep these dates, or None."""
    if round_.opens_at and round_.opens_at >= round_.deadline:
        return _("The round must open before its deadline."), "opens_at"
    if round_.publish_at and round_.publish_at <= round_.deadline:
        return _("The results cannot be published before the deadline."), "publish_at"
    return None


def _second_officer(user, round_):
    """An officer; where the round asks for a second one, another than who fixed the scores."""
    if not officers(user, round_):
        return False
    if not round_.needs_second:
        return True
    fixed = round_.moves.filter(action="score").order_by("at", "pk").last()
    return fixed is None or fixed.by_id != user.pk


def _appeals_are_taken(round_):
    if not round_.appeal_days:
        return _("Say first for how many working days appeals are taken.")
    return None


def _nothing_is_open(round_):
    if round_.status == RoundStatus.APPEAL and round_.appeals_until > timezone.now():
        return _("Appeals are taken until %(when)s.") % {"when": long_datetime(round_.appeals_until)}
    return next(filter(None, (matter(round_) for matter in OPEN_MATTERS)), None)


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


ROUND_MOVES = {
    "open": Step((RoundStatus.DRAFT,), RoundStatus.OPEN, officers, gettext_lazy("Open the round"), refuse=_round_can_open),
    "close": Step((RoundStatus.OPEN,), RoundStatus.MODERATION, officers, gettext_lazy("Close the round")),
    "score": Step((RoundStatus.MODERATION,), RoundStatus.SCORED, officers, gettext_lazy("Fix the scores")),
    "confirm": Step((RoundStatus.SCORED,), RoundStatus.CONFIRMED, _second_officer, gettext_lazy("Confirm the scores")),
    "publish": Step((RoundStatus.CONFIRMED,), RoundStatus.PUBLISHED, officers, gettext_lazy("Publish the results")),
    "open_appeals": Step(
        (RoundStatus.PUBLISHED,),
        RoundStatus.APPEAL,
        officers,
        gettext_lazy("Open the time for appeals"),
        refuse=_appeals_are_taken,
    ),
    "finish": Step(
        (RoundStatus.PUBLISHED, RoundStatus.APPEAL),
        RoundStatus.FINAL,
        officers,
        gettext_lazy("Make the results final"),
        refuse=_nothing_is_open,
    ),
    "reopen": Step((RoundStatus.MODERATION,), RoundStatus.OPEN, officers, gettext_lazy("Reopen the round"), needs_reason=True),
    "revise": Step(
        FIXED_ROUNDS, RoundStatus.MODERATION, officers, gettext_lazy("Take the scores back to moderation"), needs_reason=True
    ),
    "cancel": Step(
        BINDING_ROUNDS,
        RoundStatus.CANCELLED,
        officers,
        gettext_lazy("Cancel the round"),
        needs_reason=True,
    ),
    # What the trail tells besides: these change no state and have services of their own.
    "extend": Step((), "", nobody, gettext_lazy("Deadline extended")),
    "exclude": Step((), "", nobody, gettext_lazy("Product left out of the results")),
    "remove": Step((), "", nobody, gettext_lazy("Product taken out of the round")),
    "include": Step((), "", nobody, gettext_lazy("Product taken back into the results")),
    "calibrate": Step((), "", nobody, gettext_lazy("Made a calibration item")),
    "uncalibrate": Step((), "", nobody, gettext_lazy("Made an ordinary product again")),
    "set_aside": Step((), "", nobody, gettext_lazy("Assessor set aside")),
    "take_back": Step((), "", nobody, gettext_lazy("Assessor counted again")),
    "release": Step((), "", nobody, gettext_lazy("Data for recomputation released")),
}
