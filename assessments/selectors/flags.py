"""The questions that a round's ratings raise, in words: what is asked, on what grounds, and what the sheets show."""

from dataclasses import dataclass, field
from itertools import combinations

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments.forms.assessments import Answer
from assessments.models import Assignment, Entry, Indicator, Rating, ScoringFlag, SetAside
from assessments.selectors.assessments import spoken
from secretariat.templatetags.portal_text import num, percent

Kind = ScoringFlag.Kind
# Rarer than this is said as “less than”.
RAREST = 1_000_000


def flags_of(round_):
    """All questions of a round with whom they are about."""
    return ScoringFlag.objects.filter(round=round_).select_related("assessor__user", "other__user", "answered_by")


def about(assessor_id):
    """A condition: the questions about an assessor, alone or with another."""
    return Q(assessor=assessor_id) | Q(other=assessor_id)


def open_questions(round_):
    """How many questions of the current results nobody has answered yet."""
    return ScoringFlag.objects.filter(round=round_, is_raised=True, decision="").count()


# --- in words ------------------------------------------------------------------------------------


def question(flag):
    """The question itself, one sentence that can be answered; never a verdict."""
    if flag.kind == Kind.STRAIGHTLINE:
        return _("Is there a reason why one and the same answer stands throughout whole sheets?")
    if flag.kind == Kind.HALO:
        return _("Was every indicator judged by itself?")
    if flag.kind == Kind.LOW_SLOPE:
        return _("Does this assessor see the same differences between the products as the colleagues?")
    if flag.kind == Kind.ERRATIC:
        return _("Does this assessor understand the indicators as the colleagues do?")
    if flag.kind == Kind.PAIR:
        return _("Did these two assessors work independently of one another?")
    if flag.figure < 0:
        return _("Is there a reason why this assessor gives so much less than the colleagues on the same products?")
    return _("Is there a reason why this assessor gives so much more than the colleagues on the same products?")


def evidence(flag):
    """What gave rise to the question, with its figure."""
    figure = flag.figure
    if flag.kind == Kind.STRAIGHTLINE:
        return _("On %(share)s of the sheets all indicators have one and the same answer.") % {"share": percent(100 * figure, 0)}
    if flag.kind == Kind.HALO:
        return _("Within a sheet the answers lie only %(share)s as far apart as is usual.") % {"share": percent(100 * figure, 0)}
    if flag.kind == Kind.ERRATIC:
        return _(
            "What neither the indicators nor the panel explain is %(times)s times as large as usual, in both directions."
        ) % {"times": num(figure, 1)}
    if flag.kind == Kind.LOW_SLOPE:
        return _("Where the colleagues give 10 points more, this assessor gives %(points)s points more on average.") % {
            "points": num(10 * figure, 1)
        }
    if flag.kind == Kind.PAIR:
        return _("The answers of the two go together with a correlation of %(figure)s, the products and habits taken out.") % {
            "figure": num(figure, 2)
        }
    text = _("%(points)s points less on average.") if figure < 0 else _("%(points)s points more on average.")
    return text % {"points": num(abs(figure), 1)} + " " + _("The fair score corrects for this already.")


def basis(flag):
    """On how many sheets, or common products, the question rests."""
    if flag.kind == Kind.PAIR:
        told = ngettext("on %(count)s common product", "on %(count)s common products", flag.sheets)
    else:
        told = ngettext("on %(count)s sheet", "on %(count)s sheets", flag.sheets)
    return told % {"count": num(flag.sheets)}


def how_unusual(flag):
    """How often chance alone would bring this about, as people say it; "" where that is not known."""
    if flag.chance is None:
        return ""
    if flag.chance * RAREST < 1:
        return _("less than once in %(count)s cases by chance alone") % {"count": num(RAREST)}
    return _("about once in %(count)s cases by chance alone") % {"count": num(_rounded(1 / flag.chance))}


def _rounded(number):
    """Two leading digits are all that such a number can carry."""
    digits = len(str(int(number)))
    return int(round(number, 2 - digits)) if digits > 2 else round(number)


def former_answers(flag):
    """Earlier answers of a question, the newest first: they were changed, or asked again."""
    found, last = [], None
    for event in flag.events.exclude(decision="").select_related("answered_by").order_by("pgh_id"):
        if event.answered_at != last:
            found.append(event)
            last = event.answered_at
    return [event for event in reversed(found) if event.answered_at != flag.answered_at]


def aside_among(flag):
    """The assessors of this question who are set aside now."""
    found = SetAside.objects.filter(round=flag.round_id, ended_at=None, assessor__in=[flag.assessor_id, flag.other_id])
    return set(found.values_list("assessor", flat=True))


# --- two assessors side by side ------------------------------------------------------------------


@dataclass
class PairLine:
    """One indicator as both answered it."""

    indicator: Indicator
    first: tuple  # (value or None, word)
    second: tuple
    is_same: bool


@dataclass
class PairSheet:
    """One product that both assessed."""

    entry: Entry
    lines: list = field(default_factory=list)

    @property
    def same(self):
        return sum(line.is_same for line in self.lines)

    @property
    def share(self):
        return self.same / len(self.lines) if self.lines else 0.0


@dataclass
class SideBySide:
    """All common products of a pair, the most alike first, and what is usual among the other pairs on the same products."""

    sheets: list
    usual: float | None  # share of equal answers between other members of those panels

    @property
    def same(self):
        return sum(sheet.same for sheet in self.sheets)

    @property
    def answers(self):
        return sum(len(sheet.lines) for sheet in self.sheets)

    @property
    def percent(self):
        return 100 * self.same / self.answers if self.answers else None

    @property
    def usual_percent(self):
        return None if self.usual is None else 100 * self.usual


def side_by_side(flag):
    """The sheets of a flagged pair beside one another; four queries."""
    pair = (flag.assessor_id, flag.other_id)
    counted = Assignment.objects.filter(entry__round=flag.round_id, status=Assignment.Status.SUBMITTED)
    both = Count("assignments", filter=Q(assignments__assessor__in=pair, assignments__status=Assignment.Status.SUBMITTED))
    entries = list(
        Entry.objects.filter(round=flag.round_id).annotate(n=both).filter(n=2).select_related("subject").order_by("pk")
    )
    said = {}
    rows = Rating.objects.filter(
        assessment__assignment__in=counted.filter(entry__in=entries), assessment__submitted_at__isnull=False
    )
    for entry, assessor, indicator, state, value in rows.values_list(
        "assessment__assignment__entry", "assessment__assignment__assessor", "indicator", "state", "value"
    ):
        said.setdefault((entry, indicator), {})[assessor] = Answer(state, value)
    indicators = list(
        Indicator.objects.filter(pk__in={key[1] for key in said}).select_related("scale").order_by("version", "position", "pk")
    )
    sheets = [PairSheet(entry, _pair_lines(entry, indicators, said, pair)) for entry in entries]
    return SideBySide(sorted(sheets, key=lambda sheet: -sheet.share), _usual_share(said, pair))


def _pair_lines(entry, indicators, said, pair):
    lines = []
    for indicator in indicators:
        answers = said.get((entry.pk, indicator.pk), {})
        if pair[0] in answers and pair[1] in answers:
            first, second = answers[pair[0]], answers[pair[1]]
            words = spoken(first, indicator.scale), spoken(second, indicator.scale)
            lines.append(PairLine(indicator, *words, _same(first, second)))
    return lines


def _same(first, second):
    return (first.state, first.value) == (second.state, second.value)


def _usual_share(said, pair):
    same = compared = 0
    for answers in said.values():
        for one, two in combinations(sorted(answers), 2):
            if {one, two} != set(pair):
                compared += 1
                same += _same(answers[one], answers[two])
    return same / compared if compared else None
