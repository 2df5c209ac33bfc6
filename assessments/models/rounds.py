"""What is judged together: rounds with their sheets and entries."""

import uuid

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments import rules
from assessments.models.conflicted import ACTIVE, BINDING_STATES, conflicted
from assessments.models.indicators import SetVersion
from assessments.models.subjects import Subject
from assessments.models.timetable import Timetable
from secretariat.bilingual import Bilingual
from secretariat.models import Move, User
from secretariat.rules import is_officer, represented_agencies

Sight, LATE_SIGHT = rules.Sight, rules.LATE_SIGHT
_LATE = [value for value, _label in LATE_SIGHT]


class RoundQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers; assessors see the rounds they are assigned in; everybody sees published ones."""
        if is_officer(user):
            return self
        mine = Q(status__in=rules.PUBLIC_ROUNDS)
        if user.is_authenticated:
            mine |= Q(pk__in=Entry.objects.filter(assignments__assessor__user=user).values("round"))
        return self.filter(mine)


@pghistory.track(exclude=["run", "code_salt"])
class Round(Timetable, models.Model):
    """A set of subjects judged together by one deadline, on published versions of indicator sets."""

    Status = rules.RoundStatus
    MOVES = rules.ROUND_MOVES

    title_fa = models.CharField(_("title (Persian)"), max_length=200)
    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    deadline = models.DateTimeField(_("deadline of the assessors"))
    panel_size = models.PositiveSmallIntegerField(_("assessors for each product"), default=rules.LEAST_PANEL)
    # What the assessors of the round are shown, and when; blindness.py is the one place that reads these.
    see_submitter = models.CharField(_("whose product it is"), max_length=9, choices=Sight, default=Sight.ALWAYS)
    see_ratings = models.CharField(_("the others' assessments"), max_length=9, choices=LATE_SIGHT, default=Sight.NEVER)
    see_names = models.CharField(_("the names of the other assessors"), max_length=9, choices=LATE_SIGHT, default=Sight.NEVER)
    see_aggregates = models.CharField(_("the scores"), max_length=9, choices=LATE_SIGHT, default=Sight.NEVER)
    is_demo = models.BooleanField(_("demonstration with synthetic ratings"), default=False)
    note = models.TextField(_("note to the assessors"), blank=True)
    # Whoever is lost to a panel is replaced by the fittest who may be asked, without an officer's word.
    replaces_itself = models.BooleanField(_("replacements are asked by themselves"), default=False)
    # What the statements of a run are about: bands of the total score, and how many products are sought (none: a tenth).
    cuts = ArrayField(models.FloatField(), verbose_name=_("bands of the score begin at"), default=rules.default_cuts)
    top = models.PositiveSmallIntegerField(_("how many products are sought"), null=True, blank=True)
    # From how many points of 100 on assessors disagree (0: never), and what that summons.
    gap_indicator = models.PositiveSmallIntegerField(_("disagreement on an indicator"), default=rules.GAP_INDICATOR)
    gap_total = models.PositiveSmallIntegerField(_("disagreement on the total"), default=rules.GAP_TOTAL)
    gap_flags = models.BooleanField(_("unanswered questions about an assessor count as disagreement"), default=False)
    moderation = models.CharField(_("a disagreement summons"), max_length=9, choices=rules.Summons, default=rules.Summons.THIRD)
    moderation_days = models.PositiveSmallIntegerField(_("days for a further assessor"), default=rules.MODERATION_DAYS)
    summons_itself = models.BooleanField(_("the further assessor is asked without an officer"), default=False)
    # Salts the codes under which assessors stand in exports: no code tells who stands behind it, or in which order they joined.
    code_salt = models.UUIDField(default=uuid.uuid4, editable=False)
    run = models.OneToOneField("assessments.ScoringRun", models.SET_NULL, null=True, editable=False, related_name="current_of")
    # Parts of a round that no assessor joins cannot be compared: published so only on an officer's word.
    separate_lists = models.BooleanField(_("stands as separate lists"), default=False, editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    title = Bilingual("title")
    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("round"), _("rounds")
        ordering = ["-created_at", "-pk"]
        constraints = [
            *Timetable.Meta.constraints,
            models.CheckConstraint(condition=Q(panel_size__gte=rules.LEAST_PANEL), name="panel_has_at_least_three"),
            models.CheckConstraint(condition=Q(status__in=rules.RoundStatus.values), name="round_status_known"),
            models.CheckConstraint(condition=Q(top=None) | Q(top__gt=0), name="round_seeks_some"),
            models.CheckConstraint(
                condition=Q(gap_indicator__lte=100, gap_total__lte=100, moderation__in=rules.Summons.values, moderation_days__gt=0),
                name="round_says_what_disagreement_is",
            ),
            models.CheckConstraint(condition=Q(see_submitter__in=Sight.values), name="round_says_when_the_submitter_is_seen"),
            # Nobody reads another's judgement, or what came of it, before he has given his own.
            models.CheckConstraint(
                condition=Q(see_ratings__in=_LATE, see_names__in=_LATE, see_aggregates__in=_LATE),
                name="round_shows_no_other_judgement_before_ones_own",
            ),
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
                name="no_conflict_comes_back_with_a_round",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("status"),
                timing=pgtrigger.Deferred,
                # While its results were public, ties changed nothing in it.
                func=f"""
                    IF NEW.status IN {BINDING_STATES} AND OLD.status NOT IN {BINDING_STATES} AND EXISTS (
                        SELECT 1 FROM assessments_assignment g JOIN assessments_entry e ON e.id = g.entry_id
                        WHERE e.round_id = NEW.id AND {ACTIVE} AND {conflicted("g.assessor_id", "e.subject_id")}) THEN
                        RAISE EXCEPTION 'an assessor of this round has a conflict of interest' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
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
                name="fixed_when_nothing_is_disputed",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Q(new__status="scored") & pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
                func="""
                    IF EXISTS (SELECT 1 FROM assessments_moderation m JOIN assessments_entry e ON e.id = m.entry_id
                               WHERE e.round_id = NEW.id AND e.excluded_at IS NULL AND NOT e.is_calibration
                                 AND m.status IN ('raised', 'third', 'consensus')) THEN
                        RAISE EXCEPTION 'scores are fixed when every disagreement is settled' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="settled_on_a_frozen_run",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status", "run_id", "separate_lists"),
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (SELECT 1 FROM assessments_round r LEFT JOIN assessments_scoringrun u ON u.id = r.run_id
                               WHERE r.id = NEW.id AND r.status IN ('scored', 'confirmed', 'published', 'appeal', 'final')
                                 AND (u.frozen_at IS NULL OR (u.component_count > 1 AND NOT r.separate_lists))) THEN
                        RAISE EXCEPTION 'a round with fixed scores stands on a frozen run, and as one ranking only when it is connected'
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
    def is_public(self):
        return self.status in rules.PUBLIC_ROUNDS

    @property
    def is_settled(self):
        return self.status in rules.SETTLED_ROUNDS

    @property
    def is_blind(self):
        """Whether the maker of what is judged is kept from the assessors, at least until they have submitted."""
        return self.see_submitter != rules.Sight.ALWAYS

    @property
    def is_past_deadline(self):
        return self.deadline < timezone.now()

    @property
    def is_provisional(self):
        """Scores may still move while assessors work."""
        return self.status in rules.EDITABLE_ROUNDS


class RoundMove(Move):
    round = models.ForeignKey(Round, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        triggers = [
            *Move.Meta.triggers,
            pgtrigger.Trigger(
                name="confirmed_by_a_second_officer",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__action="confirm"),
                func="""
                    IF (SELECT needs_second FROM assessments_round WHERE id = NEW.round_id)
                       AND (NEW.by_id IS NULL OR NEW.by_id = (SELECT by_id FROM assessments_roundmove WHERE round_id = NEW.round_id
                                                              AND action = 'score' ORDER BY at DESC, id DESC LIMIT 1)) THEN
                        RAISE EXCEPTION 'the scores of this round are confirmed by another officer than who fixed them'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]


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
        ordering = ["position", "pk"]
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
        asked = Entry.objects.filter(assignments__assessor__user=user, assignments__status__in=rules.ACTIVE_ASSIGNMENTS)
        return self.filter(Q(subject__agency__in=represented_agencies(user)) | Q(pk__in=asked.values("pk")))

    def stale(self):
        return self.filter(inputs_version__gt=F("scored_version"))

    def judged(self):
        """Those that panels judge, calibration items among them."""
        return self.filter(excluded_at=None)

    def ranked(self):
        """Those whose scores are part of the round's results."""
        return self.filter(excluded_at=None, is_calibration=False)


class Entry(models.Model):
    """A subject's place in a round; the row that knows whether its scores are up to date."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="entries")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="entries")
    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="entries")
    added_at = models.DateTimeField(auto_now_add=True)
    # Rated by everybody at work in the round, so that all can be compared; no part of the results itself.
    is_calibration = models.BooleanField(_("calibration item"), default=False, editable=False)
    # After an appeal the same subject is judged again, by others.
    review_of = models.ForeignKey("self", models.PROTECT, null=True, editable=False, related_name="judged_again")
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
            # Its assessors were asked about this subject, whose makers and agency they are not tied to.
            pgtrigger.ReadOnly(name="entry_keeps_its_subject", fields=["round", "subject"]),
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
            ),
            pgtrigger.Trigger(
                name="calibration_is_settled_with_the_round",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("is_calibration"),
                condition=pgtrigger.Q(old__is_calibration__df=pgtrigger.F("new__is_calibration")),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_round r WHERE r.id = NEW.round_id AND r.status IN ('draft', 'open')) THEN
                        RAISE EXCEPTION 'what everybody rates is chosen while assessors are appointed' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="judged_again_is_the_same_subject",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("review_of_id", "subject_id", "round_id"),
                condition=pgtrigger.Q(new__review_of__isnull=False),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_entry e WHERE e.id = NEW.review_of_id
                                   AND e.subject_id = NEW.subject_id AND e.round_id <> NEW.round_id) THEN
                        RAISE EXCEPTION 'a review judges the same subject in another round' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.subject} – {self.round}"

    @property
    def is_ranked(self):
        return self.excluded_at is None and not self.is_calibration

    @property
    def is_stale(self):
        return self.inputs_version > self.scored_version
