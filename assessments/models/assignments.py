"""What each assessor is asked to assess, until when, and how that ended."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments import rules
from assessments.models.conflicted import conflicted
from assessments.models.roster import Assessor
from assessments.models.rounds import Entry
from secretariat.models import Move, User
from secretariat.rules import is_officer

# An assignment is "submitted" exactly while its assessment is, seen at the commit; one taken back because of a
# conflict keeps its assessment on record. %s is the assignment's primary key in the firing table.
SUBMITTED_TOGETHER = """
    IF EXISTS (SELECT 1 FROM assessments_assignment g LEFT JOIN assessments_assessment a ON a.assignment_id = g.id
               WHERE g.id = %s AND CASE WHEN a.submitted_at IS NULL THEN g.status = 'submitted'
                                        ELSE g.status NOT IN ('submitted', 'withdrawn') END) THEN
        RAISE EXCEPTION 'an assignment is submitted exactly when its assessment is' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
"""


class AssignmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; an assessor only his own, for good."""
        if is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(assessor__user=user)

    def active(self):
        return self.filter(status__in=rules.ACTIVE_ASSIGNMENTS)

    def pending(self):
        """Those that still wait for an answer or an assessment: in open rounds, and of whom a disagreement summoned."""
        at_work = Q(entry__round__status__in=rules.rounds_that_allow(rules.Act.ASSESS))
        summoned = Q(entry__round__status=rules.RoundStatus.MODERATION, summoned_by__status=rules.ModerationStatus.THIRD)
        return self.filter(at_work | summoned, status__in=rules.PENDING_ASSIGNMENTS)

    def with_discussions(self):
        """Each with `discussions`: how often its assessor was let in to one about the product."""
        return self.annotate(discussions=Count("memberships"))

    def with_due(self):
        """Each with `due`: its own deadline where that is later than the round's, for lists, order and filters."""
        return self.annotate(due=Greatest("entry__round__deadline", "due_at"))


@pghistory.track()
class Assignment(models.Model):
    """One assessor asked to judge one entry."""

    Status = rules.AssignmentStatus
    MOVES = rules.ASSIGNMENT_MOVES

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="assignments")
    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="assignments")
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.OFFERED)
    offered_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    offered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # The pseudonym under which the agency and the public read this assessor: "assessor 2".
    alias = models.PositiveSmallIntegerField()
    # An offer that is not answered until then lapses; an assessor's own deadline counts where it is later than the round's.
    answer_by = models.DateTimeField(_("answer until"), null=True, editable=False)
    due_at = models.DateTimeField(_("own deadline"), null=True, editable=False)
    # One more assessor, whom a disagreement of the panel summoned: he may judge while the round is in moderation.
    summoned_by = models.ForeignKey("assessments.Moderation", models.PROTECT, null=True, editable=False, related_name="summoned")

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("assignment"), _("assignments")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "assessor"], name="assessor_once_an_entry"),
            models.UniqueConstraint(fields=["entry", "alias"], name="alias_unique_in_entry"),
            models.CheckConstraint(condition=Q(status__in=rules.AssignmentStatus.values), name="assignment_status_known"),
            models.CheckConstraint(condition=Q(alias__gt=0), name="alias_positive"),
            models.CheckConstraint(
                condition=Q(summoned_by=None) | Q(due_at__isnull=False), name="summoned_until_a_deadline_of_his_own"
            ),
            models.UniqueConstraint(
                fields=["summoned_by"], condition=Q(status__in=rules.ACTIVE_ASSIGNMENTS), name="one_further_assessor_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["assessor", "status"], name="assignment_of_assessor")]
        triggers = [
            pgtrigger.Trigger(
                name="no_assignment_with_a_conflict",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("entry_id", "assessor_id", "status"),
                condition=pgtrigger.Q(new__status__in=["offered", "accepted", "submitted"]),
                declare=[("thing", "bigint")],
                func=f"""
                    SELECT subject_id INTO thing FROM assessments_entry WHERE id = NEW.entry_id;
                    -- FOR SHARE: no tie is added between this look and our commit. An assignment that was active before
                    -- needs no lock (and taking it here could end in a deadlock): a tie's recusal waits for its row.
                    IF TG_OP = 'INSERT' OR OLD.status NOT IN ('offered', 'accepted', 'submitted')
                       OR (OLD.entry_id, OLD.assessor_id) <> (NEW.entry_id, NEW.assessor_id) THEN
                        PERFORM 1 FROM assessments_assessor WHERE id = NEW.assessor_id FOR SHARE;
                        PERFORM 1 FROM assessments_subject WHERE id = thing FOR SHARE;
                    END IF;
                    IF {conflicted("NEW.assessor_id", "thing")} THEN
                        RAISE EXCEPTION 'the assessor has a conflict of interest' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="reviewed_by_others",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("entry_id", "assessor_id", "status"),
                condition=pgtrigger.Q(new__status__in=["offered", "accepted", "submitted"]),
                # Whoever accepted to judge, or did, knows his own verdict: a review asks somebody else.
                func="""
                    IF EXISTS (SELECT 1 FROM assessments_entry e
                               JOIN assessments_assignment g ON g.entry_id = e.review_of_id AND g.assessor_id = NEW.assessor_id
                               WHERE e.id = NEW.entry_id AND g.status <> 'declined') THEN
                        RAISE EXCEPTION 'after an appeal others judge than before' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="judged_while_the_round_is_open",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Q(new__status__in=["accepted", "submitted"])
                & pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
                declare=[("state", "text")],
                func="""
                    -- FOR SHARE: the round is not closed between this look and our commit.
                    SELECT r.status INTO state FROM assessments_round r JOIN assessments_entry e ON e.round_id = r.id
                        WHERE e.id = NEW.entry_id FOR SHARE OF r;
                    IF state = 'moderation' AND NEW.summoned_by_id IS NOT NULL THEN
                        -- One more assessor, for as long as the disagreement that summoned him waits for him.
                        PERFORM 1 FROM assessments_moderation m
                            WHERE m.id = NEW.summoned_by_id AND m.status = 'third' FOR SHARE OF m;
                        IF FOUND THEN
                            RETURN NEW;
                        END IF;
                    END IF;
                    IF state <> 'open' THEN
                        RAISE EXCEPTION 'the round is not open for assessment' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="who_discussed_rates_no_more",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Q(new__status__in=["offered", "accepted"])
                & pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
                func="""
                    IF EXISTS (SELECT 1 FROM assessments_moderationmember WHERE assignment_id = NEW.id) THEN
                        RAISE EXCEPTION 'who has read what the others gave rates no more' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="summoned_for_the_product_in_question",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("summoned_by_id", "entry_id"),
                condition=pgtrigger.Q(new__summoned_by__isnull=False),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_moderation m
                                   WHERE m.id = NEW.summoned_by_id AND m.entry_id = NEW.entry_id) THEN
                        RAISE EXCEPTION 'a disagreement summons for its own product' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="submitted_in_time",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Q(new__status="submitted") & pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
                declare=[("round_due", "timestamptz")],
                func="""
                    -- FOR SHARE: the deadline is not moved between this look and our commit.
                    SELECT r.deadline INTO round_due FROM assessments_round r JOIN assessments_entry e ON e.round_id = r.id
                        WHERE e.id = NEW.entry_id FOR SHARE OF r;
                    IF now() > greatest(round_due, NEW.due_at) THEN
                        RAISE EXCEPTION 'the deadline of this assessment has passed' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="own_deadline_was_granted",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("due_at"),
                condition=pgtrigger.Q(old__due_at__df=pgtrigger.F("new__due_at")),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_extension x
                                   WHERE x.assignment_id = NEW.id AND x.decision = 'granted' AND x.until = NEW.due_at) THEN
                        RAISE EXCEPTION 'a deadline of its own rests on a granted extension' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="submitted_together_with_its_assessment",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
                timing=pgtrigger.Deferred,
                func=SUBMITTED_TOGETHER % "NEW.id",
            ),
        ]

    def __str__(self):
        return f"{self.assessor} → {self.entry}"

    def get_absolute_url(self):
        return reverse("assessment_form", args=[self.pk])

    @property
    def deadline(self):
        """Until when this assessment can be submitted: the round's deadline, or the assessor's own later one."""
        deadline = self.entry.round.deadline
        return deadline if self.due_at is None else max(deadline, self.due_at)

    @property
    def is_past_deadline(self):
        return self.deadline < timezone.now()


class AssignmentMove(Move):
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass
