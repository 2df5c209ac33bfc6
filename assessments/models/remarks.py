"""What assessors wrote for the submitter, as somebody of the secretariat let it pass."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from assessments.models.indicators import Indicator
from assessments.models.judgements import Assessment
from secretariat.models import User


@pghistory.track()
class RemarkCheck(models.Model):
    """The verdict on one text of a submitted assessment: what its agency reads of it.

    It holds for the words that were looked at (`source`) and for no others: a text that its assessor changed later waits
    to be looked at again.
    """

    class Kind(models.TextChoices):
        STRENGTHS = "strengths", _("strengths")
        IMPROVEMENTS = "improvements", _("what could be better")
        COMMENT = "comment", _("comment on an indicator")

    class Verdict(models.TextChoices):
        RELEASED = "released", _("released")
        WITHHELD = "withheld", _("withheld")

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="checks")
    kind = models.CharField(max_length=12, choices=Kind)
    indicator = models.ForeignKey(Indicator, models.PROTECT, null=True, related_name="+")
    source = models.TextField()
    text = models.TextField(_("as the agency reads it"), blank=True)
    verdict = models.CharField(max_length=8, choices=Verdict)
    why = models.CharField(_("reason"), max_length=500, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name, verbose_name_plural = _("check of a remark"), _("checks of remarks")
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "kind", "indicator"], nulls_distinct=False, name="remark_checked_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="comment", indicator__isnull=False) | Q(kind__in=["strengths", "improvements"], indicator=None),
                name="remark_has_its_place",
            ),
            models.CheckConstraint(
                condition=(Q(verdict="released") & ~Q(text="")) | (Q(verdict="withheld", text="") & ~Q(why="")),
                name="remark_is_released_with_words_or_withheld_with_a_reason",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="checked_as_it_was_written",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("written", "text")],
                func="""
                    SELECT CASE NEW.kind WHEN 'strengths' THEN a.strengths WHEN 'improvements' THEN a.improvements
                           ELSE (SELECT r.comment FROM assessments_rating r
                                 WHERE r.assessment_id = a.id AND r.indicator_id = NEW.indicator_id) END
                        INTO written FROM assessments_assessment a
                        WHERE a.id = NEW.assessment_id AND a.submitted_at IS NOT NULL FOR SHARE;
                    IF written IS DISTINCT FROM NEW.source OR NEW.source = '' THEN
                        RAISE EXCEPTION 'a check is of the words of a submitted assessment' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return f"{self.kind}: {self.verdict}"
