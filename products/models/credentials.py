"""The signed credentials of marks and the keys that sign them."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import IsNull
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from products.models.marks import QualityMark


class SigningKeyQuerySet(models.QuerySet):
    def current(self):
        return self.filter(retired_at=None)

    def trusted(self):
        """Those by which a signature still proves something: the current one, and retired ones that nobody else ever held."""
        return self.filter(compromised_at=None)


class SigningKey(models.Model):
    """A key of the secretariat. Its private half lives only while it signs; the public half stays for ever."""

    kid = models.CharField(max_length=40, unique=True)
    public_jwk = models.JSONField()
    sealed = models.TextField(blank=True)  # the private half, encrypted under SECRET_KEY
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    retired_at = models.DateTimeField(_("retired at"), null=True)
    compromised_at = models.DateTimeField(_("withdrawn at"), null=True)
    why = models.CharField(max_length=300, blank=True)  # why it was withdrawn

    objects = SigningKeyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("signing key"), _("signing keys")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(IsNull(F("retired_at"), True), condition=Q(retired_at=None), name="one_current_signing_key"),
            models.CheckConstraint(
                condition=Q(retired_at=None) & ~Q(sealed="") | Q(retired_at__isnull=False, sealed=""),
                name="only_the_current_key_can_sign",
            ),
            models.CheckConstraint(
                condition=Q(compromised_at=None, why="")
                | Q(retired_at__isnull=False) & Q(compromised_at__isnull=False) & ~Q(why=""),
                name="withdrawn_key_is_retired_and_says_why",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="signing_key_stays_itself",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF (NEW.kid, NEW.public_jwk, NEW.created_at) IS DISTINCT FROM (OLD.kid, OLD.public_jwk, OLD.created_at)
                       OR (OLD.retired_at IS NOT NULL AND NEW.retired_at IS DISTINCT FROM OLD.retired_at)
                       OR (OLD.compromised_at IS NOT NULL
                           AND (NEW.compromised_at, NEW.why) IS DISTINCT FROM (OLD.compromised_at, OLD.why)) THEN
                        RAISE EXCEPTION 'a signing key stays what it is and does not come back' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="signing_key_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return self.kid


class MarkCredential(models.Model):
    """A mark's credential as it was signed: kept, so that everybody reads the same file."""

    mark = models.ForeignKey(QualityMark, models.PROTECT, related_name="credentials")
    key = models.ForeignKey(SigningKey, models.PROTECT, related_name="credentials")
    jwt = models.TextField()
    issued_at = models.DateTimeField(_("issued at"), auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("credential of a mark"), _("credentials of marks")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["mark", "key"], name="credential_once_a_mark_and_key")]
        triggers = [
            pgtrigger.Trigger(
                name="credential_of_a_public_mark_by_the_current_key",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (SELECT 1 FROM products_qualitymark m WHERE m.id = NEW.mark_id AND m.published_at IS NOT NULL) THEN
                        RAISE EXCEPTION 'only a published mark has a credential' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NOT EXISTS (SELECT 1 FROM products_signingkey k WHERE k.id = NEW.key_id AND k.retired_at IS NULL) THEN
                        RAISE EXCEPTION 'only the current key signs' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="credential_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.mark} · {self.key}"
