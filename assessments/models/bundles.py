"""The open recomputation of a published round: its anonymised ratings and published figures as one file, released once."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from assessments.models.runs import ScoringRun
from secretariat.models import User
from secretariat.storage import random_name


def _where(instance, filename):
    return random_name("bundles", ".zip")


class RoundBundle(models.Model):
    """What anybody may download to compute a round's results again; asked for by an officer, made in the background.

    Until it is released the row is a piece of work under way (or refused, with its reason); from then on neither the
    row nor the file changes, so that everybody reads the same bytes for ever.
    """

    class Refusal(models.TextChoices):
        RATINGS = "ratings", _("The ratings are no longer those from which the scores were computed.")
        FIGURES = "figures", _("The published figures do not follow from the ratings.")
        BROKEN = "broken", _("Making the file failed; the log of the worker says why.")

    run = models.OneToOneField(ScoringRun, models.PROTECT, related_name="bundle")
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(_("asked at"))
    # The worker's sign of life: making that gave none for a while ended with its worker.
    beat_at = models.DateTimeField(null=True)
    progress = models.PositiveSmallIntegerField(default=0)  # percent
    refused = models.CharField(max_length=7, choices=Refusal, blank=True)  # why it could not be released
    file = models.FileField(upload_to=_where, max_length=200, blank=True)
    size = models.PositiveBigIntegerField(_("size"), default=0)  # bytes
    sha256 = models.CharField(max_length=64, blank=True)
    released_at = models.DateTimeField(_("released at"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("data for recomputation"), _("data for recomputation")
        constraints = [
            models.CheckConstraint(condition=Q(progress__lte=100), name="bundle_progress_is_percent"),
            models.CheckConstraint(condition=Q(refused__in=["", "ratings", "figures", "broken"]), name="bundle_refusal_known"),
            models.CheckConstraint(
                condition=Q(released_at=None, file="", size=0, sha256="")
                | Q(released_at__isnull=False, size__gt=0, sha256__regex="^[0-9a-f]{64}$", refused="") & ~Q(file=""),
                name="bundle_released_wholly",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="released_bundle_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__released_at__isnull=False),
                func="RAISE EXCEPTION 'a released bundle does not change' USING ERRCODE = 'check_violation';",
            ),
            pgtrigger.Trigger(
                name="bundle_is_of_a_frozen_run",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_scoringrun u WHERE u.id = NEW.run_id AND u.frozen_at IS NOT NULL) THEN
                        RAISE EXCEPTION 'only a published run is released' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("round_bundle_file", args=[self.run.round_id])

    @property
    def name(self):
        """What the file is called by whoever downloads it."""
        return f"round-{self.run.round_id}-scores.zip"

    @property
    def is_released(self):
        return self.released_at is not None
