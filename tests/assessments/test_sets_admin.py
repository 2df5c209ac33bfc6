"""Scales and sets in the administration: words instead of JSON, and nothing that a published version hangs on."""

import pytest
from django.urls import reverse

from assessments.models import Scale
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def admin(client):
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    return client


def fields(**given):
    return {
        "code": "three", "name_fa": "سه‌درجه‌ای", "name_en": "Three levels", "kind": "ordinal", "minimum": "۱", "maximum": "۳",
        "step": "1", "words": "۱ | کم | low\n2 | میانه | middle\n3 | زیاد | high", **given,
    }  # fmt: skip


def test_a_scale_is_made_with_words_and_persian_digits(admin):
    answer = admin.post(reverse("admin:assessments_scale_add"), fields())
    assert answer.status_code == 302, answer.context["errors"]
    scale = Scale.objects.get(code="three")
    assert [(level.value, level.word) for level in scale.levels] == [(1, "low"), (2, "middle"), (3, "high")]
    page = admin.get(reverse("admin:assessments_scale_change", args=[scale.pk])).content.decode()
    assert "2 | میانه | middle" in page
    assert admin.get(reverse("admin:assessments_scale_changelist")).status_code == 200


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"words": "1, کم, low"}, "value | Persian | English"),
        ({"words": "1 | | low"}, "value | Persian | English"),
        ({"kind": "ratio"}, "has no upper bound"),
        ({"maximum": ""}, "above the least"),
        ({"maximum": "1"}, "above the least"),
        ({"step": "0"}, "above zero"),
    ],
)
def test_what_is_no_scale_is_explained(admin, given, words):
    answer = admin.post(reverse("admin:assessments_scale_add"), fields(**given))
    assert answer.status_code == 200 and words in answer.content.decode()
    assert not Scale.objects.exists()


def test_a_scale_in_use_is_only_read(admin):
    version = factories.published_set()
    scale = Scale.objects.get()
    address = reverse("admin:assessments_scale_change", args=[scale.pk])
    page = admin.get(address).content.decode()
    assert "level 5" in page and 'name="_save"' not in page
    assert admin.post(address, fields()).status_code == 403
    assert admin.post(reverse("admin:assessments_scale_delete", args=[scale.pk]), {"post": "yes"}).status_code == 403
    assert version.indicators.filter(scale=scale).exists()


def test_a_set_leads_to_its_versions_and_is_neither_made_nor_deleted_here(admin):
    version = factories.published_set()
    page = admin.get(reverse("admin:assessments_indicatorset_change", args=[version.set_id])).content.decode()
    assert version.get_absolute_url() in page
    assert admin.get(reverse("admin:assessments_indicatorset_add")).status_code == 403
    assert admin.post(reverse("admin:assessments_indicatorset_delete", args=[version.set_id])).status_code == 403
