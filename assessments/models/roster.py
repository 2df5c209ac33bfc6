"""Who judges: assessors with what they know and when they have time."""

import pghistory
import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_jalali.db.models import jManager

from assessments.models.indicators import IndicatorSet
from secretariat.bilingual import Bilingual
from secretariat.fields import JalaliDateField, NationalCodeField
from secretariat.models import Province, User
from secretariat.text_columns import SearchColumn, SortColumn


@pghistory.track()
class ExpertiseField(models.Model):
    """A field that assessors know, in the secretariat's own words: poetry, cinema, children's books …"""

    name_fa = models.CharField(_("field (Persian)"), max_length=120, unique=True)
    name_en = models.CharField(_("field (English)"), max_length=120)
    is_active = models.BooleanField(_("offered for choice"), default=True)
    search_key = SearchColumn("name_fa", "name_en")
    sort_key = SortColumn("name_fa")

    name = Bilingual("name")

    class Meta:
        verbose_name, verbose_name_plural = _("field of expertise"), _("fields of expertise")
        ordering = ["sort_key", "pk"]

    def __str__(self):
        return self.name


class Language(models.TextChoices):
    """Languages in which an assessor reads what is judged."""

    FA = "fa", _("Persian")
    AR = "ar", _("Arabic")
    EN = "en", _("English")
    AZ = "az", _("Azerbaijani")
    KU = "ku", _("Kurdish")
    TR = "tr", _("Turkish")
    TK = "tk", _("Turkmen")
    BAL = "bal", _("Balochi")
    LRC = "lrc", _("Luri")
    UR = "ur", _("Urdu")
    FR = "fr", _("French")
    DE = "de", _("German")
    RU = "ru", _("Russian")
    ZH = "zh", _("Chinese")
    ES = "es", _("Spanish")


class AssessorQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True, user__is_active=True)

    def capacity_on(self, day=None):
        """Each with `allowed`, how many products he takes at one time on a day (none: today), and `allowed_until`.

        A period of availability says it, else the capacity agreed; 0 is away. `allowed_until` is the period's last day.
        """
        period = Availability.objects.on(day or timezone.localdate()).filter(assessor=OuterRef("pk"))
        return self.annotate(
            allowed=Coalesce(Subquery(period.values("capacity")[:1]), F("capacity")),
            allowed_until=Subquery(period.values("until")[:1]),
        )


@pghistory.track()
class Assessor(models.Model):
    """A person on the roster of assessors."""

    Language = Language

    user = models.OneToOneField(User, models.PROTECT, related_name="assessor", verbose_name=_("person"))
    national_code = NationalCodeField(_("national code"), null=True, blank=True, unique=True)
    expertise = models.ManyToManyField(IndicatorSet, blank=True, related_name="experts", verbose_name=_("assesses"))
    expertise_fields = models.ManyToManyField(
        ExpertiseField, blank=True, related_name="assessors", verbose_name=_("fields of expertise")
    )
    field_fa = models.CharField(_("field of expertise (Persian)"), max_length=200, blank=True)
    field_en = models.CharField(_("field of expertise (English)"), max_length=200, blank=True)
    languages = ArrayField(
        models.CharField(max_length=3, choices=Language), verbose_name=_("languages"), default=list, blank=True
    )
    province = models.ForeignKey(
        Province, models.PROTECT, null=True, blank=True, related_name="assessors", verbose_name=_("province")
    )
    capacity = models.PositiveSmallIntegerField(_("products at one time"), default=15)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)  # raised by every save of the form: the optimistic lock

    field = Bilingual("field")
    objects = AssessorQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("assessor"), _("assessors")
        ordering = ["user__sort_key", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(languages__contained_by=Language.values), name="assessor_languages_known"
            ),
        ]
        # Ties are compared with this person; another person is another assessor.
        triggers = [pgtrigger.ReadOnly(name="assessor_stays_the_person", fields=["user"])]

    def __str__(self):
        return str(self.user)

    @property
    def languages_text(self):
        """The languages in words."""
        words = dict(Language.choices)
        return "، ".join(str(words[code]) for code in self.languages)


class _DaySpan(Func):
    function = "DATERANGE"
    output_field = DateRangeField()


class DatedQuerySet(models.QuerySet):
    """Rows in force from `since` until the end of `until`; without one of them, without end on that side."""

    def on(self, day):
        return self.filter(Q(since=None) | Q(since__lte=day), Q(until=None) | Q(until__gte=day))

    def current(self):
        return self.on(timezone.localdate())

    def binding(self):
        """Those in force and those that are to begin."""
        return self.filter(Q(until=None) | Q(until__gte=timezone.localdate()))


class DatedManager(jManager.from_queryset(DatedQuerySet)):
    pass


@pghistory.track()
class Availability(models.Model):
    """How many products an assessor takes at one time in a period: more, fewer, or none while he is away."""

    assessor = models.ForeignKey(Assessor, models.CASCADE, related_name="periods", verbose_name=_("assessor"))
    since = JalaliDateField(_("from"))
    until = JalaliDateField(_("until"), null=True, blank=True)
    capacity = models.PositiveSmallIntegerField(_("products at one time"), help_text=_("0: away, not asked for anything."))
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = DatedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("period of availability"), _("periods of availability")
        ordering = ["since", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="availability_ends_after_it_begins"),
            ExclusionConstraint(
                name="one_capacity_at_a_time",
                expressions=[
                    (F("assessor"), RangeOperators.EQUAL),
                    (_DaySpan("since", "until", RangeBoundary(True, True)), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self):
        return f"{self.assessor}: {self.capacity}"
