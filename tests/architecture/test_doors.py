"""Which pages stand open to everybody: exactly these, each for a reason. Everything else asks who it is."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

# URL name: why it is public. A room that opens a page adds a line here.
PUBLIC = {
    # the ground
    "healthz": "machines ask it; it tells nothing secret",
    "set_language": "readers without an account read in their language",
    "preferences": "readers without an account keep theme, size and contrast",
    "sign_in": "the door itself",
    "sign_out": "harmless to one who is out already",
    "second_factor_check": "stands between the password and the session; does nothing without the first",
    "password_reset": "for those who cannot sign in",
    "password_reset_confirm": "opened by a key from a letter",
    "invitation_accept": "opened by a key from a letter",
    "agency_list": "the register of members is public",
    "agency_detail": "the register of members is public",
    "agreement_detail": "what an agreement says is public where it was published; nothing else of it",
    "council_list": "who decides is public",
    "council_detail": "who decides is public",
    # the admin's own
    "admin:login": "has no form of its own, sends on to sign_in",
    # assessments
    "set_list": "indicators are published openly",
    "set_latest": "indicators are published openly",
    "set_version": "indicators are published openly",
    "set_diff": "what changed between published versions is public",
    "round_public": "how published scores were computed is told to everybody",
    "round_bundle_file": "whoever doubts a published score computes it again",
    # products
    "mark_list": "the register of granted marks is public",
    "mark_register": "the register is open data",
    "mark_open_data": "what the open data hold is told to whoever uses them",
    "mark_verify": "whoever reads the QR code verifies the certificate",
    "mark_verify_form": "whoever holds a certificate verifies it by its serial",
    "mark_certificate": "the certificate of a published mark is public",
    "mark_credential": "the signed credential of a published mark is public",
    "credential_check": "whoever was given a credential has it checked",
    "did_document": "programs check our signatures by it",
    "signing_keys": "programs check our signatures by it",
    "credential_status": "programs ask whether a mark was suspended or revoked",
    "product_public": "the product of a published mark is public",
    "exemplar_list": "exemplars are there for everybody to learn from",
    "exemplar_public": "an exemplar that a council named and its agency lets go is public",
    "exemplar_file": "evidence of an exemplar that its agency lets go is public",
    # the roof
    "home": "the front page",
    "about": "what the secretariat is",
    "search": "searches what is public",
    "robots": "search engines ask it",
    "sitemap": "search engines ask it; lists public pages only",
}
# Pages of the API answer for themselves by DRF's permissions; its own tests hold them.
API = "api/"


def _doors(resolver, prefix="", space=""):
    for part in resolver.url_patterns:
        where = prefix + str(part.pattern)
        if isinstance(part, URLResolver):
            yield from _doors(part, where, f"{part.namespace}:" if part.namespace else space)
        elif isinstance(part, URLPattern):
            yield f"{space}{part.name or where}", where, part.callback


def _open_doors():
    return {name: where for name, where, view in _doors(get_resolver()) if not getattr(view, "login_required", True)}


def test_only_these_pages_stand_open():
    found = {name: where for name, where in _open_doors().items() if not where.startswith(API)}
    unexplained = {name: where for name, where in found.items() if name not in PUBLIC}
    assert not unexplained, "public pages without a reason in this list"


def test_every_open_page_has_a_reason():
    assert all(PUBLIC.values())


def test_no_reason_stands_for_a_page_that_is_closed():
    everything = {name for name, _where, _view in _doors(get_resolver())}
    closed = [name for name in PUBLIC if name in everything and name not in _open_doors()]
    assert not closed, "listed as public, but closed"


@pytest.mark.django_db
def test_every_other_page_sends_the_anonymous_to_sign_in(client):
    """Every address without arguments that is not listed, and a wild guess for the others."""
    from django.urls import NoReverseMatch, reverse

    open_names = _open_doors()
    asked = 0
    for name, where, _view in _doors(get_resolver()):
        if name in open_names or where.startswith(API):
            continue
        for arguments in ([], [1], ["x"], [1, 1]):
            try:
                address = reverse(name, args=arguments)
            except NoReverseMatch:
                continue
            for method in (client.get, client.post):
                answer = method(address)
                assert answer.status_code in (302, 401, 403, 404, 405), f"{name} {address}: {answer.status_code}"
                if answer.status_code == 302:
                    assert "/sign-in/" in answer.url or "/admin/login/" in answer.url or address.startswith("/admin/"), (
                        f"{address} → {answer.url}"
                    )
            asked += 1
            break
    assert asked > 15
