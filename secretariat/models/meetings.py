"""Meetings: when and where, what is on the table, who was invited, who sat there from when until when, and the minutes."""

import pghistory
import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from secretariat import calendar, rules
from secretariat.models.bodies import Council, Seat
from secretariat.models.files import PrivateFile
from secretariat.models.moves import Move
from secretariat.models.people import User

# The day on which a meeting is held where it is held.
DAY_OF_MEETING = "(m.starts_at AT TIME ZONE 'Asia/Tehran')::date"
IN_FORCE = f"s.starts_on <= {DAY_OF_MEETING} AND (s.ends_on IS NULL OR s.ends_on >= {DAY_OF_MEETING})"


class _TimeSpan(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


def frozen_with_minutes(meeting):
    """A trigger: rows of a meeting whose minutes are approved do not change. `meeting` is SQL over the row `one`."""
    return pgtrigger.Trigger(
        name="frozen_with_the_approved_minutes",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF TG_OP <> 'INSERT' AND EXISTS (
                SELECT 1 FROM (SELECT OLD.*) one JOIN secretariat_meeting m ON m.id = {meeting} WHERE m.approved_at IS NOT NULL) THEN
                RAISE EXCEPTION 'approved minutes do not change' USING ERRCODE = 'check_violation';
            END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            IF EXISTS (
                SELECT 1 FROM (SELECT NEW.*) one JOIN secretariat_meeting m ON m.id = {meeting} WHERE m.approved_at IS NOT NULL) THEN
                RAISE EXCEPTION 'approved minutes do not change' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


class MeetingQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; who sits in a council, stands in for somebody there or keeps its papers sees its own.

        Whoever was at a meeting reads and signs its minutes after the own term too.
        """
        if rules.is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        there = Presence.objects.filter(user=user).values("attendance__meeting")
        return self.filter(Q(council__in=rules.councils_of(user)) | Q(pk__in=there))


@pghistory.track()
class Meeting(models.Model):
    """A council's meeting. Its number comes when it is called; its minutes freeze once they are approved."""

    Status = rules.MeetingStatus
    MOVES = rules.MEETING_MOVES

    council = models.ForeignKey(Council, models.PROTECT, related_name="meetings", verbose_name=_("council"))
    # "1404/3" within its council, without gaps, given when the meeting is called.
    year = models.PositiveSmallIntegerField(_("Jalali year"), null=True, editable=False)
    number = models.PositiveIntegerField(_("number"), null=True, editable=False, validators=[MinValueValidator(1)])
    starts_at = models.DateTimeField(_("time"))
    minutes_planned = models.PositiveSmallIntegerField(_("planned length (minutes)"), default=120)
    place = models.CharField(_("place"), max_length=200, blank=True)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.PLANNED, editable=False)
    # How often those invited were told of a change; calendars need to know which file is the newer one.
    sequence = models.PositiveIntegerField(default=0, editable=False)
    started_at = models.DateTimeField(_("began at"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    minutes = models.TextField(_("minutes"), blank=True)
    minutes_version = models.PositiveIntegerField(default=0, editable=False)
    approved_at = models.DateTimeField(_("minutes approved at"), null=True, editable=False)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    # The resolution that approved them; none where the chair does.
    approved_with = models.ForeignKey(
        "secretariat.Resolution", models.PROTECT, null=True, editable=False, related_name="approved_minutes"
    )
    minutes_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    # Until when those who were there are asked to sign, or to say what they see otherwise; told with the approval.
    sign_until = models.DateField(_("to be signed until"), null=True, editable=False)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("meeting"), _("meetings")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["council", "year", "number"],
                name="meeting_number_unique_in_council_and_year",
                violation_error_message=_("The council already has a meeting of this number."),
            ),
            models.CheckConstraint(
                name="meeting_numbered_once_called",
                condition=Q(number=None, year=None, status__in=["planned", "cancelled"])
                | Q(number__isnull=False, number__gt=0, year__isnull=False),
            ),
            models.CheckConstraint(
                name="session_has_begun_and_ended",
                condition=Q(status__in=["planned", "called", "cancelled"], started_at=None, ended_at=None)
                | Q(status="in_session", started_at__isnull=False, ended_at=None)
                | Q(status="held", started_at__isnull=False, ended_at__isnull=False, ended_at__gte=F("started_at")),
            ),
            models.CheckConstraint(
                name="minutes_approved_whole",
                condition=Q(approved_at=None, approved_by=None, approved_with=None, minutes_sha256="")
                | Q(approved_at__isnull=False, approved_by__isnull=False, status="held", minutes_sha256__regex="^[0-9a-f]{64}$"),
            ),
            models.CheckConstraint(
                name="only_approved_minutes_are_to_be_signed", condition=Q(sign_until=None) | Q(approved_at__isnull=False)
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="approved_minutes_are_frozen",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__approved_at__isnull=False),
            ),
            pgtrigger.Trigger(
                name="session_ends_after_its_ballots",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Q(old__status="in_session") & ~pgtrigger.Q(new__status="in_session"),
                func="""
                    IF EXISTS (SELECT 1 FROM secretariat_ballot b JOIN secretariat_resolution r ON r.id = b.resolution_id
                               WHERE r.meeting_id = NEW.id AND b.status IN ('open', 'tied')) THEN
                        RAISE EXCEPTION 'a ballot of this meeting is still open' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="meeting_keeps_its_number",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__number__isnull=False),
                func="""
                    IF TG_OP = 'DELETE' OR (NEW.council_id, NEW.year, NEW.number) IS DISTINCT FROM (OLD.council_id, OLD.year, OLD.number) THEN
                        RAISE EXCEPTION 'a numbered meeting keeps its number' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        if self.number is None:
            return _("%(council)s, meeting of %(day)s") % {"council": self.council, "day": calendar.long_date(self.starts_at)}
        return _("%(council)s, meeting %(number)s") % {"council": self.council, "number": calendar.digits(self.number)}

    def get_absolute_url(self):
        return reverse("meeting_detail", args=[self.pk])

    @property
    def day(self):
        """The day on which it is held, in Tehran."""
        return timezone.localdate(self.starts_at)

    @property
    def minutes_url(self):
        return reverse("minutes_detail", args=[self.pk])

    @property
    def reference(self):
        """Year and number as printed: "1404/3"; empty before the call."""
        return f"{self.year}/{self.number}" if self.number else ""


class MeetingMove(Move):
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class AgendaItem(models.Model):
    """One point of the agenda, with what was said on it."""

    class Kind(models.TextChoices):
        DISCUSSION = "discussion", _("discussion")
        MINUTES = "minutes", _("approval of minutes")
        MARKS = "marks", _("grant of quality marks")
        EXEMPLARS = "exemplars", _("naming of exemplars")
        DOCUMENT = "document", _("document")
        APPEAL = "appeal", _("appeal")
        APPOINTMENT = "appointment", _("appointment")
        FREE = "free", _("other")

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="agenda", verbose_name=_("meeting"))
    position = models.PositiveSmallIntegerField(_("order"), default=1)
    kind = models.CharField(_("kind"), max_length=11, choices=Kind, default=Kind.DISCUSSION)
    title = models.CharField(_("title"), max_length=300)
    note = models.TextField(_("note"), blank=True)
    minutes_of = models.ForeignKey(
        Meeting, models.PROTECT, null=True, blank=True, related_name="approvals", verbose_name=_("minutes of")
    )
    presenter = models.CharField(_("presented by"), max_length=200, blank=True)
    minutes_planned = models.PositiveSmallIntegerField(_("time box (minutes)"), null=True, blank=True)
    began_at = models.DateTimeField(_("began at"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    said = models.TextField(_("minutes of this item"), blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("agenda item"), _("agenda")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="item_ends_after_it_begins",
                condition=Q(ended_at=None) | Q(began_at__isnull=False, ended_at__gte=F("began_at")),
            ),
            models.CheckConstraint(
                name="only_approval_of_minutes_names_a_meeting", condition=Q(minutes_of=None) | Q(kind="minutes")
            ),
            models.CheckConstraint(
                name="agenda_item_of_a_known_kind",
                condition=Q(kind__in=["discussion", "minutes", "marks", "exemplars", "document", "appeal", "appointment", "free"]),
            ),
        ]
        triggers = [frozen_with_minutes("one.meeting_id")]

    def __str__(self):
        return self.title


class AgendaPaperQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(removed_at=None, item__meeting__in=Meeting.objects.visible_to(user))


class AgendaPaper(PrivateFile):
    """A file handed out with an agenda item, for those who may read the meeting's papers."""

    FOLDER = "council"

    item = models.ForeignKey(AgendaItem, models.PROTECT, related_name="papers", verbose_name=_("agenda item"))

    objects = AgendaPaperQuerySet.as_manager()

    class Meta(PrivateFile.Meta):
        verbose_name, verbose_name_plural = _("paper"), _("papers")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Attendance(models.Model):
    """A seat on the list of a meeting: invited, with the answer; who was there stands in its presences."""

    class Answer(models.TextChoices):
        NONE = "", _("no answer yet")
        COMING = "coming", _("coming")
        EXCUSED = "excused", _("excused")

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="attendances", verbose_name=_("meeting"))
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="attendances", verbose_name=_("seat"))
    answer = models.CharField(_("answer"), max_length=8, choices=Answer, default=Answer.NONE, blank=True)
    why = models.CharField(_("reason"), max_length=300, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, editable=False)
    # The holder, or the deputy who comes instead.
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")

    class Meta:
        verbose_name, verbose_name_plural = _("attendance"), _("attendances")
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "seat"],
                name="seat_attends_a_meeting_once",
                violation_error_message=_("This person is already on the list of this meeting."),
            ),
            models.CheckConstraint(
                name="answer_known_and_dated",
                condition=Q(answer="", answered_at=None) | Q(answer__in=["coming", "excused"], answered_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="seat_of_the_council_on_that_day",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("meeting_id", "seat_id"),
                func=f"""
                    IF NOT EXISTS (SELECT 1 FROM secretariat_meeting m JOIN secretariat_seat s ON s.council_id = m.council_id
                                   WHERE m.id = NEW.meeting_id AND s.id = NEW.seat_id AND {IN_FORCE}) THEN
                        RAISE EXCEPTION 'only a seat of the council in force on the day attends' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'UPDATE' AND (NEW.meeting_id, NEW.seat_id) IS DISTINCT FROM (OLD.meeting_id, OLD.seat_id) THEN
                        RAISE EXCEPTION 'a line of the list stays with its meeting and its seat' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            frozen_with_minutes("one.meeting_id"),
        ]

    def __str__(self):
        return str(self.seat)

    @property
    def deputy_comes(self):
        """The deputy who has said to come for this seat; None where its holder comes, or nobody."""
        is_deputy = self.answer == self.Answer.COMING and self.answered_by_id not in (None, self.seat.user_id)
        return self.answered_by if is_deputy else None


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Presence(models.Model):
    """From when until when a seat was filled at a meeting, and by whom: its holder or the deputy."""

    attendance = models.ForeignKey(Attendance, models.PROTECT, related_name="presences", verbose_name=_("attendance"))
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("person"))
    arrived_at = models.DateTimeField(_("arrived at"))
    left_at = models.DateTimeField(_("left at"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("presence"), _("presences")
        ordering = ["arrived_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(left_at=None) | Q(left_at__gte=F("arrived_at")), name="who_leaves_had_arrived"),
            ExclusionConstraint(
                name="seat_filled_once_at_a_time",
                expressions=[
                    (F("attendance"), RangeOperators.EQUAL),
                    (_TimeSpan("arrived_at", "left_at"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="seat_filled_by_its_holder_or_deputy",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("attendance_id", "user_id", "arrived_at", "left_at"),
                declare=[("list", "bigint")],
                func="""
                    SELECT a.meeting_id INTO list FROM secretariat_attendance a JOIN secretariat_seat s ON s.id = a.seat_id
                    WHERE a.id = NEW.attendance_id AND NEW.user_id IN (s.user_id, s.deputy_id);
                    IF list IS NULL THEN
                        RAISE EXCEPTION 'a seat is filled by its holder or the deputy' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.left_at < NEW.arrived_at THEN RETURN NEW; END IF; -- no span at all, as the table itself says
                    -- One after the other: nobody sits on two chairs.
                    PERFORM 1 FROM secretariat_meeting WHERE id = list FOR NO KEY UPDATE;
                    IF EXISTS (SELECT 1 FROM secretariat_presence p JOIN secretariat_attendance a ON a.id = p.attendance_id
                               WHERE a.meeting_id = list AND p.user_id = NEW.user_id AND p.attendance_id <> NEW.attendance_id
                                 AND tstzrange(p.arrived_at, p.left_at) && tstzrange(NEW.arrived_at, NEW.left_at)) THEN
                        RAISE EXCEPTION 'one person fills one seat at a time' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="who_voted_was_present",
                when=pgtrigger.After,
                operation=pgtrigger.Update | pgtrigger.Delete,
                # Every vote of the seat at this meeting lies within a presence that is still there.
                func="""
                    IF EXISTS (
                        SELECT 1 FROM secretariat_attendance a
                        JOIN secretariat_resolution r ON r.meeting_id = a.meeting_id
                        JOIN secretariat_ballot b ON b.resolution_id = r.id AND b.status <> 'void'
                        JOIN (SELECT ballot_id, seat_id, at FROM secretariat_vote
                              UNION ALL SELECT ballot_id, seat_id, at FROM secretariat_ballotmark) v
                             ON v.ballot_id = b.id AND v.seat_id = a.seat_id
                        WHERE a.id = OLD.attendance_id AND v.at >= OLD.arrived_at AND (OLD.left_at IS NULL OR v.at <= OLD.left_at)
                          AND NOT EXISTS (SELECT 1 FROM secretariat_presence p
                                          WHERE p.attendance_id = a.id AND v.at >= p.arrived_at
                                            AND (p.left_at IS NULL OR v.at <= p.left_at))) THEN
                        RAISE EXCEPTION 'who voted at a meeting was present' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
            frozen_with_minutes("(SELECT a.meeting_id FROM secretariat_attendance a WHERE a.id = one.attendance_id)"),
        ]

    def __str__(self):
        return f"{self.user}"


class MinutesSignature(models.Model):
    """A member's word that the approved minutes say what happened; of exactly these words, by their hash."""

    attendance = models.OneToOneField(Attendance, models.PROTECT, related_name="signature", verbose_name=_("attendance"))
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("person"))
    sha256 = models.CharField(max_length=64)
    # What the member sees otherwise; it stands beside the signature, the minutes stay as they are.
    reservation = models.TextField(_("reservation"), blank=True)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("signature"), _("signatures")
        ordering = ["at", "pk"]
        triggers = [
            pgtrigger.Protect(name="signature_stays", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="signed_by_who_was_there_as_approved",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM secretariat_attendance a JOIN secretariat_meeting m ON m.id = a.meeting_id
                        JOIN secretariat_presence p ON p.attendance_id = a.id AND p.user_id = NEW.user_id
                        WHERE a.id = NEW.attendance_id AND m.approved_at IS NOT NULL AND m.minutes_sha256 = NEW.sha256) THEN
                        RAISE EXCEPTION 'approved minutes are signed by who was there' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return str(self.user)
