"""Actions: given, worked on, reported, confirmed by somebody else; postponed and handed over with a reason; nothing lost."""

from datetime import timedelta

import pytest
from django.utils import translation

from secretariat import calendar
from secretariat.calendar import today
from secretariat.errors import RuleBroken, Stale
from secretariat.models import ActionItem, Holiday, NoteDraft, Notice
from secretariat.services import actions
from secretariat.workflow import open_steps
from tests import council as make
from tests import doing, factories, specimens

pytestmark = pytest.mark.django_db


@pytest.fixture
def council():
    return make.council()


@pytest.fixture
def keeper(council):
    return make.keeper(council)


@pytest.fixture
def owner():
    return factories.user()


def told(user, kind=None):
    notices = Notice.objects.filter(user=user)
    return notices.filter(kind=kind) if kind else notices


def test_a_keeper_gives_an_action_and_its_owner_is_told(council, keeper, owner):
    resolution = make.resolution(council)
    item = actions.create(council.pk, by=keeper, title="گزارش", owner=owner, due_on=today() + timedelta(days=5), resolution=resolution)
    assert (item.status, item.resolution, item.due_why_fa) == ("todo", resolution, "")
    assert item.moves.get().action == "create"
    assert "گزارش" in told(owner, "action_given").get().text_fa


def test_working_days_are_counted_and_explained(council, keeper, owner):
    day = today() + timedelta(days=1)
    Holiday.objects.get_or_create(date=day, defaults={"title_fa": "جشن ما", "title_en": "Our feast"})
    item = actions.create(council.pk, by=keeper, title="گزارش", owner=owner, due_days=3)
    assert calendar.day_of(item.due_on) == calendar.deadline(today(), 3).due
    assert "جشن ما" in item.due_why_fa and "Our feast" in item.due_why_en


def test_only_its_keepers_give_actions_and_only_to_those_who_are_here(council, keeper, owner):
    for person in (owner, factories.officer(), make.seat(council).user, make.keeper(make.council())):
        with pytest.raises(RuleBroken):
            actions.create(council.pk, by=person, title="x", owner=owner, due_days=3)
    with pytest.raises(RuleBroken) as gone:
        actions.create(council.pk, by=keeper, title="x", owner=factories.user(is_active=False), due_days=3)
    with pytest.raises(RuleBroken) as passed:
        actions.create(council.pk, by=keeper, title="x", owner=owner, due_on=today() - timedelta(days=1))
    with pytest.raises(RuleBroken) as without:
        actions.create(council.pk, by=keeper, title="x", owner=owner)
    assert [error.value.field for error in (gone, passed, without)] == ["owner", "due_on", "due_on"]
    assert not ActionItem.objects.exists()


def test_the_way_of_an_action(council, keeper, owner):
    item = doing.action(council, owner)
    actions.move(item.pk, "begin", by=owner)
    with pytest.raises(RuleBroken):
        actions.move(item.pk, "report", by=owner)
    actions.move(item.pk, "report", by=owner, why="نوشته شد")
    assert "نوشته شد" in told(keeper, "action_report").get().text_fa
    actions.move(item.pk, "give_back", by=keeper, why="کامل نیست")
    item.refresh_from_db()
    assert (item.status, item.done_at, item.done_by) == ("doing", None, None)
    assert "کامل نیست" in told(owner, "action_give_back").get().text_fa
    actions.move(item.pk, "report", by=owner, why="کامل شد")
    actions.move(item.pk, "confirm", by=keeper)
    item.refresh_from_db()
    assert (item.status, item.confirmed_by, item.version) == ("confirmed", keeper, 6)
    assert [move.action for move in item.moves.all()] == ["begin", "report", "give_back", "report", "confirm"]
    for action in item.MOVES:
        with pytest.raises(RuleBroken):
            actions.move(item.pk, action, by=keeper, why="x")


def test_nobody_confirms_his_own_work(council, keeper):
    item = doing.action(council, keeper)
    actions.move(item.pk, "report", by=keeper, why="شد")
    with pytest.raises(RuleBroken):
        actions.move(item.pk, "confirm", by=keeper)
    assert "confirm" not in open_steps(ActionItem.objects.get(pk=item.pk), keeper)
    actions.move(item.pk, "confirm", by=make.seat(council, role="chair").user)


def test_each_does_exactly_his(council, keeper, owner):
    item = doing.action(council, owner)
    member, observer, officer = make.seat(council).user, make.seat(council, role="observer").user, factories.officer()
    assert set(open_steps(item, owner)) == {"begin", "report"}
    assert set(open_steps(item, keeper)) == {"postpone", "reassign", "cancel"}
    for reader in (member, observer, officer):
        assert open_steps(item, reader) == {}
        assert ActionItem.objects.visible_to(reader).get() == item
        with pytest.raises(RuleBroken):
            actions.note(item.pk, by=reader, text="x")
    stranger = make.keeper(make.council())
    assert not ActionItem.objects.visible_to(stranger).exists()
    with pytest.raises(ActionItem.DoesNotExist):
        actions.move(item.pk, "begin", by=stranger)


def test_a_postponement_keeps_both_days(council, keeper, owner):
    item = doing.action(council, owner)
    before = calendar.day_of(item.due_on)
    with pytest.raises(RuleBroken):
        actions.postpone(item.pk, by=keeper, why="", due_on=before + timedelta(days=3))
    with pytest.raises(RuleBroken) as earlier:
        actions.postpone(item.pk, by=keeper, why="چرا", due_on=before)
    assert earlier.value.field == "due_on"
    with pytest.raises(RuleBroken):
        actions.postpone(item.pk, by=owner, why="چرا", due_on=before + timedelta(days=3))
    moved = actions.postpone(item.pk, by=keeper, why="منتظر بودجه", due_on=before + timedelta(days=3))
    move = item.moves.get()
    assert (move.due_before, move.due_after, move.source, move.target) == (before, before + timedelta(days=3), "todo", "todo")
    assert calendar.day_of(moved.due_on) == move.due_after and moved.due_set_on == today()
    assert "منتظر بودجه" in told(owner, "action_postponed").get().text_fa


def test_a_change_of_hands_is_told_to_both(council, keeper, owner):
    item, other = doing.action(council, owner), factories.user()
    with pytest.raises(RuleBroken):
        actions.reassign(item.pk, by=keeper, owner=owner, why="چرا")
    with pytest.raises(RuleBroken):
        actions.reassign(item.pk, by=keeper, owner=other, why=" ")
    actions.reassign(item.pk, by=keeper, owner=other, why="مأموریت تازه")
    move = item.moves.get()
    assert (move.owner_before, move.owner_after) == (owner, other)
    for person in (owner, other):
        assert "مأموریت تازه" in told(person).get().text_fa
    with pytest.raises(ActionItem.DoesNotExist):
        actions.move(item.pk, "begin", by=owner)
    actions.move(item.pk, "begin", by=other)


def test_what_somebody_else_changed_is_not_overwritten(council, keeper, owner):
    item = doing.action(council, owner)
    actions.edit(item.pk, by=keeper, version=1, title="عنوان تازه")
    for late in (
        lambda: actions.edit(item.pk, by=keeper, version=1, title="دیگر"),
        lambda: actions.move(item.pk, "begin", by=owner, version=1),
        lambda: actions.postpone(item.pk, by=keeper, version=1, why="چرا", due_days=90),
        lambda: actions.reassign(item.pk, by=keeper, version=1, why="چرا", owner=keeper),
    ):
        with pytest.raises(Stale):
            late()
    item.refresh_from_db()
    assert (item.title, item.status) == ("عنوان تازه", "todo")
    assert item.events.count() == 2  # as made, as changed


def test_notes_are_kept_while_written_and_stay(council, keeper, owner):
    item = doing.action(council, owner)
    draft = actions.keep_note(item.pk, by=owner, text="نیمه", percent="۴۰", version=1)
    with pytest.raises(Stale):
        actions.keep_note(item.pk, by=owner, text="از پنجرهٔ دیگر", percent="", version=1)
    actions.keep_note(item.pk, by=owner, text="نیمه‌کاره", percent="۴۰", version=draft.version)
    actions.keep_note(item.pk, by=keeper, text="یادداشت دبیر", percent="", version=1)
    with pytest.raises(RuleBroken):
        actions.note(item.pk, by=owner, text="  ")
    actions.note(item.pk, by=owner, text="نیمه‌کاره", percent=40)
    assert item.notes.get().percent == 40
    assert NoteDraft.objects.get().by == keeper


def test_evidence_is_looked_into_and_kept(council, owner):
    item = doing.action(council, owner)
    file = actions.attach(item.pk, specimens.upload(specimens.pdf()), by=owner)
    with pytest.raises(RuleBroken):
        actions.attach(item.pk, specimens.upload(specimens.pdf()), by=owner)
    actions.detach(file.pk, by=owner)
    actions.detach(file.pk, by=owner)
    assert not item.files.attached().exists() and item.files.count() == 1
    actions.move(item.pk, "report", by=owner, why="شد")
    actions.move(item.pk, "confirm", by=make.keeper(council))
    with pytest.raises(RuleBroken):
        actions.attach(item.pk, specimens.upload(specimens.pdf(text="another")), by=owner)


def test_an_agencys_commitment_is_done_by_whoever_represents_it(owner):
    agency = factories.agency()
    first, second, officer = factories.representative(agency), factories.representative(agency), factories.officer()
    agreement = doing.agreement(agency, status="draft")
    item = actions.commit(agreement.pk, by=officer, side="agency", title="تعهد", owner=first, due_days=20)
    assert item.agency == agency and not told(first).exists()
    assert not ActionItem.objects.visible_to(first).exists()
    assert "begin" not in open_steps(item, first)
    type(agreement).objects.filter(pk=agreement.pk).update(status="signed")
    actions.move(item.pk, "begin", by=second)
    actions.move(item.pk, "report", by=second, why="شد")
    with pytest.raises(ActionItem.DoesNotExist):
        actions.move(item.pk, "confirm", by=factories.representative())
    actions.move(item.pk, "confirm", by=officer)


def test_refusals_are_sentences_in_both_languages(council, owner):
    item = doing.action(council, owner)
    with translation.override("en"), pytest.raises(RuleBroken, match="Write the reason"):
        actions.move(item.pk, "report", by=owner)
