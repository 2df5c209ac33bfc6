"""Programmes: written, proposed, accepted, shown to assessors blind and not, entered into rounds; and who may see them."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.evidence import evidence_for
from assessments.models import Entry, Programme, ProgrammeCopy, ProgrammeFile, Round, Subject
from assessments.selectors import programmes as selectors
from assessments.services import programme_copies, programmes, rounds
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from tests import factories, specimens
from tests.assessments import reviewing as make
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english(in_english, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def page(client, user, name, *args):
    client.force_login(user)
    return client.get(reverse(name, args=args))


def posted(**words):
    said = {**make.WORDS, "starts_on": "1404/01/01", "ends_on": "1404/06/01", **words}
    return {name: str(value) for name, value in said.items()}


# --- services ------------------------------------------------------------------------------------


def test_an_agency_proposes_and_an_officer_accepts():
    made, user = make.written()
    officer = factories.officer()
    assert not Programme.objects.visible_to(officer).filter(pk=made.pk).exists()
    programmes.propose(made.pk, by=user)
    assert Notice.objects.filter(user=officer, kind="programme_proposed").exists()
    with pytest.raises(RuleBroken):
        programmes.save(made.pk, by=user, version=2, aims="دیگر")
    with pytest.raises(RuleBroken):
        programmes.accept(made.pk, by=user)
    done = programmes.accept(made.pk, by=officer, set_id=factories.published_set().set_id)
    assert done.status == "accepted" and Notice.objects.filter(user=user, kind="programme_accepted").exists()
    assert [move.action for move in done.moves.all()] == ["propose", "accept"]
    assert Subject.objects.get(pk=done.subject_id).title_en == "Mobile library"


def test_a_proposal_is_returned_with_a_reason_and_proposed_anew():
    made, user = make.written()
    programmes.propose(made.pk, by=user)
    with pytest.raises(RuleBroken):
        programmes.give_back(made.pk, by=factories.officer(), why="")
    programmes.give_back(made.pk, by=factories.officer(), why="گزارش کوتاه است")
    made.refresh_from_db()
    programmes.save(made.pk, by=user, version=made.version, report="گزارش بلندتر")
    assert programmes.propose(made.pk, by=user).status == "proposed"


def test_what_is_missing_is_not_proposed():
    agency = factories.agency()
    user = factories.representative(agency)
    made = programmes.start(agency, by=user, by_agency=True)
    programmes.save(made.pk, by=user, version=1, title_fa="نام")
    with pytest.raises(RuleBroken, match="Still missing"):
        programmes.propose(made.pk, by=user)


def test_the_secretariat_has_programmes_of_its_own():
    made, officer = make.of_secretariat()
    assert made.agency.slug == "secretariat" and not made.agency.is_member
    done = programmes.accept(made.pk, by=officer, set_id=factories.published_set().set_id)
    assert [move.action for move in done.moves.all()] == ["adopt"]
    with pytest.raises(RuleBroken):
        programmes.start(factories.agency(), by=factories.representative(), by_agency=False)


def test_an_agencys_words_are_its_own():
    made, user = make.written()
    programmes.propose(made.pk, by=user)
    accepted = programmes.accept(made.pk, by=factories.officer(), set_id=factories.published_set().set_id)
    with pytest.raises(RuleBroken):
        programmes.save(made.pk, by=factories.officer(), version=accepted.version, aims="از ما")
    with pytest.raises(Programme.DoesNotExist):
        programmes.save(made.pk, by=factories.representative(), version=accepted.version, aims="از دیگری")


def test_two_windows_and_the_history_of_what_was_saved():
    made, user = make.written()
    programmes.save(made.pk, by=user, version=2, aims="هدف تازه")
    with pytest.raises(Stale):
        programmes.save(made.pk, by=user, version=2, aims="هدف دیگر")
    programmes.keep_typed(made.pk, {"aims": "در حال نوشتن"}, by=user, version=3)
    made.refresh_from_db()
    (edit, first) = selectors.history(made)
    assert [(change.before, change.after) for change in edit.changes] == [("کتاب به روستا برسد.", "هدف تازه")]
    assert len(first.changes) == 9 and made.draft == {"aims": "در حال نوشتن"}


def test_a_programme_enters_a_round_judged_by_its_set_alone():
    set_ = factories.published_set()
    made = make.accepted(set_=set_.set)
    round_, officer = factories.round_(), factories.officer()
    (entry,), left_out = programmes.add_programmes(round_.pk, [made.pk], by=officer)
    assert [(part.version, part.weight) for part in entry.sheet.parts.all()] == [(set_, 100)] and left_out == []
    entries, left_out = programmes.add_programmes(round_.pk, [made.pk], by=officer)
    assert entries == [] and "already" in left_out[0][1]
    other = make.accepted(set_=factories.published_set().set)
    other.indicator_set.versions.update(status="retired")
    entries, left_out = programmes.add_programmes(round_.pk, [other.pk], by=officer)
    assert entries == [] and "no published version" in left_out[0][1]


def test_a_withdrawn_programme_leaves_its_rounds():
    entry = make.entered()
    programme = entry.subject.programme
    user = programme.created_by
    programmes.withdraw(programme.pk, by=user, why="برنامه تغییر کرد")
    entry.refresh_from_db()
    assert entry.excluded_at and Programme.objects.get().status == "withdrawn"


# --- evidence ------------------------------------------------------------------------------------


def test_evidence_for_those_who_know_and_those_who_judge_blind():
    agency = factories.agency(name_en="Telling Agency", name_fa="دستگاه گویا", website="https://www.telling.ir/")
    made, user = make.written(agency, links="https://telling.ir/a\nhttps://example.org/b")
    programmes.attach(made.pk, specimens.upload(specimens.pdf(text="Telling Agency"), "گزارش گویا.pdf"), by=user)
    open_, blind = evidence_for(made.subject, blind=False), evidence_for(made.subject, blind=True)
    assert "Telling Agency" in str(open_) and open_.files[0].name == "گزارش گویا.pdf"
    told = str(blind)
    assert "Telling" not in told and "گویا" not in told and "telling.ir" not in told
    assert blind.links == [("link 1", "https://example.org/b")]
    assert blind.files[0].name == "file 1.pdf" and blind.files[0].url == "" and "being prepared" in blind.files[0].note
    assert programme_copies.make_waiting() == 1
    ready = evidence_for(made.subject, blind=True).files[0]
    assert ready.url and not ready.note
    with ProgrammeCopy.objects.get().file.open("rb") as copy:
        assert b"Telling" not in copy.read()
    assert programme_copies.make_waiting() == 0


def test_what_cannot_be_freed_of_its_maker_is_kept_back():
    made, user = make.written()
    file = programmes.attach(made.pk, specimens.upload(specimens.pdf()), by=user)
    with open(file.file.path, "wb") as stored:
        stored.write(b"%PDF- something else")
    assert programme_copies.make_waiting() == 0
    assert ProgrammeCopy.objects.get().status == "failed"
    assert "kept back" in evidence_for(made.subject, blind=True).files[0].note


def test_an_officer_is_told_which_names_a_blind_round_would_read():
    agency = factories.agency(name_fa="سازمان روشن‌بین")
    made, user = make.written(agency, report="سازمان روشن‌بین هفت واحد سیار داشت.")
    assert [find.word for find in selectors.names_told(made)] == ["سازمان روشن‌بین"]
    programmes.propose(made.pk, by=user)


@pytest.mark.parametrize("blind", [False, True])
def test_files_are_given_to_whom_they_concern(client, blind):
    made, user = make.written()
    file = programmes.attach(made.pk, specimens.upload(specimens.pdf(), "نام.pdf"), by=user)
    programme_copies.make_waiting()
    programmes.propose(made.pk, by=user)
    programmes.accept(made.pk, by=factories.officer(), set_id=factories.published_set().set_id)
    round_ = factories.round_(status="open", **({"see_submitter": "never"} if blind else {"see_submitter": "always"}))
    (entry,), _left = programmes.add_programmes(round_.pk, [made.pk], by=factories.officer())
    judge = factories.assignment(entry).assessor.user
    offered = factories.assignment(entry, status="offered").assessor.user
    for stranger in (offered, factories.assessor().user, factories.representative()):
        assert page(client, stranger, "programme_file", file.pk).status_code == 404
    for reader in (user, factories.officer()):
        assert "%D9%86" in page(client, reader, "programme_file", file.pk)["Content-Disposition"]
    given = page(client, judge, "programme_file", file.pk)
    assert given.status_code == 200 and ("%D9%86" not in given["Content-Disposition"]) == blind
    assert page(client, judge, "programme_detail", made.pk).status_code == 404


# --- what the database refuses -------------------------------------------------------------------


def test_a_programme_stays_as_its_assessors_read_it():
    entry = make.entered()
    programme = entry.subject.programme
    Programme.objects.filter(pk=programme.pk).update(aims="هنوز کسی نخوانده")
    Round.objects.filter(pk=entry.round_id).update(status="open")
    with refused("programme_stays_as_it_was_read"):
        Programme.objects.filter(pk=programme.pk).update(aims="دیگر")
    fields = {
        "programme": programme,
        "name": "x",
        "extension": ".pdf",
        "content_type": "x",
        "size": 1,
        "sha256": "x",
        "file": "x",
    }
    with refused("files_stay_as_they_were_read"):
        ProgrammeFile.objects.create(position=1, **fields)


def test_programmes_stand_within_their_bounds():
    made, user = make.written()
    rows = Programme.objects.filter(pk=made.pk)
    for rule, change in (
        ("programme_status_known", {"status": "other"}),
        ("proposed_programme_has_a_title", {"status": "proposed", "title_fa": ""}),
        ("accepted_programme_has_its_set", {"status": "accepted"}),
        ("programme_ends_after_it_begins", {"ends_on": "1403-01-01"}),
        ("subject_and_programme_share_their_agency", {"agency": factories.agency()}),
    ):
        with refused(rule):
            rows.update(**change)
    file = programmes.attach(made.pk, specimens.upload(specimens.pdf()), by=user)
    with refused("uploaded_file_stays"):
        sql("UPDATE assessments_programmefile SET name = 'other'")
    copy = {name: getattr(file, name) for name in ("name", "extension", "content_type", "size", "sha256")}
    with refused("file_once_in_a_programme"):
        ProgrammeFile.objects.create(programme=made, position=2, file="x", **copy)
    with refused("one_file_a_place_in_a_programme"):
        ProgrammeFile.objects.create(programme=made, position=1, file="x", **{**copy, "sha256": "1"})
    with refused("programmefile_not_empty"):
        ProgrammeFile.objects.create(programme=made, position=2, file="x", **{**copy, "sha256": "1", "size": 0})
    with refused("programme_copy_ready_exactly_with_its_bytes"):
        ProgrammeCopy.objects.update(status="ready")
    programmes.propose(made.pk, by=user)
    with refused("append_only"):
        made.moves.update(why="x")


# --- pages ---------------------------------------------------------------------------------------


def test_an_agency_writes_its_programme(client):
    agency = factories.agency()
    user = factories.representative(agency)
    client.force_login(user)
    assert client.get(reverse("programme_list")).status_code == 200
    assert client.get(reverse("programme_new")).status_code == 200
    wrong = client.post(reverse("programme_new"), {"agency": factories.agency().pk})
    assert wrong.status_code == 422
    answer = client.post(reverse("programme_new"), {"agency": agency.pk})
    made = Programme.objects.get()
    edit = reverse("programme_edit", args=[made.pk])
    assert answer.url == edit and made.by_agency
    bad = client.post(edit, posted(version=1, ends_on="1403/01/01", links="سایت ما", title_fa="می‌ماند"))
    told = bad.content.decode()
    assert bad.status_code == 422 and "before the beginning" in told and "no web address" in told and "می‌ماند" in told
    with_file = {**posted(version=1), "then": "read", "file": specimens.upload(specimens.pdf(), "سند.pdf")}
    assert client.post(edit, with_file).url == made.get_absolute_url()
    shown = client.get(made.get_absolute_url()).content.decode()
    assert "سند.pdf" in shown and "هفت واحد سیار" in shown
    stale = client.post(edit, posted(version=1, aims="دیگر"))
    assert stale.status_code == 422 and "Saved meanwhile" in stale.content.decode()
    file = ProgrammeFile.objects.get()
    client.post(reverse("programme_file_remove", args=[file.pk]))
    file.refresh_from_db()
    assert file.removed_at is not None
    assert "صد میلیون ریال" in client.get(reverse("programme_history", args=[made.pk])).content.decode()


def test_autosave_keeps_what_is_typed_word_for_word(client):
    made, user = make.written()
    client.force_login(user)
    url = reverse("programme_autosave", args=[made.pk])
    assert client.get(url).status_code == 405
    kept = client.post(url, posted(version=2, starts_on="نامعلوم", aims="نیمه"))
    assert json.loads(kept.content)["version"] == 2
    shown = client.get(reverse("programme_edit", args=[made.pk])).content.decode()
    assert "نامعلوم" in shown and "نیمه" in shown
    assert client.post(url, posted(version=1)).status_code == 409
    programmes.propose(made.pk, by=user)
    assert client.post(url, posted(version=2)).status_code == 422


def test_the_moves_of_a_programme(client):
    made, user = make.written()
    officer, set_ = factories.officer(), factories.published_set().set
    client.force_login(user)
    propose = reverse("programme_move", args=[made.pk, "propose"])
    assert client.get(propose).status_code == 200
    assert client.post(propose).url == made.get_absolute_url()
    assert client.get(propose).status_code == 302
    assert client.post(propose).status_code == 422
    assert client.get(reverse("programme_edit", args=[made.pk])).status_code == 302
    assert client.post(reverse("programme_move", args=[made.pk, "accept"])).status_code == 404
    client.force_login(officer)
    back = reverse("programme_move", args=[made.pk, "return"])
    assert client.post(back, {"why": ""}).status_code == 422
    assert client.post(back, {"why": "کوتاه است"}).status_code == 302
    assert "کوتاه است" in page(client, user, "programme_detail", made.pk).content.decode()
    client.post(propose)
    client.force_login(officer)
    accept = reverse("programme_move", args=[made.pk, "accept"])
    assert client.get(accept).status_code == 200
    assert client.post(accept, {"indicator_set": 0}).status_code == 422
    assert client.post(accept, {"indicator_set": set_.pk}).status_code == 302
    made.refresh_from_db()
    assert made.status == "accepted" and made.indicator_set == set_
    client.force_login(user)
    assert client.post(reverse("programme_move", args=[made.pk, "withdraw"]), {"why": "پایان"}).status_code == 302
    assert client.get(reverse("programme_move", args=[made.pk, "nothing"])).status_code == 404


def test_strangers_find_no_programme(client):
    made, user = make.written()
    file = programmes.attach(made.pk, specimens.upload(specimens.pdf()), by=user)
    addresses = [("programme_detail", [made.pk]), ("programme_edit", [made.pk]), ("programme_autosave", [made.pk]), ("programme_history", [made.pk]),
                 ("programme_move", [made.pk, "propose"]), ("programme_file", [file.pk]), ("programme_file_remove", [file.pk])]  # fmt: skip
    for stranger in (factories.representative(), factories.assessor().user, factories.officer()):
        client.force_login(stranger)
        for name, args in addresses:
            for method in (client.get, client.post):
                assert method(reverse(name, args=args)).status_code in (404, 405), name
    client.logout()
    for name, args in addresses:
        assert "/sign-in/" in client.post(reverse(name, args=args)).url
    client.force_login(factories.assessor().user)
    for name in ("programme_list", "programme_new"):
        assert client.get(reverse(name)).status_code == 404


def test_an_officer_enters_programmes_into_a_round(client):
    round_, made = factories.round_(), make.accepted()
    client.force_login(factories.officer())
    url = reverse("round_add_programmes", args=[round_.pk])
    assert "Mobile library" in client.get(url).content.decode()
    assert client.post(url, {}).status_code == 422
    assert client.post(url, {"programmes": [made.pk]}).url == round_.get_absolute_url()
    assert Entry.objects.get().subject == made.subject
    assert "No accepted programme" in client.get(url).content.decode()
    assert page(client, made.created_by, "round_add_programmes", round_.pk).status_code == 404
    Round.objects.filter(pk=round_.pk).update(status="cancelled")
    client.force_login(factories.officer())
    assert client.get(url).status_code == 302


def test_a_result_is_told_to_the_agency_only_when_it_is_published(client):
    entry = make.entered(factories.round_(status="open"))
    programme = entry.subject.programme
    for _n in range(3):
        factories.submitted_assessment(entry, 4)
    factories.score(entry, 71.5)
    officer, agency = factories.officer(), programme.created_by
    assert "71.5" in page(client, officer, "programme_detail", programme.pk).content.decode()
    assert "71.5" not in page(client, agency, "programme_detail", programme.pk).content.decode()
    factories.published(entry.round)
    shown = page(client, agency, "programme_detail", programme.pk).content.decode()
    assert "71.5" in shown and "3 assessments submitted" in shown
    assert page(client, agency, "entry_scores", entry.pk).status_code == 200


def test_the_list_costs_the_same_for_many(client):
    client.force_login(factories.officer())

    def asked():
        client.get(reverse("programme_list"))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("programme_list")).status_code == 200
        return len(queries)

    make.of_secretariat()
    few = asked()
    for _n in range(8):
        made, user = make.written()
        programmes.propose(made.pk, by=user)
    assert asked() == few <= 12


def test_the_desk_names_what_waits(client):
    made, user = make.written()
    assert "Mobile library" in page(client, user, "desk").content.decode()
    programmes.propose(made.pk, by=user)
    assert "Programmes to accept" in page(client, factories.officer(), "desk").content.decode()


def test_a_round_with_a_programme_is_run_like_any_other():
    """From the panel to the published result by the services that serve products."""
    officer, round_ = factories.officer(), factories.round_()
    entry = make.entered(round_)
    rounds.move_round(round_.pk, "open", by=officer)
    tied = factories.assessor()
    tied.affiliations.create(agency=entry.subject.agency)
    with pytest.raises(RuleBroken):
        rounds.assign(entry.pk, tied.pk, by=officer)
    for _n in range(3):
        assignment = rounds.assign(entry.pk, factories.assessor().pk, by=officer)
        assert assignment.status == "offered" and assignment.offered_at <= timezone.now()
