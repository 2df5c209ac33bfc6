"""Rounds as they are read: how far the work is, who could be asked, what stands in the way of the results."""

from dataclasses import dataclass, field

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import rules
from assessments.models import (
    Assessor,
    Assignment,
    Entry,
    Indicator,
    Measurement,
    Moderation,
    Round,
    ScoringFlag,
    ScoringRun,
    SetAside,
    SheetPart,
)
from assessments.selectors.affinity import affinity
from assessments.selectors.conflicts import Why, conflicts
from secretariat.calendar import digits, reads_persian, short_date
from secretariat.models import RoleGrant

_A = rules.AssignmentStatus


def _assignments(*statuses):
    return Count("assignments", filter=Q(assignments__status__in=statuses), distinct=True)


def rounds_with_counts(user):
    """Rounds that `user` may see, each with the number of its entries and of its assignments by state."""
    path = "entries__assignments"

    def count(*statuses):
        return Count(path, filter=Q(**{f"{path}__status__in": statuses}), distinct=True)

    return Round.objects.visible_to(user).annotate(
        entry_count=Count("entries", distinct=True),
        submitted_count=count(_A.SUBMITTED),
        active_count=count(*rules.ACTIVE_ASSIGNMENTS),
    )


def entries_with_progress(entries):
    """Entries with the number of their assignments by state, `missing` of the panel, and the total score."""
    return (
        entries.select_related("subject__agency", "round")
        .annotate(
            offered_count=_assignments(_A.OFFERED),
            accepted_count=_assignments(_A.ACCEPTED),
            declined_count=_assignments(_A.DECLINED),
            withdrawn_count=_assignments(_A.WITHDRAWN),
            submitted_count=_assignments(_A.SUBMITTED),
            active_count=_assignments(*rules.ACTIVE_ASSIGNMENTS),
        )
        # A calibration item has no panel of its own: whoever is at work rates it.
        .annotate(missing=Case(When(is_calibration=True, then=0), default=F("round__panel_size") - F("active_count")))
    )


def progress_totals(entries):
    """The sums over entries_with_progress: {"offered", "accepted", "submitted", "missing"}."""
    sums = entries.aggregate(
        offered=Sum("offered_count"), accepted=Sum("accepted_count"), submitted=Sum("submitted_count"), lacking=Sum("missing")
    )
    sums["missing"] = sums.pop("lacking")
    return {name: total or 0 for name, total in sums.items()}


def with_root_scores(entries, user):
    """Entries with their total score as `score`, `low`, `high`, `raters`, `coverage`, `gate`; all None without one, and
    where `user` still has to judge in the round himself."""
    columns = {"score": "value", "low": "low", "high": "high", "raters": "raters", "coverage": "coverage", "gate": "gate_failed"}
    own = Assignment.objects.filter(assessor__user=user, status__in=rules.PENDING_ASSIGNMENTS)
    unjudged = Q(round__in=own.values("entry__round")) & ~Q(round__status__in=rules.PUBLIC_ROUNDS)
    return entries.annotate(**{name: Case(When(unjudged, then=None), default=F(f"result__{col}")) for name, col in columns.items()})


def panel_warnings(round_):
    """Entries whose panel is smaller than the round asks for, with how many assessors are missing."""
    entries = entries_with_progress(round_.entries.ranked())
    return list(entries.filter(missing__gt=0).order_by("pk"))


# --- measurements --------------------------------------------------------------------------------


@dataclass
class MeasurementRow:
    """One value to be measured: an indicator of an entry's sheet, and what was measured so far (or None)."""

    entry: Entry
    indicator: Indicator
    measurement: Measurement | None


def measurement_rows(entries):
    """What the secretariat measures for these entries, in the order of their sheets. Three queries."""
    entries = list(entries)
    sheets = {entry.sheet_id for entry in entries}
    parts = SheetPart.objects.filter(sheet__in=sheets).order_by("sheet", "position").values_list("sheet", "version")
    measured = Indicator.objects.filter(rater=Indicator.Rater.SECRETARIAT, scale__isnull=False)
    by_version = {}
    for indicator in measured.filter(version__sheet_parts__sheet__in=sheets).distinct().select_related("scale", "parent"):
        by_version.setdefault(indicator.version_id, []).append(indicator)
    by_sheet = {}
    for sheet, version in parts:
        by_sheet.setdefault(sheet, []).extend(by_version.get(version, ()))
    found = {(row.entry_id, row.indicator_id): row for row in Measurement.objects.filter(entry__in=entries)}
    return [
        MeasurementRow(entry, indicator, found.get((entry.pk, indicator.pk)))
        for entry in entries
        for indicator in by_sheet.get(entry.sheet_id, ())
    ]


# --- may the results stand? ----------------------------------------------------------------------


class Problem(str):
    """A sentence with the page where it can be mended."""

    def __new__(cls, words, url="", label=""):
        made = super().__new__(cls, words)
        made.url, made.label = url, label
        return made


def why_not_publishable(round_):
    """Sentences naming what keeps the results from standing; none when all is well."""
    entries = round_.entries.ranked().select_related("subject").order_by("pk")
    if not entries.exists():
        return [_("No product takes part in the results.")]
    blocks = [
        (
            with_counted(entries, round_).filter(counted__lt=rules.LEAST_PANEL),
            _("Fewer than %(least)s assessments were submitted for: %(titles)s."),
        ),
        (unmeasured(entries), _("Measurements of the secretariat are missing for: %(titles)s.")),
        (entries.stale(), _("Scores are still being computed for: %(titles)s.")),
    ]
    found = [(list(blocked), sentence) for blocked, sentence in blocks]
    problems = [
        sentence % {"least": digits(rules.LEAST_PANEL), "titles": titles(blocked)} for blocked, sentence in found if blocked
    ]
    problems += _disputed(round_)
    if not problems and round_.run is None:
        problems.append(_("The scores of this round were not computed yet."))
    return problems


def _disputed(round_):
    """A sentence on the disagreements that are not settled yet."""
    count = Moderation.objects.holding(round_).count()
    if not count:
        return []
    words = ngettext(
        "%(count)s disagreement of a panel is not settled yet.", "%(count)s disagreements of panels are not settled yet.", count
    ) % {"count": digits(count)}
    return [Problem(words, reverse("round_moderation", args=[round_.pk]), _("Look at them"))]


def what_waits(round_):
    """(disagreements not settled, questions not answered) of a round, None for none; one query."""

    def count(rows):
        counted = rows.order_by().annotate(all=Value(1)).values("all").annotate(n=Count("pk", distinct=True))
        return Subquery(counted.values("n"))

    questions = ScoringFlag.objects.filter(round=round_, is_raised=True, decision="")
    rows = Round.objects.filter(pk=round_.pk)
    return tuple(n or None for n in rows.values_list(count(Moderation.objects.holding(round_)), count(questions)).get())


def with_counted(entries, round_):
    """Entries of a round with `counted`: how many assessments enter their scores, those of assessors set aside left out."""
    aside = SetAside.objects.filter(round=round_, ended_at=None).values("assessor")
    submitted = Q(assignments__status=_A.SUBMITTED) & ~Q(assignments__assessor__in=aside)
    return entries.annotate(counted=Count("assignments", filter=submitted, distinct=True)).order_by("pk")


def awaiting_computation():
    """Stale entries whose round is to be computed without anybody's asking: nobody stopped it since they changed."""
    stopped = ScoringRun.objects.filter(
        round=OuterRef("round"), status=ScoringRun.Status.CANCELLED, finished_at__gte=OuterRef("inputs_changed_at")
    )
    return Entry.objects.stale().filter(~Exists(stopped))


def disconnected_sentence(run):
    """Says that a run's products fall into parts that cannot be compared."""
    return ngettext(
        "No assessor joins the %(count)s part of this round: its products cannot stand in one ranking.",
        "No assessor joins the %(count)s parts of this round: their products cannot stand in one ranking.",
        run.component_count,
    ) % {"count": digits(run.component_count)}


def unmeasured(entries):
    """Those for which the secretariat still owes a measurement that their sheet asks for."""
    owed = Indicator.objects.filter(
        ~Exists(Measurement.objects.filter(indicator=OuterRef("pk"), entry=OuterRef(OuterRef("pk")))),
        rater=Indicator.Rater.SECRETARIAT,
        scale__isnull=False,
        version__sheet_parts__sheet=OuterRef("sheet"),
    )
    return entries.filter(Exists(owed))


def titles(entries, most=12):
    """The titles of entries in quotation marks, the first `most` of them."""
    entries = list(entries)
    named = "، ".join if reads_persian() else ", ".join
    text = named(f"«{e.subject}»" if reads_persian() else f"“{e.subject}”" for e in entries[:most])
    rest = len(entries) - most
    if rest > 0:
        text += " " + ngettext("and %(count)s more", "and %(count)s more", rest) % {"count": digits(rest)}
    return text


# --- whom to ask ---------------------------------------------------------------------------------


@dataclass
class PlanLine:
    """One pair of entry and assessor: `refusal` says why they cannot be joined; `former` is an answered, ended assignment."""

    entry: Entry
    assessor: Assessor
    refusal: str | None = None
    former: Assignment | None = None


def assessors_with_load(assessors):
    """Assessors with `load`, products they are asked about or at work on now, and what they take today: see capacity_on."""
    busy = Assignment.objects.filter(
        assessor=OuterRef("pk"), status__in=rules.PENDING_ASSIGNMENTS, entry__round__status__in=rules.EDITABLE_ROUNDS
    )
    load = Subquery(busy.order_by().values("assessor").annotate(n=Count("pk")).values("n"))
    return assessors.select_related("user").capacity_on().annotate(load=Coalesce(load, 0))


def plan(round_, pairs):
    """What would come of asking: a PlanLine for each (entry pk, assessor pk) pair; pairs that do not exist are left out.

    The number of queries does not depend on the number of pairs. Capacity is counted along the list.
    """
    entries = {e.pk: e for e in Entry.objects.filter(round=round_, pk__in={p[0] for p in pairs}).select_related("subject")}
    assessors = {a.pk: a for a in assessors_with_load(Assessor.objects.filter(pk__in={p[1] for p in pairs}))}
    barred = barred_from(entries.values(), assessors.values())
    rows = Assignment.objects.filter(entry__in=entries, assessor__in=assessors).with_discussions()
    present = {(row.entry_id, row.assessor_id): row for row in rows}
    inside = insiders(assessors.values())
    lines, load = [], {pk: assessor.load for pk, assessor in assessors.items()}
    for pair in pairs:
        if pair[0] not in entries or pair[1] not in assessors:
            continue
        entry, assessor = entries[pair[0]], assessors[pair[1]]
        line = PlanLine(entry, assessor, former=present.get(pair))
        line.refusal = _refusal(line, barred, inside, load[assessor.pk])
        if line.refusal is None:
            load[assessor.pk] += 1
        lines.append(line)
    return lines


def refusals(entries, assessors):
    """{(entry pk, assessor pk): sentence} of all pairs that must not or cannot be joined; each pair by itself."""
    entries, assessors = list(entries), list(assessors_with_load(assessors))
    barred, inside = barred_from(entries, assessors), insiders(assessors)
    rows = Assignment.objects.filter(entry__in=entries, assessor__in=assessors).with_discussions()
    present = {(row.entry_id, row.assessor_id): row for row in rows}
    lines = [PlanLine(entry, one, former=present.get((entry.pk, one.pk))) for entry in entries for one in assessors]
    told = {(line.entry.pk, line.assessor.pk): _refusal(line, barred, inside, line.assessor.load) for line in lines}
    return {pair: sentence for pair, sentence in told.items() if sentence}


def insiders(assessors):
    """Users among the assessors who work in the secretariat: they read every rating as it comes in."""
    users = [assessor.user for assessor in assessors]
    staff = RoleGrant.objects.current().filter(user__in=users, role__in=RoleGrant.SECRETARIAT_ROLES)
    return {user.pk for user in users if user.is_superuser} | set(staff.values_list("user", flat=True))


def barred_from(entries, assessors):
    """{(entry pk, assessor pk): Why} of those who must not judge: for a conflict, and in a review who judged before."""
    entries, of_subject, found = list(entries), {}, {}
    for entry in entries:
        of_subject.setdefault(entry.subject_id, []).append(entry.pk)
    for (subject, assessor), why in conflicts({entry.subject for entry in entries}, assessors).items():
        barring = Why(_("Conflict of interest: %(reason)s") % {"reason": why}, firm=why.firm)
        found |= {(entry, assessor): barring for entry in of_subject[subject]}
    reviews = {entry.review_of_id: entry.pk for entry in entries if entry.review_of_id}
    if reviews:
        before = Assignment.objects.filter(entry__in=reviews, assessor__in=assessors).exclude(status=_A.DECLINED)
        for entry_id, assessor_id in before.values_list("entry", "assessor"):
            found[reviews[entry_id], assessor_id] = Why(_("Judged it before the appeal."), firm=True)
    return found


def _refusal(line, barred, inside, load):
    """Why this assessor is not asked about this entry, or None."""
    if line.assessor.user_id in inside:
        return _("Works in the secretariat and can read the others' ratings.")
    if why := barred.get((line.entry.pk, line.assessor.pk)):
        return why.sentence
    if line.former is not None and line.former.status in rules.ACTIVE_ASSIGNMENTS:
        return _("Is asked already.")
    if line.former is not None and line.former.discussions:
        return _("Has discussed it with the panel.")
    if not (line.assessor.is_active and line.assessor.user.is_active):
        return _("Is not active at present.")
    if line.assessor.allowed == 0:
        return _away(line.assessor.allowed_until)
    if load >= line.assessor.allowed:
        return ngettext(
            "Is at work on %(count)s product already, as many as agreed.",
            "Is at work on %(count)s products already, as many as agreed.",
            load,
        ) % {"count": digits(load)}
    return None


def _away(until):
    return _("Is away until %(day)s.") % {"day": short_date(until)} if until else _("Is away at present.")


@dataclass
class Candidate:
    """Somebody who may be asked about an entry, with what speaks for and against it."""

    assessor: Assessor
    fit: int  # percent, as for whole panels; see selectors.affinity
    refusal: str | None
    former: Assignment | None
    expertise: list = field(default_factory=list)
    waivable: bool = False  # two officers may let him judge it all the same


def candidates(entry):
    """Every active assessor for one entry, the fittest first and those who must not judge it last."""
    wanted = set(SheetPart.objects.filter(sheet=entry.sheet_id).values_list("version__set", flat=True))
    roster = list(assessors_with_load(Assessor.objects.active()).prefetch_related("expertise"))
    barred, inside = barred_from([entry], roster), insiders(roster)
    present = {row.assessor_id: row for row in Assignment.objects.filter(entry=entry).with_discussions()}
    found = []
    for assessor, fit in zip(roster, affinity([entry], roster)[0] if roster else (), strict=True):
        former = present.get(assessor.pk)
        if former is not None and former.status in rules.ACTIVE_ASSIGNMENTS:
            continue
        line = PlanLine(entry, assessor, former=former)
        expertise = [set_ for set_ in assessor.expertise.all() if set_.pk in wanted]
        tie, refusal = barred.get((entry.pk, assessor.pk)), _refusal(line, barred, inside, assessor.load)
        waivable = tie is not None and not tie.firm and assessor.user_id not in inside
        found.append(Candidate(assessor, round(100 * fit), refusal, former, expertise, waivable))
    return sorted(found, key=lambda c: (c.refusal is not None, -c.fit, c.assessor.load, c.assessor.user.sort_key or "", c.assessor.pk))


# --- an assessor's own work ----------------------------------------------------------------------


@dataclass
class MyWork:
    """An assessor's assignments by what they ask of him; what is over are querysets, newest first, for it only grows."""

    to_answer: list
    to_do: list
    done: QuerySet
    past: QuerySet


def my_work(user):
    """The assignments of `user`, the most urgent first; of rounds in preparation nothing is told yet."""
    rows = (
        Assignment.objects.filter(assessor__user=user)
        .with_due()
        .exclude(entry__round__status=rules.RoundStatus.DRAFT)
        .select_related("entry__subject__agency", "entry__round", "assessment", "summoned_by")
    )
    work = MyWork(
        [],
        [],
        done=rows.filter(status=_A.SUBMITTED).order_by("-assessment__submitted_at", "-pk"),
        past=rows.exclude(pk__in=rows.pending().values("pk")).exclude(status=_A.SUBMITTED).order_by("-due", "-pk"),
    )
    for row in rows.pending().order_by("due", "pk"):
        (work.to_answer if row.status == _A.OFFERED else work.to_do).append(row)
    return work
