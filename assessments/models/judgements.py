"""What assessors said."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from assessments.models.assignments import SUBMITTED_TOGETHER, Assignment
from assessments.models.indicators import Indicator
from secretariat.rules import is_officer


class AssessmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; an assessor his own. Others' ratings never come through here to an assessor.

        An officer who is on a panel himself is an assessor there until he has submitted.
        """
        if not user.is_authenticated:
            return self.none()
        own = Q(assignment__assessor__user=user)
        if is_officer(user):
            undecided = Assignment.objects.filter(assessor__user=user, status__in=["offered", "accepted"])
            return self.filter(own | ~Q(assignment__entry__in=undecided.values("entry")))
        return self.filter(own)

    def counted(self):
        """Those that enter the scores."""
        return self.filter(submitted_at__isnull=False, assignment__status="submitted")


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Assessment(models.Model):
    """One assessor's sheet for one entry: a draft until submitted, frozen while submitted."""

    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="assessment")
    # Written for the agency that submitted; shown to it under a pseudonym after publication.
    strengths = models.TextField(_("strengths"), blank=True)
    improvements = models.TextField(_("what could be better"), blank=True)
    note_to_staff = models.TextField(_("note to the secretariat"), blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    saved_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(_("submitted at"), null=True)
    version = models.PositiveIntegerField(default=1)  # raised by every save: the optimistic lock

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("assessment"), _("assessments")
        triggers = [
            pgtrigger.Trigger(
                name="submitted_assessment_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__submitted_at__isnull=False),
                func="""
                    IF TG_OP = 'DELETE' OR (NEW.submitted_at IS NOT NULL AND to_jsonb(NEW) <> to_jsonb(OLD)) THEN
                        RAISE EXCEPTION 'a submitted assessment is frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="submitted_together_with_its_assignment",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("submitted_at", "assignment_id"),
                timing=pgtrigger.Deferred,
                func=SUBMITTED_TOGETHER % "NEW.assignment_id",
            ),
        ]

    def __str__(self):
        return str(self.assignment)


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Rating(models.Model):
    """One value on one indicator. Missing is not zero: `not_applicable` and `unanswered` carry no value."""

    class State(models.TextChoices):
        SCORED = "scored", _("rated")
        NOT_APPLICABLE = "na", _("not applicable")
        UNANSWERED = "blank", _("not answered")

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="ratings")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="ratings")
    state = models.CharField(max_length=6, choices=State, default=State.UNANSWERED)
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    comment = models.TextField(blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("rating"), _("ratings")
        constraints = [
            models.UniqueConstraint(fields=["assessment", "indicator"], name="one_rating_an_indicator"),
            models.CheckConstraint(
                condition=Q(state="scored", value__isnull=False) | Q(state__in=["na", "blank"], value=None),
                name="rated_exactly_when_it_has_a_value",
            ),
        ]
        triggers = [
            # Statement level, over the whole set of new rows: a bulk insert of a million is checked by one join.
            pgtrigger.Trigger(
                name=f"ratings_fit_on_{operation}",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=getattr(pgtrigger, operation.capitalize()),
                referencing=pgtrigger.Referencing(new="fresh", **({"old": "former"} if operation == "update" else {})),
                func=f"""
                    -- FOR SHARE: an assessment cannot be submitted between this look and our commit.
                    PERFORM 1 FROM assessments_assessment WHERE id IN (SELECT assessment_id FROM fresh) FOR SHARE;
                    IF EXISTS (SELECT 1 FROM ({touched}) r JOIN assessments_assessment a ON a.id = r.assessment_id
                               WHERE a.submitted_at IS NOT NULL) THEN
                        RAISE EXCEPTION 'a submitted assessment is frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    IF EXISTS (
                        SELECT 1 FROM fresh r
                        JOIN assessments_assessment a ON a.id = r.assessment_id
                        JOIN assessments_assignment g ON g.id = a.assignment_id
                        JOIN assessments_entry e ON e.id = g.entry_id
                        LEFT JOIN assessments_indicator i ON i.id = r.indicator_id
                        LEFT JOIN assessments_scale s ON s.id = i.scale_id
                        LEFT JOIN assessments_sheetpart p ON p.sheet_id = e.sheet_id AND p.version_id = i.version_id
                        WHERE p.id IS NULL OR s.id IS NULL OR i.rater <> 'expert'
                           OR (r.state = 'na' AND NOT i.allow_na)
                           OR r.value < s.minimum OR r.value > s.maximum
                           OR (s.kind IN ('ordinal', 'inverse', 'boolean') AND mod(r.value - s.minimum, s.step) <> 0)) THEN
                        RAISE EXCEPTION 'a rating must fit its indicator and its scale' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            )
            for operation, touched in (
                ("insert", "SELECT assessment_id FROM fresh"),
                ("update", "SELECT assessment_id FROM fresh UNION ALL SELECT assessment_id FROM former"),
            )
        ] + [
            pgtrigger.Trigger(
                name="submitted_ratings_stay",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Delete,
                referencing=pgtrigger.Referencing(old="former"),
                func="""
                    IF EXISTS (SELECT 1 FROM former r JOIN assessments_assessment a ON a.id = r.assessment_id
                               WHERE a.submitted_at IS NOT NULL) THEN
                        RAISE EXCEPTION 'a submitted assessment is frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self):
        return f"{self.indicator_id}: {self.value if self.state == 'scored' else self.state}"
