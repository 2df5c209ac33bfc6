"""The demonstration of self-assessment: a year that is over, with its checks, and one that agencies answer now.

Every level, word and file is synthetic and labelled so; everything is done by the services alone.
"""

import random
from datetime import timedelta

from django.utils import timezone

from assessments.models import Assessor, ExcellenceYear, Indicator, SelfAssessment, SetVersion
from assessments.selectors.excellence import checker_candidates
from assessments.services import excellence_checks, excellence_years, self_assessments
from secretariat.calendar import today
from secretariat.models import Agency
from secretariat.persian import to_jalali

SEED = "demonstration"
# Who took part in the year that is over, and how good each is (0–100).
PAST = {
    "tehran_cultural_art_org": 62,
    "kanoon": 70,
    "iplf": 55,
    "mosque_centres_hq": 48,
    "irib": 66,
    "nlai": 74,
    "mcig": 58,
    "hozeh_honari": 61,
}
# What agencies write on the criteria of the starter framework, by code.
WORDS = {
    "O01": "سند کیفیت سازمان با حضور واحدها نوشته شده و هدف‌های آن در برنامهٔ سالانه و بودجه آمده است.",
    "O02": "مدیران هر فصل در نشست کیفیت شرکت می‌کنند و از گروه‌های برتر قدردانی می‌شود.",
    "O03": "از مخاطبان، همکاران و مربیان نظرخواهی می‌شود و نتیجهٔ آن در طراحی برنامه‌ها به کار می‌رود.",
    "O04": "هر محصول از پیشنهاد تا عرضه مرحله‌های نوشته‌شده دارد و بازخورد مخاطب ثبت می‌شود.",
    "O05": "فرایندهای اصلی سنجه دارند و سالی یک بار بازنگری می‌شوند.",
    "O06": "رضایت مخاطبان در سه سال گذشته سنجیده شده و روند آن رو به بهبود است.",
    "O07": "هدف‌های سالانه با نتیجه‌ها مقایسه و در گزارش سالانه منتشر می‌شود.",
}
LABEL = "(نمایشی)"


def tell(people):
    """Make both years."""
    officer, rng = people["karshenas"], random.Random(1403)
    framework = SetVersion.objects.published().get(set__code="agency")
    this = to_jalali(today()).year
    _past(this - 1, framework, officer, rng)
    _present(this, framework, people, rng)


def _open(year, framework, officer):
    now = timezone.now()
    return excellence_years.open_year(
        by=officer,
        year=year,
        framework=framework,
        deadline=now + timedelta(days=25),
        checks_due=now + timedelta(days=55),
        check_percent=40,
        note="پاسخ‌ها و سطح‌های این سال ساختگی است و فقط برای نمایش سامانه.",
        is_demo=True,
    )


def _past(number, framework, officer, rng):
    year = _open(number, framework, officer)
    for slug, level in PAST.items():
        own = self_assessments.start(year.pk, Agency.objects.get(slug=slug).pk, by=None)
        _submit(own, level, None, rng)
    ago = timezone.now() - timedelta(days=200)
    ExcellenceYear.objects.filter(pk=year.pk).update(deadline=ago, checks_due=ago + timedelta(days=30))
    excellence_years.draw_sample(year.pk, by=officer, seed=SEED)
    for own in SelfAssessment.objects.filter(year=year, in_sample=True).select_related("year", "agency"):
        _check(own, PAST[own.agency.slug] - 8, officer, rng)
        excellence_checks.confirm(own.pk, by=officer)
    excellence_years.move_year(year.pk, "close", by=officer)


def _present(number, framework, people, rng):
    """One agency has submitted, one is in the middle of it, the others have not begun."""
    year = _open(number, framework, people["karshenas"])
    for name, slug, part in (("sazman", "tehran_cultural_art_org", 1.0), ("nahad", "iplf", 0.5)):
        agency = Agency.objects.get(slug=slug)
        own = self_assessments.start(year.pk, agency.pk, by=people[name])
        _answer(own, PAST[slug] + 7, people[name], rng, part)
        own.refresh_from_db()
        if part == 1:
            self_assessments.submit(own.pk, by=people[name], version=own.version)


def _leaves(own):
    leaves = Indicator.objects.filter(version=own.year.framework_id, scale__isnull=False).select_related("scale")
    return list(leaves.order_by("parent__position", "position"))


def _level(quality, scale, rng):
    """The level of the scale nearest to a quality of 0–100, give or take."""
    share = min(max(rng.gauss(quality, 12), 0), 100) / 100
    steps = round(share * float((scale.maximum - scale.minimum) / scale.step))
    return f"{scale.minimum + steps * scale.step:f}"


def _answer(own, quality, by, rng, part=1.0):
    leaves = _leaves(own)
    for leaf in leaves[: round(len(leaves) * part)]:
        values = {
            "level": _level(quality, leaf.scale, rng),
            "done": f"{WORDS.get(leaf.code, 'این کار در سازمان جاری است.')} {LABEL}",
            "links": "https://example.org/quality-report",
        }
        self_assessments.save_answer(own.pk, leaf.pk, values, by=by, version=0)


def _submit(own, quality, by, rng):
    _answer(own, quality, by, rng)
    own.refresh_from_db()
    self_assessments.submit(own.pk, by=by, version=own.version)


def _check(own, quality, officer, rng):
    candidate = rng.choice(checker_candidates(own))
    check = excellence_checks.appoint(own.pk, candidate.assessor.pk, by=officer)
    values = {}
    for leaf in _leaves(own):
        values[f"r-{leaf.pk}"] = _level(quality, leaf.scale, rng)
        values[f"c-{leaf.pk}"] = f"شواهد دیده شد؛ بخشی از واحدها هنوز سنجه ندارند. {LABEL}"
    user = Assessor.objects.get(pk=candidate.assessor.pk).user
    saved = excellence_checks.save_check(check.pk, values, by=user, version=check.version)
    excellence_checks.submit_check(check.pk, by=user, version=saved.check.version)
