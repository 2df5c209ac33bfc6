"""The open recomputation: what is released follows from the ratings, names nobody, and never changes."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta

import pgtrigger
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from assessments import tasks
from assessments.models import Entry, Rating, Round, RoundBundle, Score
from assessments.services import bundles, runs
from secretariat.errors import RuleBroken
from tests import factories
from tests.assessments.scored_rounds import judged_round, published
from tests.refusal import refused

pytestmark = pytest.mark.django_db


def released(round_, **options):
    """The released bundle of a round, which is published on the way."""
    if round_.status != "published":
        published(round_, **options)
    asked = bundles.ask_bundle(round_.pk, by=None)
    bundles.make_bundle(asked.pk)
    return RoundBundle.objects.get(pk=asked.pk)


def verified(path):
    """(exit code, what was said) of the command in a process of its own, which knows no database."""
    command = [sys.executable, "-m", "assessments.scoring", "verify", str(path)]
    told = subprocess.run(command, capture_output=True, text=True, cwd=django_settings.BASE_DIR, env={"PATH": "", "OPENBLAS_NUM_THREADS": "1"})  # fmt: skip
    assert told.returncode in (0, 1), told.stderr
    return told.returncode, json.loads(told.stdout)


def content(bundle):
    with bundle.file.open("rb") as file:
        return file.read()


def kept(bundle, folder):
    path = folder / bundle.name
    path.write_bytes(content(bundle))
    return path


def texts(bundle):
    with zipfile.ZipFile(io.BytesIO(content(bundle))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


# ------------------------------------------------------------------ what follows from the ratings
def test_a_large_fair_round_is_computed_again_by_one_command(tmp_path):
    """Forty-two products: measured values, answers that do not apply or were passed over, two products left out."""
    round_ = judged_round(products=42, assessors=9, panel=4, missing=0.06)
    out = Entry.objects.filter(round=round_).order_by("pk")[:2]
    Entry.objects.filter(pk__in=[entry.pk for entry in out]).update(
        excluded_at=timezone.now(), excluded_by=factories.officer(), excluded_why="دیر رسید", inputs_version=2
    )
    runs.score_round(round_.pk)
    round_.refresh_from_db()
    assert round_.run.is_fair and round_.run.summary["products"] == 40
    bundle = released(round_)
    code, told = verified(kept(bundle, tmp_path))
    assert (code, told["reproduced"]) == (0, True)
    assert told["inputs_hash"] == round_.run.inputs_hash
    files = texts(bundle)
    assert len(json.loads(files["inputs.json"])["not_ranked"]) == 2
    assert {row["state"] for row in rows(files["ratings.csv"])} == {"rated", "not applicable", "skipped"}
    assert '"target": 80.0' in files["inputs.json"]
    assert [row["rank"] for row in rows(files["standings.csv"])].count("") == 2


def test_what_is_published_are_the_stored_figures(tmp_path):
    round_ = judged_round()
    bundle = released(round_)
    stored = {
        (f"{score.value:.6f}", f"{score.raw_mean:.6f}", str(score.raters))
        for score in Score.objects.filter(run=round_.run, part=None)
    }
    printed = {
        (row["value"], row["raw_mean"], row["raters"]) for row in rows(texts(bundle)["scores.csv"]) if row["node"] == "root"
    }
    assert printed == stored and len(printed) == 10


def test_a_round_of_plain_means_is_computed_again(tmp_path):
    round_ = judged_round(products=3, assessors=3, panel=3)
    assert not round_.run.is_fair
    bundle = released(round_)
    assert verified(kept(bundle, tmp_path))[1]["reproduced"] is True
    assert {row["adjustment"] for row in rows(texts(bundle)["scores.csv"])} == {""}


def test_a_round_of_separate_lists_is_computed_again(tmp_path):
    round_ = judged_round(products=14, assessors=8, panel=3, parts=2)
    assert round_.run.component_count == 2
    bundle = released(round_, separate_lists=True)
    assert verified(kept(bundle, tmp_path))[1]["reproduced"] is True
    files = texts(bundle)
    assert {row["component"] for row in rows(files["standings.csv"])} == {"1", "2"}
    assert "components" not in json.loads(files["run.json"])


def test_a_changed_rating_in_the_file_is_noticed(tmp_path):
    path = kept(released(judged_round(products=3, assessors=3, panel=3)), tmp_path)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    before, line = files["ratings.csv"].decode().split("\n", 1)[0], files["ratings.csv"].decode().split("\n")[1]
    assert before.startswith("product,assessor")
    other = line.rsplit(",", 1)[0] + (",2.0" if not line.endswith(",2.0") else ",3.0")
    files["ratings.csv"] = files["ratings.csv"].replace(line.encode(), other.encode(), 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    code, told = verified(path)
    assert (code, told["reproduced"]) == (1, False)


# ------------------------------------------------------------------ nobody is named
@pytest.fixture
def far_numbers():
    """Rows made in the test have primary keys that nothing else begins with; sequences outlive the test, so they are put back."""
    tables = ["secretariat_user", "secretariat_agency"] + [
        f"assessments_{name}"
        for name in [
            "subject",
            "entry",
            "assessor",
            "assignment",
            "assessment",
            "rating",
            "scoringrun",
            "sheet",
            "sheetpart",
            "indicator",
            "measurement",
        ]
    ]
    before = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            (name,) = cursor.fetchone()
            cursor.execute(f"SELECT last_value, is_called FROM {name}")
            before[name] = cursor.fetchone()
            cursor.execute("SELECT setval(%s, 987650000)", [name])
        yield "98765"
        for name, (value, called) in before.items():
            cursor.execute("SELECT setval(%s, %s, %s)", [name, value, called])


def test_no_name_number_or_word_of_anybody_is_in_it(far_numbers):
    agency = factories.agency(name_fa="دستگاهنهان", name_en="Hiddenagency", slug="hidden-agency")
    round_ = judged_round(
        products=12, strengths="قوتنهان", improvements="بهبودنهان", note_to_staff="رازنهان",
        subject=lambda n: factories.subject(agency, title_fa=f"محصولنهان {n}", title_en=f"Hiddenproduct {n}"),
    )  # fmt: skip
    bundle = released(round_)
    secrets = {"نهان", "Hidden", "hidden", far_numbers, "یادداشت سنجش", "خانوادگی", "example.org", str(round_.code_salt), "user"}
    for name, text in texts(bundle).items():
        assert not [secret for secret in secrets if secret in text], name
    numbers = {row["product"] for row in rows(texts(bundle)["ratings.csv"])}
    assert numbers == {str(n) for n in range(1, 13)}


def test_the_numbers_of_products_do_not_tell_in_which_order_they_came():
    round_ = judged_round(products=12)
    values = list(Score.objects.filter(run=round_.run, part=None).order_by("entry").values_list("value", flat=True))
    printed = [row["value"] for row in rows(texts(released(round_))["scores.csv"]) if row["node"] == "root"]
    assert sorted(printed) == sorted(f"{value:.6f}" for value in values)
    assert printed != [f"{value:.6f}" for value in values]


def test_the_readme_speaks_both_languages():
    text = texts(released(judged_round(products=3, assessors=3, panel=3)))["README.md"]
    assert "میانگین سادهٔ هیئت" in text and "plain mean of the panel" in text
    assert text.count("python -m assessments.scoring verify round-") == 2


# ------------------------------------------------------------------ released once
def test_a_release_is_for_ever():
    officer = factories.officer()
    round_ = published(judged_round(products=3, assessors=3, panel=3))
    asked = bundles.ask_bundle(round_.pk, by=officer)
    assert bundles.ask_bundle(round_.pk, by=officer).pk == asked.pk
    made = bundles.make_bundle(asked.pk)
    assert (made.is_released, made.progress, made.size) == (True, 100, len(content(made)))
    assert bundles.make_bundle(asked.pk) is None
    with pytest.raises(RuleBroken, match=r"."):
        bundles.ask_bundle(round_.pk, by=officer)
    move = round_.moves.get(action="release")
    assert (move.by, move.why) == (officer, f"SHA-256 {made.sha256}")


def test_only_officers_release_and_only_what_is_published():
    round_ = judged_round(products=3, assessors=3, panel=3)
    with pytest.raises(RuleBroken):
        bundles.ask_bundle(round_.pk, by=factories.officer())
    published(round_)
    for person in (factories.user(), factories.representative(), factories.assessor().user):
        with pytest.raises(RuleBroken):
            bundles.ask_bundle(round_.pk, by=person)
    assert not RoundBundle.objects.exists()


def test_figures_that_do_not_follow_from_the_ratings_are_not_released():
    round_ = judged_round(products=3, assessors=3, panel=3)
    Score.objects.filter(run=round_.run, part=None).update(coverage=0.5)
    bundle = released(round_)
    assert (bundle.is_released, bundle.refused) == (False, "figures")
    assert not round_.moves.filter(action="release").exists()
    again = bundles.ask_bundle(round_.pk, by=None)
    assert (again.refused, again.progress) == ("", 0)


def test_ratings_changed_behind_the_portals_back_are_not_released():
    round_ = published(judged_round(products=3, assessors=3, panel=3))
    with pgtrigger.ignore("assessments.Rating:ratings_fit_on_update"):
        rating = Rating.objects.filter(state="scored").earliest("pk")
        Rating.objects.filter(pk=rating.pk).update(value=5 if rating.value < 5 else 1)
    assert released(round_).refused == "ratings"


def test_a_failure_is_told_and_raised(monkeypatch):
    round_ = published(judged_round(products=3, assessors=3, panel=3))
    asked = bundles.ask_bundle(round_.pk, by=None)
    monkeypatch.setattr(bundles.bundle, "pack", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bundles.make_bundle(asked.pk)
    asked.refresh_from_db()
    assert (asked.refused, asked.released_at) == ("broken", None)


def test_a_lost_message_is_swept_up_and_two_workers_make_it_once():
    round_ = published(judged_round(products=3, assessors=3, panel=3))
    asked = bundles.ask_bundle(round_.pk, by=None)
    tasks.sweep_bundles()  # its own message is still on its way
    RoundBundle.objects.update(asked_at=timezone.now() - timedelta(minutes=1), beat_at=timezone.now())
    tasks.sweep_bundles()  # a worker is at it
    asked.refresh_from_db()
    assert not asked.is_released
    RoundBundle.objects.update(beat_at=timezone.now() - timedelta(hours=1))
    tasks.sweep_bundles()
    asked.refresh_from_db()
    assert asked.is_released


# ------------------------------------------------------------------ what the database refuses
def test_the_database_keeps_a_release_as_it_is():
    bundle = released(judged_round(products=3, assessors=3, panel=3))
    for change in ({"sha256": "0" * 64}, {"progress": 50}):
        with refused("released_bundle_stays"):
            RoundBundle.objects.filter(pk=bundle.pk).update(**change)
    with refused("released_bundle_stays"):
        RoundBundle.objects.all().delete()


def test_the_database_takes_bundles_of_frozen_runs_only():
    run = factories.run(factories.round_("moderation"))
    with refused("bundle_is_of_a_frozen_run"):
        RoundBundle.objects.create(run=run, asked_at=timezone.now())


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("bundle_progress_is_percent", {"progress": 101}),
        ("bundle_refusal_known", {"refused": "mood"}),
        ("bundle_released_wholly", {"released_at": timezone.now()}),
        ("bundle_released_wholly", {"sha256": "a" * 64}),
        ("bundle_released_wholly", {"released_at": timezone.now(), "sha256": "x" * 64, "size": 1, "file": "a"}),
        (
            "bundle_released_wholly",
            {"released_at": timezone.now(), "sha256": "a" * 64, "size": 1, "file": "a", "refused": "broken"},
        ),
    ],
)
def test_the_database_takes_no_half_of_a_release(rule, fields):
    run = factories.published(factories.round_("moderation")).run
    with refused(rule):
        RoundBundle.objects.create(run=run, asked_at=timezone.now(), **fields)


# ------------------------------------------------------------------ the command
def test_the_command_writes_the_released_bytes_or_makes_them(tmp_path):
    round_ = judged_round(products=3, assessors=3, panel=3)
    before, after, out = tmp_path / "before.zip", tmp_path / "after.zip", io.StringIO()
    call_command("bundle", round_.pk, before, stdout=out)
    assert "not released" in out.getvalue()
    bundle = released(round_)
    call_command("bundle", round_.pk, after, stdout=out)
    assert bundle.sha256 in out.getvalue()
    assert after.read_bytes() == content(bundle)
    assert verified(before)[1]["reproduced"] is True


def test_the_command_says_what_is_wrong(tmp_path):
    with pytest.raises(CommandError, match="has no scores"):
        call_command("bundle", factories.round_().pk, tmp_path / "x.zip")
    round_ = judged_round(products=3, assessors=3, panel=3)
    with pytest.raises(CommandError, match="No such file"):
        call_command("bundle", round_.pk, tmp_path / "nowhere" / "x.zip")


# ------------------------------------------------------------------ the pages
def test_everybody_reads_how_a_published_round_was_computed(client, in_english, django_assert_max_num_queries):
    round_ = judged_round(products=12)
    address = reverse("round_public", args=[round_.pk])
    assert client.get(address).status_code == 404
    bundle = released(round_)
    with django_assert_max_num_queries(14):
        page = client.get(address)
    html = page.content.decode()
    assert page.status_code == 200
    for said in (bundle.sha256, round_.run.inputs_hash, f"verify {bundle.name}", "12 products", "Some assessors are stricter"):
        assert said in html
    for entry in Entry.objects.filter(round=round_).select_related("subject__agency"):
        assert entry.subject.title not in html and entry.subject.agency.name_en not in html
    assert "خانوادگی" not in html
    assert client.get(address, headers={"If-None-Match": page["ETag"]}).status_code == 304


def test_the_public_page_speaks_persian(client):
    round_ = published(judged_round(products=12))
    html = client.get(reverse("round_public", args=[round_.pk])).content.decode()
    assert "۱۲ محصول" in html and "داده‌های این دور هنوز منتشر نشده است" in html
    assert 'class="distribution-plot' in html


def test_of_few_products_no_picture_is_drawn_and_no_severity_spoken_of(client, in_english):
    round_ = published(judged_round(products=3, assessors=3, panel=3))
    html = client.get(reverse("round_public", args=[round_.pk])).content.decode()
    assert "distribution-plot" not in html and "no picture is drawn" in html
    assert "nothing is corrected" in html and "Some assessors are stricter" not in html


def test_separate_lists_are_told_apart(client, in_english):
    round_ = published(judged_round(products=14, assessors=8, panel=3, parts=2), separate_lists=True)
    html = client.get(reverse("round_public", args=[round_.pk])).content.decode()
    assert "No assessor joins the 2 parts" in html and "List 1" in html and "List 2" in html


def test_the_file_is_given_to_everybody_and_kept_by_caches(client):
    round_ = judged_round(products=3, assessors=3, panel=3)
    address = reverse("round_bundle_file", args=[round_.pk])
    assert client.get(address).status_code == 404
    published(round_)
    assert client.get(address).status_code == 404
    bundle = released(round_)
    answer = client.get(address)
    assert b"".join(answer.streaming_content) == content(bundle)
    assert (answer["Content-Type"], answer["Content-Length"]) == ("application/zip", str(bundle.size))
    assert bundle.name in answer["Content-Disposition"] and "public" in answer["Cache-Control"]
    assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_an_officer_releases_with_a_button_and_follows_the_work(
    client, in_english, django_capture_on_commit_callbacks, monkeypatch
):
    sent = []
    monkeypatch.setattr(tasks.make_bundle, "apply_async", lambda ids, **more: sent.append(ids))
    round_ = judged_round(products=3, assessors=3, panel=3)
    client.force_login(factories.officer())
    address = reverse("round_bundle", args=[round_.pk])
    assert client.get(address).url == round_.get_absolute_url()
    published(round_)
    first = client.get(address).content.decode()
    assert "Write the file and release it" in first and "may guess which product" in first
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(address).url == address
    asked = RoundBundle.objects.get()
    assert sent == [(asked.pk,)]
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" in part and "<html" not in part
    bundles.make_bundle(asked.pk)
    asked.refresh_from_db()
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" not in part and asked.sha256 in part
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address)
    assert len(sent) == 1
    assert reverse("round_public", args=[round_.pk]) in client.get(address).content.decode()


def test_a_refused_release_says_why(client, in_english):
    round_ = published(judged_round(products=3, assessors=3, panel=3))
    RoundBundle.objects.create(run=round_.run, asked_at=timezone.now(), refused="figures")
    client.force_login(factories.officer())
    html = client.get(reverse("round_bundle", args=[round_.pk])).content.decode()
    assert "do not follow from the ratings" in html and "Write the file and release it" in html


def test_the_programs_read_published_rounds(client):
    round_ = judged_round(products=3, assessors=3, panel=3)
    assert client.get("/api/v1/rounds/").json()["count"] == 0
    bundle = released(round_)
    told = client.get(f"/api/v1/rounds/{round_.pk}/").json()
    assert (told["method"], told["inputs_hash"], told["lists"]) == ("mean", round_.run.inputs_hash, 1)
    assert told["data"]["sha256"] == bundle.sha256 and told["data"]["url"].endswith(bundle.get_absolute_url())
    assert "fragile_assessors" not in told["summary"] and told["summary"]["products"] == 3
    assert Round.objects.get(pk=round_.pk).status == "published"
