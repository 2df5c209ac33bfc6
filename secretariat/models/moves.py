"""The trail of status changes that every moving object leaves behind."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Move(models.Model):
    """Who moved what, when, from where to where, and why. Rows are added and never touched again.

    Each moving model has its own table of moves with a foreign key `subject_of_move`; concrete classes add it
    with related_name="moves" and inherit `Meta`.
    """

    action = models.CharField(_("action"), max_length=30)
    source = models.CharField(_("from"), max_length=20, blank=True)
    target = models.CharField(_("to"), max_length=20)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )  # null: the system
    at = models.DateTimeField(_("at"), auto_now_add=True)
    why = models.TextField(_("reason"), blank=True)

    class Meta:
        abstract = True
        ordering = ["at", "pk"]
        triggers: list[pgtrigger.Trigger] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.source} → {self.target}"
