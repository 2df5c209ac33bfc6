"""A form takes effect once, and the browser is told only of what took effect."""

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponseRedirect

from secretariat.errors import RuleBroken, refusals_told
from secretariat.gate import once

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("refused", [True, False])
def test_the_browser_forgets_what_was_written_only_when_it_took_effect(rf, refused):
    @once
    def view(request):
        with refusals_told(request):
            if refused:
                raise RuleBroken("no")
        return HttpResponseRedirect("/")

    request = rf.post("/", {"once_key": str(uuid.uuid4())})
    request.user, request._messages = AnonymousUser(), CookieStorage(request)
    assert ("done" in view(request).cookies) is not refused
    assert [str(said) for said in get_messages(request)] == (["no"] if refused else [])
