"""What was said to whom about time: reminders to assessors, and what of their lateness was told to the secretariat."""

import pgtrigger
from django.db import models
from django.db.models import Case, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from assessments.models.assignments import Assignment
from assessments.models.roster import Assessor
from assessments.models.rounds import Round
from secretariat.calendar import digits
from secretariat.models import Letter, User
from secretariat.rules import is_officer


class ReminderQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if is_officer(user) else self.none()

    def with_letters(self):
        """Each with `letter_state` ("sent", "given_up", "waiting", or "" where no letter is kept) and when it went, `letter_at`."""
        key = Concat(Value("reminder:"), Cast(OuterRef("pk"), models.CharField()))
        letter = Letter.objects.filter(once=key).annotate(
            state=Case(
                When(sent_at__isnull=False, then=Value("sent")),
                When(given_up_at__isnull=False, then=Value("given_up")),
                default=Value("waiting"),
            )
        )
        return self.annotate(
            letter_state=Coalesce(Subquery(letter.values("state")), Value("")), letter_at=Subquery(letter.values("sent_at"))
        )


class Reminder(models.Model):
    """One letter that reminds one assessor of what he owes in one round; the row and the letter are written together."""

    class Kind(models.TextChoices):
        BEFORE = "before", _("before the deadline")
        AFTER = "after", _("after the deadline")
        OFFER = "offer", _("request not answered")
        HAND = "hand", _("sent by hand")

    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="reminders")
    round = models.ForeignKey(Round, models.PROTECT, related_name="reminders")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    days = models.PositiveSmallIntegerField(_("working days"), default=0)
    # The day from which those days were counted: the deadline, for requests the day of asking.
    for_day = models.DateField()
    to = models.EmailField(_("e-mail address"), blank=True)  # empty: told on the desk alone
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"))
    language = models.CharField(max_length=2)
    at = models.DateTimeField(_("at"), auto_now_add=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))  # null: by itself

    objects = ReminderQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("reminder"), _("reminders")
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["assessor", "round", "kind", "days", "for_day"], condition=~Q(kind="hand"), name="reminded_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["before", "after", "offer"], days__gt=0, by=None)
                | Q(kind="hand", days=0, by__isnull=False),
                name="reminder_by_itself_or_by_somebody",
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.assessor}: {self.subject}"

    @property
    def occasion(self):
        """Why it was sent, in words."""
        if self.kind == self.Kind.HAND:
            return self.get_kind_display()
        return occasion_in_words(self.kind, self.days)

    @property
    def letter_key(self):
        """By which its letter is found in the outbox."""
        return f"reminder:{self.pk}"


def occasion_in_words(kind, days):
    """«۳ روز کاری پیش از مهلت»."""
    words = {
        Reminder.Kind.BEFORE: lambda: ngettext(
            "%(count)s working day before the deadline", "%(count)s working days before the deadline", days
        ),
        Reminder.Kind.AFTER: lambda: ngettext(
            "%(count)s working day after the deadline", "%(count)s working days after the deadline", days
        ),
        Reminder.Kind.OFFER: lambda: ngettext("%(count)s working day after asking", "%(count)s working days after asking", days),
    }[kind]()
    return words % {"count": digits(days)}


class Escalation(models.Model):
    """A late assessment told to the secretariat: first to the officers, then to its head."""

    class Level(models.IntegerChoices):
        OFFICERS = 1, _("officers")
        HEADS = 2, _("head of the secretariat")

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="escalations")
    level = models.PositiveSmallIntegerField(_("told to"), choices=Level)
    for_day = models.DateField()  # of the deadline that passed: a later one that passes too is told again
    late = models.PositiveSmallIntegerField(_("working days late"))
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("late assessment told"), _("late assessments told")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "level", "for_day"], name="lateness_told_once_a_level"),
            models.CheckConstraint(condition=Q(level__in=[1, 2], late__gt=0), name="lateness_told_to_a_known_level"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.assignment}: {self.get_level_display()}"
