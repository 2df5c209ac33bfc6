"""Bodies that meet and decide: councils, by which rules they vote, and who sits in them from when until when."""

from datetime import timedelta
from fractions import Fraction

import pghistory
import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Exists, F, Func, OuterRef, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_jalali.db.models import jManager

from secretariat import calendar, rules
from secretariat.bilingual import Bilingual
from secretariat.fields import JalaliDateField
from secretariat.models.people import User
from secretariat.rules.voting import VotingRule
from secretariat.text_columns import SortColumn


class _DateSpan(Func):
    function = "DATERANGE"
    output_field = DateRangeField()


class CouncilQuerySet(models.QuerySet):
    def served_by(self, user):
        """Those whose papers `user` keeps."""
        served = rules.served_councils(user)
        return self if served is None else self.filter(pk__in=served)


@pghistory.track()
class Council(models.Model):
    """A body that meets and decides: council, committee, headquarters, commission, working group."""

    class Kind(models.TextChoices):
        POLICY = "policy", _("policy council")
        SCIENTIFIC = "scientific", _("scientific committee")
        EXECUTIVE = "executive", _("executive headquarters")
        COMMISSION = "commission", _("commission")
        WORKING_GROUP = "working_group", _("working group")

    kind = models.CharField(_("kind"), max_length=15, choices=Kind)
    name_fa = models.CharField(_("name (Persian)"), max_length=200, unique=True)
    name_en = models.CharField(_("name (English)"), max_length=200)
    mandate_fa = models.TextField(_("mandate (Persian)"), blank=True)
    mandate_en = models.TextField(_("mandate (English)"), blank=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("under"))
    grants_marks = models.BooleanField(_("may grant quality marks"), default=False)
    minutes_by_chair = models.BooleanField(
        _("the chair approves minutes"),
        default=False,
        help_text=_("Otherwise a later meeting approves them by a resolution."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    sort_key = SortColumn("name_fa")

    name = Bilingual("name")
    mandate = Bilingual("mandate")
    objects = CouncilQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("council"), _("councils")
        ordering = ["sort_key", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(parent=F("id")),
                name="council_not_its_own_parent",
                violation_error_message=_("A council cannot stand under itself."),
            ),
        ]

    def __str__(self):
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class DecisionRule(models.Model):
    """How a council takes one kind of decision; kinds without a row follow its general one."""

    class Of(models.TextChoices):
        ALL = "all", _("of all seats")
        PRESENT = "present", _("of those present")
        VOTES = "votes", _("of the votes for and against")

    council = models.ForeignKey(Council, models.CASCADE, related_name="decision_rules", verbose_name=_("council"))
    decision = models.CharField(_("kind of decision"), max_length=16, choices=rules.Decision, default=rules.Decision.GENERAL)
    # Two thirds are two over three, which no percentage is.
    quorum_over = models.PositiveSmallIntegerField(_("quorum"), default=2)
    quorum_under = models.PositiveSmallIntegerField(_("quorum: out of"), default=3)
    share_over = models.PositiveSmallIntegerField(_("majority"), default=1)
    share_under = models.PositiveSmallIntegerField(_("majority: out of"), default=2)
    is_strict = models.BooleanField(_("more than that"), default=True, help_text=_("Otherwise exactly so many are enough."))
    of = models.CharField(_("counted"), max_length=7, choices=Of, default=Of.VOTES)
    is_secret = models.BooleanField(_("secret ballot"), default=False)
    casting = models.BooleanField(_("at equal votes the chair decides"), default=True)

    class Meta:
        verbose_name, verbose_name_plural = _("rule of voting"), _("rules of voting")
        ordering = ["council", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["council", "decision"],
                name="one_rule_for_a_kind_of_decision",
                violation_error_message=_("The council already has a rule for this kind of decision."),
            ),
            models.CheckConstraint(
                condition=Q(quorum_over__gt=0, quorum_over__lte=F("quorum_under")),
                name="quorum_is_a_share_of_the_seats",
                violation_error_message=_("The quorum is a part of the seats: more than none, at most all."),
            ),
            models.CheckConstraint(
                condition=Q(share_over__gt=0, share_over__lt=F("share_under"))
                | Q(share_over__gt=0, share_over=F("share_under"), is_strict=False),
                name="majority_can_be_reached",
                violation_error_message=_("A majority is a part of the whole; more than all cannot be asked."),
            ),
            models.CheckConstraint(condition=Q(of__in=["all", "present", "votes"]), name="majority_counted_in_a_known_way"),
            models.CheckConstraint(condition=Q(decision__in=rules.Decision.values), name="rule_for_a_known_kind_of_decision"),
        ]

    def __str__(self):
        return self.get_decision_display()

    @property
    def rule(self):
        """The same as plain fractions."""
        return rule_of(self)


# What a rule says, as columns; a ballot keeps them as they were when it opened.
RULE_COLUMNS = ("quorum_over", "quorum_under", "share_over", "share_under", "is_strict", "of", "is_secret", "casting")


def rule_of(row):
    """The VotingRule that the columns of a row say."""
    return VotingRule(
        quorum=Fraction(row.quorum_over, row.quorum_under),
        share=Fraction(row.share_over, row.share_under),
        strict=row.is_strict,
        of=row.of,
        casting=row.casting,
        secret=row.is_secret,
    )


def columns_of(rule):
    """A VotingRule as the columns of a row."""
    return {
        "quorum_over": rule.quorum.numerator,
        "quorum_under": rule.quorum.denominator,
        "share_over": rule.share.numerator,
        "share_under": rule.share.denominator,
        "is_strict": rule.strict,
        "of": rule.of,
        "is_secret": rule.secret,
        "casting": rule.casting,
    }


class SeatQuerySet(models.QuerySet):
    def on(self, day):
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day)

    def current(self):
        return self.on(timezone.localdate())

    def in_office(self):
        """In force today; and those that ended at midnight while their council sat, until that session is over."""
        yesterday = timezone.localdate() - timedelta(days=1)
        sitting = Council.objects.filter(
            pk=OuterRef("council"), meetings__status=rules.MeetingStatus.IN_SESSION, meetings__starts_at__date=yesterday
        )
        return self.filter(Q(pk__in=self.current()) | Q(Exists(sitting), starts_on__lte=yesterday, ends_on=yesterday))

    def voting(self):
        return self.exclude(role=Seat.Role.OBSERVER)

    def of(self, user):
        """Those that `user` holds or stands in for."""
        return self.filter(Q(user=user) | Q(deputy=user))


class SeatManager(jManager.from_queryset(SeatQuerySet)):
    pass


@pghistory.track()
class Seat(models.Model):
    """A person's term in a council. The last day of a term belongs to it."""

    class Role(models.TextChoices):
        CHAIR = "chair", _("chair")
        SECRETARY = "secretary", _("secretary")
        MEMBER = "member", _("member")
        OBSERVER = "observer", _("observer (no vote)")

    council = models.ForeignKey(Council, models.PROTECT, related_name="seats", verbose_name=_("council"))
    user = models.ForeignKey(User, models.PROTECT, related_name="seats", verbose_name=_("person"))
    deputy = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deputised_seats",
        verbose_name=_("deputy"),
        help_text=_("Attends and votes for this seat when its holder is not there."),
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    starts_on = JalaliDateField(_("from"))
    ends_on = JalaliDateField(_("until"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended early"), max_length=300, blank=True)

    objects = SeatManager()

    class Meta:
        verbose_name, verbose_name_plural = _("seat"), _("seats")
        ordering = ["council", "role", "user__sort_key", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="seat_ends_after_it_begins",
                violation_error_message=_("A term ends after it begins."),
            ),
            models.CheckConstraint(
                condition=Q(deputy=None) | ~Q(deputy=F("user")),
                name="deputy_is_somebody_else",
                violation_error_message=_("Nobody is the own deputy."),
            ),
            ExclusionConstraint(
                name="one_seat_a_person_at_a_time",
                violation_error_message=_("This person already holds a seat in this council at that time."),
                expressions=[
                    (F("council"), RangeOperators.EQUAL),
                    (F("user"), RangeOperators.EQUAL),
                    (_DateSpan("starts_on", "ends_on", RangeBoundary(True, True)), RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="one_chair_at_a_time",
                violation_error_message=_("The council already has a chair at that time."),
                expressions=[
                    (F("council"), RangeOperators.EQUAL),
                    (_DateSpan("starts_on", "ends_on", RangeBoundary(True, True)), RangeOperators.OVERLAPS),
                ],
                condition=Q(role="chair"),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="seat_keeps_what_it_sat_through",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                # What was voted and who was there stands under the seat: the seat of then must not become another one.
                func="""
                    IF EXISTS (
                        SELECT 1 FROM secretariat_presence p JOIN secretariat_attendance a ON a.id = p.attendance_id
                        JOIN secretariat_meeting m ON m.id = a.meeting_id
                        WHERE a.seat_id = OLD.id AND (
                            (NEW.council_id, NEW.user_id, NEW.role) IS DISTINCT FROM (OLD.council_id, OLD.user_id, OLD.role)
                            OR (m.starts_at AT TIME ZONE 'Asia/Tehran')::date < NEW.starts_on
                            OR (m.starts_at AT TIME ZONE 'Asia/Tehran')::date > NEW.ends_on)) THEN
                        RAISE EXCEPTION 'a seat that has attended a meeting stays what it was there' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.deputy_id IS DISTINCT FROM OLD.deputy_id AND EXISTS (
                        SELECT 1 FROM secretariat_presence p JOIN secretariat_attendance a ON a.id = p.attendance_id
                        WHERE a.seat_id = OLD.id AND p.left_at IS NULL AND p.user_id = OLD.deputy_id) THEN
                        RAISE EXCEPTION 'the deputy sits there at this moment' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return f"{self.user} – {self.get_role_display()}"

    def clean(self):
        """What the trigger refuses, in words and beside the field."""
        sat = self.attendances.filter(presences__isnull=False) if self.pk else None
        if sat is None or not sat.exists():
            return
        was, wrong = Seat.objects.get(pk=self.pk), {}
        if self.role != was.role:
            wrong["role"] = _("This seat has attended meetings. End the term, and begin another one with the new role.")
        if self.user_id != was.user_id:
            wrong["user"] = _("This seat has attended meetings. End the term, and give the next person a seat of the own.")
        if self.starts_on and sat.filter(meeting__starts_at__date__lt=calendar.day_of(self.starts_on)).exists():
            wrong["starts_on"] = _("This person has attended a meeting before that day.")
        if self.ends_on and sat.filter(meeting__starts_at__date__gt=calendar.day_of(self.ends_on)).exists():
            wrong["ends_on"] = _("This person has attended a meeting after that day.")
        if self.deputy_id != was.deputy_id and sat.filter(presences__left_at=None, presences__user=was.deputy_id).exists():
            wrong["deputy"] = _("The deputy sits at a meeting at this moment: record first that this person has left.")
        if wrong:
            raise ValidationError(wrong)

    @classmethod
    def in_order(cls):
        """What sorts seats by their role, the chair first."""
        return Case(*(When(role=role, then=place) for place, role in enumerate(cls.Role)))

    @property
    def votes(self):
        return self.role != self.Role.OBSERVER
