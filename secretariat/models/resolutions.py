"""Resolutions and the register in which the adopted ones stand, each bound to the one before by its hash."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from secretariat import calendar, rules
from secretariat.fields import JalaliDateField
from secretariat.models.bodies import Council
from secretariat.models.meetings import AgendaItem, Meeting
from secretariat.models.moves import Move

# One adoption at a time over all councils, so that the register has no gap and no fork.
REGISTER_LOCK = 7_304_002
FIRST_HASH = "0" * 64  # before the first entry of the register


class ResolutionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Officers see all; members of a council and their deputies its own; who keeps its papers too."""
        if rules.is_officer(user):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(council__in=rules.councils_of(user))

    def registered(self):
        """The register: everything adopted, in order."""
        return self.filter(register_no__isnull=False).order_by("register_no")


@pghistory.track()
class Resolution(models.Model):
    """What a council decided. Once decided its words, votes and number never change; only a later one corrects it."""

    Status = rules.ResolutionStatus
    MOVES = rules.RESOLUTION_MOVES

    class Kind(models.TextChoices):
        GRANT_MARKS = "grant_marks", _("grant of quality marks")
        EXEMPLARS = "exemplars", _("naming of exemplars")
        GENERAL = "general", _("general")

    council = models.ForeignKey(Council, models.PROTECT, related_name="resolutions", verbose_name=_("council"))
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="resolutions", verbose_name=_("meeting"))
    agenda_item = models.ForeignKey(
        AgendaItem, models.PROTECT, null=True, blank=True, related_name="resolutions", verbose_name=_("agenda item")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.GENERAL)
    # By which of the council's rules it is voted on, unless the room that its kind belongs to says otherwise.
    decision = models.CharField(_("kind of decision"), max_length=16, choices=rules.Decision, default=rules.Decision.GENERAL)
    # "1404/3" within its council; given on adoption, without gaps.
    year = models.PositiveSmallIntegerField(_("Jalali year"), null=True, blank=True, editable=False)
    number = models.PositiveIntegerField(_("number"), null=True, blank=True, editable=False)
    title = models.CharField(_("title"), max_length=300)
    text = models.TextField(_("text"))
    in_force_from = JalaliDateField(_("in force from"), null=True, blank=True)
    in_force_until = JalaliDateField(_("in force until"), null=True, blank=True)
    # Who reads an old resolution looks whether a later one supersedes it; the old row is never written again.
    supersedes = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by", verbose_name=_("supersedes")
    )
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    adopted_at = models.DateTimeField(_("adopted at"), null=True, blank=True, editable=False)
    seats_in_force = models.PositiveSmallIntegerField(_("seats in force"), null=True, editable=False)
    seats_present = models.PositiveSmallIntegerField(_("seats present"), null=True, editable=False)
    # The register over all councils: number without gaps, what was decided as one text, bound to the entry before.
    register_no = models.PositiveIntegerField(_("number in the register"), null=True, unique=True, editable=False)
    register_entry = models.TextField(blank=True, editable=False)
    previous_hash = models.CharField(max_length=64, blank=True, editable=False)
    hash = models.CharField(max_length=64, blank=True, editable=False)

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
            models.CheckConstraint(
                name="adopted_exactly_when_registered",
                condition=Q(
                    status="adopted",
                    register_no__isnull=False,
                    register_no__gt=0,
                    hash__regex="^[0-9a-f]{64}$",
                    previous_hash__regex="^[0-9a-f]{64}$",
                )
                & ~Q(register_entry="")
                | Q(status__in=["draft", "rejected"], register_no=None, register_entry="", hash="", previous_hash=""),
            ),
            models.CheckConstraint(
                name="in_force_until_after_from",
                condition=Q(in_force_until=None) | Q(in_force_from=None) | Q(in_force_until__gte=F("in_force_from")),
                violation_error_message=_("The last day in force comes after the first."),
            ),
            models.CheckConstraint(name="nothing_supersedes_itself", condition=~Q(supersedes=F("id"))),
            models.CheckConstraint(
                condition=Q(decision__in=rules.Decision.values), name="resolution_of_a_known_kind_of_decision"
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
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("council_id", "meeting_id", "agenda_item_id"),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM secretariat_meeting m
                                   WHERE m.id = NEW.meeting_id AND m.council_id = NEW.council_id) THEN
                        RAISE EXCEPTION 'a resolution is taken at a meeting of its own council' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.agenda_item_id IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM secretariat_agendaitem i WHERE i.id = NEW.agenda_item_id AND i.meeting_id = NEW.meeting_id) THEN
                        RAISE EXCEPTION 'its agenda item is one of the meeting' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="motion_stands_while_voted_on",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF (TG_OP = 'DELETE' OR (NEW.council_id, NEW.meeting_id, NEW.agenda_item_id, NEW.kind, NEW.decision, NEW.title,
                            NEW.text, NEW.in_force_from, NEW.in_force_until, NEW.supersedes_id)
                        IS DISTINCT FROM (OLD.council_id, OLD.meeting_id, OLD.agenda_item_id, OLD.kind, OLD.decision, OLD.title,
                            OLD.text, OLD.in_force_from, OLD.in_force_until, OLD.supersedes_id))
                       AND EXISTS (SELECT 1 FROM secretariat_ballot b WHERE b.resolution_id = OLD.id AND b.status <> 'void') THEN
                        RAISE EXCEPTION 'what is voted on does not change' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="adopted_by_a_ballot_that_carried",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Q(new__status="adopted"),
                func="""
                    IF NOT EXISTS (SELECT 1 FROM secretariat_ballot b
                                   WHERE b.resolution_id = NEW.id AND b.status = 'closed' AND b.verdict = 'carried') THEN
                        RAISE EXCEPTION 'a resolution is adopted by a vote that carried it' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="nothing_decided_past_its_ballot",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status="draft") & ~pgtrigger.Q(new__status="draft"),
                func="""
                    IF EXISTS (SELECT 1 FROM secretariat_ballot b WHERE b.resolution_id = NEW.id AND b.status IN ('open', 'tied')) THEN
                        RAISE EXCEPTION 'a ballot is open: count it or break it off' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="register_goes_on_where_it_ended",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("register_no", "previous_hash"),
                condition=pgtrigger.Q(new__register_no__isnull=False),
                declare=[("previous", "secretariat_resolution%ROWTYPE")],
                func=f"""
                    PERFORM pg_advisory_xact_lock({REGISTER_LOCK});
                    SELECT * INTO previous FROM secretariat_resolution WHERE register_no IS NOT NULL ORDER BY register_no DESC LIMIT 1;
                    IF NEW.register_no <> coalesce(previous.register_no, 0) + 1
                       OR NEW.previous_hash <> coalesce(previous.hash, '{FIRST_HASH}') THEN
                        RAISE EXCEPTION 'an entry of the register follows the last one' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.title} ({calendar.digits(self.reference)})" if self.number else self.title

    def get_absolute_url(self):
        return reverse("resolution_detail", args=[self.pk])

    @property
    def reference(self):
        """Year and number as printed: "1404/3"; empty while undecided."""
        return f"{self.year}/{self.number}" if self.number else ""


class ResolutionMove(Move):
    resolution = models.ForeignKey(Resolution, models.PROTECT, related_name="moves")

    class Meta(Move.Meta):
        pass
