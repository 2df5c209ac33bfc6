"""Files over HTTP: what is refused says why, and nobody reads what does not concern him."""

import hashlib
import uuid

import pytest
from django.urls import reverse

from assessments.models import Round
from products.models import Product, ProductFile
from products.services import nameless, submission
from tests import factories, specimens
from tests.products.test_product_service import COMPLETE
from tests.secretariat.test_uploads import HTML, SVG

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def agency():
    return factories.agency()


@pytest.fixture
def person(agency):
    return factories.representative(agency)


@pytest.fixture
def draft(agency, person):
    return submission.start(agency, factories.product_kind(), by=person)


@pytest.fixture
def signed_in(client, person):
    client.force_login(person)
    return client


def send(client, product, *uploads, json=False, **fields):
    headers = {"accept": "application/json"} if json else {}
    return client.post(reverse("product_file_upload", args=[product.pk]), {"file": uploads, **fields}, headers=headers)


def stored(product, person, content=None, name="گزارش نهایی.pdf"):
    return submission.attach(product.pk, specimens.upload(content or specimens.pdf(), name), by=person)


def handed_in(product, person):
    saved = submission.save_draft(product.pk, COMPLETE, by=person, version=product.version)
    submission.submit(product.pk, by=person, version=saved.version)
    Product.objects.filter(pk=product.pk).update(status="accepted")


# --- up ----------------------------------------------------------------------------------------------


def test_a_plain_form_adds_files(signed_in, draft):
    answer = send(
        signed_in,
        draft,
        specimens.upload(specimens.pdf(), "یک.pdf"),
        specimens.upload(specimens.picture(), "دو.png"),
        note="نمونه",
    )
    assert answer.url == reverse("product_edit", args=[draft.pk]) + "#files"
    assert [(file.name, file.note) for file in draft.files.all()] == [("یک.pdf", "نمونه"), ("دو.png", "نمونه")]
    page = signed_in.get(answer.url).text
    assert "یک.pdf" in page and "دو.png" in page


def test_the_browser_s_own_upload_gets_json(signed_in, draft):
    answer = send(signed_in, draft, specimens.upload(specimens.pdf(), "یک.pdf"), json=True, once_key=str(uuid.uuid4()))
    assert answer.status_code == 201 and draft.files.count() == 1 and answer.json()["files"][0]["name"] == "یک.pdf"
    assert "یک.pdf" in answer.json()["html"]
    again = send(signed_in, draft, specimens.upload(specimens.pdf(), "باز.pdf"), json=True)
    assert again.status_code == 422 and "already here" in again.json()["message"]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (SVG, "drawing.png", "SVG"),
        (HTML, "report.pdf", "web page"),
        (specimens.packed({"a.txt": "a"}), "photo.jpg", "Packed"),
        (b"plain", "notes.pdf", "not taken"),
        (specimens.pdf_with_script(), "report.pdf", "active content"),
        (specimens.png_bomb(), "photo.png", "too many dots"),
        (b"", "empty.pdf", "empty"),
    ],
)
def test_refused_files_say_why_and_leave_nothing(signed_in, draft, content, name, words):
    upload = specimens.upload(content, name)
    assert words in send(signed_in, draft, upload, json=True).json()["message"]
    upload.seek(0)
    answer = signed_in.get(send(signed_in, draft, upload).url)
    assert words in answer.text and name in answer.text
    assert not ProductFile.objects.exists()


def test_too_large_and_too_many(signed_in, draft, settings):
    settings.UPLOAD_MAX_BYTES = 300
    assert "too large" in send(signed_in, draft, specimens.upload(specimens.pdf()), json=True).json()["message"]
    settings.UPLOAD_MAX_BYTES, settings.UPLOAD_MAX_FILES = 50_000, 1
    uploads = [specimens.upload(specimens.pdf(text=str(n)), f"{n}.pdf") for n in range(2)]
    answer = send(signed_in, draft, *uploads, json=True).json()
    assert len(answer["files"]) == 1 and "At most 1 files" in answer["errors"][0]["message"]


def test_nothing_chosen(signed_in, draft):
    assert "Choose a file first." in signed_in.get(send(signed_in, draft).url).text


def test_a_double_click_uploads_once(signed_in, draft):
    key = str(uuid.uuid4())
    for _attempt in range(2):
        send(signed_in, draft, specimens.upload(specimens.pdf()), once_key=key)
    assert draft.files.count() == 1


def test_a_file_is_removed_by_its_agency_only(signed_in, client, draft, person):
    file = stored(draft, person)
    url = reverse("product_file_remove", args=[file.pk])
    client.force_login(factories.representative())
    assert client.post(url).status_code == 404
    client.force_login(factories.officer())
    client.post(url)
    file.refresh_from_db()
    assert file.removed_at is None
    client.force_login(person)
    assert client.get(url).status_code == 405
    client.post(url)
    file.refresh_from_db()
    assert file.removed_at is not None


def test_nothing_is_added_or_removed_after_handing_in(signed_in, draft, person):
    file = stored(draft, person)
    handed_in(draft, person)
    answer = send(signed_in, draft, specimens.upload(specimens.picture()), json=True)
    assert answer.status_code == 422
    signed_in.post(reverse("product_file_remove", args=[file.pk]))
    assert draft.files.attached().count() == 1


# --- down --------------------------------------------------------------------------------------------


def get(client, file, query="", **headers):
    return client.get(reverse("product_file", args=[file.pk]) + query, headers=headers)


def whole(answer):
    return b"".join(answer.streaming_content)


def test_down_as_an_attachment_under_its_name(signed_in, draft, person):
    file = stored(draft, person)
    answer = get(signed_in, file)
    assert whole(answer).startswith(b"%PDF-")
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"] and "default-src 'none'" in answer["Content-Security-Policy"]
    assert int(answer["Content-Length"]) == file.size


def test_only_pictures_and_pdf_are_shown_in_the_browser(signed_in, draft, person):
    picture = stored(draft, person, specimens.picture(), "a.png")
    letter = stored(draft, person, specimens.office(), "a.docx")
    shown = get(signed_in, picture, "?show=1")
    assert shown["Content-Disposition"].startswith("inline") and "sandbox" in shown["Content-Security-Policy"]
    assert get(signed_in, letter, "?show=1")["Content-Disposition"].startswith("attachment")


def test_who_may_read_a_file(client, draft, person):
    file = stored(draft, person)
    assert get(client, file).status_code == 302  # sign in first
    for stranger in (factories.representative(), factories.user(), factories.assessor().user):
        client.force_login(stranger)
        assert get(client, file).status_code == 404
    for reader in (person, factories.officer()):
        client.force_login(reader)
        assert get(client, file).status_code == 200


@pytest.mark.parametrize(
    ("status", "answer"), [("accepted", 200), ("submitted", 200), ("offered", 404), ("declined", 404), ("withdrawn", 404)]
)
def test_an_assessor_reads_what_he_took_on(client, draft, person, status, answer):
    file, dropped = stored(draft, person), stored(draft, person, specimens.picture(), "پیش‌نویس.png")
    submission.detach(dropped.pk, by=person)
    handed_in(draft, person)
    assignment = factories.assignment(factories.entry(subject_=draft.subject), status=status)
    client.force_login(assignment.assessor.user)
    assert get(client, file).status_code == answer
    assert get(client, dropped).status_code == 404  # never handed in


def test_in_a_blind_round_the_name_tells_nothing(client, draft, person):
    file = stored(draft, person, name="کانون لرستان.pdf")
    handed_in(draft, person)
    nameless.make_waiting()
    entry = factories.entry(factories.round_(status="open", see_submitter="never"), draft.subject)
    reader = factories.assignment(entry).assessor.user
    client.force_login(reader)
    assert 'filename="file 1.pdf"' in get(client, file)["Content-Disposition"]
    Round.objects.update(see_submitter="always")
    assert "%D9%84%D8%B1%D8%B3%D8%AA%D8%A7%D9%86" in get(client, file)["Content-Disposition"]


def test_parts_of_a_film(signed_in, draft, person):
    content = specimens.mp4()
    file = stored(draft, person, content, "فیلم.mp4")
    part = get(signed_in, file, range="bytes=10-19")
    assert (part.status_code, whole(part)) == (206, content[10:20])
    assert part["Content-Range"] == f"bytes 10-19/{len(content)}"
    assert whole(get(signed_in, file, range="bytes=-5")) == content[-5:]
    assert whole(get(signed_in, file, range="bytes=280-")) == content[280:]
    assert get(signed_in, file, range="bytes=9999-").status_code == 416
    assert get(signed_in, file, range="bytes=-").status_code == 200
    assert get(signed_in, file).status_code == 200


def test_files_lie_under_random_names_without_an_address(draft, person):
    file = stored(draft, person)
    with pytest.raises(NotImplementedError):
        file.file.url  # noqa: B018
    assert len(file.file.name) > 40


def test_a_large_file_comes_back_as_it_was_sent(signed_in, draft, settings):
    content = specimens.mp4(body=3 * settings.FILE_UPLOAD_MAX_MEMORY_SIZE)
    answer = send(signed_in, draft, specimens.upload(content, "بلند.mp4"), json=True)
    assert answer.status_code == 201
    file = draft.files.get()
    assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert whole(get(signed_in, file)) == content
