"""Exemplars: scored products held up to others, with what can be learnt of them, the evidence, and the agency's consent to every word."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from assessments.models import Indicator, Score
from assessments.rules import PUBLIC_ROUNDS
from products import rules
from products.models.marks import no_partial_vote
from products.models.submissions import Product, VersionFile
from secretariat.bilingual import Bilingual
from secretariat.models import Move, Resolution, User
from secretariat.rules import is_officer, represented_agencies, served_councils
from secretariat.text_columns import SearchColumn

# What everybody reads, in this order; each in both languages, of which the Persian is asked for.
TOLD = ("reason", "done", "worked", "needs", "begin")
WORDS = tuple(f"{stem}_{language}" for stem in TOLD for language in ("fa", "en"))
_PUBLIC = ", ".join(f"'{status}'" for status in PUBLIC_ROUNDS)
_DECIDED = ("product_id", "score_id", "score_value", "score_low", "score_high", "by_agency", "links", *WORDS)


def _row(of):
    return f"({', '.join(f'{of}.{name}' for name in _DECIDED)})"


class ExemplarQuerySet(models.QuerySet):
    def public(self):
        """Those that were ever published; of one that is no longer shown its page says so and nothing more."""
        return self.filter(published_at__isnull=False)

    def shown(self):
        """Those that everybody reads today."""
        return self.filter(status=rules.ExemplarStatus.PUBLISHED)

    def visible_to(self, user):
        """Nominations: officers all, an agency its own, a council those before it, its secretary also those ready for one."""
        if is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        shown = Q(product__agency__in=represented_agencies(user)) | Q(resolution__in=Resolution.objects.visible_to(user))
        if (served := served_councils(user)) is None or served:
            shown |= Q(status=rules.ExemplarStatus.READY)
        return self.filter(shown)


@pghistory.track()
class Exemplar(models.Model):
    """A product's nomination as an exemplar, from its first words to its end. Nothing of it is ever deleted."""

    Status = rules.ExemplarStatus
    MOVES = rules.EXEMPLAR_MOVES

    product = models.ForeignKey(Product, models.PROTECT, related_name="exemplars", verbose_name=_("product"))
    # The published total on the day of the nomination.
    score = models.ForeignKey(Score, models.PROTECT, related_name="exemplars", verbose_name=_("score"))
    score_value = models.FloatField(_("score"), editable=False)
    score_low = models.FloatField(null=True, editable=False)
    score_high = models.FloatField(null=True, editable=False)
    by_agency = models.BooleanField(_("nominated by its own agency"), default=False, editable=False)
    nominated_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    nominated_at = models.DateTimeField(_("nominated at"), auto_now_add=True)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.NOMINATED, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)  # raised by every save: the optimistic lock
    reason_fa = models.TextField(_("why it is an exemplar (Persian)"), blank=True)
    reason_en = models.TextField(_("why it is an exemplar (English)"), blank=True)
    done_fa = models.TextField(_("what was done (Persian)"), blank=True)
    done_en = models.TextField(_("what was done (English)"), blank=True)
    worked_fa = models.TextField(_("why it worked (Persian)"), blank=True)
    worked_en = models.TextField(_("why it worked (English)"), blank=True)
    needs_fa = models.TextField(_("what it takes (Persian)"), blank=True)
    needs_en = models.TextField(_("what it takes (English)"), blank=True)
    begin_fa = models.TextField(_("how to begin (Persian)"), blank=True)
    begin_en = models.TextField(_("how to begin (English)"), blank=True)
    links = models.JSONField(_("links"), default=list, blank=True)  # addresses, in order
    # Where it stands now; where it stood before, its moves tell.
    resolution = models.ForeignKey(
        Resolution, models.PROTECT, null=True, related_name="exemplars", verbose_name=_("resolution"), editable=False
    )
    published_at = models.DateTimeField(_("published at"), null=True, editable=False)
    search_key = SearchColumn("reason_fa", "reason_en", "done_fa", "done_en")

    reason = Bilingual("reason")
    done = Bilingual("done")
    worked = Bilingual("worked")
    needs = Bilingual("needs")
    begin = Bilingual("begin")
    objects = ExemplarQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("exemplar"), _("exemplars")
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["product"], condition=Q(status__in=rules.LIVING_EXEMPLARS), name="one_living_exemplar_a_product"
            ),
            models.CheckConstraint(
                name="exemplar_before_others_is_whole",
                condition=Q(status__in=["nominated", "refused", "withdrawn"])
                | ~(Q(reason_fa="") | Q(done_fa="") | Q(worked_fa="") | Q(needs_fa="") | Q(begin_fa="")),
            ),
            # Any other state than these is unknown.
            models.CheckConstraint(
                name="exemplar_has_what_its_state_asks",
                condition=Q(
                    status__in=["nominated", "asked", "ready", "refused", "withdrawn"], resolution=None, published_at=None
                )
                | Q(status="proposed", resolution__isnull=False, published_at=None)
                | Q(status__in=["published", "retired"], resolution__isnull=False, published_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["status", "-published_at"], name="exemplar_gallery")]
        triggers = [
            pgtrigger.Trigger(
                name="exemplar_rests_on_a_public_score",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=f"""
                    IF NOT EXISTS (
                        SELECT 1 FROM assessments_score sc JOIN assessments_entry e ON e.id = sc.entry_id
                        JOIN assessments_round r ON r.id = e.round_id JOIN products_product p ON p.subject_id = e.subject_id
                        WHERE sc.id = NEW.score_id AND p.id = NEW.product_id AND p.status = 'accepted' AND r.status IN ({_PUBLIC})
                          AND sc.part_id IS NULL AND sc.indicator_id IS NULL AND sc.value = NEW.score_value) THEN
                        RAISE EXCEPTION 'an exemplar rests on the published total of its own product' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="exemplar_stands_as_agreed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=f"""
                    IF (NEW.product_id, NEW.score_id, NEW.score_value, NEW.by_agency)
                       IS DISTINCT FROM (OLD.product_id, OLD.score_id, OLD.score_value, OLD.by_agency)
                       OR OLD.status <> 'nominated' AND {_row("NEW")} IS DISTINCT FROM {_row("OLD")} THEN
                        RAISE EXCEPTION 'what others have agreed to does not change' USING ERRCODE = 'check_violation';
                    END IF;
                    IF OLD.status IN ('retired', 'refused', 'withdrawn') AND NEW.status <> OLD.status THEN
                        RAISE EXCEPTION 'an ended exemplar does not come back' USING ERRCODE = 'check_violation';
                    END IF;
                    IF OLD.published_at IS NOT NULL AND NEW.published_at IS DISTINCT FROM OLD.published_at THEN
                        RAISE EXCEPTION 'the day of publication stays' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="exemplar_with_the_agencys_consent",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Q(new__status__in=["ready", "published"]),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM products_exemplarconsent c WHERE c.exemplar_id = NEW.id AND c.ended_at IS NULL) THEN
                        RAISE EXCEPTION 'nothing is published without its agency' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="exemplar_by_its_council",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status", "resolution_id"),
                func="""
                    IF NEW.resolution_id IS NOT NULL THEN
                        PERFORM 1 FROM secretariat_resolution r JOIN secretariat_council c ON c.id = r.council_id
                            WHERE r.id = NEW.resolution_id AND r.kind = 'exemplars' AND c.grants_marks FOR SHARE OF r;
                        IF NOT FOUND THEN
                            RAISE EXCEPTION 'exemplars are named by a resolution of a council that may' USING ERRCODE = 'check_violation';
                        END IF;
                    END IF;
                    IF NEW.status = 'published' AND (TG_OP = 'INSERT' OR OLD.status <> 'published') AND NOT EXISTS (
                        SELECT 1 FROM secretariat_resolution r WHERE r.id = NEW.resolution_id AND r.status = 'adopted'
                        AND TG_OP = 'UPDATE' AND OLD.status = 'proposed' AND OLD.resolution_id = NEW.resolution_id) THEN
                        RAISE EXCEPTION 'an exemplar is published by the adopted resolution before which it stood' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'UPDATE' AND OLD.status IN ('published', 'retired') AND NEW.resolution_id IS DISTINCT FROM OLD.resolution_id THEN
                        RAISE EXCEPTION 'an exemplar keeps its resolution' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="council_votes_on_the_exemplars_that_stand",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status", "resolution_id"),
                # Joined or left while voted on or afterwards, it would be named by a vote on something else.
                func="""
                    IF NEW.status = 'proposed' AND (TG_OP = 'INSERT' OR OLD.resolution_id IS DISTINCT FROM NEW.resolution_id)
                       AND (EXISTS (SELECT 1 FROM secretariat_ballot b WHERE b.resolution_id = NEW.resolution_id AND b.status <> 'void')
                            OR NOT EXISTS (SELECT 1 FROM secretariat_resolution r WHERE r.id = NEW.resolution_id AND r.status = 'draft')) THEN
                        RAISE EXCEPTION 'the council votes on what stands before it' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'UPDATE' AND OLD.status = 'proposed'
                       AND (OLD.resolution_id IS DISTINCT FROM NEW.resolution_id OR NEW.status <> 'proposed') THEN
                        PERFORM 1 FROM secretariat_resolution r WHERE r.id = OLD.resolution_id FOR SHARE;
                        IF EXISTS (SELECT 1 FROM secretariat_ballot b WHERE b.resolution_id = OLD.resolution_id
                                   AND (b.status IN ('open', 'tied')
                                        OR b.status = 'closed' AND NEW.status NOT IN ('published', 'nominated'))) THEN
                            RAISE EXCEPTION 'the council votes on what stands before it' USING ERRCODE = 'check_violation';
                        END IF;
                    END IF;
                    RETURN NEW;
                """,
            ),
            no_partial_vote("no_exemplar_on_a_partial_vote", before="proposed", decided="published"),
            pgtrigger.Protect(name="exemplar_never_disappears", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return self.product.title or str(_("Untitled"))

    def get_absolute_url(self):
        return reverse("exemplar_detail", args=[self.pk])

    @property
    def is_shown(self):
        return self.status == self.Status.PUBLISHED

    @property
    def is_editable(self):
        return self.status == self.Status.NOMINATED

    @property
    def consent(self):
        """The agency's consent that holds now; None before and afterwards."""
        return next((one for one in self.consents.all() if one.ended_at is None), None)

    def missing(self):
        """Names of what is still to be written before anybody is asked."""
        names = [self._meta.get_field(f"{stem}_fa").verbose_name for stem in TOLD if not getattr(self, f"{stem}_fa").strip()]
        return names if self.points.exists() else [_("in what it is an exemplar"), *names]


def _while_written(name, *, also=""):
    """A trigger: parts of a nomination change only while it is written; `also` is SQL for what may change even then."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF TG_OP = 'DELETE' THEN
                PERFORM 1 FROM products_exemplar x WHERE x.id = OLD.exemplar_id AND x.status = 'nominated' FOR SHARE;
            {also}
            ELSE
                PERFORM 1 FROM products_exemplar x WHERE x.id = NEW.exemplar_id AND x.status = 'nominated'
                    AND (TG_OP = 'INSERT' OR OLD.exemplar_id = NEW.exemplar_id) FOR SHARE;
            END IF;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'what others have agreed to does not change' USING ERRCODE = 'check_violation';
            END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        """,
    )


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ExemplarPoint(models.Model):
    """A dimension or indicator of the published sheet in which the product is an exemplar, with its score there."""

    exemplar = models.ForeignKey(Exemplar, models.PROTECT, related_name="points")
    score = models.ForeignKey(Score, models.PROTECT, related_name="+")
    dimension = models.ForeignKey(Indicator, models.PROTECT, related_name="+")  # the uppermost node over it, or itself
    position = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name, verbose_name_plural = _("in what it is an exemplar"), _("in what it is an exemplar")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["exemplar", "score"], name="point_once_in_an_exemplar"),
            models.UniqueConstraint(fields=["exemplar", "position"], name="one_point_a_place_in_an_exemplar"),
        ]
        triggers = [
            _while_written("points_stand_as_agreed"),
            pgtrigger.Trigger(
                name="point_of_the_same_published_run",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NOT EXISTS (SELECT 1 FROM products_exemplar x JOIN assessments_score t ON t.id = x.score_id
                                   JOIN assessments_score s ON s.run_id = t.run_id AND s.entry_id = t.entry_id
                                   WHERE x.id = NEW.exemplar_id AND s.id = NEW.score_id AND s.indicator_id IS NOT NULL
                                     AND s.value IS NOT NULL) THEN
                        RAISE EXCEPTION 'a point is a score of the same product in the same run' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return str(self.score.indicator)

    @property
    def is_dimension(self):
        return self.score.indicator.scale_id is None


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ExemplarFile(models.Model):
    """A file of the accepted submission chosen as evidence; never a copy. Everybody gets it where its agency has agreed."""

    exemplar = models.ForeignKey(Exemplar, models.PROTECT, related_name="files")
    place = models.ForeignKey(VersionFile, models.PROTECT, related_name="+")
    agreed = models.BooleanField(_("may be published"), null=True)  # null: not answered yet
    position = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name, verbose_name_plural = _("file of evidence"), _("files of evidence")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["exemplar", "place"], name="file_once_in_an_exemplar"),
            models.UniqueConstraint(fields=["exemplar", "position"], name="one_file_a_place_in_an_exemplar"),
        ]
        triggers = [
            _while_written(
                "files_stand_as_agreed",
                # The answer itself comes while the agency is asked.
                also="""ELSIF TG_OP = 'UPDATE' AND (NEW.exemplar_id, NEW.place_id, NEW.position) = (OLD.exemplar_id, OLD.place_id, OLD.position) THEN
                PERFORM 1 FROM products_exemplar x WHERE x.id = NEW.exemplar_id AND x.status IN ('nominated', 'asked') FOR SHARE;""",
            ),
            pgtrigger.Trigger(
                name="evidence_from_the_accepted_submission",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("place_id"),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM products_exemplar x JOIN products_submissionversion v ON v.product_id = x.product_id
                                   JOIN products_versionfile f ON f.version_id = v.id
                                   JOIN products_screening n ON n.version_id = v.id AND n.decision = 'accept'
                                   WHERE x.id = NEW.exemplar_id AND f.id = NEW.place_id) THEN
                        RAISE EXCEPTION 'evidence is of the accepted submission of the same product' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return str(self.place.file)


class ExemplarConsent(models.Model):
    """The agency's consent: to exactly these words and files, by whom, when; and when it ended and why. The row stays."""

    exemplar = models.ForeignKey(Exemplar, models.PROTECT, related_name="consents")
    words = models.JSONField()  # everything that is published, as it was shown
    words_hash = models.CharField(max_length=64)  # SHA-256 of the canonical JSON
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("given at"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    ended_why = models.TextField(_("why it ended"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("consent"), _("consents")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["exemplar"], condition=Q(ended_at=None), name="one_living_consent_an_exemplar"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, ended_why="") | Q(ended_at__gte=F("at")),
                name="consent_ends_after_it_was_given",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="consent_stays_as_given",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL
                       OR (NEW.exemplar_id, NEW.words, NEW.words_hash, NEW.by_id, NEW.at)
                          IS DISTINCT FROM (OLD.exemplar_id, OLD.words, OLD.words_hash, OLD.by_id, OLD.at) THEN
                        RAISE EXCEPTION 'a consent stays as it was given' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.ended_at IS NOT NULL AND EXISTS (
                        SELECT 1 FROM products_exemplar x WHERE x.id = NEW.exemplar_id AND x.status IN ('ready', 'published')) THEN
                        RAISE EXCEPTION 'what stands on a consent goes before it ends' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.exemplar_id}: {self.at:%Y-%m-%d}"


class ExemplarMove(Move):
    exemplar = models.ForeignKey(Exemplar, models.PROTECT, related_name="moves")
    # Of a step before a council: which resolution, and the seal of the words that it decides on.
    resolution = models.ForeignKey(Resolution, models.PROTECT, null=True, related_name="exemplar_moves")
    words_hash = models.CharField(max_length=64, blank=True)

    class Meta(Move.Meta):
        pass
