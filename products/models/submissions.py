"""What agencies submit: kinds with their own fields, products, their files and immutable submission versions."""

import pghistory
import pgtrigger
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_jalali.db.models import jManager

from assessments.blindness import judged_blind
from assessments.models import Assignment, IndicatorSet, Subject
from products import rules
from secretariat.bilingual import Bilingual
from secretariat.fields import JalaliDateField
from secretariat.models import Agency, Move, Unit, User
from secretariat.rules import is_officer, represented_agencies
from secretariat.storage import random_name
from secretariat.text_columns import SearchColumn, SortColumn


class ProductKind(models.Model):
    """A kind of product or activity: book, film, exhibition …, with the set that judges it."""

    class Group(models.TextChoices):
        PRODUCT = "product", _("product")
        ACTIVITY = "activity", _("activity")
        PLACE = "place", _("place")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    group = models.CharField(_("group"), max_length=10, choices=Group)
    title_fa = models.CharField(_("title (Persian)"), max_length=100)
    title_en = models.CharField(_("title (English)"), max_length=100)
    intro_fa = models.CharField(_("what belongs here (Persian)"), max_length=300, blank=True)
    intro_en = models.CharField(_("what belongs here (English)"), max_length=300, blank=True)
    indicator_set = models.ForeignKey(IndicatorSet, models.PROTECT, related_name="product_kinds", verbose_name=_("indicator set"))
    is_active = models.BooleanField(_("open for submission"), default=True)
    sort_key = SortColumn("title_fa")

    title = Bilingual("title")
    intro = Bilingual("intro")

    class Meta:
        verbose_name, verbose_name_plural = _("kind of product"), _("kinds of products")
        ordering = ["group", "sort_key", "pk"]
        constraints = [models.CheckConstraint(condition=Q(group__in=["product", "activity", "place"]), name="kind_group_known")]

    def __str__(self):
        return self.title


class KindField(models.Model):
    """A question asked only for products of one kind (ISBN, running time, age rating …)."""

    class Type(models.TextChoices):
        TEXT = "text", _("short text")
        LONG = "long", _("long text")
        NUMBER = "number", _("number")
        WHOLE = "whole", _("whole number")
        DATE = "date", _("date")
        CHOICE = "choice", _("choice")
        URL = "url", _("web address")
        ISBN = "isbn", _("ISBN")
        ISSN = "issn", _("ISSN")

    kind = models.ForeignKey(ProductKind, models.CASCADE, related_name="fields", verbose_name=_("kind"))
    key = models.SlugField(_("key"), max_length=40)
    label_fa = models.CharField(_("question (Persian)"), max_length=200)
    label_en = models.CharField(_("question (English)"), max_length=200)
    help_fa = models.CharField(_("help (Persian)"), max_length=300, blank=True)
    help_en = models.CharField(_("help (English)"), max_length=300, blank=True)
    type = models.CharField(_("type"), max_length=6, choices=Type, default=Type.TEXT)
    required = models.BooleanField(_("required"), default=False)
    # [{"value": "…", "fa": "…", "en": "…"}, …]
    choices = models.JSONField(_("choices"), default=list, blank=True)
    position = models.PositiveSmallIntegerField(_("order"), default=1)
    names_maker = models.BooleanField(
        _("tells who made it"), default=False, help_text=_("Hidden from the assessors of a blind round: publisher, producer …")
    )

    label = Bilingual("label")
    help = Bilingual("help")

    class Meta:
        verbose_name, verbose_name_plural = _("question of a kind"), _("questions of a kind")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="question_key_unique_in_kind"),
            models.CheckConstraint(
                condition=Q(type__in=["text", "long", "number", "whole", "date", "choice", "url", "isbn", "issn"]),
                name="question_type_known",
            ),
            models.CheckConstraint(condition=~Q(type="choice") | ~Q(choices=[]), name="choice_question_has_choices"),
        ]

    def __str__(self):
        return self.label


class ProductQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see what was ever submitted and more; an agency sees its own. The public page has its own door."""
        if is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(agency__in=represented_agencies(user))

    def public(self):
        """Products with a mark that was published."""
        return self.filter(marks__published_at__isnull=False).distinct()


class ProductManager(jManager.from_queryset(ProductQuerySet)):
    pass


# Every pause in typing saves the draft: only what changes a column that means something enters the history.
@pghistory.track(exclude=["draft", "version", "changed_at"])
class Product(models.Model):
    """A cultural product or activity that an agency puts up for the quality mark.

    While it is a draft or returned, the form's words are kept in `draft` exactly as typed, however
    wrong; the columns follow when they can be read. What was submitted lives in SubmissionVersion.
    """

    Status = rules.ProductStatus
    MOVES = rules.PRODUCT_MOVES

    class Audience(models.TextChoices):
        GENERAL = "general", _("general public")
        CHILDREN = "children", _("children and young people (under 18)")
        EXPERTS = "experts", _("experts and professionals")

    subject = models.OneToOneField(Subject, models.PROTECT, related_name="product")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="products", verbose_name=_("agency"))
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="products", verbose_name=_("unit"))
    kind = models.ForeignKey(ProductKind, models.PROTECT, related_name="products", verbose_name=_("kind"))
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    title_fa = models.CharField(_("title"), max_length=300, blank=True)
    title_en = models.CharField(_("title in English"), max_length=300, blank=True)
    summary = models.TextField(_("summary"), blank=True)
    audience = models.CharField(_("audience"), max_length=10, choices=Audience, default=Audience.GENERAL)
    starts_on = JalaliDateField(_("published or begun on"), null=True, blank=True)
    ends_on = JalaliDateField(_("ended on"), null=True, blank=True)
    details = models.JSONField(_("answers to the kind's questions"), default=dict, blank=True)
    draft = models.JSONField(default=dict, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)  # raised by every save: the optimistic lock
    is_demo = models.BooleanField(_("demonstration row"), default=False, editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    changed_at = models.DateTimeField(_("last change"), auto_now=True)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, editable=False)
    search_key = SearchColumn("title_fa", "title_en")
    sort_key = SortColumn("title_fa")
    title_key = SearchColumn("title_fa")  # what the search for overlaps compares

    title = Bilingual("title")
    objects = ProductManager()

    class Meta:
        verbose_name, verbose_name_plural = _("product"), _("products")
        ordering = ["-changed_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=rules.ProductStatus.values), name="product_status_known"),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "withdrawn"]) | (Q(submitted_at__isnull=False) & ~Q(title_fa="")),
                name="submitted_product_has_title_and_time",
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="product_ends_after_it_begins",
            ),
        ]
        indexes = [
            GinIndex(OpClass(F("search_key"), "gin_trgm_ops"), name="product_search_trgm"),
            GinIndex(OpClass(F("title_key"), "gin_trgm_ops"), name="product_title_trgm"),
            models.Index(fields=["status", "-submitted_at"], name="product_queue"),
            models.Index(fields=["agency", "-changed_at"], name="product_of_agency"),
            models.Index(fields=["-changed_at"], name="product_recent"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="subject_and_product_share_their_agency",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("agency_id", "subject_id"),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM assessments_subject s
                                   WHERE s.id = NEW.subject_id AND s.agency_id = NEW.agency_id AND s.kind = 'product') THEN
                        RAISE EXCEPTION 'a product and its subject belong to one agency' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return self.title or str(_("Untitled"))

    def get_absolute_url(self):
        return reverse("product_detail", args=[self.pk])

    @property
    def is_editable(self):
        return self.status in rules.EDITABLE


class ProductMove(Move):
    product = models.ForeignKey(Product, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


def _where(instance, filename):
    return random_name("products", instance.extension)


class ProductFileQuerySet(models.QuerySet):
    def attached(self):
        return self.filter(removed_at=None)

    def visible_to(self, user):
        """Officers, the agency itself, for what was handed in the assessors who took the product on, and a council before which it is.

        Who may not know the maker gets the nameless copy (see `product_file`), so what has none, or is kept back, is not his.
        """
        from products.models.council_readers import files_read_with_council

        if is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        judged = Assignment.objects.filter(assessor__user=user, status__in=("accepted", "submitted"))
        handed_in = Q(product__subject__in=judged.values("entry__subject"), pk__in=VersionFile.objects.values("file"))
        nameless = ~Q(product__subject__in=judged_blind(user).values("entry__subject")) | Q(nameless__status="ready", nameless__hidden_why="")
        own = Q(product__agency__in=represented_agencies(user))
        return self.filter(own | (handed_in & nameless) | files_read_with_council(user))


class ProductFile(models.Model):
    """A private file of a product. Removed from the draft it is only hidden: earlier versions still hold it."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="files")
    file = models.FileField(upload_to=_where, max_length=200)
    name = models.CharField(_("name"), max_length=200)  # as the agency called it, cleaned; never used as a path
    extension = models.CharField(max_length=10)  # by content, not by the name
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    note = models.CharField(_("what it is"), max_length=200, blank=True)
    uploaded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    objects = ProductFileQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("file"), _("files")
        ordering = ["uploaded_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["product", "sha256"], condition=Q(removed_at=None), name="file_once_in_a_product"),
            models.CheckConstraint(condition=Q(size__gt=0), name="file_not_empty"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="file_stays_as_uploaded",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF (NEW.product_id, NEW.file, NEW.name, NEW.extension, NEW.content_type, NEW.size, NEW.sha256, NEW.uploaded_by_id)
                       IS DISTINCT FROM
                       (OLD.product_id, OLD.file, OLD.name, OLD.extension, OLD.content_type, OLD.size, OLD.sha256, OLD.uploaded_by_id) THEN
                        RAISE EXCEPTION 'an uploaded file does not change' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return self.name


class SubmissionVersion(models.Model):
    """What was handed in, word for word, at one submission. Never changes; a correction is the next version."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField()  # every answer with its label, creators, links, files with their hashes
    content_hash = models.CharField(max_length=64)  # SHA-256 of the canonical JSON
    files = models.ManyToManyField(ProductFile, through="VersionFile", related_name="versions")
    submitted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("submission version"), _("submission versions")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["product", "number"], name="submission_number_unique_in_product")]
        triggers = [pgtrigger.Protect(name="submission_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.product_id}/{self.number}"


class VersionFile(models.Model):
    """A file's place in a submission version; its number is all that an assessor of a blind round reads of its name."""

    version = models.ForeignKey(SubmissionVersion, models.PROTECT, related_name="placed_files")
    file = models.ForeignKey(ProductFile, models.PROTECT, related_name="places")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "file"], name="file_once_in_a_version"),
            models.UniqueConstraint(fields=["version", "position"], name="one_file_a_place_in_a_version"),
        ]
        triggers = [
            pgtrigger.Protect(name="submitted_files_stay", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="file_and_version_share_their_product",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (SELECT 1 FROM products_productfile f JOIN products_submissionversion v ON v.product_id = f.product_id
                                   WHERE f.id = NEW.file_id AND v.id = NEW.version_id) THEN
                        RAISE EXCEPTION 'a version holds only files of its own product' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.version_id}: {self.position}"


class Creator(models.Model):
    """A person who made the product, as in the last submission."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="creators")
    name = models.CharField(_("name"), max_length=150)
    role = models.CharField(_("part in the work"), max_length=100, blank=True)
    position = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name, verbose_name_plural = _("creator"), _("creators")
        ordering = ["position", "pk"]

    def __str__(self):
        return self.name


class Screening(models.Model):
    """An officer's check of one submission version: the checklist and, when returned, a reason for each field."""

    class Decision(models.TextChoices):
        ACCEPT = "accept", _("accepted")
        RETURN = "return", _("returned")
        REFUSE = "refuse", _("not accepted")

    version = models.OneToOneField(SubmissionVersion, models.PROTECT, related_name="screening")
    decision = models.CharField(max_length=6, choices=Decision)
    checklist = models.JSONField(default=dict)  # {item code: "yes" | "no" | "not_needed"}
    field_reasons = models.JSONField(default=dict)  # {form field: what must be corrected}
    note = models.TextField(blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("screening"), _("screenings")
        constraints = [
            models.CheckConstraint(condition=Q(decision__in=["accept", "return", "refuse"]), name="screening_decision_known"),
            # What is sent back or refused says why.
            models.CheckConstraint(
                condition=Q(decision="accept") | ~Q(note="") | (Q(decision="return") & ~Q(field_reasons={})),
                name="screening_gives_its_reasons",
            ),
            models.CheckConstraint(condition=~Q(decision="accept") | Q(field_reasons={}), name="accepted_without_reservations"),
        ]
        triggers = [pgtrigger.Protect(name="screening_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.version}: {self.decision}"


class OverlapQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; who submitted sees it at once, the other agency when something was decided."""
        if is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        mine = represented_agencies(user)
        return self.filter(Q(product__agency__in=mine) | (Q(other__agency__in=mine) & ~Q(decision="open")))

    def touching(self, product_id):
        """Those of which a product is either side."""
        return self.filter(Q(product=product_id) | Q(other=product_id))

    def waiting(self):
        """Those still to be decided; where one side is gone there is nothing to decide."""
        return self.filter(decision="open").exclude(product__status__in=rules.GONE).exclude(other__status__in=rules.GONE)


@pghistory.track()
class Overlap(models.Model):
    """A likely overlap with another agency's product, shown to submitter and staff, resolved with a reason.

    `product` is the one whose submission brought it to light, `other` what was there before; a pair is one row.
    """

    class Decision(models.TextChoices):
        OPEN = "open", _("not decided")
        DISTINCT = "distinct", _("distinct work")
        COOPERATE = "cooperate", _("to be done together")
        DUPLICATE = "duplicate", _("duplicate")

    product = models.ForeignKey(Product, models.CASCADE, related_name="overlaps")
    other = models.ForeignKey(Product, models.CASCADE, related_name="overlapped_by")
    similarity = models.FloatField(_("likeness"))  # 0–1, weighted over title, kind, audience and period
    reasons = models.JSONField(default=dict)  # {"title": 0.81, "kind": 1, "audience": 1, "period": 0.5}
    decision = models.CharField(_("decision"), max_length=10, choices=Decision, default=Decision.OPEN)
    decision_reason = models.TextField(_("reason"), blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField(_("found at"), auto_now_add=True)

    objects = OverlapQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("overlap"), _("overlaps")
        ordering = ["-similarity", "pk"]
        constraints = [
            models.UniqueConstraint(Least("product", "other"), Greatest("product", "other"), name="overlap_named_once"),
            models.CheckConstraint(
                condition=Q(decision__in=["open", "distinct", "cooperate", "duplicate"]), name="overlap_decision_known"
            ),
            models.CheckConstraint(condition=~Q(product=F("other")), name="overlap_with_another"),
            models.CheckConstraint(condition=Q(similarity__gte=0, similarity__lte=1), name="likeness_is_a_share"),
            models.CheckConstraint(
                condition=Q(decision="open", decided_at=None)
                | (~Q(decision="open") & Q(decided_at__isnull=False) & ~Q(decision_reason="")),
                name="overlap_decided_with_a_reason",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="overlap_joins_two_agencies",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("product_id", "other_id"),
                func="""
                    IF EXISTS (SELECT 1 FROM products_product a JOIN products_product b ON a.agency_id = b.agency_id
                               WHERE a.id = NEW.product_id AND b.id = NEW.other_id) THEN
                        RAISE EXCEPTION 'an overlap is between products of two agencies' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return f"{self.product_id} ~ {self.other_id}"

    def get_absolute_url(self):
        return reverse("overlap_detail", args=[self.pk])
