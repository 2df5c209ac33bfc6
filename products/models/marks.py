"""The quality mark: proposed to a council, granted by its resolution, verifiable by anyone."""

from datetime import timedelta

import pghistory
import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments.models import Score
from assessments.models.conflicted import partial
from products import rules
from products.models.submissions import Product
from secretariat.models import Move, Resolution
from secretariat.rules import is_officer


class _DateSpan(Func):
    function = "DATERANGE"
    output_field = DateRangeField()


def no_partial_vote(name, *, before, decided):
    """A trigger: what a resolution decides on a product does not go from `before` to `decided` by a vote of somebody tied to it.

    What ties somebody later, after the decision, does not undo it.
    """
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
        condition=pgtrigger.Q(new__status=decided),
        func=f"""
            IF (TG_OP = 'INSERT' OR OLD.status = '{before}') AND EXISTS (
                SELECT 1 FROM secretariat_ballot b
                JOIN (SELECT ballot_id, seat_id, cast_by_id, by_hand FROM secretariat_vote
                      UNION ALL SELECT ballot_id, seat_id, cast_by_id, FALSE FROM secretariat_ballotmark) v ON v.ballot_id = b.id
                JOIN secretariat_seat t ON t.id = v.seat_id
                JOIN products_product o ON o.id = NEW.product_id
                WHERE b.resolution_id = NEW.resolution_id AND b.status <> 'void'
                  AND ({partial("t.user_id", "o.subject_id")}
                       OR NOT v.by_hand AND {partial("v.cast_by_id", "o.subject_id")})) THEN
                RAISE EXCEPTION 'somebody voted in spite of a conflict of interest' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


class MarkQuerySet(models.QuerySet):
    def public(self):
        """Published ones, whatever became of them later: a revoked mark must be found and say so."""
        return self.filter(published_at__isnull=False)

    def visible_to(self, user):
        """Officers see all; members of a council what is before it; an agency and the public what was published."""
        if is_officer(user):
            return self
        shown = Q(published_at__isnull=False)
        if user.is_authenticated:
            shown |= Q(resolution__in=Resolution.objects.visible_to(user))
        return self.filter(shown)

    def in_force(self):
        today = timezone.localdate()
        return self.public().filter(status="granted", valid_from__lte=today, valid_until__gte=today)

    def in_the_way(self):
        """Those beside which the same product gets no other mark: living ones that do not end soon enough to be renewed."""
        last = timezone.localdate() + timedelta(days=rules.RENEWAL_CALLS[0])
        return self.filter(status__in=rules.LIVING_MARKS, valid_until__gt=last)

    def ending(self):
        """Published marks in force that end soon and that no other follows."""
        today = timezone.localdate()
        soon = self.in_force().filter(valid_until__lte=today + timedelta(days=rules.RENEWAL_CALLS[0]))
        return soon.exclude(renewed_by__status__in=rules.LIVING_MARKS)

    def unasked(self):
        """Those of which their agency has sent no request for renewal."""
        sent = (rules.RenewalStatus.SENT, rules.RenewalStatus.ACCEPTED, rules.RenewalStatus.DECLINED)
        return self.exclude(renewal_requests__status__in=sent)


@pghistory.track()
class QualityMark(models.Model):
    """A product's mark, from the proposal to a council to its end. A granted one never disappears."""

    Status = rules.MarkStatus
    Level = rules.MarkLevel
    MOVES = rules.MARK_MOVES

    product = models.ForeignKey(Product, models.PROTECT, related_name="marks", verbose_name=_("product"))
    resolution = models.ForeignKey(Resolution, models.PROTECT, related_name="marks", verbose_name=_("resolution"))
    # The score that the decision rests on, and what it said on that day: the row may be recomputed, the decision not.
    score = models.ForeignKey(Score, models.PROTECT, related_name="marks", verbose_name=_("score"))
    score_value = models.FloatField(_("score at the decision"), editable=False)
    score_low = models.FloatField(null=True, editable=False)
    score_high = models.FloatField(null=True, editable=False)
    level = models.CharField(_("level"), max_length=10, choices=Level)
    below_threshold_reason = models.TextField(
        _("reason for a level above the score"),
        blank=True,
        help_text=_("Required when the score is below the threshold of the level."),
    )
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.PROPOSED, editable=False)
    # Printed on the certificate: Jalali year, running number in it, check digit.
    serial = models.CharField(_("serial"), max_length=20, null=True, unique=True, editable=False)
    granted_at = models.DateTimeField(_("granted at"), null=True, editable=False)
    published_at = models.DateTimeField(_("published at"), null=True, editable=False)
    valid_from = models.DateField(_("valid from"), null=True, editable=False)
    valid_until = models.DateField(_("valid until"), null=True, editable=False)
    # The mark of the same product that it follows.
    renews = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="renewed_by", verbose_name=_("renews"), editable=False
    )

    objects = MarkQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("quality mark"), _("quality marks")
        ordering = ["-granted_at", "-pk"]
        constraints = [
            # On any day: one that ends may already be followed by the next.
            ExclusionConstraint(
                name="one_living_mark_a_product",
                expressions=[
                    (F("product"), RangeOperators.EQUAL),
                    (_DateSpan("valid_from", "valid_until", RangeBoundary(True, True)), RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=["granted", "suspended"]),
            ),
            models.UniqueConstraint(fields=["product", "resolution"], name="product_once_in_a_resolution"),
            models.CheckConstraint(condition=Q(level__in=rules.MarkLevel.values), name="mark_level_known"),
            models.CheckConstraint(
                name="granted_mark_is_complete",
                condition=Q(status__in=["proposed", "dropped"], serial=None, granted_at=None, published_at=None)
                | Q(
                    status__in=["granted", "suspended", "revoked"],
                    serial__isnull=False,
                    granted_at__isnull=False,
                    valid_from__isnull=False,
                    valid_until__isnull=False,
                    valid_until__gt=F("valid_from"),
                ),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="mark_rests_on_resolution_and_score",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_score sc JOIN assessments_entry e ON e.id = sc.entry_id
                                   JOIN products_product p ON p.subject_id = e.subject_id
                                   WHERE sc.id = NEW.score_id AND p.id = NEW.product_id
                                     AND sc.part_id IS NULL AND sc.indicator_id IS NULL) THEN
                        RAISE EXCEPTION 'a mark rests on a total score of its own product' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.status IN ('granted', 'suspended', 'revoked') AND NOT EXISTS (
                        SELECT 1 FROM secretariat_resolution r JOIN secretariat_council c ON c.id = r.council_id
                        WHERE r.id = NEW.resolution_id AND r.status = 'adopted' AND c.grants_marks) THEN
                        RAISE EXCEPTION 'a mark is granted only by an adopted resolution of a council that may' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'UPDATE' AND OLD.status <> 'proposed'
                       AND (NEW.product_id, NEW.resolution_id, NEW.score_id, NEW.score_value, NEW.score_low, NEW.score_high,
                            NEW.level, NEW.serial, NEW.granted_at, NEW.valid_from, NEW.valid_until, NEW.renews_id)
                           IS DISTINCT FROM
                           (OLD.product_id, OLD.resolution_id, OLD.score_id, OLD.score_value, OLD.score_low, OLD.score_high,
                            OLD.level, OLD.serial, OLD.granted_at, OLD.valid_from, OLD.valid_until, OLD.renews_id) THEN
                        RAISE EXCEPTION 'a granted mark keeps its decision' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.renews_id IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM products_qualitymark f WHERE f.id = NEW.renews_id AND f.product_id = NEW.product_id
                        AND f.id <> NEW.id AND f.granted_at <= NEW.granted_at AND f.valid_until < NEW.valid_from) THEN
                        RAISE EXCEPTION 'a mark renews an earlier one of the same product' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'UPDATE' AND OLD.status IN ('revoked', 'dropped') AND NEW.status <> OLD.status THEN
                        RAISE EXCEPTION 'a revoked or dropped mark does not come back' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'UPDATE' AND OLD.published_at IS NOT NULL AND NEW.published_at IS DISTINCT FROM OLD.published_at THEN
                        RAISE EXCEPTION 'a published mark stays public' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            no_partial_vote("no_mark_on_a_partial_vote", before="proposed", decided="granted"),
            pgtrigger.Trigger(
                name="council_votes_on_what_stands",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("m", "products_qualitymark%ROWTYPE")],
                # Joined, left or altered while voted on or afterwards, it would be granted by a vote on something else.
                func="""
                    IF TG_OP = 'DELETE' THEN m := OLD; ELSE m := NEW; END IF;
                    IF TG_OP <> 'INSERT' AND OLD.status <> 'proposed' THEN RETURN m; END IF; -- decided: others watch over it
                    IF TG_OP = 'UPDATE' AND NEW.status <> 'dropped'
                       AND (NEW.product_id, NEW.resolution_id, NEW.score_id, NEW.score_value, NEW.level)
                           IS NOT DISTINCT FROM (OLD.product_id, OLD.resolution_id, OLD.score_id, OLD.score_value, OLD.level) THEN
                        RETURN NEW;
                    END IF;
                    PERFORM 1 FROM secretariat_resolution r WHERE r.id = m.resolution_id FOR SHARE;
                    IF EXISTS (SELECT 1 FROM secretariat_ballot b
                               WHERE (b.resolution_id = m.resolution_id OR TG_OP = 'UPDATE' AND b.resolution_id = OLD.resolution_id)
                                 AND (b.status IN ('open', 'tied')
                                      OR b.status = 'closed' AND NOT (TG_OP = 'UPDATE' AND NEW.status = 'dropped'))) THEN
                        RAISE EXCEPTION 'the council votes on what stands before it' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN m;
                """,
            ),
            pgtrigger.Protect(
                name="granted_mark_stays",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__status__in=["granted", "suspended", "revoked"]),
            ),
        ]

    def __str__(self):
        return f"{self.get_level_display()} {self.serial or ''}".strip()

    def get_absolute_url(self):
        return reverse("mark_verify", args=[self.serial])

    @property
    def is_past(self):
        """Whether its last day lies behind us."""
        return self.valid_until is not None and self.valid_until < timezone.localdate()

    @property
    def standing(self):
        """What is true of it today: its state, or "expired" or "coming" when it would be in force, but not on this day."""
        if self.status != self.Status.GRANTED or self.valid_from <= timezone.localdate() <= self.valid_until:
            return self.status
        return "expired" if self.is_past else "coming"

    @property
    def standing_text(self):
        """`standing` in words."""
        return rules.OUT_OF_TIME.get(self.standing) or self.get_status_display()

    @property
    def is_in_force(self):
        return self.standing == self.Status.GRANTED

    @property
    def below_threshold(self):
        """Whether the score lies under what its level asks."""
        return self.score_value < rules.THRESHOLDS[self.level]


class MarkMove(Move):
    mark = models.ForeignKey(QualityMark, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


class RenewalCall(models.Model):
    """The agency was told that a mark ends in so many days: once for each number, whoever asks again."""

    mark = models.ForeignKey(QualityMark, models.PROTECT, related_name="renewal_calls")
    days = models.PositiveSmallIntegerField(_("days before the end"))
    called_at = models.DateTimeField(_("called at"), auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("call to renew"), _("calls to renew")
        ordering = ["called_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["mark", "days"], name="one_renewal_call_a_term"),
            models.CheckConstraint(condition=Q(days__in=rules.RENEWAL_CALLS), name="renewal_call_term_known"),
        ]
        triggers = [pgtrigger.Protect(name="renewal_call_stays", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.mark} – {self.days}"
