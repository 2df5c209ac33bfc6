"""What every private file that people hand in has; each room adds to what it belongs and who may read it."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from secretariat import uploads
from secretariat.storage import random_name


def place(instance, filename):
    """Where the bytes lie: in the folder of their kind, under a name that tells nothing."""
    return random_name(instance.FOLDER, instance.extension)


class PrivateFile(models.Model):
    """A file taken after a look inside. Removed, it is only hidden; its bytes and its row never change.

    Concrete classes name a FOLDER, add a foreign key to what the file belongs to, and inherit `Meta`.
    """

    FOLDER = "files"

    file = models.FileField(upload_to=place, max_length=200)
    name = models.CharField(_("name"), max_length=200)  # as its owner called it, cleaned; never used as a path
    extension = models.CharField(max_length=10)  # by content, not by the name
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ["uploaded_at", "pk"]
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="%(class)s_not_empty")]
        triggers = [
            pgtrigger.Trigger(
                name="uploaded_file_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR OLD.removed_at IS NOT NULL
                       OR (to_jsonb(NEW) - 'removed_at') <> (to_jsonb(OLD) - 'removed_at') THEN
                        RAISE EXCEPTION 'an uploaded file does not change' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return self.name

    def take_out(self):
        """Hide it from now on; it stays on record. Doing it twice is no harm."""
        if self.removed_at is None:
            self.removed_at = timezone.now()
            self.save(update_fields=["removed_at"])

    @classmethod
    def of(cls, upload, *, by, **owner):
        """An unsaved row for an upload that was looked into, its bytes not yet stored. Raises RuleBroken."""
        checked = uploads.inspect(upload)
        return cls(
            name=uploads.clean_name(upload.name, checked.extension),
            extension=checked.extension,
            content_type=checked.content_type,
            size=checked.size,
            sha256=checked.sha256,
            uploaded_by=by,
            **owner,
        ), checked.content
