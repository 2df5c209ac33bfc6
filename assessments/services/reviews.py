"""Judging a subject again after an appeal: the round in which it happens, and its place there."""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.models import Entry, Round, Sheet, SheetPart
from assessments.services import rounds
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.rules import only_officers

TITLE = gettext_lazy("Review of appeals: %(round)s")
# A review judges as the first round did; what it is called, until when, and by whom is its own.
KEPT = ("panel_size", "see_submitter", "see_ratings", "see_names", "see_aggregates", "cuts", "top", "note", "is_demo")


@transaction.atomic
def review_round(first_id, *, by, round_id=None, deadline=None):
    """The round in preparation `round_id`, or a new one until `deadline` that judges as the round `first_id` did."""
    only_officers(by=by)
    if round_id is not None:
        review = Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
        if review.status != Round.Status.DRAFT:
            raise RuleBroken(_("This round is no longer in preparation. Choose another one."), field="round")
        return review
    if deadline is None:
        raise RuleBroken(_("Write until when the review is to be done."), field="deadline")
    first = Round.objects.get(pk=first_id)
    title_fa, title_en = both(TITLE, round=first)
    kept = {name: getattr(first, name) for name in KEPT}
    return rounds.create_round(by=by, title_fa=title_fa[:200], title_en=title_en[:200], deadline=deadline, **kept)


@transaction.atomic
def enter_again(review, entry_id, *, by):
    """Enter the subject of an entry into a review, to be judged by the very versions and weights it was judged by before."""
    only_officers(by=by)
    former = Entry.objects.select_related("sheet", "subject").get(pk=entry_id)
    if review.entries.filter(subject=former.subject_id).exists():
        raise RuleBroken(_("“%(title)s” is in this round already.") % {"title": former.subject}, field="round")
    sheet, made = Sheet.objects.get_or_create(round=review, key=former.sheet.key)
    if made:
        parts = former.sheet.parts.values("version_id", "weight", "position")
        SheetPart.objects.bulk_create(SheetPart(sheet=sheet, **part) for part in parts)
    return Entry.objects.create(round=review, subject=former.subject, sheet=sheet, review_of=former)
