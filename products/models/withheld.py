"""Products that a resolution on marks gives no mark: put off to another meeting, or refused, each with the reason."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from assessments.models import Score
from products.models.submissions import Product
from secretariat.models import Resolution


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Withheld(models.Model):
    """A product that the council decides on without granting; voted on together with the marks of the same resolution."""

    class Outcome(models.TextChoices):
        DEFERRED = "deferred", _("put off")
        REFUSED = "refused", _("no mark")

    resolution = models.ForeignKey(Resolution, models.PROTECT, related_name="withheld", verbose_name=_("resolution"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="withheld", verbose_name=_("product"))
    score = models.ForeignKey(Score, models.PROTECT, related_name="+", verbose_name=_("score"))
    score_value = models.FloatField(_("score at the decision"), editable=False)
    outcome = models.CharField(_("decision"), max_length=8, choices=Outcome)
    reason = models.TextField(_("reason"))
    told_at = models.DateTimeField(null=True, editable=False)  # when the agency was told, after the adoption

    class Meta:
        verbose_name, verbose_name_plural = _("product without a mark"), _("products without a mark")
        ordering = ["-score_value", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["resolution", "product"], name="product_withheld_once_in_a_resolution"),
            models.CheckConstraint(
                condition=Q(outcome__in=["deferred", "refused"]) & ~Q(reason=""), name="withheld_in_a_known_way_with_its_reason"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="withheld_stands_as_voted_on",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("m", "products_withheld%ROWTYPE")],
                func="""
                    IF TG_OP = 'DELETE' THEN m := OLD; ELSE m := NEW; END IF;
                    IF TG_OP = 'UPDATE' AND (NEW.resolution_id, NEW.product_id, NEW.score_id, NEW.score_value, NEW.outcome, NEW.reason)
                        IS NOT DISTINCT FROM (OLD.resolution_id, OLD.product_id, OLD.score_id, OLD.score_value, OLD.outcome, OLD.reason) THEN
                        RETURN NEW;
                    END IF;
                    PERFORM 1 FROM secretariat_resolution r WHERE r.id = m.resolution_id AND r.status = 'draft' FOR SHARE;
                    IF NOT FOUND OR EXISTS (SELECT 1 FROM secretariat_ballot b
                        WHERE b.status <> 'void' AND (b.resolution_id = m.resolution_id OR TG_OP = 'UPDATE' AND b.resolution_id = OLD.resolution_id)) THEN
                        RAISE EXCEPTION 'the council votes on what stands before it' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP <> 'DELETE' AND EXISTS (SELECT 1 FROM products_qualitymark q WHERE q.resolution_id = m.resolution_id
                        AND q.product_id = m.product_id AND q.status <> 'dropped') THEN
                        RAISE EXCEPTION 'a product is proposed for a mark or gets none' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN m;
                """,
            )
        ]

    def __str__(self):
        return f"{self.product}: {self.get_outcome_display()}"
