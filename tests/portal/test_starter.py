"""The starter content: complete, repeatable, and with scores that stand up to recomputation."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from assessments.models import Round, SetVersion, WeightStudy
from assessments.selectors.comparisons import standing
from assessments.services import runs
from portal import story
from products.models import Exemplar, Product, QualityMark
from secretariat.models import Agency, Province, Resolution, User

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("story")
def test_the_demonstration_shows_every_state(client, capsys, monkeypatch):
    assert Province.objects.count() == 31
    assert SetVersion.objects.published().count() == 15
    assert set(Product.objects.values_list("status", flat=True)) == {"draft", "submitted", "returned", "accepted", "withdrawn"}
    assert set(Round.objects.values_list("status", flat=True)) == {"open", "published"}
    assert Round.objects.filter(is_demo=False).count() == 0
    assert len(set(QualityMark.objects.in_force().values_list("level", flat=True))) >= 2
    assert Resolution.objects.get(status="adopted", kind="grant_marks").recusals.exists()
    assert set(Exemplar.objects.values_list("status", flat=True)) == {"asked", "ready", "published"}
    assert list(runs.differences()) == []
    (joined,) = standing(WeightStudy.objects.get(status="open")).joined
    assert len(joined.counted) == 3 and not joined.is_contradictory and joined.disagreement > 0

    # Everybody named can sign in, and lands on a desk that works.
    capsys.readouterr()
    call_command("demo_accounts")
    printed = capsys.readouterr().out
    assert f"password: {story.password()}\n" in printed
    for username, _role in story.accounts():
        assert username in printed
        assert client.login(request=None, username=username, password=story.password()) or User.objects.get(
            username=username
        ).check_password(story.password())
        client.force_login(User.objects.get(username=username))
        assert client.get(reverse("desk")).status_code == 200

    # A password that opens nothing is not told.
    monkeypatch.setenv("DEMO_PASSWORD", "one that came too late")
    call_command("demo_accounts")
    assert "password: " not in capsys.readouterr().out

    # Repeating it changes nothing.
    before = (Agency.objects.count(), Product.objects.count(), QualityMark.objects.count(), User.objects.count())
    call_command("starter")
    assert before == (Agency.objects.count(), Product.objects.count(), QualityMark.objects.count(), User.objects.count())


def test_without_the_demonstration_there_are_no_people(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    call_command("starter", without_demo=True)
    assert Agency.objects.exists()
    assert not User.objects.exists()
    assert not Product.objects.exists()
