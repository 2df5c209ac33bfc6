"""Lists of councils and their seats that the head of the secretariat sends as a file."""

import pgtrigger
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from secretariat.models.sent_tables import WRITTEN_BY_SOMEBODY, SentTable


class CouncilImport(SentTable):
    """A table of councils: one row a seat."""

    class Meta(SentTable.Meta):
        abstract = False
        verbose_name, verbose_name_plural = _("import of councils"), _("imports of councils")
        constraints = [models.CheckConstraint(condition=WRITTEN_BY_SOMEBODY, name="council_import_written_by_somebody")]
        triggers = [
            pgtrigger.Protect(
                name="council_import_is_written_once",
                operation=pgtrigger.UpdateOf("written_at"),
                condition=pgtrigger.Q(old__written_at__isnull=False),
            ),
        ]

    def get_absolute_url(self):
        return reverse("council_import_detail", args=[self.pk])
