"""What resolutions are today: in force, to come, ended, or superseded by a later one."""

from django.db.models import Case, CharField, Exists, OuterRef, Q, Value, When
from django.utils import timezone

from secretariat.models import Resolution
from secretariat.rules import Force, ResolutionStatus


def with_force(resolutions):
    """`resolutions` with what each is today as `force`: one of Force, "" for those that were not adopted.

    A later resolution supersedes from the day on which it is in force itself.
    """
    today = timezone.localdate()
    begun = Q(in_force_from=None) | Q(in_force_from__lte=today)
    later = Resolution.objects.filter(begun, supersedes=OuterRef("pk"), status=ResolutionStatus.ADOPTED)
    return resolutions.annotate(
        force=Case(
            When(~Q(status=ResolutionStatus.ADOPTED), then=Value("")),
            When(Exists(later), then=Value(Force.SUPERSEDED)),
            When(in_force_until__lt=today, then=Value(Force.ENDED)),
            When(in_force_from__gt=today, then=Value(Force.COMING)),
            default=Value(Force.IN_FORCE),
            output_field=CharField(),
        )
    )
