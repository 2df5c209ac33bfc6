"""Certificates in bulk: made once however often asked, through killed workers and cancelled work, private, and swept away."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from products import certificates, tasks
from products.models import CertificateBatch
from products.services import batches, marks
from secretariat.errors import RuleBroken
from secretariat.models import Notice
from tests import council as make
from tests import factories
from tests.refusal import refused
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": settings.STORAGES["default"] | {"OPTIONS": {"location": str(tmp_path / "private")}}
    }
    return tmp_path / "private"


def decided(count=2, publish=True):
    """(resolution, its marks, who keeps the council's papers): so many marks granted by one resolution."""
    resolution = make.session()
    proposed = [make.proposed_mark(resolution_=resolution) for _n in range(count)]
    by = make.keeper(resolution.council)
    make.adopted(resolution)
    granted = marks.grant_all(resolution.pk, by=by, publish=publish)
    assert len(granted) == len(proposed)
    return resolution, granted, by


def archive(batch):
    return zipfile.ZipFile(io.BytesIO(CertificateBatch.objects.get(pk=batch.pk).file.read()))


# --- made ----------------------------------------------------------------------------------------


def test_a_resolutions_certificates_lie_in_one_file():
    resolution, granted, by = decided()
    batch = batches.ask_for_resolution(resolution, by=by)
    made = batches.make(batch.pk)
    assert (made.state, made.done, made.total, made.skipped) == ("done", 2, 2, [])
    names = archive(batch).namelist()
    assert sorted(names) == sorted(f"{lang}/{mark.serial}-{lang}.pdf" for mark in granted for lang in ("fa", "en"))
    pdf = archive(batch).read(f"en/{granted[0].serial}-en.pdf")
    assert granted[0].serial in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    notice = Notice.objects.get(user=by, kind="certificates_ready")
    assert notice.link == batch.get_absolute_url()


def test_a_ceremony_comes_before_the_publication():
    resolution, _granted, by = decided(1, publish=False)
    assert batches.make(batches.ask_for_resolution(resolution, by=by).pk).state == "done"


def test_what_is_asked_twice_is_one_work_and_what_is_delivered_twice_one_file():
    resolution, _granted, by = decided(1)
    batch = batches.ask_for_resolution(resolution, by=by)
    assert batches.ask_for_resolution(resolution, by=by) == batch
    tasks.make_certificates(batch.pk)
    first = CertificateBatch.objects.get(pk=batch.pk).file.name
    tasks.make_certificates(batch.pk)
    assert CertificateBatch.objects.get(pk=batch.pk).file.name == first
    assert Notice.objects.filter(kind="certificates_ready").count() == 1
    assert batches.ask_for_resolution(resolution, by=by) != batch


def test_a_mark_that_ended_meanwhile_is_left_out_and_named():
    resolution, granted, by = decided()
    batch = batches.ask_for_resolution(resolution, by=by)
    marks.suspend(granted[0].pk, by=by, why="بررسی")
    made = batches.make(batch.pk)
    assert made.skipped == [granted[0].serial]
    assert len(archive(batch).namelist()) == 2


def test_nothing_in_force_is_refused():
    resolution, granted, by = decided(1)
    marks.revoke(granted[0].pk, by=by, why="تخلف")
    with pytest.raises(RuleBroken):
        batches.ask_for_resolution(resolution, by=by)


# --- interrupted ---------------------------------------------------------------------------------


class Killed(BaseException):
    """The worker's process ends: nothing of it runs any more."""


def test_a_killed_worker_is_followed_by_another_which_finds_what_was_set(monkeypatch):
    resolution, granted, by = decided(3)
    batch = batches.ask_for_resolution(resolution, by=by)
    true, drawn = certificates.pdf, []

    def draw(template, **inputs):
        drawn.append(inputs)
        if len(drawn) == 4:
            raise Killed
        return true(template, **inputs)

    monkeypatch.setattr(certificates, "pdf", draw)
    with pytest.raises(Killed):
        batches.make(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.done) == ("making", 1)
    assert batches.make(batch.pk) is None  # it may still live
    CertificateBatch.objects.update(beat_at=timezone.now() - batches.LOST * 2, asked_at=timezone.now() - timedelta(minutes=9))
    tasks.sweep_certificates()
    batch.refresh_from_db()
    assert (batch.state, batch.attempt) == ("done", 2)
    assert len(archive(batch).namelist()) == 6
    assert len(drawn) == 7  # three before the end, and only the other four anew: one of them was lost with the worker
    assert granted


def test_one_that_was_thought_dead_writes_nothing_any_more(monkeypatch):
    resolution, _granted, by = decided(1)
    batch = batches.ask_for_resolution(resolution, by=by)
    true = certificates.certificate

    def slow(mark, language):
        CertificateBatch.objects.update(attempt=9)  # another has taken over
        return true(mark, language)

    monkeypatch.setattr(certificates, "certificate", slow)
    assert batches.make(batch.pk) is None
    batch.refresh_from_db()
    assert batch.finished_at is None and batch.done == 0


def test_a_cancelled_one_stops_and_leaves_no_file(monkeypatch, own_folder):
    resolution, _granted, by = decided(3)
    batch = batches.ask_for_resolution(resolution, by=by)
    true = certificates.certificate

    def stop(mark, language):
        batches.cancel(batch.pk, by=by)
        return true(mark, language)

    monkeypatch.setattr(certificates, "certificate", stop)
    assert batches.make(batch.pk) is None
    batch.refresh_from_db()
    assert batch.state == "cancelled" and batch.done == 0
    assert not list(own_folder.rglob("*.zip"))
    tasks.sweep_certificates()
    assert batches.make(batch.pk) is None


def test_what_fails_again_and_again_is_given_up_and_says_so(monkeypatch):
    resolution, _granted, by = decided(1)
    batch = batches.ask_for_resolution(resolution, by=by)

    def broken(mark, language):
        raise OSError("no fonts")

    monkeypatch.setattr(certificates, "certificate", broken)
    for _n in range(batches.MOST_ATTEMPTS):
        assert CertificateBatch.objects.get(pk=batch.pk).state == "making"
        batches.make(batch.pk)
    assert CertificateBatch.objects.get(pk=batch.pk).state == "failed"


def test_a_lost_message_is_swept_up():
    resolution, _granted, by = decided(1)
    batch = batches.ask_for_resolution(resolution, by=by)
    tasks.sweep_certificates()
    assert CertificateBatch.objects.get(pk=batch.pk).state == "making"  # its own message is on its way
    CertificateBatch.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    tasks.sweep_certificates()
    assert CertificateBatch.objects.get(pk=batch.pk).state == "done"


def test_files_are_swept_away_after_their_time(own_folder, client):
    resolution, _granted, by = decided(1)
    batch = batches.ask_for_resolution(resolution, by=by)
    batches.make(batch.pk)
    assert len(list(own_folder.rglob("*.zip"))) == 1
    assert batches.sweep() == 0
    CertificateBatch.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    client.force_login(by)
    assert client.get(reverse("certificate_batch_file", args=[batch.pk])).status_code == 404
    assert (batches.sweep(), batches.sweep()) == (1, 0)
    assert not list(own_folder.rglob("*.zip"))
    assert client.get(reverse("certificate_batch", args=[batch.pk])).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_it_once():
    resolution, _granted, by = decided(1)
    batch = batches.ask_for_resolution(resolution, by=by)
    made = at_once(*[lambda: batches.make(batch.pk)] * 2)
    assert not any(isinstance(one, Exception) for one in made), made
    assert sorted(one is None for one in made) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_makes_it_while_the_page_looks(worker, client):
    resolution, _granted, by = decided(1)
    client.force_login(by)
    answer = client.post(reverse("certificate_batch_new", args=[resolution.pk]))
    assert answer.status_code == 302
    batch = CertificateBatch.objects.get()
    worker.wait_for(lambda: CertificateBatch.objects.get().finished_at)
    said = client.get(reverse("certificate_batch_status", args=[batch.pk])).content.decode()
    assert reverse("certificate_batch_file", args=[batch.pk]) in said


# --- pages ---------------------------------------------------------------------------------------


def test_from_the_board_to_the_file(client, in_english):
    resolution, _granted, by = decided()
    client.force_login(by)
    new = reverse("certificate_batch_new", args=[resolution.pk])
    assert new in client.get(reverse("decision_board", args=[resolution.pk])).content.decode()
    assert "2 marks are in force" in client.get(new).content.decode()
    page = client.post(new, follow=True).content.decode()
    batch = CertificateBatch.objects.get()
    assert "being made" in page and reverse("certificate_batch_status", args=[batch.pk]) in page
    batches.make(batch.pk)
    said = client.get(reverse("certificate_batch_status", args=[batch.pk])).content.decode()
    assert "hx-trigger" not in said
    response = client.get(reverse("certificate_batch_file", args=[batch.pk]))
    assert response["Content-Type"] == "application/zip"
    assert len(zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))).namelist()) == 4
    assert batch.get_absolute_url() in client.get(reverse("certificate_batches")).content.decode()


def test_officers_choose_from_the_register(client, in_english):
    gold, plain = make.granted_mark(value=95, low=91, high=98, level="gold"), make.granted_mark()
    client.force_login(factories.officer())
    address = f"{reverse('mark_list')}?level=gold"
    client.post(address, {"bulk_action": "certificates", "bulk_all": "1"})
    assert CertificateBatch.objects.get().marks == [gold.pk]
    client.post(reverse("mark_list"), {"bulk_action": "certificates", "row": [plain.pk]})
    assert CertificateBatch.objects.first().marks == [plain.pk]
    nothing = client.post(reverse("mark_list"), {"bulk_action": "certificates"})
    assert nothing.status_code == 200 and "Choose at least one row." in nothing.content.decode()
    assert CertificateBatch.objects.count() == 2


def test_nothing_in_force_is_explained_on_the_page(client, in_english):
    resolution, granted, by = decided(1)
    marks.suspend(granted[0].pk, by=by, why="بررسی")
    client.force_login(by)
    answer = client.post(reverse("certificate_batch_new", args=[resolution.pk]))
    assert answer.status_code == 422 and "no certificate to make" in answer.content.decode()


def test_it_is_stopped_from_its_page(client, in_english):
    resolution, _granted, by = decided(1)
    batch = batches.ask_for_resolution(resolution, by=by)
    client.force_login(by)
    said = client.post(reverse("certificate_batch_cancel", args=[batch.pk]), follow=True).content.decode()
    assert "Stopped. No file was made." in said
    assert (
        "nothing left to stop" in client.post(reverse("certificate_batch_cancel", args=[batch.pk]), follow=True).content.decode()
    )


def test_others_find_nothing_of_it(client):
    resolution, granted, by = decided(1)
    batch = batches.ask_for_resolution(resolution, by=by)
    batches.make(batch.pk)
    pages = [reverse(f"certificate_batch{end}", args=[batch.pk]) for end in ("", "_status", "_file")]
    pages.append(reverse("certificate_batch_new", args=[resolution.pk]))
    for page in pages:
        assert client.get(page).status_code == 302  # to sign in
    strangers = (
        factories.user(), factories.representative(granted[0].product.agency), make.keeper(make.council()),
        make.seat(resolution.council).user,
    )  # fmt: skip
    for stranger in strangers:
        client.force_login(stranger)
        assert [client.get(page).status_code for page in pages] == [404] * 4
        assert client.post(reverse("certificate_batch_cancel", args=[batch.pk])).status_code == 404
        assert client.post(pages[-1]).status_code == 404
        assert client.post(reverse("mark_list"), {"bulk_action": "certificates", "bulk_all": "1"}).status_code == 404
        with pytest.raises(RuleBroken):
            batches.ask_for_resolution(resolution, by=stranger)
    assert "bulk_action" not in client.get(reverse("mark_list")).content.decode()
    assert CertificateBatch.objects.count() == 1


def test_the_list_asks_the_same_number_of_questions(client):
    from django.test.utils import CaptureQueriesContext

    resolution, granted, by = decided(1)
    client.force_login(factories.officer())

    def count():
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("certificate_batches"))
        return len(asked)

    row = {"asked_by": by, "resolution": resolution, "marks": [granted[0].pk]}
    CertificateBatch.objects.create(**row)
    few = count()
    CertificateBatch.objects.bulk_create(CertificateBatch(**row) for _n in range(29))
    assert count() == few <= 9


def test_the_database_keeps_the_work_whole():
    _resolution, granted, by = decided(1)
    batch = CertificateBatch.objects.create(asked_by=by, marks=[granted[0].pk])
    rows, now = CertificateBatch.objects.filter(pk=batch.pk), timezone.now()
    with refused("batch_done_within_its_marks"):
        rows.update(done=2)
    with refused("batch_ends_one_way"):
        rows.update(cancelled_at=now, failed_at=now)
    with refused("batch_finished_with_its_file"):
        rows.update(finished_at=now, expires_at=now)
    with refused("batch_finished_with_its_file"):
        rows.update(file="x.zip")
