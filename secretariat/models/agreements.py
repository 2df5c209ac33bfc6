"""Agreements with member agencies, and the papers of their yearly review; what each side took on is an ActionItem."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_jalali.db.models import jManager

from secretariat import rules
from secretariat.bilingual import Bilingual
from secretariat.fields import JalaliDateField
from secretariat.models.agencies import Agency
from secretariat.models.files import PrivateFile
from secretariat.models.moves import Move
from secretariat.models.people import User
from secretariat.rules import actions as action_rules
from secretariat.text_columns import SearchColumn, SortColumn


class AgreementQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers all; an agency its own and the reviewing council its papers, once signed; everybody what was published."""
        if rules.is_officer(user):
            return self
        mine = Q(is_public=True)
        if user.is_authenticated:
            mine |= Q(agency__in=rules.represented_agencies(user)) | Q(council__in=rules.councils_of(user))
        return self.filter(mine).exclude(status=action_rules.AgreementStatus.DRAFT)


class AgreementManager(jManager.from_queryset(AgreementQuerySet)):
    pass


@pghistory.track()
class Agreement(models.Model):
    """What the secretariat and an agency promised each other. Once signed its words never change."""

    Status = action_rules.AgreementStatus
    MOVES = action_rules.AGREEMENT_MOVES

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="agreements", verbose_name=_("agency"))
    council = models.ForeignKey(
        "secretariat.Council",
        models.PROTECT,
        related_name="agreements",
        verbose_name=_("council of the annual review"),
        help_text=_("The commitments are put before it every year; who keeps its papers confirms what was done."),
    )
    title_fa = models.CharField(_("title"), max_length=300)
    title_en = models.CharField(_("title in English"), max_length=300, blank=True)
    number = models.CharField(_("number"), max_length=40, blank=True)
    signed_on = JalaliDateField(_("signed on"), null=True, blank=True)
    valid_from = JalaliDateField(_("valid from"), null=True, blank=True)
    valid_until = JalaliDateField(
        _("valid until"), null=True, blank=True, help_text=_("Leave it empty for an agreement without an end.")
    )
    text = models.TextField(_("text"), blank=True)
    is_public = models.BooleanField(
        _("public"),
        default=False,
        help_text=_("Everybody may read title, number, dates and text; commitments and files stay with the two sides."),
    )
    status = models.CharField(_("state"), max_length=6, choices=Status, default=Status.DRAFT, editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    search_key = SearchColumn("title_fa", "title_en", "number")
    sort_key = SortColumn("title_fa")

    title = Bilingual("title")
    objects = AgreementManager()

    class Meta:
        verbose_name, verbose_name_plural = _("agreement"), _("agreements")
        ordering = ["-signed_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=action_rules.AgreementStatus.values), name="agreement_status_known"),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="agreement_ends_after_it_begins",
                violation_error_message=_("This is before the beginning."),
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | (Q(signed_on__isnull=False, valid_from__isnull=False) & ~Q(number="")),
                name="signed_agreement_has_number_and_days",
            ),
            models.CheckConstraint(condition=Q(is_public=False) | ~Q(status="draft"), name="draft_agreement_is_not_public"),
            models.UniqueConstraint(
                fields=["agency", "number"],
                condition=~Q(number=""),
                name="agreement_number_unique_in_agency",
                violation_error_message=_("This agency already has an agreement of this number."),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="signed_agreement_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF OLD.status <> 'draft' AND (
                        (NEW.agency_id, NEW.title_fa, NEW.title_en, NEW.number, NEW.signed_on, NEW.valid_from, NEW.valid_until, NEW.text)
                        IS DISTINCT FROM
                        (OLD.agency_id, OLD.title_fa, OLD.title_en, OLD.number, OLD.signed_on, OLD.valid_from, OLD.valid_until, OLD.text)
                        OR NEW.status = 'draft' OR (OLD.status = 'ended' AND NEW.status <> 'ended')) THEN
                        RAISE EXCEPTION 'a signed agreement stays as it was signed' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="agreement_is_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("agreement_detail", args=[self.pk])

    @property
    def is_draft(self):
        return self.status == self.Status.DRAFT

    def missing(self):
        """The labels of what must be said before it can be recorded as signed."""
        names = ("number", "signed_on", "valid_from")
        return [self._meta.get_field(name).verbose_name for name in names if not getattr(self, name)]


class AgreementMove(Move):
    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


class AgreementFileQuerySet(models.QuerySet):
    def attached(self):
        return self.filter(removed_at=None)

    def visible_to(self, user):
        """The two sides and the reviewing council; what is published is the text, never the files."""
        if not user.is_authenticated:
            return self.none()
        if rules.is_officer(user):
            return self
        own = Q(agreement__agency__in=rules.represented_agencies(user)) | Q(agreement__council__in=rules.councils_of(user))
        return self.filter(own, removed_at=None).exclude(agreement__status="draft")


class AgreementFile(PrivateFile):
    """The signed paper and what belongs to it."""

    FOLDER = "agreements"

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="files")

    objects = AgreementFileQuerySet.as_manager()

    class Meta(PrivateFile.Meta):
        abstract = False
        verbose_name, verbose_name_plural = _("file of an agreement"), _("files of agreements")
        constraints = [
            *PrivateFile.Meta.constraints,
            models.UniqueConstraint(
                fields=["agreement", "sha256"], condition=Q(removed_at=None), name="file_once_in_an_agreement"
            ),
        ]


class AgreementReviewQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Whoever reads the agreement as one of its sides or in its council."""
        if not user.is_authenticated:
            return self.none()
        if rules.is_officer(user):
            return self
        return self.filter(Q(agreement__agency__in=rules.represented_agencies(user)) | Q(agreement__council__in=rules.councils_of(user)))


class AgreementReview(models.Model):
    """The commitments of an agreement as they stood on a day, as a paper for the council; never changed afterwards."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="reviews")
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # One object a commitment: side, title, owner, due_on, done_on, status, percent, note, moved (how often postponed).
    lines = models.JSONField()

    objects = AgreementReviewQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("review of an agreement"), _("reviews of agreements")
        ordering = ["-made_at", "-pk"]
        triggers = [pgtrigger.Protect(name="review_stays_as_it_was_made", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.agreement}: {self.made_at}"

    def get_absolute_url(self):
        return reverse("agreement_review", args=[self.pk])


@pghistory.track()
class ReviewOnAgenda(models.Model):
    """That the portal put the yearly review of an agreement on an agenda: once for each year, until somebody takes it off."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="on_agendas", verbose_name=_("agreement"))
    due_on = models.DateField(_("due on"))
    item = models.OneToOneField(
        "secretariat.AgendaItem", models.PROTECT, null=True, related_name="review_put", verbose_name=_("agenda item")
    )
    paper = models.ForeignKey(AgreementReview, models.PROTECT, related_name="+", verbose_name=_("paper"))
    put_at = models.DateTimeField(auto_now_add=True)
    taken_off_at = models.DateTimeField(null=True)
    taken_off_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    why = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("review on an agenda"), _("reviews on agendas")
        ordering = ["-due_on", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "due_on"], name="review_put_on_an_agenda_once_a_year"),
            models.CheckConstraint(
                name="review_taken_off_whole",
                condition=Q(taken_off_at=None, taken_off_by=None, why="", item__isnull=False)
                | Q(taken_off_at__isnull=False, taken_off_by__isnull=False, item=None) & ~Q(why=""),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="review_taken_off_stays_so",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__taken_off_at__isnull=False),
            ),
            pgtrigger.Protect(name="review_on_an_agenda_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.agreement}: {self.due_on}"
