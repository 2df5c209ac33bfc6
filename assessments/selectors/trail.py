"""What this room has on record of a round: the sources of its trail, and the checks that end it."""

from itertools import chain

from django.db.models import Q
from django.utils.translation import gettext as _

from assessments.models import (
    AppealMove,
    Assessment,
    Assignment,
    AssignmentMove,
    ConflictOfInterest,
    Entry,
    Escalation,
    Extension,
    Measurement,
    ModeratedRating,
    ModerationMessage,
    ModerationMove,
    PanelDraftMove,
    PanelGap,
    Proposal,
    RemarkCheck,
    Reminder,
    Round,
    RoundBundle,
    RoundMove,
    ScoringFlag,
    ScoringRun,
    WaiverMove,
)
from assessments.trail import Line
from secretariat import calendar
from secretariat.selectors import audit
from secretariat.templatetags.portal_text import num

# Every table of moves that a round leaves: (the way to the round, the way to the product or the assessor that it concerns).
MOVES = {
    RoundMove: ("round", ()),
    PanelDraftMove: ("draft__round", ()),
    AssignmentMove: ("assignment__entry__round", ("assignment__assessor__user", "assignment__entry__subject")),
    WaiverMove: ("waiver__subject__entries__round", ("waiver__assessor__user", "waiver__subject")),
    ModerationMove: ("moderation__entry__round", ("moderation__entry__subject",)),
    AppealMove: ("appeal__entry__round", ("appeal__entry__subject",)),
}
# Of the changes of a round, those that its moves tell.
TOLD_BY_MOVES = ("status", "appeals_until", "separate_lists")


def _name(user):
    return None if user is None else user.display_name


def _row(obj, part=""):
    return f"{obj._meta.model_name}:{obj.pk}" + (f":{part}" if part else "")


def _about(*things):
    return " – ".join(str(thing) for thing in things if thing)


# --- moves ---------------------------------------------------------------------------------------


def moves(round_):
    """Every change of a state, and every decision that is kept as one."""
    for model, (path, about) in MOVES.items():
        owner = path.split("__")[0] if path != "round" else "round"
        moved = model._meta.get_field(owner).related_model
        states, steps = dict(moved._meta.get_field("status").flatchoices), moved.MOVES
        rows = model.objects.filter(**{path: round_}).select_related("by", *about).order_by("pk").distinct()
        for row in rows.iterator(chunk_size=2000):
            step = steps.get(row.action)
            changes = row.source != row.target
            yield Line(
                row.at,
                str(step.label if step and step.label else states.get(row.target, row.action)),
                _row(row),
                about=_about(*(_along(row, way) for way in about)),
                by=_name(row.by),
                source=str(states.get(row.source, row.source)) if changes else "",
                target=str(states.get(row.target, row.target)) if changes else "",
                why=row.why,
            )


def _along(row, path):
    for name in path.split("__"):
        row = getattr(row, name)
    return row


# --- the round itself ----------------------------------------------------------------------------


def changes(round_):
    """What was written into the round's form, field by field, from its history."""
    found, offset = [], 0
    while True:
        rows, more = audit.changes(model=Round._meta.label_lower, row=round_.pk, offset=offset, limit=200)
        found += rows
        offset += len(rows)
        if not more:
            break
    told = {str(Round._meta.get_field(name).verbose_name) for name in TOLD_BY_MOVES}
    for number, change in enumerate(reversed(found), 1):
        facts = {label: f"{before} → {after}" for label, before, after in change.fields if label not in told}
        if number == 1:
            yield Line(change.at, _("Round made"), f"roundevent:{number}:of round {round_.pk}", by=_name(round_.created_by))
        elif facts:
            yield Line(change.at, _("Round changed"), f"roundevent:{number}:of round {round_.pk}", by=change.by or "", why=change.why, facts=facts)


def entries(round_):
    for row in Entry.objects.filter(round=round_).select_related("subject", "sheet").order_by("pk"):
        yield Line(row.added_at, _("Product entered"), _row(row), about=str(row.subject), by="", facts={_("judged by"): row.sheet.key})


def measured(round_):
    """Each value that the secretariat measured, also those that were replaced."""
    indicators = Measurement._meta.get_field("indicator").related_model.objects.in_bulk
    titles = {entry.pk: str(entry.subject) for entry in Entry.objects.filter(round=round_).select_related("subject")}
    events = list(Measurement.pgh_event_model.objects.filter(entry__in=titles).select_related("by").order_by("pgh_id"))
    names = indicators({event.indicator_id for event in events})
    words = {"insert": _("Measured"), "update": _("Measured anew"), "delete": _("Measurement taken out")}
    for event in events:
        value = _("not applicable") if event.not_applicable else num(event.value)
        facts = {_("value"): value, _("target"): "" if event.target is None else num(event.target)}
        yield Line(
            event.pgh_created_at,
            words[event.pgh_label],
            f"measurementevent:{event.pgh_id}",
            about=_about(titles[event.entry_id], names[event.indicator_id].title),
            by=_name(event.by),
            why=event.note,
            facts={name: said for name, said in facts.items() if said},
        )


# --- who judges ----------------------------------------------------------------------------------


def begun(round_):
    sheets = Assessment.objects.filter(assignment__entry__round=round_)
    for row in sheets.select_related("assignment__assessor__user", "assignment__entry__subject").order_by("pk"):
        judge = row.assignment.assessor
        yield Line(
            row.started_at, _("Sheet begun"), _row(row), about=_about(judge, row.assignment.entry.subject), by=_name(judge.user)
        )


def more_time(round_):
    rows = Extension.objects.filter(assignment__entry__round=round_)
    for row in rows.select_related("assignment__assessor__user", "assignment__entry__subject", "asked_by", "decided_by").order_by("pk"):
        about = _about(row.assignment.assessor, row.assignment.entry.subject)
        if row.asked_by is not None:
            facts = {_("until"): calendar.long_datetime(row.asked_until)}
            yield Line(
                row.asked_at, _("More time asked for"), _row(row, "asked"), about=about, by=_name(row.asked_by), why=row.asked_why, facts=facts
            )  # fmt: skip
        if row.decision:
            given = row.decision == Extension.Decision.GRANTED
            span = f"{calendar.long_datetime(row.former)} → {calendar.long_datetime(row.until)}" if given else ""
            yield Line(
                row.decided_at,
                _("More time given") if given else _("More time refused"),
                _row(row, "decided"),
                about=about,
                by=_name(row.decided_by),
                why=row.decided_why,
                facts={_("deadline"): span} if given else {},
            )


def reminded(round_):
    for row in Reminder.objects.filter(round=round_).select_related("assessor__user", "by").order_by("pk"):
        yield Line(
            row.at, _("Reminder sent"), _row(row), about=str(row.assessor), by=_name(row.by),
            facts={_("occasion"): row.occasion, _("to"): row.to or _("on the desk alone"), _("subject"): row.subject},
        )  # fmt: skip
    told = Escalation.objects.filter(assignment__entry__round=round_)
    for row in told.select_related("assignment__assessor__user", "assignment__entry__subject").order_by("pk"):
        yield Line(
            row.at, _("Lateness told"), _row(row), about=_about(row.assignment.assessor, row.assignment.entry.subject),
            facts={_("told to"): row.get_level_display(), _("working days late"): num(row.late)},
        )  # fmt: skip


def conflicts(round_):
    """Conflicts of interest with products of the round, of whoever was asked in it; also how they changed and ended."""
    asked = Assignment.objects.filter(entry__round=round_).values("assessor")
    subjects = Entry.objects.filter(round=round_).values("subject")
    events = ConflictOfInterest.pgh_event_model.objects.filter(subject__in=subjects, assessor__in=asked)
    sources = dict(ConflictOfInterest.Source.choices)
    for event in events.select_related("assessor__user", "subject", "by", "pgh_context").order_by("pgh_id"):
        context = event.pgh_context.metadata if event.pgh_context else {}
        until = {_("until"): calendar.long_date(event.until)} if event.until else {}
        yield Line(
            event.pgh_created_at,
            _("Conflict of interest recorded") if event.pgh_label == "insert" else _("Conflict of interest changed"),
            f"conflictofinterestevent:{event.pgh_id}",
            about=_about(event.assessor, event.subject),
            by=_name(event.by),
            why=context.get("why") or event.reason,
            facts={_("source"): str(sources[event.source]), **until},
        )


def gaps(round_):
    for row in PanelGap.objects.filter(entry__round=round_).select_related("entry__subject", "by").order_by("pk"):
        yield Line(row.at, _("Panel left incomplete"), _row(row), about=str(row.entry.subject), by=_name(row.by), why=row.why)


# --- scores --------------------------------------------------------------------------------------


def runs(round_):
    for row in ScoringRun.objects.filter(round=round_).select_related("asked_by").order_by("pk"):
        facts = {
            _("state"): row.get_status_display(),
            _("method"): row.get_method_display(),
            _("digest of what it rests on"): row.inputs_hash,
            _("kept because"): row.kept_because,
        }
        yield Line(
            row.started_at, _("Scores computed"), _row(row), by=_name(row.asked_by), facts={name: said for name, said in facts.items() if said}
        )  # fmt: skip
        if row.frozen_at:
            digest = {_("run"): num(row.pk), _("digest of what it rests on"): row.inputs_hash}
            yield Line(row.frozen_at, _("Run frozen: the scores stand on it"), _row(row, "frozen"), by="", facts=digest)


def questions(round_):
    """Every answer to a question about an assessor, also those that were changed."""
    events = ScoringFlag.pgh_event_model.objects.filter(round=round_, answered_at__isnull=False)
    seen, kinds, decisions = set(), dict(ScoringFlag.Kind.choices), dict(ScoringFlag.Decision.choices)
    for event in events.select_related("answered_by", "assessor__user").order_by("pgh_id"):
        if (event.pgh_obj_id, event.answered_at) in seen:
            continue
        seen.add((event.pgh_obj_id, event.answered_at))
        yield Line(
            event.answered_at, _("Question answered"), f"scoringflagevent:{event.pgh_id}", about=str(event.assessor),
            by=_name(event.answered_by), why=event.answer,
            facts={_("question"): str(kinds[event.kind]), _("decision"): str(decisions[event.decision])},
        )  # fmt: skip


def bundles(round_):
    for row in RoundBundle.objects.filter(run__round=round_).select_related("asked_by").order_by("pk"):
        facts = {"SHA-256": row.sha256, _("refused"): row.get_refused_display()}
        yield Line(
            row.asked_at, _("Data for recomputation asked for"), _row(row), by=_name(row.asked_by),
            facts={name: str(said) for name, said in facts.items() if said},
        )  # fmt: skip


def words(round_):
    """What was decided on the texts that assessors wrote for the agencies, also what was decided before."""
    events = RemarkCheck.pgh_event_model.objects.filter(assessment__assignment__entry__round=round_)
    verdicts = dict(RemarkCheck.Verdict.choices)
    rows = events.select_related("by", "assessment__assignment__assessor__user", "assessment__assignment__entry__subject")
    for event in rows.exclude(pgh_label="delete").order_by("pgh_id"):
        given = event.assessment.assignment
        yield Line(
            event.pgh_created_at, _("Text for the agency looked at"), f"remarkcheckevent:{event.pgh_id}",
            about=_about(given.assessor, given.entry.subject), by=_name(event.by), why=event.why,
            facts={_("decision"): str(verdicts.get(event.verdict, event.verdict))},
        )  # fmt: skip


# --- moderation ----------------------------------------------------------------------------------


def discussed(round_):
    of_round = Q(moderation__entry__round=round_)
    said = ModerationMessage.objects.filter(of_round).select_related("by", "moderation__entry__subject")
    for row in said.order_by("pk"):
        yield Line(row.at, _("Said in the discussion"), _row(row), about=str(row.moderation.entry.subject), by=_name(row.by), why=row.text)
    for model, what, why in ((Proposal, _("New value proposed"), "why"), (ModeratedRating, _("Common value recorded"), "comment")):
        rows = model.objects.filter(of_round).select_related("by", "indicator", "moderation__entry__subject").order_by("pk")
        for row in rows:
            yield Line(
                row.at, what, _row(row), about=_about(row.moderation.entry.subject, row.indicator.title), by=_name(row.by),
                why=getattr(row, why), facts={_("value"): _("not applicable") if row.value is None else num(row.value)},
            )  # fmt: skip


SOURCES = (moves, changes, entries, measured, begun, more_time, reminded, conflicts, gaps, runs, questions, bundles, words, discussed)


# --- the checks at the end -----------------------------------------------------------------------


def gaps_in_moves(round_):
    """Sentences on every place where the trail of states is broken: a state that no move led to."""
    asked = Assignment.objects.filter(entry__round=round_).select_related("assessor__user", "entry__subject")
    for obj in chain([round_], asked.prefetch_related("moves")):
        last = None
        for move in obj.moves.all():  # in the order of time
            if last is not None and move.source != last:
                yield _("%(what)s: %(source)s follows %(last)s without a move.") % {"what": obj, "source": move.source, "last": last}
            last = move.target
        if last is not None and last != obj.status:
            yield _("%(what)s: it is %(state)s, but its last move led to %(last)s.") % {"what": obj, "state": obj.status, "last": last}
