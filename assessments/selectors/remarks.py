"""What assessors wrote for the submitters: each text with the verdict on it, and what may give its writer away."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from django.utils.translation import gettext_lazy as _

from assessments.hints import identity_hints
from assessments.models import Affiliation, Assessment, Assignment, Indicator, Rating, RemarkCheck

Kind, Verdict = RemarkCheck.Kind, RemarkCheck.Verdict
WAITING = "waiting"


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass
class Remark:
    """One text that somebody wrote for the submitter of an entry; `check` is the verdict on exactly these words, or None."""

    assessment: Assessment
    kind: str
    text: str
    indicator: Indicator | None = None
    check: RemarkCheck | None = None
    names: dict = field(default_factory=dict, repr=False)

    @property
    def key(self):
        return f"{self.assessment.pk}-{self.kind}-{self.indicator.pk if self.indicator else 0}"

    @property
    def seen(self):
        """What tells whether the text is still the one that somebody looked at."""
        return digest(self.text)

    @property
    def entry(self):
        return self.assessment.assignment.entry

    @property
    def state(self):
        return self.check.verdict if self.check else WAITING

    @property
    def kind_word(self):
        return Kind(self.kind).label

    @cached_property
    def hints(self):
        return identity_hints(self.text, self.names)

    @property
    def pieces(self):
        """The text in pieces: (words, what they may give away or "")."""
        at, found = 0, []
        for hint in self.hints:
            found += [(self.text[at : hint.start], ""), (self.text[hint.start : hint.end], hint.why)]
            at = hint.end
        return [piece for piece in (*found, (self.text[at:], "")) if piece[0]]

    @property
    def is_edited(self):
        return self.check is not None and self.check.text not in ("", self.text)


def remarks_of(assessments):
    """Every Remark of these counted assessments in the order of entries and aliases. Five queries."""
    rows = list(
        assessments.select_related("assignment__entry__subject", "assignment__assessor__user").order_by(
            "assignment__entry__subject__title_fa", "assignment__entry", "assignment__alias"
        )
    )
    comments = {}
    said = Rating.objects.filter(assessment__in=[row.pk for row in rows]).exclude(comment="")
    for rating in said.select_related("indicator").order_by("indicator__position", "indicator"):
        comments.setdefault(rating.assessment_id, []).append(rating)
    checks = {
        (check.assessment_id, check.kind, check.indicator_id): check
        for check in RemarkCheck.objects.filter(assessment__in=[row.pk for row in rows]).select_related("by")
    }
    names = _names({row.assignment.entry_id for row in rows})
    found = []
    for row in rows:
        known = names.get(row.assignment.entry_id, {})
        texts = [(Kind.STRENGTHS, row.strengths, None), (Kind.IMPROVEMENTS, row.improvements, None)]
        texts += [(Kind.COMMENT, rating.comment, rating.indicator) for rating in comments.get(row.pk, ())]
        for kind, text, indicator in texts:
            if text.strip():
                check = checks.get((row.pk, kind.value, indicator and indicator.pk))
                same = check if check is not None and check.source == text else None
                found.append(Remark(row, kind.value, text, indicator, same, known))
    return found


def _names(entries):
    """{entry pk: {name: what it is}}: the people of its panel, and where they belong."""
    panel = Assignment.objects.filter(entry__in=entries).select_related("assessor__user")
    homes = {}
    for tie in Affiliation.objects.filter(assessor__in=panel.values("assessor")).select_related("agency"):
        homes.setdefault(tie.assessor_id, []).extend([tie.agency.name_fa, tie.agency.name_en])
    found = {}
    for row in panel:
        known, user = found.setdefault(row.entry_id, {}), row.assessor.user
        known[f"{user.first_name} {user.last_name} {user.username}"] = _("the name of an assessor")
        for name in homes.get(row.assessor_id, ()):
            known.setdefault(name, _("where an assessor belongs"))
    return found


def round_remarks(round_):
    """The Remarks of a round that count in its results."""
    return remarks_of(Assessment.objects.counted().filter(assignment__entry__round=round_, assignment__entry__excluded_at=None))


def fingerprint(remarks):
    """What tells whether a set of remarks is still the one that somebody looked at."""
    return digest("\n".join(sorted(f"{one.key}:{one.seen}" for one in remarks)))


def clean(remarks):
    """Those that wait and in which nothing was found that gives anybody away."""
    return [one for one in remarks if one.state == WAITING and not one.hints]
