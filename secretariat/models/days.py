"""Holidays: the table from which working days are counted."""

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_jalali.db.models import jManager

from secretariat.bilingual import Bilingual
from secretariat.fields import JalaliDateField


@pghistory.track()
class Holiday(models.Model):
    date = JalaliDateField(_("date"), unique=True)
    title_fa = models.CharField(_("title (Persian)"), max_length=120)
    title_en = models.CharField(_("title (English)"), max_length=120, blank=True)

    title = Bilingual("title")
    objects = jManager()

    class Meta:
        verbose_name, verbose_name_plural = _("holiday"), _("holidays")
        ordering = ["date"]

    def __str__(self):
        return f"{self.date} {self.title}"
