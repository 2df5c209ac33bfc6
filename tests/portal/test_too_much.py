"""Texts longer than fit: a form shows them again with the sentence beside the field; a request with megabytes is explained, never broken."""

import pytest
from django.core.exceptions import DisallowedHost
from django.test import RequestFactory
from django.urls import reverse

from assessments.models import CheckAnswer, SelfAnswer
from products.models import Exemplar, ProductFile, RenewalRequest
from products.models.exemplars import WORDS
from products.services import renewal_requests
from secretariat.errors import RuleBroken
from secretariat.models import RoleGrant
from secretariat.views.errors import refused
from secretariat.workflow import advance
from tests import exemplars, factories, specimens
from tests.assessments import self_assessing
from tests.products.test_renewals import ending

pytestmark = pytest.mark.django_db

MEGABYTES = "آ" * 5_000_000  # ten megabytes of UTF-8
BESIDE = "نویسه بیشتر است"


@pytest.fixture
def renewal(client):
    mark = ending(40)
    owner = factories.representative(mark.product.agency)
    client.force_login(owner)
    made = renewal_requests.start(mark.pk, by=owner)
    return renewal_requests.save_draft(made.pk, "نخست", by=owner, version=made.version)


def test_a_renewal_that_is_too_long_is_shown_again(client, renewal):
    address, typed = reverse("renewal_edit", args=[renewal.pk]), "آ" * 5001
    answer = client.post(address, {"changes": typed, "version": renewal.version})
    page = answer.content.decode()
    assert answer.status_code == 422 and typed in page and "۵٬۰۰۰" in page and f"۱ {BESIDE}" in page
    kept = client.post(reverse("renewal_autosave", args=[renewal.pk]), {"changes": typed, "version": renewal.version})
    assert kept.status_code == 422 and BESIDE in kept.json()["errors"]["changes"][0]
    assert RenewalRequest.objects.get().changes == "نخست"


def test_a_nomination_that_is_too_long_is_shown_again(client):
    officer = factories.officer()
    made = exemplars.written(by=officer)
    client.force_login(officer)
    typed = {name: f"{name} {'آ' * 3001}" for name in WORDS} | {"links": "https://example.org/" + "x" * 4000, "version": made.version}
    answer = client.post(reverse("exemplar_edit", args=[made.pk]), typed)
    page = answer.content.decode()
    assert answer.status_code == 422 and all(typed[name] in page for name in (*WORDS, "links"))
    assert set(answer.context["form"].errors) == {*WORDS, "links"} and page.count(BESIDE) >= 2 * len(typed) - 2
    assert Exemplar.objects.get().version == made.version


def test_a_text_field_without_end_is_no_broken_page(client, renewal):
    for address in (reverse("renewal_edit", args=[renewal.pk]), reverse("renewal_autosave", args=[renewal.pk])):
        answer = client.post(address, {"changes": MEGABYTES, "version": renewal.version})
        assert answer.status_code == 413 and "بیش از گنجایش یک فرم" in answer.content.decode()
        urlencoded = client.post(
            address, f"version={renewal.version}&changes={'x' * 5_000_000}", content_type="application/x-www-form-urlencoded"
        )
        assert urlencoded.status_code == 413 and "<h1" in urlencoded.content.decode()
        told = client.post(address, {"changes": MEGABYTES}, headers={"accept": "application/json"})
        assert told.status_code == 413 and "کوتاهش کنید" in told.json()["message"]
    assert RenewalRequest.objects.get().changes == "نخست"
    assert client.post(reverse("sign_in"), {f"f{n}": "x" for n in range(3100)}).status_code == 413


def test_a_request_for_another_host_learns_nothing(client):
    answer = refused(RequestFactory().get("/"), DisallowedHost("x"))
    assert answer.status_code == 400 and b"<h1>Bad Request" in answer.content
    assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 400


def test_an_answer_and_a_check_that_are_too_long_are_shown_again(client):
    own, user = self_assessing.begun(self_assessing.year())
    leaf, typed = self_assessing.leaves(own.year)[0], "آ" * 10_001
    client.force_login(user)
    for name, address in ((n, reverse(n, args=[own.pk, leaf.pk])) for n in ("self_answer", "self_answer_autosave")):
        answer = client.post(address, {"level": "4", "done": typed, "links": "https://example.org/kept", "version": "0"})
        assert answer.status_code == 422, name
    page = client.post(reverse("self_answer", args=[own.pk, leaf.pk]), {"done": typed, "links": "kept", "version": "0"}).content.decode()
    assert typed in page and "kept" in page and BESIDE in page.split('id="done-error"')[1][:400]
    assert not SelfAnswer.objects.exists()

    _year, (drawn,) = self_assessing.drawn(number=1402)
    check = self_assessing.appointed(drawn)
    client.force_login(check.assessor.user)
    leaf, typed = self_assessing.leaves(drawn.year)[0], "آ" * 4001
    address, sent = reverse("check_form", args=[check.pk]), {f"c-{leaf.pk}": typed, f"r-{leaf.pk}": "3", "version": "1"}
    answer = client.post(address, sent)
    page = answer.content.decode()
    assert answer.status_code == 422 and typed in page and BESIDE in page.split(f'id="e-{leaf.pk}-reason"')[1][:400]
    assert client.post(reverse("check_autosave", args=[check.pk]), sent).status_code == 422
    assert not CheckAnswer.objects.exists()


def test_a_reason_is_not_cut_off(client):
    grant = factories.representative().role_grants.get()
    client.force_login(factories.officer())
    answer = client.post(reverse("representative_end", args=[grant.pk]), {"why": "آ" * 301})
    assert answer.status_code == 422 and "آ" * 301 in answer.content.decode() and BESIDE in answer.context["refused"]
    assert RoleGrant.objects.get(pk=grant.pk).until is None
    product = factories.product(status="accepted")
    with pytest.raises(RuleBroken, match=BESIDE) as told:
        advance(type(product).objects.all(), product.pk, "withdraw", by=None, why="آ" * 20_001)
    assert told.value.field == "why" and not product.moves.exists()


def test_the_note_of_a_file_is_not_cut_off(client):
    draft = factories.product(status="draft")
    client.force_login(factories.representative(draft.agency))
    sent = {"file": specimens.upload(specimens.pdf(), "یک.pdf"), "note": "آ" * 201}
    answer = client.post(reverse("product_file_upload", args=[draft.pk]), sent, headers={"accept": "application/json"})
    assert answer.status_code == 422 and BESIDE in answer.json()["message"] and not ProductFile.objects.exists()
