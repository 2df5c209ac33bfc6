"""What is told to whom when a round moves on or somebody is asked."""

from django.urls import reverse
from django.utils.translation import gettext_lazy

from assessments import rules
from assessments.models import Assessor, Assignment
from secretariat.bilingual import both
from secretariat.services.notices import tell, tell_agency

ASKED = gettext_lazy("You are asked to assess “%(title)s” until %(deadline)s. Please accept or decline.")
ASKED_MANY = gettext_lazy(
    "You are asked to assess %(count)s products in “%(round)s” until %(deadline)s. Please accept or decline each."
)
ANSWER_BY = gettext_lazy("Your answer is awaited until %(day)s.")
WITHDRAWN = gettext_lazy("You need not assess “%(title)s” any more. Reason: %(why)s")
TAKEN_BACK = gettext_lazy("whoever handed it in has taken it back")
DECLINED = gettext_lazy("%(name)s declined to assess “%(title)s”. Reason: %(why)s")
EXTENDED = gettext_lazy("The deadline of “%(round)s” is now %(deadline)s. Reason: %(why)s")
CANCELLED = gettext_lazy("The round “%(round)s” was cancelled; nothing more is asked of you. Reason: %(why)s")
REOPENED = gettext_lazy("The round “%(round)s” was opened again until %(deadline)s.")
PUBLISHED = gettext_lazy("The results of “%(round)s”, in which “%(title)s” took part, stand.")


def tell_move(round_, action, why):
    if action == "open":
        offered = Assignment.objects.filter(entry__round=round_, status=rules.AssignmentStatus.OFFERED)
        tell_asked(round_, offered.select_related("assessor__user", "entry__subject", "entry__round"))
    elif action == "reopen":
        tell_pending(round_, "round_reopened", REOPENED, round=round_, deadline=round_.deadline)
    elif action == "cancel" and round_.moves.filter(action="open").exists():
        tell_pending(round_, "round_cancelled", CANCELLED, round=round_, why=why)
    elif action == "publish":
        for entry in round_.entries.ranked().select_related("subject"):
            tell_agency(
                entry.subject.agency_id,
                "round_published",
                *both(PUBLISHED, round=round_, title=entry.subject),
                once=f"published:{entry.pk}",
            )


def tell_pending(round_, kind, text, **values):
    """Tell every assessor who still owes an answer or an assessment."""
    pending = Assessor.objects.filter(
        assignments__entry__round=round_, assignments__status__in=rules.PENDING_ASSIGNMENTS
    ).distinct()
    fa, en = both(text, **values)
    for assessor in pending.select_related("user"):
        tell(assessor.user, kind, fa, en, link=reverse("my_assessments"))


def tell_asked(round_, assignments):
    """One notice a person, however many products he is asked about."""
    asked = {}
    for assignment in assignments:
        asked.setdefault(assignment.assessor, []).append(assignment)
    for assessor, group in asked.items():
        deadline = min(row.deadline for row in group)
        if len(group) == 1:
            texts = both(ASKED, title=group[0].entry.subject, deadline=deadline)
            link = reverse("assignment_answer", args=[group[0].pk])
        else:
            texts = both(ASKED_MANY, count=len(group), round=round_, deadline=deadline)
            link = reverse("my_assessments")
        if answer_by := group[0].answer_by:
            texts = (f"{text} {more}" for text, more in zip(texts, both(ANSWER_BY, day=answer_by), strict=True))
        tell(assessor.user, "assignment_offered", *texts, link=link)
