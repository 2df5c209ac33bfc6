"""The external check of a self-assessment: who checks, his own levels, and the ties that forbid it."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from assessments.models.excellence import ANSWER_FITS, LevelState, SelfAssessment
from assessments.models.indicators import Indicator
from assessments.models.roster import Assessor
from assessments.models.ties import Affiliation
from secretariat.models import RoleGrant, User
from secretariat.rules import is_officer

_TODAY = "(now() AT TIME ZONE 'Asia/Tehran')::date"


class ExcellenceCheckQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; a checker his own, as long as it is his."""
        if is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(assessor__user=user, withdrawn_at=None)

    def active(self):
        return self.filter(withdrawn_at=None)


@pghistory.track(exclude=["version", "saved_at"])
class ExcellenceCheck(models.Model):
    """An assessor asked to look at the evidence of an agency and to give his own level on every criterion."""

    self_assessment = models.ForeignKey(SelfAssessment, models.PROTECT, related_name="checks")
    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="excellence_checks", verbose_name=_("checker"))
    appointed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    appointed_at = models.DateTimeField(_("appointed at"), auto_now_add=True)
    saved_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(_("handed in at"), null=True)
    withdrawn_at = models.DateTimeField(_("ended at"), null=True)
    withdrawn_why = models.CharField(_("why it ended"), max_length=500, blank=True)
    version = models.PositiveIntegerField(default=1)  # raised by every save: the optimistic lock

    objects = ExcellenceCheckQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("external check"), _("external checks")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["self_assessment"], condition=Q(withdrawn_at=None), name="one_checker_at_a_time"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_why="") | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_why="")),
                name="check_ended_with_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["assessor"], condition=Q(withdrawn_at=None), name="check_of_assessor")]
        triggers = [
            pgtrigger.Trigger(
                name="no_check_with_a_tie",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("assessor_id", "self_assessment_id", "withdrawn_at"),
                condition=pgtrigger.Q(new__withdrawn_at__isnull=True),
                declare=[("owner", "bigint"), ("person", "bigint")],
                func=f"""
                    IF TG_OP = 'UPDATE' THEN
                        RAISE EXCEPTION 'a check keeps its checker' USING ERRCODE = 'check_violation';
                    END IF;
                    -- FOR SHARE: no tie is added between this look and our commit, and it is not confirmed.
                    PERFORM 1 FROM assessments_assessor WHERE id = NEW.assessor_id FOR SHARE;
                    SELECT agency_id INTO owner FROM assessments_selfassessment
                        WHERE id = NEW.self_assessment_id AND status = 'checking' FOR SHARE;
                    IF owner IS NULL THEN
                        RAISE EXCEPTION 'only what was drawn is checked' USING ERRCODE = 'check_violation';
                    END IF;
                    SELECT user_id INTO person FROM assessments_assessor WHERE id = NEW.assessor_id;
                    IF EXISTS (SELECT 1 FROM assessments_affiliation a WHERE a.assessor_id = NEW.assessor_id AND a.agency_id = owner
                               AND (a.until IS NULL OR a.until >= {_TODAY}))
                       OR EXISTS (SELECT 1 FROM secretariat_rolegrant g LEFT JOIN secretariat_unit u ON u.id = g.unit_id
                                  WHERE g.user_id = person AND coalesce(g.agency_id, u.agency_id) = owner
                                  AND (g.until IS NULL OR g.until > now())) THEN
                        RAISE EXCEPTION 'the checker is tied to the agency' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="handed_in_check_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR OLD.withdrawn_at IS NOT NULL
                       OR (OLD.submitted_at IS NOT NULL AND NEW.submitted_at IS NOT NULL
                           AND (NEW.submitted_at, NEW.version) <> (OLD.submitted_at, OLD.version))
                       OR (OLD.submitted_at IS NOT NULL AND NEW.submitted_at IS NULL AND NOT EXISTS (
                               SELECT 1 FROM assessments_selfassessment a
                               WHERE a.id = OLD.self_assessment_id AND a.status = 'checking')) THEN
                        RAISE EXCEPTION 'a check that was handed in is frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="handed_in_check_is_complete",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("submitted_at"),
                condition=pgtrigger.Q(new__submitted_at__isnull=False),
                func="""
                    IF EXISTS (SELECT 1 FROM assessments_selfassessment a JOIN assessments_excellenceyear y ON y.id = a.year_id
                               JOIN assessments_indicator i ON i.version_id = y.framework_id AND i.scale_id IS NOT NULL
                               LEFT JOIN assessments_checkanswer c ON c.external_check_id = NEW.id AND c.indicator_id = i.id
                               WHERE a.id = NEW.self_assessment_id
                                 AND (c.id IS NULL OR c.state = 'blank' OR btrim(c.reason) = '')) THEN
                        RAISE EXCEPTION 'a checker gives a level with its reason on every criterion' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.assessor} → {self.self_assessment}"

    def get_absolute_url(self):
        return reverse("check_form", args=[self.pk])


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class CheckAnswer(models.Model):
    """The checker's own level on one criterion, with his reason; beside the agency's, never over it."""

    State = LevelState

    external_check = models.ForeignKey(ExcellenceCheck, models.PROTECT, related_name="answers")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="+")
    state = models.CharField(max_length=6, choices=State, default=State.UNANSWERED)
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("answer of a checker"), _("answers of checkers")
        constraints = [
            models.UniqueConstraint(fields=["external_check", "indicator"], name="one_check_answer_a_criterion"),
            models.CheckConstraint(
                condition=Q(state="scored", value__isnull=False) | Q(state__in=["na", "blank"], value=None),
                name="check_level_exactly_when_it_has_a_value",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="check_answer_fits_an_open_check",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("is_open", "boolean"), ("framework", "bigint"), ("owner", "bigint")],
                func=f"""
                    IF TG_OP = 'DELETE' THEN owner := OLD.external_check_id; ELSE owner := NEW.external_check_id; END IF;
                    -- FOR SHARE: it cannot be handed in between this look and our commit.
                    SELECT c.submitted_at IS NULL AND c.withdrawn_at IS NULL AND a.status = 'checking', y.framework_id
                        INTO is_open, framework
                        FROM assessments_excellencecheck c JOIN assessments_selfassessment a ON a.id = c.self_assessment_id
                        JOIN assessments_excellenceyear y ON y.id = a.year_id WHERE c.id = owner FOR SHARE OF c;
                    IF NOT is_open OR (TG_OP = 'UPDATE' AND OLD.external_check_id <> NEW.external_check_id) THEN
                        RAISE EXCEPTION 'a check that was handed in is frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    {ANSWER_FITS}
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return f"{self.indicator_id}: {self.value if self.state == 'scored' else self.state}"


# --- ties that come later ------------------------------------------------------------------------


def _leaves_no_live_check(name, join, tie, agency):
    """A deferred trigger on a table of ties: at commit no check that the new tie forbids is live (rules.LIVE_CHECKS).

    The assessor's row is locked against the share lock of `no_check_with_a_tie`: whichever of a tie and a check comes
    second sees the first. `join` leads from the tie `t` to the assessor `p`; `agency` is the one it binds him to.
    """
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Row,
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update,
        timing=pgtrigger.Deferred,
        func=f"""
            PERFORM 1 FROM assessments_assessor p {join} WHERE t.id = NEW.id ORDER BY p.id FOR NO KEY UPDATE OF p;
            IF EXISTS (SELECT 1 FROM assessments_assessor p {join}
                       JOIN assessments_excellencecheck c ON c.assessor_id = p.id AND c.withdrawn_at IS NULL
                       JOIN assessments_selfassessment a ON a.id = c.self_assessment_id
                       WHERE t.id = NEW.id AND {tie} AND a.agency_id = {agency} AND a.status IN ('checking', 'checked')) THEN
                RAISE EXCEPTION 'the checker still checks what this tie forbids' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        """,
    )


class CheckerAffiliation(Affiliation):
    """Affiliations as the external check sees them. Holds only the trigger."""

    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = _("affiliation of a checker"), _("affiliations of checkers")
        triggers = [
            _leaves_no_live_check(
                "affiliation_leaves_no_live_check",
                join="JOIN assessments_affiliation t ON t.assessor_id = p.id",
                tie=f"(t.until IS NULL OR t.until >= {_TODAY})",
                agency="t.agency_id",
            )
        ]


class CheckerGrant(RoleGrant):
    """Roles as the external check sees them. Holds only the trigger."""

    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = _("role of a checker"), _("roles of checkers")
        triggers = [
            _leaves_no_live_check(
                "role_leaves_no_live_check",
                join="""JOIN secretariat_rolegrant t ON t.user_id = p.user_id
                        LEFT JOIN secretariat_unit u ON u.id = t.unit_id""",
                tie="(t.until IS NULL OR t.until > now())",
                agency="coalesce(t.agency_id, u.agency_id)",
            )
        ]
