"""A year of self-assessment as officers run it: open, extend, remind, draw the sample, close."""

import secrets

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from assessments.forms.excellence import frameworks
from assessments.models import ExcellenceYear, SelfAssessment
from assessments.rules import excellence as rules
from assessments.scoring import sampling
from assessments.selectors import excellence as selectors
from secretariat.bilingual import both
from secretariat.calendar import digits, today
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Agency
from secretariat.rules import only_officers
from secretariat.services.notices import tell_agency
from secretariat.workflow import advance

Status = rules.YearStatus
FIELDS = ("check_percent", "checks_due", "note")

OPENED = gettext_lazy("The self-assessment of %(year)s is open. Your agency is asked to submit it until %(deadline)s.")
EXTENDED = gettext_lazy("The self-assessment of %(year)s can now be submitted until %(deadline)s. Reason: %(why)s")
REMINDED = gettext_lazy("Your agency has not submitted its self-assessment of %(year)s yet. The deadline is %(deadline)s.")
CANCELLED = gettext_lazy("The self-assessment of %(year)s was cancelled; nothing more is asked of you. Reason: %(why)s")
DRAWN = gettext_lazy("Your agency's self-assessment of %(year)s was drawn by lot for the external check.")


@transaction.atomic
def open_year(*, by, year, framework, deadline, checks_due, check_percent, note="", is_demo=False):
    """Open a year: every member agency is asked to judge itself."""
    only_officers(by=by)
    if not frameworks().filter(pk=framework.pk).exists():
        raise RuleBroken(_("Choose a published framework made for agencies."), field="framework")
    if deadline <= timezone.now():
        raise RuleBroken(_("Choose a time later than now."), field="deadline")
    if checks_due <= deadline:
        raise RuleBroken(_("The checkers work after the agencies: choose a later day."), field="checks_due")
    try:
        with transaction.atomic():
            made = ExcellenceYear.objects.create(
                year=year,
                framework=framework,
                deadline=deadline,
                checks_due=checks_due,
                check_percent=check_percent,
                note=note,
                is_demo=is_demo,
                created_by=by,
            )
    except IntegrityError:
        raise RuleBroken(_("The self-assessment of this year is open already, or was."), field="year") from None
    made.moves.create(action="open", source="", target=made.status, by=by)
    _tell(Agency.objects.filter(is_member=True), made, "excellence_opened", OPENED, deadline=deadline)
    return made


@transaction.atomic
def edit_year(year_id, *, by, version, **fields):
    """Save what may still be written of a year that agencies answer."""
    only_officers(by=by)
    year = _lock(year_id)
    if year.version != version:
        raise Stale(_("Somebody else saved this year while you were working. Nothing of yours was saved yet."), year)
    _refuse_unless_open(year)
    if fields.get("checks_due", year.checks_due) <= year.deadline:
        raise RuleBroken(_("The checkers work after the agencies: choose a later day."), field="checks_due")
    for name in FIELDS:
        if name in fields:
            setattr(year, name, fields[name])
    year.version += 1
    year.save(update_fields=[*FIELDS, "version"])
    return year


@transaction.atomic
def extend(year_id, deadline, *, by, why):
    """Give the agencies more time; those that have not submitted are told. The checkers' time moves along."""
    only_officers(by=by)
    year, why = _lock(year_id), why.strip()
    _refuse_unless_open(year)
    if deadline <= max(year.deadline, timezone.now()):
        raise RuleBroken(_("Choose a time later than now and later than the present deadline."), field="deadline")
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    year.checks_due += deadline - year.deadline
    year.deadline = deadline
    year.version += 1
    year.save(update_fields=["deadline", "checks_due", "version"])
    year.moves.create(action="extend", source=year.status, target=year.status, by=by, why=why)
    _tell(selectors.not_submitted(year), year, "excellence_extended", EXTENDED, deadline=deadline, why=why)
    return year


@transaction.atomic
def remind(year_id, agencies, *, by):
    """Remind those of `agencies` (a queryset) that have not submitted; each at most once a day. Gives their number."""
    only_officers(by=by)
    year = _lock(year_id)
    _refuse_unless_open(year)
    missing = list(selectors.not_submitted(year).filter(pk__in=agencies.values("pk")))
    if not missing:
        raise RuleBroken(_("All of these have submitted."))
    _tell(missing, year, "excellence_reminded", REMINDED, once=f"excellence-{year.pk}-{today()}", deadline=year.deadline)
    names = "، ".join(agency.name_fa for agency in missing)
    year.moves.create(action="remind", source=year.status, target=year.status, by=by, why=names)
    return len(missing)


@transaction.atomic
def draw_sample(year_id, *, by, why="", seed=None):
    """End the answering and draw by lot who is checked; whoever is not drawn stands as submitted.

    The seed is made here and stays on record, so nobody chooses the sample and everybody can draw it again.
    """
    only_officers(by=by)
    year = _lock(year_id)
    _check_time(year, why)
    seed = seed or secrets.token_hex(16)
    submitted = list(
        year.self_assessments.filter(status=rules.SelfStatus.SUBMITTED)
        .select_related("agency")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    year = advance(ExcellenceYear.objects.all(), year_id, "draw", by=by, why=why, seed=seed, drawn_at=timezone.now())
    drawn = sampling.draw(_by_kind(submitted), year.check_percent, seed)
    for row in submitted:
        slug = row.agency.slug
        action, lot = "sample" if slug in drawn else "stand", sampling.lot(seed, slug)
        advance(SelfAssessment.objects.all(), row.pk, action, by=by, in_sample=slug in drawn, lot=lot)
    _tell([row.agency for row in submitted if row.agency.slug in drawn], year, "excellence_drawn", DRAWN)
    return year


def _check_time(year, why):
    """Before the deadline, with agencies still at work, the answering ends only for a stated reason."""
    missing = 0 if year.is_past_deadline or why.strip() or year.status != Status.OPEN else selectors.not_submitted(year).count()
    if missing:
        raise RuleBroken(
            ngettext(
                "The deadline has not passed and %(count)s agency has not submitted. To draw now, write the reason.",
                "The deadline has not passed and %(count)s agencies have not submitted. To draw now, write the reason.",
                missing,
            )
            % {"count": digits(missing)},
            field="why",
        )


def _by_kind(rows):
    strata = {}
    for row in rows:
        strata.setdefault(row.agency.kind, []).append(row.agency.slug)
    return strata


@transaction.atomic
def move_year(year_id, action, *, by, why=""):
    """Close or cancel a year; the sample is drawn by `draw_sample`."""
    only_officers(by=by)
    year = advance(ExcellenceYear.objects.all(), year_id, action, by=by, why=why)
    if action == "cancel":
        _tell(Agency.objects.filter(is_member=True), year, "excellence_cancelled", CANCELLED, link="", why=why.strip())
    return year


def _lock(year_id):
    return ExcellenceYear.objects.select_for_update(of=("self",), no_key=True).get(pk=year_id)


def _refuse_unless_open(year):
    if year.status != Status.OPEN:
        raise RuleBroken(_("This is possible only while the agencies answer."))


def _tell(agencies, year, kind, text, *, link=None, once=None, **values):
    texts = both(text, year=year.year, **values)
    link = reverse("self_assessment_list") if link is None else link
    for agency in agencies:
        tell_agency(agency.pk, kind, *texts, link=link, once=once and f"{once}-{agency.pk}")
