"""Users, the roles granted to them, and the invitations by which they come in."""

import pghistory
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from secretariat.bilingual import in_language
from secretariat.fields import MobileField
from secretariat.models.agencies import Agency, Unit
from secretariat.text_columns import NameColumn, SearchColumn, SortColumn


class PeopleQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see everybody; others see themselves and the representatives beside them."""
        from secretariat import rules

        if rules.is_officer(user):
            return self
        beside = RoleGrant.objects.current().filter(
            role=RoleGrant.Role.REPRESENTATIVE, agency__in=rules.represented_agencies(user)
        )
        return self.filter(Q(pk=user.pk) | Q(pk__in=beside.values("user")))


class PeopleManager(UserManager.from_queryset(PeopleQuerySet)):
    pass


@pghistory.track(exclude=["password", "last_login"])
class User(AbstractUser):
    """A person with an account; signs in by user name, e-mail address or mobile number."""

    class Language(models.TextChoices):
        FA = "fa", "فارسی"
        EN = "en", "English"

    email = models.EmailField(_("e-mail address"), null=True, blank=True)  # type: ignore[assignment]  # none is null: two without one are not the same
    mobile = MobileField(_("mobile number"), null=True, blank=True, unique=True)
    name_en = models.CharField(_("name in English"), max_length=150, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.FA)
    second_factor_required = models.BooleanField(_("second factor required"), default=False)
    # In a backup of the session table every session carries this number; raising it signs out everywhere.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    search_key = SearchColumn("first_name", "last_name", "name_en", "username")
    sort_key = SortColumn("last_name")
    name_key = NameColumn("first_name", "last_name")  # by which two people are taken for one
    name_en_key = NameColumn("name_en")

    objects = PeopleManager()

    class Meta:
        verbose_name, verbose_name_plural = _("person"), _("people")
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_name_unique_in_any_case",
                violation_error_message=_("Another account has this user name."),
            ),
            models.UniqueConstraint(
                Lower("email"), name="email_unique_in_any_case", violation_error_message=_("Another account has this e-mail address.")
            ),
            models.CheckConstraint(condition=~Q(email=""), name="no_email_is_null_not_empty"),
            models.CheckConstraint(
                condition=Q(mobile=None) | Q(mobile__regex=r"^\+989[0-9]{9}$"), name="mobile_in_international_form"
            ),
        ]
        indexes = [GinIndex(OpClass(F("search_key"), "gin_trgm_ops"), name="user_search_trgm")]

    def __str__(self):
        return self.display_name

    @property
    def display_name(self):
        return in_language(self.get_full_name(), self.name_en) or self.username

    def save(self, *args, **kwargs):
        self.email = self.email or None
        self.mobile = self.mobile or None
        super().save(*args, **kwargs)

    @cached_property
    def grants(self):
        """The roles in force now, read once a request."""
        return list(RoleGrant.objects.current().filter(user=self))

    @cached_property
    def places_now(self):
        """Seats in councils that this person holds now or stands in for, read once a request."""
        from secretariat.models.bodies import Seat

        return list(Seat.objects.in_office().of(self))

    @property
    def seats_now(self):
        """Those of them that are the person's own."""
        return [seat for seat in self.places_now if seat.user_id == self.pk]

    def has_role(self, *roles):
        return any(grant.role in roles for grant in self.grants)


class RoleGrantQuerySet(models.QuerySet):
    def current(self):
        now = timezone.now()
        return self.filter(Q(until=None) | Q(until__gt=now), since__lte=now)


@pghistory.track()
class RoleGrant(models.Model):
    """A role given to a person within one scope; never globally by accident: the scope is part of the role."""

    class Role(models.TextChoices):
        REPRESENTATIVE = "representative", _("agency representative")
        UNIT_OFFICER = "unit_officer", _("unit officer")
        COUNCIL_SECRETARY = "council_secretary", _("council secretary")
        OFFICER = "officer", _("secretariat officer")
        SECRETARY = "secretary", _("head of the secretariat")

    SECRETARIAT_ROLES = (Role.OFFICER, Role.SECRETARY)

    user = models.ForeignKey(User, models.CASCADE, related_name="role_grants", verbose_name=_("person"))
    role = models.CharField(_("role"), max_length=20, choices=Role)
    agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, blank=True, related_name="role_grants", verbose_name=_("agency")
    )
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="role_grants", verbose_name=_("unit"))
    council = models.ForeignKey(
        "secretariat.Council", models.PROTECT, null=True, blank=True, related_name="role_grants", verbose_name=_("council")
    )
    since = models.DateTimeField(_("since"), default=timezone.now)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=300, blank=True)
    granted_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("granted by")
    )

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("role"), _("roles")
        constraints = [
            models.CheckConstraint(
                name="role_has_exactly_its_scope",
                violation_error_message=_(
                    "A representative needs an agency, a unit officer a unit, a council secretary a council; the others need none."
                ),
                condition=Q(role="representative", agency__isnull=False, unit=None, council=None)
                | Q(role="unit_officer", unit__isnull=False, agency=None, council=None)
                | Q(role="council_secretary", council__isnull=False, agency=None, unit=None)
                | Q(role__in=["officer", "secretary"], agency=None, unit=None, council=None),
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")),
                name="role_ends_after_it_begins",
                violation_error_message=_("A role ends after it begins."),
            ),
            models.UniqueConstraint(
                fields=["user", "role", "agency", "unit", "council"],
                condition=Q(until=None),
                nulls_distinct=False,
                name="open_role_granted_once",
                violation_error_message=_("This person holds this role already."),
            ),
        ]

    def __str__(self):
        return f"{self.get_role_display()} – {self.agency or self.unit or self.council or _('secretariat')}"


class InvitationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see every invitation; representatives those to their own agency."""
        from secretariat import rules

        if rules.is_officer(user):
            return self
        return self.filter(agency__in=rules.represented_agencies(user))

    def open(self):
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())


@pghistory.track(exclude=["token_hash"])
class Invitation(models.Model):
    """A link sent by e-mail that makes its reader a representative of one agency, or an assessor; works once.

    Only the SHA-256 of the 256-bit token is kept.
    """

    class Purpose(models.TextChoices):
        REPRESENTATIVE = "representative", _("agency representative")
        ASSESSOR = "assessor", _("assessor")
        OFFICER = "officer", _("secretariat officer")

    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, blank=True, related_name="invitations", verbose_name=_("agency")
    )
    email = models.EmailField(_("e-mail address"))
    full_name = models.CharField(_("full name"), max_length=150)
    language = models.CharField(_("language of the letter"), max_length=2, choices=User.Language, default=User.Language.FA)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("invited by"))
    invited_at = models.DateTimeField(_("invited at"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires at"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("accepted by"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("invitation"), _("invitations")
        ordering = ["-invited_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose="representative", agency__isnull=False) | Q(purpose__in=["assessor", "officer"], agency=None),
                name="invitation_scope_fits_its_purpose",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, revoked_at=None),
                name="invitation_accepted_by_somebody_once",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("invited_at")), name="invitation_expires_after_it_is_sent"),
            models.UniqueConstraint(
                Lower("email"),
                "purpose",
                "agency",
                condition=Q(accepted_at=None, revoked_at=None),
                nulls_distinct=False,
                name="one_open_invitation_a_person_and_purpose",
            ),
        ]

    def __str__(self):
        return f"{self.full_name} <{self.email}>"

    @property
    def state(self):
        """One of accepted, revoked, expired, open."""
        if self.accepted_at:
            return "accepted"
        if self.revoked_at:
            return "revoked"
        return "open" if self.expires_at > timezone.now() else "expired"
