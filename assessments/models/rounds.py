"""Who judges what: subjects, rounds and their sheets, assessors, conflicts, assignments."""

import uuid

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_jalali.db.models import jManager

from assessments import rules
from assessments.models.indicators import IndicatorSet, SetVersion
from secretariat.bilingual import Bilingual
from secretariat.fields import JalaliDateField
from secretariat.models import Agency, Move, RoleGrant, User
from secretariat.rules import is_officer, represented_agencies

# An assignment is "submitted" exactly while its assessment is, seen at the commit; one taken back because of a
# conflict keeps its assessment on record. %s is the assignment's primary key in the firing table.
SUBMITTED_TOGETHER = """
    IF EXISTS (SELECT 1 FROM assessments_assignment g LEFT JOIN assessments_assessment a ON a.assignment_id = g.id
               WHERE g.id = %s AND CASE WHEN a.submitted_at IS NULL THEN g.status = 'submitted'
                                        ELSE g.status NOT IN ('submitted', 'withdrawn') END) THEN
        RAISE EXCEPTION 'an assignment is submitted exactly when its assessment is' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
"""

# Rounds whose assignments still bind; what a published round said is history that only an appeal answers.
_LIVE_ROUND = "r.status IN ('draft', 'open', 'closed')"
_ACTIVE = "g.status IN ('offered', 'accepted', 'submitted')"
_TODAY = "(now() AT TIME ZONE 'Asia/Tehran')::date"


def _no_live_assignment(tie, join, subjects):
    """The body of a deferred trigger on a table of ties: at commit, no live assignment stands beside the new tie.

    The assessor's row is locked here against the share lock of `no_assignment_with_a_conflict`: whichever of a tie and
    an assignment comes second sees the first. `tie` selects the row as it stands at commit, `join` leads from it to
    the assessor `p`, `subjects` says which subjects `s` it concerns.
    """
    return f"""
        PERFORM 1 FROM assessments_assessor p {join} WHERE t.id = NEW.id ORDER BY p.id FOR NO KEY UPDATE OF p;
        IF EXISTS (SELECT 1 FROM assessments_assessor p {join}
                   JOIN assessments_assignment g ON g.assessor_id = p.id
                   JOIN assessments_entry e ON e.id = g.entry_id
                   JOIN assessments_round r ON r.id = e.round_id
                   JOIN assessments_subject s ON s.id = e.subject_id
                   WHERE t.id = NEW.id AND {tie} AND {subjects} AND {_ACTIVE} AND {_LIVE_ROUND}) THEN
            RAISE EXCEPTION 'the assessor still judges what this tie forbids' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    """


def _tie_trigger(name, **words):
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Row,
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update,
        timing=pgtrigger.Deferred,
        func=_no_live_assignment(**words),
    )


class Subject(models.Model):
    """Whatever is judged: one row for each product (later: paper, entry, library, programme …)."""

    kind = models.CharField(max_length=20)  # the room's word for it: "product"
    title_fa = models.CharField(_("title (Persian)"), max_length=300)
    title_en = models.CharField(_("title (English)"), max_length=300, blank=True)
    # Whose it is: the root of conflicts of interest and of blindness.
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="subjects")

    title = Bilingual("title")

    class Meta:
        verbose_name, verbose_name_plural = _("subject"), _("subjects")
        triggers = [
            pgtrigger.Trigger(
                name="owner_of_an_entered_subject_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("agency_id"),
                condition=pgtrigger.Q(old__agency_id__df=pgtrigger.F("new__agency_id")),
                func="""
                    IF EXISTS (SELECT 1 FROM assessments_entry WHERE subject_id = NEW.id) THEN
                        RAISE EXCEPTION 'a subject in a round keeps its agency' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return self.title


class RoundQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers; assessors see the rounds they are assigned in; everybody sees published ones."""
        if is_officer(user):
            return self
        mine = Q(status="published")
        if user.is_authenticated:
            mine |= Q(pk__in=Assignment.objects.filter(assessor__user=user).values("entry__round"))
        return self.filter(mine)


@pghistory.track(exclude=["run", "code_salt"])
class Round(models.Model):
    """A set of subjects judged together by one deadline, on published versions of indicator sets."""

    Status = rules.RoundStatus
    MOVES = rules.ROUND_MOVES

    title_fa = models.CharField(_("title (Persian)"), max_length=200)
    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.DRAFT, editable=False)
    deadline = models.DateTimeField(_("deadline of the assessors"))
    panel_size = models.PositiveSmallIntegerField(_("assessors for each product"), default=rules.LEAST_PANEL)
    # In a blind round the assessor is not told whose product it is.
    is_blind = models.BooleanField(_("the assessor is not told whose product it is"), default=False)
    is_demo = models.BooleanField(_("demonstration with synthetic ratings"), default=False)
    note = models.TextField(_("note to the assessors"), blank=True)
    # What the statements of a run are about: bands of the total score, and how many products are sought (none: a tenth).
    cuts = ArrayField(models.FloatField(), verbose_name=_("bands of the score begin at"), default=rules.default_cuts)
    top = models.PositiveSmallIntegerField(_("how many products are sought"), null=True, blank=True)
    # Salts the codes under which assessors stand in exports: no code tells who stands behind it, or in which order they joined.
    code_salt = models.UUIDField(default=uuid.uuid4, editable=False)
    run = models.OneToOneField("assessments.ScoringRun", models.SET_NULL, null=True, editable=False, related_name="current_of")
    # Parts of a round that no assessor joins cannot be compared: published so only on an officer's word.
    separate_lists = models.BooleanField(_("published as separate lists"), default=False, editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    title = Bilingual("title")
    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("round"), _("rounds")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(panel_size__gte=rules.LEAST_PANEL), name="panel_has_at_least_three"),
            models.CheckConstraint(condition=Q(status__in=rules.RoundStatus.values), name="round_status_known"),
            models.CheckConstraint(condition=Q(top=None) | Q(top__gt=0), name="round_seeks_some"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="bands_rise_within_the_scale",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("cuts"),
                # Nine as in rules.MOST_CUTS; sorted without doubles they are as they were only if they rise.
                func="""
                    IF cardinality(NEW.cuts) NOT BETWEEN 1 AND 9 OR (0 < ALL (NEW.cuts) AND 100 > ALL (NEW.cuts)) IS NOT TRUE
                       OR NEW.cuts IS DISTINCT FROM (SELECT array_agg(DISTINCT c ORDER BY c) FROM unnest(NEW.cuts) c) THEN
                        RAISE EXCEPTION 'bands begin at one to nine rising values within 0 and 100' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="results_are_of_the_current_run",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("run_id"),
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (SELECT 1 FROM assessments_round r
                               JOIN assessments_entry e ON e.round_id = r.id
                               JOIN assessments_score s ON s.id = e.result_id
                               WHERE r.id = NEW.id AND s.run_id IS DISTINCT FROM r.run_id)
                       OR EXISTS (SELECT 1 FROM assessments_round r JOIN assessments_scoringrun u ON u.id = r.run_id
                                  WHERE r.id = NEW.id AND (u.round_id <> r.id OR u.status <> 'done')) THEN
                        RAISE EXCEPTION 'the results of a round are those of its current run' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="published_on_a_frozen_run",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status", "run_id", "separate_lists"),
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (SELECT 1 FROM assessments_round r LEFT JOIN assessments_scoringrun u ON u.id = r.run_id
                               WHERE r.id = NEW.id AND r.status = 'published'
                                 AND (u.frozen_at IS NULL OR (u.component_count > 1 AND NOT r.separate_lists))) THEN
                        RAISE EXCEPTION 'a published round stands on a frozen run, and as one ranking only when it is connected'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("round_detail", args=[self.pk])

    @property
    def is_open(self):
        return self.status == self.Status.OPEN

    @property
    def is_past_deadline(self):
        return self.deadline < timezone.now()

    @property
    def is_provisional(self):
        """Scores may still move while assessors work."""
        return self.status in (self.Status.DRAFT, self.Status.OPEN)


class RoundMove(Move):
    round = models.ForeignKey(Round, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


class Sheet(models.Model):
    """What an assessor fills in for some subjects of a round: set versions joined by weights (common + kind + overlay)."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="sheets")
    key = models.CharField(max_length=200)  # "common:1+book:2+child_overlay:1", so that equal compositions are one sheet

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "key"], name="sheet_unique_in_round")]

    def __str__(self):
        return self.key


class SheetPart(models.Model):
    """One set version within a sheet, with its percent of the total."""

    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="parts")
    version = models.ForeignKey(SetVersion, models.PROTECT, related_name="sheet_parts")
    weight = models.DecimalField(max_digits=9, decimal_places=6)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["sheet", "version"], name="version_once_in_a_sheet"),
            models.CheckConstraint(condition=Q(weight__gt=0, weight__lte=100), name="part_weight_within_0_100"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="parts_weigh_100",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                timing=pgtrigger.Deferred,
                declare=[("part", "assessments_sheetpart%ROWTYPE"), ("total", "numeric")],
                func="""
                    IF TG_OP = 'DELETE' THEN part := OLD; ELSE part := NEW; END IF;
                    SELECT sum(weight) INTO total FROM assessments_sheetpart WHERE sheet_id = part.sheet_id;
                    IF total IS NOT NULL AND total <> 100 THEN
                        RAISE EXCEPTION 'the parts of a sheet must weigh 100 together' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self):
        return f"{self.version}: {self.weight}"


class EntryQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; an agency its own; an assessor what is assigned to him (accepted or offered)."""
        if is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        assigned = Assignment.objects.active().filter(assessor__user=user)
        return self.filter(Q(subject__agency__in=represented_agencies(user)) | Q(pk__in=assigned.values("entry")))

    def stale(self):
        return self.filter(inputs_version__gt=F("scored_version"))

    def ranked(self):
        """Those whose scores are part of the round's results."""
        return self.filter(excluded_at=None)


class Entry(models.Model):
    """A subject's place in a round; the row that knows whether its scores are up to date."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="entries")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="entries")
    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="entries")
    added_at = models.DateTimeField(auto_now_add=True)
    # Every change of an input raises the first number in the same transaction; scoring writes what it has
    # seen into the second. They differ exactly while scores are stale: this is the queue.
    inputs_version = models.PositiveIntegerField(default=0, editable=False)
    scored_version = models.PositiveIntegerField(default=0, editable=False)
    inputs_changed_at = models.DateTimeField(null=True, editable=False)
    scored_at = models.DateTimeField(null=True, editable=False)
    # Left out of the round's results by the secretariat, with the reason (too few assessors, a late withdrawal …).
    excluded_at = models.DateTimeField(null=True, editable=False)
    excluded_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    excluded_why = models.CharField(_("why it was left out"), max_length=500, blank=True, editable=False)
    # Its total score in the round's current run.
    result = models.OneToOneField("assessments.Score", models.SET_NULL, null=True, editable=False, related_name="current_of")

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("entry"), _("entries")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "subject"], name="subject_once_in_a_round"),
            models.CheckConstraint(condition=Q(scored_version__lte=F("inputs_version")), name="scored_never_ahead_of_inputs"),
            models.CheckConstraint(
                condition=Q(excluded_at=None, excluded_by=None, excluded_why="")
                | (Q(excluded_at__isnull=False, excluded_by__isnull=False) & ~Q(excluded_why="")),
                name="excluded_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["inputs_changed_at"], condition=Q(inputs_version__gt=F("scored_version")), name="entry_stale")
        ]
        triggers = [
            pgtrigger.Trigger(
                name="result_is_the_total_of_the_entry",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("result_id", "round_id"),
                condition=pgtrigger.Q(new__result__isnull=False),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_score s JOIN assessments_round r ON r.id = NEW.round_id
                                   WHERE s.id = NEW.result_id AND s.entry_id = NEW.id AND s.run_id = r.run_id
                                     AND s.part_id IS NULL AND s.indicator_id IS NULL) THEN
                        RAISE EXCEPTION 'the result of an entry is its total in the current run' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return f"{self.subject} – {self.round}"

    @property
    def is_stale(self):
        return self.inputs_version > self.scored_version


class Measurement(models.Model):
    """A value that the secretariat measures once for a whole panel (audience reached, share of …)."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="measurements")
    indicator = models.ForeignKey("assessments.Indicator", models.PROTECT, related_name="measurements")
    value = models.DecimalField(_("value"), max_digits=14, decimal_places=4, null=True, blank=True)
    target = models.DecimalField(_("target"), max_digits=14, decimal_places=4, null=True, blank=True)
    not_applicable = models.BooleanField(_("not applicable"), default=False)
    note = models.CharField(_("how it was measured"), max_length=300, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name, verbose_name_plural = _("measurement"), _("measurements")
        constraints = [
            models.UniqueConstraint(fields=["entry", "indicator"], name="measured_once_an_entry"),
            models.CheckConstraint(
                condition=Q(not_applicable=True, value=None) | Q(not_applicable=False, value__isnull=False),
                name="measured_or_not_applicable",
            ),
            models.CheckConstraint(condition=Q(target=None) | Q(target__gt=0), name="target_positive"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="measurement_fits_its_indicator",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM assessments_indicator i
                        JOIN assessments_scale s ON s.id = i.scale_id
                        JOIN assessments_entry e ON e.id = NEW.entry_id
                        JOIN assessments_sheetpart p ON p.sheet_id = e.sheet_id AND p.version_id = i.version_id
                        WHERE i.id = NEW.indicator_id AND i.rater = 'secretariat'
                          AND (i.allow_na OR NOT NEW.not_applicable)
                          AND (NEW.value IS NULL OR NEW.value >= s.minimum)
                          AND (NEW.value IS NULL OR s.maximum IS NULL OR NEW.value <= s.maximum)
                          AND (NEW.value IS NULL OR s.kind NOT IN ('ordinal', 'inverse', 'boolean')
                               OR mod(NEW.value - s.minimum, s.step) = 0)
                          AND (s.kind <> 'ratio' OR NEW.value IS NULL OR NEW.target IS NOT NULL)) THEN
                        RAISE EXCEPTION 'a measurement must fit its indicator and its scale' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return f"{self.indicator_id}: {self.value}"


class AssessorQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True, user__is_active=True)


@pghistory.track()
class Assessor(models.Model):
    """A person on the roster of assessors."""

    user = models.OneToOneField(User, models.PROTECT, related_name="assessor", verbose_name=_("person"))
    expertise = models.ManyToManyField(IndicatorSet, blank=True, related_name="experts", verbose_name=_("assesses"))
    field_fa = models.CharField(_("field of expertise (Persian)"), max_length=200, blank=True)
    field_en = models.CharField(_("field of expertise (English)"), max_length=200, blank=True)
    capacity = models.PositiveSmallIntegerField(_("products at one time"), default=15)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)  # raised by every save of the form: the optimistic lock

    field = Bilingual("field")
    objects = AssessorQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("assessor"), _("assessors")
        ordering = ["user__sort_key"]

    def __str__(self):
        return str(self.user)


class AffiliationQuerySet(models.QuerySet):
    def on(self, day):
        return self.filter(Q(since=None) | Q(since__lte=day), Q(until=None) | Q(until__gte=day))

    def current(self):
        return self.on(timezone.localdate())

    def binding(self):
        """Ties that forbid judging: those in force and those that are to begin."""
        return self.filter(Q(until=None) | Q(until__gte=timezone.localdate()))


class AffiliationManager(jManager.from_queryset(AffiliationQuerySet)):
    pass


@pghistory.track()
class Affiliation(models.Model):
    """An assessor's tie to an agency: while it lasts he judges nothing of that agency."""

    assessor = models.ForeignKey(Assessor, models.CASCADE, related_name="affiliations", verbose_name=_("assessor"))
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="affiliations", verbose_name=_("agency"))
    since = JalaliDateField(_("from"), null=True, blank=True)
    until = JalaliDateField(_("until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = AffiliationManager()

    class Meta:
        verbose_name, verbose_name_plural = _("affiliation"), _("affiliations")
        constraints = [
            models.UniqueConstraint(fields=["assessor", "agency", "since"], nulls_distinct=False, name="affiliation_named_once"),
            models.CheckConstraint(
                condition=Q(since=None) | Q(until=None) | Q(until__gte=F("since")), name="affiliation_ends_after_it_begins"
            ),
        ]
        triggers = [
            _tie_trigger(
                "affiliation_leaves_no_live_assignment",
                join="JOIN assessments_affiliation t ON t.assessor_id = p.id",
                tie=f"(t.until IS NULL OR t.until >= {_TODAY})",
                subjects="s.agency_id = t.agency_id",
            )
        ]

    def __str__(self):
        return f"{self.assessor} – {self.agency}"

    def save(self, *args, **kwargs):
        # The row and the recusals that follow from it (see services.roster) stand or fall together.
        with transaction.atomic():
            super().save(*args, **kwargs)


@pghistory.track()
class ConflictOfInterest(models.Model):
    """Why an assessor may not judge one subject: declared by himself or set by staff."""

    class Source(models.TextChoices):
        DECLARED = "declared", _("declared by the assessor")
        STAFF = "staff", _("set by the secretariat")

    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="conflicts", verbose_name=_("assessor"))
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="conflicts", verbose_name=_("subject"))
    source = models.CharField(_("source"), max_length=8, choices=Source)
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("conflict of interest"), _("conflicts of interest")
        constraints = [models.UniqueConstraint(fields=["assessor", "subject"], name="conflict_named_once")]
        triggers = [
            _tie_trigger(
                "conflict_leaves_no_live_assignment",
                join="JOIN assessments_conflictofinterest t ON t.assessor_id = p.id",
                tie="true",
                subjects="s.id = t.subject_id",
            )
        ]

    def __str__(self):
        return f"{self.assessor} – {self.subject}"

    def save(self, *args, **kwargs):
        # The row and the recusals that follow from it (see services.roster) stand or fall together.
        with transaction.atomic():
            super().save(*args, **kwargs)


class AssessorGrant(RoleGrant):
    """Roles as this room sees them: a role in an agency is a tie to it. Holds only the trigger; the ground floor
    knows nothing of assessors."""

    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = _("role of an assessor"), _("roles of assessors")
        triggers = [
            _tie_trigger(
                "role_leaves_no_live_assignment",
                join="""JOIN secretariat_rolegrant t ON t.user_id = p.user_id
                        LEFT JOIN secretariat_unit u ON u.id = t.unit_id""",
                tie="(t.until IS NULL OR t.until > now())",
                subjects="s.agency_id = coalesce(t.agency_id, u.agency_id)",
            )
        ]


class AssignmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; an assessor only his own, for good."""
        if is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(assessor__user=user)

    def active(self):
        return self.filter(status__in=rules.ACTIVE_ASSIGNMENTS)


@pghistory.track()
class Assignment(models.Model):
    """One assessor asked to judge one entry."""

    Status = rules.AssignmentStatus
    MOVES = rules.ASSIGNMENT_MOVES

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="assignments")
    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="assignments")
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.OFFERED)
    offered_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    offered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # The pseudonym under which the agency and the public read this assessor: "assessor 2".
    alias = models.PositiveSmallIntegerField()

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("assignment"), _("assignments")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "assessor"], name="assessor_once_an_entry"),
            models.UniqueConstraint(fields=["entry", "alias"], name="alias_unique_in_entry"),
            models.CheckConstraint(condition=Q(status__in=rules.AssignmentStatus.values), name="assignment_status_known"),
            models.CheckConstraint(condition=Q(alias__gt=0), name="alias_positive"),
        ]
        indexes = [models.Index(fields=["assessor", "status"], name="assignment_of_assessor")]
        triggers = [
            pgtrigger.Trigger(
                name="no_assignment_with_a_conflict",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("entry_id", "assessor_id", "status"),
                condition=pgtrigger.Q(new__status__in=["offered", "accepted", "submitted"]),
                declare=[("owner", "bigint"), ("thing", "bigint"), ("person", "bigint")],
                func=f"""
                    SELECT s.agency_id, s.id INTO owner, thing FROM assessments_entry e
                        JOIN assessments_subject s ON s.id = e.subject_id WHERE e.id = NEW.entry_id;
                    -- FOR SHARE: no tie is added between this look and our commit. An assignment that was active before
                    -- needs no lock (and taking it here could end in a deadlock): a tie's recusal waits for its row.
                    IF TG_OP = 'INSERT' OR OLD.status NOT IN ('offered', 'accepted', 'submitted')
                       OR (OLD.entry_id, OLD.assessor_id) <> (NEW.entry_id, NEW.assessor_id) THEN
                        PERFORM 1 FROM assessments_assessor WHERE id = NEW.assessor_id FOR SHARE;
                    END IF;
                    SELECT user_id INTO person FROM assessments_assessor WHERE id = NEW.assessor_id;
                    IF EXISTS (SELECT 1 FROM assessments_affiliation a WHERE a.assessor_id = NEW.assessor_id AND a.agency_id = owner
                               AND (a.until IS NULL OR a.until >= {_TODAY}))
                       OR EXISTS (SELECT 1 FROM secretariat_rolegrant g LEFT JOIN secretariat_unit u ON u.id = g.unit_id
                                  WHERE g.user_id = person AND coalesce(g.agency_id, u.agency_id) = owner
                                  AND (g.until IS NULL OR g.until > now()))
                       OR EXISTS (SELECT 1 FROM assessments_conflictofinterest c
                                  WHERE c.assessor_id = NEW.assessor_id AND c.subject_id = thing) THEN
                        RAISE EXCEPTION 'the assessor has a conflict of interest' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="judged_while_the_round_is_open",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Q(new__status__in=["accepted", "submitted"])
                & pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
                declare=[("state", "text")],
                func="""
                    -- FOR SHARE: the round is not closed between this look and our commit.
                    SELECT r.status INTO state FROM assessments_round r JOIN assessments_entry e ON e.round_id = r.id
                        WHERE e.id = NEW.entry_id FOR SHARE OF r;
                    IF state <> 'open' THEN
                        RAISE EXCEPTION 'the round is not open for assessment' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="submitted_together_with_its_assessment",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
                timing=pgtrigger.Deferred,
                func=SUBMITTED_TOGETHER % "NEW.id",
            ),
        ]

    def __str__(self):
        return f"{self.assessor} → {self.entry}"

    def get_absolute_url(self):
        return reverse("assessment_form", args=[self.pk])


class AssignmentMove(Move):
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass
