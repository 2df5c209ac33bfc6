"""What the database itself refuses about actions and agreements, whoever writes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from secretariat.calendar import today
from secretariat.models import (
    ActionFile,
    ActionItem,
    ActionMove,
    ActionNote,
    ActionReminded,
    ActionReminder,
    Agreement,
    AgreementFile,
    AgreementMove,
    AgreementReview,
    NoteDraft,
)
from tests import council as make
from tests import doing, factories
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db


def change(item, **fields):
    ActionItem.objects.filter(pk=item.pk).update(**fields)


def test_the_states_of_an_action_are_known():
    item = doing.action()
    with refused("action_status_known"):
        change(item, status="lost")


def test_an_action_is_due_after_it_was_made():
    item = doing.action()
    with refused("action_due_after_it_was_made"):
        change(item, due_on=today() - timedelta(days=1))


def test_done_goes_with_its_moment_and_its_person():
    item = doing.action()
    with refused("action_done_exactly_with_its_moment"):
        change(item, status="done")
    with refused("action_done_exactly_with_its_moment"):
        change(item, done_at=timezone.now(), done_by=item.owner)
    with refused("action_done_exactly_with_its_moment"):
        change(item, status="done", done_at=timezone.now())
    change(item, status="done", done_at=timezone.now(), done_by=item.owner)


def test_confirmed_goes_with_its_keeper():
    item = doing.action(status="done", done_at=timezone.now(), done_by=factories.user())
    with refused("action_confirmed_exactly_with_its_keeper"):
        change(item, status="confirmed")
    with refused("action_confirmed_exactly_with_its_keeper"):
        change(item, confirmed_at=timezone.now(), confirmed_by=factories.user())


def test_nobody_confirms_his_own_work():
    item = doing.action(status="done", done_at=timezone.now(), done_by=factories.user())
    for person in (item.owner, item.done_by):
        with refused("nobody_confirms_his_own_work"):
            change(item, status="confirmed", confirmed_at=timezone.now(), confirmed_by=person)
    change(item, status="confirmed", confirmed_at=timezone.now(), confirmed_by=factories.user())


def test_a_commitment_has_its_side_and_nothing_else_has_one():
    with refused("commitment_exactly_with_its_side"):
        doing.action(side="agency")
    agreement = doing.agreement()
    with refused("commitment_exactly_with_its_side"):
        doing.action(agreement=agreement, side="")
    with refused("commitment_exactly_with_its_side"):
        doing.action(agreement=agreement, side="agency", agency=None)
    doing.action(agreement=agreement, side="secretariat")


def test_an_action_stays_within_its_council():
    item, other = doing.action(), make.resolution()
    with refused("action_within_its_council"):
        change(item, resolution=other)
    with refused("action_within_its_council"):
        change(item, meeting=other.meeting)
    change(item, council=other.council, resolution=other, meeting=other.meeting)


def test_an_action_is_given_to_nobody_who_has_left():
    gone = factories.user(is_active=False)
    with refused("action_goes_to_somebody_who_is_here"):
        doing.action(owner=gone)
    item = doing.action()
    with refused("action_goes_to_somebody_who_is_here"):
        change(item, owner=gone)
    # Whoever leaves later keeps what he had until it is handed over; it can still be worked on.
    type(item.owner).objects.filter(pk=item.owner_id).update(is_active=False)
    change(item, status="doing")


def test_what_is_settled_is_frozen():
    item = doing.action(status="cancelled")
    with refused("settled_action_is_frozen"):
        change(item, title="دیگر")
    with refused("settled_action_is_frozen"):
        change(item, status="todo")


def test_no_action_is_deleted():
    item = doing.action()
    with refused("action_is_never_deleted"):
        sql("DELETE FROM secretariat_actionitem WHERE id = %s", item.pk)


def test_a_postponement_keeps_both_days_and_its_reason():
    item = doing.action()
    good = {"item": item, "action": "postpone", "target": "todo", "due_before": today(), "due_after": today() + timedelta(days=1), "why": "چرا"}
    for wrong in ({"why": ""}, {"due_before": None}, {"due_after": None}, {"due_after": today()}, {"action": "begin"}):
        with refused("postponed_with_both_days_and_a_reason"):
            ActionMove.objects.create(**{**good, **wrong})
    move = ActionMove.objects.create(**good)
    with refused("append_only"):
        ActionMove.objects.filter(pk=move.pk).update(why="دیگر")


def test_a_change_of_hands_keeps_both_people_and_its_reason():
    item, other = doing.action(), factories.user()
    good = {"item": item, "action": "reassign", "target": "todo", "owner_before": item.owner, "owner_after": other, "why": "چرا"}
    for wrong in ({"why": ""}, {"owner_before": None}, {"owner_after": None}, {"owner_after": item.owner}, {"action": "begin"}):
        with refused("handed_over_with_both_people_and_a_reason"):
            ActionMove.objects.create(**{**good, **wrong})
    ActionMove.objects.create(**good)


def test_notes_are_added_and_never_touched():
    item, person = doing.action(), factories.user()
    with refused("note_percent_is_a_percentage"):
        ActionNote.objects.create(item=item, by=person, text="پیش رفت", percent=101)
    with refused("note_says_something"):
        ActionNote.objects.create(item=item, by=person, text="")
    note = ActionNote.objects.create(item=item, by=person, text="پیش رفت", percent=40)
    with refused("note_is_never_touched"):
        ActionNote.objects.filter(pk=note.pk).update(percent=90)
    with refused("note_is_never_touched"):
        sql("DELETE FROM secretariat_actionnote WHERE id = %s", note.pk)


def test_a_person_drafts_one_note_an_action():
    item, person = doing.action(), factories.user()
    NoteDraft.objects.create(item=item, by=person)
    with refused("one_draft_of_a_note_a_person"):
        NoteDraft.objects.create(item=item, by=person)


def stored(model, **fields):
    return model.objects.create(
        **{"file": "x/y.pdf", "name": "y.pdf", "extension": "pdf", "content_type": "application/pdf", "size": 9, "sha256": "0" * 64, **fields}
    )


def test_evidence_is_there_once_and_does_not_change():
    item = doing.action()
    with refused("actionfile_not_empty"):
        stored(ActionFile, item=item, size=0)
    file = stored(ActionFile, item=item)
    with refused("file_once_in_an_action"):
        stored(ActionFile, item=item)
    with refused("uploaded_file_stays"):
        ActionFile.objects.filter(pk=file.pk).update(name="z.pdf")


def test_a_stage_is_reminded_of_once():
    item = doing.action()
    row = {"item": item, "kind": "late", "days": 1, "due_on": today()}
    reminder = ActionReminder.objects.create(**row)
    with refused("action_reminded_once_a_stage_and_day"):
        ActionReminder.objects.create(**row)
    with refused("action_reminder_kind_known"):
        ActionReminder.objects.create(**{**row, "kind": "x"})
    with refused("action_reminder_stays"):
        ActionReminder.objects.filter(pk=reminder.pk).update(days=6)
    person = factories.user()
    ActionReminded.objects.create(reminder=reminder, user=person)
    with refused("reminded_once_a_person"):
        ActionReminded.objects.create(reminder=reminder, user=person)
    with refused("action_reminder_stays"):
        sql("DELETE FROM secretariat_actionreminded WHERE reminder_id = %s", reminder.pk)


# --- agreements ----------------------------------------------------------------------------------


def test_a_signed_agreement_has_number_and_days():
    for missing in ({"number": ""}, {"signed_on": None}, {"valid_from": None}):
        with refused("signed_agreement_has_number_and_days"):
            doing.agreement(**missing)
    with refused("agreement_status_known"):
        doing.agreement(status="x")
    with refused("agreement_ends_after_it_begins"):
        doing.agreement(valid_until=today() - timedelta(days=1))
    with refused("draft_agreement_is_not_public"):
        doing.agreement(status="draft", is_public=True)


def test_an_agency_has_one_agreement_of_a_number():
    agreement = doing.agreement()
    with refused("agreement_number_unique_in_agency"):
        doing.agreement(agreement.agency, number=agreement.number)
    doing.agreement(number=agreement.number)


def test_a_signed_agreement_stays_as_it_was_signed():
    agreement = doing.agreement()
    rows = Agreement.objects.filter(pk=agreement.pk)
    for wrong in ({"text": "دیگر"}, {"number": "۹"}, {"valid_until": today()}, {"status": "draft"}):
        with refused("signed_agreement_is_frozen"):
            rows.update(**wrong)
    rows.update(is_public=True)
    rows.update(status="ended")
    with refused("signed_agreement_is_frozen"):
        rows.update(status="signed")
    with refused("agreement_is_never_deleted"):
        sql("DELETE FROM secretariat_agreement WHERE id = %s", agreement.pk)
    move = AgreementMove.objects.create(agreement=agreement, action="end", target="ended")
    with refused("append_only"):
        AgreementMove.objects.filter(pk=move.pk).update(why="x")


def test_what_hangs_on_an_agreement_stays():
    agreement = doing.agreement()
    with refused("agreementfile_not_empty"):
        stored(AgreementFile, agreement=agreement, size=0)
    stored(AgreementFile, agreement=agreement)
    with refused("file_once_in_an_agreement"):
        stored(AgreementFile, agreement=agreement)
    review = AgreementReview.objects.create(agreement=agreement, lines=[])
    with refused("review_stays_as_it_was_made"):
        AgreementReview.objects.filter(pk=review.pk).update(lines=[1])
