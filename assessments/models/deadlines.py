"""More time: asked for by assessors, given or refused by officers, each with its reason."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from assessments.models.assignments import Assignment
from secretariat.models import User
from secretariat.rules import is_officer


class ExtensionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; an assessor what he asked for or was given."""
        if is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(assignment__assessor__user=user)

    def open(self):
        """Requests that wait for an answer."""
        return self.filter(decision="")


class Extension(models.Model):
    """More time for one assignment: what was asked for, what came of it. Given unasked it is decided at once."""

    class Decision(models.TextChoices):
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="extensions")
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # null: given unasked
    asked_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    asked_until = models.DateTimeField(_("asked until"), null=True)
    asked_why = models.CharField(_("reason of the request"), max_length=1000, blank=True)
    decision = models.CharField(_("decision"), max_length=7, choices=Decision, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decided_why = models.CharField(_("reason of the decision"), max_length=1000, blank=True)
    former = models.DateTimeField(_("deadline before"), null=True)
    until = models.DateTimeField(_("new deadline"), null=True)

    objects = ExtensionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("extension"), _("extensions")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["assignment"], condition=Q(decision=""), name="one_open_request_an_assignment"),
            models.CheckConstraint(
                condition=Q(decision="", decided_by=None, decided_at=None, decided_why="", until=None)
                | Q(
                    decision="granted",
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    former__isnull=False,
                    until__isnull=False,
                    until__gt=F("former"),
                )
                | (Q(decision="refused", decided_by__isnull=False, decided_at__isnull=False, until=None) & ~Q(decided_why="")),
                name="extension_decided_by_somebody_or_open",
            ),
            models.CheckConstraint(
                condition=(Q(asked_by__isnull=False, asked_until__isnull=False) & ~Q(asked_why=""))
                | (Q(asked_by=None, asked_until=None, asked_why="", decision="granted") & ~Q(decided_why="")),
                name="extension_asked_or_given_for_a_reason",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="decided_extension_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR OLD.decision <> ''
                       OR (OLD.assignment_id, OLD.asked_by_id, OLD.asked_at, OLD.asked_until, OLD.asked_why)
                          IS DISTINCT FROM (NEW.assignment_id, NEW.asked_by_id, NEW.asked_at, NEW.asked_until, NEW.asked_why) THEN
                        RAISE EXCEPTION 'what was asked and what was decided stays' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.assignment}: {self.until or self.asked_until}"
