"""What a round does by the clock: when it opens, closes and is published by itself, how long answers and appeals may take, whom it reminds."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from assessments import rules

_WITHIN_REACH = list(range(1, rules.FARTHEST_REMINDER + 1))


def _days(words, default):
    """A list of working days: at each of them something is told."""
    return ArrayField(models.PositiveSmallIntegerField(), verbose_name=words, default=default, blank=True)


class Timetable(models.Model):
    """The dates of a round; without one, an officer takes that step by hand."""

    opens_at = models.DateTimeField(_("opens by itself at"), null=True, blank=True)
    closes_itself = models.BooleanField(_("closes by itself at the deadline"), default=False)
    publish_at = models.DateTimeField(_("is published by itself at, once confirmed"), null=True, blank=True)
    needs_second = models.BooleanField(_("scores are confirmed by another officer than who fixed them"), default=False)
    answer_days = models.PositiveSmallIntegerField(_("working days to answer a request to assess"), default=5)
    appeal_days = models.PositiveSmallIntegerField(_("working days to appeal"), default=0)
    appeals_until = models.DateTimeField(_("appeals are taken until"), null=True, editable=False)
    remind_before = _days(_("reminds so many working days before the deadline"), rules.remind_before)
    remind_after = _days(_("reminds so many working days after the deadline"), rules.remind_after)
    remind_offers = _days(_("reminds of a request so many working days after asking"), rules.remind_offers)
    escalate_after = _days(_("tells officers, then heads, of what is so many working days late"), rules.escalate_after)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=Q(opens_at=None) | Q(opens_at__lt=F("deadline")), name="round_opens_before_its_deadline"),
            models.CheckConstraint(
                condition=Q(publish_at=None) | Q(publish_at__gt=F("deadline")), name="round_is_published_after_its_deadline"
            ),
            models.CheckConstraint(
                condition=Q(answer_days__lte=rules.LONGEST_ANSWER, appeal_days__lte=rules.LONGEST_APPEAL),
                name="answers_and_appeals_have_bounds",
            ),
            models.CheckConstraint(
                condition=~Q(status="appeal") | Q(appeals_until__isnull=False), name="appeals_are_taken_until_a_day"
            ),
            models.CheckConstraint(
                condition=Q(remind_before__contained_by=_WITHIN_REACH)
                & Q(remind_after__contained_by=_WITHIN_REACH)
                & Q(remind_offers__contained_by=_WITHIN_REACH)
                & Q(escalate_after__contained_by=_WITHIN_REACH),
                name="reminders_lie_within_reach",
            ),
        ]
