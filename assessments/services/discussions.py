"""What is said in the discussion of a panel: messages, values that members would change to, and what was agreed."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments import rules
from assessments.forms.assessments import read_value
from assessments.models import ModeratedRating, Moderation, ModerationMessage, Proposal, Rating
from assessments.selectors import moderations as selectors
from assessments.services.moderations import lock
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from secretariat.rules import is_officer
from secretariat.services.notices import tell

NEWS = gettext_lazy("There is news in the discussion of “%(title)s”.")
TEXT_MOST = 4000


def _running(moderation_id, by):
    """The discussion and the seat from which `by` speaks: his assignment, or None for the secretariat."""
    # Whoever settles it takes this lock first; those who speak at once do not wait for each other.
    moderation = Moderation.objects.visible_to(by).select_related("entry__subject", "entry__round").get(pk=moderation_id)
    seat = selectors.seat_of(by, moderation)
    if seat is None and not is_officer(by):
        raise Moderation.DoesNotExist
    if seat is None and (refusal := selectors.why_not_moderated_by(by, moderation)):
        raise RuleBroken(refusal)
    state = Moderation.objects.select_for_update(of=("self",), no_key=True).values_list("status", flat=True).get(pk=moderation_id)
    if state != rules.ModerationStatus.CONSENSUS:
        raise RuleBroken(_("The discussion is over: it can be read, and nothing can be added to it."))
    return moderation, seat


@transaction.atomic
def say(moderation_id, text, *, by, indicator_id=None):
    """Add a message, under one's number or as the secretariat; the others are told that there is news, and nothing of it."""
    moderation, seat = _running(moderation_id, by)
    text = text.strip()
    if not text:
        raise RuleBroken(_("Write something first."), field="text")
    if indicator_id is not None:
        _point(moderation, indicator_id)
    made = ModerationMessage.objects.create(
        moderation=moderation, assignment=seat, by=by, indicator_id=indicator_id, text=text[:TEXT_MOST]
    )
    _tell_news(moderation, by)
    return made


@transaction.atomic
def propose(moderation_id, indicator_id, raw, why, *, by):
    """Write down what one would change one's value to, and why; the rating itself stays as it was given."""
    moderation, seat = _running(moderation_id, by)
    if seat is None:
        raise Moderation.DoesNotExist
    state, value = _value(_point(moderation, indicator_id), raw)
    why = why.strip()
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    made = Proposal.objects.create(
        moderation=moderation, assignment=seat, by=by, indicator_id=indicator_id, state=state, value=value, why=why[:TEXT_MOST]
    )
    _tell_news(moderation, by)
    return made


@transaction.atomic
def agree(moderation_id, indicator_id, raw, comment, *, by, seen=0):
    """Write down what the panel agreed on an indicator; a revision is added, and the earlier ones stay.

    `seen` is the number of the revision that the form was opened with; raises Stale when another one stands now.
    """
    moderation = lock(moderation_id, by=by)
    if moderation.status != rules.ModerationStatus.CONSENSUS:
        raise RuleBroken(_("The discussion is over: it can be read, and nothing can be added to it."))
    state, value = _value(_point(moderation, indicator_id), raw)
    comment = comment.strip()
    if not comment:
        raise RuleBroken(_("Write in a sentence what it rests on."), field="comment")
    last = ModeratedRating.objects.filter(moderation=moderation, indicator=indicator_id).order_by("number").last()
    if (last.number if last else 0) != seen:
        raise Stale(_("A colleague has written a value here meanwhile. Nothing of yours was saved yet."), last)
    made = ModeratedRating.objects.create(
        moderation=moderation,
        indicator_id=indicator_id,
        number=seen + 1,
        state=state,
        value=value,
        comment=comment[:TEXT_MOST],
        by=by,
    )
    _tell_news(moderation, by)
    return made


def _point(moderation, indicator_id):
    point = moderation.points.select_related("indicator__scale").filter(indicator=indicator_id).first()
    if point is None:
        raise Moderation.DoesNotExist
    return point.indicator


def _value(indicator, raw):
    try:
        state, value = read_value(raw.strip(), indicator)
    except RuleBroken as refusal:
        raise RuleBroken(str(refusal), field="value") from None
    if state == Rating.State.UNANSWERED:
        raise RuleBroken(_("Choose a value."), field="value")
    return state, value


def seen(moderation, *, by):
    """Note that the person has looked: the next news is told again."""
    link = moderation.get_absolute_url()
    Notice.objects.visible_to(by).filter(link=link, read_at=None).update(read_at=timezone.now())


def _tell_news(moderation, by):
    """Tell the others once until they have looked; neither who spoke nor what was said leaves the page."""
    link = moderation.get_absolute_url()
    seats = moderation.members.filter(assignment__status=rules.AssignmentStatus.SUBMITTED).select_related("assignment__assessor__user")
    people = {seat.assignment.assessor.user for seat in seats}
    people |= {move.by for move in moderation.moves.filter(action="discuss").select_related("by") if move.by}
    unread = Notice.objects.filter(user__in=people, kind="discussion_news", link=link, read_at=None)
    known = set(unread.values_list("user", flat=True)) | {by.pk}
    words = both(NEWS, title=moderation.entry.subject)
    for person in people:
        if person.pk not in known:
            tell(person, "discussion_news", *words, link=link)
