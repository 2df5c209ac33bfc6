"""Makers of weight studies for tests: a study with its experts, and answers in the order of the rows."""

from datetime import timedelta
from itertools import combinations

from django.utils import timezone

from assessments.models import Indicator, IndicatorSet, SetVersion, StudyExpert, WeightStudy
from assessments.selectors.comparisons import groups_of
from assessments.services import comparisons
from tests import factories


def draft(dimensions=3, indicators=3, code=None):
    """A first draft of a set: so many dimensions with so many indicators each, weighing nothing yet."""
    n = next(factories.serial)
    set_ = IndicatorSet.objects.create(code=code or f"weighed-{n}", title_fa=f"شاخص‌های {n}", title_en=f"Set {n}", layer="kind")
    version, scale = SetVersion.objects.create(set=set_, number=1), factories.scale()
    for d in range(1, dimensions + 1):
        words = {"title_fa": f"بُعد {d}", "title_en": f"Dimension {d}", "guidance_fa": "راهنما", "guidance_en": "Guidance"}
        top = Indicator.objects.create(version=version, code=f"D{d}", position=d, **words)
        for i in range(1, indicators + 1):
            words = {"title_fa": f"شاخص {d}.{i}", "title_en": f"Indicator {d}.{i}"}
            Indicator.objects.create(version=version, parent=top, code=f"D{d}I{i}", position=i, scale=scale, **words)
    return version


def study(version=None, groups=("",), experts=2, officer=None):
    """An open study on the uppermost rows (or `groups`) with so many experts, or with these users."""
    users = [factories.user() for _n in range(experts)] if isinstance(experts, int) else experts
    return comparisons.open_study(
        (version or draft()).pk,
        by=officer or factories.officer(),
        groups=groups,
        experts=users,
        deadline=timezone.now() + timedelta(days=10),
    )


def experts(study_):
    return list(StudyExpert.objects.filter(study=study_).select_related("user").order_by("pk"))


def answer(expert, steps, group=0):
    """Answer the pairs of a group in their order (1–2, 1–3, …, 2–3, …); None leaves one open."""
    group = groups_of(expert.study)[group]
    pairs = combinations([item.pk for item in group.rows], 2)
    expert.refresh_from_db()
    given = dict(zip(pairs, steps, strict=True))
    return comparisons.answer(expert.study_id, group.pk, given, by=expert.user, version=expert.version)


def finished(study_, *answers):
    """Let the experts answer the first group so, each in turn, and finish."""
    for expert, steps in zip(experts(study_), answers, strict=True):
        answer(expert, steps)
        comparisons.finish(study_.pk, by=expert.user)
    return WeightStudy.objects.get(pk=study_.pk)
