"""What things are judged by: scales, and versioned sets of weighted indicators."""

from dataclasses import dataclass
from decimal import Decimal

import pghistory
import pgtrigger
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from assessments import rules
from secretariat import calendar
from secretariat.bilingual import Bilingual, in_language
from secretariat.models import Move
from secretariat.rules import is_officer
from secretariat.text_columns import SortColumn


class Scale(models.Model):
    """How a value is given and turned into 0–100 (the formulas are in `assessments.scoring.scales`)."""

    class Kind(models.TextChoices):
        ORDINAL = "ordinal", _("levels")
        INVERSE = "inverse", _("levels, less is better")
        BOOLEAN = "boolean", _("yes or no")
        NUMBER = "number", _("number within bounds")
        RATIO = "ratio", _("ratio to a target")

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name_fa = models.CharField(_("name (Persian)"), max_length=100)
    name_en = models.CharField(_("name (English)"), max_length=100)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    minimum = models.DecimalField(_("least"), max_digits=12, decimal_places=4, default=0)
    # null: no upper bound (a count set against a target)
    maximum = models.DecimalField(_("most"), max_digits=12, decimal_places=4, null=True, blank=True)
    step = models.DecimalField(_("step"), max_digits=12, decimal_places=4, default=1)
    # [{"value": 1, "fa": "…", "en": "…"}, …] in rising order; the words beside the levels
    anchors = models.JSONField(_("anchors"), default=list, blank=True)

    name = Bilingual("name")

    class Meta:
        verbose_name, verbose_name_plural = _("scale"), _("scales")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["ordinal", "inverse", "boolean", "number", "ratio"]), name="scale_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="ratio", maximum=None) | (~Q(kind="ratio") & Q(maximum__isnull=False, maximum__gt=F("minimum"))),
                name="scale_has_the_bounds_of_its_kind",
            ),
            models.CheckConstraint(condition=Q(step__gt=0), name="scale_step_positive"),
        ]
        triggers = [
            # What a published indicator means hangs on its scale: the scale is frozen with it.
            pgtrigger.Trigger(
                name="scale_of_a_published_version_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF to_jsonb(NEW) <> to_jsonb(OLD) AND EXISTS (
                        SELECT 1 FROM assessments_indicator i JOIN assessments_setversion v ON v.id = i.version_id
                        WHERE i.scale_id = OLD.id AND v.status <> 'draft') THEN
                        RAISE EXCEPTION 'the scale of a published version never changes' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return self.name

    @property
    def levels(self):
        """The values one may choose, in rising order, each with its word; empty where a number is typed."""
        if self.kind not in (self.Kind.ORDINAL, self.Kind.INVERSE, self.Kind.BOOLEAN):
            return []
        words = {Decimal(str(anchor["value"])): in_language(anchor.get("fa", ""), anchor.get("en", "")) for anchor in self.anchors}
        count = int((self.maximum - self.minimum) / self.step) + 1
        values = [(self.minimum + self.step * n).normalize() + 0 for n in range(count)]
        return [Level(value, words.get(value, ""), self.share(value)) for value in values]

    def share(self, value):
        """Where `value` lies on 0–100, the better the higher: for showing levels and gates (scores come from `scoring`)."""
        share = (Decimal(value) - self.minimum) / (self.maximum - self.minimum) * 100
        return 100 - share if self.kind == self.Kind.INVERSE else share


@dataclass(frozen=True)
class Level:
    """One step of a scale: the value, the word beside it, where it lies on 0–100."""

    value: Decimal
    word: str
    share: Decimal


@pghistory.track()
class IndicatorSet(models.Model):
    class Layer(models.TextChoices):
        COMMON = "common", _("common to all kinds")
        KIND = "kind", _("for one kind")
        OVERLAY = "overlay", _("added for some audiences")
        ORGANISATION = "organisation", _("self-assessment of an agency")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    title_fa = models.CharField(_("title (Persian)"), max_length=200)
    title_en = models.CharField(_("title (English)"), max_length=200)
    layer = models.CharField(_("layer"), max_length=12, choices=Layer)
    intro_fa = models.TextField(_("introduction (Persian)"), blank=True)
    intro_en = models.TextField(_("introduction (English)"), blank=True)
    sort_key = SortColumn("title_fa")

    title = Bilingual("title")
    intro = Bilingual("intro")

    class Meta:
        verbose_name, verbose_name_plural = _("indicator set"), _("indicator sets")
        ordering = ["sort_key", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(layer__in=["common", "kind", "overlay", "organisation"]), name="set_layer_known")
        ]

    def __str__(self):
        return self.title


class SetVersionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Drafts are for officers; what was ever published is public."""
        if is_officer(user):
            return self
        return self.filter(status__in=["published", "retired"])

    def published(self):
        return self.filter(status="published")


@pghistory.track()
class SetVersion(models.Model):
    """One edition of an indicator set. Published, it and its indicators never change again."""

    Status = rules.VersionStatus
    MOVES = rules.VERSION_MOVES

    set = models.ForeignKey(IndicatorSet, models.PROTECT, related_name="versions", verbose_name=_("set"))
    number = models.PositiveIntegerField(_("version"))
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.DRAFT, editable=False)
    based_on = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="successors", verbose_name=_("based on")
    )
    note_fa = models.TextField(_("what is new (Persian)"), blank=True)
    note_en = models.TextField(_("what is new (English)"), blank=True)
    published_at = models.DateTimeField(_("published at"), null=True, editable=False)
    content_hash = models.CharField(max_length=64, blank=True, editable=False)  # SHA-256 of the canonical tree, set on publishing
    edition = models.PositiveIntegerField(default=1, editable=False)  # raised by every edit of the draft: the optimistic lock

    note = Bilingual("note")
    objects = SetVersionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("version of an indicator set"), _("versions of indicator sets")
        ordering = ["set", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["set", "number"], name="version_number_unique_in_set"),
            models.UniqueConstraint(fields=["set"], condition=Q(status="published"), name="one_published_version_a_set"),
            models.UniqueConstraint(fields=["set"], condition=Q(status="draft"), name="one_draft_version_a_set"),
            models.CheckConstraint(
                condition=Q(status="draft", published_at=None)
                | Q(status__in=["published", "retired"], published_at__isnull=False),
                name="version_published_exactly_when_dated",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="published_version_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__status__in=["published", "retired"]),
                func="""
                    IF TG_OP = 'UPDATE' AND OLD.status = 'published' AND NEW.status = 'retired'
                       AND (to_jsonb(NEW) - 'status') = (to_jsonb(OLD) - 'status') THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'a published version never changes' USING ERRCODE = 'check_violation';
                """,
            ),
            pgtrigger.Trigger(
                name="only_a_published_version_retires",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__status="retired"),
                func="""
                    IF TG_OP = 'INSERT' OR OLD.status = 'draft' THEN
                        RAISE EXCEPTION 'only a published version is retired' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="published_weights_sum_to_100",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__status="published"),
                func="""
                    IF EXISTS (SELECT 1 FROM assessments_indicator WHERE version_id = NEW.id
                               GROUP BY parent_id HAVING sum(weight) <> 100) THEN
                        RAISE EXCEPTION 'siblings must weigh 100 together' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NOT EXISTS (SELECT 1 FROM assessments_indicator WHERE version_id = NEW.id AND scale_id IS NOT NULL) THEN
                        RAISE EXCEPTION 'a published version has indicators' USING ERRCODE = 'check_violation';
                    END IF;
                    IF EXISTS (SELECT 1 FROM assessments_indicator d WHERE d.version_id = NEW.id AND d.scale_id IS NULL
                               AND NOT EXISTS (SELECT 1 FROM assessments_indicator c WHERE c.parent_id = d.id)) THEN
                        RAISE EXCEPTION 'a dimension has indicators' USING ERRCODE = 'check_violation';
                    END IF;
                    -- Only the secretariat's measurements carry a target.
                    IF EXISTS (SELECT 1 FROM assessments_indicator i JOIN assessments_scale s ON s.id = i.scale_id
                               WHERE i.version_id = NEW.id AND s.kind = 'ratio' AND i.rater <> 'secretariat') THEN
                        RAISE EXCEPTION 'a ratio is measured by the secretariat' USING ERRCODE = 'check_violation';
                    END IF;
                    -- A ring of dimensions would hang nowhere: every node is reached from the top.
                    IF (WITH RECURSIVE tree AS (
                            SELECT id FROM assessments_indicator WHERE version_id = NEW.id AND parent_id IS NULL
                            UNION SELECT c.id FROM assessments_indicator c JOIN tree ON c.parent_id = tree.id)
                        SELECT count(*) FROM tree)
                       <> (SELECT count(*) FROM assessments_indicator WHERE version_id = NEW.id) THEN
                        RAISE EXCEPTION 'every indicator hangs on the tree' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return _("%(set)s, version %(number)s") % {"set": self.set, "number": calendar.digits(self.number)}

    def get_absolute_url(self):
        return reverse("set_version", args=[self.set.code, self.number])


class SetVersionMove(Move):
    version = models.ForeignKey(SetVersion, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


@pghistory.track()
class Indicator(models.Model):
    """A node of a version's tree: a dimension (no scale, has children) or an indicator (has a scale, is a leaf)."""

    class Rater(models.TextChoices):
        EXPERT = "expert", _("assessors")
        SECRETARIAT = "secretariat", _("measured by the secretariat")

    version = models.ForeignKey(SetVersion, models.CASCADE, related_name="indicators", verbose_name=_("version"))
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children", verbose_name=_("dimension")
    )
    code = models.CharField(_("code"), max_length=20)
    title_fa = models.CharField(_("title (Persian)"), max_length=300)
    title_en = models.CharField(_("title (English)"), max_length=300, blank=True)
    guidance_fa = models.TextField(_("guidance (Persian)"), blank=True)
    guidance_en = models.TextField(_("guidance (English)"), blank=True)
    position = models.PositiveSmallIntegerField(_("order"), default=1)
    # Percent among its siblings; they sum to 100. Six decimals, so that thirds and sevenths lose nothing that is shown.
    weight = models.DecimalField(
        _("weight"), max_digits=9, decimal_places=6, validators=[MinValueValidator(0), MaxValueValidator(100)], default=0
    )
    scale = models.ForeignKey(Scale, models.PROTECT, null=True, blank=True, related_name="indicators", verbose_name=_("scale"))
    rater = models.CharField(_("who gives the value"), max_length=11, choices=Rater, default=Rater.EXPERT)
    allow_na = models.BooleanField(_("may be “not applicable”"), default=False)
    unit_fa = models.CharField(_("unit (Persian)"), max_length=30, blank=True)
    unit_en = models.CharField(_("unit (English)"), max_length=30, blank=True)
    # An eliminatory indicator: below this normalised value (0–100) no mark is granted, whatever the score.
    gate_least = models.DecimalField(
        _("gate: least value"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    # [{"title": "…", "url": "https://…"}, …]: where the indicator comes from; the address may be missing
    sources = models.JSONField(_("sources"), default=list, blank=True)

    title = Bilingual("title")
    guidance = Bilingual("guidance")
    unit = Bilingual("unit")

    class Meta:
        verbose_name, verbose_name_plural = _("indicator"), _("indicators")
        ordering = ["version", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["version", "code"], name="indicator_code_unique_in_version"),
            models.CheckConstraint(condition=Q(weight__gte=0, weight__lte=100), name="indicator_weight_within_0_100"),
            models.CheckConstraint(
                condition=Q(gate_least=None) | Q(gate_least__gte=0, gate_least__lte=100), name="gate_within_0_100"
            ),
            models.CheckConstraint(condition=Q(gate_least=None) | Q(scale__isnull=False), name="gate_only_on_a_leaf"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="indicator_not_its_own_parent"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="indicator_of_a_draft_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("i", "assessments_indicator%ROWTYPE"), ("state", "text")],
                func="""
                    IF TG_OP = 'DELETE' THEN i := OLD; ELSE i := NEW; END IF;
                    -- FOR SHARE: a draft cannot be published between this look and our commit.
                    SELECT status INTO state FROM assessments_setversion WHERE id = i.version_id FOR SHARE;
                    IF state <> 'draft' OR (TG_OP = 'UPDATE' AND OLD.version_id <> NEW.version_id) THEN
                        RAISE EXCEPTION 'indicators of a published version never change' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP <> 'DELETE' AND NEW.parent_id IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM assessments_indicator p
                        WHERE p.id = NEW.parent_id AND p.version_id = NEW.version_id AND p.scale_id IS NULL) THEN
                        RAISE EXCEPTION 'a parent is a dimension of the same version' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'UPDATE' AND NEW.scale_id IS NOT NULL
                       AND EXISTS (SELECT 1 FROM assessments_indicator c WHERE c.parent_id = NEW.id) THEN
                        RAISE EXCEPTION 'a node with children has no scale' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN i;
                """,
            )
        ]

    def __str__(self):
        return f"{self.code} {self.title}"

    @property
    def is_leaf(self):
        return self.scale_id is not None
