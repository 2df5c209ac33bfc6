"""Lists of assessors that officers send as a file, and what such a list says of people who have yet to come."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from secretariat.models import Invitation, User


class RosterImport(models.Model):
    """A table of assessors as it was sent: looked at, then written in one piece or not at all."""

    file_name = models.CharField(_("file"), max_length=200)
    # {"headings": {column letter: key}, "rows": [{"n": number of the row, key: text, …}]}; emptied when it has served.
    content = models.JSONField(default=dict)
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("sent by"))
    sent_at = models.DateTimeField(_("sent at"), auto_now_add=True)
    written_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by"))
    written_at = models.DateTimeField(_("confirmed at"), null=True)
    counts = models.JSONField(default=dict)  # {"new": 3, "changed": 1, …} as it was written

    class Meta:
        verbose_name, verbose_name_plural = _("import of assessors"), _("imports of assessors")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(written_at=None, written_by=None) | Q(written_at__isnull=False, written_by__isnull=False),
                name="import_written_by_somebody",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="import_is_written_once", operation=pgtrigger.UpdateOf("written_at"), condition=pgtrigger.Q(old__written_at__isnull=False)
            ),
        ]

    def __str__(self):
        return self.file_name

    def get_absolute_url(self):
        return reverse("roster_import_detail", args=[self.pk])


@pghistory.track()
class ExpectedAssessor(models.Model):
    """What is known of somebody who is invited to the roster: it becomes his profile when he accepts."""

    invitation = models.OneToOneField(Invitation, models.CASCADE, related_name="expected_assessor")
    # As services.roster.fill takes it: {"fields": [keys], "sets": [keys], "languages": [codes], "province": key, "capacity": n,
    # "national_code": text, "mobile": text, "affiliations": [[agency key, kind], …]}; what was not said is not in it.
    profile = models.JSONField(_("profile"), default=dict)

    class Meta:
        verbose_name, verbose_name_plural = _("expected assessor"), _("expected assessors")

    def __str__(self):
        return self.invitation.full_name
