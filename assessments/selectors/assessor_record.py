"""What became of what an assessor was asked: by Jalali year for his page, in all for the list of the roster."""

from dataclasses import dataclass
from statistics import median

from django.apps import apps
from django.db.models import (
    Aggregate,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    Subquery,
)
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import Assignment, AssignmentMove
from secretariat import charts, persian
from secretariat.calendar import day_of, digits, reads_persian
from secretariat.templatetags.portal_text import percent

_S = rules.AssignmentStatus
DAY = 86_400


class Median(Aggregate):
    """The median of numbers, by the database."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def with_facts(assignments):
    """Assignments that were told to their assessors, with `accepted_at`, `handed_in_at`, `promised` and `took` in days.

    `promised` is the deadline as it stood when he accepted: what was extended later makes nobody punctual.
    """
    accepted = AssignmentMove.objects.filter(assignment=OuterRef("pk"), action="accept").order_by("-pk")
    history = apps.get_model("assessments", "RoundEvent").objects
    stood = history.filter(pgh_obj=OuterRef("entry__round"), pgh_created_at__lte=OuterRef("accepted_at")).order_by("-pgh_id")
    took = ExpressionWrapper(F("handed_in_at") - F("accepted_at"), output_field=DurationField())
    return (
        assignments.exclude(entry__round__status=rules.RoundStatus.DRAFT)
        .annotate(
            accepted_at=Subquery(accepted.values("at")[:1]),
            handed_in_at=F("assessment__submitted_at"),
        )
        .annotate(
            promised=Coalesce(Subquery(stood.values("deadline")[:1]), F("entry__round__deadline"), output_field=DateTimeField()),
            took=Func(took, function="EXTRACT", template="%(function)s(EPOCH FROM %(expressions)s)", output_field=FloatField()) / DAY,
        )
    )


# Of what was accepted and was not taken back, what is handed in or should be.
_OWED = Q(accepted_at__isnull=False) & (Q(status=_S.SUBMITTED) | Q(status=_S.ACCEPTED, promised__lt=Now()))
_PUNCTUAL = Q(accepted_at__isnull=False, status=_S.SUBMITTED, handed_in_at__lte=F("promised"))


def with_record(assessors):
    """Assessors with `asked`, `accepted`, `declined`, `submitted`, `punctual` (percent) and `median_days`, over all years."""

    def over(expression):
        rows = with_facts(Assignment.objects.filter(assessor=OuterRef("pk")))
        return Subquery(rows.order_by().values("assessor").annotate(figure=expression).values("figure"))

    owed = Count("pk", filter=_OWED)
    share = ExpressionWrapper(Count("pk", filter=_PUNCTUAL) * 100.0 / Func(owed, 0, function="NULLIF"), output_field=FloatField())
    return assessors.annotate(
        asked=Coalesce(over(Count("pk")), 0),
        accepted=Coalesce(over(Count("pk", filter=Q(accepted_at__isnull=False))), 0),
        declined=Coalesce(over(Count("pk", filter=Q(status__in=[_S.DECLINED, _S.LAPSED]))), 0),
        submitted=Coalesce(over(Count("pk", filter=Q(status=_S.SUBMITTED))), 0),
        punctual=over(share),
        median_days=over(Median("took", filter=Q(status=_S.SUBMITTED))),
    )


@dataclass
class Year:
    """One Jalali year of an assessor, by the day on which he was asked; `year` None is all of them."""

    year: int | None
    asked: int = 0
    accepted: int = 0
    declined: int = 0
    submitted: int = 0
    owed: int = 0
    punctual: int = 0
    days: tuple = ()

    @property
    def share(self):
        """Of what he owed, the percentage handed in by the deadline that stood when he accepted; None where he owed nothing."""
        return 100 * self.punctual / self.owed if self.owed else None

    @property
    def median_days(self):
        return median(self.days) if self.days else None


def years(assessor):
    """[Year, …], the earliest first, and the Year of all of them together. One query."""
    found, whole, now = {}, Year(None), timezone.now()
    columns = ("offered_at", "status", "accepted_at", "handed_in_at", "promised", "took")
    for asked_at, status, accepted_at, handed_in_at, promised, took in with_facts(
        Assignment.objects.filter(assessor=assessor)
    ).values_list(*columns):
        number = persian.to_jalali(day_of(asked_at)).year
        submitted = status == _S.SUBMITTED
        owed = accepted_at is not None and (submitted or (status == _S.ACCEPTED and promised < now))
        for year in (found.setdefault(number, Year(number)), whole):
            year.asked += 1
            year.accepted += accepted_at is not None
            year.declined += status in (_S.DECLINED, _S.LAPSED)
            year.submitted += submitted
            year.owed += owed
            year.punctual += owed and submitted and handed_in_at <= promised
            if submitted and took is not None:
                year.days += (took,)
    return [found[number] for number in sorted(found)], whole


def pictures(by_year):
    """(title, column chart) of what was asked and submitted, and of what came on time, year by year; none for a single year."""
    if len(by_year) < 2:
        return []
    mirrored = reads_persian()
    asked = [(digits(one.year), one.asked, digits(one.asked)) for one in by_year]
    most = max(one.asked for one in by_year)
    done = [(digits(one.year), one.submitted, digits(one.submitted)) for one in by_year]
    share = [(digits(one.year), one.share, "" if one.share is None else percent(round(one.share))) for one in by_year]
    return [
        (_("Asked"), charts.columns(asked, most, mirrored)),
        (_("Submitted"), charts.columns(done, most, mirrored)),
        (_("On time"), charts.columns(share, 100, mirrored)),
    ]
