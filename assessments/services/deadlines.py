"""Until when: answers to requests that lapse, and more time for single assessments, each on record with its reason."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from assessments import rules
from assessments.models import Assignment, Extension, Round
from assessments.selectors.assessments import workable
from assessments.selectors.rounds import titles
from assessments.services import disagreements
from secretariat import calendar
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.rules import only_officers
from secretariat.services.notices import tell, tell_officers
from secretariat.workflow import advance

LAPSED = gettext_lazy("Your answer about “%(title)s” was awaited until %(day)s; nothing more is asked of you. Thank you.")
GIVEN = gettext_lazy("You have more time for “%(title)s”: until %(day)s. Reason: %(why)s")
GIVEN_MANY = gettext_lazy("You have more time for %(count)s products in “%(round)s”: until %(day)s. Reason: %(why)s")
ASKED = gettext_lazy("%(name)s asks for more time for “%(title)s”: until %(day)s. Reason: %(why)s")
REFUSED = gettext_lazy("Your deadline for “%(title)s” stays %(day)s. Reason: %(why)s")

Decision = Extension.Decision


# --- answers to requests -------------------------------------------------------------------------


def start_answers(round_, assignments, until=None):
    """From now on the offers among `assignments` wait for an answer, at most `until` (the round's deadline).

    The round is open and locked by the caller.
    """
    offered, answer_by = assignments.filter(status=Assignment.Status.OFFERED), answer_until(round_, until or round_.deadline)
    offered.update(offered_at=timezone.now(), answer_by=answer_by)


def answer_until(round_, latest):
    """Until when a request made now waits for an answer, at most until `latest`; None where the round sets no term."""
    if not round_.answer_days:
        return None
    return min(calendar.last_moment(calendar.deadline(calendar.today(), round_.answer_days).due), latest)


def lapse_offers(now=None):
    """Let every request go whose answer did not come in time; gives how many. Safe to repeat and to run late."""
    due = Assignment.objects.pending().filter(status=Assignment.Status.OFFERED, answer_by__lt=now or timezone.now())
    rounds = due.order_by("entry__round").values_list("entry__round", flat=True).distinct()
    return sum(_lapse(due.filter(entry__round=pk), pk) for pk in list(rounds))


@transaction.atomic
def _lapse(due, round_id):
    lapsed = []
    rows = due.select_related("assessor__user", "entry__subject", "entry__round").order_by("pk")
    for row in rows.select_for_update(of=("self",), no_key=True, skip_locked=True):
        advance(Assignment.objects.all(), row.pk, "lapse", by=None)
        disagreements.lapse(row, _("Not answered in time"))
        tell(row.assessor.user, "assignment_lapsed", *both(LAPSED, title=row.entry.subject, day=row.answer_by))
        lapsed.append(row)
    if lapsed:
        round_ = Round.objects.get(pk=round_id)
        words = both(lambda: _lapsed_in_words(round_, lapsed))
        tell_officers("assignments_lapsed", *words, link=reverse("replacement_list"), mail=False)
    return len(lapsed)


def _lapsed_in_words(round_, lapsed):
    return ngettext(
        "%(count)s request in “%(round)s” was not answered in time: %(titles)s.",
        "%(count)s requests in “%(round)s” were not answered in time: %(titles)s.",
        len(lapsed),
    ) % {"count": calendar.digits(len(lapsed)), "round": round_, "titles": titles([row.entry for row in lapsed])}


# --- more time -----------------------------------------------------------------------------------


@transaction.atomic
def give_time(round_id, assignment_ids, until, *, by, why, tells=True):
    """Give some assignments of one round more time, unasked; those that have as much already are left as they are.

    Gives the assignments whose deadline moved. Their assessors are told, unless the caller does it (not `tells`).
    """
    only_officers(by=by)
    why = why.strip()
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    _hold_round(round_id)
    rows = Assignment.objects.filter(pk__in=assignment_ids, entry__round=round_id).order_by("pk")
    rows = rows.select_related("assessor__user", "entry__round", "entry__subject").select_for_update(of=("self",), no_key=True)
    moved = [row for row in rows if row.deadline < until]
    for row in moved:
        _check(row, until)
        _grant(Extension(assignment=row), until, by, why)
    if not moved:
        raise RuleBroken(_("Choose a time later than the present deadline of at least one of them."), field="until")
    if tells:
        _tell_given(moved, until, why)
    return moved


@transaction.atomic
def ask_time(assignment_id, until, *, by, why):
    """An assessor asks for more time for one of his assessments."""
    why = why.strip()
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    own = workable(by).select_related("assessor__user", "entry__round", "entry__subject")
    assignment = own.select_for_update(of=("self",), no_key=True).get(pk=assignment_id)
    _check(assignment, until)
    if assignment.extensions.open().exists():
        raise RuleBroken(_("You have asked already; the secretariat will answer."))
    request = Extension.objects.create(assignment=assignment, asked_by=by, asked_until=until, asked_why=why)
    tell_officers(
        "time_asked",
        *both(ASKED, name=assignment.assessor, title=assignment.entry.subject, day=until, why=why),
        link=reverse("extension_answer", args=[request.pk]),
        mail=False,
    )
    return request


@transaction.atomic
def answer_request(extension_id, decision, *, by, until=None, why=""):
    """Grant a request for more time, until the day asked for or another, or refuse it with the reason."""
    only_officers(by=by)
    why = why.strip()
    place = Extension.objects.values_list("assignment__entry__round", "assignment").get(pk=extension_id)
    _hold_round(place[0])
    rows = Assignment.objects.select_related("assessor__user", "entry__round", "entry__subject")
    assignment = rows.select_for_update(of=("self",), no_key=True).get(pk=place[1])
    request = Extension.objects.select_for_update(no_key=True).get(pk=extension_id)
    if request.decision:
        raise RuleBroken(_("This request was answered meanwhile: %(decision)s.") % {"decision": request.get_decision_display()})
    request.assignment = assignment
    if decision == Decision.GRANTED:
        until = until or request.asked_until
        _check(assignment, until)
        _grant(request, until, by, why)
        _tell_given([assignment], until, why or request.asked_why)
        return request
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    request.decision, request.decided_by, request.decided_at, request.decided_why = Decision.REFUSED, by, timezone.now(), why
    request.save()
    words = both(REFUSED, title=assignment.entry.subject, day=assignment.deadline, why=why)
    tell(assignment.assessor.user, "time_refused", *words, link=reverse("my_assessments"))
    return request


def _hold_round(round_id):
    """The round first, then its assignments: the order in which everybody locks."""
    return Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)


def _check(assignment, until):
    if (refusal := rules.why_no_more_time(assignment)) is not None:
        raise RuleBroken(refusal)
    if until <= max(assignment.deadline, timezone.now()):
        raise RuleBroken(_("Choose a time later than now and later than the present deadline."), field="until")


def _grant(extension, until, by, why):
    """Write down that time was given, then give it. The assignment is locked by the caller."""
    assignment = extension.assignment
    extension.former, extension.until = assignment.deadline, until
    extension.decision, extension.decided_by, extension.decided_at, extension.decided_why = Decision.GRANTED, by, timezone.now(), why
    extension.save()
    # Open requests of the same assignment are answered by what was given.
    for request in assignment.extensions.open().exclude(pk=extension.pk):
        request.decision, request.decided_by, request.decided_at = Decision.GRANTED, by, extension.decided_at
        request.decided_why, request.former, request.until = why, extension.former, until
        request.save()
    assignment.due_at = until
    assignment.save(update_fields=["due_at"])


def _tell_given(assignments, until, why):
    """One notice a person, however many of his assignments have more time now."""
    given = {}
    for row in assignments:
        given.setdefault(row.assessor, []).append(row)
    for assessor, group in given.items():
        if len(group) == 1:
            words = both(GIVEN, title=group[0].entry.subject, day=until, why=why)
        else:
            words = both(GIVEN_MANY, count=len(group), round=group[0].entry.round, day=until, why=why)
        tell(assessor.user, "time_given", *words, link=reverse("my_assessments"))
