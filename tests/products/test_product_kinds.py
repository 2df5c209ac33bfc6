"""The starter kinds and their questions, their administration, the codes they ask for, and evidence for assessors."""

import pytest
from django.urls import reverse

from assessments.evidence import evidence_for
from assessments.models import IndicatorSet
from assessments.starter import load_frameworks
from products import codes, starter
from products.admin.kinds import ChoicesField
from products.forms.submission import question_field
from products.models import KindField, ProductKind
from products.services import submission
from secretariat.persian import Refused
from tests import factories, specimens
from tests.products.test_product_service import COMPLETE


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("978-0-306-40615-7", "9780306406157"),
        ("۹۷۸۰۳۰۶۴۰۶۱۵۷", "9780306406157"),
        ("ISBN: 0-306-40615-2", "9780306406157"),
        ("0-8044-2957-X", "9780804429573"),
        ("شابک ۹۷۸-۰-۳۰۶-۴۰۶۱۵-۷", "9780306406157"),
    ],
)
def test_isbn(given, kept):
    assert codes.isbn(given) == kept


@pytest.mark.parametrize("given", ["978-0-306-40615-8", "0-306-40615-3", "9770306406157", "123", "", "کتاب"])
def test_wrong_isbn(given):
    with pytest.raises(Refused):
        codes.isbn(given)


def test_issn():
    assert codes.issn("۰۳۷۸-۵۹۵۵") == "0378-5955"
    assert codes.issn("2434561x") == "2434-561X"
    for wrong in ("0378-5954", "123", "2008-178"):
        with pytest.raises(Refused):
            codes.issn(wrong)


@pytest.fixture
def kinds(db):
    for code in starter.KINDS:
        IndicatorSet.objects.create(code=code, title_fa=code, title_en=code, layer="kind")
    assert starter.load_kinds() == len(starter.KINDS)
    return ProductKind.objects.prefetch_related("fields")


def test_every_kind_is_whole_in_both_languages(kinds):
    assert set(kinds.values_list("code", flat=True)) == set(starter.KINDS)
    for kind in kinds:
        assert kind.title_fa and kind.title_en and kind.intro_fa and kind.intro_en and kind.indicator_set.code == kind.code
        assert kind.fields.count() >= 6
        for question in kind.fields.all():
            assert question.label_fa and question.label_en and bool(question.help_fa) == bool(question.help_en)
            assert question_field(question).label == question.label
            assert all(set(option) == {"value", "fa", "en"} and all(option.values()) for option in question.choices)


def test_loading_again_changes_nothing_that_staff_changed(kinds):
    ProductKind.objects.filter(code="book").update(title_fa="کتاب و کتابچه", is_active=False)
    KindField.objects.filter(kind__code="book", key="pages").delete()
    before = KindField.objects.count()
    assert starter.load_kinds() == 0
    assert ProductKind.objects.get(code="book").title_fa == "کتاب و کتابچه"
    assert KindField.objects.count() == before


@pytest.mark.django_db
def test_loading_without_sets_says_which_are_missing():
    with pytest.raises(LookupError, match="book"):
        starter.load_kinds()


@pytest.mark.django_db
def test_the_kinds_stand_on_the_frameworks_that_are_shipped():
    load_frameworks()
    assert starter.load_kinds() == len(starter.KINDS)
    # A programme is judged by its own set, and is no product.
    assert set(IndicatorSet.objects.filter(layer="kind").values_list("code", flat=True)) == {*starter.KINDS, "programme"}


# --- administration ----------------------------------------------------------------------------------


def test_choices_are_lines_for_people():
    field, stored = ChoicesField(required=False), [{"value": "a", "fa": "الف", "en": "A"}]
    assert field.prepare_value(stored) == "a | الف | A"
    assert field.clean("a | الف | A\n\n") == stored
    for wrong in ("a | b", "a||b", "a | ب | B\na | پ | P"):
        with pytest.raises(Exception, match=r"code|کد"):
            field.clean(wrong)


def test_kinds_in_admin(admin_client, kinds):
    kind = ProductKind.objects.get(code="book")
    assert admin_client.get(reverse("admin:products_productkind_changelist")).status_code == 200
    page = admin_client.get(reverse("admin:products_productkind_change", args=[kind.pk])).text
    assert "translation | ترجمه | translation" in page and "[{" not in page


# --- evidence ----------------------------------------------------------------------------------------


@pytest.fixture
def judged(kinds):
    agency = factories.agency(name_fa="کانون لرستان", name_en="Lorestan", website="https://www.kanoon.example")
    person = factories.representative(agency)
    product = submission.start(agency, kinds.get(code="book"), by=person)
    answers = {
        **COMPLETE["answers"], "q_isbn": "978-0-306-40615-7", "q_publisher": "نشر کانون", "q_origin": "original", "q_form": "print",
        "q_pages": "120",
    }  # fmt: skip
    links = [
        {"url": "https://kanoon.example/book", "label": "سایت کانون"},
        {"url": "https://archive.example/b", "label": "نسخهٔ کانون"},
    ]
    submission.attach(product.pk, specimens.upload(specimens.pdf(), "کانون لرستان.pdf"), by=person)
    saved = submission.save_draft(product.pk, {**COMPLETE, "answers": answers, "links": links}, by=person, version=1)
    submission.submit(product.pk, by=person, version=saved.version)
    return product.subject


def test_evidence_shows_what_was_handed_in(judged):
    shown = evidence_for(judged, blind=False)
    text = str(shown)
    assert "کانون لرستان" in text and "سارا یوسفی" in text and "نشر کانون" in text
    assert [file.name for file in shown.files] == ["کانون لرستان.pdf"]
    assert shown.files[0].url.startswith("/products/files/")
    assert len(shown.links) == 2


def test_blind_evidence_tells_nothing_of_the_maker(judged):
    shown = evidence_for(judged, blind=True)
    text = str(shown)
    assert "کتاب علی" in text and "۱۲۰" in text
    for secret in ("کانون", "لرستان", "یوسفی", "kanoon", "9780306406157", "نشر"):
        assert secret not in text, secret
    assert [address for _label, address in shown.links] == ["https://archive.example/b"]
    assert shown.files[0].name.endswith("۱.pdf")


@pytest.mark.django_db
def test_no_evidence_before_anything_was_handed_in():
    assert not evidence_for(factories.product().subject, blind=False)
