"""What the secretariat measures once for a whole panel."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from assessments.models.rounds import Entry
from secretariat.models import User


@pghistory.track()
class Measurement(models.Model):
    """A value that the secretariat measures once for a whole panel (audience reached, share of …)."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="measurements")
    indicator = models.ForeignKey("assessments.Indicator", models.PROTECT, related_name="measurements")
    value = models.DecimalField(_("value"), max_digits=14, decimal_places=4, null=True, blank=True)
    target = models.DecimalField(_("target"), max_digits=14, decimal_places=4, null=True, blank=True)
    not_applicable = models.BooleanField(_("not applicable"), default=False)
    note = models.CharField(_("how it was measured"), max_length=300, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name, verbose_name_plural = _("measurement"), _("measurements")
        constraints = [
            models.UniqueConstraint(fields=["entry", "indicator"], name="measured_once_an_entry"),
            models.CheckConstraint(
                condition=Q(not_applicable=True, value=None) | Q(not_applicable=False, value__isnull=False),
                name="measured_or_not_applicable",
            ),
            models.CheckConstraint(condition=Q(target=None) | Q(target__gt=0), name="target_positive"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="measurement_fits_its_indicator",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM assessments_indicator i
                        JOIN assessments_scale s ON s.id = i.scale_id
                        JOIN assessments_entry e ON e.id = NEW.entry_id
                        JOIN assessments_sheetpart p ON p.sheet_id = e.sheet_id AND p.version_id = i.version_id
                        WHERE i.id = NEW.indicator_id AND i.rater = 'secretariat'
                          AND (i.allow_na OR NOT NEW.not_applicable)
                          AND (NEW.value IS NULL OR NEW.value >= s.minimum)
                          AND (NEW.value IS NULL OR s.maximum IS NULL OR NEW.value <= s.maximum)
                          AND (NEW.value IS NULL OR s.kind NOT IN ('ordinal', 'inverse', 'boolean')
                               OR mod(NEW.value - s.minimum, s.step) = 0)
                          AND (s.kind <> 'ratio' OR NEW.value IS NULL OR NEW.target IS NOT NULL)) THEN
                        RAISE EXCEPTION 'a measurement must fit its indicator and its scale' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return f"{self.indicator_id}: {self.value}"
