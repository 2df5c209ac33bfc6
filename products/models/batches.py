"""Certificates of many marks as one file: asked for, made in the background, kept for a while."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from secretariat.models import Resolution, User
from secretariat.rules import is_officer, served_councils
from secretariat.storage import random_name


def _where(instance, filename):
    return random_name("certificates", ".zip")


class BatchQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; who keeps a council's papers those of its resolutions."""
        if is_officer(user):
            return self
        served = served_councils(user)
        return self if served is None else self.filter(resolution__council__in=served)

    def waiting(self):
        """Work that is neither done nor given up."""
        return self.filter(finished_at=None, cancelled_at=None, failed_at=None)


class CertificateBatch(models.Model):
    """What somebody asked to be printed. The row is the work: until it is finished, cancelled or failed, a worker owes it."""

    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    resolution = models.ForeignKey(Resolution, models.PROTECT, null=True, related_name="batches", verbose_name=_("resolution"))
    query = models.CharField(max_length=1000, blank=True)  # the register's, where no resolution is named
    marks = ArrayField(models.BigIntegerField())  # in the order in which they lie in the file
    done = models.PositiveIntegerField(default=0)
    skipped = ArrayField(models.CharField(max_length=20), default=list)  # serials no longer in force when their turn came
    # The worker's sign of life; `attempt` tells a worker that was thought dead that another has taken over.
    beat_at = models.DateTimeField(null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    cancelled_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    file = models.FileField(upload_to=_where, max_length=200, blank=True)
    size = models.PositiveBigIntegerField(_("size"), default=0)
    expires_at = models.DateTimeField(_("kept until"), null=True)
    swept_at = models.DateTimeField(null=True)  # the file is gone

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("certificates in one file"), _("certificates in one file")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(done__lte=Func(F("marks"), function="CARDINALITY", output_field=models.IntegerField())),
                name="batch_done_within_its_marks",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at=None, failed_at=None)
                | Q(finished_at=None, failed_at=None)
                | Q(finished_at=None, cancelled_at=None),
                name="batch_ends_one_way",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None, file="", expires_at=None, swept_at=None)
                | Q(finished_at__isnull=False, expires_at__isnull=False, swept_at=None) & ~Q(file="")
                | Q(finished_at__isnull=False, expires_at__isnull=False, swept_at__isnull=False, file=""),
                name="batch_finished_with_its_file",
            ),
        ]

    def __str__(self):
        return str(self.resolution or _("Register of quality marks"))

    def get_absolute_url(self):
        return reverse("certificate_batch", args=[self.pk])

    @property
    def total(self):
        return len(self.marks)

    @property
    def state(self):
        """ "making", "done", "cancelled", "failed", or "gone" when the file was swept away."""
        if self.swept_at:
            return "gone"
        if self.finished_at:
            return "done" if self.expires_at > timezone.now() else "gone"
        return "cancelled" if self.cancelled_at else "failed" if self.failed_at else "making"

    @property
    def state_text(self):
        """`state` in words."""
        return {
            "making": _("being made"),
            "done": _("done"),
            "cancelled": _("cancelled"),
            "failed": _("failed"),
            "gone": _("no longer kept"),
        }[self.state]

    @property
    def file_name(self):
        return f"certificates-{self.pk}.zip"
