"""Action items and commitments: make, edit, move, postpone, hand over, note progress, attach evidence."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import calendar
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.models import ActionFile, ActionItem, ActionNote, Agreement, Council, NoteDraft
from secretariat.private_files import ask_room, keeping
from secretariat.rules import actions as rules
from secretariat.rules import is_officer, serves_council
from secretariat.selectors import actions as selectors
from secretariat.services import notices
from secretariat.workflow import advance

LONGEST_NOTE = 5000

CHANGED = gettext_lazy("Somebody else changed this action in the meantime: see how it stands now.")
GIVEN = gettext_lazy("“%(title)s” is yours to do until %(day)s.")
TAKEN = gettext_lazy("“%(title)s” is no longer yours to do: it went to %(name)s. Reason: %(why)s")
GIVEN_ON = gettext_lazy("“%(title)s” is yours to do until %(day)s; before you it was with %(name)s. Reason: %(why)s")
POSTPONED = gettext_lazy("“%(title)s” is due on %(day)s instead of %(before)s. Reason: %(why)s")
TOLD = {
    "report": gettext_lazy("%(name)s reports “%(title)s” done; please look at it and confirm. What was done: %(why)s"),
    "confirm": gettext_lazy("“%(title)s” was confirmed as done."),
    "give_back": gettext_lazy("“%(title)s” was given back to you. Reason: %(why)s"),
    "cancel": gettext_lazy("“%(title)s” was cancelled. Reason: %(why)s"),
}


# --- make and edit -------------------------------------------------------------------------------


@transaction.atomic
def create(council_id, *, by, title, owner, due_on=None, due_days=None, resolution=None, meeting=None, **words):
    """Give somebody something to do for a council, due on a day or so many working days from today; gives the item."""
    if by is not None and not serves_council(by, council_id):
        raise RuleBroken(_("You may not do this."))
    return _make(
        Council.objects.get(pk=council_id), by=by, title=title, owner=owner, due=(due_on, due_days), resolution=resolution,
        meeting=meeting, **words,
    )  # fmt: skip


@transaction.atomic
def commit(agreement_id, *, by, side, title, owner, due_on=None, due_days=None, **words):
    """Put down what one side of an agreement promised; gives the commitment, an item like any other."""
    agreement = Agreement.objects.select_related("council", "agency").get(pk=agreement_id)
    if by is not None and not is_officer(by):
        raise RuleBroken(_("You may not do this."))
    if agreement.status == rules.AgreementStatus.ENDED:
        raise RuleBroken(_("This agreement has ended."))
    if side not in rules.Side.values:
        raise RuleBroken(_("Choose whose commitment it is."), field="side")
    words["agency"] = agreement.agency if side == rules.Side.AGENCY else None
    return _make(
        agreement.council, by=by, title=title, owner=owner, due=(due_on, due_days), agreement=agreement, side=side,
        is_told=agreement.status != rules.AgreementStatus.DRAFT, **words,
    )  # fmt: skip


def _make(council, *, by, title, owner, due, is_told=True, **fields):
    _somebody_here(owner)
    day, why_fa, why_en = _due(*due)
    if calendar.day_of(day) < calendar.today():
        raise RuleBroken(_("This day has passed already."), field="due_on")
    item = ActionItem.objects.create(
        council=council, title=title, owner=owner, due_on=day, due_why_fa=why_fa, due_why_en=why_en, created_by=by, **fields
    )
    item.moves.create(action="create", target=item.status, by=by)
    if is_told and owner != by:
        notices.tell(owner, "action_given", *both(GIVEN, title=item, day=calendar.day_of(day)), link=item.get_absolute_url())
    return item


def _somebody_here(user):
    if not user.is_active:
        raise RuleBroken(_("%(name)s has left; choose somebody else.") % {"name": user}, field="owner")


def _due(due_on, due_days):
    """(day, how it was counted in Persian, in English) of a chosen day or of a number of working days from today."""
    if due_on is not None:
        return due_on, "", ""
    if due_days is None:
        raise RuleBroken(_("Say until when: a day, or a number of working days."), field="due_on")
    counted = calendar.deadline(calendar.today(), due_days)
    return counted.due, *both(lambda: calendar.deadline(calendar.today(), due_days))


@transaction.atomic
def edit(item_id, *, by, version, **fields):
    """Change what an item says: title, description, axis, agency, unit. Raises Stale when somebody changed it since."""
    item = _locked(item_id, by, version)
    if by is not None and not rules.keeps(by, item):
        raise RuleBroken(_("You may not do this."))
    if item.is_settled:
        raise RuleBroken(_("This is no longer possible: its state is now “%(state)s”.") % {"state": item.get_status_display()})
    for name, value in fields.items():
        setattr(item, name, value)
    item.version += 1
    item.save(update_fields=[*fields, "version"])
    return item


# --- moves ---------------------------------------------------------------------------------------


@transaction.atomic
def move(item_id, action, *, by, version=None, why=""):
    """Begin, put back, report, confirm, give back or cancel. Raises RuleBroken, or Stale when it is not what was looked at."""
    item = _locked(item_id, by, version)
    if action == "confirm" and by is not None and rules.did_it(by, item):
        raise RuleBroken(_("Somebody else has to confirm what you did yourself."))
    now = timezone.now()
    changes = {
        "report": {"done_at": now, "done_by": by},
        "give_back": {"done_at": None, "done_by": None},
        "cancel": {"done_at": None, "done_by": None},
        "confirm": {"confirmed_at": now, "confirmed_by": by},
    }.get(action, {})
    moved = advance(_rows(by), item_id, action, by=by, why=why, version=item.version + 1, **changes)
    _tell(moved, action, by, why.strip())
    return moved


def _tell(item, action, by, why):
    """Tell the keepers what was reported, and who has to do it what became of it; nobody what he did himself."""
    if action not in TOLD:
        return
    people = selectors.keepers_of(item) if action == "report" else selectors.who_does(item)
    words = both(TOLD[action], title=item, name=by or "", why=why)
    notices.tell_all([one for one in people if one != by], f"action_{action}", *words, link=item.get_absolute_url())


@transaction.atomic
def postpone(item_id, *, by, why, due_on=None, due_days=None, version=None):
    """Give an item a later day, with the reason; both days stay on record."""
    item = _locked(item_id, by, version)
    day, why_fa, why_en = _due(due_on, due_days)
    before, after = calendar.day_of(item.due_on), calendar.day_of(day)
    if after <= before:
        raise RuleBroken(_("Choose a day after %(day)s.") % {"day": calendar.long_date(before)}, field="due_on")
    moved = advance(
        _rows(by), item_id, "postpone", by=by, why=why, on_record={"due_before": before, "due_after": after},
        due_on=day, due_why_fa=why_fa, due_why_en=why_en, due_set_on=calendar.today(), version=item.version + 1,
    )  # fmt: skip
    words = both(POSTPONED, title=moved, day=after, before=before, why=why.strip())
    people = [one for one in selectors.who_does(moved) if one != by]
    notices.tell_all(people, "action_postponed", *words, link=moved.get_absolute_url())
    return moved


@transaction.atomic
def reassign(item_id, *, by, owner, why, version=None):
    """Hand an item over to somebody else, with the reason; both are told."""
    item = _locked(item_id, by, version)
    before = item.owner
    if owner == before:
        raise RuleBroken(_("It is with this person already."), field="owner")
    _somebody_here(owner)
    record = {"owner_before": before, "owner_after": owner}
    moved = advance(
        _rows(by), item_id, "reassign", by=by, why=why, on_record=record, owner=owner, version=item.version + 1
    )  # fmt: skip
    values = {"title": moved, "why": why.strip()}
    notices.tell(before, "action_taken", *both(TAKEN, name=owner, **values))
    day = calendar.day_of(moved.due_on)
    notices.tell(owner, "action_given", *both(GIVEN_ON, name=before, day=day, **values), link=moved.get_absolute_url())
    return moved


# --- progress and evidence -----------------------------------------------------------------------


@transaction.atomic
def keep_note(item_id, *, by, text, percent, version):
    """Keep a note that is still being written; gives the draft. Raises Stale when another window kept it since."""
    item = _at_work(item_id, by)
    if len(text) > LONGEST_NOTE:
        raise RuleBroken(_("A note has at most %(n)s letters.") % {"n": calendar.digits(LONGEST_NOTE)}, field="text")
    draft, made = NoteDraft.objects.get_or_create(item=item, by=by)
    if not made and draft.version != version:
        raise Stale(_("You wrote on this note in another window. What stands here is kept; open the page again to compare."), draft)
    draft.text, draft.percent = text, percent[:10]
    draft.version += 1
    draft.save(update_fields=["text", "percent", "version"])
    return draft


@transaction.atomic
def note(item_id, *, by, text, percent=None):
    """Add a note on how far it is; it stays."""
    item = _at_work(item_id, by)
    if not text.strip():
        raise RuleBroken(_("Write how far it is."), field="text")
    NoteDraft.objects.filter(item=item, by=by).delete()
    return ActionNote.objects.create(item=item, by=by, text=text.strip(), percent=percent)


def attach(item_id, upload, *, by):
    """Check one uploaded file and keep it as evidence."""
    row, content = ActionFile.of(upload, by=by, item_id=item_id)
    with keeping(row, content, once="file_once_in_an_action"):
        ask_room(row, _at_work(item_id, by).files.attached())
    return row


@transaction.atomic
def detach(file_id, *, by):
    """Take a file out; it stays on record. Doing it twice is no harm."""
    file = ActionFile.objects.get(pk=file_id)
    _at_work(file.item_id, by)
    file.take_out()
    return file


# --- whose, and whether --------------------------------------------------------------------------


def _rows(by):
    rows = ActionItem.objects.all() if by is None else ActionItem.objects.visible_to(by)
    return rows.select_related("owner", "agreement", "council")


def _locked(item_id, by, version):
    """The item, locked, as it was looked at. Raises Stale when somebody changed it since."""
    item = _rows(by).select_for_update(of=("self",), no_key=True).get(pk=item_id)
    if version is not None and item.version != version:
        raise Stale(CHANGED, item)
    return item


def _at_work(item_id, by):
    """The item, locked, if this person may write on it now."""
    item = _locked(item_id, by, None)
    if by is not None and not rules.writes(by, item):
        raise RuleBroken(_("You may not do this."))
    if item.is_settled:
        raise RuleBroken(_("This is no longer possible: its state is now “%(state)s”.") % {"state": item.get_status_display()})
    return item
