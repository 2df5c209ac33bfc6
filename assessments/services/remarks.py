"""Letting what assessors wrote pass to the submitters, or not: a person looks at every text first."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.models import Assessment, Rating, RemarkCheck, Round
from assessments.selectors import remarks as selectors
from assessments.selectors.readers import still_judges
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.rules import only_officers
from secretariat.services.notices import tell_agency

Verdict = RemarkCheck.Verdict
MORE = gettext_lazy("There is more to read of what the assessors wrote about “%(title)s”.")


@transaction.atomic
def check_remark(assessment_id, kind, indicator_id, *, by, seen, verdict, text="", why=""):
    """Record the verdict on one text: released as `text` (as it was written, or without what gave its writer away) or withheld.

    `seen` is the digest of the text that was looked at; raises Stale, with the text that stands, when its assessor has changed it since.
    """
    only_officers(by=by)
    assessment = _locked(assessment_id, by)
    written = _written(assessment, kind, indicator_id)
    if selectors.digest(written) != seen:
        raise Stale(_("The assessor has changed this text meanwhile. Look at it again."), written)
    text, why = text.strip(), why.strip()
    if verdict == Verdict.RELEASED and not text:
        raise RuleBroken(_("Write what the agency is to read, or withhold the text."), field="text")
    if verdict == Verdict.WITHHELD and not why:
        raise RuleBroken(_("Write the reason."), field="why")
    [check] = _write_all(
        [(assessment, kind, indicator_id, written, verdict, text if verdict == Verdict.RELEASED else "", why[:500])], by
    )
    if verdict == Verdict.RELEASED:
        _tell([assessment])
    return check


@transaction.atomic
def release_clean(round_id, *, by, seen):
    """Release every waiting text in which nothing was found that gives anybody away; gives how many.

    `seen` is the fingerprint of those that were counted on the page; raises Stale when they are others now.
    """
    only_officers(by=by)
    round_ = Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
    if still_judges(by, round_):
        raise RuleBroken(_("You still have to judge in this round yourself."))
    found = [one for one in selectors.clean(selectors.round_remarks(round_)) if one.assessment.assignment.assessor.user_id != by.pk]
    if selectors.fingerprint(found) != seen:
        raise Stale(_("The texts have changed meanwhile. Look at the list again."), found)
    _write_all([(one.assessment, one.kind, one.indicator and one.indicator.pk, one.text, Verdict.RELEASED, one.text, "") for one in found], by)
    _tell([one.assessment for one in found])
    return len(found)


def _locked(assessment_id, by):
    rows = Assessment.objects.counted().select_related("assignment__assessor", "assignment__entry__round", "assignment__entry__subject")
    assessment = rows.select_for_update(of=("self",), no_key=True).get(pk=assessment_id)
    if assessment.assignment.assessor.user_id == by.pk:
        raise RuleBroken(_("Nobody checks his own words: ask a colleague."))
    if still_judges(by, assessment.assignment.entry.round):
        raise RuleBroken(_("You still have to judge in this round yourself."))
    return assessment


def _written(assessment, kind, indicator_id):
    if kind == RemarkCheck.Kind.COMMENT:
        return Rating.objects.filter(assessment=assessment, indicator=indicator_id).values_list("comment", flat=True).first() or ""
    return getattr(assessment, RemarkCheck.Kind(kind).value)


def _write_all(verdicts, by):
    """Put down verdicts, each (assessment, kind, indicator pk, source, verdict, text, why), over what stood there before."""
    columns = ("assessment", "kind", "indicator_id", "source", "verdict", "text", "why")
    now = timezone.now()
    return RemarkCheck.objects.bulk_create(
        [RemarkCheck(**dict(zip(columns, row, strict=True)), by=by, at=now) for row in verdicts],
        update_conflicts=True,
        unique_fields=["assessment", "kind", "indicator"],
        update_fields=["source", "verdict", "text", "why", "by", "at"],
    )


def _tell(assessments):
    """Tell the agencies, once a day a product, where the results can be read already."""
    entries = {one.assignment.entry for one in assessments if one.assignment.entry.round.is_public}
    for entry in sorted(entries, key=lambda entry: entry.pk):
        tell_agency(
            entry.subject.agency_id,
            "remarks_released",
            *both(MORE, title=entry.subject),
            link=reverse("entry_scores", args=[entry.pk]),
            once=f"remarks:{entry.pk}:{timezone.localdate()}",
        )
