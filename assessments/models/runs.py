"""What was computed from a round: runs, the scores and readings of each, flags and their answers, assessors set aside."""

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from assessments.models.indicators import Indicator
from assessments.models.roster import Assessor
from assessments.models.rounds import Entry, Round, SheetPart
from secretariat.models import User


class ScoringRun(models.Model):
    """One computation of a whole round, from one moment of its ratings.

    The round points at its current run; publishing freezes it. Earlier runs stay for comparison as long as
    `services.runs` keeps them. All but `status`, `stage`, `progress` and the marks of keeping is written once.
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("being computed")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")

    class Method(models.TextChoices):
        FAIR = "fair", _("fair score, adjusted for the severity of the assessors")
        PANEL_MEAN = "mean", _("plain mean of the panel")

    round = models.ForeignKey(Round, models.CASCADE, related_name="runs")
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.RUNNING)
    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    # The worker's sign of life: a run that gave none for a while was killed with its worker.
    beat_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    progress = models.PositiveSmallIntegerField(default=0)  # percent
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # null: by itself
    # The state of the round when it was computed, so that provisional runs can be told from later ones.
    phase = models.CharField(max_length=10, choices=Round.Status)
    method = models.CharField(_("method"), max_length=4, choices=Method, blank=True)
    algorithm = models.CharField(max_length=40, blank=True)  # "fair/1"
    # Parts of the round that no assessor joins: more than one cannot be one ranking.
    component_count = models.PositiveSmallIntegerField(default=1)
    inputs_hash = models.CharField(max_length=64, blank=True)  # SHA-256 of the canonical inputs; seeds the draws
    libraries = models.JSONField(default=dict)  # {"numpy": "2.4.6", …}
    # Variances by node, reliability, components, fragile links: see assessments.scoring.run.summary.
    summary = models.JSONField(default=dict)
    supersedes = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    kept_because = models.CharField(_("kept because"), max_length=200, blank=True)
    frozen_at = models.DateTimeField(_("frozen at"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("scoring run"), _("scoring runs")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["round"], condition=Q(status="running"), name="one_running_run_a_round"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="run_progress_is_percent"),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(method__in=["fair", "mean"], finished_at__isnull=False) & ~Q(algorithm=""),
                name="done_run_says_how",
            ),
            models.CheckConstraint(condition=Q(frozen_at=None) | Q(status="done"), name="only_a_done_run_is_frozen"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="frozen_run_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__frozen_at__isnull=False),
                func="RAISE EXCEPTION 'a published run is frozen' USING ERRCODE = 'check_violation';",
            )
        ]

    def __str__(self):
        return f"{self.round} #{self.pk}"

    def get_absolute_url(self):
        return reverse("round_results", args=[self.round_id])

    @property
    def is_fair(self):
        return self.method == self.Method.FAIR

    @property
    def is_connected(self):
        return self.component_count <= 1


class Score(models.Model):
    """The aggregate quality score of an entry at one node of its tree, in one run; derived, never edited.

    The root has neither part nor indicator; a part is one set version within the sheet; below it stand the
    dimensions and indicators. Values are on 0–100. Computed by `assessments.scoring`, written by
    `assessments.services.runs` and by nothing else.
    """

    run = models.ForeignKey(ScoringRun, models.CASCADE, related_name="scores")
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="scores", db_index=False)  # the constraint begins with it
    part = models.ForeignKey(SheetPart, models.PROTECT, null=True, related_name="+")
    indicator = models.ForeignKey(Indicator, models.PROTECT, null=True, related_name="+")
    value = models.FloatField(null=True)  # null: nobody rated anything below this node (N/A, never 0)
    standard_error = models.FloatField(null=True)  # null where one assessor or none tells nothing of it
    low = models.FloatField(null=True)  # 95 % interval, cut at 0 and 100
    high = models.FloatField(null=True)
    raw_mean = models.FloatField(null=True)  # of the panel, before any adjustment
    # What the panel's severity is corrected by: raw mean + adjustment is the fair score, cut at 0 and 100 it is the value.
    # Null where the ratings were too few to tell severity: then the value is the raw mean.
    adjustment = models.FloatField(null=True)
    raters = models.PositiveSmallIntegerField()
    coverage = models.FloatField()  # share of the nominal weight that was answered, 0–1
    gate_failed = models.BooleanField(default=False)

    # The root alone stands in an order; these are null below it.
    component = models.PositiveSmallIntegerField(null=True)  # ranks of different components are not comparable
    rank = models.PositiveIntegerField(null=True)  # within the component, 1-2-2-4; null: not ranked
    rank_low = models.PositiveIntegerField(null=True)  # 95 % interval of the rank
    rank_high = models.PositiveIntegerField(null=True)
    # Products of one number are not distinguishable from the first of them.
    group = models.PositiveIntegerField(null=True)
    p_top = models.FloatField(null=True)
    p_bands = ArrayField(models.FloatField(), null=True)  # of the bands of the round, the lowest first
    p_misclassified = models.FloatField(null=True)
    without_low = models.FloatField(null=True)  # range of the fair score when any one assessor is left out
    without_high = models.FloatField(null=True)
    robust = models.FloatField(null=True)  # with less weight for assessors whose ratings scatter

    class Meta:
        verbose_name, verbose_name_plural = _("score"), _("scores")
        constraints = [
            models.UniqueConstraint(fields=["entry", "run", "part", "indicator"], nulls_distinct=False, name="one_score_a_node"),
            models.CheckConstraint(condition=Q(value=None) | Q(value__gte=0, value__lte=100), name="score_within_0_100"),
            models.CheckConstraint(
                condition=Q(low=None, high=None)
                # A comparison with null would pass for true.
                | Q(value__isnull=False, low__isnull=False, high__isnull=False)
                & Q(low__gte=0, low__lte=F("value"), high__gte=F("value"), high__lte=100),
                name="interval_holds_the_score",
            ),
            models.CheckConstraint(condition=Q(coverage__gte=0, coverage__lte=1), name="coverage_is_a_share"),
            models.CheckConstraint(condition=Q(part=None, indicator=None) | Q(part__isnull=False), name="score_node_known"),
            models.CheckConstraint(condition=Q(part=None) | Q(rank=None, group=None, component=None), name="only_totals_are_ranked"),
        ]
        indexes = [
            models.Index(fields=["run", "rank"], condition=Q(part=None, indicator=None), name="score_root"),
        ]
        triggers = [
            # Statement level, as for ratings: a round's scores come in one insert.
            pgtrigger.Trigger(
                name=f"scores_fit_the_sheet_on_{operation}",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=getattr(pgtrigger, operation.capitalize()),
                referencing=pgtrigger.Referencing(new="fresh", **({"old": "former"} if operation == "update" else {})),
                func="""
                    IF EXISTS (
                        SELECT 1 FROM fresh s
                        JOIN assessments_entry e ON e.id = s.entry_id
                        JOIN assessments_scoringrun u ON u.id = s.run_id
                        LEFT JOIN assessments_sheetpart p ON p.id = s.part_id AND p.sheet_id = e.sheet_id
                        LEFT JOIN assessments_indicator i ON i.id = s.indicator_id AND i.version_id = p.version_id
                        WHERE u.round_id <> e.round_id
                           OR (s.part_id IS NOT NULL AND p.id IS NULL) OR (s.indicator_id IS NOT NULL AND i.id IS NULL)) THEN
                        RAISE EXCEPTION 'a score belongs to a node of the entry''s sheet' USING ERRCODE = 'check_violation';
                    END IF;
                    IF EXISTS (SELECT 1 FROM fresh s JOIN assessments_scoringrun u ON u.id = s.run_id WHERE u.frozen_at IS NOT NULL) THEN
                        RAISE EXCEPTION 'a published run is frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            )
            for operation in ("insert", "update")
        ] + [
            pgtrigger.Trigger(
                name="frozen_scores_stay",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Delete,
                referencing=pgtrigger.Referencing(old="former"),
                func="""
                    IF EXISTS (SELECT 1 FROM former s JOIN assessments_scoringrun u ON u.id = s.run_id WHERE u.frozen_at IS NOT NULL) THEN
                        RAISE EXCEPTION 'a published run is frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self):
        return f"{self.entry_id}: {self.value}"


class AssessorReading(models.Model):
    """What a run tells of one assessor; for staff alone."""

    run = models.ForeignKey(ScoringRun, models.CASCADE, related_name="readings")
    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="readings")
    sheets = models.PositiveIntegerField()
    mean_given = models.FloatField()  # plain mean of his totals, 0–100
    # Points by which he gives more (positive) or less than his peers on the same products; null in a plain mean.
    severity = models.FloatField(null=True)
    severity_error = models.FloatField(null=True)
    infit = models.FloatField(null=True)  # mean squared residual, weighted; 1 is as expected
    outfit = models.FloatField(null=True)
    slope = models.FloatField(null=True)  # on the rest of his panels: 0 random, 1 as the others, above 1 extreme
    spread = models.FloatField(null=True)  # within his sheets, once the indicators' means are removed
    straight = models.FloatField(null=True)  # share of his sheets with one value throughout
    weight = models.FloatField(null=True)  # in the robust score; 1 is the average assessor's

    class Meta:
        verbose_name, verbose_name_plural = _("assessor's reading"), _("assessors' readings")
        constraints = [models.UniqueConstraint(fields=["run", "assessor"], name="one_reading_an_assessor")]

    def __str__(self):
        return f"{self.assessor}: {self.severity}"


@pghistory.track()
class ScoringFlag(models.Model):
    """A pattern in an assessor's ratings worth a question; a question, never a verdict. For staff alone."""

    class Kind(models.TextChoices):
        STRAIGHTLINE = "straightline", _("the same value throughout")
        HALO = "halo", _("one impression for all indicators")
        LOW_SLOPE = "low_slope", _("little relation to the other assessors")
        ERRATIC = "erratic", _("far from the other assessors, in both directions")
        SEVERITY = "severity", _("much stricter or milder than the others")
        PAIR = "pair", _("two assessors alike beyond chance")

    class Decision(models.TextChoices):
        NO_ACTION = "none", _("no action needed")
        TALKED = "talked", _("discussed with the assessor")
        REVIEW = "review", _("ratings to be reviewed")
        SET_ASIDE = "aside", _("ratings set aside")

    round = models.ForeignKey(Round, models.CASCADE, related_name="flags")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="flags")
    other = models.ForeignKey(Assessor, models.PROTECT, null=True, related_name="+")  # of a pair
    figure = models.FloatField()  # the kind's own measure: share, slope, points, correlation
    strength = models.FloatField(null=True)  # robust z
    chance = models.FloatField(null=True)  # p value
    sheets = models.PositiveIntegerField()  # on how many sheets it rests
    raised_at = models.DateTimeField(_("raised at"), auto_now_add=True)
    is_raised = models.BooleanField(default=True)  # the current run still sees it
    decision = models.CharField(_("decision"), max_length=6, choices=Decision, blank=True)
    answer = models.TextField(_("answer"), blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(_("answered at"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("flag"), _("flags")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "kind", "assessor", "other"], nulls_distinct=False, name="flag_raised_once"),
            models.CheckConstraint(condition=Q(kind__in=["straightline", "halo", "low_slope", "erratic", "severity", "pair"]), name="flag_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="pair", other__isnull=False) | ~Q(kind="pair") & Q(other=None), name="pair_flag_names_two"
            ),
            models.CheckConstraint(
                condition=Q(decision="", answer="", answered_by=None, answered_at=None)
                | (~Q(decision="") & ~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False)),
                name="flag_answered_wholly",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.assessor}"


@pghistory.track()
class SetAside(models.Model):
    """An assessor whose ratings do not count in a round's scores: a person's decision, with its reason, and reversible."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="set_aside")
    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="set_aside")
    why = models.TextField(_("reason"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("assessor set aside"), _("assessors set aside")
        constraints = [
            models.UniqueConstraint(fields=["round", "assessor"], condition=Q(ended_at=None), name="set_aside_once"),
            models.CheckConstraint(condition=~Q(why=""), name="set_aside_with_a_reason"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="set_aside_ended_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.assessor} – {self.round}"
