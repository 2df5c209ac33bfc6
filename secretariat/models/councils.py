"""Councils and how they decide: seats with terms, meetings, attendance, votes, numbered resolutions."""

from decimal import Decimal

import pghistory
import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_jalali.db.models import jManager

from secretariat import calendar, rules
from secretariat.bilingual import Bilingual
from secretariat.fields import JalaliDateField
from secretariat.models.moves import Move
from secretariat.models.people import User
from secretariat.text_columns import SortColumn

# The day on which a meeting is held where it is held.
_DAY_OF_MEETING = "(m.starts_at AT TIME ZONE 'Asia/Tehran')::date"


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
    quorum_percent = models.DecimalField(
        _("quorum"),
        max_digits=5,
        decimal_places=2,
        default=Decimal("66.66"),
        help_text=_("Percent of the seats in force that must be present for a resolution to be valid."),
    )
    grants_marks = models.BooleanField(_("may grant quality marks"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    sort_key = SortColumn("name_fa")

    name = Bilingual("name")
    mandate = Bilingual("mandate")
    objects = CouncilQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("council"), _("councils")
        ordering = ["sort_key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quorum_percent__gt=0, quorum_percent__lte=100),
                name="quorum_is_a_percentage",
                violation_error_message=_("The quorum is a percentage: more than 0, at most 100."),
            ),
            models.CheckConstraint(
                condition=~Q(parent=F("id")),
                name="council_not_its_own_parent",
                violation_error_message=_("A council cannot stand under itself."),
            ),
        ]

    def __str__(self):
        return self.name


class SeatQuerySet(models.QuerySet):
    def on(self, day):
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day)

    def current(self):
        return self.on(timezone.localdate())


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
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    starts_on = JalaliDateField(_("from"))
    ends_on = JalaliDateField(_("until"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended early"), max_length=300, blank=True)

    objects = SeatManager()

    class Meta:
        verbose_name, verbose_name_plural = _("seat"), _("seats")
        ordering = ["council", "role", "user__sort_key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="seat_ends_after_it_begins",
                violation_error_message=_("A term ends after it begins."),
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

    def __str__(self):
        return f"{self.user} – {self.get_role_display()}"

    @property
    def votes(self):
        return self.role != self.Role.OBSERVER


@pghistory.track()
class Meeting(models.Model):
    """A council's meeting: when, where, who came, what was on the table."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        HELD = "held", _("held")
        CANCELLED = "cancelled", _("cancelled")

    council = models.ForeignKey(Council, models.PROTECT, related_name="meetings", verbose_name=_("council"))
    number = models.PositiveIntegerField(_("number"), validators=[MinValueValidator(1)])
    starts_at = models.DateTimeField(_("time"))
    place = models.CharField(_("place"), max_length=200, blank=True)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.PLANNED)
    minutes = models.TextField(_("minutes"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("meeting"), _("meetings")
        ordering = ["-starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["council", "number"],
                name="meeting_number_unique_in_council",
                violation_error_message=_("The council already has a meeting of this number."),
            ),
            models.CheckConstraint(condition=Q(number__gt=0), name="meeting_number_positive"),
        ]

    def __str__(self):
        return _("%(council)s, meeting %(number)s") % {"council": self.council, "number": calendar.digits(self.number)}

    @property
    def day(self):
        """The day on which it is held, in Tehran."""
        return timezone.localdate(self.starts_at)


class AgendaItem(models.Model):
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="agenda", verbose_name=_("meeting"))
    position = models.PositiveSmallIntegerField(_("order"), default=1)
    title = models.CharField(_("title"), max_length=300)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("agenda item"), _("agenda")
        ordering = ["position", "pk"]

    def __str__(self):
        return self.title


class Attendance(models.Model):
    """Who of the seats was present at a meeting."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="attendances", verbose_name=_("meeting"))
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="attendances", verbose_name=_("seat"))
    present = models.BooleanField(_("present"), default=True)

    class Meta:
        verbose_name, verbose_name_plural = _("attendance"), _("attendances")
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "seat"],
                name="seat_attends_a_meeting_once",
                violation_error_message=_("This person is already on the list of this meeting."),
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="seat_of_the_council_on_that_day",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("meeting_id", "seat_id"),
                func=f"""
                    IF NOT EXISTS (SELECT 1 FROM secretariat_meeting m JOIN secretariat_seat s ON s.council_id = m.council_id
                                   WHERE m.id = NEW.meeting_id AND s.id = NEW.seat_id
                                     AND s.starts_on <= {_DAY_OF_MEETING}
                                     AND (s.ends_on IS NULL OR s.ends_on >= {_DAY_OF_MEETING})) THEN
                        RAISE EXCEPTION 'only a seat of the council in force on the day attends' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="who_voted_was_present",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF OLD.present AND (TG_OP = 'DELETE' OR NOT NEW.present OR NEW.seat_id <> OLD.seat_id
                                        OR NEW.meeting_id <> OLD.meeting_id)
                       AND EXISTS (SELECT 1 FROM secretariat_vote v JOIN secretariat_resolution r ON r.id = v.resolution_id
                                   WHERE r.meeting_id = OLD.meeting_id AND v.seat_id = OLD.seat_id) THEN
                        RAISE EXCEPTION 'who voted at a meeting was present' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return str(self.seat)


class ResolutionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; members of a council its own; who keeps its papers too."""
        if rules.is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        councils = {seat.council_id for seat in user.seats_now} | set(rules.served_councils(user) or ())
        return self.filter(council__in=councils)


@pghistory.track()
class Resolution(models.Model):
    """What a council decided. Once decided its words, votes and number never change; only a later one corrects it."""

    Status = rules.ResolutionStatus
    MOVES = rules.RESOLUTION_MOVES

    class Kind(models.TextChoices):
        GRANT_MARKS = "grant_marks", _("grant of quality marks")
        GENERAL = "general", _("general")

    council = models.ForeignKey(Council, models.PROTECT, related_name="resolutions", verbose_name=_("council"))
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="resolutions", verbose_name=_("meeting"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.GENERAL)
    # "1404/3" within its council; given on adoption, without gaps.
    year = models.PositiveSmallIntegerField(_("Jalali year"), null=True, blank=True, editable=False)
    number = models.PositiveIntegerField(_("number"), null=True, blank=True, editable=False)
    title = models.CharField(_("title"), max_length=300)
    text = models.TextField(_("text"))
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    adopted_at = models.DateTimeField(_("adopted at"), null=True, blank=True, editable=False)
    seats_in_force = models.PositiveSmallIntegerField(_("seats in force"), null=True, editable=False)
    seats_present = models.PositiveSmallIntegerField(_("seats present"), null=True, editable=False)

    objects = ResolutionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("resolution"), _("resolutions")
        ordering = ["-adopted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["council", "year", "number"], name="resolution_number_unique_in_council_and_year"),
            models.CheckConstraint(
                name="adopted_exactly_when_numbered",
                condition=Q(
                    status="adopted",
                    number__isnull=False,
                    year__isnull=False,
                    adopted_at__isnull=False,
                    seats_present__isnull=False,
                    seats_in_force__isnull=False,
                )
                | Q(status__in=["draft", "rejected"], number=None, adopted_at=None),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="decided_is_frozen",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__status__in=["adopted", "rejected"]),
            ),
            pgtrigger.Trigger(
                name="resolution_at_a_meeting_of_its_council",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("council_id", "meeting_id"),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM secretariat_meeting m
                                   WHERE m.id = NEW.meeting_id AND m.council_id = NEW.council_id) THEN
                        RAISE EXCEPTION 'a resolution is taken at a meeting of its own council' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.title} ({calendar.digits(self.reference)})" if self.number else self.title

    def get_absolute_url(self):
        return reverse("admin:secretariat_resolution_change", args=[self.pk])

    @property
    def reference(self):
        """Year and number as printed: "1404/3"; empty while undecided."""
        return f"{self.year}/{self.number}" if self.number else ""


class ResolutionMove(Move):
    resolution = models.ForeignKey(Resolution, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


class Vote(models.Model):
    """One seat's vote on one resolution; a recusal is on record beside the votes."""

    class Choice(models.TextChoices):
        FOR = "for", _("for")
        AGAINST = "against", _("against")
        ABSTAIN = "abstain", _("abstained")
        RECUSED = "recused", _("recused")

    resolution = models.ForeignKey(Resolution, models.PROTECT, related_name="votes", verbose_name=_("resolution"))
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="votes_cast", verbose_name=_("seat"))
    choice = models.CharField(_("vote"), max_length=8, choices=Choice)

    class Meta:
        verbose_name, verbose_name_plural = _("vote"), _("votes")
        constraints = [
            models.UniqueConstraint(fields=["resolution", "seat"], name="seat_votes_once_on_a_resolution"),
            models.CheckConstraint(condition=Q(choice__in=["for", "against", "abstain", "recused"]), name="vote_choice_known"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="vote_by_a_present_voting_seat_before_adoption",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("r", "secretariat_resolution%ROWTYPE"), ("v", "secretariat_vote%ROWTYPE")],
                func="""
                    IF TG_OP = 'DELETE' THEN v := OLD; ELSE v := NEW; END IF;
                    SELECT * INTO r FROM secretariat_resolution WHERE id = v.resolution_id FOR SHARE;
                    IF r.status <> 'draft' THEN
                        RAISE EXCEPTION 'votes on a decided resolution are frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP <> 'DELETE' AND NOT EXISTS (
                        SELECT 1 FROM secretariat_attendance a JOIN secretariat_seat s ON s.id = a.seat_id
                        WHERE a.meeting_id = r.meeting_id AND a.seat_id = v.seat_id AND a.present
                          AND s.council_id = r.council_id AND s.role <> 'observer') THEN
                        RAISE EXCEPTION 'only a seat present at the meeting, with a vote, may vote' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN v;
                """,
            )
        ]

    def __str__(self):
        return f"{self.seat}: {self.get_choice_display()}"
