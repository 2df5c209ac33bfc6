"""Appeals: written and filed by an agency, taken up or not by the secretariat, judged again by others, decided."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments import rules
from assessments.models import Appeal, AppealFile, AppealGround, Entry, Indicator, Round
from assessments.rules.appeals import AppealStatus, takes_appeals
from assessments.selectors.appeals import undecided
from assessments.services import reviews
from secretariat import persian
from secretariat.bilingual import both
from secretariat.calendar import digits
from secretariat.errors import RuleBroken, Stale
from secretariat.private_files import ask_room, keeping
from secretariat.rules import only_officers, represents
from secretariat.services.notices import tell_agency, tell_officers
from secretariat.workflow import advance

MOST_WORDS = 5000  # characters of one text
FILED = gettext_lazy("%(agency)s appeals against the score of “%(title)s”.")
REFUSED = gettext_lazy("Your appeal about “%(title)s” was not taken up. Reason: %(why)s")
ADMITTED = gettext_lazy("Your appeal about “%(title)s” was taken up: other assessors judge it again.")
UPHELD = gettext_lazy("After the review of “%(title)s” the first score stands. Reason: %(why)s")
CHANGED = gettext_lazy("After the review of “%(title)s” the score of the review stands. Reason: %(why)s")
WITHDRAWN = gettext_lazy("%(agency)s withdrew its appeal about “%(title)s”.")

_ROWS = Appeal.objects.select_related("entry__subject__agency", "entry__round", "review__round", "review__result")


# --- the agency's side ---------------------------------------------------------------------------


@transaction.atomic
def start_appeal(entry_id, *, by):
    """The agency's appeal against the score of an entry: a new one to be written, or the one that is there."""
    entry = Entry.objects.select_for_update(of=("self",), no_key=True).select_related("round", "subject").get(pk=entry_id)
    if not represents(by, entry.subject.agency_id):
        raise RuleBroken(_("You may not do this."))
    there = entry.appeals.exclude(status=AppealStatus.WITHDRAWN).first()
    if there is not None:
        return there
    if entry.review_of_id or not takes_appeals(entry.round):
        raise RuleBroken(_("The time for appeals against this round is over."))
    return Appeal.objects.create(entry=entry, created_by=by)


@transaction.atomic
def save_draft(appeal_id, *, by, version, statement, reasons):
    """Keep what was written so far; `reasons` are {indicator pk: text}, an empty text contests nothing.

    Raises Stale when somebody else of the agency saved meanwhile.
    """
    appeal = _written(appeal_id, by)
    if appeal.version != version:
        raise Stale(_("Somebody else saved this appeal while you were working. Nothing of yours was saved yet."), appeal)
    wanted = {pk: persian.canonical(text)[:MOST_WORDS] for pk, text in reasons.items() if text.strip()}
    asked = Indicator.objects.filter(version__sheet_parts__sheet=appeal.entry.sheet_id, scale__isnull=False, pk__in=wanted)
    known = set(asked.values_list("pk", flat=True))
    appeal.grounds.exclude(indicator__in=known).delete()
    AppealGround.objects.bulk_create(
        [AppealGround(appeal=appeal, indicator_id=pk, reason=wanted[pk]) for pk in known],
        update_conflicts=True,
        unique_fields=["appeal", "indicator"],
        update_fields=["reason"],
    )
    appeal.statement = persian.canonical(statement)[:MOST_WORDS]
    appeal.version += 1
    appeal.save(update_fields=["statement", "version", "saved_at"])
    return appeal


def attach(appeal_id, upload, *, by):
    """Keep one file with an appeal that is being written."""
    row, content = AppealFile.of(upload, by=by, appeal_id=appeal_id)
    with keeping(row, content, once="file_once_in_an_appeal"):
        ask_room(row, _written(appeal_id, by).files.filter(removed_at=None))
    return row


@transaction.atomic
def detach(file_id, *, by):
    """Take a file out of an appeal that is being written."""
    file = AppealFile.objects.get(pk=file_id)
    _written(file.appeal_id, by)
    file.take_out()
    return file


@transaction.atomic
def file_appeal(appeal_id, *, by, version):
    """Hand the appeal in: from now on it does not change, and the secretariat answers."""
    # Whoever makes the results final takes this lock first.
    round_ = Round.objects.select_for_update(of=("self",), no_key=True).get(entries__appeals=appeal_id)
    appeal = _ROWS.get(pk=appeal_id)
    if appeal.version != version and appeal.is_draft:
        raise Stale(_("Somebody else saved this appeal while you were working. Look at it again before you file it."), appeal)
    filed = advance(_ROWS, appeal_id, "file", by=by, filed_at=timezone.now())
    subject = filed.entry.subject
    tell_officers("appeal_filed", *both(FILED, agency=subject.agency, title=subject), link=filed.get_absolute_url())
    tell_agency(
        subject.agency_id,
        "appeal_received",
        *both(gettext_lazy("Your appeal about “%(title)s” has arrived."), title=subject, round=round_),
        link=filed.get_absolute_url(),
    )
    return filed


@transaction.atomic
def withdraw_appeal(appeal_id, *, by):
    """Take the agency's own appeal back, as long as it was not taken up."""
    before = _ROWS.get(pk=appeal_id)
    appeal = advance(_ROWS, appeal_id, "withdraw", by=by)
    if not before.is_draft:
        subject = appeal.entry.subject
        tell_officers(
            "appeal_withdrawn", *both(WITHDRAWN, agency=subject.agency, title=subject), link=appeal.get_absolute_url(), mail=False
        )
    return appeal


def _written(appeal_id, by):
    appeal = _ROWS.select_for_update(of=("self",), no_key=True).get(pk=appeal_id)
    if not represents(by, appeal.entry.subject.agency_id):
        raise RuleBroken(_("You may not do this."))
    if not appeal.is_draft:
        raise RuleBroken(_("An appeal that was filed does not change."))
    return appeal


# --- the secretariat's side ----------------------------------------------------------------------


@transaction.atomic
def refuse_appeal(appeal_id, *, by, why):
    """Do not take an appeal up, with the reason."""
    appeal = advance(_ROWS, appeal_id, "refuse", by=by, why=why)
    _tell(appeal, "appeal_refused", REFUSED, why)
    return appeal


@transaction.atomic
def admit_appeal(appeal_id, *, by, round_id=None, deadline=None):
    """Take an appeal up: its subject enters a review, judged by the same sheet and by others than before.

    The review is the round in preparation `round_id`, or a new one until `deadline` that judges as the first did.
    """
    only_officers(by=by)
    appeal = _ROWS.select_for_update(of=("self",), no_key=True).get(pk=appeal_id)
    if appeal.status != AppealStatus.FILED:
        raise RuleBroken(_("This is no longer possible: its state is now “%(state)s”.") % {"state": appeal.get_status_display()})
    review = reviews.review_round(appeal.entry.round_id, by=by, round_id=round_id, deadline=deadline)
    entry = reviews.enter_again(review, appeal.entry_id, by=by)
    appeal = advance(_ROWS, appeal_id, "admit", by=by, review=entry)
    _tell(appeal, "appeal_admitted", ADMITTED)
    return appeal


@transaction.atomic
def decide_appeal(appeal_id, decision, *, by, why):
    """Say which score stands after the review, "uphold" the first or "change" to that of the review; both stay on record."""
    if decision not in ("uphold", "change"):
        raise ValueError(decision)
    appeal = _ROWS.select_for_update(of=("self",), no_key=True).get(pk=appeal_id)
    values = {}
    if appeal.review is not None and appeal.review.result is not None:
        values = {"first_value": appeal.entry.result.value, "review_value": appeal.review.result.value}
    appeal = advance(_ROWS, appeal_id, decision, by=by, why=why, **values)
    _tell(appeal, "appeal_decided", UPHELD if decision == "uphold" else CHANGED, why)
    return appeal


def _tell(appeal, kind, text, why=""):
    subject = appeal.entry.subject
    tell_agency(subject.agency_id, kind, *both(text, title=subject, why=why.strip()), link=appeal.get_absolute_url())


def open_matter(round_):
    """What an undecided appeal says to making the results of a round final."""
    if count := undecided(round_):
        return _("Appeals that wait for an answer: %(count)s.") % {"count": digits(count)}
    return None


def listen():
    """Let no round become final over an undecided appeal; called once when the room is ready."""
    if open_matter not in rules.OPEN_MATTERS:
        rules.OPEN_MATTERS.append(open_matter)
