"""The pages of exemplars: nominating, writing, the agency's consent, the council's board, and what everybody reads."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from products.models import Exemplar
from products.models.exemplars import WORDS
from products.selectors import exemplars as selectors
from products.services import exemplar_motions
from products.services import exemplars as services
from secretariat import persian
from secretariat.digests import digest
from secretariat.models import Resolution
from tests import council as make
from tests import exemplars, factories
from tests.together import at_once

pytestmark = pytest.mark.django_db


def queries(client, address):
    with CaptureQueriesContext(connection) as found:
        assert client.get(address).status_code == 200
    return len(found)


def typed(exemplar, **changes):
    content = exemplars.content(exemplar)
    said = {
        **content["words"], "links": "\n".join(content["links"]), "points": content["points"], "files": content["files"],
        "version": exemplar.version, "then": "stay",
    }  # fmt: skip
    return {**said, **changes}


# --- nominating and writing ----------------------------------------------------------------------


def test_an_officer_nominates_from_the_list_of_those_that_may_be(client):
    product, hidden = exemplars.scored_product(title_fa="گنجینهٔ نور"), exemplars.scored_product(status="confirmed", title_fa="پنهان‌مانده")
    assert client.get(reverse("exemplar_candidates")).url.startswith(reverse("sign_in"))
    client.force_login(factories.officer())
    page = client.get(reverse("exemplar_candidates")).content.decode()
    assert "گنجینهٔ نور" in page and "پنهان‌مانده" not in page
    address = reverse("exemplar_new", args=[product.pk])
    assert "۸۷٫۵" in client.get(address).content.decode()
    answer = client.post(address)
    exemplar = Exemplar.objects.get()
    assert answer.url == reverse("exemplar_edit", args=[exemplar.pk])
    answer = client.post(address)  # once more: told why not, and nothing is made
    assert answer.status_code == 422 and Exemplar.objects.count() == 1
    assert reverse("exemplar_detail", args=[exemplar.pk]) in answer.content.decode(), "the one that stands is one click away"
    assert client.post(reverse("exemplar_new", args=[hidden.pk])).status_code == 422


def test_strangers_find_nothing(client):
    exemplar = exemplars.asked()
    address = reverse("exemplar_detail", args=[exemplar.pk])
    assert client.get(address).url.startswith(reverse("sign_in"))
    for person in (factories.representative(), factories.assessor().user, make.seat(make.council()).user):
        client.force_login(person)
        for name in ("exemplar_detail", "exemplar_edit", "exemplar_consent", "exemplar_public"):
            assert client.get(reverse(name, args=[exemplar.pk])).status_code == 404
        assert client.post(reverse("exemplar_move", args=[exemplar.pk, "decline"]), {"why": "نه"}).status_code == 404


def test_what_is_typed_is_kept_and_what_cannot_be_read_is_told(client):
    exemplar = exemplars.written(exemplars.scored_product(files=1))
    client.force_login(factories.officer())
    address = reverse("exemplar_edit", args=[exemplar.pk])
    answer = client.post(address, typed(exemplar, reason_fa="سخن تازه", links="not an address"))
    page = answer.content.decode()
    assert answer.status_code == 422 and "سخن تازه" in page and "not an address" in page
    assert client.post(address, typed(exemplar, reason_fa="سخن تازه")).url == address
    exemplar.refresh_from_db()
    assert exemplar.reason_fa == "سخن تازه" and exemplar.points.count() == 2 and exemplar.files.count() == 1


def test_two_who_write_at_once_see_each_other(client):
    exemplar = exemplars.written()
    client.force_login(factories.officer())
    services.save(
        exemplar.pk, by=factories.officer(), version=exemplar.version,
        **exemplars.content(exemplar, words={**exemplars.WORDS_SAID, "done_fa": "نوشتهٔ همکار"}),
    )  # fmt: skip
    address = reverse("exemplar_edit", args=[exemplar.pk])
    answer = client.post(address, typed(exemplar, done_fa="نوشتهٔ من"))
    page = answer.content.decode()
    assert answer.status_code == 409 and "نوشتهٔ همکار" in page and "نوشتهٔ من" in page
    assert client.post(address, typed(exemplar, done_fa="نوشتهٔ من", version=exemplar.version + 1)).status_code == 302


# --- consent -------------------------------------------------------------------------------------


def test_the_agency_sees_exactly_what_would_be_public_and_consents(client):
    exemplar = exemplars.asked(exemplars.scored_product(files=2))
    owner = exemplars.owner_of(exemplar)
    client.force_login(owner)
    assert exemplar.product.title in client.get(reverse("desk")).content.decode()
    address = reverse("exemplar_consent", args=[exemplar.pk])
    page = client.get(address)
    told = page.content.decode()
    assert all(exemplars.WORDS_SAID[name] in told for name in WORDS if name.endswith("_fa"))
    first, second = exemplar.files.all()
    said = {"seen": page.context["form"].initial["seen"], f"file-{first.pk}": "yes", f"file-{second.pk}": "no"}
    assert client.post(address, said).status_code == 422  # the tick is missing
    assert client.post(address, {**said, "agrees": "on", "seen": "0" * 64}).status_code == 422
    assert not exemplar.consents.exists()
    assert client.post(address, {**said, "agrees": "on"}).status_code == 302
    assert list(exemplar.files.values_list("agreed", flat=True)) == [True, False]
    assert client.post(address, {**said, "agrees": "on"}).status_code == 302  # pressed twice: told, nothing more
    assert exemplar.consents.count() == 1


@pytest.mark.parametrize(("state", "action"), [("asked", "decline"), ("ready", "take-back")])
def test_the_agency_says_no_with_a_reason(client, state, action):
    exemplar = getattr(exemplars, state)()
    client.force_login(exemplars.owner_of(exemplar))
    address = reverse("exemplar_move", args=[exemplar.pk, action])
    assert client.post(address, {"why": ""}).status_code == 422
    assert client.post(address, {"why": "نام همکار نیامده است"}).status_code == 302
    exemplar.refresh_from_db()
    assert exemplar.status == "nominated" and exemplar.consent is None


def test_the_list_says_on_whom_each_waits(client):
    exemplars.asked()
    client.force_login(factories.officer())
    address = reverse("exemplar_nominations")
    assert "دستگاه" in client.get(address).content.decode()
    before = queries(client, address)
    for _n in range(6):
        exemplars.asked()
    assert queries(client, address) == before


# --- the council ---------------------------------------------------------------------------------


def test_the_secretary_puts_nominations_before_the_council_and_publishes_what_it_names(client):
    room, exemplar = exemplars.sitting(), exemplars.ready(exemplars.scored_product(files=1))
    client.force_login(room.keeper)
    assert client.get(reverse("resolution_new", args=[room.item.pk])).url == reverse("exemplars_for_council", args=[room.item.pk])
    address = reverse("exemplars_for_council", args=[room.item.pk])
    assert exemplar.product.title in client.get(address).content.decode()
    said = {"title": "الگوهای سال", "text": "شورا تصمیم می‌گیرد."}
    answer = client.post(address, said)
    assert answer.status_code == 422 and "الگوهای سال" in answer.content.decode() and not Resolution.objects.exists()
    board = client.post(address, {**said, "exemplars": [exemplar.pk]}).url
    resolution = Resolution.objects.get()
    assert board == reverse("exemplar_board", args=[resolution.pk]) and exemplar.product.title in client.get(board).content.decode()
    client.force_login(make.seats(resolution)[1].user)
    assert client.get(board).status_code == 200
    assert client.get(reverse("exemplar_detail", args=[exemplar.pk])).status_code == 200  # a member reads what is before the council
    client.force_login(room.keeper)
    publish = reverse("exemplar_publish", args=[resolution.pk])
    client.post(publish)
    assert not Exemplar.objects.shown().exists()  # not adopted yet
    make.adopted(resolution)
    client.post(publish)
    assert Exemplar.objects.shown().get() == exemplar


def test_a_nomination_is_taken_out_of_a_draft(client):
    resolution = exemplars.before_a_council()
    exemplar = resolution.exemplars.get()
    address = reverse("exemplar_release", args=[exemplar.pk])
    client.force_login(factories.officer())
    assert client.post(address).status_code == 404
    client.force_login(make.keeper(resolution.council))
    assert client.post(address).status_code == 302
    exemplar.refresh_from_db()
    assert exemplar.status == "ready"


# --- what everybody reads ------------------------------------------------------------------------


def test_the_page_tells_what_can_be_learnt_and_gives_only_what_the_agency_lets_go(client):
    exemplar = exemplars.asked(exemplars.scored_product(files=2))
    first, second = exemplar.files.all()
    answers = {first.pk: True, second.pk: False}
    seen = digest(selectors.words_of(exemplar))
    services.consent(exemplar.pk, by=exemplars.owner_of(exemplar), answers=answers, seen=seen)
    address = reverse("exemplar_public", args=[exemplar.pk])
    shared, kept = (reverse("exemplar_file", args=[exemplar.pk, file.pk]) for file in (first, second))
    resolution = make.adopted(exemplars.before_a_council(Exemplar.objects.get(pk=exemplar.pk)))
    assert [client.get(one).status_code for one in (address, shared, kept)] == [404, 404, 404]  # adopted is not published
    exemplar_motions.publish_all(resolution.pk, by=make.keeper(resolution.council))
    page = client.get(address).content.decode()
    assert all(exemplars.WORDS_SAID[name] in page for name in WORDS if name.endswith("_fa"))
    assert shared in page and kept not in page and exemplar.product.title in page
    body = b"".join(client.get(shared).streaming_content)
    assert body.startswith(b"%PDF") and b"ZgMetaAuthor" not in body
    assert client.get(kept).status_code == 404
    english = Client(headers={"accept-language": "en"}, HTTP_COOKIE="language=en").get(address).content.decode()
    assert "<html" in english


def test_a_former_exemplar_says_so_and_nothing_more(client):
    exemplar = exemplars.published(exemplars.scored_product(files=1))
    file = reverse("exemplar_file", args=[exemplar.pk, exemplar.files.get().pk])
    services.take_back(exemplar.pk, by=exemplars.owner_of(exemplar), why="دلیل درونی")
    answer = client.get(reverse("exemplar_public", args=[exemplar.pk]))
    page = answer.content.decode()
    assert answer.status_code == 410 and exemplars.WORDS_SAID["done_fa"] not in page and "دلیل درونی" not in page
    assert client.get(file).status_code == 404
    assert exemplar.product.title not in client.get(reverse("exemplar_list")).content.decode()


def test_what_was_taken_off_by_the_secretariat_says_why(client):
    exemplar = exemplars.published()
    services.retire(exemplar.pk, by=make.keeper(exemplar.resolution.council), why="شیوهٔ کار کهنه شده است")
    assert "شیوهٔ کار کهنه شده است" in client.get(reverse("exemplar_public", args=[exemplar.pk])).content.decode()


def test_the_gallery_is_searched_and_filtered(client):
    assert "هنوز الگویی منتشر نشده است" in client.get(reverse("exemplar_list")).content.decode()
    first = exemplars.published(exemplars.scored_product(title_fa="گنجینهٔ نور", title_en="Treasury"))
    second = exemplars.published(exemplars.scored_product(title_fa="باغ صدا", title_en="Garden"))
    exemplars.ready(exemplars.scored_product(title_fa="هنوز نه", title_en="Notyet"))

    def found(**query):
        page = client.get(reverse("exemplar_list"), query).content.decode()
        return [title for title in ("گنجینهٔ نور", "باغ صدا", "هنوز نه") if title in page]

    assert found() == ["گنجینهٔ نور", "باغ صدا"]
    assert found(q="گنجينه") == found(kind=first.product.kind_id) == found(agency=first.product.agency_id) == ["گنجینهٔ نور"]
    assert found(dimension="بُعد 2") == ["گنجینهٔ نور", "باغ صدا"] and found(q="آموزهٔ") == ["گنجینهٔ نور", "باغ صدا"]
    year = persian.to_jalali(timezone.localdate()).year
    assert len(found(year=year)) == 2
    page = client.get(reverse("search"), {"q": "باغ صدا"}).content.decode()
    assert reverse("exemplar_public", args=[second.pk]) in page
    for name in ("home", "sitemap"):
        assert reverse("exemplar_public", args=[second.pk]) in client.get(reverse(name)).content.decode()


def test_the_gallery_asks_no_more_for_many(client):
    exemplars.published()
    address = reverse("exemplar_list")
    before = queries(client, address)
    room = exemplars.sitting()
    many = [exemplars.ready() for _n in range(8)]
    resolution = make.adopted(exemplars.before_a_council(*many, room=room))
    exemplar_motions.publish_all(resolution.pk, by=room.keeper)
    assert queries(client, address) == before


def test_the_pages_of_its_mark_lead_to_it(client):
    product = exemplars.scored_product()
    mark = make.granted_mark(product=product)
    exemplar = exemplars.published(product)
    for address in (reverse("product_public", args=[product.pk]), mark.get_absolute_url()):
        assert reverse("exemplar_public", args=[exemplar.pk]) in client.get(address).content.decode()
    assert mark.serial in client.get(reverse("exemplar_public", args=[exemplar.pk])).content.decode()


def test_the_administration_reads_it_with_its_trail(client):
    exemplar = exemplars.published()
    client.force_login(factories.user(is_superuser=True, is_staff=True))
    for name, arguments in (("changelist", []), ("change", [exemplar.pk]), ("history", [exemplar.pk])):
        assert client.get(reverse(f"admin:products_exemplar_{name}", args=arguments)).status_code == 200
    assert client.get(reverse("admin:products_exemplar_changelist"), {"q": exemplar.product.title_fa}).context["cl"].result_count == 1
    assert client.get(reverse("admin:products_exemplar_add")).status_code == 403


# --- two at once ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_councils_at_once_and_one_of_them_has_it():
    exemplar, rooms = exemplars.ready(), [exemplars.sitting(), exemplars.sitting()]

    def draw_up(room):
        return exemplar_motions.draw_up(room.item.pk, [exemplar.pk], by=room.keeper, title="الگوها", text="متن")

    told = at_once(*(lambda room=room: draw_up(room) for room in rooms))
    assert sorted(type(one).__name__ for one in told) == ["Resolution", "RuleBroken"] and Resolution.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_nominate_at_once_begin_one_nomination():
    product, people = exemplars.scored_product(), [factories.officer(), factories.officer()]
    told = at_once(*(lambda by=by: services.nominate(product.pk, by=by) for by in people))
    assert Exemplar.objects.count() == 1
    assert {type(one).__name__ for one in told} <= {"Exemplar", "RuleBroken"}, told
