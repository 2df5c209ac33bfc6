"""What ties an assessor to what he judges: agencies, people, single subjects; who made a subject; and waivers."""

import pghistory
import pgtrigger
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from assessments import rules
from assessments.models.conflicted import no_live_assignment
from assessments.models.roster import Assessor, DatedManager
from assessments.models.subjects import Subject
from secretariat.fields import JalaliDateField
from secretariat.models import Agency, Move, RoleGrant, Unit, User
from secretariat.text_columns import NameColumn

_NAMED = "SELECT l.assessor_id FROM assessments_relation l WHERE l.name_key IN"


def _trigger(name, suspects, operation=pgtrigger.Insert | pgtrigger.Update, **words):
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Row,
        when=pgtrigger.After,
        operation=operation,
        timing=pgtrigger.Deferred,
        func=no_live_assignment(suspects, **words),
    )


def _ends_after_it_begins(name):
    return models.CheckConstraint(condition=Q(since=None) | Q(until=None) | Q(until__gte=F("since")), name=name)


class Tie(models.Model):
    """Saved together with the recusals that follow from it (see services.conflicts), or not at all."""

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        with transaction.atomic():
            super().save(*args, **kwargs)


@pghistory.track()
class Affiliation(Tie):
    """An assessor's tie to an agency: while it lasts he judges nothing of that agency."""

    Kind = rules.AffiliationKind

    assessor = models.ForeignKey(Assessor, models.CASCADE, related_name="affiliations", verbose_name=_("assessor"))
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="affiliations", verbose_name=_("agency"))
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="affiliations", verbose_name=_("unit")
    )
    kind = models.CharField(_("kind of tie"), max_length=8, choices=Kind, default=Kind.EMPLOYEE)
    since = JalaliDateField(_("from"), null=True, blank=True)
    until = JalaliDateField(_("until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    # Whoever said so last; nobody for what an import of old data brought.
    by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("told by"))

    objects = DatedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("affiliation"), _("affiliations")
        constraints = [
            models.UniqueConstraint(fields=["assessor", "agency", "since"], nulls_distinct=False, name="affiliation_named_once"),
            _ends_after_it_begins("affiliation_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(kind__in=rules.AffiliationKind.values), name="affiliation_kind_known"),
        ]
        triggers = [
            _trigger("affiliation_leaves_no_live_assignment", "SELECT NEW.assessor_id"),
            pgtrigger.Trigger(
                name="affiliated_unit_is_of_its_agency",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("agency_id", "unit_id"),
                condition=pgtrigger.Q(new__unit__isnull=False),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM secretariat_unit WHERE id = NEW.unit_id AND agency_id = NEW.agency_id) THEN
                        RAISE EXCEPTION 'the unit is of another agency' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.assessor} – {self.agency}"


@pghistory.track()
class Relation(Tie):
    """What an assessor is to a person he names: he judges nothing that this person made, or whose agency he speaks for."""

    Kind = rules.RelationKind

    assessor = models.ForeignKey(Assessor, models.CASCADE, related_name="relations", verbose_name=_("assessor"))
    kind = models.CharField(_("relation"), max_length=8, choices=Kind)
    name = models.CharField(_("full name"), max_length=150)
    name_key = NameColumn("name")
    since = JalaliDateField(_("from"), null=True, blank=True)
    until = JalaliDateField(_("until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("told by"))

    objects = DatedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("relation"), _("relations")
        constraints = [
            models.UniqueConstraint(fields=["assessor", "name_key", "kind"], name="relation_named_once"),
            _ends_after_it_begins("relation_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(kind__in=rules.RelationKind.values), name="relation_kind_known"),
            models.CheckConstraint(condition=~Q(name_key=""), name="relation_names_somebody"),
        ]
        indexes = [models.Index(fields=["name_key"], name="relation_by_name")]
        triggers = [_trigger("relation_leaves_no_live_assignment", "SELECT NEW.assessor_id", names="NEW.name_key")]

    def __str__(self):
        return f"{self.assessor} – {self.name}"


@pghistory.track()
class ConflictOfInterest(Tie):
    """Why an assessor may not judge one subject: declared by himself or set by staff."""

    class Source(models.TextChoices):
        DECLARED = "declared", _("declared by the assessor")
        STAFF = "staff", _("set by the secretariat")

    Kind = rules.TieKind

    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="conflicts", verbose_name=_("assessor"))
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="conflicts", verbose_name=_("subject"))
    source = models.CharField(_("source"), max_length=8, choices=Source)
    kind = models.CharField(_("kind of tie"), max_length=10, choices=Kind, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    since = JalaliDateField(_("from"), null=True, blank=True)
    until = JalaliDateField(_("until"), null=True, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    objects = DatedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("conflict of interest"), _("conflicts of interest")
        constraints = [
            models.UniqueConstraint(fields=["assessor", "subject"], name="conflict_named_once"),
            _ends_after_it_begins("conflict_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(kind__in=["", *rules.TieKind.values]), name="conflict_kind_known"),
        ]
        triggers = [_trigger("conflict_leaves_no_live_assignment", "SELECT NEW.assessor_id")]

    def __str__(self):
        return f"{self.assessor} – {self.subject}"


@pghistory.track()
class SubjectMaker(models.Model):
    """Somebody behind a subject, by name and, where it is known, by account; the room of the subject writes these."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="makers", verbose_name=_("subject"))
    name = models.CharField(_("name"), max_length=200)
    name_key = NameColumn("name")
    part = models.CharField(_("part in the work"), max_length=200, blank=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("person"))

    class Meta:
        verbose_name, verbose_name_plural = _("maker"), _("makers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "name_key"], name="maker_named_once"),
            models.CheckConstraint(condition=~Q(name_key=""), name="maker_has_a_name"),
        ]
        indexes = [models.Index(fields=["name_key"], name="maker_by_name")]
        triggers = [
            _trigger(
                "maker_leaves_no_live_assignment",
                """SELECT h.assessor_id FROM assessments_assignment h JOIN assessments_entry f ON f.id = h.entry_id
                   WHERE f.subject_id = NEW.subject_id""",
                names="NEW.name_key",
                # Against the share lock of `no_assignment_with_a_conflict`: an assignment not committed yet is not seen here.
                before="PERFORM 1 FROM assessments_subject WHERE id = NEW.subject_id FOR NO KEY UPDATE;",
            )
        ]

    def __str__(self):
        return self.name


# --- what the ground floor keeps, as this room sees it -------------------------------------------
# These hold only triggers; the ground floor knows nothing of assessors.


class AssessorGrant(RoleGrant):
    """A role in an agency is a tie to it, and makes its holder one who speaks for it."""

    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = _("role of an assessor"), _("roles of assessors")
        triggers = [
            _trigger(
                "role_leaves_no_live_assignment",
                f"""SELECT z.id FROM assessments_assessor z WHERE z.user_id = NEW.user_id
                    UNION ALL {_NAMED} (SELECT unnest(ARRAY[x.name_key, x.name_en_key])
                                        FROM secretariat_user x WHERE x.id = NEW.user_id)""",
                names="""(SELECT x.name_key FROM secretariat_user x WHERE x.id = NEW.user_id),
                         (SELECT x.name_en_key FROM secretariat_user x WHERE x.id = NEW.user_id)""",
            )
        ]


class AssessorName(User):
    """A person's name is what he is known by among makers and relations."""

    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = _("name of a person"), _("names of people")
        triggers = [
            _trigger(
                "name_leaves_no_live_assignment",
                f"""SELECT z.id FROM assessments_assessor z WHERE z.user_id = NEW.id
                    UNION ALL {_NAMED} (NEW.name_key, NEW.name_en_key)""",
                operation=pgtrigger.UpdateOf("first_name", "last_name", "name_en"),
                names="NEW.name_key, NEW.name_en_key",
            )
        ]


class AgencyHead(Agency):
    """Whoever heads an agency stands behind all that it makes."""

    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = _("head of an agency"), _("heads of agencies")
        triggers = [
            _trigger(
                "head_leaves_no_live_assignment",
                f"{_NAMED} (NEW.head_key)",
                operation=pgtrigger.UpdateOf("head"),
                names="NEW.head_key",
            )
        ]


# --- waivers --------------------------------------------------------------------------------------


@pghistory.track()
class ConflictWaiver(Tie):
    """Two officers' word that an assessor may judge one subject in spite of a tie; it lifts no firm one (see `conflicted`)."""

    Status = rules.WaiverStatus
    MOVES = rules.WAIVER_MOVES

    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="waivers", verbose_name=_("assessor"))
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="waivers", verbose_name=_("subject"))
    status = models.CharField(_("state"), max_length=7, choices=Status, default=Status.ASKED, editable=False)
    reason = models.CharField(_("reason"), max_length=1000)
    lifts = models.TextField(_("ties it lifts"), blank=True)  # in words, as they stood when it was granted
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("granted by"))
    granted_at = models.DateTimeField(_("granted at"), null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("ended by"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    ended_why = models.CharField(_("why it ended"), max_length=1000, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("waiver"), _("waivers")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["assessor", "subject"], condition=Q(status__in=rules.OPEN_WAIVERS), name="one_open_waiver_a_pair"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="waiver_has_a_reason"),
            models.CheckConstraint(
                condition=Q(granted_by=None) | ~Q(granted_by=F("asked_by")), name="waiver_granted_by_a_second_officer"
            ),
            models.CheckConstraint(
                condition=Q(status="asked", granted_by=None, granted_at=None, ended_by=None, ended_at=None)
                | Q(status="granted", granted_by__isnull=False, granted_at__isnull=False, ended_by=None, ended_at=None)
                | (Q(status="refused", granted_by=None, granted_at=None, ended_at__isnull=False) & ~Q(ended_why=""))
                | (Q(status="ended", granted_by__isnull=False, granted_at__isnull=False, ended_at__isnull=False) & ~Q(ended_why="")),
                name="waiver_state_fits_its_hands",
            ),
        ]
        triggers = [
            _trigger("waiver_ends_with_its_assignment", "SELECT NEW.assessor_id", operation=pgtrigger.Update),
            pgtrigger.ReadOnly(name="waiver_says_what_was_asked", fields=["assessor", "subject", "reason", "asked_by", "asked_at"]),
            pgtrigger.Protect(name="waiver_stays_on_record", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.assessor} – {self.subject}"

    def get_absolute_url(self):
        return reverse("waiver_detail", args=[self.pk])


class WaiverMove(Move):
    waiver = models.ForeignKey(ConflictWaiver, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass
