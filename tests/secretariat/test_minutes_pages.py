"""The pages of the minutes: written with autosave by several at once, approved, signed, printed; who sees and does what."""

import io
from datetime import timedelta

import pypdf
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from secretariat.models import AgendaItem, MinutesSignature
from secretariat.services import minutes
from tests import council as make
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def council():
    return make.council(minutes_by_chair=True)


@pytest.fixture
def keeper(council):
    return make.keeper(council)


@pytest.fixture
def chair(council):
    return make.seat(council, role="chair")


@pytest.fixture
def session(council, chair):
    meeting = make.in_session(council)
    make.presence(meeting, chair)
    AgendaItem.objects.create(meeting=meeting, position=1, title="گزارش سال", presenter="دبیر")
    return meeting


@pytest.fixture
def held(council, chair):
    meeting = make.in_session(council, place="تالار")
    make.presence(meeting, chair, left_at=timezone.now())
    make.presence(meeting, make.seat(council), arrived_at=meeting.started_at + timedelta(minutes=2), left_at=timezone.now())
    make.seat(council)  # did not come
    AgendaItem.objects.create(meeting=meeting, position=1, title="گزارش سال", said="گزارش شنیده شد.")
    type(meeting).objects.filter(pk=meeting.pk).update(
        status="held", ended_at=timezone.now(), minutes="جلسه با حضور اعضا آغاز شد.", minutes_version=1
    )
    meeting.refresh_from_db()
    return meeting


def url(name, *args):
    return reverse(name, args=args)


def part(name, text, version=0):
    return {"part": name, "text": text, "version": version}


def test_each_part_is_saved_while_it_is_written(client, keeper, session):
    client.force_login(keeper)
    item = session.agenda.get()
    words = client.get(url("minutes_edit", session.pk)).content.decode()
    assert "data-autosave-url" in words and "گزارش سال" in words
    for name in ("opening", f"item-{item.pk}"):
        told = client.post(url("minutes_keep", session.pk), part(name, f"متن {name}")).json()
        assert told["version"] == 1 and set(told["saved_at"]) <= set("۰۱۲۳۴۵۶۷۸۹:")
    session.refresh_from_db()
    item.refresh_from_db()
    assert (session.minutes, item.said) == ("متن opening", f"متن item-{item.pk}")


def test_the_opening_comes_from_the_record(client, chair, keeper, session):
    client.force_login(keeper)
    assert str(chair.user) in client.get(url("minutes_edit", session.pk)).content.decode()
    client.post(url("minutes_edit", session.pk), {"part": "record"})
    session.refresh_from_db()
    assert str(chair.user) in session.minutes and session.minutes_version == 1


def test_two_secretaries_at_once_lose_nothing(client, keeper, session):
    client.force_login(keeper)
    item = session.agenda.get()
    minutes.save_said(item.pk, "از دیگری", by=keeper, version=0)
    stale = client.post(url("minutes_keep", session.pk), part(f"item-{item.pk}", "از من"))
    assert stale.status_code == 409 and stale.json()["compare"]
    both = client.post(url("minutes_edit", session.pk), part(f"item-{item.pk}", "از من"))
    words = both.content.decode()
    assert both.status_code == 409 and "از دیگری" in words and "از من" in words
    item.refresh_from_db()
    assert item.said == "از دیگری"
    assert client.post(url("minutes_edit", session.pk), part(f"item-{item.pk}", "از هر دو", 1)).status_code == 302
    item.refresh_from_db()
    assert item.said == "از هر دو"


def test_bad_input_is_explained(client, keeper, session):
    client.force_login(keeper)
    for fields in (part("item-0", "x"), part("opening", "x" * 50_001)):
        assert client.post(url("minutes_keep", session.pk), fields).status_code == 422
    assert client.post(url("minutes_edit", session.pk), part("opening", "x" * 50_001)).status_code == 422
    session.refresh_from_db()
    assert session.minutes == ""


def test_only_who_keeps_the_papers_writes(client, chair, council, session):
    member = make.seat(council).user
    for person in (member, factories.officer(), factories.representative()):
        client.force_login(person)
        assert client.get(url("minutes_edit", session.pk)).status_code == 404
        assert client.post(url("minutes_keep", session.pk), part("opening", "x")).status_code == 404
    client.force_login(member)
    assert client.get(url("minutes_detail", session.pk)).status_code == 200
    client.force_login(factories.representative())
    for name in ("minutes_detail", "minutes_print", "minutes_paper"):
        assert client.get(url(name, session.pk)).status_code == 404
    client.logout()
    for name in ("minutes_detail", "minutes_edit", "minutes_print", "minutes_paper", "minutes_approve"):
        assert "/sign-in/" in client.get(url(name, session.pk)).url
    for name in ("minutes_keep", "minutes_sign"):
        assert "/sign-in/" in client.post(url(name, session.pk)).url


def test_no_minutes_before_the_session(client, council, keeper):
    meeting = make.meeting(council)
    client.force_login(keeper)
    for name in ("minutes_detail", "minutes_edit", "minutes_print", "minutes_paper", "minutes_approve"):
        assert client.get(url(name, meeting.pk)).status_code == 404


def test_the_chair_approves_and_those_who_were_there_sign(client, chair, keeper, held, in_english):
    client.force_login(keeper)
    assert client.post(url("minutes_approve", held.pk)).status_code == 404
    client.force_login(chair.user)
    assert "nobody can change a letter" in client.get(url("minutes_approve", held.pk)).content.decode()
    assert client.post(url("minutes_approve", held.pk)).url == url("minutes_detail", held.pk)
    held.refresh_from_db()
    words = client.get(url("minutes_detail", held.pk)).content.decode()
    assert held.minutes_sha256[:8] in words and "A mistake is corrected by a later resolution" in words
    assert "Please sign until" in words
    refused = client.post(url("minutes_sign", held.pk), {"sha256": "0" * 64, "reservation": "سخن من"})
    assert refused.status_code == 422
    assert "سخن من" in refused.content.decode() and "Read them again" in refused.content.decode()
    assert not MinutesSignature.objects.exists()
    for _time in range(2):
        client.post(url("minutes_sign", held.pk), {"sha256": held.minutes_sha256, "reservation": "سخن من"})
    assert MinutesSignature.objects.get().user == chair.user
    for name in ("minutes_detail", "minutes_print"):
        assert "Reservation: سخن من" in client.get(url(name, held.pk)).content.decode()
    # Frozen: who comes to write is told where corrections go.
    client.force_login(keeper)
    answer = client.get(url("minutes_edit", held.pk), follow=True)
    assert answer.redirect_chain and "only a later resolution corrects them" in answer.content.decode()
    assert client.post(url("minutes_keep", held.pk), part("opening", "x", 1)).status_code == 422
    client.post(url("minutes_sign", held.pk), {"sha256": held.minutes_sha256})  # was not there
    assert MinutesSignature.objects.count() == 1


def test_while_a_motion_is_undecided_minutes_are_not_approved(client, chair, council, held):
    make.resolution(council, held)
    client.force_login(chair.user)
    assert client.post(url("minutes_approve", held.pk)).status_code == 422
    held.refresh_from_db()
    assert held.approved_at is None


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_paper(client, chair, keeper, held, language):
    client.force_login(keeper)
    client.cookies["django_language"] = language
    answer = client.get(url("minutes_paper", held.pk))
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")
    pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    assert tuple(round(float(side)) for side in pages[0].mediabox[2:]) == (595, 842)
    sheet = client.get(url("minutes_print", held.pk)).content.decode()
    assert "گزارش شنیده شد." in sheet and str(chair.user) in sheet


def test_a_long_paper_has_pages(client, keeper, held):
    for n in range(40):
        AgendaItem.objects.create(meeting=held, position=n + 2, title=f"بند {n}", said="متن بلند " * 60)
    client.force_login(keeper)
    assert len(pypdf.PdfReader(io.BytesIO(client.get(url("minutes_paper", held.pk)).content)).pages) > 3


def test_the_minutes_ask_as_much_for_one_as_for_thirty(client, council, keeper, held):
    client.force_login(keeper)

    def asked(name):
        client.get(url(name, held.pk))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(name, held.pk)).status_code == 200
        return len(queries)

    pages = ("minutes_detail", "minutes_edit", "minutes_print")
    few = [asked(name) for name in pages]
    for n in range(30):
        item = AgendaItem.objects.create(meeting=held, position=n + 2, title=f"بند {n}")
        make.resolution(council, held, agenda_item=item)
        make.seat(council)
    now = [asked(name) for name in pages]
    assert max(after - before for after, before in zip(now, few, strict=True)) <= 2  # votes are asked for once there are motions
