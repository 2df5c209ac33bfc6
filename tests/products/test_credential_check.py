"""Is this credential true: the page that tells, and the command that checks with files alone."""

import io
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from products.credentials import documents, keys, tokens
from products.models import SigningKey
from products.services import marks
from tests.products.credential_reader import HOST, checked, flip, independently_read, issued, keeper_of
from tests.products.test_mark_pages import backdated

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_home(settings):
    settings.PUBLIC_URL = HOST


def test_the_page_tells_a_genuine_file_and_what_is_true_today(client):
    mark, token = issued(client)
    for content in (token.encode(), json.dumps(tokens.enveloped(token)).encode(), b"\xef\xbb\xbf" + token.encode() + b"\n"):
        said = checked(client, content)
        assert "This file is genuine" in said and "This mark is valid." in said
        assert mark.product.title_en in said
    pasted = client.post(reverse("credential_check"), {"text": f"  {token}\n"}).content.decode()
    assert "This file is genuine" in pasted


@pytest.mark.parametrize(
    ("state", "words"),
    [("suspended", "This mark is suspended."), ("revoked", "This mark was revoked."), ("expired", "This mark has expired.")],
)
def test_a_genuine_file_of_an_ended_mark_says_since_when_and_why(client, state, words):
    mark, token = issued(client)
    if state == "expired":
        backdated(mark)
    else:
        {"suspended": marks.suspend, "revoked": marks.revoke}[state](mark.pk, by=keeper_of(mark), why="شکایت وارد بود")
    said = checked(client, token.encode())
    assert "This file is genuine" in said and words in said
    assert ("شکایت وارد بود" in said) is (state != "expired")


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"{", b"{}", b'{"id": 5}', b"[" * 100_000, b"a.b.c", b"\xff\xfe\x00", b"%PDF-1.7 broken", b"e30.e30.e30", b"W10.W10.W10"],
)  # fmt: skip
def test_what_is_no_credential_is_called_none(client, content):
    said = checked(client, content)
    assert "No credential was found in this file." in said or "This file is not ours." in said


def test_words_without_a_signature_are_anybodys(client):
    _mark, token = issued(client)
    assert "carries no signature" in checked(client, json.dumps(independently_read(token)).encode())


def test_an_empty_or_endless_form_is_explained(client, in_english):
    assert client.post(reverse("credential_check"), {}).status_code == 422
    big = SimpleUploadedFile("x.jwt", b"x" * (tokens.LARGEST + 1))
    response = client.post(reverse("credential_check"), {"file": big})
    assert response.status_code == 422 and "larger than any credential" in response.content.decode()


def test_a_signature_about_nothing_in_the_register_is_told(client):
    mark, token = issued(client)
    said = independently_read(token) | {"id": "urn:uuid:00000000-0000-0000-0000-000000000000"}
    key = SigningKey.objects.current().get()
    forged = tokens.signed(said, key.kid, keys.opened(key.sealed))
    assert "not in the register" in checked(client, forged.encode())
    assert mark.is_in_force


def command(tmp_path, client, token, *lists, keys_too=True):
    file = tmp_path / "mark.jwt"
    file.write_text(token)
    (tmp_path / "jwks.json").write_bytes(client.get("/.well-known/jwks.json").content)
    options = ["--keys", str(tmp_path / "jwks.json")] if keys_too else []
    for name in lists:
        (tmp_path / name).write_bytes(client.get(f"/credentials/status/{name}").content)
        options += ["--status", str(tmp_path / name)]
    out = io.StringIO()
    try:
        call_command("verify_credential", str(file), *options, stdout=out)
    except CommandError as refusal:
        out.write(f"refused: {refusal}")
    return out.getvalue()


def _write(name, words):
    with open(name, "w") as file:
        file.write(words)


BOTH = ("revocation.jwt", "suspension.jwt")


def test_the_command_checks_with_files_alone(client, tmp_path, django_assert_num_queries):
    mark, token = issued(client)
    assert "valid" in command(tmp_path, client, token, *BOTH) and "refused" not in command(tmp_path, client, token, *BOTH)
    assert "Nobody can say" in command(tmp_path, client, token, "revocation.jwt")
    assert "refused" in command(tmp_path, client, flip(600)(token), *BOTH)
    files = [str(tmp_path / name) for name in ("mark.jwt", "jwks.json", *BOTH)]
    with django_assert_num_queries(0):
        _write(files[0], token)
        call_command(
            "verify_credential", files[0], "--keys", files[1], "--status", files[2], "--status", files[3], stdout=io.StringIO()
        )
    marks.revoke(mark.pk, by=keeper_of(mark), why="تخلف")
    said = command(tmp_path, client, token, *BOTH)
    assert "revoked" in said and "not valid" in said


def test_the_command_asks_the_register_where_there_is_one(client, tmp_path):
    mark, token = issued(client)
    assert f"{mark.serial}: valid" in command(tmp_path, client, token, keys_too=False)
    marks.suspend(mark.pk, by=keeper_of(mark), why="بررسی")
    assert "suspended" in command(tmp_path, client, token, keys_too=False)


def test_an_old_list_does_not_pass_for_todays(client, tmp_path, monkeypatch):
    _mark, token = issued(client)
    monkeypatch.setattr(documents, "LIST_HOLDS", timedelta(seconds=-1))
    assert "Nobody can say" in command(tmp_path, client, token, *BOTH)
