"""The pages of motions: put, read, reworded, withdrawn; who steps aside; each writing page with its refusals."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from secretariat import persian
from secretariat.models import Resolution
from secretariat.selectors import motions as selectors
from secretariat.services import ballots, motions
from secretariat.templatetags.council_parts import may_put_motion
from tests import council as make
from tests import factories

pytestmark = pytest.mark.django_db
WORDS = {"title": "آیین‌نامه", "text": "متن کامل", "decision": "document"}


def url(name, *args):
    return reverse(name, args=args)


def as_(client, user):
    client.force_login(user)
    return client


@pytest.fixture
def motion():
    return make.motion()


@pytest.fixture
def keeper(motion):
    return make.keeper(motion.council)


def test_only_the_council_reads_a_motion(client, motion, keeper):
    address = url("resolution_detail", motion.pk)
    assert client.get(address).url.startswith(reverse("sign_in"))
    for reader in (keeper, make.seats(motion)[1].user, factories.officer()):
        assert motion.title in as_(client, reader).get(address).content.decode()
    assert as_(client, make.seat(make.council()).user).get(address).status_code == 404


def test_the_secretary_puts_a_motion_and_nothing_typed_is_lost(client, motion, keeper):
    address = url("resolution_new", motion.agenda_item_id)
    as_(client, keeper)
    wrong = client.post(address, {**WORDS, "text": "", "in_force_from": "1405/02/01", "in_force_until": "1405/01/01"})
    assert wrong.status_code == 422
    assert "آیین‌نامه" in wrong.content.decode() and set(wrong.context["form"].errors) == {"text", "in_force_until"}
    answer = client.post(address, {**WORDS, "in_force_from": "1405/02/01"})
    made = Resolution.objects.exclude(pk=motion.pk).get()
    assert answer.url == url("resolution_detail", made.pk)
    assert (made.title, made.decision, made.agenda_item_id, made.status) == (
        "آیین‌نامه",
        "document",
        motion.agenda_item_id,
        "draft",
    )
    member, stranger = make.seats(motion)[1].user, make.keeper(make.council())
    for person in (member, stranger, factories.officer()):
        assert as_(client, person).post(address, WORDS).status_code == 404
    client.logout()
    assert client.post(address, WORDS).url.startswith(reverse("sign_in"))
    assert Resolution.objects.count() == 2


def test_marks_are_not_put_in_words(client, motion, keeper):
    answer = as_(client, keeper).post(url("resolution_new", motion.agenda_item_id), {**WORDS, "decision": "mark_gold"})
    assert (answer.status_code, Resolution.objects.count()) == (422, 1)


def test_nothing_is_put_to_a_meeting_that_is_over(client, motion, keeper):
    type(motion.meeting).objects.filter(pk=motion.meeting_id).update(status="held", ended_at=timezone.now())
    assert as_(client, keeper).get(url("resolution_new", motion.agenda_item_id)).status_code == 404


def test_a_later_motion_names_what_it_supersedes_and_the_earlier_one_leads_to_it(client, motion, keeper):
    earlier, foreign = (
        make.adopted(make.resolution(motion.council, motion.meeting, kind="general", title="پیشین")),
        make.adopted(make.motion()),
    )
    as_(client, keeper)
    words = {**WORDS, "seen": motions.seen(motion)}
    assert client.post(url("resolution_edit", motion.pk), {**words, "supersedes": foreign.pk}).status_code == 422
    assert client.post(url("resolution_edit", motion.pk), {**words, "supersedes": earlier.pk}).status_code == 302
    page = client.get(url("resolution_detail", earlier.pk)).content.decode()
    assert url("resolution_detail", motion.pk) not in page  # not as long as it is no more than a motion
    motion.refresh_from_db()
    make.adopted(motion)
    assert url("resolution_detail", motion.pk) in client.get(url("resolution_detail", earlier.pk)).content.decode()


def test_two_who_reword_at_once_lose_nothing(client, motion, keeper):
    as_(client, keeper)
    first = {**WORDS, "seen": motions.seen(motion)}
    assert client.post(url("resolution_edit", motion.pk), first).status_code == 302
    stale = client.post(url("resolution_edit", motion.pk), {**first, "text": "متن دیگر"})
    page = stale.content.decode()
    assert stale.status_code == 409 and "متن کامل" in page and "متن دیگر" in page
    again = {**WORDS, "text": "متن دیگر", "seen": stale.context["form"].data["seen"]}
    assert client.post(url("resolution_edit", motion.pk), again).status_code == 302
    motion.refresh_from_db()
    assert motion.text == "متن دیگر"


def test_what_is_voted_on_is_not_reworded(client, motion, keeper):
    make.ballot(motion, choice=None)
    as_(client, keeper)
    answer = client.post(url("resolution_edit", motion.pk), {**WORDS, "seen": motions.seen(motion)})
    assert answer.url == url("resolution_detail", motion.pk)
    motion.refresh_from_db()
    assert motion.title != WORDS["title"]
    assert as_(client, make.seats(motion)[1].user).get(url("resolution_edit", motion.pk)).status_code == 404


def test_a_motion_is_withdrawn_with_a_reason(client, motion, keeper):
    address = url("resolution_withdraw", motion.pk)
    assert as_(client, make.seats(motion)[1].user).post(address, {"why": "x"}).status_code == 404
    as_(client, keeper)
    assert client.post(address, {"why": " "}).status_code == 422
    assert client.post(address, {"why": "پیشنهاددهنده پس گرفت"}).status_code == 302
    motion.refresh_from_db()
    assert (motion.status, motion.moves.get().why) == ("rejected", "پیشنهاددهنده پس گرفت")
    assert client.post(address, {"why": "دوباره"}).status_code == 422  # decided: said, nothing done


# --- who does not decide -------------------------------------------------------------------------


def test_a_member_steps_aside_and_comes_back_before_the_vote(client, motion):
    seat = make.seats(motion)[1]
    as_(client, seat.user)
    assert client.post(url("recusal_declare", motion.pk), {"why": ""}).status_code == 422
    assert client.post(url("recusal_declare", motion.pk), {"why": "خویشاوندی"}).status_code == 302
    assert "خویشاوندی" in client.get(url("resolution_detail", motion.pk)).content.decode()
    assert motion.recusals.get().source == "declared"
    back = url("recusal_take_back", motion.pk, seat.pk)
    assert as_(client, make.seats(motion)[2].user).post(back).status_code == 404
    assert as_(client, seat.user).post(back).status_code == 302
    assert not motion.recusals.exists()
    client.post(url("recusal_declare", motion.pk), {"why": "خویشاوندی"})
    make.seat(motion.council), make.presence(motion.meeting, make.seat(motion.council))
    make.ballot(motion, choice=None)
    assert client.post(back).status_code == 404
    assert motion.recusals.exists()


def test_only_who_has_a_seat_steps_aside(client, motion, keeper):
    for person in (keeper, factories.officer(), make.seat(make.council()).user):
        assert as_(client, person).get(url("recusal_declare", motion.pk)).status_code == 404
    client.logout()
    assert client.get(url("recusal_declare", motion.pk)).url.startswith(reverse("sign_in"))


def test_the_secretary_records_a_recusal(client, motion, keeper):
    seat, stranger = make.seats(motion)[1], make.seat(make.council())
    address = url("recusal_record", motion.pk)
    assert as_(client, seat.user).post(address, {"seat": seat.pk, "why": "x"}).status_code == 404
    as_(client, keeper)
    refused = client.post(address, {"seat": stranger.pk, "why": "سهام‌دار است"})
    assert refused.status_code == 422 and "سهام‌دار است" in refused.content.decode()
    assert client.post(address, {"seat": seat.pk, "why": "سهام‌دار است"}).status_code == 302
    row = motion.recusals.get()
    assert (row.seat, row.source, row.reason, row.by) == (seat, "chair", "سهام‌دار است", keeper)


# --- on the agenda -------------------------------------------------------------------------------


def test_motions_of_a_meeting_cost_the_same_however_many_there_are(motion, keeper):
    def cost():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = selectors.motions_of(motion.meeting, keeper)
            [(one.page, one.result, one.waiting, one.may_open) for rows in found.values() for one in rows]
        return len(queries)

    make.ballot(motion)
    keeper.refresh_from_db()
    cost()
    one = cost()
    for _n in range(8):
        make.ballot(make.resolution(motion.council, motion.meeting, kind="general", agenda_item=motion.agenda_item))
    assert cost() == one


def test_the_agenda_shows_each_reader_what_he_may_do(motion, keeper):
    ballot = make.ballot(motion, choice=None)
    first, second, _third = make.seats(motion)
    ballots.cast(ballot.pk, "for", by=first.user)

    def seen(user):
        return selectors.motion_of(Resolution.objects.select_related("meeting").get(pk=motion.pk), user)

    assert (seen(first.user).may_vote, seen(first.user).has_voted) == (False, True)
    assert seen(second.user).may_vote
    assert not seen(keeper).may_vote and seen(keeper).keeps
    assert [seat.pk for seat in seen(keeper).waiting] == [one.pk for one in make.seats(motion)[1:]]
    assert seen(keeper).result == ()  # nobody is told how they voted before the count
    request = RequestFactory().get("/")
    for user, may in ((keeper, True), (second.user, False)):
        request.user = user
        assert may_put_motion({"request": request}, motion.meeting) is may


def test_a_resolution_of_an_ended_seat_is_not_seen(client, motion):
    gone = make.seat(motion.council, starts_on=motion.meeting.day - timedelta(days=9), ends_on=motion.meeting.day - timedelta(days=1))
    assert as_(client, gone.user).get(url("resolution_detail", motion.pk)).status_code == 404


def test_an_adopted_resolution_leads_to_its_actions(client):
    draft = make.motion()
    adopted = make.adopted(make.motion())
    keeper, member = make.keeper(adopted.council), make.seats(adopted)[1].user
    address = f"{url('action_new')}?resolution={adopted.pk}"
    assert address in as_(client, keeper).get(url("resolution_detail", adopted.pk)).text
    due = persian.short(timezone.localdate() + timedelta(days=9))
    assert client.post(address, {"title": "پیگیری ابلاغ", "owner": member.pk, "due_on": due}).status_code == 302
    assert adopted.actions.get().owner == member
    read = as_(client, member).get(url("resolution_detail", adopted.pk)).text
    assert "پیگیری ابلاغ" in read and address not in read
    assert url("action_new") not in as_(client, make.keeper(draft.council)).get(url("resolution_detail", draft.pk)).text
