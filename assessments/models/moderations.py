"""Disagreements within a panel: what was found, what it summoned, what was said and agreed, and with what it was settled."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from assessments import rules
from assessments.models.assignments import Assignment
from assessments.models.indicators import Indicator
from assessments.models.judgements import Rating
from assessments.models.rounds import Entry
from assessments.models.runs import ScoringFlag, ScoringRun
from secretariat.models import Move, User
from secretariat.rules import is_officer

STAYS = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class ModerationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers, but for products they still have to judge themselves; of a panel that discusses, its members."""
        if not user.is_authenticated:
            return self.none()
        if is_officer(user):
            undecided = Assignment.objects.filter(assessor__user=user, status__in=rules.PENDING_ASSIGNMENTS)
            return self.exclude(entry__in=undecided.values("entry"))
        return self.filter(pk__in=ModerationMember.objects.of(user).values("moderation"))

    def living(self):
        return self.filter(status__in=rules.LIVING_MODERATIONS)

    def holding(self, round_):
        """Those that keep the scores of a round from being fixed."""
        return self.living().filter(entry__in=Entry.objects.filter(round=round_).ranked())


class Moderation(models.Model):
    """One disagreement of one panel, from its being found until it is settled."""

    Status = rules.ModerationStatus
    MOVES = rules.MODERATION_MOVES

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="moderations")
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.RAISED)
    raised_at = models.DateTimeField(_("found at"), auto_now_add=True)
    outcome = models.CharField(_("settled with"), max_length=6, choices=rules.Outcome, blank=True)
    reason = models.TextField(_("why it was settled so"), blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = ModerationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("disagreement"), _("disagreements")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry"], condition=Q(status__in=rules.LIVING_MODERATIONS), name="one_living_moderation_an_entry"
            ),
            models.CheckConstraint(condition=Q(status__in=rules.ModerationStatus.values), name="moderation_status_known"),
            models.CheckConstraint(
                condition=Q(status="closed", outcome__in=rules.Outcome.values, settled_at__isnull=False, settled_by__isnull=False)
                & ~Q(reason="")
                | ~Q(status="closed") & Q(outcome="", reason="", settled_at=None, settled_by=None),
                name="moderation_settled_wholly",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="moderated_while_scores_move",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status", "entry_id"),
                condition=pgtrigger.Q(new__status__in=["raised", "third", "consensus"]),
                declare=[("state", "text")],
                func="""
                    -- FOR SHARE: the scores are not fixed between this look and our commit.
                    SELECT r.status INTO state FROM assessments_round r JOIN assessments_entry e ON e.round_id = r.id
                        WHERE e.id = NEW.entry_id FOR SHARE OF r;
                    IF state NOT IN ('open', 'moderation') THEN
                        RAISE EXCEPTION 'disagreements are moderated while scores move' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="settled_moderation_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__status__in=["closed", "withdrawn"]),
                func="RAISE EXCEPTION 'a settled disagreement stays on record' USING ERRCODE = 'check_violation';",
            ),
        ]

    def __str__(self):
        return str(self.entry)

    def get_absolute_url(self):
        return reverse("moderation_detail", args=[self.pk])

    @property
    def is_living(self):
        return self.status in rules.LIVING_MODERATIONS

    @property
    def is_discussed(self):
        return self.status == rules.ModerationStatus.CONSENSUS


class ModerationMove(Move):
    moderation = models.ForeignKey(Moderation, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


class ModerationReason(models.Model):
    """Why a disagreement was found: a gap at or beyond a limit of the round, or a question about an assessor of the panel.

    A gap that changes ends its row and begins another, so that what was weighed stays on record.
    """

    class Kind(models.TextChoices):
        TOTAL = "total", _("the totals lie apart")
        INDICATOR = "indicator", _("the values of an indicator lie apart")
        FLAG = "flag", _("the ratings of an assessor raise a question")

    moderation = models.ForeignKey(Moderation, models.PROTECT, related_name="reasons")
    kind = models.CharField(max_length=9, choices=Kind)
    indicator = models.ForeignKey(Indicator, models.PROTECT, null=True, related_name="+")
    flag = models.CharField(max_length=12, choices=ScoringFlag.Kind, blank=True)  # for staff alone
    gap = models.FloatField(null=True)  # points of 100
    limit = models.FloatField(null=True)
    found_at = models.DateTimeField(auto_now_add=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["moderation", "kind", "indicator", "flag"],
                condition=Q(gone_at=None),
                nulls_distinct=False,
                name="reason_named_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="total", indicator=None, flag="", gap__isnull=False, limit__isnull=False)
                | Q(kind="indicator", indicator__isnull=False, flag="", gap__isnull=False, limit__isnull=False)
                | Q(kind="flag", indicator=None, gap=None, limit=None) & ~Q(flag=""),
                name="reason_says_what_was_found",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="reason_only_ends",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR OLD.gone_at IS NOT NULL OR NEW.gone_at IS NULL
                       OR to_jsonb(NEW) - 'gone_at' <> to_jsonb(OLD) - 'gone_at' THEN
                        RAISE EXCEPTION 'a reason is not changed, it only ends' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.gap}"


class ModerationPoint(models.Model):
    """An indicator that the panel was asked to discuss; what was said on it is what its members read of one another."""

    moderation = models.ForeignKey(Moderation, models.PROTECT, related_name="points")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["moderation", "indicator"], name="point_named_once")]
        triggers = [STAYS]

    def __str__(self):
        return str(self.indicator)


class ModerationMemberQuerySet(models.QuerySet):
    def of(self, user):
        """The memberships of `user` whose assessment still counts; nobody who was taken off the panel reads on."""
        return self.filter(assignment__assessor__user=user, assignment__status=rules.AssignmentStatus.SUBMITTED)


class ModerationMember(models.Model):
    """An assessor let in to a discussion: from then on he knows what the others gave, and never rates this product again."""

    moderation = models.ForeignKey(Moderation, models.PROTECT, related_name="members")
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="memberships")
    let_in_at = models.DateTimeField(auto_now_add=True)

    objects = ModerationMemberQuerySet.as_manager()

    class Meta:
        ordering = ["assignment__alias", "pk"]
        constraints = [models.UniqueConstraint(fields=["moderation", "assignment"], name="member_let_in_once")]
        triggers = [
            STAYS,
            pgtrigger.Trigger(
                name="only_who_has_judged_is_let_in",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    -- FOR SHARE: the assessment is not opened again between this look and our commit.
                    PERFORM 1 FROM assessments_assignment g JOIN assessments_moderation m ON m.entry_id = g.entry_id
                        WHERE g.id = NEW.assignment_id AND m.id = NEW.moderation_id
                          AND g.status = 'submitted' AND m.status IN ('raised', 'consensus') FOR SHARE OF g;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'only who has judged the product is let in' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.moderation_id}: {self.assignment_id}"


# --- what is said --------------------------------------------------------------------------------

# Something is said only in a discussion that runs; %s says what else must hold of moderation `m`.
_SAID = """
    PERFORM 1 FROM assessments_moderation m WHERE m.id = NEW.moderation_id AND m.status = 'consensus' AND {so} FOR SHARE OF m;
    IF NOT FOUND THEN
        RAISE EXCEPTION '{sentence}' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""
_SPEAKER = """EXISTS (SELECT 1 FROM assessments_moderationmember x JOIN assessments_assignment g ON g.id = x.assignment_id
    JOIN assessments_assessor p ON p.id = g.assessor_id
    WHERE x.moderation_id = m.id AND g.id = NEW.assignment_id AND g.status = 'submitted' AND p.user_id = NEW.by_id)"""
_POINT = """EXISTS (SELECT 1 FROM assessments_moderationpoint q JOIN assessments_indicator i ON i.id = q.indicator_id
    JOIN assessments_scale s ON s.id = i.scale_id
    WHERE q.moderation_id = m.id AND i.id = NEW.indicator_id AND i.rater = 'expert' AND (NEW.state <> 'na' OR i.allow_na)
      AND (NEW.value IS NULL OR NEW.value BETWEEN s.minimum AND s.maximum
           AND (s.kind NOT IN ('ordinal', 'inverse', 'boolean') OR mod(NEW.value - s.minimum, s.step) = 0)))"""


def _said(name, sentence, *conditions):
    func = _SAID.format(so=" AND ".join(f"({one})" for one in conditions), sentence=sentence)
    return pgtrigger.Trigger(name=name, when=pgtrigger.Before, operation=pgtrigger.Insert, func=func)


class ModerationMessage(models.Model):
    """Something said in a discussion, by a member under his number or by the secretariat (no assignment)."""

    moderation = models.ForeignKey(Moderation, models.PROTECT, related_name="messages")
    assignment = models.ForeignKey(Assignment, models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")  # never shown in the discussion
    indicator = models.ForeignKey(Indicator, models.PROTECT, null=True, related_name="+")  # what it is about
    text = models.TextField(_("message"))
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="message_says_something")]
        triggers = [
            STAYS,
            _said(
                "only_the_panel_and_the_secretariat_discuss",
                "only members of the panel speak under its numbers, and only while it discusses",
                f"NEW.assignment_id IS NULL OR {_SPEAKER}",
                """NEW.indicator_id IS NULL OR EXISTS (SELECT 1 FROM assessments_moderationpoint q
                   WHERE q.moderation_id = m.id AND q.indicator_id = NEW.indicator_id)""",
            ),
        ]

    def __str__(self):
        return self.text[:60]


class _OfAPoint(models.Model):
    """A value on an indicator's own scale, or that it does not apply; rows are added, the last one counts."""

    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="+")
    state = models.CharField(max_length=6, choices=[choice for choice in Rating.State.choices if choice[0] != "blank"])
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["pk"]

    def __str__(self):
        return f"{self.indicator_id}: {self.value if self.state == 'scored' else self.state}"


def _has_value(name):
    return models.CheckConstraint(condition=Q(state="scored", value__isnull=False) | Q(state="na", value=None), name=name)


class Proposal(_OfAPoint):
    """What a member would change his value to, and why; his rating stays as he gave it."""

    moderation = models.ForeignKey(Moderation, models.PROTECT, related_name="proposals")
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    why = models.TextField(_("reason"))

    class Meta(_OfAPoint.Meta):
        constraints = [
            _has_value("proposal_has_a_value"),
            models.CheckConstraint(condition=~Q(why=""), name="proposal_with_a_reason"),
        ]
        triggers = [
            STAYS,
            _said("proposed_by_a_member", "a member proposes a value that fits its indicator, while the panel discusses", _SPEAKER, _POINT),
        ]


class ModeratedRating(_OfAPoint):
    """What the panel agreed on an indicator, as the moderator wrote it down: beside the assessors' ratings, never over them."""

    moderation = models.ForeignKey(Moderation, models.PROTECT, related_name="ratings")
    number = models.PositiveSmallIntegerField()  # of the revision
    comment = models.TextField(_("comment"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta(_OfAPoint.Meta):
        constraints = [
            models.UniqueConstraint(fields=["moderation", "indicator", "number"], name="one_revision_a_number"),
            _has_value("moderated_rating_has_a_value"),
            models.CheckConstraint(condition=~Q(comment=""), name="moderated_rating_with_a_comment"),
        ]
        triggers = [
            STAYS,
            _said("moderated_rating_fits", "an agreed value fits its indicator and is written while the panel discusses", _POINT),
        ]


# --- what follows from it ------------------------------------------------------------------------


class ModeratedScore(models.Model):
    """The total of an entry with the agreed values in the place of its panel's means, of one run; derived, never edited.

    It stands beside the score, which does not change. Computed by `assessments.scoring.disagreement`.
    """

    run = models.ForeignKey(ScoringRun, models.CASCADE, related_name="moderated_scores")
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="moderated_scores")
    mean = models.FloatField()  # the panel's plain mean, which the agreement starts from
    value = models.FloatField(null=True)  # null: with what was agreed nothing is left to be weighed
    digest = models.CharField(max_length=64)  # SHA-256 of everything it follows from

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "entry"], name="one_moderated_score_an_entry"),
            models.CheckConstraint(
                condition=Q(mean__gte=0, mean__lte=100) & (Q(value=None) | Q(value__gte=0, value__lte=100)),
                name="moderated_score_within_0_100",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="frozen_moderated_scores_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("touched", "bigint[]")],
                func="""
                    touched := CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.run_id] WHEN 'DELETE' THEN ARRAY[OLD.run_id]
                                          ELSE ARRAY[OLD.run_id, NEW.run_id] END;
                    IF EXISTS (SELECT 1 FROM assessments_scoringrun u WHERE u.id = ANY (touched) AND u.frozen_at IS NOT NULL) THEN
                        RAISE EXCEPTION 'a fixed run is frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
                """,
            )
        ]

    def __str__(self):
        return f"{self.entry_id}: {self.value}"

    @property
    def change(self):
        """What the agreement changed, in points."""
        return None if self.value is None else self.value - self.mean
