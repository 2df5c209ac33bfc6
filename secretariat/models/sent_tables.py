"""A table that somebody sent as a file: looked at first, then written in one piece or not at all."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from secretariat.models.people import User


class SentTable(models.Model):
    """What every such table is; each room says what its rows mean."""

    file_name = models.CharField(_("file"), max_length=200)
    # {"headings": {column key: letter}, "rows": [{"n": number of the row, key: text, …}]}; emptied when it has served.
    content = models.JSONField(default=dict)
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("sent by"))
    sent_at = models.DateTimeField(_("sent at"), auto_now_add=True)
    written_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by"))
    written_at = models.DateTimeField(_("confirmed at"), null=True)
    counts = models.JSONField(default=dict)  # {"new": 3, "changed": 1, …} as it was written

    class Meta:
        abstract = True
        ordering = ["-pk"]

    def __str__(self):
        return self.file_name


# Who confirmed it and when stand together, or neither does.
WRITTEN_BY_SOMEBODY = Q(written_at=None, written_by=None) | Q(written_at__isnull=False, written_by__isnull=False)
