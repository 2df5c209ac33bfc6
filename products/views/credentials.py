"""Marks as signed files: downloaded, checked, and what programs need to check them without us."""

import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from products.credentials import documents, keys, tokens
from products.forms.marks import CredentialForm
from products.selectors import credentials as selectors
from products.selectors import marks as mark_selectors
from products.services import credentials
from secretariat.sign_in import client_address
from secretariat.throttle import allowed

log = logging.getLogger(__name__)

CHECKS = 30  # files from one address in five minutes


def _for_programs(response, seconds):
    """Anybody's program may read it, also one that runs in a browser on another site."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = f"public, max-age={seconds}"
    return response


@login_not_required
@require_safe
def did_document(request):
    """What did:web resolves to: who signs, with which keys."""
    answer = JsonResponse(keys.did_document(selectors.published_keys()), content_type="application/did+json")
    return _for_programs(answer, 300)


@login_not_required
@require_safe
def signing_keys(request):
    """The public keys as a key set; retired ones stay, withdrawn ones are gone."""
    return _for_programs(JsonResponse(keys.jwks(selectors.published_keys()), content_type="application/jwk-set+json"), 300)


@login_not_required
@require_safe
def credential_status(request, purpose):
    """The signed list of what is revoked, or suspended, at this moment."""
    if purpose not in documents.PURPOSES:
        raise Http404
    try:
        token = credentials.sign_status_list(purpose)
    except keys.KeyLost:
        return _no_key(request)
    return _for_programs(HttpResponse(token, content_type=tokens.MEDIA_TYPE), 60)


@login_not_required
@require_safe
def mark_credential(request, serial, form):
    """The signed credential, as it is or in its JSON envelope; afterwards a page that says why there is none."""
    if form not in ("jwt", "json"):
        raise Http404
    mark = get_object_or_404(mark_selectors.whole_marks().public(), serial=serial)
    if not mark.is_in_force:
        return render(
            request, "products/mark_verify.html", mark_selectors.verification(mark) | {"no_certificate": True}, status=410
        )
    try:
        token = credentials.credential_of(mark).jwt
    except keys.KeyLost:
        return _no_key(request)
    if form == "json":
        response = JsonResponse(tokens.enveloped(token), content_type="application/vc+ld+json", json_dumps_params={"indent": 2})
    else:
        response = HttpResponse(token, content_type=tokens.MEDIA_TYPE)
    response = _for_programs(response, 0)
    # A mark can be suspended at any moment: nobody keeps the file without asking again.
    response["Cache-Control"] = "no-cache"
    response["Content-Disposition"] = f'attachment; filename="quality-mark-{mark.serial}.{form}"'
    return response


def _no_key(request):
    log.exception("the signing key cannot be opened; see “Signing keys” in docs/operations.md")
    return HttpResponse(
        _("Nothing can be signed just now. Try again later."), status=503, content_type="text/plain; charset=utf-8"
    )


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def credential_check(request):
    """Say exactly what is true today of a file that somebody was given."""
    form = CredentialForm(request.POST, request.FILES) if request.method == "POST" else CredentialForm()
    context = {"form": form, "address": keys.issuer(), "site": settings.PUBLIC_URL}
    if request.method == "POST":
        if not allowed("credential-check", client_address(request), CHECKS, 300):
            form.add_error(None, _("Too many files from your address; try again in a few minutes."))
        elif form.is_valid():
            checked = selectors.check(form.content)
            context |= {"check": checked, **(mark_selectors.verification(checked.mark) if checked.mark else {})}
    return render(request, "products/credential_check.html", context, status=422 if form.errors else 200)
