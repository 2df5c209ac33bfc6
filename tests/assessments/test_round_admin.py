"""Rounds, assessors and assignments in the administration: officers look them up, nobody writes there."""

import pytest
from django.urls import reverse

from assessments.models import Affiliation
from tests import factories

pytestmark = pytest.mark.django_db

MODELS = ["round", "assessor", "assignment"]


def make():
    row = factories.assignment()
    Affiliation.objects.create(assessor=row.assessor, agency=factories.agency(), since="1400-01-01")
    row.moves.create(action="offer", target="offered")
    return {"round": row.entry.round, "assessor": row.assessor, "assignment": row}


@pytest.mark.parametrize("name", MODELS)
def test_officers_read_list_page_and_history(client, name):
    obj = make()[name]
    client.force_login(factories.officer(is_staff=True))
    for page, args in (("changelist", []), ("change", [obj.pk]), ("history", [obj.pk])):
        assert client.get(reverse(f"admin:assessments_{name}_{page}", args=args)).status_code == 200
    assert client.get(reverse(f"admin:assessments_{name}_changelist"), {"q": "x"}).status_code == 200


@pytest.mark.parametrize("name", MODELS)
def test_nobody_writes(client, name):
    obj = make()[name]
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    assert client.get(reverse(f"admin:assessments_{name}_add")).status_code == 403
    assert client.post(reverse(f"admin:assessments_{name}_change", args=[obj.pk]), {"status": "open"}).status_code == 403
    assert client.post(reverse(f"admin:assessments_{name}_delete", args=[obj.pk]), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("name", MODELS)
def test_staff_without_the_role_read_nothing(client, name):
    obj = make()[name]
    client.force_login(factories.user(is_staff=True))
    assert client.get(reverse(f"admin:assessments_{name}_change", args=[obj.pk])).status_code in (302, 403, 404)
