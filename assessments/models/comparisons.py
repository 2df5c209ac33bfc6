"""Weights from experts: which rows of a set they compare in pairs, what they answered, what was adopted.

A study is a document of its own. It copies the rows that it asks about, so that the draft can go on being edited; what was
adopted finds its rows again by their codes.
"""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments import rules
from assessments.models.indicators import SetVersion
from assessments.scoring.comparisons import FURTHEST_STEP
from secretariat.bilingual import Bilingual
from secretariat.models import Move, User
from secretariat.rules import is_officer


class WeightStudyQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; an expert those he was asked in."""
        if is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(pk__in=StudyExpert.objects.filter(user=user).values("study"))


@pghistory.track()
class WeightStudy(models.Model):
    """Experts asked to compare the rows of a set version in pairs; the weights follow from their answers."""

    Status = rules.StudyStatus
    MOVES = rules.STUDY_MOVES

    # The version whose rows are compared; a draft that is discarded takes its finished studies along.
    version = models.ForeignKey(SetVersion, models.CASCADE, related_name="weight_studies", verbose_name=_("version"))
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.OPEN, editable=False)
    deadline = models.DateTimeField(_("deadline of the experts"))
    note = models.TextField(_("note to the experts"), blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(_("opened at"), auto_now_add=True)
    adopted_at = models.DateTimeField(_("adopted at"), null=True, editable=False)
    # The draft into which the weights were written.
    adopted_into = models.ForeignKey(
        SetVersion, models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("adopted into")
    )

    objects = WeightStudyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("weight study"), _("weight studies")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=rules.StudyStatus.values), name="study_status_known"),
            models.CheckConstraint(
                condition=Q(status="adopted", adopted_at__isnull=False) | (~Q(status="adopted") & Q(adopted_at=None)),
                name="study_adopted_exactly_when_dated",
            ),
            models.UniqueConstraint(
                fields=["version"], condition=Q(status__in=["open", "closed"]), name="one_running_study_a_version"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="settled_study_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__in=["adopted", "cancelled"]),
                func="""
                    -- Only the draft that took the weights may go: a discarded draft is nowhere.
                    IF (to_jsonb(NEW) - 'adopted_into_id') <> (to_jsonb(OLD) - 'adopted_into_id')
                       OR (NEW.adopted_into_id IS NOT NULL AND NEW.adopted_into_id IS DISTINCT FROM OLD.adopted_into_id) THEN
                        RAISE EXCEPTION 'an adopted or cancelled study never changes' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="adopted_weights_sum_to_100",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__status="adopted"),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_studygroup WHERE study_id = NEW.id)
                       OR EXISTS (SELECT 1 FROM assessments_studygroup g LEFT JOIN assessments_studyitem i ON i.group_id = g.id
                                  WHERE g.study_id = NEW.id GROUP BY g.id
                                  HAVING g.consistency_ratio IS NULL OR count(i.weight) <> count(*)
                                         OR sum(i.weight) IS DISTINCT FROM 100) THEN
                        RAISE EXCEPTION 'every group of an adopted study weighs 100' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return _("Weights of %(version)s") % {"version": self.version}

    def get_absolute_url(self):
        return reverse("study_detail", args=[self.pk])

    @property
    def is_open(self):
        return self.status == self.Status.OPEN

    @property
    def is_past_deadline(self):
        return self.deadline <= timezone.now()


class StudyMove(Move):
    study = models.ForeignKey(WeightStudy, models.CASCADE, related_name="moves")

    class Meta(Move.Meta):
        # Unlike other trails this one goes with a discarded draft; by itself no row of it is touched.
        triggers = [pgtrigger.Protect(name="told_once", operation=pgtrigger.Update)]


class StudyGroup(models.Model):
    """Rows that are compared with one another: the children of one dimension, or the uppermost (`code` empty)."""

    study = models.ForeignKey(WeightStudy, models.CASCADE, related_name="groups")
    code = models.CharField(max_length=20, blank=True)
    title_fa = models.CharField(max_length=300, blank=True)
    title_en = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField()
    # What the adopted weights rest on.
    lambda_max = models.FloatField(null=True)
    consistency_ratio = models.FloatField(null=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "code"], name="group_once_in_a_study"),
            models.CheckConstraint(
                condition=Q(lambda_max=None, consistency_ratio=None) | Q(lambda_max__gte=1, consistency_ratio__gte=0),
                name="group_consistency_not_negative",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="groups_of_a_study_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF OLD.consistency_ratio IS NOT NULL OR (to_jsonb(NEW) - 'lambda_max' - 'consistency_ratio')
                                                          <> (to_jsonb(OLD) - 'lambda_max' - 'consistency_ratio') THEN
                        RAISE EXCEPTION 'what experts were asked about never changes' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return self.title

    @property
    def title(self):
        """The dimension's title; what stands uppermost is called the dimensions."""
        return Bilingual("title").__get__(self) or _("The dimensions")


class StudyItem(models.Model):
    """A row as the experts saw it, what it weighed then, and what it weighs by their judgement."""

    group = models.ForeignKey(StudyGroup, models.CASCADE, related_name="items")
    code = models.CharField(max_length=20)
    title_fa = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300, blank=True)
    guidance_fa = models.TextField(blank=True)
    guidance_en = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField()
    weight_before = models.DecimalField(max_digits=9, decimal_places=6)
    weight = models.DecimalField(max_digits=9, decimal_places=6, null=True)

    title = Bilingual("title")
    guidance = Bilingual("guidance")

    class Meta:
        ordering = ["group", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["group", "code"], name="item_once_in_a_group"),
            models.CheckConstraint(
                condition=Q(weight=None) | Q(weight__gte=0, weight__lte=100), name="adopted_weight_within_0_100"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="items_of_a_study_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF OLD.weight IS NOT NULL OR (to_jsonb(NEW) - 'weight') <> (to_jsonb(OLD) - 'weight') THEN
                        RAISE EXCEPTION 'what experts were asked about never changes' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return self.title


class StudyExpertQuerySet(models.QuerySet):
    def counted(self):
        """Those whose answers are joined."""
        return self.filter(finished_at__isnull=False, excluded_at=None)


@pghistory.track()
class StudyExpert(models.Model):
    """A person asked to compare; his answers count once he has finished and unless they are left out."""

    study = models.ForeignKey(WeightStudy, models.CASCADE, related_name="experts", verbose_name=_("weight study"))
    user = models.ForeignKey(User, models.PROTECT, related_name="weight_studies", verbose_name=_("expert"))
    invited_at = models.DateTimeField(_("invited at"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)  # raised by every save: the optimistic lock
    excluded_at = models.DateTimeField(_("left out at"), null=True, editable=False)
    excluded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    excluded_why = models.CharField(_("why left out"), max_length=500, blank=True, editable=False)

    objects = StudyExpertQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("expert of a weight study"), _("experts of weight studies")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "user"], name="expert_once_in_a_study"),
            models.CheckConstraint(
                condition=Q(excluded_at=None, excluded_by=None, excluded_why="")
                | (Q(excluded_at__isnull=False, excluded_by__isnull=False) & ~Q(excluded_why="")),
                name="expert_left_out_with_a_reason",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="experts_change_while_the_study_runs",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("state", "text")],
                func="""
                    -- FOR SHARE: the study cannot be closed or adopted between this look and our commit.
                    SELECT status INTO state FROM assessments_weightstudy WHERE id = NEW.study_id FOR SHARE;
                    IF state NOT IN ('open', 'closed') OR (TG_OP = 'UPDATE' AND (OLD.study_id, OLD.user_id) <> (NEW.study_id, NEW.user_id)) THEN
                        RAISE EXCEPTION 'the experts of a settled study never change' USING ERRCODE = 'check_violation';
                    END IF;
                    IF state <> 'open' AND (TG_OP = 'INSERT' OR NEW.finished_at IS DISTINCT FROM OLD.finished_at) THEN
                        RAISE EXCEPTION 'experts work only while the study is open' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # Weights follow only where comparisons lead from each row of a group to each other.
            pgtrigger.Trigger(
                name="finished_comparisons_connect_every_group",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__finished_at__isnull=False),
                func="""
                    IF EXISTS (
                        SELECT 1 FROM assessments_studygroup g WHERE g.study_id = NEW.study_id AND (
                            WITH RECURSIVE reached AS (
                                SELECT min(i.id) AS id FROM assessments_studyitem i WHERE i.group_id = g.id
                                UNION
                                SELECT CASE c.left_id WHEN r.id THEN c.right_id ELSE c.left_id END FROM reached r
                                JOIN assessments_comparison c ON c.expert_id = NEW.id AND r.id IN (c.left_id, c.right_id))
                            SELECT count(*) FROM reached
                        ) <> (SELECT count(*) FROM assessments_studyitem i WHERE i.group_id = g.id)) THEN
                        RAISE EXCEPTION 'finished comparisons connect all rows of a group' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return str(self.user)


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Comparison(models.Model):
    """One expert's judgement on two rows of a group.

    `step` is the place on the scale of answers, exactly as it was chosen: 0 equal, 8 the left row nine times as
    important, −8 the right one (`assessments.scoring.comparisons.ratio`).
    """

    expert = models.ForeignKey(StudyExpert, models.CASCADE, related_name="comparisons", verbose_name=_("expert"))
    left = models.ForeignKey(StudyItem, models.CASCADE, related_name="+")
    right = models.ForeignKey(StudyItem, models.CASCADE, related_name="+")
    step = models.SmallIntegerField(_("answer"))

    class Meta:
        verbose_name, verbose_name_plural = _("comparison"), _("comparisons")
        constraints = [
            models.UniqueConstraint(fields=["expert", "left", "right"], name="pair_compared_once"),
            models.CheckConstraint(condition=Q(left__lt=F("right")), name="pair_in_one_order"),
            models.CheckConstraint(
                condition=Q(step__gte=-FURTHEST_STEP, step__lte=FURTHEST_STEP), name="comparison_on_the_scale"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="compared_while_the_study_is_open",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("work", "RECORD")],
                func="""
                    SELECT s.id, s.status, e.finished_at, e.excluded_at INTO work FROM assessments_studyexpert e
                    JOIN assessments_weightstudy s ON s.id = e.study_id WHERE e.id = NEW.expert_id FOR SHARE OF s;
                    IF work.status <> 'open' OR work.finished_at IS NOT NULL OR work.excluded_at IS NOT NULL THEN
                        RAISE EXCEPTION 'only an expert at work in an open study compares' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NOT EXISTS (SELECT 1 FROM assessments_studyitem l JOIN assessments_studyitem r ON r.group_id = l.group_id
                                   JOIN assessments_studygroup g ON g.id = l.group_id
                                   WHERE l.id = NEW.left_id AND r.id = NEW.right_id AND g.study_id = work.id) THEN
                        RAISE EXCEPTION 'the rows of one group are compared' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return f"{self.left} : {self.right}"
