"""What somebody has to do after a council decided or an agreement was signed: items, their trail, notes, evidence, reminders."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_jalali.db.models import jManager

from secretariat import calendar, rules
from secretariat.bilingual import Bilingual
from secretariat.fields import JalaliDateField
from secretariat.models.agencies import Agency
from secretariat.models.agreements import Agreement
from secretariat.models.files import PrivateFile
from secretariat.models.moves import Move
from secretariat.models.people import User
from secretariat.rules import actions as action_rules
from secretariat.text_columns import SearchColumn, SortColumn


class ActionItemQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers all; members of its council, who has to do it, and for a signed agreement its agency."""
        if not user.is_authenticated:
            return self.none()
        if rules.is_officer(user):
            return self
        signed = ~Q(agreement__status=action_rules.AgreementStatus.DRAFT)
        mine = Q(council__in=rules.councils_of(user)) | (Q(owner=user) & signed)
        if agencies := rules.represented_agencies(user):
            mine |= Q(agreement__agency__in=agencies) & signed
        return self.filter(mine)

    def open(self):
        return self.filter(status__in=action_rules.OPEN)

    def late(self):
        return self.open().filter(due_on__lt=calendar.today())

    def owed_by(self, user):
        """What this person has to do, whether it is open or not."""
        of_agency = Q(side=action_rules.Side.AGENCY, agency__in=rules.represented_agencies(user))
        return self.exclude(agreement__status=action_rules.AgreementStatus.DRAFT).filter(Q(owner=user) | of_agency)


class ActionItemManager(jManager.from_queryset(ActionItemQuerySet)):
    pass


@pghistory.track(exclude=["version"])
class ActionItem(models.Model):
    """One thing to be done by one person by one day. With an agreement it is a commitment of one of its sides."""

    Status = action_rules.ActionStatus
    Side = action_rules.Side
    MOVES = action_rules.ACTION_MOVES

    council = models.ForeignKey("secretariat.Council", models.PROTECT, related_name="actions", verbose_name=_("council"))
    resolution = models.ForeignKey(
        "secretariat.Resolution", models.PROTECT, null=True, blank=True, related_name="actions", verbose_name=_("resolution")
    )
    meeting = models.ForeignKey(
        "secretariat.Meeting", models.PROTECT, null=True, blank=True, related_name="actions", verbose_name=_("meeting")
    )
    agreement = models.ForeignKey(
        Agreement, models.PROTECT, null=True, blank=True, related_name="commitments", verbose_name=_("agreement")
    )
    side = models.CharField(_("whose commitment"), max_length=11, choices=action_rules.Side, blank=True)
    title = models.CharField(_("title"), max_length=300)
    description = models.TextField(_("description"), blank=True)
    owner = models.ForeignKey(User, models.PROTECT, related_name="actions", verbose_name=_("owner"))
    agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, blank=True, related_name="actions", verbose_name=_("agency")
    )
    unit = models.CharField(_("unit"), max_length=150, blank=True)
    axis = models.CharField(_("axis"), max_length=100, blank=True)
    due_on = JalaliDateField(_("due on"))
    # How the day was counted, in the words of the day on which it was set; empty where it was chosen.
    due_why_fa = models.TextField(blank=True, editable=False)
    due_why_en = models.TextField(blank=True, editable=False)
    due_set_on = models.DateField(default=calendar.today, editable=False)
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.TODO, editable=False)
    done_at = models.DateTimeField(_("reported done at"), null=True, editable=False)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, editable=False)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    created_on = models.DateField(_("created on"), default=calendar.today, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)  # raised by every change: the optimistic lock
    search_key = SearchColumn("title", "axis", "unit", "description")
    sort_key = SortColumn("title")

    due_why = Bilingual("due_why")
    objects = ActionItemManager()

    class Meta:
        verbose_name, verbose_name_plural = _("action"), _("actions")
        ordering = ["due_on", "pk"]
        indexes = [
            models.Index(fields=["status", "due_on"], name="action_board"),
            models.Index(fields=["owner", "status"], name="action_of_owner"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=action_rules.ActionStatus.values), name="action_status_known"),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("created_on")),
                name="action_due_after_it_was_made",
                violation_error_message=_("The due day lies before the day on which the action was made."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=["done", "confirmed"], done_at__isnull=False, done_by__isnull=False)
                | (~Q(status__in=["done", "confirmed"]) & Q(done_at=None, done_by=None)),
                name="action_done_exactly_with_its_moment",
            ),
            models.CheckConstraint(
                condition=Q(status="confirmed", confirmed_at__isnull=False, confirmed_by__isnull=False)
                | (~Q(status="confirmed") & Q(confirmed_at=None, confirmed_by=None)),
                name="action_confirmed_exactly_with_its_keeper",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | (~Q(confirmed_by=F("owner")) & ~Q(confirmed_by=F("done_by"))),
                name="nobody_confirms_his_own_work",
            ),
            models.CheckConstraint(
                condition=Q(agreement=None, side="")
                | Q(agreement__isnull=False, side="secretariat")
                | Q(agreement__isnull=False, side="agency", agency__isnull=False),
                name="commitment_exactly_with_its_side",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="action_within_its_council",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("council_id", "resolution_id", "meeting_id"),
                func="""
                    IF (NEW.resolution_id IS NOT NULL AND NOT EXISTS (
                            SELECT 1 FROM secretariat_resolution r WHERE r.id = NEW.resolution_id AND r.council_id = NEW.council_id))
                       OR (NEW.meeting_id IS NOT NULL AND NOT EXISTS (
                            SELECT 1 FROM secretariat_meeting m WHERE m.id = NEW.meeting_id AND m.council_id = NEW.council_id)) THEN
                        RAISE EXCEPTION 'an action belongs to the council of its resolution and meeting' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="action_goes_to_somebody_who_is_here",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("owner_id"),
                func="""
                    IF (TG_OP = 'INSERT' OR NEW.owner_id <> OLD.owner_id)
                       AND NOT EXISTS (SELECT 1 FROM secretariat_user u WHERE u.id = NEW.owner_id AND u.is_active) THEN
                        RAISE EXCEPTION 'an action is given to nobody who has left' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="settled_action_is_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__in=["confirmed", "cancelled"]),
            ),
            pgtrigger.Protect(name="action_is_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("action_detail", args=[self.pk])

    @property
    def is_open(self):
        return self.status in action_rules.OPEN

    @property
    def is_settled(self):
        return self.status in action_rules.SETTLED

    @property
    def is_late(self):
        return self.is_open and calendar.day_of(self.due_on) < calendar.today()


class ActionMove(Move):
    """A step of an item; a postponement keeps both days, a change of hands both people."""

    item = models.ForeignKey(ActionItem, models.PROTECT, related_name="moves")
    due_before = models.DateField(null=True)
    due_after = models.DateField(null=True)
    owner_before = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    owner_after = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta(Move.Meta):
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(action="postpone", due_before__isnull=False, due_after__isnull=False, due_after__gt=F("due_before"))
                    & ~Q(why="")
                )
                | (~Q(action="postpone") & Q(due_before=None, due_after=None)),
                name="postponed_with_both_days_and_a_reason",
            ),
            models.CheckConstraint(
                condition=(
                    Q(action="reassign", owner_before__isnull=False, owner_after__isnull=False)
                    & ~Q(why="")
                    & ~Q(owner_before=F("owner_after"))
                )
                | (~Q(action="reassign") & Q(owner_before=None, owner_after=None)),
                name="handed_over_with_both_people_and_a_reason",
            ),
        ]


class ActionNote(models.Model):
    """How far it is, in somebody's words. Notes are added and never touched again."""

    item = models.ForeignKey(ActionItem, models.PROTECT, related_name="notes")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), auto_now_add=True)
    text = models.TextField(_("text"))
    percent = models.PositiveSmallIntegerField(_("percent done"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("progress note"), _("progress notes")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(percent=None) | Q(percent__lte=100), name="note_percent_is_a_percentage"),
            models.CheckConstraint(condition=~Q(text=""), name="note_says_something"),
        ]
        triggers = [pgtrigger.Protect(name="note_is_never_touched", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return self.text[:80]


class NoteDraft(models.Model):
    """A note that somebody is still writing: his own alone, gone when it is added."""

    item = models.ForeignKey(ActionItem, models.PROTECT, related_name="note_drafts")
    by = models.ForeignKey(User, models.CASCADE, related_name="+")
    text = models.TextField(blank=True)
    percent = models.CharField(max_length=10, blank=True)  # as typed
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "by"], name="one_draft_of_a_note_a_person")]

    def __str__(self):
        return self.text[:80]


class ActionFileQuerySet(models.QuerySet):
    def attached(self):
        return self.filter(removed_at=None)

    def visible_to(self, user):
        return self.filter(item__in=ActionItem.objects.visible_to(user))


class ActionFile(PrivateFile):
    """Evidence of what was done."""

    FOLDER = "actions"

    item = models.ForeignKey(ActionItem, models.PROTECT, related_name="files")

    objects = ActionFileQuerySet.as_manager()

    class Meta(PrivateFile.Meta):
        abstract = False
        verbose_name, verbose_name_plural = _("evidence of an action"), _("evidence of actions")
        constraints = [
            *PrivateFile.Meta.constraints,
            models.UniqueConstraint(fields=["item", "sha256"], condition=Q(removed_at=None), name="file_once_in_an_action"),
        ]


class ActionReminder(models.Model):
    """That somebody was told of one due day, once a kind; written together with what was told."""

    class Kind(models.TextChoices):
        BEFORE = "before", _("before the due day")
        LATE = "late", _("after the due day")
        ESCALATION = "escalation", _("told to secretary and chair")

    item = models.ForeignKey(ActionItem, models.PROTECT, related_name="reminders")
    kind = models.CharField(max_length=10, choices=Kind)
    days = models.PositiveSmallIntegerField()  # working days before or after
    due_on = models.DateField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("reminder of an action"), _("reminders of actions")
        constraints = [
            models.UniqueConstraint(fields=["item", "kind", "days", "due_on"], name="action_reminded_once_a_stage_and_day"),
            models.CheckConstraint(
                condition=Q(kind__in=["before", "late", "escalation"]), name="action_reminder_kind_known"
            ),
        ]
        triggers = [pgtrigger.Protect(name="action_reminder_stays", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.item}: {self.get_kind_display()}"


class ActionReminded(models.Model):
    """Whom a reminder went to."""

    reminder = models.ForeignKey(ActionReminder, models.PROTECT, related_name="reminded")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reminder", "user"], name="reminded_once_a_person")]
        triggers = [pgtrigger.Protect(name="action_reminder_stays", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return str(self.user)
