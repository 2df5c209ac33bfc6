"""Lists of assessors that officers send as a file, and what such a list says of people who have yet to come."""

import pghistory
import pgtrigger
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from secretariat.models import Invitation
from secretariat.models.sent_tables import WRITTEN_BY_SOMEBODY, SentTable


class RosterImport(SentTable):
    """A table of assessors."""

    class Meta(SentTable.Meta):
        abstract = False
        verbose_name, verbose_name_plural = _("import of assessors"), _("imports of assessors")
        constraints = [
            models.CheckConstraint(condition=WRITTEN_BY_SOMEBODY, name="import_written_by_somebody"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="import_is_written_once", operation=pgtrigger.UpdateOf("written_at"), condition=pgtrigger.Q(old__written_at__isnull=False)
            ),
        ]

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
