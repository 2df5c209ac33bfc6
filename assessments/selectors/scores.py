"""Why a score is what it is: contributions that sum to it, who gave what, and where it comes from."""

from dataclasses import dataclass, field

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import scoring
from assessments.models import Assessment, Entry, RemarkCheck, Score, ScoringRun
from assessments.scoring.rounding import shown, shown_parts
from assessments.selectors.agreements import Agreement, agreement_on
from assessments.selectors.remarks import remarks_of
from assessments.selectors.score_inputs import panel_inputs
from assessments.selectors.score_readers import COUNCIL, PUBLIC, STAFF
from assessments.selectors.sets import nested, walk
from assessments.selectors.standing import Standing, standing_of
from secretariat.calendar import digits

# Two assessors further apart than this on the total (0–100) deserve a look before the council decides.
WIDE_SPREAD = 20


@dataclass
class Line:
    """A node of the tree with its part in the total."""

    kind: str  # "part", "dimension", "indicator"
    title: str
    number: str
    depth: int
    score: Score
    share: float  # of the total, as weighed for this panel, 0–1
    contribution: float  # in points of the total
    gate: object = None  # the least value asked for, 0–100
    measured: bool = False
    not_applicable: int = 0  # assessors who found that it does not apply
    left_out: bool = False  # so many of them that it left the tree for the whole panel
    filled: int = 0  # sheets for which a skipped answer was filled in
    # As they are printed, so that the parts of each node sum to it (Decimals).
    points: object = None
    percent: object = None
    sign: int | None = None  # of a dimension, on the picture

    @property
    def value(self):
        return self.score.value

    @property
    def mean(self):
        """The panel's plain mean here, skipped answers filled in: share × mean is the contribution."""
        return self.contribution / self.share if self.share else None

    @property
    def gate_failed(self):
        return self.gate is not None and self.score.gate_failed

    @property
    def remarks(self):
        """What happened to the answers here besides being averaged, as sentences."""
        said = []
        if self.measured:
            said.append(_("measured by the secretariat"))
        if self.not_applicable:
            shown_count = {"n": digits(self.not_applicable)}
            said.append(
                ngettext("%(n)s assessor: not applicable", "%(n)s assessors: not applicable", self.not_applicable) % shown_count
            )
        if self.left_out:
            said.append(_("left the tree for the whole panel; its weight went to the others"))
        if self.filled:
            said.append(
                ngettext(
                    "the missing answer of %(n)s assessor was filled in from the rest of his sheet and the panel",
                    "the missing answers of %(n)s assessors were filled in from the rest of their sheets and the panel",
                    self.filled,
                )
                % {"n": digits(self.filled)}
            )
        return said


@dataclass
class Voice:
    """One assessor's total; `name` only where the audience may know it."""

    alias: int
    value: float | None
    coverage: float
    severity: float | None = None  # points he gives above his peers; None where it could not be told
    name: str = ""
    strengths: str = ""
    improvements: str = ""
    note_to_staff: str = ""
    comments: list = field(default_factory=list)  # (indicator title, comment)
    assignment_id: int | None = None
    # As they are printed: given + correction is adjusted, and their means those of the panel (Decimals).
    shown_given: object = None
    shown_adjusted: object = None

    @property
    def coverage_percent(self):
        return 100 * self.coverage

    @property
    def shown_correction(self):
        return self.shown_adjusted - self.shown_given

    @property
    def correction(self):
        return None if self.severity is None else -self.severity

    @property
    def adjusted(self):
        """What the score is the plain mean of."""
        return self.value if self.severity is None or self.value is None else self.value - self.severity

    @property
    def label(self):
        return self.name or _("Assessor %(n)s") % {"n": digits(self.alias)}


@dataclass
class Explanation:
    """Everything the part “why this score” shows, cut to its audience."""

    entry: Entry
    audience: str
    root: Score | None = None
    lines: list = field(default_factory=list)
    voices: list = field(default_factory=list)
    stale: bool = False
    unread: int = 0  # texts that nobody of the secretariat has looked at yet
    run: ScoringRun | None = None
    standing: Standing | None = None
    versions: list = field(default_factory=list)  # the set versions it was judged by
    appeals: object = None  # selectors.appeals.Standing, for the page that asks for it
    agreed: Agreement | None = None  # with what the panel agreed on in moderation; it stands beside the score

    @property
    def coverage_percent(self):
        return 100 * self.root.coverage

    @property
    def is_fair(self):
        """Whether the panel's severity was corrected for; else the score is the plain mean."""
        return self.root.adjustment is not None

    @property
    def uncut(self):
        """The fair score before it was cut at the ends of the scale."""
        return self.root.raw_mean + (self.root.adjustment or 0)

    @property
    def is_cut(self):
        return abs(self.uncut - self.root.value) > 1e-9

    # --- as they are printed: each is the sum or the mean of the lines above it
    @property
    def shown_mean(self):
        return shown(self.root.raw_mean)

    @property
    def shown_uncut(self):
        return shown(self.uncut)

    @property
    def shown_correction(self):
        """What the panel's severity is corrected by; positive where it was strict."""
        return self.shown_uncut - self.shown_mean

    @property
    def shown_correction_size(self):
        return abs(self.shown_correction)

    @property
    def shown_value(self):
        return shown(self.root.value)

    @property
    def shown_cut(self):
        return self.shown_value - self.shown_uncut

    @property
    def counted(self):
        """The assessors whose totals the score is the mean of."""
        return [voice for voice in self.voices if voice.value is not None]

    @property
    def shown_sum(self):
        return self.shown_uncut * len(self.counted)

    @property
    def dimensions(self):
        """The uppermost lines that are worth a bar: dimensions, under the headings of their parts."""
        return [line for line in self.lines if line.kind != "indicator" and line.depth <= 1]

    @property
    def axes(self):
        """The dimensions by number, as the picture shows them."""
        return [line for line in self.lines if line.sign]

    @property
    def has_parts(self):
        return sum(line.kind == "part" for line in self.lines) > 1

    @property
    def indicators(self):
        return [line for line in self.lines if line.kind == "indicator"]

    @property
    def failed_gates(self):
        return [line for line in self.indicators if line.gate_failed]

    @property
    def not_applicable(self):
        return [line for line in self.indicators if line.not_applicable]

    @property
    def unmeasured(self):
        return [line for line in self.indicators if line.measured and line.value is None]

    @property
    def spread(self):
        """How far the assessors lie apart on the total."""
        values = [voice.value for voice in self.voices if voice.value is not None]
        return max(values) - min(values) if len(values) > 1 else None

    @property
    def is_wide(self):
        return self.spread is not None and self.spread >= WIDE_SPREAD

    @property
    def has_comments(self):
        return bool(self.unread) or any(voice.strengths or voice.improvements or voice.comments for voice in self.voices)


def explain(entry, *, audience):
    """Why the score of `entry` is what it is, as `audience` ("staff", "council", "agency", "public") may read it.

    The contributions of the parts, of the dimensions and of the indicators each sum to the plain mean of the panel;
    with the correction for its severity that is the score. While the stored score is being brought up to date there
    are none: numbers of two moments would not agree.
    """
    told = Explanation(entry, audience, entry.result, stale=entry.is_stale)
    if told.root is None or told.root.value is None:
        return told
    told.run = ScoringRun.objects.select_related("supersedes").get(pk=told.root.run_id)
    if told.stale:
        return told
    # An agency learns where its own product stands, and nothing of what concerns the others; the public of no place at all.
    told.standing = standing_of(told.root, told.run, places=audience != PUBLIC, exact=audience in (STAFF, COUNCIL))
    stored = {(score.part_id, score.indicator_id): score for score in Score.objects.filter(entry=entry, run=told.run)}
    group, layout, assessors = panel_inputs(entry)
    told.stale = not set(layout.nodes) <= stored.keys()
    if told.stale:
        return told
    _given, filled, left_out = group.answers()
    told.lines = _lines(group, layout, stored, filled, left_out)
    told.versions = [part.version for part in layout.parts]
    _print_lines(told)
    if audience != PUBLIC:
        means = {line.score.indicator_id: line.mean for line in told.indicators}
        told.agreed = agreement_on(entry, told.run, means)
        told.voices = _voices(told, group, layout, assessors)
        _print_voices(told)
    return told


def _print_lines(told):
    """Round points and weights so that the children of each node sum to it, and the parts to the panel's mean."""
    below, path = {None: []}, []
    for line in told.lines:
        del path[line.depth :]
        below.setdefault(id(path[-1]) if path else None, []).append(line)
        path.append(line)
    for parent in (None, *told.lines):
        children = below.get(None if parent is None else id(parent), [])
        points = told.shown_mean if parent is None else parent.points
        percent = shown(100, 1) if parent is None else parent.percent
        for child, part in zip(children, shown_parts([c.contribution for c in children], points), strict=True):
            child.points = part
        for child, part in zip(children, shown_parts([100 * c.share for c in children], percent, 1), strict=True):
            child.percent = part
    for sign, line in enumerate((line for line in told.dimensions if line.kind == "dimension"), 1):
        line.sign = sign


def _print_voices(told):
    """Round what was given and what is adjusted so that their plain means are the panel's mean and the score."""
    voices = told.counted
    given = shown_parts([voice.value for voice in voices], told.shown_mean * len(voices))
    adjusted = shown_parts([voice.adjusted for voice in voices], told.shown_sum)
    for voice, *parts in zip(voices, given, adjusted, strict=True):
        voice.shown_given, voice.shown_adjusted = parts


def _lines(group, layout, stored, filled, left_out):
    tree = layout.scheme.tree
    values, _coverage = tree.values(filled)
    counted = ~np.isnan(values[0])
    shares = tree.shares(filled)[:, counted]
    panel = max(1, int(counted.sum()))
    # The panel's plain mean is that of its sheets' totals, and each sheet's total the sum of share × value.
    points = tree.upwards(np.nansum(shares * np.nan_to_num(filled[:, counted]), axis=1) / panel)
    share = tree.upwards(shares.sum(axis=1) / panel)
    refused = (group.states == scoring.NOT_APPLICABLE).sum(axis=1)
    skipped = (group.states != scoring.SCORED).sum(axis=1)

    def line(kind, title, number, depth, part, indicator=None, **more):
        row = layout.row(part.pk, indicator)
        return Line(kind, title, number, depth, stored[(part.pk, indicator)], float(share[row]), float(points[row]), **more)

    lines = []
    for place, part in enumerate(layout.parts, 1):
        lines.append(line("part", part.version.set.title, str(place), 0, part))
        own = [indicator for indicator in layout.indicators.values() if indicator.version_id == part.version_id]
        for node in walk(nested(own)):
            if not node.is_leaf:
                lines.append(line("dimension", node.title, node.number, node.depth, part, node.pk))
                continue
            row = layout.leaf_rows[node.pk]
            out = bool(left_out[row].any())
            more = {
                "gate": node.gate_least,
                "measured": node.rater == "secretariat",
                "not_applicable": int(refused[row]),
                "left_out": out,
                "filled": 0 if out or node.rater == "secretariat" else int(skipped[row]),
            }
            lines.append(line("indicator", node.title, node.number, node.depth, part, node.pk, **more))
    return lines


def _voices(told, group, layout, assessors):
    values, coverage = group.values()
    rows = Assessment.objects.counted().filter(assignment__entry=told.entry).select_related("assignment__assessor__user")
    said = {row.assignment.assessor_id: row for row in rows.prefetch_related("ratings")}
    severity = {}
    if told.is_fair:
        severity = dict(told.run.readings.filter(assessor__in=said).values_list("assessor", "severity"))
    words = _written(said.values()) if told.audience == STAFF else _released(told, rows)
    voices = []
    for column, assessor in enumerate(assessors[group.assessor].tolist()):
        row, total = said[assessor], float(values[0, column])
        voice = Voice(
            row.assignment.alias, None if np.isnan(total) else total, float(coverage[0, column]), severity.get(assessor)
        )
        own = words.get(row.pk, {})
        voice.strengths, voice.improvements = own.get("strengths", ""), own.get("improvements", "")
        voice.comments = [(indicator.title, own[pk]) for pk, indicator in layout.indicators.items() if pk in own]
        if told.audience == STAFF:
            voice.name, voice.note_to_staff = row.assignment.assessor.user.display_name, row.note_to_staff
            voice.assignment_id = row.assignment_id
        voices.append(voice)
    return sorted(voices, key=lambda voice: voice.alias)


def _written(assessments):
    """{assessment pk: {"strengths", "improvements" or indicator pk: words}}, as their assessors wrote them."""
    return {
        row.pk: {
            "strengths": row.strengths,
            "improvements": row.improvements,
            **{rating.indicator_id: rating.comment for rating in row.ratings.all() if rating.comment},
        }
        for row in assessments
    }


def _released(told, assessments):
    """The same, of what the secretariat lets others read."""
    found = {}
    for remark in remarks_of(assessments):
        told.unread += remark.check is None
        if remark.state == RemarkCheck.Verdict.RELEASED:
            place = remark.indicator.pk if remark.indicator else remark.kind
            found.setdefault(remark.assessment.pk, {})[place] = remark.check.text
    return found
