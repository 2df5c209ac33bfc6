"""What assessors of a blind round get of a file: its nameless copy once that is made, nothing before, nothing of what is kept back."""

import hashlib
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from assessments.evidence import evidence_for
from products.models import NamelessCopy, Product
from products.selectors import makers
from products.services import nameless, screening, submission
from products.tasks import make_copies
from secretariat import uploads
from secretariat.errors import RuleBroken
from secretariat.models import Letter, Notice, RoleGrant
from secretariat.nameless import queue
from tests import factories, named_files, specimens
from tests.products.test_product_service import COMPLETE
from tests.refusal import refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
NAME = "Zargandeh-Press"


@pytest.fixture
def agency():
    return factories.agency(
        name_fa="انتشارات زرگنده", name_en="Zargandeh Press", slug="zargandeh", website="https://www.zargandeh.ir/"
    )


@pytest.fixture
def person(agency):
    return factories.representative(agency, first_name="بهمن", last_name="نامدارزاده", email="b@zargandeh-mail.ir")


@pytest.fixture
def draft(agency, person):
    return submission.start(agency, factories.product_kind(), by=person)


def attach(draft, person, content=None, name="انتشارات زرگنده.pdf"):
    return submission.attach(draft.pk, specimens.upload(content or named_files.pdf(NAME), name), by=person)


def hand_in(draft, person, **more):
    saved = submission.save_draft(draft.pk, {**COMPLETE, **more}, by=person, version=Product.objects.get(pk=draft.pk).version)
    return submission.submit(draft.pk, by=person, version=saved.version)


def accept(draft):
    Product.objects.filter(pk=draft.pk).update(status="accepted")


def judge(draft, status="accepted", **policy):
    round_ = factories.round_("open", **{"see_submitter": "never", **policy})
    return factories.assignment(factories.entry(round_, draft.subject), status=status)


def get(client, file, query=""):
    return client.get(reverse("product_file", args=[file.pk]) + query)


def whole(answer):
    return b"".join(answer.streaming_content)


# --- making ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", named_files.ALL)
def test_every_kind_gets_a_copy_beside_the_original(draft, person, extension):
    file = attach(draft, person, named_files.ALL[extension](NAME), f"a{extension}")
    hand_in(draft, person)
    make_copies()
    copy = NamelessCopy.objects.get(original=file)
    data = copy.file.open("rb").read()
    assert copy.status == "ready" and copy.original_sha256 == file.sha256 and copy.sha256 == hashlib.sha256(data).hexdigest()
    assert NAME.encode() not in named_files.everything(data) and len(data) == copy.size
    assert uploads.inspect(specimens.upload(data, f"a{extension}")).extension == file.extension
    assert hashlib.sha256(file.file.open("rb").read()).hexdigest() == file.sha256, "the original stays as it was"


def test_made_once_and_not_anew_for_the_next_version(draft, person):
    file = attach(draft, person)
    hand_in(draft, person)
    assert nameless.make_waiting() == 1 and nameless.make_waiting() == 0
    before = NamelessCopy.objects.get(original=file)
    Product.objects.filter(pk=draft.pk).update(status="returned")
    second = hand_in(draft, person, creators=[{"name": "سهراب تازه‌وارد", "role": ""}])
    assert nameless.make_waiting() == 1, "its words are looked through again, for the makers may be others now"
    after = NamelessCopy.objects.get(original=file)
    assert (after.file.name, after.made_at) == (before.file.name, before.made_at) and after.searched == second


def test_a_worker_makes_it_when_the_product_is_handed_in(worker, agency, person):
    draft = submission.start(agency, factories.product_kind(), by=person)
    attach(draft, person)
    hand_in(draft, person)
    worker.wait_for(lambda: NamelessCopy.objects.filter(status="ready").exists())


def test_two_workers_never_have_the_same_one(draft, person):
    attach(draft, person)
    hand_in(draft, person)
    (pk,) = NamelessCopy.objects.waiting().values_list("pk", flat=True)
    copies = NamelessCopy.objects.all()
    assert queue.claimed(copies, pk) is not None and queue.claimed(copies, pk) is None


def test_a_worker_that_died_leaves_it_for_the_next(draft, person):
    attach(draft, person)
    hand_in(draft, person)
    NamelessCopy.objects.update(tries=1, next_try_at=timezone.now() + queue.LEASE)
    assert nameless.make_waiting() == 0
    NamelessCopy.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
    assert nameless.make_waiting() == 1


def test_lost_bytes_are_tried_again_but_not_for_ever(draft, person):
    file = attach(draft, person)
    hand_in(draft, person)
    bytes_of_it, name = file.file.open("rb").read(), file.file.name
    file.file.storage.delete(name)
    factories.officer(email="o@example.org")
    for _again in range(queue.MOST_TRIES):
        NamelessCopy.objects.update(next_try_at=timezone.now())
        assert nameless.make_waiting() == 0
    copy = NamelessCopy.objects.get()
    assert copy.status == "failed" and copy.given_up_at and not NamelessCopy.objects.waiting().exists()
    assert Notice.objects.filter(kind="nameless_failed").count() == 1
    assert bytes_of_it


def test_a_file_that_cannot_be_freed_of_names_is_withheld_and_officers_are_told(client, draft, person):
    officer = factories.officer()
    file = attach(draft, person, named_files.packed({
        "[Content_Types].xml": specimens_types(), "_rels/.rels": "<Relationships/>", "word/document.xml": "<a><![CDATA[x]]></a>",
    }, NAME), "a.docx")  # fmt: skip
    hand_in(draft, person)
    nameless.make_waiting()
    assert NamelessCopy.objects.get().status == "failed"
    assert Notice.objects.filter(
        user=officer, kind="nameless_failed", link=reverse("product_file_sight", args=[file.pk])
    ).exists()
    accept(draft)
    client.force_login(judge(draft).assessor.user)
    assert get(client, file).status_code == 404
    client.force_login(officer)
    assert "could not be prepared" in client.get(reverse("screening_form", args=[draft.pk])).text


def specimens_types():
    return '<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'


# --- giving ------------------------------------------------------------------------------------------


def test_before_it_is_made_the_assessor_is_told_so_and_gets_nothing(client, draft, person):
    file = attach(draft, person)
    hand_in(draft, person)
    accept(draft)
    assignment = judge(draft)
    client.force_login(assignment.assessor.user)
    page = client.get(reverse("assessment_form", args=[assignment.pk])).text
    assert "is being prepared" in page and "file 1.pdf" in page and reverse("product_file", args=[file.pk]) not in page
    assert get(client, file).status_code == 404
    nameless.make_waiting()
    page = client.get(reverse("assessment_form", args=[assignment.pk])).text
    assert "is being prepared" not in page and reverse("product_file", args=[file.pk]) in page


def test_who_judges_blind_gets_the_copy_and_the_others_the_original(client, draft, person):
    file = attach(draft, person)
    original = file.file.open("rb").read()
    hand_in(draft, person)
    accept(draft)
    nameless.make_waiting()
    copy = NamelessCopy.objects.get(original=file).file.open("rb").read()
    blind, open_ = judge(draft), judge(draft, see_submitter="always")
    for user, name, content in (
        (blind.assessor.user, "file 1.pdf", copy),
        (open_.assessor.user, file.name, original),
        (person, file.name, original),
        (factories.officer(), file.name, original),
    ):
        client.force_login(user)
        answer = get(client, file)
        assert whole(answer) == content
        assert ("file 1.pdf" in answer["Content-Disposition"]) is (name == "file 1.pdf")
        assert int(answer["Content-Length"]) == len(content)


def test_an_officer_sees_what_assessors_get_and_nobody_else_may_ask(client, draft, person):
    file = attach(draft, person)
    hand_in(draft, person)
    client.force_login(factories.officer())
    assert get(client, file, "?as=assessor").status_code == 404  # not yet made
    nameless.make_waiting()
    answer = get(client, file, "?as=assessor&show=1")
    assert "file 1.pdf" in answer["Content-Disposition"] and NAME.encode() not in named_files.everything(whole(answer))
    client.force_login(person)
    assert "file 1.pdf" not in get(client, file, "?as=assessor")["Content-Disposition"]


@pytest.mark.parametrize(
    ("sight", "before", "after"), [("never", True, True), ("after_own", True, False), ("always", False, False)]
)
def test_the_round_says_when_the_maker_is_shown(client, draft, person, sight, before, after):
    file = attach(draft, person)
    hand_in(draft, person)
    accept(draft)
    nameless.make_waiting()
    for status, blind in (("accepted", before), ("submitted", after)):
        assignment = judge(draft, status, see_submitter=sight)
        client.force_login(assignment.assessor.user)
        assert ("file 1.pdf" in get(client, file)["Content-Disposition"]) is blind, status


@pytest.mark.parametrize("status", ["offered", "declined", "withdrawn"])
def test_who_is_not_on_the_panel_gets_no_file(client, draft, person, status):
    file = attach(draft, person)
    hand_in(draft, person)
    accept(draft)
    nameless.make_waiting()
    client.force_login(judge(draft, status).assessor.user)
    assert get(client, file).status_code == 404


def test_parts_of_a_nameless_film(client, draft, person):
    file = attach(draft, person, named_files.mp4(NAME), "film.mp4")
    hand_in(draft, person)
    accept(draft)
    nameless.make_waiting()
    copy = NamelessCopy.objects.get().file.open("rb").read()
    client.force_login(judge(draft).assessor.user)
    answer = client.get(reverse("product_file", args=[file.pk]), headers={"range": "bytes=10-500"})
    assert (answer.status_code, whole(answer)) == (206, copy[10:501])


# --- names within ------------------------------------------------------------------------------------


def test_all_names_of_the_maker_are_known(draft, person, agency):
    unit = agency.units.create(kind="directorate", name_fa="معاونت نشر زرنگار", name_en="Zarnegar office")
    version = hand_in(
        draft,
        person,
        answers={**COMPLETE["answers"], "unit": str(unit.pk)},
        creators=[{"name": "مینا کاتب‌زاده", "role": "نویسنده"}],
    )
    RoleGrant.objects.create(
        user=factories.user(first_name="پیمان", last_name="گمنام", email="p@gmail.com"), role="representative", agency=agency
    )
    names = makers.makers_names(version)
    assert {
        "انتشارات زرگنده",
        "Zargandeh Press",
        "zargandeh",
        "zargandeh.ir",
        "zargandeh-mail.ir",
        "مینا کاتب‌زاده",
        "معاونت نشر زرنگار",
    } <= set(names)
    assert any("نامدارزاده" in name for name in names) and "gmail.com" not in names


def test_a_name_on_a_page_is_shown_to_the_screening_officer(client, draft, person):
    attach(draft, person, named_files.text_pdf("چاپ نخست، انتشارات زرگنده، تهران"))
    hand_in(draft, person, answers={**COMPLETE["answers"], "summary": "کتابی از انتشارات زرگنده"})
    client.force_login(factories.officer())
    page = client.get(reverse("screening_form", args=[draft.pk])).text
    assert "is being prepared" in page and "Answers name their maker" in page
    nameless.make_waiting()
    page = client.get(reverse("screening_form", args=[draft.pk])).text
    assert "It names its maker:" in page and "page 1" in page
    (sight,) = makers.sights(draft.versions.get())
    assert [(find.word, find.place) for find in sight.finds] == [("انتشارات زرگنده", "page 1")] and sight.wants_a_look


def test_screening_asks_whether_it_can_be_judged_blind(draft, person):
    version = hand_in(draft, person)
    answers = dict.fromkeys(screening.CHECKLIST, "yes")
    with pytest.raises(RuleBroken, match="checklist"):
        screening.screen(version.pk, "accept", {**answers, "nameless": "no"}, {}, "", by=factories.officer())
    screening.screen(version.pk, "accept", {**answers, "nameless": "not_needed"}, {}, "", by=factories.officer())


def test_a_name_found_after_screening_is_told(draft, person):
    officer = factories.officer()
    file = attach(draft, person, named_files.text_pdf("انتشارات زرگنده"))
    version = hand_in(draft, person)
    screening.screen(version.pk, "accept", dict.fromkeys(screening.CHECKLIST, "yes"), {}, "", by=officer)
    nameless.make_waiting()
    assert Notice.objects.filter(user=officer, kind="nameless_names", link=reverse("product_file_sight", args=[file.pk])).exists()


# --- keeping back ------------------------------------------------------------------------------------


@pytest.fixture
def named(draft, person):
    file = attach(draft, person, named_files.text_pdf("انتشارات زرگنده"))
    hand_in(draft, person)
    accept(draft)
    nameless.make_waiting()
    return file


def test_an_officer_keeps_a_file_back_with_a_reason_that_its_agency_reads(client, draft, named, person):
    assignment, officer = judge(draft), factories.officer()
    client.force_login(officer)
    page = reverse("product_file_sight", args=[named.pk])
    assert client.get(page).status_code == 200
    answer = client.post(page, {"why": "در برگ نخست نام ناشر است"})
    assert answer.status_code == 302 and "در برگ نخست نام ناشر است" in client.get(page).text
    letter = Letter.objects.get(to=person.email)
    assert "در برگ نخست نام ناشر است" in letter.text
    client.force_login(assignment.assessor.user)
    assert get(client, named).status_code == 404
    shown = client.get(reverse("assessment_form", args=[assignment.pk])).text
    assert "keeps this file back" in shown and "نام ناشر" not in shown and reverse("product_file", args=[named.pk]) not in shown
    client.force_login(judge(draft, see_submitter="always").assessor.user)
    assert get(client, named).status_code == 200, "who may know the maker may read it"
    client.force_login(officer)
    client.post(reverse("product_file_give_out", args=[named.pk]))
    assert "given out again" in client.get(page).text and "در برگ نخست نام ناشر است" in client.get(page).text
    client.force_login(assignment.assessor.user)
    assert get(client, named).status_code == 200


def test_without_a_reason_it_stays_and_what_is_wrong_is_said(client, named):
    client.force_login(factories.officer())
    answer = client.post(reverse("product_file_sight", args=[named.pk]), {"why": "  "})
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text
    assert not NamelessCopy.objects.get().is_hidden
    with pytest.raises(RuleBroken, match="reason"):
        nameless.keep_back(named.pk, by=factories.officer(), why=" ")


def test_twice_is_refused_in_words(client, named):
    officer = factories.officer()
    with pytest.raises(RuleBroken, match="not kept back"):
        nameless.give_out(named.pk, by=officer)
    nameless.keep_back(named.pk, by=officer, why="نام")
    with pytest.raises(RuleBroken, match="already"):
        nameless.keep_back(named.pk, by=officer, why="نام")
    client.force_login(officer)
    client.post(reverse("product_file_give_out", args=[named.pk]))
    assert "not kept back" in client.get(client.post(reverse("product_file_give_out", args=[named.pk])).url).text


@pytest.mark.parametrize("name", ["product_file_sight", "product_file_give_out"])
def test_only_officers_decide(client, named, person, draft, name):
    url = reverse(name, args=[named.pk])
    assert client.post(url).url.startswith(reverse("sign_in"))
    for stranger in (person, factories.representative(), judge(draft).assessor.user):
        client.force_login(stranger)
        assert client.post(url, {"why": "x"}).status_code == 404
        with pytest.raises(RuleBroken):
            nameless.keep_back(named.pk, by=stranger, why="x")
    client.force_login(factories.officer())
    assert client.post(reverse(name, args=[0]), {"why": "x"}).status_code == 404


def test_a_file_that_was_never_handed_in_has_nothing_to_decide(client, draft, person):
    file = attach(draft, person)
    client.force_login(factories.officer())
    assert client.get(reverse("product_file_sight", args=[file.pk])).status_code == 404
    assert client.post(reverse("product_file_give_out", args=[file.pk])).status_code == 404


# --- what the evidence says ----------------------------------------------------------------------------


def test_links_to_the_maker_s_own_site_are_no_evidence_for_who_judges_blind(draft, person):
    links = [
        {"url": "https://opac.zargandeh.ir/1", "label": "سایت"},
        {"url": "https://elsewhere.example.com/", "label": "انتشارات زرگنده"},
    ]
    hand_in(draft, person, links=links)
    shown = evidence_for(draft.subject, blind=True).links
    assert shown == [("link 1", "https://elsewhere.example.com/")]
    assert len(evidence_for(draft.subject, blind=False).links) == 2


# --- what the database refuses -----------------------------------------------------------------------


def test_the_database_keeps_copies_true(draft, person):
    attach(draft, person)
    version = hand_in(draft, person)
    Product.objects.filter(pk=draft.pk).update(status="returned")
    never_handed_in = attach(draft, person, specimens.picture(), "b.png")
    row = NamelessCopy.objects.all()
    made = {"status": "ready", "file": "nameless/x", "sha256": "1" * 64, "size": 1, "made_at": timezone.now()}
    with refused("nameless_state_known"):
        row.update(status="lost")
    with refused("ready_copy_has_its_bytes"):
        row.update(**{**made, "original_sha256": row.get().original.sha256, "size": 0})
    with refused("copy_is_of_its_original"):
        row.update(**made, original_sha256="2" * 64)
    with refused("copy_is_of_its_original"):
        NamelessCopy.objects.create(original=never_handed_in, version=version)
    with refused("kept_back_by_somebody"):
        row.update(hidden_why="نام")
    nameless.make_waiting()
    with refused("made_copy_stays"):
        row.update(sha256="0" * 64)
