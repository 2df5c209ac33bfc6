"""The papers of a product before a council: who reads them, from when until when, who never, and what stands in them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.models import Entry, Round, Score
from products.models import Overlap, Product, ProductFile, QualityMark
from products.models.council_readers import open_resolutions, read_with_council
from products.selectors import council_evidence as selectors
from products.services import marks, nameless, submission
from products.services.marks import ties
from secretariat.models import Meeting, Presence, Recusal, Seat
from tests import council as make
from tests import factories, named_files, specimens
from tests.products.test_round_marks import one_round

pytestmark = pytest.mark.django_db


def handed_in(title="کتاب باران", agency=None):
    """An accepted product with a file, as its agency handed it in."""
    agency = agency or factories.agency(name_fa="سازمان زرگنده", name_en="Zargandeh")
    owner = factories.representative(agency)
    begun = submission.start(agency, factories.product_kind(), by=owner)
    file = submission.attach(begun.pk, specimens.upload(named_files.pdf("ZgMetaAuthor"), "زرگنده-اصل.pdf"), by=owner)
    version = factories.submission(begun, title_fa=title, summary="چکیده ویژه کتاب باران")
    Product.objects.filter(pk=begun.pk).update(status="accepted")
    return Product.objects.get(pk=begun.pk), file, version


@pytest.fixture
def paper():
    """(product, file) before a council whose meeting is called: the resolution stands on its agenda."""
    product, file, _version = handed_in()
    council = make.council()
    meeting = make.meeting(council, status="called", starts_at=timezone.now() + timedelta(days=2))
    resolution = make.resolution(council, meeting, agenda_item=make.item(meeting, kind="marks"))
    make.proposed_mark(resolution_=resolution, product=make.scored_product(product=product))
    return resolution, product, file


def reads(client, user, resolution, product, file):
    """Whether a person opens the page and the file; both or neither, or the query layer leaks."""
    client.force_login(user)
    page = client.get(reverse("decision_evidence", args=[resolution.pk, product.pk])).status_code
    bytes_ = client.get(reverse("product_file", args=[file.pk])).status_code
    assert page == bytes_, (page, bytes_)
    return page == 200


def meeting_is(resolution, status, **fields):
    rows = Meeting.objects.filter(pk=resolution.meeting_id)
    if status in ("in_session", "held"):
        fields.setdefault("started_at", timezone.now() - timedelta(hours=1))
        fields.setdefault("starts_at", timezone.now() - timedelta(hours=1))
    if status == "held":
        fields.setdefault("ended_at", timezone.now())
    if status == "planned":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            rows.update(status="planned", year=None, number=None)
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        return
    rows.update(status=status, **fields)


# --- who -----------------------------------------------------------------------------------------


def person(role, resolution, product):
    """Somebody by what he is to this council."""
    council, today = resolution.council, timezone.localdate()
    seats = {"member": {}, "chair": {"role": "chair"}, "secretary": {"role": "secretary"}, "observer": {"role": "observer"}}
    if role in seats:
        return make.seat(council, **seats[role]).user
    if role == "former member":
        return make.seat(council, ends_on=today - timedelta(days=1)).user
    if role == "member of another council":
        return make.seat(make.council()).user
    if role == "keeper":
        return make.keeper(council)
    if role == "keeper of another council":
        return make.keeper(make.council())
    if role.startswith("deputy"):
        seat = make.seat(council, deputy=factories.user())
        line = resolution.meeting.attendances.create(seat=seat)
        if role == "deputy of an excused member":
            line.answer, line.why, line.answered_at, line.answered_by = "excused", "سفر", timezone.now(), seat.user
            line.save()
        if role in ("deputy who comes instead", "deputy who is excused himself"):
            line.answer = "coming" if "comes" in role else "excused"
            line.answered_at, line.answered_by = timezone.now(), seat.deputy
            line.save()
        if role == "deputy who fills the seat":
            meeting_is(resolution, "in_session")
            Presence.objects.create(attendance=line, user=seat.deputy, arrived_at=timezone.now() - timedelta(minutes=5))
        return seat.deputy
    return {
        "officer": factories.officer,
        "owner": lambda: factories.representative(product.agency),
        "stranger": factories.representative,
        "assessor": lambda: factories.assessor().user,
    }[role]()


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("member", True), ("chair", True), ("secretary", True), ("observer", True), ("keeper", True), ("officer", True),
        ("deputy of an excused member", True), ("deputy who fills the seat", True), ("deputy", False),
        ("deputy who comes instead", True), ("deputy who is excused himself", False), ("former member", False),
        ("member of another council", False), ("keeper of another council", False), ("stranger", False), ("assessor", False),
    ],
)  # fmt: skip
def test_who_reads(client, paper, role, may):
    resolution, product, file = paper
    assert reads(client, person(role, resolution, product), resolution, product, file) is may


def test_the_page_sends_the_anonymous_to_the_door_and_its_own_agency_away(client, paper):
    resolution, product, _file = paper
    address = reverse("decision_evidence", args=[resolution.pk, product.pk])
    assert client.get(address).url.startswith(reverse("sign_in"))
    client.force_login(person("owner", resolution, product))
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 405


# --- from when until when ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "role", "may"),
    [
        ("planned", "member", False), ("planned", "observer", False), ("planned", "keeper", True), ("planned", "secretary", True),
        ("called", "member", True), ("in_session", "member", True), ("held", "member", True), ("held", "keeper", True),
        ("cancelled", "member", False), ("cancelled", "keeper", False),
    ],
)  # fmt: skip
def test_from_the_call_on(client, paper, status, role, may):
    resolution, product, file = paper
    user = person(role, resolution, product)
    if status != "called":
        meeting_is(resolution, status)
    assert reads(client, user, resolution, product, file) is may


def test_members_read_what_they_decided_on_until_the_minutes_are_approved(client):
    product, file, _version = handed_in()
    resolution = make.session()
    make.proposed_mark(resolution_=resolution, product=make.scored_product(product=product))
    seat = make.seats(resolution)[1]
    assert reads(client, seat.user, resolution, product, file)
    make.adopted(resolution)
    meeting_is(resolution, "held")
    assert reads(client, seat.user, resolution, product, file)
    Meeting.objects.filter(pk=resolution.meeting_id).update(
        approved_at=timezone.now(), approved_by=seat.user, minutes_sha256="0" * 64
    )
    assert not reads(client, seat.user, resolution, product, file)
    assert not reads(client, make.keeper(resolution.council), resolution, product, file)
    board = client.get(reverse("decision_board", args=[resolution.pk])).content.decode()
    assert reverse("decision_evidence", args=[resolution.pk, product.pk]) not in board


def test_who_joins_the_council_after_the_meeting_does_not_read_back(client, paper):
    resolution, product, file = paper
    meeting_is(resolution, "held", starts_at=timezone.now() - timedelta(days=5), started_at=timezone.now() - timedelta(days=5))
    late = make.seat(resolution.council, starts_on=timezone.localdate() - timedelta(days=2))
    assert not reads(client, late.user, resolution, product, file)


def test_what_is_taken_back_is_no_longer_before_the_council(client, paper):
    resolution, product, file = paper
    member = person("member", resolution, product)
    QualityMark.objects.filter(resolution=resolution).update(status="dropped")
    assert not reads(client, member, resolution, product, file)


def test_only_the_newest_submission_is_opened(client, paper):
    resolution, product, file = paper
    member = person("member", resolution, product)
    Product.objects.filter(pk=product.pk).update(status="returned")
    submission.detach(file.pk, by=None)
    new = submission.attach(product.pk, specimens.upload(specimens.pdf(), "تازه.pdf"), by=None)
    factories.submission(Product.objects.get(pk=product.pk))
    Product.objects.filter(pk=product.pk).update(status="accepted")
    client.force_login(member)
    assert client.get(reverse("product_file", args=[new.pk])).status_code == 200
    assert client.get(reverse("product_file", args=[file.pk])).status_code == 404


# --- who never -----------------------------------------------------------------------------------


def tie(kind, seat, product, resolution):
    """Something for which a seat does not decide."""
    if kind == "own agency":
        factories.granted("representative", seat.user, agency=product.agency)
    if kind == "judged it":
        entry = factories.entry(factories.round_(status="open"), product.subject)
        factories.submitted_assessment(entry, assessor_=factories.assessor(user=seat.user))
    if kind == "deputy of its agency":
        seat.deputy = factories.representative(product.agency)
        seat.save()
    if kind == "declared":
        Recusal.objects.create(resolution=resolution, seat=seat, source="declared", reason="دوستی نزدیک", by=seat.user)
    if kind == "recorded":
        Recusal.objects.create(resolution=resolution, seat=seat, source="chair", reason="دوستی نزدیک")
    if kind == "tied to another product of it":
        other = make.scored_product()
        make.proposed_mark(resolution_=resolution, product=other)
        factories.granted("representative", seat.user, agency=other.agency)


@pytest.mark.parametrize(
    "kind", ["own agency", "judged it", "deputy of its agency", "declared", "recorded", "tied to another product of it"]
)
def test_who_is_recused_reads_why_and_no_papers(client, paper, kind):
    resolution, product, file = paper
    seat = make.seat(resolution.council)
    assert reads(client, seat.user, resolution, product, file)
    tie(kind, seat, product, resolution)
    client.force_login(seat.user)
    address = reverse("decision_evidence", args=[resolution.pk, product.pk])
    assert client.get(address).status_code == 404
    if kind != "own agency":  # whose own file it is
        assert client.get(reverse("product_file", args=[file.pk])).status_code == (200 if kind == "judged it" else 404)
    assert not open_resolutions(seat.user).exists()
    board = client.get(reverse("decision_board", args=[resolution.pk]))
    assert board.context["aside"] and board.context["aside"][0] in board.content.decode()
    assert address not in board.content.decode()
    mark = resolution.marks.get(product=product)
    assert client.get(reverse("mark_detail", args=[mark.pk])).context["why"] is None


def test_a_keeper_who_is_tied_reads_nothing_either(client, paper):
    resolution, product, _file = paper
    keeper = make.keeper(resolution.council)
    factories.granted("representative", keeper, agency=product.agency)
    client.force_login(keeper)
    assert client.get(reverse("decision_evidence", args=[resolution.pk, product.pk])).status_code == 404
    assert client.get(reverse("decision_board", args=[resolution.pk])).context["aside"]


@pytest.mark.parametrize("role", ["deputy", "member"])
def test_who_must_wait_reads_for_what(client, paper, role):
    resolution, product, _file = paper
    user = person(role, resolution, product)
    if role == "member":
        meeting_is(resolution, "planned")
    client.force_login(user)
    board = client.get(reverse("decision_board", args=[resolution.pk]))
    assert board.context["closed"] and board.context["closed"] in board.content.decode() and not board.context["aside"]


def test_the_query_and_the_sentences_agree_on_who_is_tied(paper):
    """What the database refuses to show is what the board gives the reasons for."""
    resolution, product, _file = paper
    for kind in ("", "own agency", "judged it"):
        seat = make.seat(resolution.council)
        tie(kind, seat, product, resolution)
        assert open_resolutions(seat.user).exists() is (seat.user_id not in ties([product])[product.pk])


@pytest.mark.parametrize(
    ("policy", "state", "may"),
    [("never", "open", False), ("after_own", "open", False), ("always", "open", True), ("never", "final", True)],
)
def test_who_still_judges_blind_in_its_round_reads_nothing(client, paper, policy, state, may):
    resolution, product, file = paper
    seat = make.seat(resolution.council)
    round_ = factories.round_(status="open", see_submitter=policy)
    factories.entry(round_, product.subject)
    factories.assignment(factories.entry(round_), factories.assessor(user=seat.user), status="offered")
    if state != "open":
        Round.objects.filter(pk=round_.pk).update(see_submitter="always")  # the product itself is not nameless by it
        Round.objects.filter(pk=round_.pk).update(status="cancelled")
    assert reads(client, seat.user, resolution, product, file) is may


def test_where_nobody_is_named_the_council_reads_nameless_copies(client, paper):
    resolution, product, file = paper
    member = person("member", resolution, product)
    client.force_login(member)
    address = reverse("decision_evidence", args=[resolution.pk, product.pk])
    original = b"".join(client.get(reverse("product_file", args=[file.pk])).streaming_content)
    assert b"ZgMetaAuthor" in original and "زرگنده-اصل" in client.get(address).content.decode()
    Round.objects.filter(entries__subject=product.subject).update(see_submitter="never")
    assert client.get(reverse("product_file", args=[file.pk])).status_code == 404  # there is no copy yet
    nameless.make_waiting()
    answer = client.get(reverse("product_file", args=[file.pk]))
    assert b"ZgMetaAuthor" not in b"".join(answer.streaming_content) and "zgmeta" not in str(answer.headers).casefold()
    page = client.get(address).content.decode()
    at = page.find("زرگنده")
    assert at < 0, page[at - 300 : at + 60]
    assert "چکیده ویژه کتاب باران" in page
    client.force_login(factories.officer())
    assert b"ZgMetaAuthor" in b"".join(client.get(reverse("product_file", args=[file.pk])).streaming_content)


# --- before anything is proposed -----------------------------------------------------------------


def test_the_keeper_reads_what_is_offered_before_it_is_proposed(client):
    council = make.council()
    item = make.item(make.meeting(council), kind="marks")
    product, file, _version = handed_in()
    make.scored_product(product=product)
    keeper, member = make.keeper(council), make.seat(council).user
    address = reverse("marks_evidence", args=[item.pk, product.pk])
    client.force_login(keeper)
    assert address in client.get(reverse("marks_from_round", args=[item.pk])).content.decode()
    assert client.get(address).status_code == client.get(reverse("product_file", args=[file.pk])).status_code == 200
    for other in (member, make.keeper(make.council()), factories.officer()):
        client.force_login(other)
        assert client.get(address).status_code == 404
    client.force_login(member)
    assert client.get(reverse("product_file", args=[file.pk])).status_code == 404
    factories.granted("representative", keeper, agency=product.agency)
    client.force_login(keeper)
    assert client.get(address).status_code == 404
    assert address not in client.get(reverse("marks_from_round", args=[item.pk])).content.decode()


def test_a_product_without_fixed_scores_is_offered_to_no_keeper():
    council = make.council()
    make.item(make.meeting(council), kind="marks")
    product, _file, _version = handed_in()
    keeper = make.keeper(council)
    make.scored_product(product=product, round_status="open")
    assert not read_with_council(keeper).exists()
    assert not read_with_council(make.seat(council).user).exists()


# --- what stands in them -------------------------------------------------------------------------


def test_everything_that_a_council_weighs_stands_on_one_page(client, in_english):
    _round, (first, second, third) = one_round(91, 90.5, 70, groups=[1, 1, 1])
    council = make.council()
    meeting = make.in_session(council)
    seat, tied = make.seat(council), make.seat(council)
    for one in (seat, tied):
        make.presence(meeting, one)
    resolution = make.resolution(council, meeting, agenda_item=make.item(meeting, kind="marks"))
    make.proposed_mark(resolution_=resolution, product=first, level="gold")
    make.withheld(resolution, second)
    earlier = make.session(council_=make.council())
    make.withheld(earlier, first)  # another council's words
    overlap = Overlap.objects.create(product=first, other=factories.product("accepted", title_en="Larches"), similarity=0.9)
    type(overlap).objects.filter(pk=overlap.pk).update(
        decision="distinct", decision_reason="Other readers", decided_at=timezone.now(), decided_by=factories.officer()
    )
    client.force_login(seat.user)
    page = client.get(reverse("decision_evidence", args=[resolution.pk, first.pk]))
    papers, said = page.context["papers"], page.content.decode()
    assert (papers.number, papers.of, papers.before, papers.after.product) == (1, 2, None, second)
    assert [one.product for one in papers.neighbours] == [second] and papers.elsewhere == 1
    assert papers.why.root.value == 91 and papers.former_decisions == []
    assert "Larches" in said and "Other readers" in said
    assert reverse("decision_evidence", args=[resolution.pk, second.pk]) in said and third.title_en not in said
    next_ = client.get(reverse("decision_evidence", args=[resolution.pk, second.pk]))
    assert next_.context["papers"].before.product == first and next_.context["turns"][1] is None
    factories.granted("representative", tied.user, agency=first.agency)
    again = client.get(reverse("decision_evidence", args=[resolution.pk, first.pk]))
    assert [one for one, _why in again.context["papers"].tied] == [tied]


def test_former_marks_and_former_refusals_of_this_council_are_told(client, in_english):
    former = make.granted_mark()
    council = former.resolution.council
    marks.revoke(former.pk, by=make.keeper(council), why="fault")
    product = former.product
    put_off = make.resolution(council, former.resolution.meeting)
    make.withheld(put_off, product, reason="Papers were missing")
    make.adopted(put_off)
    resolution = make.resolution(council, former.resolution.meeting)
    make.proposed_mark(resolution_=resolution, product=product)
    client.force_login(make.seats(resolution)[0].user)
    said = client.get(reverse("decision_evidence", args=[resolution.pk, product.pk])).content.decode()
    assert former.get_absolute_url() in said and "Papers were missing" in said


def test_as_many_queries_for_fifty_products_as_for_one(client):
    council = make.council()
    meeting = make.in_session(council)
    seat = make.seat(council)
    _round, products = one_round(*(90 - n / 10 for n in range(50)), groups=[1] * 50)
    resolution = make.resolution(council, meeting, agenda_item=make.item(meeting, kind="marks"))
    make.proposed_mark(resolution_=resolution, product=products[0])
    client.force_login(seat.user)

    def asked(address):
        client.get(address)  # what is read once
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    addresses = [
        reverse("decision_board", args=[resolution.pk]),
        reverse("decision_evidence", args=[resolution.pk, products[0].pk]),
    ]
    few = [asked(address) for address in addresses]
    for product in products[1:]:
        make.proposed_mark(resolution_=resolution, product=product)
    assert [asked(address) for address in addresses] == few
    assert client.get(addresses[1]).context["papers"].of == 50
    assert few[1] < 60, few


def test_an_officer_who_still_judges_the_product_reads_no_score(client, paper):
    resolution, product, _file = paper
    officer = factories.officer()
    entry = Entry.objects.get(subject=product.subject)
    factories.assignment(entry, factories.assessor(user=officer))
    client.force_login(officer)
    assert client.get(reverse("decision_evidence", args=[resolution.pk, product.pk])).context["papers"].why is None


def test_nobody_who_may_not_read_has_products_at_all():
    from django.contrib.auth.models import AnonymousUser

    assert not read_with_council(AnonymousUser()).exists()
    assert not ProductFile.objects.visible_to(AnonymousUser()).exists()
    assert selectors.readable(factories.user(), [make.scored_product().pk]) == set()
    assert Seat.objects.count() == 0 and Score.objects.count() == 1
