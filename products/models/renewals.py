"""Renewal as its agency asks for it: what has changed since the mark, who answered what, and the files beside it."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from assessments.models import Round
from products import rules
from products.models.marks import QualityMark
from secretariat.models import Move, PrivateFile, User
from secretariat.rules import is_officer, represented_agencies


class RenewalRequestQuerySet(models.QuerySet):
    def visible_to(self, user):
        """An agency sees its own, officers what was sent; a draft is its agency's own."""
        if is_officer(user):
            return self.filter(sent_at__isnull=False)
        if not user.is_authenticated:
            return self.none()
        return self.filter(mark__product__agency__in=represented_agencies(user))

    def living(self):
        return self.filter(status__in=rules.LIVING_REQUESTS)

    def waiting(self):
        return self.filter(status=rules.RenewalStatus.SENT)


class RenewalRequest(models.Model):
    """An agency asks that a mark be renewed at the same level; what it says stays as it was sent."""

    Status = rules.RenewalStatus
    MOVES = rules.RENEWAL_MOVES

    mark = models.ForeignKey(QualityMark, models.PROTECT, related_name="renewal_requests", verbose_name=_("quality mark"))
    # Of the calls to renew, the one in whose time it was begun: it may be asked once in each.
    term = models.PositiveSmallIntegerField(_("days before the end"))
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.DRAFT, editable=False)
    changes = models.TextField(_("what has changed since the mark"), blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    round = models.ForeignKey(
        Round, models.PROTECT, null=True, related_name="renewal_requests", verbose_name=_("round"), editable=False
    )
    begun_at = models.DateTimeField(_("begun at"), auto_now_add=True)
    begun_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    sent_at = models.DateTimeField(_("asked on"), null=True, editable=False)

    objects = RenewalRequestQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("request for renewal"), _("requests for renewal")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["mark", "term"], condition=~Q(status="withdrawn"), name="renewal_asked_once_a_term"),
            models.UniqueConstraint(
                fields=["mark"], condition=Q(status__in=rules.LIVING_REQUESTS), name="one_living_renewal_request_a_mark"
            ),
            models.CheckConstraint(condition=Q(status__in=rules.RenewalStatus.values), name="renewal_request_status_known"),
            models.CheckConstraint(condition=Q(term__in=rules.RENEWAL_CALLS), name="renewal_request_term_known"),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "withdrawn"]) | (Q(sent_at__isnull=False) & ~Q(changes="")),
                name="sent_renewal_request_says_what_changed",
            ),
            models.CheckConstraint(
                condition=Q(status="accepted", round__isnull=False) | (~Q(status="accepted") & Q(round=None)),
                name="accepted_renewal_request_has_its_round",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="renewal_request_stays_as_sent",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' THEN
                        RAISE EXCEPTION 'a request for renewal stays on record' USING ERRCODE = 'check_violation';
                    END IF;
                    IF (NEW.mark_id, NEW.term, NEW.begun_at) IS DISTINCT FROM (OLD.mark_id, OLD.term, OLD.begun_at)
                       OR OLD.status <> 'draft' AND (NEW.changes, NEW.sent_at) IS DISTINCT FROM (OLD.changes, OLD.sent_at)
                       OR OLD.status IN ('accepted', 'declined', 'withdrawn')
                          AND (NEW.status, NEW.round_id) IS DISTINCT FROM (OLD.status, OLD.round_id) THEN
                        RAISE EXCEPTION 'a request for renewal stays as it was sent' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return str(self.mark.product)

    def get_absolute_url(self):
        return reverse("renewal_detail", args=[self.pk])

    @property
    def is_draft(self):
        return self.status == self.Status.DRAFT

    @property
    def is_living(self):
        return self.status in rules.LIVING_REQUESTS


class RenewalMove(Move):
    request = models.ForeignKey(RenewalRequest, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


class RenewalFileQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Whoever sees the request; and of one that was accepted, a council before which the product stands."""
        from products.models.council_readers import never_named, read_with_council

        told = Q(request__in=RenewalRequest.objects.visible_to(user))
        products = read_with_council(user).exclude(pk__in=never_named().values("pk"))
        told |= Q(request__status=rules.RenewalStatus.ACCEPTED, request__mark__product__in=products)
        return self.filter(told, removed_at=None)


class RenewalFile(PrivateFile):
    """A file beside a request for renewal: for the secretariat and the council, never for assessors."""

    FOLDER = "renewals"

    request = models.ForeignKey(RenewalRequest, models.PROTECT, related_name="files", verbose_name=_("request for renewal"))

    objects = RenewalFileQuerySet.as_manager()

    class Meta(PrivateFile.Meta):
        verbose_name, verbose_name_plural = _("file"), _("files")
        triggers = [
            *PrivateFile.Meta.triggers,
            pgtrigger.Trigger(
                name="renewal_file_only_in_a_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    PERFORM 1 FROM products_renewalrequest q WHERE q.id = NEW.request_id AND q.status = 'draft' FOR SHARE;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'files are added and removed while the request is a draft' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]
