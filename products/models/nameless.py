"""The copy of a handed-in file that those read who may not know its maker, and whether they are shown it at all."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from products.models.submissions import ProductFile, SubmissionVersion
from secretariat.models import User
from secretariat.storage import random_name


def _where(instance, filename):
    return random_name("nameless", instance.original.extension)


class NamelessCopyQuerySet(models.QuerySet):
    def to_do(self):
        """Copies to be made, and copies whose words were not yet searched for the makers named in a later version."""
        return self.filter(Q(status="waiting") | ~Q(searched=F("version")) | Q(searched=None), given_up_at=None)

    def waiting(self):
        """Those of them whose turn it is."""
        return self.to_do().filter(next_try_at__lte=timezone.now())

    def shown(self):
        """Those that may be given to whoever judges blind."""
        return self.filter(status="ready", hidden_why="")


@pghistory.track(
    pghistory.UpdateEvent(),
    fields=["hidden_why", "decided_at", "decided_by"],
    model_name="NamelessCopyEvent",
    obj_field=pghistory.ObjForeignKey(related_name="events"),
)
class NamelessCopy(models.Model):
    """A handed-in file without what tells of its maker; the row is the queue, making it is only work.

    `version` is the newest submission that holds the file, `searched` the one whose makers were looked for in its
    text: they differ exactly while that search is out of date.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("being prepared")
        READY = "ready", _("ready")
        FAILED = "failed", _("could not be prepared")

    original = models.OneToOneField(ProductFile, models.PROTECT, related_name="nameless", verbose_name=_("file"))
    status = models.CharField(_("state"), max_length=7, choices=Status, default=Status.WAITING)
    file = models.FileField(upload_to=_where, max_length=200, blank=True)
    size = models.PositiveBigIntegerField(_("size"), default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    original_sha256 = models.CharField(max_length=64, blank=True)  # of the bytes that it was made from
    made_at = models.DateTimeField(null=True)
    version = models.ForeignKey(SubmissionVersion, models.PROTECT, related_name="+")
    searched = models.ForeignKey(SubmissionVersion, models.PROTECT, null=True, related_name="+")
    finds = models.JSONField(default=list)  # [{"word": a name of the maker, "page": number or null}]
    is_read = models.BooleanField(default=False)  # whether all of it could be read as text
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    given_up_at = models.DateTimeField(null=True)
    # Kept back from whoever judges blind as long as a reason stands here.
    hidden_why = models.CharField(_("why it is kept back"), max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = NamelessCopyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("nameless copy"), _("nameless copies")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=["waiting", "ready", "failed"]), name="nameless_state_known"),
            models.CheckConstraint(
                condition=(Q(status="ready", size__gt=0, made_at__isnull=False) & ~Q(file="") & ~Q(sha256=""))
                | (~Q(status="ready") & Q(file="", sha256="")),
                name="ready_copy_has_its_bytes",
            ),
            models.CheckConstraint(
                condition=Q(hidden_why="") | Q(decided_at__isnull=False, decided_by__isnull=False), name="kept_back_by_somebody"
            ),
        ]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(status="waiting"), name="nameless_waiting")]
        triggers = [
            pgtrigger.Trigger(
                name="copy_is_of_its_original",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NEW.status = 'ready' AND NOT EXISTS (SELECT 1 FROM products_productfile f
                            WHERE f.id = NEW.original_id AND f.sha256 = NEW.original_sha256 AND f.file <> NEW.file) THEN
                        RAISE EXCEPTION 'a nameless copy is made from its own original' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NOT EXISTS (SELECT 1 FROM products_versionfile p
                                   WHERE p.file_id = NEW.original_id AND p.version_id = NEW.version_id) THEN
                        RAISE EXCEPTION 'a nameless copy is of a file that was handed in' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="made_copy_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status="ready"),
                func="""
                    IF (NEW.original_id, NEW.status, NEW.file, NEW.sha256, NEW.size, NEW.original_sha256) IS DISTINCT FROM
                       (OLD.original_id, OLD.status, OLD.file, OLD.sha256, OLD.size, OLD.original_sha256) THEN
                        RAISE EXCEPTION 'a nameless copy does not change once it is made' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.original_id}: {self.status}"

    @property
    def content_type(self):
        return self.original.content_type

    @property
    def is_hidden(self):
        return bool(self.hidden_why)

    @property
    def is_shown(self):
        return self.status == self.Status.READY and not self.is_hidden
