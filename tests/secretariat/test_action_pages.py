"""The pages of actions: who sees what, board and list, every writing view with its refusals; nothing typed is lost."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from secretariat.calendar import today
from secretariat.models import ActionItem, ActionMove, NoteDraft
from secretariat.selectors import actions as selectors
from secretariat.services import actions
from tests import council as make
from tests import doing, factories, specimens

pytestmark = pytest.mark.django_db
JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def council():
    return make.council()


@pytest.fixture
def keeper(council):
    return make.keeper(council)


@pytest.fixture
def item(council):
    return doing.action(council, title="گزارش سالانه")


def url(name, *args):
    return reverse(name, args=args)


def page(client, user, address, **query):
    client.force_login(user)
    return client.get(address, query)


def place(client, item, target, version=None, **fields):
    return client.post(url("action_place"), {"to": f"{item.pk}.{version or item.version}.{target}", **fields})


# --- whom one may choose -------------------------------------------------------------------------


def test_owners_stand_in_groups_each_once(client, council, keeper, in_english):
    chair, member = make.seat(council, role="chair").user, make.seat(council).user
    officer, agency = factories.officer(), factories.agency(name_en="Radio")
    factories.granted("officer", member)  # a seat of the council comes first
    speaker = factories.granted("representative", agency=agency)
    closed = factories.granted("representative", factories.user(is_active=False), agency=agency)
    doing.action(council, unit="معاونت فرهنگی")
    groups = dict(selectors.possible_owners(council.pk))
    assert list(groups)[:2] == ["Seats of the council", "Secretariat"]
    assert [pk for pk, _name in groups["Seats of the council"]] == [chair.pk, member.pk]
    assert {officer.pk, keeper.pk} <= {pk for pk, _name in groups["Secretariat"]}
    assert [pk for pk, _name in groups["Radio"]] == [speaker.pk]
    everybody = [pk for people in groups.values() for pk, _name in people]
    assert len(everybody) == len(set(everybody)) and closed.pk not in everybody
    assert member.pk not in [pk for _g, people in selectors.possible_owners(council.pk, without=member.pk) for pk, _name in people]
    form = page(client, keeper, url("action_new")).content.decode()
    assert '<optgroup label="Seats of the council">' in form and '<optgroup label="Radio">' in form
    units = form.split('<datalist id="units">')[1].split("</datalist>")[0]
    assert "معاونت فرهنگی" in units and "Radio" in units
    refused = client.post(url("action_new"), {"title": "x", "owner": closed.pk, "due_days": "3"})
    assert refused.status_code == 422 and not ActionItem.objects.filter(title="x").exists()


# --- reading -------------------------------------------------------------------------------------


def test_each_sees_his_own(client, council, keeper, item):
    other = doing.action(title="کار شورای دیگر")
    for person in (item.owner, keeper, make.seat(council, role="observer").user):
        for name in ("action_board", "action_list"):
            words = page(client, person, url(name)).content.decode()
            assert item.title in words and other.title not in words
        assert page(client, person, url("action_detail", item.pk)).status_code == 200
        assert page(client, person, url("action_detail", other.pk)).status_code == 404
    words = page(client, factories.officer(), url("action_board")).content.decode()
    assert item.title in words and other.title in words
    stranger = factories.representative()
    assert page(client, stranger, url("action_detail", item.pk)).status_code == 404
    assert item.title not in page(client, stranger, url("action_board")).content.decode()


def test_the_anonymous_are_asked_who_they_are(client, item):
    for name, args in (
        ("action_board", []),
        ("action_list", []),
        ("action_detail", [item.pk]),
        ("action_report", [item.council_id]),
    ):
        assert "/sign-in/" in client.get(url(name, *args)).url


def test_the_board_by_filters(client, council, keeper, in_english):
    mine = doing.action(council, keeper, title="کتاب‌های کودک", axis="کتاب")
    late = doing.action(council, title="همایش", due_on=today() - timedelta(days=3))
    for query, found in (
        ({"mine": "on"}, {mine}), ({"late": "on"}, {late}), ({"owner": late.owner_id}, {late}), ({"axis": "کتاب"}, {mine}),
        ({"q": "كتابهاي"}, {mine}), ({"council": council.pk}, {mine, late}), ({"commitments": "on"}, set()),
    ):  # fmt: skip
        words = page(client, keeper, url("action_board"), **query).content.decode()
        assert {one for one in (mine, late) if url("action_detail", one.pk) in words} == found, query


def test_the_board_stays_quick_with_two_thousand(client, keeper, council, in_english):
    """The same queries for twenty and for two thousand, and a page that does not grow with them."""
    owners = [factories.user() for _n in range(20)]
    states = [
        {"status": "todo"}, {"status": "doing"}, {"status": "done", "done_at": timezone.now(), "done_by": owners[0]},
        {"status": "confirmed", "done_at": timezone.now(), "done_by": owners[0], "confirmed_at": timezone.now(), "confirmed_by": keeper},
    ]  # fmt: skip

    def fill(count):
        ActionItem.objects.bulk_create(
            ActionItem(
                council=council, owner=owners[n % 20], title=f"تدوین دستورالعمل ارزیابی شماره {n}", axis=f"محور {n % 5}",
                due_on=today() + timedelta(days=n % 60), **states[n % 4],
            )
            for n in range(count)
        )  # fmt: skip

    def asked(name):
        client.get(url(name))
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(url(name))
        return len(queries), len(answer.content)

    client.force_login(keeper)
    fill(20)
    few = {name: asked(name)[0] for name in ("action_board", "action_list")}
    fill(1980)
    for name, queries in few.items():
        now, size = asked(name)
        assert now == queries <= 22, name
        assert size < 100_000, (name, size)
    words = client.get(url("action_board")).content.decode()
    assert 'data-count="500"' in words and words.count("data-card=") == 120


def test_more_of_a_column(client, council, keeper):
    for _n in range(35):
        doing.action(council)
    client.force_login(keeper)
    assert client.get(url("action_board")).content.decode().count("data-card=") == 30
    more = client.get(url("action_column", "todo"), {"page": 2}).content.decode()
    assert more.count("data-card=") == 5 and "action-more" not in more
    assert client.get(url("action_column", "cancelled")).status_code == 404
    assert client.get(url("action_list"), {"export": "xlsx"}).headers["Content-Type"].startswith("application/vnd")


# --- the board's moves ---------------------------------------------------------------------------


def test_a_card_is_put_into_another_column(client, item, in_english):
    client.force_login(item.owner)
    told = client.post(url("action_place"), {"to": f"{item.pk}.1.doing"}, **JSON)
    item.refresh_from_db()
    assert (told.status_code, told.json()["status"], item.status) == (200, "doing", "doing")
    assert f'data-card="{item.pk}.2"' in told.json()["card"]
    assert place(client, item, "todo").url == url("action_board")
    item.refresh_from_db()
    assert item.status == "todo"


def test_what_needs_a_reason_asks_for_it(client, item, in_english):
    client.force_login(item.owner)
    asked = client.post(url("action_place"), {"to": f"{item.pk}.1.done"}, **JSON)
    assert asked.status_code == 422 and asked.json()["asks"] == "Report it done" and asked.json()["message"] == "What was done"
    assert place(client, item, "done").url == url("action_move", item.pk, "report")
    done = client.post(url("action_place"), {"to": f"{item.pk}.1.done", "why": "نوشته شد"}, **JSON)
    assert done.json()["status"] == "done"


def test_a_forbidden_move_is_refused_with_its_sentence(client, item, keeper, in_english):
    client.force_login(keeper)
    for target, sentence in (
        ("doing", "You may not do this."),
        ("confirmed", "No step leads from"),
        ("x", "Choose another column."),
    ):
        refused = client.post(url("action_place"), {"to": f"{item.pk}.1.{target}"}, **JSON)
        assert refused.status_code == 422 and sentence in refused.json()["message"] and refused.json()["status"] == "todo"
    client.force_login(factories.representative())
    assert client.post(url("action_place"), {"to": f"{item.pk}.1.doing"}, **JSON).status_code == 404
    assert client.post(url("action_place"), {"to": "rubbish"}, **JSON).status_code == 404
    assert not ActionMove.objects.exists()


def test_two_at_once_are_told(client, item, in_english):
    actions.move(item.pk, "begin", by=item.owner)
    client.force_login(item.owner)
    stale = client.post(url("action_place"), {"to": f"{item.pk}.1.todo"}, **JSON)
    assert stale.status_code == 409 and stale.json()["status"] == "doing" and "somebody else" in stale.json()["message"].lower()
    page_ = client.post(url("action_place"), {"to": f"{item.pk}.1.todo", "back": "/actions/?mine=on"}, follow=True)
    assert page_.redirect_chain[0][0] == "/actions/?mine=on"
    assert client.post(url("action_place"), {"to": f"{item.pk}.9.todo", "back": "https://evil.example/"}).url == url(
        "action_board"
    )
    item.refresh_from_db()
    assert item.status == "doing"


# --- making and changing -------------------------------------------------------------------------


def filled(owner, **fields):
    return {"title": "تدوین شیوه‌نامه", "owner": owner.pk, "due_days": "۱۰", **fields}


def test_a_keeper_makes_an_action_from_a_resolution(client, council, keeper):
    resolution, member = make.resolution(council), make.seat(council).user
    client.force_login(keeper)
    address = f"{url('action_new')}?resolution={resolution.pk}"
    assert resolution.title in client.get(address).content.decode()
    key = str(uuid.uuid4())
    first = client.post(address, filled(member, axis="کتاب", once_key=key))
    again = client.post(address, filled(member, axis="کتاب", once_key=key))
    made = ActionItem.objects.get()
    assert first.url == again.url == made.get_absolute_url()
    assert (made.resolution, made.meeting, made.owner, made.axis) == (resolution, resolution.meeting, member, "کتاب")
    assert made.due_why in client.get(first.url).content.decode()


def test_bad_input_is_explained_and_nothing_is_lost(client, council, keeper, in_english):
    member = make.seat(council).user
    client.force_login(keeper)
    both = client.post(url("action_new"), filled(member, due_on="1420/01/01"))
    assert both.status_code == 422 and "not both" in both.content.decode() and "تدوین شیوه‌نامه" in both.content.decode()
    passed = client.post(url("action_new"), filled(member, due_days="", due_on="1390/01/01"))
    assert passed.status_code == 422 and "passed already" in passed.content.decode()
    assert client.post(url("action_new"), filled(factories.user())).status_code == 422
    assert not ActionItem.objects.exists()


def test_only_keepers_make_actions(client, council, keeper):
    foreign = make.resolution()
    assert page(client, keeper, url("action_new"), resolution=foreign.pk).status_code == 404
    assert page(client, keeper, url("action_new"), council=foreign.council_id).status_code == 404
    for person in (make.seat(council).user, factories.officer(), factories.representative()):
        assert page(client, person, url("action_new")).status_code == 404
    two = make.keeper(foreign.council)
    factories.granted("council_secretary", two, council=council)
    words = page(client, two, url("action_new")).content.decode()
    assert f"?council={council.pk}" in words and f"?council={foreign.council_id}" in words


def test_words_are_changed_and_a_stale_form_shows_both(client, item, keeper):
    client.force_login(keeper)
    assert client.post(url("action_edit", item.pk), {"title": "عنوان نو", "version": 1}).url == item.get_absolute_url()
    stale = client.post(url("action_edit", item.pk), {"title": "عنوان سوم", "version": 1})
    words = stale.content.decode()
    assert stale.status_code == 409 and "عنوان نو" in words and "عنوان سوم" in words
    assert client.post(url("action_edit", item.pk), {"title": "", "version": 2}).status_code == 422
    assert page(client, item.owner, url("action_edit", item.pk)).status_code == 404


def test_moves_by_their_pages(client, council, item, keeper):
    client.force_login(keeper)
    assert client.get(url("action_move", item.pk, "begin")).status_code == 404
    assert client.get(url("action_move", item.pk, "nonsense")).status_code == 404
    later = {"due_days": "60", "why": "بودجه نرسید", "version": 1}
    assert client.post(url("action_move", item.pk, "postpone"), {**later, "why": ""}).status_code == 422
    assert client.post(url("action_move", item.pk, "postpone"), later).url == item.get_absolute_url()
    assert client.post(url("action_move", item.pk, "postpone"), later).status_code == 422  # seen in an earlier state
    member = make.seat(council).user
    assert (
        client.post(url("action_move", item.pk, "reassign"), {"owner": member.pk, "why": "چرا", "version": 2}).status_code == 302
    )
    client.force_login(member)
    assert client.post(url("action_move", item.pk, "report"), {"why": "", "version": 3}).status_code == 422
    assert client.post(url("action_move", item.pk, "report"), {"why": "انجام شد", "version": 3}).status_code == 302
    client.force_login(keeper)
    assert client.post(url("action_move", item.pk, "confirm"), {"version": 4}).status_code == 302
    words = client.get(item.get_absolute_url()).content.decode()
    assert "بودجه نرسید" in words and "انجام شد" in words and url("action_edit", item.pk) not in words
    assert client.get(url("action_move", item.pk, "cancel")).url == item.get_absolute_url()


def test_notes_with_autosave(client, item, in_english):
    client.force_login(item.owner)
    kept = client.post(url("action_note_keep", item.pk), {"text": "نیمه‌کا", "percent": "۳", "version": "1"})
    assert kept.json()["version"] == 2
    assert "نیمه‌کا" in client.get(item.get_absolute_url()).content.decode()
    assert client.post(url("action_note_keep", item.pk), {"text": "دیگر", "version": "1"}).status_code == 409
    bad = client.post(url("action_note", item.pk), {"text": "نوشتهٔ من", "percent": "140"})
    assert bad.status_code == 422 and "نوشتهٔ من" in bad.content.decode() and not item.notes.exists()
    assert client.post(url("action_note", item.pk), {"text": "نیمی از کار", "percent": "۵۰"}).url.endswith("#notes")
    assert item.notes.get().percent == 50 and not NoteDraft.objects.exists()
    for reader in (factories.officer(), make.seat(item.council).user, factories.representative()):
        client.force_login(reader)
        for name in ("action_note", "action_note_keep", "action_file_add"):
            assert client.post(url(name, item.pk), {"text": "x"}).status_code == 404


def test_evidence_by_its_pages(client, item, keeper, in_english):
    client.force_login(item.owner)
    assert client.post(url("action_file_add", item.pk), {"file": specimens.upload(specimens.pdf())}).url.endswith("#files")
    file = item.files.get()
    assert client.post(url("action_file_add", item.pk), {"file": specimens.upload(specimens.pdf())}).status_code == 422
    assert client.post(url("action_file_add", item.pk), {"file": specimens.upload(b"MZ", "x.exe")}).status_code == 422
    assert client.get(url("action_file", file.pk)).headers["Content-Disposition"].startswith("attachment")
    assert page(client, make.seat(item.council).user, url("action_file", file.pk)).status_code == 200
    assert client.post(url("action_file_remove", file.pk)).status_code == 404
    assert page(client, factories.representative(), url("action_file", file.pk)).status_code == 404
    client.force_login(keeper)
    assert client.post(url("action_file_remove", file.pk)).status_code == 302
    assert not item.files.attached().exists()


# --- the report and the desk ---------------------------------------------------------------------


def test_the_report_to_the_next_meeting(client, council, keeper, in_english):
    make.meeting(council, starts_at=timezone.now() - timedelta(days=20), status="held")
    done, late, postponed = (doing.action(council, title=title) for title in ("انجام شده", "دیر مانده", "به تعویق رفته"))
    actions.move(done.pk, "report", by=done.owner, why="چاپ شد")
    ActionItem.objects.filter(pk=late.pk).update(due_on=today() - timedelta(days=1), created_on=today() - timedelta(days=9))
    actions.note(late.pk, by=late.owner, text="منتظر پاسخ")
    actions.postpone(postponed.pk, by=keeper, why="بودجه", due_days=50)
    report = selectors.report(council, selectors.since_last_meeting(council, timezone.now()))
    assert (report.done, report.late, [move.item for move in report.postponed], report.open) == ([done], [late], [postponed], 2)
    coming = make.meeting(council, starts_at=timezone.now() + timedelta(days=2))
    assert selectors.report_to(coming) == report
    words = page(client, keeper, url("action_report", council.pk)).content.decode()
    for part in ("چاپ شد", "منتظر پاسخ", "بودجه", "به تعویق رفته"):
        assert part in words
    assert page(client, keeper, url("action_report", council.pk), since="1500/01/01").content.decode().count("<table") == 1
    assert page(client, make.seat(council, role="observer").user, url("action_report", council.pk)).status_code == 200
    for stranger in (done.owner, factories.representative(), make.keeper(make.council())):
        assert page(client, stranger, url("action_report", council.pk)).status_code == 404


def test_the_report_asks_the_same_of_one_and_of_thirty(council, keeper, django_assert_num_queries):
    for _n in range(30):
        one = doing.action(council)
        actions.move(one.pk, "report", by=one.owner, why="شد")
    with django_assert_num_queries(4):
        report = selectors.report(council, timezone.now() - timedelta(days=1))
        assert [item.owner.display_name for item in report.done] and len(report.done) == 30


def test_my_actions_stand_on_my_desk_the_late_first(client, council, keeper):
    owner = factories.user()
    later, late = (
        doing.action(council, owner, title="بعدی"),
        doing.action(council, owner, title="دیر", due_on=today() - timedelta(days=2)),
    )
    words = page(client, owner, url("desk")).content.decode()
    assert words.index(late.title) < words.index(later.title)
    actions.move(late.pk, "report", by=owner, why="شد")
    assert f"{url('action_list')}?status=done" in page(client, keeper, url("desk")).content.decode()
    assert url("action_board") + "?mine=on" not in page(client, factories.representative(), url("desk")).content.decode()
