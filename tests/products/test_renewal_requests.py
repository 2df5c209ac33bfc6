"""Asking for the renewal of a mark: begun in its time, kept, sent once, answered once, told to both sides, never lost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.evidence import evidence_for
from products import rules
from products.models import RenewalFile, RenewalRequest
from products.services import marks, renewals
from products.services import renewal_requests as services
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from tests import council as make
from tests import factories, specimens
from tests.products.test_decision_evidence import handed_in
from tests.products.test_mark_pages import keeper_of
from tests.products.test_renewals import ending
from tests.refusal import refused, sql
from tests.together import at_once

pytestmark = pytest.mark.django_db

FIRST, LAST = rules.RENEWAL_CALLS
SAID = "ویراست دوم با نمایه تازه"


@pytest.fixture
def mark():
    return ending(40)


@pytest.fixture
def owner(mark):
    return factories.representative(mark.product.agency)


@pytest.fixture
def officer():
    return factories.officer()


def asked(mark, owner, said=SAID):
    made = services.start(mark.pk, by=owner)
    made = services.save_draft(made.pk, said, by=owner, version=made.version)
    return services.send(made.pk, by=owner)


# --- when it can be asked for --------------------------------------------------------------------


@pytest.mark.parametrize(("days", "term"), [(FIRST + 1, None), (FIRST, FIRST), (LAST + 1, FIRST), (LAST, LAST), (0, LAST), (-1, None)])
def test_it_is_begun_in_the_last_months_of_a_mark(days, term):
    mark = ending(days)
    owner = factories.representative(mark.product.agency)
    if term is None:
        with pytest.raises(RuleBroken):
            services.start(mark.pk, by=owner)
        assert not RenewalRequest.objects.exists()
    else:
        assert services.start(mark.pk, by=owner).term == term


def test_once_a_mark_and_window_and_again_in_the_next_after_a_refusal(mark, owner, officer):
    first = services.start(mark.pk, by=owner)
    assert services.start(mark.pk, by=owner) == first
    services.withdraw(first.pk, by=owner)
    second = asked(mark, owner)
    assert second.pk != first.pk and services.start(mark.pk, by=owner).pk == second.pk
    services.decline(second.pk, by=officer, why="دلیل")
    with pytest.raises(RuleBroken):
        services.start(mark.pk, by=owner)
    ending(20, mark)
    assert services.start(mark.pk, by=owner).term == LAST


def test_a_mark_that_is_suspended_revoked_silent_or_followed_is_not_renewed(owner, mark):
    marks.suspend(mark.pk, by=keeper_of(mark), why="بررسی")
    with pytest.raises(RuleBroken):
        services.start(mark.pk, by=owner)
    marks.restore(mark.pk, by=keeper_of(mark), why="رفع شد")
    made = services.start(mark.pk, by=owner)
    services.save_draft(made.pk, SAID, by=owner, version=1)
    make.granted_mark(product=mark.product)
    with pytest.raises(RuleBroken):
        services.send(made.pk, by=owner)


def test_what_was_begun_in_time_is_sent_after_the_window_has_closed(mark, owner):
    made = services.start(mark.pk, by=owner)
    ending(-3, mark)
    made = services.save_draft(made.pk, SAID, by=owner, version=made.version)
    assert services.send(made.pk, by=owner).status == "sent"


def test_a_month_after_the_end_it_is_too_late_and_the_text_is_still_there(client, mark, owner):
    made = services.start(mark.pk, by=owner)
    ending(-rules.RENEWAL_GRACE - 1, mark)
    client.force_login(owner)
    address = reverse("renewal_edit", args=[made.pk])
    answer = client.post(address, {"changes": SAID, "version": 1, "then": "send"})
    assert answer.status_code == 422 and SAID in answer.content.decode()
    client.post(address, {"changes": SAID, "version": 1, "then": "stay"})
    assert RenewalRequest.objects.get().changes == SAID and RenewalRequest.objects.get().is_draft


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_request():
    mark = make.granted_mark()
    owner = factories.representative(mark.product.agency)
    until = timezone.localdate() + timedelta(days=10)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE products_qualitymark SET valid_from = %s, valid_until = %s", [until - timedelta(days=730), until])
        cursor.execute("SET session_replication_role = DEFAULT")
    made = at_once(*[lambda: services.start(mark.pk, by=owner).pk] * 3)
    assert set(made) == {RenewalRequest.objects.get().pk}, made


# --- the agency's pages --------------------------------------------------------------------------


def test_from_the_marks_page_to_the_sent_request(client, mark, owner, officer):
    client.force_login(owner)
    start = reverse("renewal_start", args=[mark.pk])
    for page in (mark.get_absolute_url(), mark.product.get_absolute_url()):
        assert start in client.get(page).content.decode()
    edit = client.post(start).url
    made = RenewalRequest.objects.get()
    assert edit == reverse("renewal_edit", args=[made.pk]) and client.post(start).url == edit
    answer = client.post(edit, {"changes": "", "version": 1, "then": "send"})
    assert answer.status_code == 422 and answer.context["form"].errors
    file = specimens.upload(specimens.pdf(), "نمایه.pdf")
    assert client.post(edit, {"changes": SAID, "version": 1, "then": "stay", "file": file}).url == edit
    kept = made.files.get()
    assert client.post(edit, {"changes": SAID, "version": 2, "then": "send"}).url == reverse("renewal_detail", args=[made.pk])
    made.refresh_from_db()
    assert (made.status, made.changes) == ("sent", SAID)
    assert [(move.action, move.by) for move in made.moves.all()] == [("send", owner)]
    page = client.get(reverse("renewal_detail", args=[made.pk])).content.decode()
    assert SAID in page and reverse("renewal_file", args=[kept.pk]) in page
    assert start not in client.get(mark.get_absolute_url()).content.decode()
    assert made.get_absolute_url() in client.get(mark.product.get_absolute_url()).content.decode()
    assert client.get(edit).url == made.get_absolute_url()
    told = Notice.objects.get(kind="renewal_asked", user=officer)
    assert mark.product.title_fa in told.text_fa and told.link == made.get_absolute_url()
    assert client.post(reverse("renewal_file_remove", args=[kept.pk])).status_code == 302
    assert RenewalFile.objects.get().removed_at is None  # it was sent


def test_typing_is_kept_and_two_windows_do_not_overwrite_each_other(client, mark, owner):
    made = services.start(mark.pk, by=owner)
    client.force_login(owner)
    address = reverse("renewal_autosave", args=[made.pk])
    assert client.post(address, {"changes": "نخست", "version": 1}).json()["version"] == 2
    assert client.post(address, {"changes": "دوم", "version": 1}).status_code == 409
    assert client.post(address, {"changes": "آ" * 6000, "version": 2}).status_code == 422
    stale = client.post(reverse("renewal_edit", args=[made.pk]), {"changes": "دوم", "version": 1, "then": "send"})
    said = stale.content.decode()
    assert stale.status_code == 422 and "نخست" in said and "دوم" in said
    assert RenewalRequest.objects.get().changes == "نخست"
    again = {"changes": "دوم", "version": stale.context["version"], "then": "send"}
    client.post(reverse("renewal_edit", args=[made.pk]), again)
    assert RenewalRequest.objects.get().status == "sent"
    with pytest.raises(RuleBroken):
        services.save_draft(made.pk, "سوم", by=owner, version=3)
    assert client.post(address, {"changes": "سوم", "version": 3}).status_code == 422
    with pytest.raises(Stale):
        other = services.start(ending(30, make.granted_mark()).pk, by=None)
        services.save_draft(other.pk, "x", by=None, version=9)


def test_files_are_looked_into_and_the_same_one_is_kept_once(client, mark, owner):
    made = services.start(mark.pk, by=owner)
    client.force_login(owner)
    address = reverse("renewal_edit", args=[made.pk])
    wrong = client.post(address, {"changes": SAID, "version": 1, "file": specimens.upload(b"MZ\x90\x00", "a.pdf")})
    assert wrong.status_code == 422 and SAID in wrong.content.decode() and not made.files.exists()
    services.attach(made.pk, specimens.upload(specimens.pdf()), by=owner)
    with pytest.raises(RuleBroken):
        services.attach(made.pk, specimens.upload(specimens.pdf()), by=owner)
    file = made.files.get()
    assert b"".join(client.get(reverse("renewal_file", args=[file.pk])).streaming_content).startswith(b"%PDF")
    assert client.post(reverse("renewal_file_remove", args=[file.pk])).url == address
    assert client.get(reverse("renewal_file", args=[file.pk])).status_code == 404


def test_it_is_withdrawn_by_its_agency_until_it_is_answered(client, mark, owner, officer):
    made = asked(mark, owner)
    client.force_login(officer)
    assert client.post(reverse("renewal_withdraw", args=[made.pk])).status_code == 404
    client.force_login(owner)
    client.post(reverse("renewal_withdraw", args=[made.pk]))
    made.refresh_from_db()
    assert made.status == "withdrawn" and made.moves.last().action == "withdraw"
    with pytest.raises(RuleBroken):
        services.accept(made.pk, factories.round_().pk, by=officer)


# --- the secretariat's answer --------------------------------------------------------------------


def test_accepting_puts_the_product_into_a_round_and_tells_the_agency(client, owner, officer):
    product, _file, _version = handed_in()
    mark = ending(40, make.granted_mark(product=make.scored_product(product=product)))
    owner = factories.representative(product.agency)
    common = factories.published_set(layer="common")
    assert common
    made, round_ = asked(mark, owner), factories.round_(status="draft", title_fa="دور تازه")
    client.force_login(officer)
    assert f"{reverse('renewal_list')}?status=sent" in client.get(reverse("desk")).content.decode()
    assert made.get_absolute_url() in client.get(reverse("renewal_list"), {"status": "sent"}).content.decode()
    address = reverse("renewal_answer", args=[made.pk])
    assert address in client.get(made.get_absolute_url()).content.decode()
    assert client.post(address, {"action": "accept", "round": ""}).status_code == 422
    assert client.post(address, {}).status_code == 422
    assert client.post(address, {"action": "accept", "round": round_.pk}).url == made.get_absolute_url()
    made.refresh_from_db()
    assert (made.status, made.round) == ("accepted", round_)
    assert round_.entries.filter(subject=product.subject).exists()
    told = Notice.objects.get(kind="renewal_accepted", user=owner)
    assert "دور تازه" in told.text_fa
    assert client.get(address).url == made.get_absolute_url()  # answered: nothing more to answer
    with pytest.raises(RuleBroken):
        services.decline(made.pk, by=officer, why="دیر")
    client.force_login(owner)
    assert "دور تازه" in client.get(made.get_absolute_url()).content.decode()
    # What it says is read by those who judge it anew, unless it names the maker to whom it may not.
    assert SAID in str(evidence_for(product.subject, blind=False)) and SAID in str(evidence_for(product.subject, blind=True))


def test_what_names_the_maker_is_kept_from_those_who_judge_blind(client, officer):
    product, _file, _version = handed_in()
    mark = ending(40, make.granted_mark(product=make.scored_product(product=product)))
    factories.published_set(layer="common")
    made = asked(mark, factories.representative(product.agency), "ویراست دوم سازمان زرگنده")
    client.force_login(officer)
    page = client.get(reverse("renewal_answer", args=[made.pk]))
    assert page.context["named"]
    services.accept(made.pk, factories.round_().pk, by=officer)
    assert "ویراست دوم" in str(evidence_for(product.subject, blind=False))
    assert "ویراست دوم" not in str(evidence_for(product.subject, blind=True))


def test_a_product_that_cannot_be_judged_is_not_accepted_and_nothing_changes(client, mark, owner, officer):
    made = asked(mark, owner)  # no indicators common to all kinds are published
    client.force_login(officer)
    round_ = factories.round_()
    answer = client.post(reverse("renewal_answer", args=[made.pk]), {"action": "accept", "round": round_.pk})
    assert answer.status_code == 422 and answer.context["accept"].errors
    made.refresh_from_db()
    assert made.status == "sent" and not round_.entries.exists() and not Notice.objects.filter(kind="renewal_accepted").exists()
    with pytest.raises(RuleBroken):
        services.accept(made.pk, factories.round_(status="published").pk, by=officer)
    with pytest.raises(RuleBroken):
        services.accept(made.pk, round_.pk, by=owner)


def test_declining_gives_a_reason_that_the_agency_reads(client, mark, owner, officer):
    made = asked(mark, owner)
    client.force_login(officer)
    address = reverse("renewal_answer", args=[made.pk])
    assert client.post(address, {"action": "decline", "why": " "}).status_code == 422
    assert client.post(address, {"action": "decline", "why": "پرونده ناقص است"}).status_code == 302
    assert "پرونده ناقص است" in Notice.objects.get(kind="renewal_declined", user=owner).text_fa
    client.force_login(owner)
    page = client.get(made.get_absolute_url()).content.decode()
    assert "پرونده ناقص است" in page and officer.display_name not in page
    with pytest.raises(RuleBroken):
        services.decline(made.pk, by=owner, why="x")


def test_whoever_asked_is_not_called_again_and_finds_it_on_no_desk(client, mark, owner):
    asked(mark, owner)
    assert renewals.call_due() == 0
    client.force_login(owner)
    assert mark.get_absolute_url() not in client.get(reverse("desk")).content.decode()


# --- who sees what -------------------------------------------------------------------------------


def test_strangers_find_nothing_and_officers_no_draft(client, mark, owner, officer):
    made = services.start(mark.pk, by=owner)
    services.attach(made.pk, specimens.upload(specimens.pdf()), by=owner)
    file, stranger = made.files.get(), factories.representative()
    own = [reverse(name, args=[made.pk]) for name in ("renewal_detail", "renewal_edit")]
    pages = [*own, reverse("renewal_answer", args=[made.pk]), reverse("renewal_file", args=[file.pk])]
    for address in pages:
        assert client.get(address).url.startswith(reverse("sign_in"))
    for user in (stranger, officer, make.keeper(mark.resolution.council)):
        client.force_login(user)
        assert {client.get(address).status_code for address in pages} == {404}
        sent = [reverse("renewal_start", args=[mark.pk]), reverse("renewal_withdraw", args=[made.pk]), reverse("renewal_autosave", args=[made.pk])]
        assert {client.post(address).status_code for address in sent} == {404}
    with pytest.raises(RuleBroken):
        services.start(mark.pk, by=stranger)
    with pytest.raises(RuleBroken):
        services.save_draft(made.pk, "x", by=stranger, version=1)
    with pytest.raises(RuleBroken):
        services.send(made.pk, by=stranger)


def test_the_council_that_decides_reads_the_files_and_nobody_else(client, officer):
    product, _file, _version = handed_in()
    mark = ending(40, make.granted_mark(product=make.scored_product(product=product)))
    owner = factories.representative(product.agency)
    factories.published_set(layer="common")
    made = services.start(mark.pk, by=owner)
    services.attach(made.pk, specimens.upload(specimens.pdf(), "نمایه.pdf"), by=owner)
    services.save_draft(made.pk, SAID, by=owner, version=1)
    services.send(made.pk, by=owner)
    services.accept(made.pk, factories.round_().pk, by=officer)
    resolution = make.session()
    make.proposed_mark(resolution_=resolution, product=product)
    member, other = make.seats(resolution)[0].user, make.seat(make.council()).user
    address, file = reverse("decision_evidence", args=[resolution.pk, product.pk]), reverse("renewal_file", args=[made.files.get().pk])
    client.force_login(member)
    said = client.get(address).content.decode()
    assert file in said and SAID in said and client.get(file).status_code == 200
    client.force_login(other)
    assert client.get(file).status_code == 404


def test_as_many_queries_for_thirty_requests_as_for_one(client, officer):
    def one():
        mark = ending(40, make.granted_mark())
        asked(mark, None)

    def queries():
        with CaptureQueriesContext(connection) as found:
            assert client.get(reverse("renewal_list")).status_code == 200
        return len(found)

    client.force_login(officer)
    one()
    queries()
    few = queries()
    for _n in range(29):
        one()
    assert queries() == few


# --- what the database refuses -------------------------------------------------------------------


def test_the_database_keeps_requests(mark, owner, officer):
    made = services.start(mark.pk, by=owner)
    services.attach(made.pk, specimens.upload(specimens.pdf()), by=owner)
    rows, table = RenewalRequest.objects.filter(pk=made.pk), RenewalRequest.objects
    with refused("one_living_renewal_request_a_mark"):
        table.create(mark=mark, term=LAST)
    with refused("renewal_request_term_known"):
        table.create(mark=make.granted_mark(), term=7)
    with refused("renewal_request_status_known"):
        rows.update(status="lost")
    with refused("sent_renewal_request_says_what_changed"):
        rows.update(status="sent", sent_at=timezone.now())
    with refused("accepted_renewal_request_has_its_round"):
        rows.update(status="accepted", sent_at=timezone.now(), changes="x")
    with refused("renewal_request_stays_as_sent", saying="on record"):
        sql("DELETE FROM products_renewalrequest")
    with refused("renewal_request_stays_as_sent", saying="as it was sent"):
        rows.update(term=LAST)
    with refused("renewalfile_not_empty"):
        sql("INSERT INTO products_renewalfile (file, name, extension, content_type, size, sha256, uploaded_at, request_id) SELECT '', '', '', '', 0, '', now(), %s", made.pk)
    with refused("uploaded_file_stays"):
        made.files.update(name="other")
    services.save_draft(made.pk, SAID, by=owner, version=1)
    services.send(made.pk, by=owner)
    with refused("renewal_request_stays_as_sent", saying="as it was sent"):
        rows.update(changes="other")
    with refused("renewal_file_only_in_a_draft"):
        made.files.update(removed_at=timezone.now())
    services.decline(made.pk, by=officer, why="x")
    with refused("renewal_request_stays_as_sent", saying="as it was sent"):
        rows.update(status="sent")
    with refused("renewal_asked_once_a_term"):
        table.create(mark=mark, term=FIRST)
    with refused("append_only"):
        made.moves.update(why="other")
