"""Appeals of agencies against scores: on which indicators, why, with what evidence, and what came of it."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from assessments.models.indicators import Indicator
from assessments.models.rounds import Entry
from assessments.rules import appeals as rules
from secretariat.models import Move, PrivateFile, User
from secretariat.rules import is_officer, represented_agencies

# What belongs to an appeal changes only while it is being written. %s is the row's word for its appeal.
_WHILE_WRITTEN = """
    IF EXISTS (SELECT 1 FROM assessments_appeal a WHERE a.id = %s AND a.status <> 'draft' FOR SHARE) THEN
        RAISE EXCEPTION 'an appeal that was filed does not change' USING ERRCODE = 'check_violation';
    END IF;
"""


class AppealQuerySet(models.QuerySet):
    def visible_to(self, user):
        """An agency's own; officers those that were filed."""
        if not user.is_authenticated:
            return self.none()
        own = Q(entry__subject__agency__in=represented_agencies(user))
        return self.filter(own | ~Q(status="draft") & ~Q(filed_at=None) if is_officer(user) else own)

    def open(self):
        return self.filter(status__in=rules.OPEN_APPEALS)


class Appeal(models.Model):
    """An agency's appeal against the score of one entry. The first score stays; a review gives a second one beside it."""

    Status = rules.AppealStatus
    MOVES = rules.APPEAL_MOVES

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="appeals")
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.DRAFT)
    statement = models.TextField(_("what is asked for"), blank=True)
    version = models.PositiveIntegerField(default=1)  # raised by every save of the draft: the optimistic lock
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(auto_now=True)
    filed_at = models.DateTimeField(_("filed at"), null=True)
    # Where the same subject is judged again by others, once the appeal was taken up.
    review = models.OneToOneField(Entry, models.PROTECT, null=True, related_name="reviews")
    # Both scores as they stood when it was decided.
    first_value = models.FloatField(null=True)
    review_value = models.FloatField(null=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("appeal"), _("appeals")
        ordering = ["-filed_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=rules.AppealStatus.values), name="appeal_status_known"),
            models.UniqueConstraint(fields=["entry"], condition=~Q(status="withdrawn"), name="one_appeal_an_entry"),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "withdrawn"]) | Q(filed_at__isnull=False), name="filed_appeal_says_when"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["admitted", "upheld", "changed"], review__isnull=False)
                | Q(status__in=["draft", "filed", "refused", "withdrawn"], review=None),
                name="appeal_taken_up_has_its_review",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["upheld", "changed"]) | Q(first_value__isnull=False, review_value__isnull=False),
                name="decided_appeal_keeps_both_scores",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="appealed_within_its_time",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Q(new__status="filed"),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_entry e JOIN assessments_round r ON r.id = e.round_id
                                   WHERE e.id = NEW.entry_id AND r.status = 'appeal' AND r.appeals_until > now()) THEN
                        RAISE EXCEPTION 'the time for appeals is over' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="review_is_of_the_same_subject",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("review_id", "entry_id"),
                condition=pgtrigger.Q(new__review__isnull=False),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_entry e WHERE e.id = NEW.review_id AND e.review_of_id = NEW.entry_id) THEN
                        RAISE EXCEPTION 'an appeal is reviewed where its own subject is judged again' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="filed_appeal_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=~pgtrigger.Q(old__status="draft"),
                func="""
                    IF TG_OP = 'DELETE' OR OLD.status IN ('refused', 'upheld', 'changed', 'withdrawn')
                       OR (NEW.entry_id, NEW.statement, NEW.filed_at) IS DISTINCT FROM (OLD.entry_id, OLD.statement, OLD.filed_at)
                       OR NEW.status = 'draft' THEN
                        RAISE EXCEPTION 'an appeal that was filed does not change' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return str(self.entry.subject)

    def get_absolute_url(self):
        return reverse("appeal_detail", args=[self.pk])

    @property
    def is_draft(self):
        return self.status == self.Status.DRAFT

    @property
    def shown_first(self):
        """The score that is appealed against, as it stood at the decision once there is one; None when there never was one."""
        if self.first_value is not None:
            return self.first_value
        return self.entry.result.value if self.entry.result else None

    @property
    def is_decided(self):
        return self.status in (self.Status.UPHELD, self.Status.CHANGED)


class AppealMove(Move):
    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


class AppealGround(models.Model):
    """Why the score of one indicator is wrong."""

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="grounds")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="+")
    reason = models.TextField(_("reason"))

    class Meta:
        verbose_name, verbose_name_plural = _("ground of an appeal"), _("grounds of appeals")
        ordering = ["indicator__position", "indicator"]
        constraints = [
            models.UniqueConstraint(fields=["appeal", "indicator"], name="indicator_contested_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="ground_has_a_reason"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="ground_of_its_own_sheet",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=f"""
                    {_WHILE_WRITTEN % "NEW.appeal_id"}
                    IF NOT EXISTS (SELECT 1 FROM assessments_appeal a JOIN assessments_entry e ON e.id = a.entry_id
                                   JOIN assessments_sheetpart p ON p.sheet_id = e.sheet_id
                                   JOIN assessments_indicator i ON i.version_id = p.version_id
                                   WHERE a.id = NEW.appeal_id AND i.id = NEW.indicator_id AND i.scale_id IS NOT NULL) THEN
                        RAISE EXCEPTION 'an appeal names indicators of its own sheet' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="filed_grounds_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func=f"{_WHILE_WRITTEN % 'OLD.appeal_id'} RETURN OLD;",
            ),
        ]

    def __str__(self):
        return f"{self.appeal}: {self.indicator}"


class AppealFile(PrivateFile):
    """Evidence for an appeal."""

    FOLDER = "appeals"

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="files")

    class Meta(PrivateFile.Meta):
        verbose_name, verbose_name_plural = _("file of an appeal"), _("files of appeals")
        constraints = [
            *PrivateFile.Meta.constraints,
            models.UniqueConstraint(fields=["appeal", "sha256"], condition=Q(removed_at=None), name="file_once_in_an_appeal"),
        ]
        triggers = [
            *PrivateFile.Meta.triggers,
            pgtrigger.Trigger(
                name="filed_evidence_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=f"{_WHILE_WRITTEN % 'NEW.appeal_id'} RETURN NEW;",
            ),
        ]
