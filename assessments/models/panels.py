"""Who is to judge what, before anybody is asked: drafts of a round's panels, and panels that an officer leaves short."""

import random

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from assessments import rules
from assessments.models.roster import Assessor
from assessments.models.rounds import Entry, Round
from secretariat.models import Move, User


def new_seed():
    return random.randrange(1, 10_000)


class PanelDraftQuerySet(models.QuerySet):
    def living(self):
        return self.filter(status__in=rules.LIVING_DRAFTS)


# How far a filling is changes by the second and means nothing afterwards.
@pghistory.track(exclude=["status", "version", "progress", "beat_at", "attempt"])
class PanelDraft(models.Model):
    """Panels of a whole round as they might be: filled by the portal, changed by hand, applied or discarded.

    A draft that is being filled is work that waits: the row says so, and the worker's signs of life stand in it.
    """

    Status = rules.DraftStatus
    Weight = rules.Weight
    MOVES = rules.DRAFT_MOVES

    round = models.ForeignKey(Round, models.PROTECT, related_name="drafts")
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.FILLING, editable=False)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)
    # What the next filling keeps to.
    floor = models.PositiveSmallIntegerField(_("products for each assessor, at least"), null=True, blank=True)
    ceiling = models.PositiveSmallIntegerField(_("products for each assessor, at most"), null=True, blank=True)
    weight = models.CharField(_("what counts more"), max_length=4, choices=Weight, default=Weight.BOTH)
    # Who takes part: {"sets": …, "fields": …, "provinces": …} narrow, {"out": …} and {"in": …} are named by hand; all keys.
    taking_part = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=new_seed)
    # What the last filling came to; see services.panels.
    figures = models.JSONField(default=dict)
    filled_at = models.DateTimeField(_("filled at"), null=True)
    attempt = models.PositiveIntegerField(default=1)  # of filling; one that was stopped stores nothing any more
    beat_at = models.DateTimeField(null=True)
    progress = models.PositiveSmallIntegerField(default=0)  # percent
    version = models.PositiveIntegerField(default=1, editable=False)  # raised by whatever changes seats or settings

    objects = PanelDraftQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("draft of panels"), _("drafts of panels")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round"], condition=Q(status__in=rules.LIVING_DRAFTS), name="one_living_draft_a_round"
            ),
            models.CheckConstraint(condition=Q(status__in=rules.DraftStatus.values), name="draft_status_known"),
            models.CheckConstraint(condition=Q(weight__in=rules.Weight.values), name="draft_weight_known"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="draft_progress_is_percent"),
            models.CheckConstraint(
                condition=Q(floor=None) | Q(ceiling=None) | Q(floor__lte=F("ceiling")), name="draft_floor_under_its_ceiling"
            ),
        ]

    def __str__(self):
        return f"{self.round} #{self.pk}"

    def get_absolute_url(self):
        return reverse("round_panels", args=[self.round_id])

    @property
    def is_living(self):
        return self.status in rules.LIVING_DRAFTS


class PanelDraftMove(Move):
    draft = models.ForeignKey(PanelDraft, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


class PanelSeatQuerySet(models.QuerySet):
    def taken(self):
        """All but the words that somebody is not wanted."""
        return self.exclude(source=rules.SeatSource.BARRED)

    def new(self):
        return self.filter(source__in=rules.NEW_SEATS)


class PanelSeat(models.Model):
    """An assessor in the panel of an entry, in a draft. What changed by hand is told by the moves of the draft."""

    Source = rules.SeatSource

    draft = models.ForeignKey(PanelDraft, models.CASCADE, related_name="seats")
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="panel_seats")
    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="panel_seats")
    source = models.CharField(_("how it came about"), max_length=8, choices=Source)
    is_locked = models.BooleanField(_("locked"), default=False)  # the next filling leaves it alone

    objects = PanelSeatQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("place in a panel"), _("places in panels")
        constraints = [
            models.UniqueConstraint(fields=["draft", "entry", "assessor"], name="seat_once_in_a_draft"),
            models.CheckConstraint(condition=Q(source__in=rules.SeatSource.values), name="seat_source_known"),
            models.CheckConstraint(
                condition=Q(is_locked=False) | Q(source__in=rules.NEW_SEATS), name="only_new_seats_are_locked"
            ),
        ]
        # Statement level: the seats of a draft come in one insert.
        triggers = [
            pgtrigger.Trigger(
                name=f"seats_keep_to_their_draft_on_{operation}",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=getattr(pgtrigger, operation.capitalize()),
                referencing=pgtrigger.Referencing(new="fresh", **({"old": "former"} if operation == "update" else {})),
                func="""
                    IF EXISTS (SELECT 1 FROM fresh s JOIN assessments_paneldraft d ON d.id = s.draft_id
                               JOIN assessments_entry e ON e.id = s.entry_id
                               WHERE e.round_id <> d.round_id OR d.status NOT IN ('filling', 'ready')) THEN
                        RAISE EXCEPTION 'a seat belongs to its draft''s round, and only a living draft changes'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            )
            for operation in ("insert", "update")
        ] + [
            pgtrigger.Trigger(
                name="seats_of_an_applied_draft_stay",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Delete,
                referencing=pgtrigger.Referencing(old="former"),
                func="""
                    IF EXISTS (SELECT 1 FROM former s JOIN assessments_paneldraft d ON d.id = s.draft_id
                               WHERE d.status = 'applied') THEN
                        RAISE EXCEPTION 'an applied draft is history' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.assessor_id} → {self.entry_id}"


class PanelGap(models.Model):
    """An officer's word that the panel of an entry stays so many assessors short; a larger gap asks anew."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="gaps")
    missing = models.PositiveSmallIntegerField(_("missing"))
    why = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("panel left short"), _("panels left short")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(missing__gt=0), name="gap_lacks_somebody"),
            models.CheckConstraint(condition=~Q(why=""), name="gap_with_a_reason"),
        ]
        triggers = [pgtrigger.Protect(name="gaps_are_kept", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.entry}: −{self.missing}"
