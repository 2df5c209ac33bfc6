"""What the tests of rounds share: rounds with entries, judged and measured ones, days as they are typed."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from assessments.models import Assessment, Assignment, Entry, Indicator, IndicatorSet, SetVersion
from tests import factories


def entries(count, round_=None, version=None, **fields):
    """Entries of one round on one shared sheet."""
    round_ = round_ or factories.round_("open", **fields)
    sheet = factories.sheet(round_, version or factories.published_set())
    return [Entry.objects.create(round=round_, subject=factories.subject(), sheet=sheet) for _ in range(count)]


def submit(assignment):
    with transaction.atomic():
        Assessment.objects.create(assignment=assignment, submitted_at=timezone.now())
        Assignment.objects.filter(pk=assignment.pk).update(status="submitted")


score = factories.score


def tomorrow(days=1):
    return timezone.now() + timedelta(days=days)


def jalali(days):
    """A day from today as it is typed: 1404/11/05."""
    from secretariat import persian

    return persian.short(timezone.localdate() + timedelta(days=days))


def measured_version():
    """A published version with one expert indicator and two of the secretariat: levels, and a ratio."""
    n = next(factories.serial)
    version = SetVersion.objects.create(
        set=IndicatorSet.objects.create(code=f"m{n}", title_fa="سنجه", title_en="Measured", layer="kind"), number=1
    )
    top = Indicator.objects.create(version=version, code="D", title_fa="بعد", title_en="Dimension", weight=100)
    for code, scale, rater, na, weight in [
        ("E", factories.scale(), "expert", False, 40),
        ("L", factories.scale(), "secretariat", False, 30),
        ("R", factories.scale("ratio"), "secretariat", True, 30),
    ]:
        Indicator.objects.create(
            version=version, parent=top, code=code, title_fa=code, title_en=code, weight=weight, scale=scale, rater=rater, allow_na=na
        )
    version.status, version.published_at = "published", timezone.now()
    version.save()
    return version
