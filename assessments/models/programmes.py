"""Programmes of agencies and of the secretariat itself, put up to be judged by a panel."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_jalali.db.models import jManager

from assessments.models.assignments import Assignment
from assessments.models.indicators import IndicatorSet
from assessments.models.rounds import Entry
from assessments.models.subjects import Subject
from assessments.rules import programmes as rules
from secretariat.bilingual import Bilingual
from secretariat.fields import JalaliDateField
from secretariat.models import Agency, Move, PrivateFile, User
from secretariat.rules import is_officer, represented_agencies
from secretariat.storage import random_name
from secretariat.text_columns import SearchColumn, SortColumn

# Its words stay as the assessors read them, from the opening of the first round with it.
_READ = """EXISTS (SELECT 1 FROM assessments_entry e JOIN assessments_round r ON r.id = e.round_id
                   JOIN assessments_programme p ON p.subject_id = e.subject_id
                   WHERE p.id = {programme} AND r.status NOT IN ('draft', 'cancelled'))"""


class ProgrammeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """An agency its own; officers those of the secretariat, and of agencies what was proposed at least once."""
        if not user.is_authenticated:
            return self.none()
        mine = Q(by_agency=True, agency__in=represented_agencies(user))
        if is_officer(user):
            return self.filter(mine | Q(by_agency=False) | Q(proposed_at__isnull=False))
        # What officers wrote about an agency it reads once it is put up for assessment.
        return self.filter(mine | Q(agency__in=represented_agencies(user), status=rules.ProgrammeStatus.ACCEPTED))

    def accepted(self):
        return self.filter(status=rules.ProgrammeStatus.ACCEPTED)


class ProgrammeManager(jManager.from_queryset(ProgrammeQuerySet)):
    pass


# What is typed is saved at every pause; only what was saved on purpose enters the history.
@pghistory.track(exclude=["draft", "version", "changed_at"])
class Programme(models.Model):
    """A programme with its aims, audience, budget and report; its Subject is what a panel judges."""

    Status = rules.ProgrammeStatus
    MOVES = rules.PROGRAMME_MOVES
    # What is written of it, in the order of its page; `draft` holds the same names.
    TEXTS = ("title_fa", "title_en", "aims", "audience", "budget", "report", "links")

    subject = models.OneToOneField(Subject, models.PROTECT, related_name="programme", editable=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="programmes", verbose_name=_("agency"))
    # Whose words these are: the agency's where it proposes, else the secretariat's.
    by_agency = models.BooleanField(_("proposed by the agency"), default=False, editable=False)
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.DRAFT, editable=False)
    title_fa = models.CharField(_("title"), max_length=300, blank=True)
    title_en = models.CharField(_("title in English"), max_length=300, blank=True)
    starts_on = JalaliDateField(_("begins on"), null=True, blank=True)
    ends_on = JalaliDateField(_("ends on"), null=True, blank=True)
    aims = models.TextField(_("aims"), blank=True)
    audience = models.TextField(_("audience"), blank=True)
    budget = models.CharField(_("budget in words"), max_length=300, blank=True)
    report = models.TextField(_("report"), blank=True)
    links = models.TextField(_("links"), blank=True)  # one address a line
    indicator_set = models.ForeignKey(
        IndicatorSet, models.PROTECT, null=True, related_name="programmes", verbose_name=_("indicator set"), editable=False
    )
    draft = models.JSONField(default=dict, editable=False)  # what was typed and not saved yet, word for word
    is_demo = models.BooleanField(_("demonstration row"), default=False, editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    changed_at = models.DateTimeField(_("last change"), auto_now=True)
    proposed_at = models.DateTimeField(_("proposed at"), null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)  # raised by every save: the optimistic lock
    search_key = SearchColumn("title_fa", "title_en")
    sort_key = SortColumn("title_fa")

    title = Bilingual("title")
    objects = ProgrammeManager()

    class Meta:
        verbose_name, verbose_name_plural = _("programme"), _("programmes")
        ordering = ["-changed_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=rules.ProgrammeStatus.values), name="programme_status_known"),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "withdrawn"]) | ~Q(title_fa=""), name="proposed_programme_has_a_title"
            ),
            models.CheckConstraint(
                condition=~Q(status="accepted") | Q(indicator_set__isnull=False), name="accepted_programme_has_its_set"
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="programme_ends_after_it_begins",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="subject_and_programme_share_their_agency",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("agency_id", "subject_id"),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_subject s
                                   WHERE s.id = NEW.subject_id AND s.agency_id = NEW.agency_id AND s.kind = 'programme') THEN
                        RAISE EXCEPTION 'a programme and its subject belong to one agency' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="programme_stays_as_it_was_read",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf(
                    "title_fa", "title_en", "starts_on", "ends_on", "aims", "audience", "budget", "report", "links"
                ),
                func=f"""
                    IF (NEW.title_fa, NEW.title_en, NEW.starts_on, NEW.ends_on, NEW.aims, NEW.audience, NEW.budget, NEW.report, NEW.links)
                       IS DISTINCT FROM
                       (OLD.title_fa, OLD.title_en, OLD.starts_on, OLD.ends_on, OLD.aims, OLD.audience, OLD.budget, OLD.report, OLD.links)
                       AND {_READ.format(programme="OLD.id")} THEN
                        RAISE EXCEPTION 'a programme that assessors read stays as it is' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return self.title or str(_("Untitled"))

    def get_absolute_url(self):
        return reverse("programme_detail", args=[self.pk])

    def missing(self):
        """The labels of what must be said before it can be judged."""
        return [
            self._meta.get_field(name).verbose_name
            for name in ("title_fa", "starts_on", "aims", "audience", "report")
            if not getattr(self, name)
        ]

    @cached_property
    def is_read(self):
        """Whether assessors of any round may have read it."""
        return Entry.objects.filter(subject=self.subject_id).exclude(round__status__in=rules.UNREAD_ROUNDS).exists()


class ProgrammeMove(Move):
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


class ProgrammeFileQuerySet(models.QuerySet):
    def attached(self):
        return self.filter(removed_at=None)

    def visible_to(self, user):
        """Who sees the programme, and of what is attached the assessors who took it on."""
        if not user.is_authenticated:
            return self.none()
        judged = Assignment.objects.filter(assessor__user=user, status__in=("accepted", "submitted")).values("entry__subject")
        return self.filter(
            Q(programme__in=Programme.objects.visible_to(user)) | Q(removed_at=None, programme__subject__in=judged)
        )


class ProgrammeFile(PrivateFile):
    """A file as evidence of a programme; its place among the others is all that a blind assessor reads of its name."""

    FOLDER = "programmes"

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="files")
    position = models.PositiveSmallIntegerField()

    objects = ProgrammeFileQuerySet.as_manager()

    class Meta(PrivateFile.Meta):
        abstract = False
        ordering = ["position"]
        verbose_name, verbose_name_plural = _("file of a programme"), _("files of programmes")
        constraints = [
            *PrivateFile.Meta.constraints,
            models.UniqueConstraint(
                fields=["programme", "sha256"], condition=Q(removed_at=None), name="file_once_in_a_programme"
            ),
            models.UniqueConstraint(fields=["programme", "position"], name="one_file_a_place_in_a_programme"),
        ]
        triggers = [
            *PrivateFile.Meta.triggers,
            pgtrigger.Trigger(
                name="files_stay_as_they_were_read",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=f"""
                    IF {_READ.format(programme="NEW.programme_id")} THEN
                        RAISE EXCEPTION 'a programme that assessors read stays as it is' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]


def _copy_place(instance, filename):
    return random_name("nameless", instance.original.extension)


class ProgrammeCopyQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(status="waiting", next_try_at__lte=timezone.now())


class ProgrammeCopy(models.Model):
    """A file of a programme without what tells of its maker; the row is the queue, making it is only work."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("being prepared")
        READY = "ready", _("ready")
        FAILED = "failed", _("could not be prepared")

    original = models.OneToOneField(ProgrammeFile, models.PROTECT, related_name="nameless", verbose_name=_("file"))
    status = models.CharField(_("state"), max_length=7, choices=Status, default=Status.WAITING)
    file = models.FileField(upload_to=_copy_place, max_length=200, blank=True)
    size = models.PositiveBigIntegerField(_("size"), default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)

    objects = ProgrammeCopyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("nameless copy of a programme's file"), _("nameless copies of programmes' files")
        constraints = [
            models.CheckConstraint(
                condition=(Q(status="ready", size__gt=0) & ~Q(file="") & ~Q(sha256=""))
                | Q(status__in=["waiting", "failed"], file="", sha256=""),
                name="programme_copy_ready_exactly_with_its_bytes",
            )
        ]

    def __str__(self):
        return f"{self.original_id}: {self.status}"

    @property
    def content_type(self):
        return self.original.content_type
