"""What is judged, whatever the room that it comes from."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from secretariat.bilingual import Bilingual
from secretariat.models import Agency


class Subject(models.Model):
    """Whatever is judged: one row for each product and programme (later: paper, entry, library …)."""

    kind = models.CharField(max_length=20)  # the room's word for it: "product", "programme"
    title_fa = models.CharField(_("title (Persian)"), max_length=300)
    title_en = models.CharField(_("title (English)"), max_length=300, blank=True)
    # Whose it is: the root of conflicts of interest and of blindness.
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="subjects")

    title = Bilingual("title")

    class Meta:
        verbose_name, verbose_name_plural = _("subject"), _("subjects")
        triggers = [
            pgtrigger.Trigger(
                name="owner_of_an_entered_subject_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("agency_id"),
                condition=pgtrigger.Q(old__agency_id__df=pgtrigger.F("new__agency_id")),
                func="""
                    IF EXISTS (SELECT 1 FROM assessments_entry WHERE subject_id = NEW.id) THEN
                        RAISE EXCEPTION 'a subject in a round keeps its agency' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return self.title

    @property
    def kind_word(self):
        """What it is, where it is no product: most pages speak of products."""
        return _("programme") if self.kind == "programme" else ""
