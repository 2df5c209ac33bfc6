"""Years of self-assessment for tests, carried as far as a test needs by the services alone."""

from datetime import timedelta

from django.utils import timezone

from assessments.models import Indicator
from assessments.services import excellence_checks, excellence_years, self_assessments
from tests import factories, specimens

# What an agency writes on a criterion unless a test says otherwise.
DONE = "سند کیفیت نوشته و هر سال بازنگری می‌شود."


def framework(**fields):
    return factories.published_set(layer="organisation", **fields)


def year(by=None, framework_=None, number=1403, percent=50, days=10, **fields):
    now = timezone.now()
    return excellence_years.open_year(
        by=by or factories.officer(),
        year=number,
        framework=framework_ or framework(),
        deadline=now + timedelta(days=days),
        checks_due=now + timedelta(days=days + 20),
        check_percent=percent,
        **fields,
    )


def leaves(year_):
    return list(
        Indicator.objects.filter(version=year_.framework, scale__isnull=False)
        .select_related("scale")
        .order_by("parent__position", "position")
    )


def begun(year_, agency=None, by=None):
    """An agency's draft, and who represents it: (SelfAssessment, user)."""
    agency = agency or factories.agency()
    user = by or factories.representative(agency)
    return self_assessments.start(year_.pk, agency.pk, by=user), user


def answer_all(own, user, level=4, done=DONE, links=""):
    """Answer every criterion; `level` is one value or a list by criterion."""
    levels = level if isinstance(level, list) else [level] * 99
    for leaf, value in zip(leaves(own.year), levels, strict=False):
        values = {"level": str(value), "done": done, "links": links}
        self_assessments.save_answer(own.pk, leaf.pk, values, by=user, version=0)
    own.refresh_from_db()
    return own


def submitted(year_, level=4, agency=None):
    own, user = begun(year_, agency)
    answer_all(own, user, level)
    return self_assessments.submit(own.pk, by=user, version=own.version)


def drawn(level=4, percent=100, count=1, **fields):
    """A year whose sample is drawn: (year, its submitted self-assessments)."""
    officer = factories.officer()
    made = year(officer, percent=percent, **fields)
    rows = [submitted(made, level) for _n in range(count)]
    excellence_years.draw_sample(made.pk, by=officer, why="همه رسیده است", seed="seed")
    made.refresh_from_db()
    for row in rows:
        row.refresh_from_db()
    return made, rows


def being_checked(agency, user, assessor):
    """An agency's self-assessment with a file as evidence, drawn and in the hands of `assessor`: the check."""
    made = year(percent=100)
    own, user = begun(made, agency, by=user)
    upload = specimens.upload(specimens.pdf(text="evidence"))
    self_assessments.attach(own.pk, leaves(made)[0].pk, upload, by=user)
    answer_all(own, user)
    self_assessments.submit(own.pk, by=user, version=own.version)
    excellence_years.draw_sample(made.pk, by=factories.officer(), why="همه رسیده است")
    return excellence_checks.appoint(own.pk, assessor.pk, by=factories.officer())


def appointed(own, assessor=None):
    return excellence_checks.appoint(own.pk, (assessor or factories.assessor()).pk, by=factories.officer())


def checked(own, level=3, assessor=None):
    """A check that was handed in, with the same level on every criterion."""
    check = appointed(own, assessor)
    values = {f"r-{leaf.pk}": str(level) for leaf in leaves(own.year)}
    values |= {f"c-{leaf.pk}": "شواهد این سطح را نشان می‌دهد." for leaf in leaves(own.year)}
    saved = excellence_checks.save_check(check.pk, values, by=check.assessor.user, version=check.version)
    return excellence_checks.submit_check(check.pk, by=check.assessor.user, version=saved.check.version)
