"""The agency's side as services: drafts kept word for word, versions that never change, nothing by halves."""

import pytest

from products import content
from products.models import KindField, Product, ProductFile, SubmissionVersion
from products.services import submission
from products.services.submission import NotReady, attach, detach, save_draft, start, submit, withdraw
from secretariat.digests import digest
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from tests import factories, specimens
from tests.together import at_once

pytestmark = pytest.mark.django_db

COMPLETE = {
    "answers": {
        "title_fa": "كتاب  علي",
        "title_en": "The book of Ali",
        "summary": "خلاصه‌ای از كتاب ۱۲۳ 🎬",
        "audience": "general",
        "starts_on": "۱۴۰۳/۰۲/۰۱",
    },
    "creators": [{"name": "سارا يوسفي", "role": "نويسنده"}, {"name": "", "role": " "}],
    "links": [{"url": "example.org/book", "label": "صفحه کتاب"}],
}


@pytest.fixture
def agency():
    return factories.agency()


@pytest.fixture
def person(agency):
    return factories.representative(agency)


@pytest.fixture
def draft(agency, person):
    return start(agency, factories.product_kind(), by=person)


def handed_in(product, person, **data):
    product = save_draft(product.pk, {**COMPLETE, **data}, by=person, version=product.version)
    return submit(product.pk, by=person, version=product.version)


def test_start_opens_a_draft_at_once(draft, agency, person):
    assert (draft.status, draft.agency, draft.created_by, draft.subject.agency) == ("draft", agency, person, agency)


def test_start_refuses_strangers_and_those_outside(agency):
    kind = factories.product_kind()
    with pytest.raises(RuleBroken):
        start(agency, kind, by=factories.representative())
    with pytest.raises(RuleBroken):
        start(agency, kind, by=factories.officer())
    outside = factories.agency(is_member=False)
    with pytest.raises(RuleBroken):
        start(outside, kind, by=factories.representative(outside))
    with pytest.raises(RuleBroken):
        start(agency, factories.product_kind(is_active=False), by=factories.representative(agency))
    assert not Product.objects.exists()


def test_the_draft_keeps_what_was_typed_and_columns_follow_what_can_be_read(draft, person):
    data = {
        "answers": {"title_fa": "كتاب  علي", "starts_on": "روز اول", "ends_on": "1403/01/05"},
        "links": [{"url": "not a link"}],
    }
    saved = save_draft(draft.pk, data, by=person, version=draft.version)
    saved.refresh_from_db()
    assert saved.draft["answers"] == data["answers"]
    assert saved.draft["links"] == [{"url": "not a link", "label": ""}]
    assert saved.title_fa == "کتاب علی" and saved.subject.title_fa == "کتاب علی"
    assert saved.starts_on is None and str(saved.ends_on) == "1403-01-05"
    assert saved.version == draft.version + 1 and saved.changed_by == person


def test_a_partial_save_leaves_the_rest_alone(draft, person):
    saved = save_draft(draft.pk, COMPLETE, by=person, version=draft.version)
    saved = save_draft(saved.pk, {"answers": {"title_en": "Other"}}, by=person, version=saved.version)
    assert saved.draft["answers"]["title_fa"] == COMPLETE["answers"]["title_fa"]
    assert len(saved.draft["creators"]) == 1


def test_days_that_contradict_do_not_break_the_draft(draft, person):
    data = {"answers": {"title_fa": "آ", "starts_on": "1403/05/01", "ends_on": "1403/04/01"}}
    saved = save_draft(draft.pk, data, by=person, version=draft.version)
    assert saved.ends_on is None and saved.draft["answers"]["ends_on"] == "1403/04/01"


def test_what_the_database_cannot_hold_is_left_out(draft, person):
    saved = save_draft(draft.pk, {"answers": {"title_fa": "a\x00b\ud800c"}}, by=person, version=draft.version)
    assert Product.objects.get(pk=saved.pk).draft["answers"]["title_fa"] == "ab?c"


def test_ten_megabytes_in_a_field_are_refused_and_change_nothing(draft, person):
    with pytest.raises(RuleBroken):
        save_draft(draft.pk, {"answers": {"summary": "س" * 10_000_000}}, by=person, version=draft.version)
    assert Product.objects.get(pk=draft.pk).draft == {}


def test_too_many_rows_are_refused(draft, person):
    with pytest.raises(RuleBroken):
        save_draft(draft.pk, {"creators": [{"name": "a"}] * 61}, by=person, version=draft.version)


def test_a_stale_save_is_refused_unless_it_says_the_same(draft, person, agency):
    other = factories.representative(agency)
    opened = draft.version
    save_draft(draft.pk, {"answers": {"title_fa": "یک"}}, by=person, version=opened)
    with pytest.raises(Stale) as stale:
        save_draft(draft.pk, {"answers": {"title_fa": "دو"}}, by=other, version=opened)
    assert stale.value.current.draft["answers"]["title_fa"] == "یک"
    again = save_draft(draft.pk, {"answers": {"title_fa": "یک"}}, by=person, version=opened)
    assert again.version == opened + 1


def test_strangers_do_not_find_it_and_officers_do_not_write_in_it(draft):
    for act in (
        lambda by: save_draft(draft.pk, COMPLETE, by=by, version=1),
        lambda by: submit(draft.pk, by=by, version=1),
        lambda by: withdraw(draft.pk, by=by, why="چون"),
        lambda by: attach(draft.pk, specimens.upload(specimens.pdf()), by=by),
    ):
        with pytest.raises(Product.DoesNotExist):
            act(factories.representative())
        with pytest.raises(RuleBroken):
            act(factories.officer())
    draft.refresh_from_db()
    assert (draft.status, draft.draft, draft.files.count()) == ("draft", {}, 0)


def test_submit_makes_a_version_with_every_label_and_answer(draft, person):
    officer = factories.officer()
    made = handed_in(draft, person)
    product = made.product
    product.refresh_from_db()
    assert (made.number, product.status, made.submitted_by) == (1, "submitted", person)
    assert product.submitted_at is not None
    said = {row["key"]: row for row in made.content["answers"]}
    assert said["title_fa"]["value"] == "کتاب علی"
    assert said["title_fa"]["label"] == {"fa": said["title_fa"]["label"]["fa"], "en": "Title"}
    assert said["summary"]["value"] == "خلاصه‌ای از کتاب ۱۲۳ 🎬"
    assert said["starts_on"]["value"] == "2024-04-20"
    assert said["starts_on"]["shown"]["fa"] == "۱ اردیبهشت ۱۴۰۳"
    assert "20 April 2024" in said["starts_on"]["shown"]["en"]
    assert made.content["creators"] == [{"name": "سارا یوسفی", "role": "نویسنده"}]
    assert made.content["links"] == [{"url": "https://example.org/book", "label": "صفحه کتاب"}]
    assert [creator.name for creator in product.creators.all()] == ["سارا یوسفی"]
    made.refresh_from_db()
    assert digest(made.content) == made.content_hash
    move = product.moves.get()
    assert (move.action, move.source, move.target, move.by) == ("submit", "draft", "submitted", person)
    assert Notice.objects.get(user=officer).link == product.get_absolute_url()


def test_the_hash_is_the_same_after_the_database_gave_it_back(draft, person):
    kind = draft.kind
    KindField.objects.create(kind=kind, key="price", label_fa="بها", label_en="price", type="number")
    KindField.objects.create(kind=kind, key="pages", label_fa="صفحه", label_en="pages", type="whole")
    KindField.objects.create(kind=kind, key="isbn", label_fa="شابک", label_en="ISBN", type="isbn")
    data = {**COMPLETE, "answers": {**COMPLETE["answers"], "q_price": "۱۲٬۰۰۰٫۵۰", "q_pages": "۳۲۰", "q_isbn": "0-306-40615-2"}}
    made = handed_in(draft, person, **data)
    kept = SubmissionVersion.objects.get(pk=made.pk)
    assert digest(kept.content) == kept.content_hash
    said = {row["key"]: row for row in kept.content["answers"]}
    assert (said["q_price"]["value"], said["q_pages"]["value"], said["q_isbn"]["value"]) == ("12000.5", 320, "9780306406157")
    assert said["q_pages"]["shown"] == {"fa": "۳۲۰", "en": "320"}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("title_fa", ""),
        ("title_fa", "آ" * 301),
        ("summary", " \u200c "),
        ("audience", "martians"),
        ("starts_on", "2024-01-01"),
        ("ends_on", "1402/01/01"),
        ("unit", "999999"),
    ],
)
def test_submit_says_what_is_wrong_and_changes_nothing(draft, person, key, text):
    data = {**COMPLETE, "answers": {**COMPLETE["answers"], key: text}}
    product = save_draft(draft.pk, data, by=person, version=draft.version)
    with pytest.raises(NotReady) as refusal:
        submit(product.pk, by=person, version=product.version)
    assert [problem.name for problem in refusal.value.problems] == [key]
    product.refresh_from_db()
    assert (product.status, product.versions.count(), product.draft["answers"][key]) == ("draft", 0, text)


def test_submit_asks_for_somebody_and_something_to_see(draft, person):
    product = save_draft(draft.pk, {"answers": COMPLETE["answers"]}, by=person, version=draft.version)
    with pytest.raises(NotReady) as refusal:
        submit(product.pk, by=person, version=product.version)
    assert {problem.name for problem in refusal.value.problems} == {"creators", "files"}
    attach(product.pk, specimens.upload(specimens.pdf()), by=person)
    product = save_draft(product.pk, {"creators": COMPLETE["creators"]}, by=person, version=product.version)
    assert submit(product.pk, by=person, version=product.version).content["files"][0]["name"] == "file.pdf"


def test_a_unit_of_another_agency_is_no_choice(draft, person):
    from secretariat.models import Unit

    foreign = Unit.objects.create(agency=factories.agency(), kind="centre", name_fa="مرکز")
    with pytest.raises(NotReady):
        handed_in(draft, person, answers={**COMPLETE["answers"], "unit": str(foreign.pk)})


def test_submitting_twice_gives_the_first_version(draft, person):
    product = save_draft(draft.pk, COMPLETE, by=person, version=draft.version)
    first = submit(product.pk, by=person, version=product.version)
    assert submit(product.pk, by=person, version=product.version) == first
    assert (product.versions.count(), product.moves.count()) == (1, 1)


def test_submitting_an_older_look_is_stale(draft, person):
    product = save_draft(draft.pk, COMPLETE, by=person, version=draft.version)
    save_draft(product.pk, {"answers": {"title_fa": "عوض شد"}}, by=person, version=product.version)
    with pytest.raises(Stale):
        submit(product.pk, by=person, version=product.version)


def test_a_submitted_product_is_not_edited(draft, person):
    product = handed_in(draft, person).product
    with pytest.raises(RuleBroken):
        save_draft(product.pk, {"answers": {"title_fa": "نو"}}, by=person, version=product.version)
    with pytest.raises(RuleBroken):
        attach(product.pk, specimens.upload(specimens.pdf()), by=person)


def test_resubmission_is_a_second_version_and_the_first_still_stands(draft, person):
    first = handed_in(draft, person)
    before = first.content_hash
    Product.objects.filter(pk=draft.pk).update(status="returned")
    product = Product.objects.get(pk=draft.pk)
    second = handed_in(product, person, answers={**COMPLETE["answers"], "title_fa": "نام تازه"})
    assert (second.number, second.product.versions.count()) == (2, 2)
    first.refresh_from_db()
    assert first.content_hash == before == digest(first.content)
    changed = content.changes(first.content, second.content)
    assert [(change.key, change.before, change.after) for change in changed] == [("title_fa", "کتاب علی", "نام تازه")]


def test_a_cleared_title_never_empties_what_was_handed_in(draft, person):
    handed_in(draft, person)
    Product.objects.filter(pk=draft.pk).update(status="returned")
    product = Product.objects.get(pk=draft.pk)
    saved = save_draft(product.pk, {"answers": {"title_fa": ""}}, by=person, version=product.version)
    assert (saved.title_fa, saved.draft["answers"]["title_fa"]) == ("کتاب علی", "")


def test_a_withdrawn_product_leaves_the_rounds_that_judge_it():
    agency = factories.agency()
    product = factories.product("accepted", agency_=agency)
    entry = factories.entry(subject_=product.subject)
    published = factories.entry(factories.round_("published"), product.subject)
    at_work, done = factories.assignment(entry), factories.assignment(entry, status="submitted")
    by = factories.representative(agency)
    withdraw(product.pk, by=by, why="حق نشر روشن نیست.")
    entry.refresh_from_db(), at_work.refresh_from_db(), done.refresh_from_db(), published.refresh_from_db()
    assert entry.excluded_by == by and "حق نشر" in entry.excluded_why
    assert (at_work.status, done.status) == ("withdrawn", "submitted")
    assert Notice.objects.filter(user=at_work.assessor.user, kind="assignment_withdrawn").count() == 1
    assert published.excluded_at is None


def test_withdraw_needs_a_reason_and_tells_the_secretariat(draft, person):
    product = handed_in(draft, person).product
    officer = factories.officer()
    with pytest.raises(RuleBroken):
        withdraw(product.pk, by=person, why="  ")
    assert withdraw(product.pk, by=person, why="دوباره می‌سازیم").status == "withdrawn"
    assert Notice.objects.filter(user=officer, kind="product_withdrawn").exists()
    with pytest.raises(RuleBroken):
        withdraw(product.pk, by=person, why="دوباره")


# --- files -------------------------------------------------------------------------------------------


def test_a_file_is_kept_once_and_detached_softly(draft, person):
    file = attach(draft.pk, specimens.upload(specimens.pdf(), "گزارش نهايي.pdf"), by=person, note="گزارش")
    assert (file.name, file.note, file.content_type) == ("گزارش نهایی.pdf", "گزارش", "application/pdf")
    assert "گزارش" not in file.file.name and file.file.name.startswith("products/")
    with pytest.raises(RuleBroken, match=r"گزارش نهایی\.pdf"):
        attach(draft.pk, specimens.upload(specimens.pdf(), "other.pdf"), by=person)
    detach(file.pk, by=person)
    detach(file.pk, by=person)
    assert not draft.files.attached().exists()
    assert attach(draft.pk, specimens.upload(specimens.pdf()), by=person).pk != file.pk


def test_files_are_counted(draft, person, settings):
    settings.UPLOAD_MAX_FILES = 1
    attach(draft.pk, specimens.upload(specimens.pdf()), by=person)
    with pytest.raises(RuleBroken):
        attach(draft.pk, specimens.upload(specimens.pdf(text="2")), by=person)


def test_a_full_disk_is_said_kindly_and_leaves_nothing(draft, person, settings, tmp_path, monkeypatch):
    from django.core.files.storage import default_storage

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(default_storage, "save", full)
    with pytest.raises(RuleBroken):
        attach(draft.pk, specimens.upload(specimens.pdf()), by=person)
    assert not ProductFile.objects.exists()


def test_bytes_do_not_stay_when_the_row_does_not(draft, person, monkeypatch):
    from pathlib import Path

    from django.core.files.storage import default_storage

    def broken(self, *args, **kwargs):
        raise RuntimeError("killed")

    monkeypatch.setattr(ProductFile, "save", broken)
    with pytest.raises(RuntimeError):
        attach(draft.pk, specimens.upload(specimens.pdf(text="unique")), by=person)
    kept = [path for path in Path(default_storage.location).rglob("*.pdf") if b"unique" in path.read_bytes()]
    assert kept == []


# --- all or nothing ----------------------------------------------------------------------------------


def test_submission_is_wholly_there_or_not_at_all(draft, person, monkeypatch):
    product = save_draft(draft.pk, COMPLETE, by=person, version=draft.version)

    def killed(*args, **kwargs):
        raise SystemExit("killed at the very last step")

    monkeypatch.setattr(submission, "_tell_officers", killed)
    with pytest.raises(SystemExit):
        submit(product.pk, by=person, version=product.version)
    product.refresh_from_db()
    assert (product.status, product.submitted_at) == ("draft", None)
    assert not product.versions.exists() and not product.moves.exists() and not product.creators.exists()
    monkeypatch.undo()
    assert submit(product.pk, by=person, version=product.version).number == 1


@pytest.mark.django_db(transaction=True)
def test_two_submissions_at_the_same_moment_make_one_version(person, agency):
    draft = start(agency, factories.product_kind(), by=person)
    product = save_draft(draft.pk, COMPLETE, by=person, version=draft.version)
    results = at_once(*[lambda: submit(product.pk, by=person, version=product.version).pk] * 4)
    assert set(results) == {product.versions.get().pk}, results
    assert (product.versions.count(), product.moves.count()) == (1, 1)
