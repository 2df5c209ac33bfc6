"""Programmes as they are read: their files, their history in words, what came of their rounds, names that a blind round would tell."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from assessments.models import Assignment, Entry, Programme
from assessments.programme_evidence import host
from assessments.rules import PUBLIC_ROUNDS
from assessments.rules.programmes import ProgrammeStatus
from assessments.selectors.score_readers import ScoreReader
from secretariat.calendar import short_date
from secretariat.models import RoleGrant
from secretariat.nameless import words
from secretariat.persian import search_key
from secretariat.uploads import INLINE


def file_rows(programme, *, removable=False):
    """The attached files with their addresses."""
    rows = list(programme.files.attached())
    for file in rows:
        file.url = reverse("programme_file", args=[file.pk]) + ("?show=1" if file.content_type in INLINE else "")
        file.remove_url = reverse("programme_file_remove", args=[file.pk]) if removable else ""
    return rows


def candidates(round_, user):
    """Accepted programmes that are not in a round yet."""
    programmes = Programme.objects.visible_to(user).accepted().exclude(subject__entries__round=round_)
    return programmes.select_related("agency", "indicator_set").order_by("sort_key", "pk")


# --- what a blind round would tell ---------------------------------------------------------------


@dataclass(frozen=True)
class Find:
    """A name of the maker, and where an assessor would meet it."""

    word: str
    place: str


def names_told(programme):
    """Names of the agency and its people in what assessors of a blind round would read."""
    agency = programme.agency
    names = [agency.name_fa, agency.name_en, agency.slug, host(agency.website)]
    grants = RoleGrant.objects.current().filter(role="representative", agency=agency).select_related("user")
    names += [grant.user.display_name for grant in grants]
    names = [name for name in names if len(search_key(name)) >= words.LEAST_KEY]
    texts = [
        (Programme._meta.get_field(name).verbose_name, getattr(programme, name))
        for name in ("title_fa", "title_en", "aims", "audience", "budget", "report")
    ]
    return [Find(word, label) for label, text in texts for word, _page in words.found(words.Text([(None, text)]), names)]


# --- history -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One field as it was and became."""

    label: Any
    before: str
    after: str


@dataclass(frozen=True)
class Edit:
    """One saving: when, by whom, what changed."""

    at: Any
    by: Any
    changes: list


def history(programme):
    """What was saved, newest first; each with the fields that changed. Two queries."""
    names = ("title_fa", "title_en", "starts_on", "ends_on", "aims", "audience", "budget", "report", "links")
    events = list(programme.events.select_related("changed_by").order_by("pgh_id"))
    edits, before = [], None
    for event in events:
        changes = [
            Change(Programme._meta.get_field(name).verbose_name, _shown(getattr(before, name)), _shown(getattr(event, name)))
            for name in names
            if before is not None and getattr(before, name) != getattr(event, name)
        ]
        if changes:
            edits.append(Edit(event.pgh_created_at, event.changed_by, changes))
        before = event
    return edits[::-1]


def _shown(value):
    if value is None or value == "":
        return "–"
    return value if isinstance(value, str) else short_date(value)


# --- rounds and results --------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A programme's place in a round as one reader may know it."""

    entry: Entry
    result: Any  # Score, or None while nothing may be told
    submitted: int


def places(programme, user):
    """The rounds of a programme; a score only for whom it may be told, exactly as the page of its scores decides."""
    reader = ScoreReader(user)
    entries = Entry.objects.filter(subject=programme.subject_id).exclude(round__status="cancelled")
    found = []
    for entry in entries.select_related("round", "subject", "result").order_by("-round__deadline", "-pk"):
        may = reader.audience(entry) is not None
        submitted = Assignment.objects.filter(entry=entry, status="submitted").count()
        found.append(Place(entry, entry.result if may else None, submitted))
    return found


def told_of(programme, user):
    """What stands above the words of a programme: its state as a sentence for this reader."""
    if programme.status == ProgrammeStatus.ACCEPTED and not Entry.objects.filter(subject=programme.subject_id).exists():
        return _("It waits for a round in which it is judged.")
    if Entry.objects.filter(subject=programme.subject_id, round__status__in=PUBLIC_ROUNDS).exists():
        return _("Its result is published.")
    return ""


# --- the desk ------------------------------------------------------------------------------------


def waiting_for_officers():
    """How many proposals of agencies wait to be accepted."""
    return Programme.objects.filter(status=ProgrammeStatus.PROPOSED).count()


def waiting_for_agency(agencies):
    """Programmes that an agency has to finish or to correct."""
    open_ones = Programme.objects.filter(
        agency__in=agencies, by_agency=True, status__in=[ProgrammeStatus.RETURNED, ProgrammeStatus.DRAFT]
    )
    return open_ones.order_by("-status", "-changed_at", "-pk")
