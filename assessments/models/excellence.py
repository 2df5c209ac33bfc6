"""Self-assessment of agencies: the year, an agency's answers with their evidence, and the scores that follow."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments.models.indicators import Indicator, SetVersion
from assessments.rules import excellence as rules
from secretariat import calendar
from secretariat.models import Agency, Move, PrivateFile, User
from secretariat.rules import is_officer, represented_agencies

# What an answer of either side must be, given `n` the row, `v` the version of its framework: fragments of triggers.
ANSWER_FITS = """
    IF NOT EXISTS (
        SELECT 1 FROM assessments_indicator i JOIN assessments_scale s ON s.id = i.scale_id
        WHERE i.id = NEW.indicator_id AND i.version_id = framework
          AND (NEW.state <> 'na' OR i.allow_na)
          AND (NEW.value IS NULL OR NEW.value >= s.minimum) AND (NEW.value IS NULL OR NEW.value <= s.maximum)
          AND (NEW.value IS NULL OR s.kind NOT IN ('ordinal', 'inverse', 'boolean') OR mod(NEW.value - s.minimum, s.step) = 0)) THEN
        RAISE EXCEPTION 'a level must fit its criterion and its scale' USING ERRCODE = 'check_violation';
    END IF;
"""


class ExcellenceYearQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; who represents an agency every year that was not cancelled: each is asked."""
        if is_officer(user):
            return self
        if not represented_agencies(user):
            return self.none()
        return self.exclude(status=rules.YearStatus.CANCELLED)


@pghistory.track()
class ExcellenceYear(models.Model):
    """A year in which the agencies judge themselves by one framework until one deadline; some of them are checked."""

    Status = rules.YearStatus
    MOVES = rules.YEAR_MOVES

    year = models.PositiveSmallIntegerField(_("Jalali year"))
    framework = models.ForeignKey(SetVersion, models.PROTECT, related_name="excellence_years", verbose_name=_("framework"))
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.OPEN, editable=False)
    deadline = models.DateTimeField(_("deadline of the agencies"))
    checks_due = models.DateTimeField(_("deadline of the checkers"))
    check_percent = models.PositiveSmallIntegerField(_("share of the agencies to be checked, percent"))
    note = models.TextField(_("note to the agencies"), blank=True)
    is_demo = models.BooleanField(_("demonstration with synthetic ratings"), default=False, editable=False)
    # What the sample was drawn by; with the lots of the self-assessments anybody can draw it again.
    seed = models.CharField(_("seed of the sample"), max_length=64, blank=True, editable=False)
    drawn_at = models.DateTimeField(_("drawn at"), null=True, editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(_("opened at"), auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)  # raised by every edit: the optimistic lock

    objects = ExcellenceYearQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("year of self-assessment"), _("years of self-assessment")
        ordering = ["-year", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["year"], condition=~Q(status="cancelled"), name="one_self_assessment_a_year"),
            models.CheckConstraint(condition=Q(status__in=rules.YearStatus.values), name="excellence_year_status_known"),
            models.CheckConstraint(condition=Q(year__gte=1380, year__lte=1500), name="excellence_year_is_jalali"),
            models.CheckConstraint(condition=Q(check_percent__lte=100), name="checked_share_is_a_percent"),
            models.CheckConstraint(
                condition=(Q(drawn_at=None, seed="") & ~Q(status__in=["checking", "closed"]))
                | (Q(status__in=["checking", "closed"], drawn_at__isnull=False) & ~Q(seed="")),
                name="checked_exactly_once_the_sample_is_drawn",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="excellence_year_keeps_its_terms",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF OLD.status IN ('closed', 'cancelled') OR (OLD.seed <> '' AND (OLD.seed, OLD.drawn_at) <> (NEW.seed, NEW.drawn_at)) THEN
                        RAISE EXCEPTION 'a year that is over, and a drawn sample, never change' USING ERRCODE = 'check_violation';
                    END IF;
                    IF (OLD.year, OLD.framework_id) <> (NEW.year, NEW.framework_id)
                       AND EXISTS (SELECT 1 FROM assessments_selfassessment WHERE year_id = OLD.id) THEN
                        RAISE EXCEPTION 'a year that agencies answer keeps its framework' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # Agencies answer every criterion themselves: nothing in the framework may be left to others.
            pgtrigger.Trigger(
                name="excellence_framework_is_for_agencies",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("framework_id"),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_setversion v JOIN assessments_indicatorset s ON s.id = v.set_id
                                   WHERE v.id = NEW.framework_id AND v.status = 'published' AND s.layer = 'organisation')
                       OR EXISTS (SELECT 1 FROM assessments_indicator WHERE version_id = NEW.framework_id AND rater <> 'expert') THEN
                        RAISE EXCEPTION 'agencies judge themselves by a published framework made for them' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return _("Self-assessment of %(year)s") % {"year": calendar.digits(self.year)}

    def get_absolute_url(self):
        return reverse("excellence_year", args=[self.pk])

    @property
    def is_open(self):
        return self.status == self.Status.OPEN

    @property
    def is_past_deadline(self):
        return self.deadline <= timezone.now()


class ExcellenceYearMove(Move):
    year = models.ForeignKey(ExcellenceYear, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


class SelfAssessmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; an agency its own. Checkers come in by their check."""
        if is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(agency__in=represented_agencies(user)).exclude(year__status=rules.YearStatus.CANCELLED)

    def handed_in(self):
        return self.exclude(status=rules.SelfStatus.DRAFT)


@pghistory.track(exclude=["version", "saved_at"])
class SelfAssessment(models.Model):
    """An agency's judgement of itself in one year: a draft until submitted, frozen from then on."""

    Status = rules.SelfStatus
    MOVES = rules.SELF_MOVES

    year = models.ForeignKey(ExcellenceYear, models.PROTECT, related_name="self_assessments", verbose_name=_("year"))
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="self_assessments", verbose_name=_("agency"))
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.DRAFT, editable=False)
    started_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    started_at = models.DateTimeField(_("begun at"), auto_now_add=True)
    saved_at = models.DateTimeField(_("last change"), auto_now=True)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, editable=False)
    submitted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    in_sample = models.BooleanField(_("drawn for the external check"), default=False, editable=False)
    lot = models.CharField(_("lot"), max_length=64, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)  # raised by every change of an answer

    objects = SelfAssessmentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("self-assessment"), _("self-assessments")
        ordering = ["-year__year", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["year", "agency"], name="one_self_assessment_an_agency_and_year"),
            models.CheckConstraint(condition=Q(status__in=rules.SelfStatus.values), name="self_assessment_status_known"),
            models.CheckConstraint(
                condition=Q(status="draft", submitted_at=None) | (~Q(status="draft") & Q(submitted_at__isnull=False)),
                name="self_assessment_submitted_exactly_when_dated",
            ),
            models.CheckConstraint(
                condition=Q(in_sample=True) | ~Q(status__in=["checking", "checked"]), name="only_the_sample_is_checked"
            ),
            models.CheckConstraint(condition=Q(in_sample=False) | ~Q(lot=""), name="drawn_by_lot"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="submitted_self_assessment_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR (NEW.year_id, NEW.agency_id) <> (OLD.year_id, OLD.agency_id)
                       OR (OLD.lot <> '' AND (NEW.lot, NEW.in_sample) <> (OLD.lot, OLD.in_sample))
                       OR (OLD.status <> 'draft' AND NEW.status <> 'draft'
                           AND (NEW.version, NEW.submitted_at, NEW.submitted_by_id)
                               IS DISTINCT FROM (OLD.version, OLD.submitted_at, OLD.submitted_by_id)) THEN
                        RAISE EXCEPTION 'a submitted self-assessment is frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="self_assessment_moves_with_its_year",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
                declare=[("state", "text")],
                func="""
                    -- FOR SHARE: the year does not move on between this look and our commit.
                    SELECT status INTO state FROM assessments_excellenceyear WHERE id = NEW.year_id FOR SHARE;
                    IF (TG_OP = 'INSERT' OR OLD.status <> NEW.status)
                       AND state <> (CASE WHEN NEW.status IN ('draft', 'submitted') THEN 'open' ELSE 'checking' END) THEN
                        RAISE EXCEPTION 'the year is not at this stage' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="submitted_with_its_scores",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (SELECT 1 FROM assessments_selfassessment a WHERE a.id = NEW.id
                               AND ((a.status <> 'draft') <> EXISTS (
                                        SELECT 1 FROM assessments_selfscore s
                                        WHERE s.self_assessment_id = a.id AND s.source = 'own' AND s.indicator_id IS NULL)
                                    OR (a.status = 'checked' AND NOT EXISTS (
                                        SELECT 1 FROM assessments_selfscore s
                                        WHERE s.self_assessment_id = a.id AND s.source = 'check' AND s.indicator_id IS NULL)))) THEN
                        RAISE EXCEPTION 'what is submitted has its scores' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.agency} – {self.year}"

    def get_absolute_url(self):
        return reverse("self_assessment", args=[self.pk])

    @property
    def is_draft(self):
        return self.status == self.Status.DRAFT


class SelfAssessmentMove(Move):
    self_assessment = models.ForeignKey(SelfAssessment, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


class LevelState(models.TextChoices):
    """Missing is not zero: `na` and `blank` carry no value."""

    SCORED = "scored", _("rated")
    NOT_APPLICABLE = "na", _("not applicable")
    UNANSWERED = "blank", _("not answered")


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class SelfAnswer(models.Model):
    """What an agency says of itself on one criterion: the level, what is done, where it can be seen."""

    State = LevelState

    self_assessment = models.ForeignKey(SelfAssessment, models.PROTECT, related_name="answers")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="+")
    state = models.CharField(max_length=6, choices=State, default=State.UNANSWERED)
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    done = models.TextField(_("what is done"), blank=True)
    links = models.TextField(_("links"), blank=True)  # one address a line, as it was typed
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1)  # raised by every save: the optimistic lock

    class Meta:
        verbose_name, verbose_name_plural = _("answer of an agency"), _("answers of agencies")
        constraints = [
            models.UniqueConstraint(fields=["self_assessment", "indicator"], name="one_self_answer_a_criterion"),
            models.CheckConstraint(
                condition=Q(state="scored", value__isnull=False) | Q(state__in=["na", "blank"], value=None),
                name="self_level_exactly_when_it_has_a_value",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="self_answer_fits_a_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("state_now", "text"), ("framework", "bigint"), ("owner", "bigint")],
                func=f"""
                    IF TG_OP = 'DELETE' THEN owner := OLD.self_assessment_id; ELSE owner := NEW.self_assessment_id; END IF;
                    -- FOR SHARE: it cannot be submitted between this look and our commit.
                    SELECT a.status, y.framework_id INTO state_now, framework FROM assessments_selfassessment a
                        JOIN assessments_excellenceyear y ON y.id = a.year_id WHERE a.id = owner FOR SHARE OF a;
                    IF state_now <> 'draft' OR (TG_OP = 'UPDATE' AND OLD.self_assessment_id <> NEW.self_assessment_id) THEN
                        RAISE EXCEPTION 'a submitted self-assessment is frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    {ANSWER_FITS}
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return f"{self.indicator_id}: {self.value if self.state == 'scored' else self.state}"


class SelfFileQuerySet(models.QuerySet):
    def attached(self):
        return self.filter(removed_at=None)

    def visible_to(self, user):
        """The agency itself; of what was submitted also officers, and the checker while it is his."""
        if not user.is_authenticated:
            return self.none()
        submitted = ~Q(self_assessment__status=rules.SelfStatus.DRAFT) & Q(removed_at=None)
        if is_officer(user):
            return self.filter(submitted | Q(self_assessment__agency__in=represented_agencies(user)))
        checked = SelfAssessment.objects.filter(checks__assessor__user=user, checks__withdrawn_at=None)
        return self.filter(
            Q(self_assessment__agency__in=represented_agencies(user)) | (submitted & Q(self_assessment__in=checked.values("pk")))
        )


class SelfFile(PrivateFile):
    """A file as evidence on one criterion."""

    FOLDER = "self-assessments"

    self_assessment = models.ForeignKey(SelfAssessment, models.PROTECT, related_name="files")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="+")

    objects = SelfFileQuerySet.as_manager()

    class Meta(PrivateFile.Meta):
        abstract = False
        verbose_name, verbose_name_plural = _("file of a self-assessment"), _("files of self-assessments")
        constraints = [
            *PrivateFile.Meta.constraints,
            models.UniqueConstraint(
                fields=["self_assessment", "indicator", "sha256"], condition=Q(removed_at=None), name="evidence_once_a_criterion"
            ),
        ]
        triggers = [
            *PrivateFile.Meta.triggers,
            pgtrigger.Trigger(
                name="evidence_belongs_to_a_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    PERFORM 1 FROM assessments_selfassessment WHERE id = NEW.self_assessment_id FOR SHARE;
                    IF NOT EXISTS (SELECT 1 FROM assessments_selfassessment a JOIN assessments_excellenceyear y ON y.id = a.year_id
                                   JOIN assessments_indicator i ON i.version_id = y.framework_id
                                   WHERE a.id = NEW.self_assessment_id AND a.status = 'draft'
                                     AND i.id = NEW.indicator_id AND i.scale_id IS NOT NULL) THEN
                        RAISE EXCEPTION 'files come and go only while the agency answers' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]


class SelfScore(models.Model):
    """What follows from the levels of one side: a value for every node of the framework, `indicator` null for the whole."""

    class Source(models.TextChoices):
        OWN = "own", _("the agency itself")
        CHECK = "check", _("the external check")

    self_assessment = models.ForeignKey(SelfAssessment, models.PROTECT, related_name="scores")
    source = models.CharField(max_length=5, choices=Source)
    indicator = models.ForeignKey(Indicator, models.PROTECT, null=True, related_name="+")
    value = models.FloatField(null=True)  # 0–100; none where nothing was rated
    coverage = models.FloatField()  # share of the weight that was rated, 0–1
    method = models.CharField(max_length=20)
    inputs_hash = models.CharField(max_length=64)  # SHA-256 of the framework and the levels
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("score of a self-assessment"), _("scores of self-assessments")
        constraints = [
            models.UniqueConstraint(
                fields=["self_assessment", "source", "indicator"], nulls_distinct=False, name="one_self_score_a_node"
            ),
            models.CheckConstraint(condition=Q(source__in=["own", "check"]), name="self_score_source_known"),
            models.CheckConstraint(
                condition=(Q(value=None) | Q(value__gte=0, value__lte=100)) & Q(coverage__gte=0, coverage__lte=1),
                name="self_score_within_its_bounds",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="self_scores_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    -- They go only when the levels are opened again.
                    IF TG_OP = 'UPDATE' OR NOT EXISTS (
                        SELECT 1 FROM assessments_selfassessment a WHERE a.id = OLD.self_assessment_id
                        AND a.status = CASE OLD.source WHEN 'own' THEN 'draft' ELSE 'checking' END) THEN
                        RAISE EXCEPTION 'the scores of what was submitted stay' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN OLD;
                """,
            )
        ]

    def __str__(self):
        return f"{self.self_assessment_id}/{self.source}: {self.value}"
